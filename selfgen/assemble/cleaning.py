"""Cleaning data that exists: rows are read, repaired, judged by one gate, and counted. No model takes part.

Knows how rows, repairs and filters work together. Does not know how results are written (clean_files.py) or told
(clean_report.py, cli/).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

from selfgen.assemble.clean_counts import Counts, Outcome
from selfgen.assemble.clean_kept import KeptRows, Neighbour
from selfgen.assemble.clean_plan import Plan, build_gate_filters, build_plan_encoder
from selfgen.core.ports import Filter, Finding, Scope
from selfgen.core.tasks import Draft, Task
from selfgen.errors import BadData, DataFault, InternalError
from selfgen.repairs import Repair, repair
from selfgen.store.rows import DataRow, check_files, stream_rows

BATCH = 256
"""Rows that are judged together. It changes no verdict: encoders and indexes work faster on many."""

_LACKS = {
    "answers": "no field for an output: the rules that want an answer are off for this file",
    "material": "each row is one text: the rules that want an answer or an input are off for this file",
}
"""What a file may lack, and what is told of it."""

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "empty": ("answers", "material"),
    "answer_label": ("answers", "material"),
    "dangling": ("material",),
}
"""Filters that are silent on files which lack something."""

_ONE_TASK = ("rouge", "semantic", "clarification")
"""Filters that take a row for one task and no more. A dialogue is not near another because both begin alike, and its
first answer may well ask back."""


@dataclass(slots=True)
class _Patient:
    """A filter that passes some rows unseen, and does not remember them: those of a file that has no field for what it
    looks at, and where it compares tasks, those that say more than one task. Exact duplicates are compared with all
    that the row says."""

    inner: Filter
    passed: set[str] = field(default_factory=set)
    contexts: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def scope(self) -> Scope:
        return self.inner.scope

    def prepare(self, drafts: Sequence[Draft]) -> None:
        self.inner.prepare([self._whole(draft) for draft in drafts if draft.id not in self.passed])

    def check(self, draft: Draft) -> Finding:
        return Finding() if draft.id in self.passed else self.inner.check(self._whole(draft))

    def remember(self, draft: Draft) -> None:
        if draft.id not in self.passed:
            self.inner.remember(self._whole(draft))

    def _whole(self, draft: Draft) -> Draft:
        context = self.contexts.get(draft.id, "")
        return replace(draft, input=f"{draft.input}\n{context}") if context else draft

    def recall(self, drafts: Sequence[Draft]) -> None:
        self.inner.recall(drafts)


class Cleaner:
    """Works through its plan once. `counts` grow as outcomes are taken."""

    def __init__(self, plan: Plan) -> None:
        from selfgen.filters.gate import Gate

        check_files(plan.data, plan.data_format)
        self.plan = plan
        self._encoder = build_plan_encoder(plan)
        built = build_gate_filters(plan, self._encoder)
        patient = (*_NEEDS, *_ONE_TASK, "exact")
        self._filters = [_Patient(each) if each.name in patient else each for each in built]
        self._gate = Gate(self._filters)
        self._kept = KeptRows()
        self._number = 0
        self._languages: set[str] = set()
        self.counts = Counts()

    def outcomes(self) -> Iterator[Outcome]:
        """Yield what became of each row, in the order of files and rows. Raises BadData where a file breaks off,
        and at the end where no row could be read."""
        rows = islice(chain.from_iterable(map(self._rows_of, self.plan.data)), self.plan.first)
        while batch := list(islice(rows, BATCH)):
            yield from self._judge(batch)
        if not self.counts.balanced:
            raise InternalError(f"the account does not add up: {self.counts.account}")
        if self.counts.unreadable == self.counts.read:
            todo = "Not one row can be read: is this the right file? The form can be named with --data-format."
            raise BadData(self.counts.faults or [DataFault(str(self.plan.data[0]), 0, "no rows")], todo=todo)

    def find(self, id: str) -> Neighbour | None:
        """Return the kept row that a measure names; None where it names none."""
        return self._kept.find(int(id)) if id else None

    @property
    def distinct(self) -> bool:
        """Tell whether no two kept rows have the same instruction or id, as seeds must not."""
        return self._kept.distinct

    def _rows_of(self, path: Path) -> Iterator[tuple[DataRow, str]]:
        """Yield the rows of a file, each with the field that its file lacks, as far as the first rows show."""
        rows = stream_rows(path, self.plan.data_format)
        first = list(islice(rows, BATCH))
        self._warn_of_languages(first)
        lacks = _find_lack(first)
        if lacks:
            self.counts.notices[_LACKS[lacks]] += 1
        for row in chain(first, rows):
            if lacks and row.places is not None and row.places.answered:
                lacks = ""
            yield row, lacks

    def _warn_of_languages(self, rows: Sequence[DataRow]) -> None:
        """Note where the encoder does not know a language in which a tenth of these rows is written."""
        if self._encoder is None:
            return
        from selfgen.assemble.embedding import warn_of_language
        from selfgen.filters.tokens import main_language

        found = Counter(main_language(row.task.instruction) for row in rows if row.task is not None)
        for lang in ("en", "zh"):
            if lang not in self._languages and 10 * found[lang] >= found.total() > 0:
                self._languages.add(lang)
                if warning := warn_of_language(self._encoder, lang):
                    self.counts.notices[warning] += 1

    def _judge(self, batch: Sequence[tuple[DataRow, str]]) -> Iterator[Outcome]:
        drafts: dict[int, Draft] = {}
        repaired: dict[int, tuple[Task, tuple[Repair, ...]]] = {}
        passed: dict[str, set[str]] = {"": set(), **{lack: set() for lack in _LACKS}}
        contexts: dict[str, str] = {}
        for place, (row, lacks) in enumerate(batch):
            if row.task is None:
                continue
            self._number += 1
            repaired[place] = repair(row.task, self.plan.repairs)
            task = repaired[place][0]
            drafts[place] = Draft(str(self._number), task.instruction, task.input, task.output, task.labels)
            passed[lacks].add(drafts[place].id)
            if row.context:
                contexts[drafts[place].id] = row.context
        for each in self._filters:
            if isinstance(each, _Patient):
                each.passed = set().union(*(passed[lack] for lack in _NEEDS.get(each.name, ())))
                each.passed |= contexts.keys() if each.name in _ONE_TASK else set()
                each.contexts = contexts if each.name == "exact" else {}
        verdicts = dict(zip(drafts, self._gate.judge(list(drafts.values())), strict=True))
        for place, (row, _) in enumerate(batch):
            if place not in drafts:
                outcome = Outcome(row, None, (), None)
            else:
                outcome = Outcome(row, *repaired[place], verdicts[place])
                if outcome.kept:
                    self._kept.add(int(drafts[place].id), row, drafts[place].instruction)
            self.counts.add(outcome)
            yield outcome


def _find_lack(rows: Sequence[DataRow]) -> str:
    """Return what a file lacks, going by its first rows: "material" where a row is one text and nothing more, "answers"
    where there is no field for the output, "" where nothing is missing."""
    readable = [row for row in rows if row.places is not None]
    if not readable or any(row.places is not None and row.places.answered for row in readable):
        return ""
    return "material" if all(row.shape == "lines" for row in readable) else "answers"
