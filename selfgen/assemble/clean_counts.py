"""What became of rows, and how many of them: the funnel of `clean`. Counts only; knows no file and no rule."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from selfgen.core.tasks import Task
from selfgen.core.work import Verdict
from selfgen.errors import DataFault
from selfgen.filters.tokens import main_language
from selfgen.repairs import Repair
from selfgen.store.rows import DataRow

_MOST_FAULTS = 20
_FEW = 20  # rows of which a tenth says nothing
_LANGUAGES = {"en": "English", "zh": "Chinese", "other": "another language"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row. `task` is as repaired; both it and the verdict are None for a row that is unreadable."""

    row: DataRow
    task: Task | None
    repairs: tuple[Repair, ...]
    verdict: Verdict | None

    @property
    def kept(self) -> bool:
        """Tell whether the row stays in the dataset."""
        return self.verdict is not None and self.verdict.kept


@dataclass(slots=True)
class Lengths:
    """The lengths of one field over many rows, in characters."""

    values: array[int] = field(default_factory=lambda: array("I"))

    def summary(self) -> tuple[int, int, int]:
        """Return the median, the 95th percentile and the longest; zeros of nothing."""
        ranked = sorted(self.values)
        if not ranked:
            return 0, 0, 0
        return ranked[len(ranked) // 2], ranked[len(ranked) * 95 // 100], ranked[-1]


def _measure_fields() -> dict[str, Lengths]:
    return {name: Lengths() for name in ("instruction", "input", "output")}


@dataclass(slots=True)
class Counts:
    """The funnel: every row that was read is kept, rejected for one reason, or unreadable."""

    read: int = 0
    unreadable: int = 0
    kept: int = 0
    repaired: int = 0
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By reason and filter."""
    repairs: Counter[str] = field(default_factory=Counter)
    """Rows by the rule that changed them; one row may be in several."""
    languages: Counter[str] = field(default_factory=Counter)
    """Rows by the language of their instruction: English, Chinese, another."""
    notices: Counter[str] = field(default_factory=Counter)
    faults: list[DataFault] = field(default_factory=list)
    """The first of the unreadable rows."""
    before: dict[str, Lengths] = field(default_factory=_measure_fields)
    after: dict[str, Lengths] = field(default_factory=_measure_fields)

    def add(self, outcome: Outcome) -> None:
        """Count one row."""
        self.read += 1
        verdict, given = outcome.verdict, outcome.row.task
        if outcome.row.notice:
            self.notices[outcome.row.notice] += 1
        if verdict is None or outcome.task is None or given is None:
            self.unreadable += 1
            if len(self.faults) < _MOST_FAULTS:
                self.faults.append(DataFault(outcome.row.file, outcome.row.line, outcome.row.fault))
            return
        self.languages[_LANGUAGES[main_language(outcome.task.instruction)]] += 1
        self.repaired += bool(outcome.repairs)
        self.repairs.update({each.rule for each in outcome.repairs})
        _add_lengths(self.before, given)
        if verdict.kept:
            self.kept += 1
            _add_lengths(self.after, outcome.task)
        else:
            self.rejected[verdict.reason, verdict.measures[-1].filter if verdict.measures else ""] += 1

    def greedy(self) -> list[tuple[str, str, int]]:
        """Return (reason, filter, rows) of what took more than a tenth of the rows: more than a fault usually does."""
        return [
            (reason, filter, number)
            for (reason, filter), number in self.rejected.most_common()
            if self.read >= _FEW and number > self.read / 10
        ]

    @property
    def balanced(self) -> bool:
        """Tell whether no row is missing or counted twice."""
        return self.read == self.kept + self.rejected.total() + self.unreadable

    @property
    def account(self) -> str:
        """The account in one line."""
        return (
            f"{self.read:,} rows read = {self.kept:,} kept + {self.rejected.total():,} rejected"
            f" + {self.unreadable:,} unreadable"
        )


def _add_lengths(lengths: Mapping[str, Lengths], task: Task) -> None:
    lengths["instruction"].values.append(len(task.instruction))
    lengths["input"].values.append(len(task.input))
    lengths["output"].values.append(len(task.output))
