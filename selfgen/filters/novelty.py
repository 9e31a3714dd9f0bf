"""The novelty index: how close is a text to everything that is there already, exactly and fast.

Knows tokens and ids, and is usable as a library; knows nothing of tasks, gates or where texts come from. The score is
ROUGE-L F1 = 2 * LCS / (m + n) on the tokens of tokens.py, with m and n the lengths and LCS the length of the longest
common subsequence; self-instruct rejects above 0.7. Decisions are made in integers: 7 of 10 is not above 0.7, whatever
a float makes of it.

How the nearest is found without comparing with everything: two texts cannot have a longer common subsequence than the
number of tokens that they share. Three sieves bound that number, each dearer and finer than the one before: lengths and
rare tokens (prefix.py), a fingerprint of 64 bits (the bits in which two of them differ are tokens not shared; for long
texts the shared tokens are counted), and LCS itself, in falling order of the bound, up to the first that cannot beat
what was found. None of them changes a decision; there is no sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from rapidfuzz.distance import LCSseq

from selfgen.filters.columns import Ints
from selfgen.filters.corpus import Best, Corpus, columns_of, pairs_within
from selfgen.filters.prefix import MOST_TEXTS, Batch, Bounds, Segment
from selfgen.filters.rule import read_fraction
from selfgen.filters.tokens import comparison_text, comparison_tokens
from selfgen.filters.vocabulary import Keyed, Vocabulary

Tokenizer = Callable[[str], Sequence[str]]
Decimal = str | float | Fraction

_TOGETHER = 1 << 20  # pairs that are held before they are compared
_WITHIN = 1024  # texts of one look, up to which it pays to compare the fingerprints of all with all


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A text of an index: `lcs` tokens in common, in order, of `own` and `other` tokens.

    `same_text` marks the one case without tokens (emoji, punctuation): the texts are equal as they stand, and only then
    are they neighbours at all."""

    id: str
    lcs: int
    own: int
    other: int
    same_text: bool = False

    @property
    def score(self) -> Fraction:
        """ROUGE-L F1, exact, in [0, 1]."""
        return Fraction(1) if self.same_text else Fraction(2 * self.lcs, self.own + self.other)

    def __float__(self) -> float:
        return 1.0 if self.same_text else 2 * self.lcs / (self.own + self.other)


