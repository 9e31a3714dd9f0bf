"""Folding a journal into a machine and its gates: how a run is resumed, rebuilt and verified. Pure, as all of core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from selfgen.core.machine import Machine
from selfgen.core.ports import Gates
from selfgen.core.tasks import Draft
from selfgen.core.turns import Retired
from selfgen.core.work import Answered, Event, Judged, Verdict
from selfgen.errors import InternalError

Sink = Callable[[Sequence[Retired]], None]
"""Takes turns as they retire, in order."""


Before = Callable[[Machine, Event], None]
"""Looks at the machine and at the event that it is about to be fed."""


def replay(machine: Machine, gates: Gates, events: Iterable[Event], sink: Sink, before: Before | None = None) -> int:
    """Feed a machine what a journal holds, up to the machine's stop; return how many events that took.

    Gates are told what they kept and judge nothing again. Raises InternalError when the journal does not fit. Takes
    from an iterator no more than it feeds, so that a replay can go on where the stop of an older policy ended it.

    Where no turn can be afforded and none is in flight, an event shows that one had started under an earlier policy."""
    count = 0
    rest = iter(events)
    while not _is_over(machine) and (event := next(rest, None)) is not None:
        machine.admit(event.turn if isinstance(event, Judged) else event.id.turn)
        if before is not None:
            before(machine, event)
        if isinstance(event, Judged):
            gates.recall(event.stage, machine.drafts_of(event), event.verdicts)
        machine.feed(event)
        count += 1
        if retired := machine.take_retired():
            sink(retired)
    return count


def _is_over(machine: Machine) -> bool:
    return machine.stop is not None and machine.tally.stop(machine.policy) is not None


def check_prompt(machine: Machine, event: Event) -> None:
    """Render the prompt of a reply anew. Raises InternalError when it is not the one whose digest was journaled."""
    if isinstance(event, Answered) and machine.render(event.id).prompt_digest != event.prompt_digest:
        raise InternalError(
            f"call {event.id}: the prompt rendered now is not the one that was sent",
            todo="The templates or the recipe changed since; use the selfgen version that made the run.",
        )


class NoGates:
    """Stands in for the gates where nothing will be judged: for reading a run."""

    def judge(self, stage: int, drafts: Sequence[Draft]) -> tuple[Verdict, ...]:
        """Refuse: what was judged is in the journal."""
        raise InternalError("a run that is read judges nothing")

    def ahead(self, stage: int, drafts: Sequence[Draft]) -> None:
        """Prepare nothing."""

    def recall(self, stage: int, drafts: Sequence[Draft], verdicts: Sequence[Verdict]) -> None:
        """Remember nothing."""
