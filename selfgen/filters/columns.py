"""Numbers in long columns: arrays that grow, and ranges of them. Knows numpy and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Number = TypeVar("Number", np.uint32, np.int32, np.int64, np.uint64)


class Column(Generic[Number]):
    """An array that grows at its end, by doubling. A view taken before stays valid, also for another thread."""

    __slots__ = ("_values", "size")

    def __init__(self, kind: type[Number]) -> None:
        self._values: npt.NDArray[Number] = np.empty(64, dtype=kind)
        self.size = 0

    def extend(self, values: Sequence[int]) -> None:
        """Put values at the end."""
        size = self.size + len(values)
        self._make_room(size)
        self._values[self.size : size] = values
        self.size = size

    def append(self, value: int) -> None:
        """Put one value at the end."""
        self._make_room(self.size + 1)
        self._values[self.size] = value
        self.size += 1

    def _make_room(self, size: int) -> None:
        if size > len(self._values):
            grown = np.empty(max(size, 2 * len(self._values)), dtype=self._values.dtype)
            grown[: self.size] = self._values[: self.size]
            self._values = grown

    @property
    def view(self) -> npt.NDArray[Number]:
        """All values so far."""
        return self._values[: self.size]


def ranges(starts: Ints, counts: Ints) -> Ints:
    """Return all integers of the ranges [start, start + count), one range after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - counts), counts) + np.arange(total)


def pieces(counts: Ints, most: int) -> Iterator[slice]:
    """Yield slices, one behind the other, in each of which the counts add up to at most `most`, or of a single count
    that is larger: how large work is cut so that it never needs much memory at a time."""
    ends = np.cumsum(counts)
    if len(ends) and ends[-1] <= most:
        yield slice(0, len(ends))
        return
    start, before = 0, 0
    while start < len(ends):
        stop = max(start + 1, int(np.searchsorted(ends, before + most, side="right")))
        yield slice(start, stop)
        start, before = stop, int(ends[stop - 1])
