"""Texts that say one thing in several ways: blunt and polite, wrong and right, English and Chinese.

A row holds one sentence form for each way; all forms of a row have the same slots. One way is given as the input, and
another is the answer. Knows no language; a `turn` of slot values (for translation) is given by the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.frame import Answer, Frame, Giver, Pool, fill, make_frames


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows of sentence forms, and the pools of their slots. `turns` says how a value reads in another way."""

    rows: tuple[tuple[str, ...], ...]
    pools: Mapping[str, Pool]
    turns: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[tuple[Frame, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", tuple(make_frames(row, self.pools) for row in self.rows))

    def giver(self, column: int) -> Giver:
        """Return what writes inputs of one way."""
        return lambda _, dice: self.write(column, dice)

    def write(self, column: int, dice: Dice) -> str:
        return dice.pick(self.frames)[column].render(fill(self.pools, dice))

    def turn(self, text: str, source: int, target: int) -> str:
        """Say a text in another way. Raises ValueError for a text that is in no row."""
        for row in self.frames:
            found = row[source].read(text)
            if found and found[2] == len(text):
                slots = {name: self.turns.get(value, value) for name, value in found[0].items()}
                return row[target].render(slots)
        raise ValueError("the text is in no row")

    def answer(self, source: int, target: int) -> Answer:
        """Return what turns an input of one way into another."""
        return lambda _, given: self.turn(given, source, target)
