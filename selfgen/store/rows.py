"""Rows of data files as a stream: each with its file, its line and its task, or with what is wrong with it.

Puts the row readers of seeds together for data: a row that cannot be read does not stop the rest, duplicates are
nobody's fault, and nothing is held but the row at hand (a JSON array, which has no lines to cut it at, is read in one
piece). Does not know what is done with rows.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from selfgen.core.tasks import Task
from selfgen.errors import BadData, DataFault, UsageError
from selfgen.store.rows_places import Look, Places, look
from selfgen.store.seed_bytes import Readable, open_bytes, read_whole, recognise_binary
from selfgen.store.seed_findings import Findings
from selfgen.store.seed_formats import AUTO, FORMATS, JSON_FORMATS, guess_format, is_array, read_rows
from selfgen.store.seed_json import Row
from selfgen.store.seed_lines import find_head, split_lines, stream_lines
from selfgen.store.seed_rows import find_shape

_HEAD_BYTES = 1024 * 1024
"""From so much of a file its format is told."""

_TODO = (
    "Correct these places and give the same command again; nothing was written. "
    "If a file was taken for another format than it has, name the right one with --data-format."
)
_MOST_FAULTS = 5000
"""So many faults on end make a file unreadable."""

_DAMAGED = "\ufffd"


@dataclass(frozen=True, slots=True)
class DataRow:
    """One row. `number` counts the rows of its file from 1 and tells rows of one line apart; `shape` is a format.

    `text` is the line of a JSONL row as it stands, or the lines of a row without `values`. `task` and `places` are
    None, and `fault` says why, where the row cannot be read."""

    file: str
    line: int
    number: int
    shape: str
    text: str = ""
    values: Mapping[str, object] | None = None
    task: Task | None = None
    places: Places | None = None
    fault: str = ""
    notice: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a file is to be read: its format, its first line that is not blank, whether the format is a guess."""

    format: str
    head: str
    guessed: bool


def check_files(paths: Sequence[Path], format: str = AUTO) -> None:
    """Look at the beginning of every file. Raises BadData with all that cannot be read, UsageError for an unknown
    format or no file. What is no ordinary file (a pipe) can be read once only, and is not looked at."""
    if format not in FORMATS:
        raise UsageError(f"there is no data format {format!r}", todo=f"The formats are: {', '.join(FORMATS)}.")
    if not paths:
        raise UsageError("no data file is named", todo="Name at least one file: selfgen clean data.jsonl")
    faults: list[DataFault] = []
    seen: set[str] = set()
    for path in paths:
        found = Findings(str(path))
        place = os.path.realpath(path)
        if place in seen:
            found.fault_whole(0, "this file is named twice")
        elif _is_ordinary(path):
            with open_bytes(path, found) as handle:
                if handle is not None:
                    _recognise(_Headed(handle), path, format, found)
        seen.add(place)
        faults += found.broken()
    if faults:
        raise BadData(faults, todo=_TODO)


def stream_rows(path: Path, format: str = AUTO) -> Iterator[DataRow]:
    """Yield the rows of one file in their order, those that cannot be read among them.

    Raises BadData where the file as a whole cannot be read, or not to its end."""
    found = Findings(str(path))
    with open_bytes(path, found) as handle:
        if handle is not None:
            stream = _Headed(handle)
            kind = _recognise(stream, path, format, found)
            if kind is not None:
                array = is_array(kind.format, kind.head)
                yield from (_stream_array if array else _stream_lines)(stream, kind, found)
    if found.broken():
        raise BadData(found.broken(), todo=_TODO)


class _Headed:
    """A stream with its head in view: reading begins at the beginning all the same."""

    def __init__(self, handle: Readable) -> None:
        self.head = b""
        while len(self.head) < _HEAD_BYTES and (more := handle.read(_HEAD_BYTES - len(self.head))):
            self.head += more
        self._first = io.BytesIO(self.head)
        self._rest = handle

    def read(self, size: int, /) -> bytes:
        return self._first.read(size) or self._rest.read(size)

    def readline(self, size: int, /) -> bytes:
        line = self._first.readline(size)
        return line if len(line) == size or line.endswith(b"\n") else line + self._rest.readline(size - len(line))


class _Recorder:
    """Hands lines on, and holds those that were handed on since the last row. Ends the file where too many of them
    cannot be read: they would fill the memory, and it is another format."""

    def __init__(self, lines: Iterable[str], found: Findings) -> None:
        self._lines = lines
        self._found = found
        self.first = 1
        self.held: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            if self._found.pending() >= _MOST_FAULTS:
                self._found.fault_whole(self.next, f"{_MOST_FAULTS:,} lines before this one cannot be read")
                return
            self.held.append(line)
            yield line

    def text(self, start: int, end: int) -> str:
        """Return the lines from `start` to before `end`."""
        return "\n".join(self.held[max(0, start - self.first) : end - self.first]).strip("\n")

    def forget(self) -> None:
        """Let go of what is held."""
        self.first += len(self.held)
        self.held.clear()

    @property
    def next(self) -> int:
        """The number of the line that comes next."""
        return self.first + len(self.held)


