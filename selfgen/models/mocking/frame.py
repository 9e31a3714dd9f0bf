"""Sentences with slots, which can be rendered and read back; and families of them.

This file knows how a task is put together (a scene, a core with slots, a closing wish) and how to find core and slots
again in a text. It knows no language and no task. Reading back is plain search for the literal pieces in order, never
a regular expression, so that no text of a user can make it slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from selfgen.models.mocking.dice import Dice

Slots = Mapping[str, str]
Pool = tuple[str, ...] | tuple[tuple[str, ...], ...]
Answer = Callable[[Slots, str], str]
Giver = Callable[[Slots, Dice], str]
Labeller = Callable[[Slots, int, Dice], str]
Kind = Literal["open", "classification"]

STYLE = "style"
_SLOT = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SENTENCE_ENDS = (". ", "? ", "! ", ": ", "。", "？", "！", "：", "\n")


def span(first: int, last: int, step: int = 1) -> tuple[str, ...]:
    """Return the numbers from `first` to `last`, both included, as texts."""
    return tuple(str(number) for number in range(first, last + 1, step))


class Frame:
    """One sentence form, such as "What is {pct}% of {n}?". Literal pieces and slots take turns.

    Where two slots touch ("{n}{unit}"), the first is read with the help of `values`, which lists what may fill it;
    an empty tuple stands for a number."""

    __slots__ = ("names", "pieces", "text", "values")

    def __init__(self, text: str, values: Mapping[str, tuple[str, ...]] | None = None) -> None:
        parts = _SLOT.split(text)
        self.text = text
        self.pieces = tuple(parts[0::2])
        self.names = tuple(parts[1::2])
        self.values = values or {}

    def render(self, slots: Slots) -> str:
        """Fill the slots; those that the frame does not name are left aside."""
        return self.text.format_map(slots)

    def read(self, text: str) -> tuple[dict[str, str], int, int] | None:
        """Return the slots and where the sentence begins and ends, or None where the text does not hold it.

        The shortest reading wins, but no slot reaches over the end of a sentence. A frame that begins with a slot
        begins where the sentence around it does."""
        lead = next(place for place, piece in enumerate(self.pieces) if piece)
        place = text.find(self.pieces[lead])
        while place >= 0:
            found = self._read_at(text, place if lead == 0 else _sentence_start(text, place))
            if found:
                return found
            place = text.find(self.pieces[lead], place + 1)
        return None

    def _read_at(self, text: str, first: int) -> tuple[dict[str, str], int, int] | None:
        place = first + len(self.pieces[0])
        slots: dict[str, str] = {}
        last = len(self.pieces) - 1
        for index in range(1, last + 1):
            piece, name = self.pieces[index], self.names[index - 1]
            if index < last and not piece:
                found = self._touching_end(text, place, name)
            else:
                found = _find_end(text, piece, place + 1) if index == last else text.find(piece, place + 1)
            if found < 0:
                return None
            slots[name] = value = text[place:found]
            if any(end in value for end in _SENTENCE_ENDS):
                return None
            place = found + len(piece)
        return slots, first, place

    def _touching_end(self, text: str, place: int, name: str) -> int:
        values = self.values.get(name, ())
        if not values:
            found = _NUMBER.match(text, place)
            return found.end() if found else -1
        return next((place + len(value) for value in values if text.startswith(value, place)), -1)


def _sentence_start(text: str, place: int) -> int:
    return max((at + len(end) for end in _SENTENCE_ENDS if (at := text.rfind(end, 0, place)) >= 0), default=0)


def _find_end(text: str, piece: str, place: int) -> int:
    """Find the closing piece; a full stop inside a number ("2.50") closes nothing."""
    if not piece:
        return len(text)
    found = text.find(piece, place)
    while found >= 0 and piece[-1] == "." and text[found + len(piece) : found + len(piece) + 1].isalnum():
        found = text.find(piece, found + 1)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """One kind of task.

    `texts` are its sentence forms. `slots` names what fills them: "n" draws one text of a pool, "item,unit" one row of
    a table, "a|b" different texts of one pool. `tails` are closing wishes with the style that they ask of the answer.
    `give` writes an input (None: the task needs none). `options` (classification) tells the labels that the slots
    state; `place` writes an input that deserves the label at a position. `scenes` tells whether a scene may be set
    before the core. A family is drawn as often as it weighs."""

    name: str
    texts: tuple[str, ...]
    slots: Mapping[str, Pool]
    answer: Answer
    tails: tuple[tuple[str, str], ...] = ()
    give: Giver | None = None
    options: Callable[[Slots], tuple[str, ...]] | None = None
    place: Labeller | None = None
    scenes: bool = True
    weight: int = 2
    frames: tuple[Frame, ...] = field(init=False, repr=False, compare=False)
    styles: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", make_frames(self.texts, self.slots))
        object.__setattr__(self, "styles", dict(self.tails))

    @property
    def kind(self) -> Kind:
        return "classification" if self.options else "open"

    @property
    def needs_input(self) -> bool:
        return self.give is not None or self.place is not None


def make_frames(texts: tuple[str, ...], pools: Mapping[str, Pool]) -> tuple[Frame, ...]:
    """Make sentence forms whose slots are filled from `pools`."""
    values: dict[str, tuple[str, ...]] = {}
    if any("}{" in text for text in texts):
        for names, pool in pools.items():
            for place, name in enumerate(re.split("[,|]", names)):
                own = {str(row[place] if "," in names else row) for row in pool}
                numeric = all(_NUMBER.fullmatch(value) for value in own)
                values[name] = () if numeric else tuple(sorted(own, key=len, reverse=True))
    return tuple(Frame(text, values) for text in texts)


def fill(slots: Mapping[str, Pool], dice: Dice) -> dict[str, str]:
    """Draw a text for every slot."""
    filled: dict[str, str] = {}
    for names, pool in slots.items():
        if "," in names:
            filled.update(zip(names.split(","), dice.pick(pool), strict=True))
        elif "|" in names:
            several = names.split("|")
            filled.update(zip(several, map(str, dice.some(pool, len(several))), strict=True))
        else:
            filled[names] = str(dice.pick(pool))
    return filled


def written(form: str, short: str = "") -> Answer:
    """Answer with a text that repeats what the task names: `short` where the style asks for it, else `form`."""
    return lambda slots, _: (short if short and slots.get(STYLE) == "short" else form).format_map(slots)
