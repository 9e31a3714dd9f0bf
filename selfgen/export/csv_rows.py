"""Tasks as CSV that a spreadsheet opens rightly: UTF-8 with a byte order mark, CRLF, and no cell runs as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from selfgen.core.tasks import Record

# What Excel, LibreOffice and, for the wide signs, their East Asian editions take for the start of a formula. Text that
# has apostrophes before such a sign gets one more, so that taking one away always gives the text back.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")

_HEADER = ("id", "instruction", "input", "output")


def guard_cell(text: str) -> str:
    """Return the text with an apostrophe before it where a spreadsheet might run it (OWASP, CSV injection)."""
    return f"'{text}" if _FORMULA.match(text) else text


def _encode(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().encode("utf-8")


class Csv:
    """`id, instruction, input, output`, one record a row."""

    name = "csv"
    suffix = ".csv"

    def rows(self, records: Iterable[Record]) -> Iterator[bytes]:
        """Yield the mark with the header, then one row for each record."""
        yield b"\xef\xbb\xbf" + _encode(_HEADER)
        for record in records:
            task = record.task
            yield _encode([guard_cell(text) for text in (task.id, task.instruction, task.input, task.output)])
