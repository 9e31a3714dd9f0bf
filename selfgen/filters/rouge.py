"""ROUGE-L novelty behind a gate: which draft is too close to one that is there. The index itself is novelty.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from threading import Lock
from typing import Literal

from selfgen.core.ports import Finding, Scope
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.errors import BadConfig
from selfgen.filters.novelty import Look, Neighbour, NoveltyIndex
from selfgen.filters.rule import PASSED, read_fraction
from selfgen.filters.words import TOKENIZERS, find_tokenizer

__all__ = ["Neighbour", "NoveltyIndex", "RougeFilter"]

Fields = Literal["instruction", "instruction+input", "both"]
_FIELDS = ("instruction", "instruction+input", "both")

_ALL = 1 << 30  # neighbours
_MOST_READY = 16_384
"""Drafts that were compared ahead and not judged yet; the oldest beyond that are compared again in their turn."""


class RougeFilter:
    """Rejects what is too close to a seed, or to anything that its gate ever kept: `near_duplicate`.

    With `fields` "instruction" it can stand behind the proposal; "instruction+input" needs the finished task. With
    "both", one and the same neighbour must be too close by its instruction and by its instruction with its input: two
    questions about one text are two tasks, and so is one question about two texts. The value is the lower of the two.

    Of kept drafts the nearest neighbour is measured too where it is at most `margin` below the limit: near misses are
    how a limit is tuned. `tokenizer` is "characters" (Chinese by characters) or "jieba" (by words)."""

    name = "rouge"

    def __init__(
        self,
        *,
        max: str | float = "0.7",
        fields: Fields = "instruction",
        margin: str | float = "0.1",
        tokenizer: str = "characters",
    ) -> None:
        if fields not in _FIELDS:
            raise BadConfig(f"filter rouge: fields is {fields!r}", todo=f"Give fields as {', '.join(_FIELDS)}.")
        if tokenizer not in TOKENIZERS:
            raise BadConfig(
                f"filter rouge: tokenizer is {tokenizer!r}", todo=f"The tokenizers are: {', '.join(TOKENIZERS)}."
            )
        self.scope: Scope = "instruction" if fields == "instruction" else "task"
        limit = read_fraction(self.name, "max", max)
        floor = limit - read_fraction(self.name, "margin", margin)
        self._tokenize = find_tokenizer(tokenizer)
        self._index = NoveltyIndex(limit, floor if floor > 0 else Fraction(0), self._tokenize)
        self._instructions: dict[str, str] | None = {} if fields == "both" else None
        self._lock = Lock()
        self._ready: dict[tuple[str, str], tuple[Look, int]] = {}

    def prepare(self, drafts: Sequence[Draft]) -> None:
        """Compare a batch with all that is remembered by now; what is added later, `check` compares with."""
        with self._lock:
            new = [draft for draft in drafts if _key(draft, self._text(draft)) not in self._ready]
        if not new:
            return
        look = self._index.look([self._text(draft) for draft in new])
        with self._lock:
            for number, draft in enumerate(new):
                self._ready[_key(draft, self._text(draft))] = (look, number)
            for key in list(self._ready)[: max(0, len(self._ready) - _MOST_READY)]:
                del self._ready[key]

    def check(self, draft: Draft) -> Finding:
        """Measure the nearest neighbour. The unit says so where texts without tokens are equal."""
        look, number = self._look(draft)
        nearest = look.nearest(number)
        if self._instructions is not None and self._index.above(nearest):
            nearest = self._nearest_in_both(draft, self._instructions)
        if nearest is None:
            return PASSED
        unit = "same text" if nearest.same_text else "ROUGE-L F1"
        measure = Measure(self.name, round(float(nearest), 6), float(self._index.limit), unit, nearest.id)
        return Finding("near_duplicate" if self._index.above(nearest) else "", (measure,))

    def remember(self, draft: Draft) -> None:
        """From now on, compare with this draft too."""
        look, number = self._look(draft)
        look.add(number, draft.id)
        if self._instructions is not None:
            self._instructions[draft.id] = draft.instruction
        with self._lock:
            self._ready.pop(_key(draft, self._text(draft)), None)

    def recall(self, drafts: Sequence[Draft]) -> None:
        """From now on, compare with these drafts too."""
        for draft in drafts:
            self._index.add(draft.id, self._text(draft))
            if self._instructions is not None:
                self._instructions[draft.id] = draft.instruction

    def _nearest_in_both(self, draft: Draft, instructions: Mapping[str, str]) -> Neighbour | None:
        """Return, of the texts that are too close as a whole, the one whose instruction is too close too."""
        best: Neighbour | None = None
        for near in self._index.neighbours(self._text(draft), self._index.limit, _ALL):
            pair = NoveltyIndex(self._index.limit, tokenize=self._tokenize)
            pair.add(near.id, instructions[near.id])
            alike = pair.check(draft.instruction)
            if alike is not None and self._index.above(near):
                lower = min(alike, near, key=lambda each: each.score)
                best = lower if best is None or lower.score > best.score else best
        return best

    def neighbours(self, draft: Draft, floor: str | float) -> list[Neighbour]:
        """Return what scores at least `floor`, at most ten, the nearest first."""
        return self._index.neighbours(self._text(draft), floor)

    def _look(self, draft: Draft) -> tuple[Look, int]:
        key = _key(draft, self._text(draft))
        with self._lock:
            ready = self._ready.get(key)
        if ready is None:
            self.prepare([draft])
            with self._lock:
                ready = self._ready[key]
        return ready

    def _text(self, draft: Draft) -> str:
        return draft.instruction if self.scope == "instruction" else f"{draft.instruction}\n{draft.input}"


def _key(draft: Draft, text: str) -> tuple[str, str]:
    return draft.id, text
