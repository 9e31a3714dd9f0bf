"""Prefix filtering: finds, among very many texts, the few that can share enough tokens with a given one.

Knows keys, lengths and overlaps; nothing of text, of ids or of ROUGE. A text is a set of integer keys, one for each
token and occurrence of it ("the", the second "the" ...), so that keys in common are tokens in common.

Order the keys of every text from rare to frequent. Two texts that share at least c keys, of m and n, share one among
the first m - c + 1 of the one and the first n - c + 1 of the other; and if the first that they share stands at i and j,
then c cannot exceed m - i or n - j. (Chaudhuri et al. 2006, Bayardo et al. 2007; the positions from PPJoin, Xiao et al.
2008.) So only short beginnings are indexed, most of them rare keys, and looking a text up touches a few hundred entries
among ten thousand texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from selfgen.filters.columns import Ints, pieces, ranges

Keys = npt.NDArray[np.uint32]
Entries = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int32]

MOST_TEXTS = (1 << 24) - 1
"""Texts that one segment can hold."""

_MOST_REST = (1 << 16) - 1
_FAR = 1 << 40
_FINEST = 1 << 20  # denominators: with finer ones and long texts the products would leave 64 bits
_AT_ONCE = 1 << 20  # entries that are looked at in one go
_BROAD = 1  # entries a text of the segment; from there on it is better to compare the fingerprints of all texts
_NO_KEY = (1 << 32) - 1


class Bounds:
    """What a floor for 2 c / (m + n), the score, asks of the number c of keys in common. Integers all the way.

    The sieves ask for no more than the floor does, and for a little less where the floor is a fraction too fine for 64
    bits; `reaches` is exact always."""

    __slots__ = ("_high", "_low", "_needed", "floor")

    def __init__(self, floor: Fraction) -> None:
        self.floor = floor
        if floor.denominator > _FINEST:
            floor = Fraction(floor.numerator * _FINEST // floor.denominator, _FINEST)
        self._high, self._low = floor.numerator, 2 * floor.denominator
        self._needed = np.zeros(0, dtype=np.int32)

    def reaches(self, common: int, total: int) -> bool:
        """Tell whether texts of `total` = m + n keys with `common` shared ones score at least the floor."""
        return 2 * common * self.floor.denominator >= self.floor.numerator * total

    def table(self, most: int) -> Counts:
        """Return the fewest keys in common, at least 1, for texts of m + n keys, by m + n from 0 to `most` or more."""
        needed = self._needed  # read once: another thread may put a shorter one in its place at any time
        if most >= len(needed):
            totals = np.arange(2 * most + 64)
            needed = np.maximum((self._high * totals + self._low - 1) // self._low, 1).astype(np.int32)
            self._needed = needed
        return needed

    def shortest(self, length: Ints) -> Ints:
        """Return the fewest keys that a partner of a text of `length` keys can have."""
        counts: Ints = -(-self._high * length // (self._low - self._high))
        return np.maximum(counts, 1)

    def longest(self, length: Ints, common: Ints) -> Ints:
        """Return the most keys that a partner can have with whom at most `common` keys are shared."""
        if not self._high:
            return np.full_like(length, _FAR)
        totals: Ints = self._low * common // self._high
        return totals - length

    def prefix(self, length: Ints) -> Ints:
        """Return how many of the rarest keys of a text have to be looked up, or indexed."""
        total = length + self.shortest(length)
        needed = np.maximum((self._high * total + self._low - 1) // self._low, 1)
        counts: Ints = length - needed + 1
        return np.maximum(counts, 0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts to look up: their keys one after the other, alike the number of the text of each, and the lengths of all
    texts. `needed` is the table of bounds, long enough for any two texts of the segment and the batch."""

    keys: Ints
    number: Ints
    length: Ints
    needed: Counts


