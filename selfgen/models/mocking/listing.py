"""Answers that are computed from the list, the text or the table in an input. Knows no language but its punctuation."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction

from selfgen.models.mocking import compute
from selfgen.models.mocking.frame import STYLE, Answer, Slots

_BREAKS = re.compile(r"[,，、\n]")
_MARKS = ".,;:!?。，；：！？、"


def entries(text: str) -> list[str]:
    """Read a list that is written with commas or one a line."""
    return [part for piece in _BREAKS.split(text) if (part := piece.strip())]


def listed(items: list[str], style: str, comma: str) -> str:
    """Write a list in the style that a task asks for."""
    match style:
        case "line":
            return "\n".join(items)
        case "bullet":
            return "\n".join(f"- {item}" for item in items)
        case "number":
            return "\n".join(f"{place}. {item}" for place, item in enumerate(items, 1))
        case _:
            return comma.join(items)


def lines(items: list[str], style: str) -> str:
    """Write ideas one a line: numbered, plain, or with a dash where the task asks for nothing else."""
    return listed(items, style or "bullet", "")


def from_table(table: Mapping[str, tuple[str, ...]], slot: str, counts: tuple[str, ...]) -> Answer:
    """Answer from a table by the slot's value, with as many entries as slot "k" says in one of the words `counts`
    (which stand for three and up), all where there is no such slot."""

    def answer(slots: Slots, _: str) -> str:
        ideas = table[slots[slot]]
        count = counts.index(slots["k"]) + 3 if "k" in slots else len(ideas)
        return lines(list(ideas[:count]), slots.get(STYLE, ""))

    return answer


def from_list(work: Callable[[list[str]], list[str]], comma: str = ", ") -> Answer:
    """Answer with a list made from the list in the input."""
    return lambda slots, given: listed(work(entries(given)), slots.get(STYLE, ""), comma)


def from_list_value(work: Callable[[list[str]], str], sentence: str) -> Answer:
    """Answer with one value computed from the list in the input, bare or in a sentence."""
    return from_text(lambda given: work(entries(given)), sentence)


def from_text(work: Callable[[str], str], sentence: str) -> Answer:
    """Answer with one value computed from the input as a whole, bare or in a sentence."""

    def answer(slots: Slots, given: str) -> str:
        value = work(given)
        return sentence.format(value=value) if slots.get(STYLE) == "full" else value

    return answer


def rows_of(table: str) -> list[dict[str, str]]:
    """Read comma-separated lines, the first of which names the columns."""
    head, *rows = (line.split(",") for line in table.splitlines())
    return [dict(zip(head, row, strict=False)) for row in rows]


def to_markdown(_: Slots, given: str) -> str:
    head, *rows = (line.split(",") for line in given.splitlines())
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + " --- |" * len(head), *lines[1:]])


def to_json(_: Slots, given: str) -> str:
    return json.dumps(rows_of(given), ensure_ascii=False, indent=2)


def unique(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


def counts(colon: str) -> Callable[[list[str]], list[str]]:
    """Count entries: the most frequent first, equal ones in the order of their characters."""

    def work(items: list[str]) -> list[str]:
        counted = sorted(Counter(items).items(), key=lambda pair: (-pair[1], pair[0]))
        return [f"{item}{colon}{count}" for item, count in counted]

    return work


def words(text: str) -> list[str]:
    return [word.strip(_MARKS) for word in text.split()]


def total(items: list[str]) -> str:
    return compute.trim(sum(map(compute.number, items), Fraction(0)))


def mean(items: list[str]) -> str:
    return compute.trim(sum(map(compute.number, items), Fraction(0)) / len(items))


def median(items: list[str]) -> str:
    return compute.trim(compute.median([compute.number(item) for item in items]))


def spread(items: list[str]) -> str:
    values = [compute.number(item) for item in items]
    return compute.trim(max(values) - min(values))