class NoveltyIndex:
    """Texts by id, asked for the nearest one. Among equally near ones the first added is named.

    `limit` and `floor` are decimals ("0.7"), taken as the exact fractions they spell. What is at or above the floor (by
    default the limit) is found fast; what is below it, and only `nearest` asks for that, costs a pass over all texts.
    `tail` is how many texts are compared by fingerprint alone before they are indexed; it changes no answer.

    One thread may add while others look. Memory: about 250 bytes for an instruction of ten words, and its id. At most
    16,777,215 different tokens; one more raises InternalError and changes nothing."""

    def __init__(
        self,
        limit: Decimal = "0.7",
        floor: Decimal | None = None,
        tokenize: Tokenizer = comparison_tokens,
        *,
        tail: int = 1024,
    ) -> None:
        self.limit = read_fraction("rouge", "limit", limit)
        self.floor = self.limit if floor is None else min(self.limit, read_fraction("rouge", "floor", floor))
        self._bounds = Bounds(self.floor)
        self._tokenize = tokenize
        self._tail = tail
        self._words = Vocabulary()
        self._corpus = Corpus(self._words)
        self._ids: list[str] = []
        self._without_tokens: dict[str, list[str]] = {}
        self._count_without_tokens = 0
        self._segments: tuple[Segment, ...] = ()

    def __len__(self) -> int:
        return len(self._ids) + self._count_without_tokens

    def add(self, id: str, text: str) -> None:
        """Put a text into the index. The same id may come more than once, for several texts of one owner."""
        self._add(id, self._read(text))

    def check(self, text: str) -> Neighbour | None:
        """Return the nearest text if it is strictly above the limit."""
        near = self.look([text]).nearest(0)
        return near if self.above(near) else None

    def look(self, texts: Sequence[str]) -> Look:
        """Compare several texts with all that is there, at once: faster than one by one."""
        return Look(self, [self._read(text) for text in texts])

    def nearest(self, text: str) -> Neighbour | None:
        """Return the text with the highest score, however low; None where none has a token in common."""
        query = self._read(text)
        near = Look(self, [query]).nearest(0)
        if near is None and query.keys and self.floor:
            best = Best()
            self._corpus.compare([query], np.arange(len(self._ids)), [best])
            near = self._show(query, best)
        return near

    def neighbours(
        self, text: str, floor: Decimal, most: int | None = 10, among: Collection[str] | None = None
    ) -> list[Neighbour]:
        """Return the texts that score at least `floor`, at most `most` of them, the nearest first.

        With `among`, only texts with one of these ids. A floor below that of the index costs a pass over all texts."""
        query, lowest = self._read(text), read_fraction("rouge", "floor", floor)
        if not query.keys:
            same = self._same_texts(query)
            return [near for near in same if among is None or near.id in among][:most]
        positions = self._pass_sieves(query, lowest)
        if among is not None:
            ids = self._ids
            positions = np.array([at for at in positions.tolist() if ids[at] in among], dtype=np.int64)
        fits = self._words.fits
        own, others = self._words.spell(query.keys, fits), self._corpus.spell(positions, fits)
        found = []
        for position, other in zip(positions.tolist(), others, strict=True):
            near = Neighbour(self._ids[position], LCSseq.similarity(own, other), len(own), len(other))
            if near.lcs and near.score >= lowest:
                found.append((-near.score, position, near))
        return [near for _, _, near in sorted(found)[:most]]

    def count_possible(self, text: str, floor: Decimal) -> int:
        """Return how many texts `neighbours` would compare by LCS: never fewer than it finds, and quick to tell."""
        query = self._read(text)
        if not query.keys:
            return len(self._same_texts(query))
        return len(self._pass_sieves(query, read_fraction("rouge", "floor", floor)))

    def above(self, neighbour: Neighbour | None) -> bool:
        """Tell whether the score is strictly above the limit, in integers."""
        if neighbour is None or neighbour.same_text:
            return neighbour is not None and self.limit < 1
        high, low = self.limit.numerator, self.limit.denominator
        return 2 * neighbour.lcs * low > high * (neighbour.own + neighbour.other)

    def _read(self, text: str) -> Keyed:
        return self._words.read(text, self._tokenize(text))

    def _add(self, id: str, text: Keyed) -> None:
        if not text.keys:
            self._without_tokens.setdefault(comparison_text(text.text), []).append(id)
            self._count_without_tokens += 1
            return
        self._corpus.append(text)
        self._ids.append(id)  # last: whoever counts the ids finds all the rest in place
        if len(self._ids) - _indexed(self._segments) >= self._tail:
            self._index_tail()

    def _index_tail(self) -> None:
        """Make a segment of the tail; as long as the one before it is no larger, take both together. So there are few,
        and a text is indexed anew only some ten times in a million."""
        first, segments = _indexed(self._segments), list(self._segments)
        while segments and len(segments[-1]) <= len(self._ids) - first <= MOST_TEXTS - len(segments[-1]):
            first = segments.pop().first
        self._segments = (*segments, Segment(self._bounds, first, *self._corpus.keys_from(first)))

    def _find(self, texts: Sequence[Keyed]) -> tuple[int, list[Best]]:
        """Return how many texts there are, and what is nearest among them, for each text. What is below the floor may
        be missed."""
        segments = self._segments  # before the ids are counted: what no segment holds is in the tail
        count = len(self._ids)
        best = [Best() for _ in texts]
        held: list[Ints] = []
        for pairs in self._sieve(texts, segments, count):
            held.append(pairs)
            if sum(map(len, held)) > _TOGETHER:
                self._corpus.compare(texts, np.concatenate(held), best, self._bounds)
                held = []
        if held:
            self._corpus.compare(texts, np.concatenate(held), best, self._bounds)
        return count, best

    def _sieve(self, texts: Sequence[Keyed], segments: Sequence[Segment], count: int) -> Iterator[Ints]:
        """Find what may reach the floor, among the first `count` texts. Yields pairs, some of them twice."""
        since = 0
        if count > 2 * self._tail and texts:
            yield from self._search(segments, texts)
            since = _indexed(segments)
        if since < count:
            yield from self._corpus.scan(texts, since, count, self._bounds)

    def _search(self, segments: Sequence[Segment], texts: Sequence[Keyed]) -> Iterator[Ints]:
        """Sieve by rare tokens, then by fingerprint, all texts at once."""
        lengths, bits = columns_of(texts)
        keys = np.array([key for text in texts for key in text.keys], dtype=np.int64)
        needed = self._corpus.table(self._bounds, texts)
        batch = Batch(keys, np.repeat(np.arange(len(texts)), lengths), lengths, needed)
        for segment in segments:
            found, broad = segment.find(batch)
            for number, position in found:
                shared, total = self._corpus.shared(bits[number], lengths[number], position)
                possible = shared >= needed[total]
                yield np.unique(number[possible] << 32 | position[possible])
            if len(broad):
                yield from self._corpus.scan(texts, segment.first, segment.last, self._bounds, broad)

    def _pass_sieves(self, query: Keyed, floor: Fraction) -> Ints:
        """Return the positions of what may reach a floor, in order."""
        segments = self._segments
        count = len(self._ids)
        if floor >= self.floor:
            found = list(self._sieve([query], segments, count))
        else:
            found = list(self._corpus.scan([query], 0, count, Bounds(floor)))
        positions = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
        return self._corpus.keep_near(query, positions, Bounds(floor))

    def _same_texts(self, text: Keyed) -> list[Neighbour]:
        """Return what equals a text without tokens, the first added first."""
        owners = self._without_tokens.get(comparison_text(text.text), ())
        return [Neighbour(owner, 0, 0, 0, same_text=True) for owner in owners]

    def _show(self, text: Keyed, best: Best) -> Neighbour | None:
        """Return what was found in a form to show. For a text without tokens that is the text equal to it."""
        if not text.keys:
            return next(iter(self._same_texts(text)), None)
        if best.position < 0:
            return None
        return Neighbour(self._ids[best.position], best.lcs, len(text), best.total - len(text))


