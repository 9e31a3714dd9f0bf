"""Strict JSON, from lines or from one array, to rows that know their line.

Stricter than Python's reader: a key that occurs twice, NaN, infinity and endless numbers are faults. Does not know what
the rows mean.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from math import isfinite

from selfgen.store.seed_findings import Findings
from selfgen.store.seed_lines import MAX_LINE_BYTES, is_blank

Row = tuple[int, dict[str, object]]
"""The line where a row begins, and its fields."""

_MAX_DIGITS = 100
_MAX_ARRAY_FAULTS = 1000
_GAP = re.compile(r"[ \t\n\r]*")


class _Refused(ValueError):
    """Valid for Python's reader, but not for us."""


def _collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = Counter(name for name, _ in pairs)
        twice = next(name for name, times in names.items() if times > 1)
        raise _Refused(f"the key {twice!r} occurs twice in one object")
    return fields


def _refuse_constant(name: str) -> object:
    raise _Refused(f"{name} is not JSON")


def _read_float(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise _Refused(f"the number {text[:20]} is too large")
    return value


def _read_int(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _Refused(f"a number with {len(text):,} digits")
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_collect, parse_constant=_refuse_constant, parse_float=_read_float, parse_int=_read_int
)


def name_kind(value: object) -> str:
    """Say what a JSON value is, for a message."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case dict():
            return "an object"
        case _:
            return "a list"


def read_json_lines(lines: Iterable[str], found: Findings) -> Iterator[Row]:
    """Yield the objects of a JSONL file. Blank lines are passed over."""
    for number, text in enumerate(lines, start=1):
        if is_blank(text):
            continue
        if text.strip() in ("{", "[") and not found.faulty():
            found.fault_whole(
                number, "an object that goes over several lines: write one on each line, or a JSON array of them"
            )
            return
        try:
            value = _DECODER.decode(text)
        except json.JSONDecodeError as error:
            at, what = _locate(error)
            found.fault(number, f"broken JSON at column {at + 1}: {what}")
        except (_Refused, RecursionError) as error:
            found.fault(number, _word_refusal(error))
        else:
            yield from _accept(number, value, found)


def read_json_array(text: str, found: Findings) -> Iterator[Row]:
    """Yield the objects of a JSON array, however it is laid out; `text` begins with its bracket.

    After a broken element the reading goes on at the next one that begins its own line with the same indent."""
    array = _Array(text, found)
    at = array.skip(array.skip(0) + 1)
    if text.startswith("]", at):
        array.fault_whole(at, "the array is empty")
    while at < len(text) and text[at] != "]":
        value, end = array.read_element(at)
        if end is None:
            resumed = array.find_next(at)
            if resumed is None:
                found.end_early(array.line_of(at), "the array cannot be read after this place")
                return
            at = resumed
            continue
        yield from _accept(array.line_of(at), value, found)
        following = array.read_separator(array.skip(end))
        if following is None:
            return
        at = following
    array.check_end(at)


class _Array:
    """The text of an array with its line breaks. Places in it are offsets."""

    __slots__ = ("_breaks", "_found", "_text")

    def __init__(self, text: str, found: Findings) -> None:
        self._text = text
        self._found = found
        self._breaks = [match.start() for match in re.finditer("\n", text)]

    def line_of(self, at: int) -> int:
        """Return the line of a place."""
        return bisect_left(self._breaks, at) + 1

    def fault(self, at: int, what: str) -> None:
        """Note a fault at a place."""
        self._found.fault(self.line_of(at), what)

    def fault_whole(self, at: int, what: str) -> None:
        """Note a fault at a place, after which the array cannot be trusted."""
        self._found.fault_whole(self.line_of(at), what)

    def skip(self, at: int) -> int:
        """Return the first place from `at` on that is no white space."""
        gap = _GAP.match(self._text, at)
        return gap.end() if gap else at

    def read_element(self, at: int) -> tuple[object, int | None]:
        """Return an element and where it ends; None for the end after a fault."""
        try:
            value, end = _DECODER.raw_decode(self._text, at)
        except json.JSONDecodeError as error:
            place, what = _locate(error)
            column = place - self._text.rfind("\n", 0, place)
            self.fault(place, f"broken JSON at column {column}: {what}")
            return None, None
        except (_Refused, RecursionError) as error:
            self.fault(at, _word_refusal(error))
            return None, None
        if end - at > MAX_LINE_BYTES:
            self.fault(at, f"an element of {end - at:,} characters; the longest that is read has {MAX_LINE_BYTES:,}")
        return value, end

    def read_separator(self, at: int) -> int | None:
        """Return where the next element, the closing bracket or the end of the text is; None if that is unclear."""
        if self._text.startswith(",", at):
            following = self.skip(at + 1)
            if self._text.startswith("]", following):
                self.fault_whole(at, "a trailing comma before ]")
            return following
        if at >= len(self._text) or self._text[at] == "]":
            return at
        self.fault_whole(at, "a comma or ] is missing before this place")
        return at if self._text[at] == "{" else None

    def find_next(self, at: int) -> int | None:
        """Return the element after a broken one, None where there is none to be found."""
        indent = self._text[self._text.rfind("\n", 0, at) + 1 : at]
        if indent.strip():
            self.fault_whole(at, "the array cannot be read after this place")
            return None
        if self._found.fault_count() > _MAX_ARRAY_FAULTS:
            self.fault_whole(at, "too many faults: the rest of the array is not read")
            return None
        next_line = self._text.find(f"\n{indent}{{", at)
        return None if next_line < 0 else next_line + 1 + len(indent)

    def check_end(self, at: int) -> None:
        """Note what is wrong with the closing bracket, or after it."""
        if at >= len(self._text):
            self.fault_whole(len(self._text.rstrip()), "the array is not closed: ] is missing")
        elif (rest := self.skip(at + 1)) < len(self._text):
            self.fault_whole(rest, "text after the end of the array")


def _accept(line: int, value: object, found: Findings) -> Iterator[Row]:
    if isinstance(value, dict):
        yield line, value
    else:
        found.fault(line, f"each row must be an object, but this is {name_kind(value)}")


def _word_refusal(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _locate(error: json.JSONDecodeError) -> tuple[int, str]:
    """Return where an error is, counted from 0, and what it is; the same in every version of Python."""
    before = error.doc[max(0, error.pos - 200) : error.pos]
    at = error.doc[error.pos : error.pos + 1]
    if error.msg.startswith("Illegal trailing comma"):  # Python 3.13 and later
        return error.pos, "a trailing comma"
    if at in ("}", "]") and before.rstrip().endswith(","):
        return error.pos - len(before) + before.rindex(","), "a trailing comma"
    return error.pos, error.msg[:1].lower() + error.msg[1:]