def _is_ordinary(path: Path) -> bool:
    with suppress(OSError, ValueError):
        return stat.S_ISREG(path.stat().st_mode) or path.is_dir()
    return True  # opening it tells why not


def _recognise(stream: _Headed, path: Path, wanted: str, found: Findings) -> _Kind | None:
    """Return what a file is by its head; None and a fault of the whole where it can be no data."""
    whole = len(stream.head) < _HEAD_BYTES
    if binary := recognise_binary(stream.head):
        found.fault_whole(1, binary)
        return None
    number, head = find_head(stream.head)
    if not number:
        nothing = "the file holds nothing but white space" if stream.head else "the file is empty"
        found.fault_whole(1, nothing if whole else "nothing but white space in the first MiB")
        return None
    kind = _Kind(guess_format(head, stream.head, path) if wanted == AUTO else wanted, head, wanted == AUTO)
    if not is_array(kind.format, head):
        _try_first_row(stream.head, kind, whole, found)
    return None if found.broken() else kind


def _try_first_row(head: bytes, kind: _Kind, whole: bool, found: Findings) -> None:
    """Note what keeps even the first row from being read: a header without the columns, an object over many lines."""
    trial = Findings(found.path)
    lines = split_lines(head, trial)
    if kind.format == "csv" and not whole and b"\n" not in head:
        found.fault_whole(1, "the first line has over 1 MiB: it can be no header, or the file is no CSV")
        return
    row = next(read_rows(kind.format, kind.head, lines, trial), None)
    if row is None and (whole or next(lines, None) is not None):
        for fault in trial.broken():
            found.fault_whole(fault.line, fault.what)


def _stream_lines(stream: _Headed, kind: _Kind, found: Findings) -> Iterator[DataRow]:
    is_json = kind.format in JSON_FORMATS
    recorder = _Recorder(stream_lines(stream, found, control=not is_json), found)
    number = 0
    for row in read_rows(kind.format, kind.head, iter(recorder), found):
        own = ""
        if faults := found.take():
            for missed in _word_missed([fault for fault in faults if fault[0] < row[0]], recorder, row[0]):
                number += 1
                yield _unread(found, missed, number, kind)
            own = "; ".join(what for line, what in faults if line >= row[0])
        number += 1
        text = recorder.text(row[0], recorder.next) if is_json else ""
        yield _read_row(found, row, number, kind, text, own)
        recorder.forget()
    for missed in _word_missed(found.take(), recorder, recorder.next):
        number += 1
        yield _unread(found, missed, number, kind)


def _word_missed(faults: Sequence[tuple[int, str]], recorder: _Recorder, end: int) -> Iterator[tuple[int, str, str]]:
    """Yield line, fault and text of each line with faults; a text goes on to the next such line."""
    by_line: dict[int, list[str]] = {}
    for line, what in faults:
        by_line.setdefault(line, []).append(what)
    starts = sorted(by_line)
    for start, after in pairwise([*starts, end]):
        yield start, "; ".join(by_line[start]), recorder.text(start, after)


def _unread(found: Findings, missed: tuple[int, str, str], number: int, kind: _Kind) -> DataRow:
    line, fault, text = missed
    return DataRow(found.path, line, number, kind.format, text, fault=fault)


def _read_row(found: Findings, row: Row, number: int, kind: _Kind, text: str, fault: str) -> DataRow:
    line, values = row
    shape = find_shape(values) if kind.guessed and kind.format in JSON_FORMATS else kind.format
    seen: Look = look(shape, values)
    if fault := "; ".join(filter(None, (fault, seen.fault))):
        return DataRow(found.path, line, number, shape, text, values, fault=fault)
    return DataRow(found.path, line, number, shape, text, values, seen.task, seen.places, "", seen.notice, seen.context)


def _stream_array(stream: _Headed, kind: _Kind, found: Findings) -> Iterator[DataRow]:
    """Yield the rows of a JSON array. Bytes that are no text stand as U+FFFD in it, and mark the rows they hit."""
    data = read_whole(stream, found, todo="too much for one JSON array, write it as JSONL")
    if found.broken():
        return
    text = "\n".join(split_lines(data, found, limit=None))
    damage = found.take()
    number = 0
    for row in read_rows(kind.format, kind.head, [text], found):
        own = _find_damage(row, damage)
        for line, what in found.take():
            if line == row[0]:
                own = "; ".join(filter(None, (own, what)))
                continue
            number += 1
            yield _unread(found, (line, what, ""), number, kind)
        number += 1
        yield _read_row(found, row, number, kind, "", own)
    left = found.take()
    if found.broken():
        for line, what in left[-1:]:
            found.fault_whole(line, what)  # why the array ends here
        return
    for line, what in left:
        number += 1
        yield _unread(found, (line, what, ""), number, kind)


def _find_damage(row: Row, damage: Sequence[tuple[int, str]]) -> str:
    """Return what was wrong with the bytes of a row, "" for a sound one."""
    if not damage or _DAMAGED not in str(row[1]):
        return ""
    return next((what for line, what in damage if line >= row[0]), "")
