"""Many texts in arrays: which of them can be near to a given one, by fingerprint, and which is nearest, by LCS.

Knows keys, positions and scores; nothing of ids, limits or drafts. Pairs of a text and a position travel as one number,
text << 32 | position.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq

from selfgen.filters.columns import Column, Ints, pieces, ranges
from selfgen.filters.prefix import Bounds
from selfgen.filters.vocabulary import Keyed, Vocabulary

_CELLS = 1 << 17  # pairs of fingerprints that are compared at a time: as many as a processor's cache holds
_CHUNK = 256  # pairs of texts that are compared before those that follow are looked through again
_TOKENS = 1 << 18  # tokens that are spelled out at a time
_LONG = 256  # tokens from which on a fingerprint tells little, and counting shared keys costs far less than LCS


class Best:
    """The nearest text so far: its position (-1: none), its LCS and m + n. `score` is half of the F1."""

    __slots__ = ("lcs", "position", "score", "total")

    def __init__(self) -> None:
        self.position, self.lcs, self.total, self.score = -1, 0, 1, 0.0

    def offer(self, lcs: int, total: int, position: int) -> None:
        """Take a text that is nearer, or as near and added earlier.

        Floats are safe here: a quotient of integers under 2**26 is rounded the same for equal fractions, and never so
        far that two different ones change places."""
        score = lcs / total
        if score > self.score or (score == self.score and lcs and position < self.position):
            self.position, self.lcs, self.total, self.score = position, lcs, total, score


class Corpus:
    """Texts by position. One thread may append while others look."""

    def __init__(self, words: Vocabulary) -> None:
        self._words = words
        self._keys = Column(np.uint32)
        self._starts = Column(np.int64)
        self._lengths = Column(np.int32)
        self._bits = Column(np.uint64)
        self._longest = 0

    def append(self, text: Keyed) -> None:
        """Put a text at the next position."""
        self._starts.append(self._keys.size)
        self._keys.extend(text.keys)
        self._bits.append(text.bits)
        self._longest = max(self._longest, len(text))
        self._lengths.append(len(text.keys))

    def keys_from(self, first: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
        """Return the keys of all texts from a position on, one after the other, and the lengths of the texts."""
        return self._keys.view[int(self._starts.view[first]) :], self._lengths.view[first:]

    def table(self, bounds: Bounds, texts: Sequence[Keyed]) -> npt.NDArray[np.int32]:
        """Return a table of bounds long enough for each of the texts with any of the corpus."""
        return bounds.table(self._longest + max(map(len, texts), default=0))

    def shared(self, bits: Any, length: Any, at: Any) -> tuple[Ints, Ints]:
        """Return (most keys that can be shared, keys of both together) of texts and of those at positions `at`."""
        total = self._lengths.view[at] + length
        return _most_shared(total, self._bits.view[at] ^ bits), total

    def scan(
        self, texts: Sequence[Keyed], start: int, end: int, bounds: Bounds, only: Ints | None = None
    ) -> Iterator[Ints]:
        """Sieve the positions from start to end by fingerprint, for all texts that have tokens or for `only` those of
        some numbers. Yields pairs."""
        lengths, bits = columns_of(texts)
        numbers = lengths.nonzero()[0] if only is None else only
        needed = self.table(bounds, texts)
        step = max(1, _CELLS // max(1, end - start))
        for first in range(0, len(numbers), step):
            rows = numbers[first : first + step]
            shared, total = self.shared(bits[rows, None], lengths[rows, None], slice(start, end))
            number, position = (shared >= needed[total]).nonzero()
            yield rows[number] << 32 | position + start

    def compare(self, texts: Sequence[Keyed], pairs: Ints, best: Sequence[Best], bounds: Bounds | None = None) -> None:
        """Find the nearest among pairs by LCS, in falling order of the score that each can have at most, up to the
        first that cannot beat what was found. For long texts the bound is exact: the keys that both have are counted;
        and with `bounds`, those pairs are left out that share too few."""
        lengths, bits = columns_of(texts)
        number, positions = pairs >> 32, pairs & 0xFFFFFFFF
        shared, total = self.shared(bits[number], lengths[number], positions)
        long = (lengths > _LONG).nonzero()[0].tolist()
        for each in long:
            own = (number == each).nonzero()[0]
            shared[own] = self.count_shared(texts[each], positions[own])
        if long and bounds is not None:
            enough = shared >= self.table(bounds, texts)[total]
            number, positions, shared, total = number[enough], positions[enough], shared[enough], total[enough]
        limits = shared / total
        order = np.lexsort((positions, -limits))
        scores = np.array([one.score for one in best])
        places = np.array([one.position for one in best])
        fits = self._words.fits
        spelled: dict[int, str | list[int]] = {}
        for start in range(0, len(order), _CHUNK):
            chunk = order[start : start + _CHUNK]
            score, place = scores[number[chunk]], places[number[chunk]]
            chunk = chunk[(limits[chunk] > score) | ((limits[chunk] == score) & (positions[chunk] < place))]
            others = self.spell(positions[chunk], fits)
            columns = (each[chunk].tolist() for each in (number, positions, limits, total))
            for other, n, position, limit, keys in zip(others, *columns, strict=True):
                so_far = best[n]
                if limit > so_far.score or (limit == so_far.score and position < so_far.position):
                    mine = spelled.get(n) or spelled.setdefault(n, self._words.spell(texts[n].keys, fits))
                    so_far.offer(LCSseq.similarity(mine, other), keys, position)
                    scores[n], places[n] = so_far.score, so_far.position

    def keep_near(self, text: Keyed, positions: Ints, bounds: Bounds) -> Ints:
        """Return those positions whose texts share enough keys with a long text; all of them for a short one."""
        if len(text) <= _LONG:
            return positions
        enough = self.table(bounds, [text])[self._lengths.view[positions] + len(text)]
        return positions[self.count_shared(text, positions) >= enough]

    def count_shared(self, text: Keyed, positions: Ints) -> Ints:
        """Return how many keys a text shares with each of those at some positions."""
        shared = np.zeros(len(positions), dtype=np.int64)
        if not len(positions):
            return shared
        lengths = self._lengths.view[positions].astype(np.int64)
        starts = self._starts.view[positions]
        all_keys = self._keys.view
        mark = np.zeros(self._words.size, dtype=bool)
        mark[np.asarray(text.keys, dtype=np.uint32)] = True
        for part in pieces(lengths, _TOKENS):
            found = mark[all_keys[ranges(starts[part], lengths[part])]]
            shared[part] = np.add.reduceat(found, np.cumsum(lengths[part]) - lengths[part], dtype=np.int64)
        return shared

    def spell(self, positions: Ints, fits: bool) -> Iterator[str | list[int]]:
        """Yield the texts at some positions, spelled; see Vocabulary."""
        lengths = self._lengths.view[positions].astype(np.int64)
        starts = self._starts.view[positions]
        for part in pieces(lengths, _TOKENS):
            whole = self._words.spell(self._keys.view[ranges(starts[part], lengths[part])], fits)
            ends = np.cumsum(lengths[part]).tolist()
            yield from (whole[start:end] for start, end in zip([0, *ends], ends, strict=False))


def pairs_within(texts: Sequence[Keyed], bounds: Bounds) -> list[list[int]]:
    """Return for each text those of the same list, and itself, that its fingerprint lets pass."""
    lengths, bits = columns_of(texts)
    needed = bounds.table(2 * int(lengths.max(initial=0)))
    within: list[list[int]] = [[] for _ in texts]
    step = max(1, _CELLS // max(1, len(texts)))
    for first in range(0, len(texts), step):
        rows, earlier = slice(first, first + step), slice(0, first + step)
        total = lengths[rows, None] + lengths[earlier]
        shared = _most_shared(total, bits[rows, None] ^ bits[earlier])
        numbers, others = np.tril(shared >= needed[total], first).nonzero()
        for number, other in zip((numbers + first).tolist(), others.tolist(), strict=True):
            within[number].append(other)
            if other < number:
                within[other].append(number)
    return within


def columns_of(texts: Sequence[Keyed]) -> tuple[Ints, npt.NDArray[np.uint64]]:
    """Return the lengths and the fingerprints of texts."""
    lengths = np.array([len(text.keys) for text in texts], dtype=np.int64)
    return lengths, np.array([text.bits for text in texts], dtype=np.uint64)


def _most_shared(total: Any, differing: Any) -> Any:
    """Return how many keys two texts can share at most, by the bits in which their fingerprints differ.

    A key that only one of the two has turns one bit over; so of m + n keys, at least as many as bits differ are not
    shared."""
    return (total - np.bitwise_count(differing)) >> 1
