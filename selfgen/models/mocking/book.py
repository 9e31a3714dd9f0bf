"""All families of both languages: proposing tasks from them, and finding the family that a text comes from.

A task is a core, with a scene before it or a closing wish behind it or neither. Models come back to their favourite
ideas; the near-duplicates here do the same: they are light variations of a dozen favourites of each language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Literal

from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.frame import STYLE, Family, Frame, Pool, Slots, fill

Lang = Literal["en", "zh"]
FAVOURITES = 12
SCENE_RATE = 0.5
TAIL_RATE = 0.6
LONGEST = 800
"""Characters; no family writes an instruction half as long."""
_ROOMS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "en_number",
        "en_measure",
        "en_list",
        "en_text",
        "en_label",
        "en_extract",
        "en_reword",
        "en_letter",
        "en_ideas",
        "en_facts",
        "en_code",
    ),
    "zh": (
        "zh_number",
        "zh_measure",
        "zh_list",
        "zh_text",
        "zh_label",
        "zh_extract",
        "zh_reword",
        "zh_letter",
        "zh_ideas",
        "zh_facts",
        "zh_code",
    ),
}
_KEY_LENGTH = {"en": 6, "zh": 3}


@dataclass(frozen=True, slots=True)
class Tongue:
    """What one language brings: families, each as often as it weighs; scenes; and openings for near-duplicates."""

    families: tuple[Family, ...]
    scenes: tuple[Frame, ...]
    scene_slots: Mapping[str, Pool]
    openings: tuple[str, ...]
    gap: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A task without its answer: everything needed to write an input for it and to answer it."""

    family: Family
    slots: Slots
    instruction: str


@cache
def tongue(lang: Lang) -> Tongue:
    """Load the families of a language on first use."""
    package = __package__
    words = import_module(f"{package}.{lang}_scenes")
    rooms = [import_module(f"{package}.{room}") for room in _ROOMS[lang]]
    families = tuple(family for room in rooms for family in room.FAMILIES for _ in range(family.weight))
    return Tongue(families, words.SCENES, words.SCENE_SLOTS, words.OPENINGS, words.GAP)


def compose(lang: Lang, dice: Dice) -> Proposal:
    """Draw one task."""
    own = tongue(lang)
    family = dice.pick(own.families)
    slots = fill(family.slots, dice)
    parts = [dice.pick(family.frames).render(slots)]
    if family.tails and dice.chance(TAIL_RATE):
        tail, slots[STYLE] = dice.pick(family.tails)
        parts.append(tail)
    if family.scenes and dice.chance(SCENE_RATE):
        parts.insert(0, dice.pick(own.scenes).render(fill(own.scene_slots, dice)))
    return Proposal(family, slots, own.gap.join(parts))


def compose_near_duplicate(lang: Lang, dice: Dice) -> Proposal:
    """Draw one of the favourites of a language, as it is or with another opening."""
    favourite = compose(lang, Dice("favourite", lang, dice.below(FAVOURITES)))
    opening = dice.pick(tongue(lang).openings)
    return Proposal(favourite.family, favourite.slots, opening + favourite.instruction)


def count_wide(text: str) -> int:
    """Count Chinese characters, roughly: in UTF-8 they take two bytes more than ASCII does."""
    return (len(text.encode("utf-8", "replace")) - len(text)) // 2


def look_up(text: str) -> Proposal | None:
    """Find the task that a text holds, or None where it comes from no family. A text of both languages is tried in
    the language of most of its characters first."""
    if len(text) > LONGEST:
        return None
    order: tuple[Lang, Lang] = ("zh", "en") if count_wide(text) * 4 > len(text) else ("en", "zh")
    for lang in order:
        index, length = _index(lang), _KEY_LENGTH[lang]
        tried: set[int] = set()
        for place in range(len(text) - length + 1):
            for family, frame in index.get(text[place : place + length], ()):
                if id(frame) not in tried:
                    tried.add(id(frame))
                    found = _read(text, family, frame)
                    if found:
                        return found
    return None


def _read(text: str, family: Family, frame: Frame) -> Proposal | None:
    found = frame.read(text)
    if found is None:
        return None
    slots, _, end = found
    slots[STYLE] = family.styles.get(text[end:].strip(), "")
    return Proposal(family, slots, text)


@cache
def _index(lang: Lang) -> dict[str, list[tuple[Family, Frame]]]:
    """Map one run of characters of each frame to the frame: the one that the fewest other frames hold."""
    frames = [(family, frame) for family in dict.fromkeys(tongue(lang).families) for frame in family.frames]
    length = _KEY_LENGTH[lang]
    counts = Counter(key for _, frame in frames for key in set(_keys(frame, length)))
    index: dict[str, list[tuple[Family, Frame]]] = {}
    for family, frame in frames:
        key = min(_keys(frame, length), key=lambda key: counts[key])
        index.setdefault(key, []).append((family, frame))
    return index


def _keys(frame: Frame, length: int) -> list[str]:
    keys = [piece[at : at + length] for piece in frame.pieces for at in range(len(piece) - length + 1)]
    if not keys:
        raise ValueError(f"no piece of {length} characters between the slots of {frame.text!r}")
    return keys
