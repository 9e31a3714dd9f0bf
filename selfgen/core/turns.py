"""A run's plan, and turns on their way: what the machine knows about each, and what it hands on when it retires one.

How turns move is in machine.py; here is only what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from selfgen.core.ports import Fault
from selfgen.core.tally import TurnCount
from selfgen.core.tasks import Draft, Lineage, Record, Task
from selfgen.core.work import CallId, Measure, Role, Sampling, Usage


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is: its seed, how each role samples, how far the pool that a turn sees may lag behind."""

    run_seed: int
    sampling: Mapping[Role, Sampling]
    lag_min: int = 16
    lag_max: int = 1024

    def lag(self, turn: int) -> int:
        """Return how many turns may be in flight when `turn` starts: half of all so far, within the two limits."""
        return min(max(turn // 2, self.lag_min), self.lag_max)


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


@dataclass(slots=True)
class Turn:
    """One turn on its way. `seen` is the length of the pool that it sees, `waiting` its calls without an answer."""

    number: int
    seen: int
    slots: list[Slot] = field(default_factory=list)
    waiting: int = 0
    gate: int = 0
    faults: list[Fault] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usage_known: bool = True

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
            refused=tuple(self.refused),
            calls=self.calls,
            usage=Usage(self.prompt_tokens, self.completion_tokens, known=self.usage_known),
        )
        return Retired(self.number, records, rejections, tuple(self.faults), count)


def _as_task(draft: Draft) -> Task:
    return Task(draft.id, draft.instruction, draft.input, draft.output, draft.labels)
