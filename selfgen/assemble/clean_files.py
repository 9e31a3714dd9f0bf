"""The files that cleaning leaves: the dataset in its own shape or in a trainer's, what was rejected, what was repaired.

Knows how rows look in them. Does not judge, and does not know terminals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from selfgen.assemble.clean_counts import Outcome
from selfgen.assemble.cleaning import Cleaner
from selfgen.core.ports import Exporter
from selfgen.core.tasks import Lineage, Record, Task
from selfgen.core.work import Measure, Verdict
from selfgen.errors import InternalError
from selfgen.export.records import encode_line
from selfgen.store.rows_out import DATASET, REJECTED, REPAIRS, Folder
from selfgen.store.rows_places import replace_texts

_UNREADABLE = "unreadable"
_TASKS = "tasks.tmp"
_SURROGATES = re.compile("[\ud800-\udfff]")


class Results:
    """Writes outcomes as they come. Without an exporter every kept row has the shape in which it came."""

    def __init__(self, folder: Folder, cleaner: Cleaner, exporter: Exporter | None) -> None:
        self._folder, self._cleaner, self._exporter = folder, cleaner, exporter
        self.dataset = f"{DATASET}{exporter.suffix}" if exporter else f"{DATASET}.jsonl"
        self._kept_file = _TASKS if exporter else self.dataset
        self._rows = 0
        for name in (self._kept_file, REJECTED, REPAIRS):
            folder.open(name)

    def add(self, outcome: Outcome) -> None:
        """Write what became of one row."""
        self._rows += 1
        if outcome.kept:
            self._folder.add(self._kept_file, self._build_task(outcome) if self._exporter else build_kept(outcome))
        else:
            self._folder.add(REJECTED, build_rejected(outcome, self._cleaner))
        for line in build_repairs(outcome):
            self._folder.add(REPAIRS, line)

    def finish(self) -> None:
        """Write what can be written only when all rows are there."""
        if self._exporter:
            with self._folder.reopen(_TASKS) as lines:
                self._folder.write(self.dataset, self._exporter.rows(map(_read_record, lines)))
            self._folder.drop(_TASKS)

    def _build_task(self, outcome: Outcome) -> bytes:
        task = outcome.task
        if task is None:
            raise InternalError("a row was kept that could not be read")
        id = task.id or f"row-{self._rows:06d}"
        texts = [_SURROGATES.sub("\ufffd", text) for text in (id, task.instruction, task.input, task.output)]
        return encode_any({"texts": texts, "labels": [list(pair) for pair in task.labels]})


def _read_record(line: bytes) -> Record:
    held = json.loads(line)
    id, instruction, input, output = held["texts"]
    labels = tuple((name, value) for name, value in held["labels"])
    return Record(Task(id, instruction, input, output, labels), Lineage(-1, (), (), "clean"))


def build_kept(outcome: Outcome) -> bytes:
    """Return the line of a kept row: as it stands in its file where it is JSONL and nothing was repaired, else as JSON
    with the repaired texts in their places and everything else untouched."""
    row, task = outcome.row, outcome.task
    if row.values is None or row.task is None or row.places is None or task is None:
        raise InternalError("a row was kept that could not be read")
    if not outcome.repairs:
        return f"{row.text.strip()}\n".encode() if row.text else encode_any(row.values)
    return encode_any(replace_texts(row.values, row.places, row.task, task))


def build_rejected(outcome: Outcome, cleaner: Cleaner) -> bytes:
    """Return the line of a row that was not kept: where it stands, why, the numbers, and the row as it came."""
    row, verdict = outcome.row, outcome.verdict
    place: dict[str, object] = {"file": row.file, "line": row.line, "row": row.number}
    if verdict is None:
        came = {"data": row.values} if row.values is not None else {"text": row.text}
        return encode_any({**place, "reason": _UNREADABLE, "detail": row.fault, "measures": [], **came})
    measures = [build_measure(measure, cleaner) for measure in choose_measures(verdict)]
    return encode_any(
        {**place, "reason": verdict.reason, "detail": "", "measures": measures, "data": row.values}
        | ({"repaired": sorted({each.rule for each in outcome.repairs})} if outcome.repairs else {})
    )


def choose_measures(verdict: Verdict) -> tuple[Measure, ...]:
    """Return the measures that bear on a rejection: those of the filter that decided, which come last, and those that
    name a neighbour. What other filters measured and found good is none of it."""
    decided = verdict.measures[-1].filter if verdict.measures else ""
    return tuple(measure for measure in verdict.measures if measure.filter == decided or measure.nearest)


def build_measure(measure: Measure, cleaner: Cleaner) -> dict[str, object]:
    """Return a measure with its neighbour's place and instruction, null where it has none."""
    near = cleaner.find(measure.nearest)
    place = {"file": near.file, "line": near.line, "row": near.number} if near else {}
    return {
        "filter": measure.filter,
        "value": measure.value,
        "limit": measure.limit,
        "unit": measure.unit,
        "nearest": {**place, "instruction": near.instruction} if near else None,
    }


def build_repairs(outcome: Outcome) -> Iterator[bytes]:
    """Yield a line for each repair: where, by which rule, the field before and after, and whether the row was kept."""
    row = outcome.row
    for each in outcome.repairs:
        yield encode_any(
            {
                "file": row.file,
                "line": row.line,
                "row": row.number,
                "rule": each.rule,
                "field": each.field,
                "before": each.before,
                "after": each.after,
                "kept": outcome.kept,
            }
        )


def encode_any(row: Mapping[str, object]) -> bytes:
    """Return one JSON line of any row; half surrogates, which UTF-8 cannot hold, stand as escapes."""
    try:
        return encode_line(row)
    except UnicodeEncodeError:
        return json.dumps(row, allow_nan=False).encode("ascii") + b"\n"


def name_folder(data: Path) -> Path:
    """Return the folder for the results of a file where none is named: NAME-clean, here."""
    name = data.name.removesuffix(".gz")
    return Path(f"{name.rpartition('.')[0] or name or 'data'}-clean")
