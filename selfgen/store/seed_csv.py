"""CSV as spreadsheets write it, to rows that know their line.

Knows delimiters, quotes, and the apostrophe that guards a cell against being run as a formula. Which column means what
is known in seed_fields.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from selfgen.store.seed_findings import Findings
from selfgen.store.seed_json import Row
from selfgen.store.seed_lines import is_blank

_DELIMITERS = (",", ";", "\t", "|")

# Writers of CSV put an apostrophe before text that a spreadsheet would run; one more where there are some already.
_GUARDED = re.compile("^'+[=+\\-@\t\r\n＝＋－＠]")


def split_header(head: str, delimiter: str) -> list[str]:
    """Return the names in a header line."""
    try:
        return [name.strip() for name in next(csv.reader([head], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []


def guess_delimiter(head: str, count_known: Callable[[Sequence[str]], int]) -> str:
    """Return the delimiter that yields most of the known columns, then most columns. Excel's "sep=;" names it."""
    if declares_delimiter(head):
        return head[4]
    headers = [(delimiter, split_header(head, delimiter)) for delimiter in _DELIMITERS]
    return max(headers, key=lambda header: (count_known(header[1]), len(header[1])))[0]


def declares_delimiter(head: str) -> bool:
    """Tell whether the first line is Excel's "sep=;"."""
    return len(head) == 5 and head[:4].lower() == "sep="


def read_csv(
    lines: Iterable[str], delimiter: str, find_fault: Callable[[Sequence[str]], str], found: Findings
) -> Iterator[Row]:
    """Yield each row below the header with the header's names as keys, "row 1" being the line where it begins.

    `find_fault` gets the header and returns what is wrong with it, "" if nothing is; a wrong header ends the reading.
    Rows without any text are passed over, and so are empty cells to the right of the last column."""
    header: list[str] | None = None
    count = 0
    for line, cells in _read_records(lines, delimiter, found):
        if all(is_blank(cell) for cell in cells) or (header is None and declares_delimiter(delimiter.join(cells))):
            continue
        if header is None:
            header = [name.strip() for name in cells]
            if fault := find_fault(header):
                found.fault_whole(line, fault)
                return
            continue
        count += 1
        while len(cells) > len(header) and is_blank(cells[-1]):
            cells.pop()
        if len(cells) != len(header):
            found.fault(line, f"{_word_count(len(cells), len(header))}: is a quote or a delimiter missing?")
            continue
        yield line, {name: _unguard(cell) for name, cell in zip(header, cells, strict=True) if name}
    if not count and not found.faulty():
        found.fault_whole(1, "a header, but no rows below it")


def _read_records(lines: Iterable[str], delimiter: str, found: Findings) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" in str(error):
                found.fault_whole(line, _word_error(error))
                return
            if "unexpected end" in str(error):  # the quote has swallowed the rest of the file
                found.fault_whole(line, _word_error(error))
            else:
                found.fault(line, _word_error(error))
        else:
            yield line, cells


def _word_error(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end" in text:
        return "a quote that is opened in this row is never closed"
    if "field larger" in text:
        return f"a cell of over {csv.field_size_limit():,} characters: is a quote not closed? The rest is not read"
    if "expected after" in text:
        return "text after a closing quote: a quote inside a quoted cell must be doubled"
    return f"broken CSV: {text}"


def _word_count(cells: int, columns: int) -> str:
    return f"too {'few' if cells < columns else 'many'} cells ({cells}, but the header has {columns})"


def _unguard(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell
