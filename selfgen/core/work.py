"""The messages between the machine and the world: work that it hands out, events that it is fed.

    work    Ask a model (answered by `Answered` or `Refused`)   Judge drafts at a gate (answered by `Judged`)
    events  what the outside world said. The journal is the list of them, and nothing else.

An outage is not an event: a call that found no server is simply still owed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfgen.canon import digest
from selfgen.core.tasks import Draft

Role = Literal["propose", "answer"]
"""Which of the two models of a run a stage speaks to."""


@dataclass(frozen=True, slots=True, order=True)
class CallId:
    """The address of one model call. Item 0 of stage 0 proposes; later items count the drafts of the turn from 0.

    `again` counts the calls for the same purpose that came before, and whose outcome asked for another (again.py)."""

    turn: int
    stage: int
    item: int
    again: int = 0

    def __str__(self) -> str:
        """Return "42.1.0", or "42.1.0+1" for a call that was asked again. Draws depend on this form."""
        return f"{self.turn}.{self.stage}.{self.item}" + (f"+{self.again}" if self.again else "")

    @classmethod
    def parse(cls, text: str) -> CallId:
        """Read what `str` writes. Raises ValueError for anything else."""
        place, plus, again = text.partition("+")
        turn, stage, item = place.split(".")
        if plus and int(again) < 1:
            raise ValueError(f"{text!r} is the address of no call")
        return cls(int(turn), int(stage), int(item), int(again) if plus else 0)


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Schema:
    """The JSON form that a reply is asked for: a short name, and a JSON Schema as compact JSON text.

    The order of its properties is kept all the way: grammars of servers make a model write them in that order."""

    name: str
    body: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model samples. There are no stop strings: whatever they are, they occur in somebody's content."""

    temperature: float
    top_p: float
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a recipe wants a model to read, and the form that the reply should have (None: free text)."""

    messages: tuple[Message, ...]
    schema: Schema | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One model call that is owed. `seed` (31 bits) goes to the server too; `prompt_digest` covers all that is sent."""

    id: CallId
    role: Role
    messages: tuple[Message, ...]
    sampling: Sampling
    seed: int
    schema: Schema | None
    prompt_digest: str


@dataclass(frozen=True, slots=True)
class Judge:
    """Drafts of one turn that wait at the gate of one stage."""

    turn: int
    stage: int
    drafts: tuple[Draft, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a call used, as the server counted them; `known` is False where it did not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    known: bool = True


@dataclass(frozen=True, slots=True)
class Answered:
    """A model's reply, raw. `finish` is an open set: stop, length, content_filter, repetition, abort ..."""

    id: CallId
    text: str
    finish: str
    usage: Usage
    model: str
    prompt_digest: str
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that will never be answered: `kind` is context_length, content_filter, invalid_request, gave_up."""

    id: CallId
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Measure:
    """What a filter measured on a draft, kept or not. `nearest` is the id of the closest seed or draft, or ""."""

    filter: str
    value: float | str
    limit: float | str
    unit: str
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate decided on one draft. `reason` is "" for a kept draft, else what was wrong ("near_duplicate")."""

    draft: str
    kept: bool
    reason: str
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts on all drafts of one `Judge`, in their order."""

    turn: int
    stage: int
    verdicts: tuple[Verdict, ...]


Work = Ask | Judge
Event = Answered | Refused | Judged


def digest_prompt(prompt: Prompt, role: Role, sampling: Sampling, seed: int) -> str:
    """Return the digest of all that decides what the server is sent, but the model's name, which identity holds."""
    return digest(
        {
            "messages": [[message.role, message.content] for message in prompt.messages],
            "schema": [prompt.schema.name, prompt.schema.body] if prompt.schema else None,
            "role": role,
            "sampling": [sampling.temperature, sampling.top_p, sampling.max_tokens],
            "seed": seed,
        }
    )
