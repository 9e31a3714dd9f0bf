"""One seed file to tasks: telling its format from its content, and putting the right readers together.

Knows which format looks like what. Does not compare rows or files with one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from selfgen.core.tasks import Task
from selfgen.store.seed_bytes import load_bytes
from selfgen.store.seed_csv import declares_delimiter, guess_delimiter, read_csv, split_header
from selfgen.store.seed_fields import RowReader, count_known, map_columns
from selfgen.store.seed_findings import Findings
from selfgen.store.seed_json import Row, read_json_array, read_json_lines
from selfgen.store.seed_lines import MAX_LINE_BYTES, find_head, is_blank, split_lines
from selfgen.store.seed_rows import ROW_READERS, find_shape

AUTO = "auto"
FORMATS = (AUTO, *ROW_READERS)
"""The names that a person may give."""

SEPARATOR = "<sep>"
"""Stands between instruction, input and output in a TXT file."""

JSON_FORMATS = ("self-instruct", "alpaca", "messages", "sharegpt")
_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
_CSV_SUFFIXES = (".csv", ".tsv")
# "[2] Name a colour" and "[Task] ..." are plain text.
_JSON_ARRAY = re.compile(r"""\[\s*(?:$|[\[{"]|\]\s*$)""")
_ESCAPED = re.compile(r"<(\\*)(nl|sep)>")


@dataclass(frozen=True, slots=True)
class FileTasks:
    """The tasks of one file with the line where each begins; ids are as given, "" where none is."""

    format: str
    rows: tuple[tuple[int, Task], ...]


def read_file(path: Path, wanted: str, found: Findings) -> FileTasks:
    """Read one file in the `wanted` format ("auto": as its content looks). Never raises for what a file holds."""
    data = load_bytes(path, found)
    if found.faulty():
        return FileTasks(wanted, ())
    number, head = find_head(data)
    if not number:
        found.fault(1, "the file holds nothing but white space")
        return FileTasks(wanted, ())
    format = guess_format(head, data, path) if wanted == AUTO else wanted
    lines = split_lines(data, found, limit=None if is_array(format, head) else MAX_LINE_BYTES)
    rows = list(read_rows(format, head, lines, found))
    if wanted == AUTO and format in JSON_FORMATS:
        format = _guess_shape(rows)
    reader = ROW_READERS[format]
    tasks = tuple((line, reader(RowReader(line, values, found))) for line, values in rows)
    for line, task in tasks:
        if not task.output and format != "lines":
            found.notice(line, "no output; the task serves by its instruction alone")
    return FileTasks(format, tasks)


def _bare_suffix(path: Path) -> str:
    bare = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return bare.suffix.lower()


def guess_format(head: str, data: bytes | bytearray, path: Path) -> str:
    """Return the format that the first line `head` and the whole look like; JSON of any shape is "alpaca" here."""
    suffix = _bare_suffix(path)
    separated = SEPARATOR in head
    if not separated and (head.startswith("{") or _JSON_ARRAY.match(head)):
        return "alpaca"
    if suffix in _JSON_SUFFIXES:
        return "alpaca"
    if suffix in _CSV_SUFFIXES or declares_delimiter(head):
        return "csv"
    if separated:
        return "txt"
    if count_known(split_header(head, guess_delimiter(head, count_known))):
        return "csv"
    return "txt" if SEPARATOR.encode() in data else "lines"


def _guess_shape(rows: Sequence[Row]) -> str:
    """Return the shape of the first row that has one."""
    for _, values in rows:
        shape = find_shape(values)
        if shape != "alpaca" or "instruction" in map_columns(tuple(values)):
            return shape
    return "alpaca"


def is_array(format: str, head: str) -> bool:
    """Tell whether a file of this format and with this first line is one JSON array, which is read in one piece."""
    return format in JSON_FORMATS and head.startswith("[")


def read_rows(format: str, head: str, lines: Iterable[str], found: Findings) -> Iterator[Row]:
    """Yield the rows of a file, `head` being its first line that is not blank."""
    match format:
        case "csv":
            delimiter = guess_delimiter(head, count_known)
            return read_csv(lines, delimiter, _find_header_fault, found)
        case "txt":
            return _read_separated(lines, found)
        case "lines":
            numbered = enumerate(lines, start=1)
            return ((line, {"instruction": text}) for line, text in numbered if not is_blank(text))
        case _:
            if is_array(format, head):
                return read_json_array("\n".join(lines), found)
            return read_json_lines(lines, found)


def _find_header_fault(header: Sequence[str]) -> str:
    columns = map_columns(tuple(header))
    if "instruction" not in columns:
        shown = ", ".join(name[:40] for name in header[:8])
        return f"no column for the instruction (the header has: {shown}); name the columns instruction, input, output"
    folded = [name.casefold() for name in header]
    twice = next((name for name in columns.values() if folded.count(name.casefold()) > 1), "")
    return f"two columns are named {twice!r}" if twice else ""


def _read_separated(lines: Iterable[str], found: Findings) -> Iterator[Row]:
    """Yield the tasks of a TXT file, one on each line.

    In a text, `<nl>` stands for a line break; a backslash after the angle bracket makes both marks plain text."""
    for line, text in enumerate(lines, start=1):
        if is_blank(text):
            continue
        parts = [_ESCAPED.sub(_unescape, part) for part in text.split(SEPARATOR)]
        match parts:
            case [instruction, output]:
                yield line, {"instruction": instruction, "output": output}
            case [instruction, input, output]:
                yield line, {"instruction": instruction, "input": input, "output": output}
            case _:
                found.fault(
                    line,
                    f"{len(parts) - 1} times {SEPARATOR}: a line is instruction{SEPARATOR}output "
                    f"or instruction{SEPARATOR}input{SEPARATOR}output",
                )


def _unescape(mark: re.Match[str]) -> str:
    slashes, name = mark.groups()
    return f"<{slashes[1:]}{name}>" if slashes else "\n"
