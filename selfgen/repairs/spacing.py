"""Repairs white space around and between lines. Knows lines, lists and indents; of words only those of tasks about
white space."""

from __future__ import annotations

import re

from selfgen.repairs.fields import Fields, each

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n){3,}")
_LEADING = re.compile(r"(?:[^\S\n]*\n)*([^\S\n]*)")
_ABOUT_SPACE = re.compile(
    r"white ?space|\bspaces?\b|\btrim|\bstrip|\bindent|\btabs?\b|\bpad|new ?lines?\b|line breaks?|"
    r"(?:blank|empty) lines?|空格|空白|缩进|縮排|制表符|换行|換行|空行|首尾",
    re.IGNORECASE,
)
_ABOUT_FORM = re.compile(rf"{_ABOUT_SPACE.pattern}|format|layout|typeset|格式|排版", re.IGNORECASE)
# A number without a space, before a digit, may be a decimal and is no item.
_ITEM = re.compile(r"(?:\A|(?<=\n))[ \t]*(\d{1,3})([.)])(?:([ \t]+)(?=\S)|(?=[^\s\d.)]))")
_LATER_ITEM = re.compile(r"\n[ \t]*\d{1,3}[.)]")


def trim(fields: Fields) -> Fields:
    """Take outer white space away, and let three and more blank lines in a row become one.

    The indent of a first line stays where a later line has one as well: it is then the shape of code, or of Chinese
    paragraphs. Tasks about white space stay as they are."""
    changed = each(_trim, fields)
    return fields if changed is fields or _ABOUT_SPACE.search(fields.instruction) else changed


def _trim(text: str) -> str:
    if "\n\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    whole = text.strip()
    if whole is text or not whole:
        return whole
    leading = _LEADING.match(text)
    indent = leading.group(1) if leading else ""
    return indent + whole if indent and "\n" + indent in whole else whole


def has_later_item(whole: str) -> bool:
    """Tell whether a numbered line follows another line."""
    return _LATER_ITEM.search(whole) is not None


def space_items(fields: Fields) -> Fields:
    """Put a space behind the number of an item ("1.x") where another item of the same list has one ("2. x").

    A list is a row of lines, numbered one after the other in one style; other lines may stand between them. Tasks
    about white space or formats stay as they are."""
    changed = each(_space_items, fields)
    return fields if changed is fields or _ABOUT_FORM.search(fields.instruction) else changed


def _space_items(text: str) -> str:
    if not _LATER_ITEM.search(text):
        return text
    ends, tight, spaced = list[int](), list[int](), False
    last: tuple[int, str] = (-1, "")
    for item in _ITEM.finditer(text):
        number = (int(item[1]), item[2])
        if number != (last[0] + 1, last[1]):
            ends += tight if spaced else []
            tight, spaced = [], False
        last = number
        spaced = spaced or item[3] is not None
        tight += [] if item[3] is not None else [item.end()]
    ends += tight if spaced else []
    if not ends:
        return text
    return " ".join(text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True))
