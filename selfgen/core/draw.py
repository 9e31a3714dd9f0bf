"""Randomness with an address: every draw is a pure function of (run seed, call id, purpose).

The algorithms are spelled out here and not borrowed from `random`, whose `sample` may change between Python versions;
a dataset must come out the same in ten years.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from selfgen.canon import hash_int

T = TypeVar("T")


class Draw:
    """Draws for one address. Drawing twice for the same purpose gives the same result."""

    __slots__ = ("_address",)

    def __init__(self, *address: object) -> None:
        self._address = address

    def below(self, limit: int, *purpose: object) -> int:
        """Return an integer in [0, limit). The bias of the modulus is under limit / 2**256."""
        return hash_int(*self._address, *purpose) % limit

    def seed(self, *purpose: object) -> int:
        """Return a non-negative integer of 31 bits, which every server accepts as its seed."""
        return self.below(2**31, *purpose)

    def sample(self, items: Sequence[T], count: int, *purpose: object) -> list[T]:
        """Return `count` items from distinct positions in drawn order (Fisher-Yates), all if there are fewer."""
        size = len(items)
        moved: dict[int, int] = {}
        chosen = []
        for i in range(min(count, size)):
            j = i + self.below(size - i, *purpose, i)
            chosen.append(moved.get(j, j))
            moved[j] = moved.get(i, i)
        return [items[index] for index in chosen]

    def shuffle(self, items: Sequence[T], *purpose: object) -> list[T]:
        """Return all items in drawn order."""
        return self.sample(items, len(items), *purpose)
