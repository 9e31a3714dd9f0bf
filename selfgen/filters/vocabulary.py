"""Tokens as numbers and as characters, so that arrays and LCS can work on them. Knows no texts, no ids, no scores.

Each token has a key, and so has each repetition of it ("the", the second "the" ...): keys that two texts share are
tokens that they share, with multiplicity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import xor
from threading import Lock

import numpy as np
import numpy.typing as npt

from selfgen.errors import InternalError
from selfgen.filters.columns import Column

MOST_KEYS = 1 << 24

_SURROGATES = range(0xD800, 0xE000)  # code points that no text can have
_MOST_CHARACTER = 0x10FFFF
_SPREAD = 0x9E3779B97F4A7C15  # 2**64 / golden ratio, which spreads keys evenly over the bits of a fingerprint


@dataclass(frozen=True, slots=True)
class Keyed:
    """A text in keys, one for each token, and its fingerprint: 64 bits, each the parity of the keys that fall on it."""

    text: str
    keys: tuple[int, ...]
    bits: int

    def __len__(self) -> int:
        return len(self.keys)


class Vocabulary:
    """Keys for tokens, new ones for new tokens. Safe on several threads.

    At most 16,777,215 keys; more raise InternalError and change nothing."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._key_of: dict[str | tuple[int, int], int] = {}
        self._character_of = Column(np.uint32)
        self._mask_of: list[int] = []

    def read(self, text: str, tokens: Sequence[str]) -> Keyed:
        """Return a text, cut into tokens, in keys."""
        with self._lock:
            if (
                len(self._mask_of) + len(tokens) >= MOST_KEYS
                and len(self._mask_of) + self._count_new(tokens) >= MOST_KEYS
            ):
                raise InternalError(f"a novelty index holds at most {MOST_KEYS - 1:,} different tokens")
            found = list(map(self._key_of.get, tokens))
            keys = [key for key in found if key is not None]
            if len(keys) < len(tokens):
                keys = list(map(self._key, tokens))
            if len(set(keys)) < len(keys):
                self._number(keys)
            bits = reduce(xor, map(self._mask_of.__getitem__, keys), 0)
        return Keyed(text, tuple(keys), bits)

    def _count_new(self, tokens: Sequence[str]) -> int:
        """Return how many keys are needed that there are not yet."""
        times = Counter(tokens)
        new = sum(token not in self._key_of for token in times)
        for token, most in times.items():
            key = self._key_of.get(token, -1)
            new += sum((key, time) not in self._key_of for time in range(2, most + 1))
        return new

    def _number(self, keys: list[int]) -> None:
        """Give the second and further occurrences of a token keys of their own, in place."""
        times: dict[int, int] = {}
        for at, key in enumerate(keys):
            time = times[key] = times.get(key, 0) + 1
            if time > 1:
                keys[at] = self._key((key, time))

    def _key(self, what: str | tuple[int, int]) -> int:
        key = self._key_of.get(what)
        if key is None:
            key = len(self._mask_of)
            self._character_of.extend([_character(key if isinstance(what, str) else what[0])])
            self._mask_of.append(1 << (key * _SPREAD >> 58 & 63))
            self._key_of[what] = key
        return key

    @property
    def size(self) -> int:
        """Return how many keys there are."""
        return len(self._mask_of)

    @property
    def fits(self) -> bool:
        """Tell whether there is a character for each token."""
        return len(self._mask_of) + len(_SURROGATES) <= _MOST_CHARACTER

    def spell(self, keys: Sequence[int] | npt.NDArray[np.uint32], fits: bool) -> str | list[int]:
        """Return tokens as a text of one character each, on which LCS is fastest, or as numbers unless that `fits`."""
        characters = self._character_of.view[np.asarray(keys, dtype=np.uint32)]
        if fits:
            return str(characters.tobytes(), "utf-32-le")
        numbers: list[int] = characters.tolist()
        return numbers


def _character(key: int) -> int:
    """Return the code point that stands for a token's key."""
    return key if key < _SURROGATES.start else key + len(_SURROGATES)
