"""What a run has spent, over all its sessions: every durable reply counts, also those that came too late for its end,
and what earlier sessions left in doubt. Knows the journal's header row "spending"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from selfgen.core.budget import Bill, Spending, bill_vector
from selfgen.core.ports import Recipe
from selfgen.core.work import Answered, Event, Judged
from selfgen.errors import StoreFault
from selfgen.store.journal import Reader
from selfgen.store.run_dir import RunDir

HEADER = "spending"


class Expenses:
    """Adds up the calls of a journal on their way to somebody else."""

    def __init__(self, recipe: Recipe) -> None:
        self._roles = [stage.role for stage in recipe.stages]
        self._sums = [0] * 7
        self._counted = True

    @property
    def known(self) -> Bill:
        """What all events seen so far took."""
        return Bill.of(self._sums, known=self._counted)

    def passing(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield events, and count each."""
        for event in events:
            if not isinstance(event, Judged):
                usage = event.usage if isinstance(event, Answered) else None
                self._counted = self._counted and (usage is None or usage.known)
                vector = bill_vector(self._roles[event.id.stage], usage)
                self._sums = [total + amount for total, amount in zip(self._sums, vector, strict=True)]
            yield event


def doubtful_in(header: Mapping[str, Any]) -> Bill:
    """Return what earlier sessions left in doubt: calls without an answer, and after a kill all that was in flight.
    Raises StoreFault when the header is damaged."""
    try:
        kept = header.get(HEADER, {"doubtful": [0] * 7, "mark": [0] * 7})
        pairs = zip(kept["doubtful"], kept["mark"], strict=True)
        return Bill.of([max(0, int(known)) + max(0, int(mark)) for known, mark in pairs])
    except (LookupError, TypeError, ValueError) as error:
        todo = "Restore the run folder from a backup, or start a new run with --out."
        raise StoreFault(f"the journal's header is damaged: spending: {error}", todo=todo) from error


def keeper(put_header: Callable[[Mapping[str, Any]], None]) -> Callable[[Bill, Bill], None]:
    """Return how a purse writes down what may have been billed without an answer (see executors.purse)."""
    return lambda doubtful, mark: put_header(
        {HEADER: {"doubtful": list(doubtful.vector()), "mark": list(mark.vector())}}
    )


def read_spending(run: RunDir, recipe: Recipe) -> Spending:
    """Return what a run has spent, by its journal. While it is at work, what is in flight counts as in doubt."""
    with closing(Reader(run.database)) as reader:
        expenses = Expenses(recipe)
        for _ in expenses.passing(reader.events()):
            pass
        return Spending(expenses.known, doubtful_in(reader.header()))
