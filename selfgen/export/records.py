"""Whole records as JSON lines: the form of a run's own dataset.jsonl, with labels and lineage.

The bytes are a promise: the same records give the same file in every version. Keys stand in one order, text is UTF-8
and not escaped, lines end in `\\n`. The only escapes beyond JSON's own are U+0085, U+2028 and U+2029, at which careless
readers break lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from selfgen.core.tasks import Record

_LINE_BREAKERS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def encode_row(row: Mapping[str, object]) -> bytes:
    """Return one JSON object on one line, without the line end. Raises UnicodeEncodeError for a lone surrogate."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False).translate(_LINE_BREAKERS).encode("utf-8")


def encode_line(row: Mapping[str, object]) -> bytes:
    """Return one JSON object on one line, with the line end."""
    return encode_row(row) + b"\n"


def build_row(record: Record) -> dict[str, object]:
    """Return the full row of a record; every row has all keys, in this order."""
    task, lineage = record.task, record.lineage
    return {
        "id": task.id,
        "instruction": task.instruction,
        "input": task.input,
        "output": task.output,
        "labels": dict(task.labels),
        "lineage": {
            "turn": lineage.turn,
            "parents": list(lineage.parents),
            "calls": list(lineage.calls),
            "recipe": lineage.recipe,
        },
    }


class Jsonl:
    """The full record, one a line."""

    name = "jsonl"
    suffix = ".jsonl"

    def rows(self, records: Iterable[Record]) -> Iterator[bytes]:
        """Yield one line for each record."""
        for record in records:
            yield encode_line(build_row(record))
