"""ROUGE-L novelty: how close is an instruction to everything that is there already, exactly and fast.

`NoveltyIndex` knows tokens and ids, and is usable as a library; `RougeFilter` puts it behind a gate. Neither knows
where texts come from. The score is ROUGE-L F1 = 2 * LCS / (m + n) on the tokens of tokens.py, with m and n the lengths
and LCS the length of the longest common subsequence; self-instruct rejects above 0.7. Decisions are made in integers:
7 of 10 is not above 0.7, whatever a float makes of it.

How the nearest is found without comparing with everything: two texts cannot have a longer common subsequence than the
number of tokens they share, counted with multiplicity. An inverted index of (token, which occurrence of it) gives this
number for all texts in a few array operations; LCS is then computed in falling order of the bound, and stops at the
first bound that cannot beat what was found. The nearest is exact, near or far; no floor, no sampling.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq

from selfgen.core.ports import Finding, Scope
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.errors import BadConfig, InternalError
from selfgen.filters.rule import read_fraction
from selfgen.filters.tokens import comparison_text, comparison_tokens

_MOST_CODES = 0x110000 - 0x800  # code points without the surrogates
_UNKNOWN = "\0"  # stands for a token of a query that no text of the index has; matches nothing


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The nearest text of an index: `lcs` tokens in common, in order, of `own` and `other` tokens.

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

    `limit` is a decimal ("0.7") and taken as the exact fraction it spells. Memory: about
    400 bytes for an instruction of ten words, grown by doubling. At most 1,112,063 different tokens, the vocabulary of
    some ten million instructions; one more raises InternalError and changes nothing."""

    def __init__(self, limit: str | float | Fraction = "0.7") -> None:
        self.limit = read_fraction("rouge", "limit", limit)
        self._ids: list[str] = []
        self._characters: dict[str, str] = {}
        self._texts: list[str] = []
        self._lengths = array("i")
        self._postings: dict[tuple[str, int], array[int]] = {}
        self._without_tokens: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._ids) + len(self._without_tokens)

    def add(self, id: str, text: str) -> None:
        """Put a text into the index. The same id may come more than once, for several texts of one owner."""
        tokens = comparison_tokens(text)
        if not tokens:
            self._without_tokens.setdefault(comparison_text(text), id)
            return
        self._texts.append("".join(map(self._character, tokens)))
        position = len(self._ids)
        for key in _occurrences(tokens):
            self._postings.setdefault(key, array("i")).append(position)
        self._lengths.append(len(tokens))
        self._ids.append(id)

    def nearest(self, text: str) -> Neighbour | None:
        """Return the text with the highest score; None where none has a token in common."""
        tokens = comparison_tokens(text)
        if not tokens:
            owner = self._without_tokens.get(comparison_text(text))
            return None if owner is None else Neighbour(owner, 0, 0, 0, same_text=True)
        bounds = self._bounds(tokens)
        if bounds is None:
            return None
        lcs, position = self._search(tokens, bounds)
        return Neighbour(self._ids[position], lcs, len(tokens), self._lengths[position])

    def above(self, neighbour: Neighbour | None) -> bool:
        """Tell whether the score is strictly above the limit, in integers."""
        if neighbour is None or neighbour.same_text:
            return neighbour is not None and self.limit < 1
        high, low = self.limit.numerator, self.limit.denominator
        return 2 * neighbour.lcs * low > high * (neighbour.own + neighbour.other)

    def check(self, text: str) -> bool:
        """Tell whether anything in the index is strictly above the limit."""
        return self.above(self.nearest(text))

    def _character(self, token: str) -> str:
        """Return the character that stands for a token, a new one for a new token; never U+0000, never a surrogate."""
        character = self._characters.get(token)
        if character is None:
            code = len(self._characters) + 1
            if code >= _MOST_CODES:
                raise InternalError(f"a novelty index holds at most {_MOST_CODES - 1} different tokens")
            character = self._characters[token] = chr(code if code < 0xD800 else code + 0x800)
        return character

    def _bounds(self, tokens: Sequence[str]) -> npt.NDArray[np.float64] | None:
        """Return for every text half a score that it cannot exceed, or None where no token is known.

        Floats are safe here: a quotient of integers under 2**26 is rounded the same for equal fractions, and never so
        far that two different ones change places."""
        found = [self._postings[key] for key in _occurrences(tokens) if key in self._postings]
        if not found:
            return None
        positions = np.concatenate([np.frombuffer(posting, dtype=np.int32) for posting in found])
        shared = np.bincount(positions, minlength=len(self._ids))
        bounds: npt.NDArray[np.float64] = shared / (np.frombuffer(self._lengths, dtype=np.int32) + len(tokens))
        return bounds

    def _search(self, tokens: Sequence[str], bounds: npt.NDArray[np.float64]) -> tuple[int, int]:
        """Return (LCS, position) of the best text: the highest score, and of equal ones the first position.

        Scores and bounds are halves here, LCS / (m + n), which spares a pass over all texts."""
        own = len(tokens)
        text = "".join([self._characters.get(token, _UNKNOWN) for token in tokens])
        position = int(bounds.argmax())
        best_lcs = LCSseq.similarity(text, self._texts[position])
        best = best_lcs / (own + self._lengths[position])
        candidates = np.flatnonzero(bounds >= best)
        order = candidates[np.argsort(-bounds[candidates], kind="stable")]
        for candidate, bound in zip(order.tolist(), bounds[order].tolist(), strict=True):
            if bound < best:
                break
            lcs = LCSseq.similarity(text, self._texts[candidate])
            score = lcs / (own + self._lengths[candidate])
            if score > best or (score == best and candidate < position):
                best, best_lcs, position = score, lcs, candidate
        return best_lcs, position


