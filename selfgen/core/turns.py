"""A run's plan, and turns on their way: what the machine knows about each, and what it hands on when it retires one.

How turns move is in machine.py; here is only what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from selfgen.core.again import FIRST, Try
from selfgen.core.budget import Tokens
from selfgen.core.ports import Fault, Reading
from selfgen.core.tally import TurnCount
from selfgen.core.tasks import Draft, Lineage, Record, Task
from selfgen.core.work import CallId, Judged, Measure, Role, Sampling
from selfgen.errors import InternalError


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is: its seed, how each role samples, how far the pool that a turn sees may lag behind.

    A cut reply is asked for again `most_cuts` times, each time with `room` times the tokens. `ladder`: prompts that are
    too long are made smaller."""

    run_seed: int
    sampling: Mapping[Role, Sampling]
    lag_min: int = 16
    lag_max: int = 8192
    lag_quarters: int = 3
    room: int = 2
    most_cuts: int = 1
    ladder: bool = True

    def before_3(self) -> Plan:
        """Return the plan that runs of behaviour 1 and 2 went by: half the lag, and no call was asked again."""
        return replace(self, lag_quarters=2, most_cuts=0, ladder=False)

    def sampling_of(self, role: Role, tried: Try) -> Sampling:
        """Return how a role samples, with room for what was cut before."""
        sampling = self.sampling[role]
        return replace(sampling, max_tokens=sampling.max_tokens * self.room**tried.cuts) if tried.cuts else sampling

    def lag(self, turn: int) -> int:
        """Return how many turns may be in flight when `turn` starts: three in four of all so far, within the limits.
        What is slow holds up what comes after it, so a server with many slots needs many turns to go on with."""
        return min(max(self.lag_quarters * turn // 4, self.lag_min), self.lag_max)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A draft that was not kept. `lost` tells that no gate refused it: a later call gave nothing usable."""

    draft: Draft
    lineage: Lineage
    stage: str
    reason: str
    detail: str = ""
    measures: tuple[Measure, ...] = ()
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Retired:
    """What one turn came to."""

    turn: int
    records: tuple[Record, ...]
    rejections: tuple[Rejection, ...]
    faults: tuple[Fault, ...]
    count: TurnCount


@dataclass(slots=True)
class Slot:
    """One draft on its way: `stage` is the next one to complete; `calls` made it so far."""

    draft: Draft
    calls: tuple[str, ...]
    stage: int = 1
    measures: tuple[Measure, ...] = ()
    ended: Rejection | None = None

    def lineage(self, recipe: str) -> Lineage:
        """Return how this draft came to be, so far."""
        return Lineage(CallId.parse(self.calls[0]).turn, self.draft.parents, self.calls, recipe)

    def end(self, recipe: str, stage: str, reason: str, *, detail: str = "", lost: bool = False) -> None:
        """Take the draft out of the turn, with all that is known about why."""
        lineage = self.lineage(recipe)
        self.ended = Rejection(self.draft, lineage, stage, reason, detail, self.measures, lost)

    def improve(self, reading: Reading, stage: int, recipe: str, name: str) -> None:
        """Take in what came of the call of a stage, `name` to people: the better draft, or why the draft is lost."""
        if reading.drafts:
            draft = reading.drafts[0]
            self.draft = draft if draft.id == self.draft.id else replace(draft, id=self.draft.id)
            self.stage = stage + 1
            return
        fault = reading.faults[0] if reading.faults else Fault("unreadable", "the reply says nothing usable")
        self.end(recipe, name, fault.reason, detail=fault.detail, lost=True)


@dataclass(slots=True)
class Turn:
    """One turn on its way. `seen` is the length of the pool that it sees, `waiting` its calls without an answer.
    `opening` are the calls that proposed; `tries` tells, by stage and item, how calls that were asked again are asked:
    `shrunk` of them with a smaller prompt, `widened` with more room."""

    number: int
    seen: int
    slots: list[Slot] = field(default_factory=list)
    waiting: int = 0
    gate: int = 0
    faults: list[Fault] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    calls: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    opening: tuple[str, ...] = ()
    tries: dict[tuple[int, int], Try] = field(default_factory=dict)
    shrunk: int = 0
    widened: int = 0

    def tried(self, call: CallId) -> Try:
        """Return how an address is asked."""
        return self.tries.get((call.stage, call.item), FIRST)

    def count(self, call: CallId) -> None:
        """Strike off a call that has come home, and note whose it was."""
        self.waiting -= 1
        self.calls += 1
        if call.stage:
            self.slots[call.item].calls += (str(call),)
        else:
            self.opening += (str(call),)

    def open(self, drafts: Sequence[Draft]) -> None:
        """Take in the drafts of a proposal, and number them."""
        for item, draft in enumerate(drafts):
            self.slots.append(Slot(replace(draft, id=f"t{self.number:05d}.{item}"), self.opening))

    def alive(self) -> list[Slot]:
        """Drafts that nothing has ended."""
        return [slot for slot in self.slots if slot.ended is None]

    def close(self, recipe: str) -> Retired:
        """Return what the turn came to; every draft has ended or passed the last gate."""
        records = tuple(Record(_as_task(slot.draft), slot.lineage(recipe)) for slot in self.alive())
        rejections = tuple(slot.ended for slot in self.slots if slot.ended is not None)
        count = TurnCount(
            kept=len(records),
            rejected=tuple(rejection.reason for rejection in rejections if not rejection.lost),
            lost=tuple(rejection.reason for rejection in rejections if rejection.lost),
            faults=tuple(fault.reason for fault in self.faults),
            refused=tuple(sorted(self.refused)),  # calls of one turn come home in any order
            calls=self.calls,
            tokens=self.tokens,
            shrunk=self.shrunk,
            widened=self.widened,
        )
        return Retired(self.number, records, rejections, tuple(self.faults), count)


def check_verdicts(event: Judged, slots: Sequence[Slot]) -> None:
    """Raise InternalError unless the verdicts are about these drafts, each kept or with a reason."""
    if [slot.draft.id for slot in slots] != [verdict.draft for verdict in event.verdicts]:
        raise InternalError(f"verdicts {event.turn}/{event.stage} are about other drafts")
    if any(verdict.kept == bool(verdict.reason) for verdict in event.verdicts):
        raise InternalError(f"verdicts {event.turn}/{event.stage}: a rejection has a reason, and nothing else has")


def _as_task(draft: Draft) -> Task:
    return Task(draft.id, draft.instruction, draft.input, draft.output, draft.labels)