class Segment:
    """An immutable index of the texts at positions [first, last) of a list.

    One sorted array of 64-bit entries: key (24 bits), text (24 bits, numbered by length), keys from here to the end of
    the text (16 bits, more counts as 65,535). About 8 bytes for each indexed key. At most MOST_TEXTS texts."""

    __slots__ = ("_bounds", "_entries", "_frequency", "_known", "_lengths", "_positions", "_shorter", "first", "last")

    def __init__(self, bounds: Bounds, first: int, keys: Keys, lengths: Counts) -> None:
        """`keys` of all texts one after the other, in any order within a text; `lengths` counts those of each."""
        self._bounds = bounds
        self.first = first
        self.last = first + len(lengths)
        order = np.argsort(lengths, kind="stable")
        self._positions = (order + first).astype(np.int32)
        self._lengths = lengths[order].astype(np.int32)
        # By length: how many texts are shorter.
        self._shorter = np.searchsorted(self._lengths, np.arange(int(self._lengths[-1]) + 2))
        frequency = np.bincount(keys)
        known = frequency.nonzero()[0]
        # The keys that occur, in order, and how often; behind them a key that nothing has.
        self._known = np.append(known, _NO_KEY).astype(np.uint32)
        self._frequency = np.append(frequency[known], 0).astype(np.int32)
        number = np.empty(len(lengths), dtype=np.int64)
        number[order] = np.arange(len(lengths))
        self._entries = self._pack(keys, np.repeat(number, lengths))

    def _pack(self, keys: Keys, texts: Ints) -> Entries:
        """Return the entries: of each text, its rarest keys."""
        known = self._known[:-1]
        rarity = known[np.argsort(self._frequency[:-1], kind="stable")].astype(np.int64)
        rank = np.empty(int(known[-1]) + 1, dtype=np.int64)
        rank[rarity] = np.arange(len(rarity))
        ranked = np.sort(texts << 32 | rank[keys])
        texts = ranked >> 32
        lengths = self._lengths.astype(np.int64)
        place = np.arange(len(ranked)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        indexed = place < self._bounds.prefix(lengths)[texts]
        texts = texts[indexed]
        rest = np.minimum(lengths[texts] - place[indexed], _MOST_REST)
        chosen = rarity[ranked[indexed] & 0xFFFFFFFF]
        entries: Entries = (chosen << 40 | texts << 16 | rest).astype(np.uint64)
        entries.sort()
        return entries

    def __len__(self) -> int:
        return self.last - self.first

    def find(self, batch: Batch) -> tuple[Iterator[tuple[Ints, Ints]], Ints]:
        """Return (number, position) pairs that may reach the floor, and the numbers of texts that were not looked up.

        The pairs come in pieces; none that reaches the floor is missing, some come twice. Not looked up are texts whose
        keys are so frequent here that it is faster to compare their fingerprints with those of all."""
        keys, number, place, known = self._order(batch)
        length = batch.length[number]
        rest = length - place
        looked = (place < self._bounds.prefix(length)) & known
        keys, number, length, rest = keys[looked], number[looked], length[looked], rest[looked]
        low = self._count_shorter(self._bounds.shortest(length))
        high = self._count_shorter(self._bounds.longest(length, rest) + 1)
        edges = np.concatenate([keys << 40 | low << 16, keys << 40 | high << 16]).astype(np.uint64)
        starts, ends = np.searchsorted(self._entries, edges).reshape(2, -1)
        counts = np.maximum(ends - starts, 0)
        broad = np.empty(0, dtype=np.int64)
        if counts.sum() > _BROAD * len(self):
            entries = np.bincount(number, counts, len(batch.length))
            broad = (entries > _BROAD * len(self)).nonzero()[0]
            narrow = (entries <= _BROAD * len(self))[number]
            number, length, starts, counts = number[narrow], length[narrow], starts[narrow], counts[narrow]
        return self._follow(starts, counts, number, length, batch.needed), broad

    def _follow(
        self, starts: Ints, counts: Ints, number: Ints, length: Ints, needed: Counts
    ) -> Iterator[tuple[Ints, Ints]]:
        for part in pieces(counts, _AT_ONCE):
            entries = self._entries[ranges(starts[part], counts[part])]
            numbers, lengths = (np.repeat(each[part], counts[part]) for each in (number, length))
            yield self._keep_possible(entries, numbers, lengths, needed)

    def _count_shorter(self, lengths: Ints) -> Ints:
        found: Ints = self._shorter[np.maximum(np.minimum(lengths, len(self._shorter) - 1), 0)]
        return found

    def _order(self, batch: Batch) -> tuple[Ints, Ints, Ints, npt.NDArray[np.bool_]]:
        """Return (key, number of its text, place in it, whether any text here has it), the keys of each text from rare
        to frequent."""
        at = self._known.searchsorted(batch.keys.astype(np.uint32))
        known = self._known[at] == batch.keys
        frequency = self._frequency[at] * known
        order = _sort(batch.number, frequency, batch.keys)
        starts = np.cumsum(batch.length) - batch.length
        return batch.keys[order], batch.number, np.arange(len(order)) - starts[batch.number], known[order]

    def _keep_possible(self, entries: Entries, number: Ints, length: Ints, needed: Counts) -> tuple[Ints, Ints]:
        """Return (number, position) of the entries whose remaining keys are enough."""
        texts = (entries >> np.uint64(16)).astype(np.int64) & 0xFFFFFF
        rest = (entries & np.uint64(_MOST_REST)).astype(np.int64)
        enough = np.minimum(needed[length + self._lengths[texts]], _MOST_REST) <= rest
        return number[enough], self._positions[texts[enough]].astype(np.int64)


def _sort(number: Ints, frequency: Counts, keys: Ints) -> Ints:
    """Return the order by number, then frequency, then key: in one sort where the three fit into 64 bits."""
    if not len(number) or (number[-1] < 1 << 15 and frequency.max() < 1 << 24):
        return np.argsort(number << 48 | frequency.astype(np.int64) << 24 | keys)
    return np.lexsort((keys, frequency, number))
