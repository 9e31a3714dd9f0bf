"""Classification: labels that an instruction states, texts that deserve them, and back from a text to its label.

A sorter knows a few meanings (0, 1, 2 ...), several sets of words for them, and sentence forms for each meaning. An
instruction states some of the words in any order. Nothing here knows a language but the words that join labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations

from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.frame import Family, Frame, Pool, Slots, fill, make_frames

LABELS = "labels"
_JOINTS = re.compile(r", | or | and |、|或者|还是|或|和|以及")
_MOST_ROWS = 360

WordSets = tuple[tuple[str, ...], ...]
"""Sets of labels; the label at position i of every set stands for meaning i."""


def label_rows(sets: WordSets, sizes: tuple[int, ...], last_joints: tuple[str, ...], joint: str) -> tuple[str, ...]:
    """Return the ways of stating labels of one set: every order of every choice, evenly thinned to a few hundred."""
    rows = [
        joint.join(chosen[:-1]) + last_joints[place % len(last_joints)] * (size > 1) + chosen[-1]
        for words in sets
        for size in sizes
        for place, chosen in enumerate(permutations(words, size))
    ]
    step = len(rows) // _MOST_ROWS + 1
    return tuple(rows[::step])


def split_labels(stated: str) -> tuple[str, ...]:
    """Read what `label_rows` wrote."""
    return tuple(_JOINTS.split(stated))


@dataclass(frozen=True, slots=True)
class Sorter:
    """Writes and recognises texts by meaning. `texts` holds the sentence forms of each meaning."""

    sets: WordSets
    texts: tuple[tuple[str, ...], ...]
    pools: Mapping[str, Pool]
    frames: tuple[tuple[Frame, ...], ...] = field(init=False)
    meanings: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", tuple(make_frames(texts, self.pools) for texts in self.texts))
        words = {word: place for words in self.sets for place, word in enumerate(words)}
        object.__setattr__(self, "meanings", words)

    def options(self, slots: Slots) -> tuple[str, ...]:
        """Return the labels that an instruction states, in its order."""
        return split_labels(slots[LABELS])

    def place(self, slots: Slots, position: int, dice: Dice) -> str:
        """Write a text that deserves the label at a position (labels that a person thought of stand for any)."""
        meaning = self.meanings.get(self.options(slots)[position], position % len(self.frames))
        return dice.pick(self.frames[meaning]).render(fill(self.pools, dice))

    def answer(self, slots: Slots, given: str) -> str:
        """Return the label of a text; for a text that is none of ours, one of the stated labels all the same."""
        options = self.options(slots)
        for meaning, frames in enumerate(self.frames):
            if any(frame.read(given) for frame in frames):
                fitting = [label for label in options if self.meanings.get(label) == meaning]
                if fitting:
                    return fitting[0]
        return options[len(given) % len(options)]


def classification(
    name: str, texts: tuple[str, ...], sorter: Sorter, rows: tuple[str, ...], slots: Mapping[str, Pool]
) -> Family:
    """Make the family of a sorter. Its tails ask for what is done anyway: the label alone."""
    return Family(
        name, texts, {LABELS: rows, **slots}, sorter.answer, options=sorter.options, place=sorter.place, weight=4
    )
