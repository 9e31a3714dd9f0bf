"""The sockets of the house: what the core and the executors expect of the rooms around them.

Recipe, Filter, Model and Exporter are open to plug-ins (see registry.py). A plug-in takes plain keyword arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from selfgen.core.draw import Draw
from selfgen.core.tasks import Draft, Record, Task
from selfgen.core.work import Answered, Ask, Event, Measure, Prompt, Refused, Role, Verdict
from selfgen.errors import StoreFault

Scope = Literal["instruction", "task"]
"""What a filter needs to see: the instruction alone, or the finished task."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a recipe. `gate` names the filters that stand behind it by scope; () means no gate. `rungs` is how
    many smaller prompts `Recipe.ask` can make of its subjects, one smaller than the other; it may be fewer for some."""

    name: str
    role: Role
    gate: tuple[Scope, ...] = ()
    rungs: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """All that a recipe may look at for one call. `records` is the pool that the turn sees; stage 0 has no draft.
    `rung` is 0 for the whole prompt, and counts down the ladder of smaller ones where the model could not take it."""

    turn: int
    stage: int
    seeds: Sequence[Task]
    records: Sequence[Task]
    draw: Draw
    draft: Draft | None = None
    rung: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a reply that could not be read: why (a fixed word), in detail, and the text in question (cut)."""

    reason: str
    detail: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says. At stage 0 any number of drafts (ids are given by the machine); later exactly one, or none
    and at least one fault, which tells why the draft is lost."""

    drafts: tuple[Draft, ...]
    faults: tuple[Fault, ...] = ()


class Recipe(Protocol):
    """Turns a view of the pool and a draft into prompts, and replies into drafts. Pure: every replay calls it again."""

    @property
    def name(self) -> str: ...
    @property
    def stages(self) -> tuple[Stage, ...]: ...
    def wants(self, stage: int, draft: Draft) -> bool:
        """Tell whether this draft needs the call of this stage (1 or later); cheap, renders nothing."""
        ...

    def ask(self, subject: Subject) -> Prompt:
        """Render the prompt for one call."""
        ...

    def read(self, subject: Subject, reply: Answered) -> Reading:
        """Read a reply; normalising happens here and nowhere else. Never raises on model text."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What one filter found on one draft: a reason ("" passes) and what it measured, for kept drafts too."""

    reason: str = ""
    measures: tuple[Measure, ...] = ()


class Filter(Protocol):
    """Says no with a reason, a number, a limit and the nearest neighbour. Never edits a draft, never calls a model.

    A gate calls `prepare` with all drafts of a batch, for what is better done for many at once or ahead of time: on any
    thread, perhaps long before it is their turn, perhaps more than once, and it decides nothing. Then, in turn order,
    `check` draft by draft, and `remember` for each that every filter of the gate passed. `recall` takes the place of
    all three for seeds, and for what was kept before a run was resumed."""

    @property
    def name(self) -> str: ...
    @property
    def scope(self) -> Scope: ...
    def prepare(self, drafts: Sequence[Draft]) -> None: ...
    def check(self, draft: Draft) -> Finding: ...
    def remember(self, draft: Draft) -> None: ...
    def recall(self, drafts: Sequence[Draft]) -> None: ...


class Gates(Protocol):
    """The gates of a run, by stage. Judging remembers what is kept at once, so batches are judged in the order in which
    the machine hands them out; on a replay `recall` takes the place of `judge`. `ahead` may be called on any thread for
    drafts whose turn at a gate has not come: it makes judging them cheaper and decides nothing."""

    def ahead(self, stage: int, drafts: Sequence[Draft]) -> None: ...
    def judge(self, stage: int, drafts: Sequence[Draft]) -> tuple[Verdict, ...]: ...
    def recall(self, stage: int, drafts: Sequence[Draft], verdicts: Sequence[Verdict]) -> None: ...


class Journal(Protocol):
    """Makes events durable. `done` is called, on another thread, once they are; `watch` names who learns of a fault."""

    def submit(self, events: Sequence[Event], done: Callable[[Sequence[Event]], None]) -> None: ...
    def watch(self, on_fault: Callable[[StoreFault], None]) -> None: ...
    def note(self, kind: str, text: str) -> None: ...


class Model(Protocol):
    """Answers calls. Waits out overload and outage by itself; raises only what should end the run (errors.py)."""

    async def answer(self, ask: Ask) -> Answered | Refused: ...
    def room(self) -> int:
        """How many more calls it would take right now."""
        ...

    def state(self) -> str:
        """What a person should know now: "" when all is well, else for example "server away, next try in 8 s"."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LaneRow:
    """How one server of a model stands: `state` is "" when all is well; `limit` is how many calls it may have at once;
    `answered` counts replies of this session, `tokens_per_s` is what it wrote lately. `path` tells where the limit came
    from: seconds since the session began, the limit from then on, and why; the latest changes are enough."""

    name: str
    state: str
    in_flight: int
    limit: int
    answered: int
    tokens_per_s: float
    path: tuple[tuple[float, int, str], ...] = ()


@runtime_checkable
class HasLanes(Protocol):
    """A model that spreads its calls over servers, and can show them one by one."""

    def lane_rows(self) -> tuple[LaneRow, ...]: ...


@runtime_checkable
class HasLimit(Protocol):
    """A model whose calls in flight a person may set while it works."""

    def pin(self, limit: int | None) -> None:
        """Allow so many calls at once over all servers of the model; None: find it out again."""
        ...


class Exporter(Protocol):
    """Turns records into the bytes of one file format."""

    @property
    def name(self) -> str: ...
    @property
    def suffix(self) -> str:
        """The usual file ending, with its dot."""
        ...

    def rows(self, records: Iterable[Record]) -> Iterable[bytes]:
        """Yield the file in pieces, in order."""
        ...
