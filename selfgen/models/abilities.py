"""What a model can do, as far as it was proved, and how the proofs are read.

Pure: knows the shapes of prompts and replies that prove something. preflight.py sends them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from selfgen.canon import canonical_json, hash_int
from selfgen.core.work import Answered, Sampling, Schema
from selfgen.models.faults import Reply
from selfgen.models.lane import Look
from selfgen.models.wire import Structured, read_object

VLLM = "vllm"
"""How vLLM signs its models. It takes grammars, and it pays for seeded calls: vLLM 0.32 leaves its fused sampler for a
loop over the seeded rows of a batch, and its CPU engine dies of a seeded prompt that is prefilled in two steps ("CPU
Generator does not use offset")."""
PROMPT_ROOM = 2560
"""Tokens that prompts of the recipes need, about."""
Seed = Literal["exact", "taken", "refused", "untried"]
Length = Literal["kept", "cut", "refused", "untried"]
_THOUGHT = re.compile(r"</?think(?:ing)?>", re.IGNORECASE)
MOST_LIMIT = 10**12
"""No window of a service lets more through; it is what a slip in a header looks like."""
_LIMITS = {"requests": "x-ratelimit-limit-requests", "tokens": "x-ratelimit-limit-tokens"}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model proved to do. None, "" and "untried": not known.

    `look` is who answered; `listed`: the server names the model (None: it lists nothing); `served_as`: how answers are
    signed. `completions`: it has no chat template. `structured`: the form that it proved to keep to. `seeds_well`: a
    seed with each call does no harm (see VLLM). `seed`: "exact" gave the same text again, "taken" did not, or cannot be
    told from a model that always says the same. `n`: one call can have two replies. `thinks`: before it answers.
    `finished`: it came to the end of a one-word reply. `long_prompt`: what became of a prompt of 3,000 words, and as
    how many tokens it was counted. `exposed`: whoever reaches it over the network can put it to sleep. `limits`:
    requests and tokens in a window of the server's, by its headers."""

    model: str
    look: Look
    listed: bool | None
    served_as: str
    version: str
    completions: bool
    structured: Structured
    seeds_well: bool
    seed: Seed
    n: bool | None
    usage_known: bool
    thinks: bool
    finished: bool
    exposed: bool
    long_prompt: Length
    long_prompt_tokens: int | None
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run will ask for. `forms`: those to try, best first; None: all that the server may know. With
    `form_required` a form that is refused is a fault. `send_seed` is the setting of the configuration."""

    sampling: Sampling
    forms: tuple[Structured, ...] | None = None
    form_required: bool = False
    send_seed: Literal["auto", "on", "off"] = "auto"


def secret_word(model: str) -> str:
    """Make up a word of twelve letters that no text contains, the same for the same model."""
    bits = hash_int("canary", model)
    return "".join(chr(ord("a") + (bits >> 8 * place) % 26) for place in range(12))


def judge_seed(plain: Answered, again: Answered | None, others: tuple[str, ...]) -> Seed:
    """Say what a seed does, by a reply, another to the same call, and some with another seed: the same text twice says
    something only where other seeds give other texts."""
    if again is None:
        return "untried"
    same = (plain.text, plain.reasoning) == (again.text, again.reasoning)
    return "exact" if same and any(text != plain.text for text in others) else "taken"


def fitting_room(context: int) -> int:
    """Return a max_tokens that leaves a prompt its place in a context of so many tokens."""
    return max(context - PROMPT_ROOM, context // 3)


CANARY = 'Reply with this JSON object and nothing else: {"word": "hello"}'
"""It asks for one thing in words, and for another by schema: only a server that enforces the schema says the word."""


def canary_schema(word: str) -> Schema:
    """The word is both name and value: a small model may lose itself in white space before it comes to the value."""
    form = {
        "type": "object",
        "properties": {word: {"type": "string", "enum": [word]}},
        "required": [word],
        "additionalProperties": False,
    }
    return Schema("word", canonical_json(form))


def read_texts(reply: Reply) -> tuple[str, ...]:
    """Return the texts of all choices of a reply."""
    choices = read_object(reply).get("choices")
    rows = [row for row in choices if isinstance(row, dict)] if isinstance(choices, list) else []
    messages = [message if isinstance(message := row.get("message"), dict) else row for row in rows]
    return tuple(str(message.get("content") or message.get("text") or "") for message in messages)


def has_thought(answer: Answered, reply: Reply) -> bool:
    """Tell whether a model thought before it answered: apart from the text, within it, or only in its bill."""
    usage = read_object(reply).get("usage")
    details = usage.get("completion_tokens_details") if isinstance(usage, dict) else None
    hidden = details.get("reasoning_tokens") if isinstance(details, dict) else None
    return bool(answer.reasoning or _THOUGHT.search(answer.text) or (isinstance(hidden, int) and hidden > 0))


def read_limits(headers: Mapping[str, str]) -> dict[str, int]:
    """Return the limits that a server's headers tell: "requests" and "tokens" in a window of its own."""
    found = {name: headers.get(header, "").strip() for name, header in _LIMITS.items()}
    counts = {name: int(value) for name, value in found.items() if re.fullmatch("[0-9]{1,15}", value)}
    return {name: count for name, count in counts.items() if 0 < count <= MOST_LIMIT}