class Look:
    """Several texts compared with an index as it was, and brought up to date for one text at a time.

    The answers are the same as if each text were looked up when it is asked for. What was worked out ahead makes that
    cheap: only what was added since is compared, and of these texts themselves only the pairs that a fingerprint
    lets pass. The texts may be asked for and added in any order."""

    __slots__ = ("_best", "_count", "_index", "_position", "_texts", "_within")

    def __init__(self, index: NoveltyIndex, texts: Sequence[Keyed]) -> None:
        self._index = index
        self._texts = texts
        self._count, self._best = index._find(texts)
        self._within: list[list[int]] | None = None
        self._position: dict[int, int] = {}

    def nearest(self, number: int) -> Neighbour | None:
        """Return the nearest text of the index, as it is now, to the text of this number: one at or above the floor."""
        text, best, index = self._texts[number], self._best[number], self._index
        count = len(index._ids)
        if len(self._texts) <= _WITHIN and count - self._count == len(self._position):
            self._compare_within(number)
        elif count - self._count <= 4 * index._tail:
            for pairs in index._corpus.scan([text], self._count, count, index._bounds):
                index._corpus.compare([text], pairs, [best], index._bounds)
        else:
            best = index._find([text])[1][0]
        good = best.position >= 0 and index._bounds.reaches(best.lcs, best.total)
        return index._show(text, best if good else Best())

    def _compare_within(self, number: int) -> None:
        """Compare with those of these texts that were added by now: nothing else was."""
        words, own = self._index._words, self._texts[number].keys
        if not own or not self._position:
            return
        if self._within is None:
            self._within = pairs_within(self._texts, self._index._bounds)
        added = [other for other in self._within[number] if other in self._position]
        if not added:
            return
        fits, bounds, mine = words.fits, self._index._bounds, set(own)
        for other in added:
            keys = self._texts[other].keys
            # Counting what both have is cheaper than LCS, and rules out most of what a fingerprint lets pass.
            if bounds.reaches(len(mine.intersection(keys)), len(own) + len(keys)):
                lcs = LCSseq.similarity(words.spell(own, fits), words.spell(keys, fits))
                self._best[number].offer(lcs, len(own) + len(keys), self._position[other])

    def add(self, number: int, id: str) -> None:
        """Put the text of this number into the index."""
        text = self._texts[number]
        if text.keys:
            self._position[number] = len(self._index._ids)
        self._index._add(id, text)


def _indexed(segments: Sequence[Segment]) -> int:
    return segments[-1].last if segments else 0