def _occurrences(tokens: Sequence[str]) -> list[tuple[str, int]]:
    """Number equal tokens (0, 1 ...), so that sharing these pairs is sharing tokens with multiplicity."""
    seen: dict[str, int] = {}
    pairs = []
    for token in tokens:
        number = seen.get(token, 0)
        seen[token] = number + 1
        pairs.append((token, number))
    return pairs


Fields = Literal["instruction", "instruction+input"]


class RougeFilter:
    """Rejects what is too close to a seed, or to anything that its gate ever kept: `near_duplicate`.

    With `fields` "instruction" it can stand behind the proposal; "instruction+input" needs the finished task."""

    name = "rouge"

    def __init__(self, *, max: str | float = "0.7", fields: Fields = "instruction") -> None:
        if fields not in ("instruction", "instruction+input"):
            raise BadConfig(
                f"filter rouge: fields is {fields!r}", todo='Give fields as "instruction" or "instruction+input".'
            )
        self.scope: Scope = "instruction" if fields == "instruction" else "task"
        self._index = NoveltyIndex(read_fraction(self.name, "max", max))

    def prepare(self, drafts: Sequence[Draft]) -> None:
        """Nothing to prepare."""

    def check(self, draft: Draft) -> Finding:
        """Measure the nearest neighbour, for kept drafts too. The unit says so where texts without tokens are equal."""
        nearest = self._index.nearest(self._text(draft))
        if nearest is None:
            return Finding("", (Measure(self.name, 0.0, float(self._index.limit), "ROUGE-L F1"),))
        unit = "same text" if nearest.same_text else "ROUGE-L F1"
        measure = Measure(self.name, round(float(nearest), 6), float(self._index.limit), unit, nearest.id)
        return Finding("near_duplicate" if self._index.above(nearest) else "", (measure,))

    def remember(self, draft: Draft) -> None:
        """From now on, compare with this draft too."""
        self._index.add(draft.id, self._text(draft))

    def _text(self, draft: Draft) -> str:
        return draft.instruction if self.scope == "instruction" else f"{draft.instruction}\n{draft.input}"
