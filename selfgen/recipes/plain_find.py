"""Finds tasks in replies that are no JSON: numbered lists of instructions, and texts with labelled fields.

Both are read only where their shape leaves no doubt: numbers that run on by one, labels in their order. This file does
not know what a recipe does with the fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selfgen.recipes.json_find import MOST_BROKEN, UNREAD, Broken, Found

_NUMBER = re.compile(r"^[ \t]{0,3}[(（]?(\d{1,3})[ \t]?[.．、)）](?!\d)[ \t]*", re.MULTILINE)
_LABEL = re.compile(
    r"^[ \t]{0,3}(?:#{1,4}[ \t]*)?(?:\d{1,3}[ \t]?[.．、)）][ \t]*)?(?:\*\*)?"
    r"(instruction|input|output|指令|输入|输出)[ \t]*\d{0,3}(?:\*\*)?[ \t]*[:：](?:\*\*)?[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)
_FIELDS = {"指令": "instruction", "输入": "input", "输出": "output"}
_ORDER = ("instruction", "input", "output")
_RULE = re.compile(r"(?:#{3,}|-{3,}|\*{3,}|\d{1,3}[.、])?")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A piece of the text that stands for one task: its fields, or why they are not clear."""

    start: int
    end: int
    fields: dict[str, str]
    why: str = ""


def find_lists(text: str, *, complete: bool) -> Found:
    """Return the tasks of a labelled text, else of a numbered list, as objects with the fields that they give.

    Such lists have no end mark. Where the text is not `complete`, the last task is lost: nobody knows how it went on.
    """
    stretches = list(_read_labelled(text)) or list(_read_numbered(text))
    found = Found(stretches[0].start if stretches else len(text))
    for part in stretches:
        if len(found.broken) >= MOST_BROKEN:
            found.broken.append(Broken(part.start, len(text), False, UNREAD))
            break
        if not complete and part is stretches[-1]:
            found.broken.append(Broken(part.start, part.end, True, "the last item has no end"))
        elif part.why:
            found.broken.append(Broken(part.start, part.end, False, part.why))
        else:
            found.objects.append(part.fields)
    return found


def _read_numbered(text: str) -> Iterator[_Stretch]:
    marks: list[re.Match[str]] = []
    for mark in _NUMBER.finditer(text):
        if not marks or int(mark[1]) == int(marks[-1][1]) + 1:
            marks.append(mark)
    if len(marks) == 1 and marks[0][1] != "1":
        return
    for mark, end in zip(marks, _ends(marks, text), strict=True):
        item = text[mark.end() : end].strip()
        why = "a numbered item goes on after a blank line" if _BLANK_LINE.search(item) else ""
        yield _Stretch(mark.start(), end, {"instruction": item}, why)


def _read_labelled(text: str) -> Iterator[_Stretch]:
    marks = list(_LABEL.finditer(text))
    names = [_FIELDS.get(mark[1], mark[1].lower()) for mark in marks]
    if "instruction" not in names:
        return
    ends = _ends(marks, text)
    texts = [_strip_rules(text[mark.end() : end]) for mark, end in zip(marks, ends, strict=True)]
    starts = sorted({0} | {index for index, name in enumerate(names) if name == "instruction"})
    for first, following in zip(starts, [*starts[1:], len(marks)], strict=True):
        own = names[first:following]
        clear = own[0] == "instruction" and own == [name for name in _ORDER if name in own]
        why = "" if clear else f"labels in an unclear order: {', '.join(own[:8])}"
        fields = dict(zip(own, texts[first:following], strict=True))
        yield _Stretch(marks[first].start(), ends[following - 1], fields, why)


def _strip_rules(text: str) -> str:
    """Take off the lines that stand between two tasks: empty ones, "###", "---", a number alone."""
    lines = text.split("\n")
    while len(lines) > 1 and _RULE.fullmatch(lines[-1].strip()):
        lines.pop()
    return "\n".join(lines)


def _ends(marks: Sequence[re.Match[str]], text: str) -> list[int]:
    return [*(mark.start() for mark in marks), len(text)][1:]
