"""Finds JSON objects in what a model wrote: fenced, among prose, one a line, several, broken or cut short.

Text that is JSON as a whole is read by the json package alone. Otherwise each object is looked for by itself, first
strictly, then with the few liberties that leave no doubt about the meaning (raw line breaks in strings, a comma too
many, full-width punctuation around values). What is broken is reported, never repaired by guessing. This file does not
know what the objects are for. Results do not depend on the version of Python.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

MOST_DEPTH = 20
MOST_BROKEN = 64
UNREAD = "too much is broken; the rest is not read"
_TOO_DEEP = "nested too deeply"


class Number(str):
    """A JSON number as it was written: an answer of 42 or 1.50 is a text to us, and huge ones harm nobody."""

    __slots__ = ()


class Constant:
    """NaN, Infinity and -Infinity, which are not JSON: a value of no use."""

    def __init__(self, name: str) -> None:
        self.name = name


class Clash(dict[str, Any]):
    """An object in which one key has two different values."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A stretch of text that begins like an object but is none; `cut` where it only lacks its end."""

    start: int
    end: int
    cut: bool
    why: str


@dataclass(slots=True)
class Found:
    """The objects of a text in order, and what was broken. `start` is where the first of them begins (or len(text))."""

    start: int
    objects: list[Any] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs) and any(not _is_same(made[key], value) for key, value in pairs):
        return Clash(made)
    return made


def _is_same(first: object, second: object) -> bool:
    return first is second or (isinstance(first, str) and first == second)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=Number, parse_int=Number, parse_constant=Constant, strict=False
)
_OPENING = re.compile(r'\{(?=\s*["“])|\[(?=\s*\{\s*["“])')
_LIST_HEAD = re.compile(r'\[\s*(?=\{)|\{\s*["“][^"“”\\\n]{1,40}["”]\s*[:：]\s*\[\s*(?=\{|$)')
_NEXT_OBJECT = re.compile(r'\}\s*[,，]?\s*(?=\{\s*["“])')
_SPACE = re.compile(r"\s*")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_WIDE_STRING = re.compile(r"“([^“”\\]*)”(?=\s*(?:[:：,，}\]]|$))")
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


def find_objects(text: str) -> Found:
    """Return all objects of `text`; a list stands for its elements, whatever they are. Never raises."""
    try:
        value = _DECODER.decode(text)
    except ValueError:
        return _search(text)
    except RecursionError:
        return Found(0, [], [Broken(0, len(text), False, _TOO_DEEP)])
    found = Found(0)
    _take(found, value, 0, len(text))
    return found


def _take(found: Found, value: object, start: int, end: int) -> None:
    """Add a value, or each element of a list. What is nested deeply would break whoever compares or prints it."""
    waiting = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > MOST_DEPTH:
            found.broken.append(Broken(start, end, False, _TOO_DEEP))
            return
        if isinstance(part, dict | list):
            waiting.extend((inner, depth + 1) for inner in (part.values() if isinstance(part, dict) else part))
    found.objects.extend(value if isinstance(value, list) else [value])


def _search(text: str) -> Found:
    found = Found(len(text))
    place = 0
    while opening := _OPENING.search(text, place):
        place = opening.start()
        if len(found.broken) >= MOST_BROKEN:
            found.broken.append(Broken(place, len(text), False, UNREAD))
            break
        found.start = min(found.start, place)
        try:
            value, end = _DECODER.raw_decode(text, place)
            _take(found, value, place, end)
            place = end
            continue
        except RecursionError:
            found.broken.append(Broken(place, len(text), False, _TOO_DEEP))
            break
        except ValueError:
            head = _LIST_HEAD.match(text, place)
        if head:
            place = head.end()
            continue
        try:
            value, place = _Lenient(text).read_object(place, 0)
            found.objects.append(value)
        except _Cut:
            found.broken.append(Broken(place, len(text), True, "the object has no end"))
            break
        except _NotJson as error:
            following = _NEXT_OBJECT.search(text, place)
            end = following.end() if following else len(text)
            found.broken.append(Broken(place, end, False, str(error)))
            place = end
    return found


class _NotJson(Exception):
    """The text departs from JSON at a known place."""


class _Cut(Exception):
    """The text ends before the value does."""


class _Lenient:
    """Reads one value, one function a kind; each takes a position and returns the value and the position after it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read_object(self, place: int, depth: int) -> tuple[dict[str, Any], int]:
        pairs: list[tuple[str, Any]] = []
        place, mark = self._next(place + 1)
        while mark != "}":
            key, place = self._read_string(place)
            place, mark = self._next(place)
            if mark not in (":", "："):
                raise _NotJson(f"a colon was expected after {key[:40]!r}")
            value, place = self._read_value(place + 1, depth + 1)
            pairs.append((key, value))
            place, mark = self._after_value(place, "}")
        return _pairs(pairs), place + 1

    def _read_list(self, place: int, depth: int) -> tuple[list[Any], int]:
        values = []
        place, mark = self._next(place + 1)
        while mark != "]":
            value, place = self._read_value(place, depth + 1)
            values.append(value)
            place, mark = self._after_value(place, "]")
        return values, place + 1

    def _read_value(self, place: int, depth: int) -> tuple[Any, int]:
        place, mark = self._next(place)
        if depth > MOST_DEPTH:
            raise _NotJson(_TOO_DEEP)
        if mark == "{":
            return self.read_object(place, depth)
        if mark == "[":
            return self._read_list(place, depth)
        if mark in ('"', "“"):
            return self._read_string(place)
        plain = _PLAIN.match(self._text, place)
        if plain is None:
            if any(word.startswith(self._text[place:]) for word in _WORDS):
                raise _Cut
            raise _NotJson(f"a value was expected, not {mark!r}")
        if plain.end() == len(self._text):
            raise _Cut
        return _WORDS[plain[0]] if plain[0] in _WORDS else Number(plain[0]), plain.end()

    def _read_string(self, place: int) -> tuple[str, int]:
        if self._text[place] == "“":
            wide = _WIDE_STRING.match(self._text, place)
            if wide:
                return wide[1], wide.end()
            if "”" not in self._text[place:]:
                raise _Cut
            raise _NotJson("a text in full-width quotes has quotes or escapes inside")
        if self._text[place] != '"':
            raise _NotJson(f"a text was expected, not {self._text[place]!r}")
        match = _STRING.match(self._text, place)
        if match is None:
            raise _Cut
        try:
            value: str = _DECODER.decode(match[0])
        except ValueError as error:
            raise _NotJson("a text has a wrong escape") from error
        return value, match.end()

    def _after_value(self, place: int, closing: str) -> tuple[int, str]:
        place, mark = self._next(place)
        if mark in (",", "，"):
            return self._next(place + 1)
        if mark != closing:
            raise _NotJson(f"a comma or {closing} was expected, not {mark!r}")
        return place, mark

    def _next(self, place: int) -> tuple[int, str]:
        space = _SPACE.match(self._text, place)
        place = space.end() if space else place
        if place >= len(self._text):
            raise _Cut
        return place, self._text[place]
