"""Many small draws from one address, at the cost of one hash for about twenty of them.

`core.draw.Draw` hashes once a purpose, which suits draws that must keep their place when code changes. Here only speed
and repeatability count: the n-th draw from an address is always the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from selfgen.canon import hash_int

T = TypeVar("T")
_SPARE_BITS = 64


class Dice:
    """Draws in a row from one address. The bias of a draw is under limit / 2**64."""

    __slots__ = ("_address", "_bits", "_round")

    def __init__(self, *address: object) -> None:
        self._address = address
        self._round = 0
        self._bits = hash_int(*address)

    def below(self, limit: int) -> int:
        """Return an integer in [0, limit)."""
        if self._bits >> _SPARE_BITS < limit:
            self._round += 1
            self._bits = hash_int(*self._address, self._round)
        self._bits, value = divmod(self._bits, limit)
        return value

    def chance(self, rate: float) -> bool:
        """Return True in a share `rate` of cases, in steps of one in 10,000."""
        return self.below(10_000) < rate * 10_000

    def pick(self, items: Sequence[T]) -> T:
        """Return one item."""
        return items[self.below(len(items))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Return `count` items from different positions, in drawn order."""
        chosen: list[int] = []
        size = len(items)
        while len(chosen) < min(count, size):
            place = self.below(size)
            if place not in chosen:
                chosen.append(place)
        return [items[place] for place in chosen]
