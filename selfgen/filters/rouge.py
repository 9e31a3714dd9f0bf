"""ROUGE-L novelty behind a gate: which draft is too close to one that is there. The index itself is novelty.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from threading import Lock
from typing import Literal

from selfgen.core.ports import Finding, Scope
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.errors import BadConfig
from selfgen.filters.novelty import Look, Neighbour, NoveltyIndex
from selfgen.filters.rule import PASSED, read_fraction
from selfgen.filters.tokens import comparison_tokens
from selfgen.filters.words import TOKENIZERS, find_tokenizer

__all__ = ["Neighbour", "NoveltyIndex", "RougeFilter"]

Fields = Literal["instruction", "instruction+input", "both"]
_FIELDS = ("instruction", "instruction+input", "both")

_Key = tuple[str, str]
_READY = 1 << 24
"""Characters of drafts that were compared ahead, 1,024 for a shorter one, up to which what was found is kept."""


class RougeFilter:
    """Rejects what is too close to a seed, or to anything that its gate ever kept: `near_duplicate`.

    With `fields` "instruction" it can stand behind the proposal; "instruction+input" needs the finished task. With
    "both", one and the same neighbour must be too close by its instruction and by its instruction with its input, and
    hold the same numbers: two questions about one text are two tasks, so is one question about two texts, and so are
    two sums. The value is the lower of the two.

    With a `margin`, kept drafts are measured too where their nearest neighbour is at most that far below the limit,
    which is how a limit is tuned; with a large pool it takes time. `tokenizer` is "characters" (Chinese by characters)
    or "jieba" (by words)."""

    name = "rouge"

    def __init__(
        self,
        *,
        max: str | float = "0.7",
        fields: Fields = "instruction",
        margin: str | float = "0",
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
        self._instructions = NoveltyIndex(limit, tokenize=self._tokenize) if fields == "both" else None
        self._numbers: dict[str, tuple[str, ...]] = {}
        self._ready = _Ready()
        self._judged: tuple[_Key, Look, int] | None = None

    def prepare(self, drafts: Sequence[Draft]) -> None:
        """Compare a batch with all that is remembered by now; what is added later, `check` compares with."""
        keys = self._ready.missing([self._key(draft) for draft in drafts])
        if keys:
            self._ready.put(keys, self._index.look([text for _, text in keys]))

    def check(self, draft: Draft) -> Finding:
        """Measure the nearest neighbour. The unit says so where texts without tokens are equal."""
        look, number = self._look(draft)
        nearest = look.nearest(number)
        if self._instructions is not None and self._index.above(nearest):
            nearest = self._nearest_in_both(draft, self._instructions)
        if nearest is None:
            return PASSED
        unit = "same text" if nearest.same_text else "ROUGE-L F1"
        measure = Measure(self.name, round(float(nearest), 6), float(self._index.limit), unit, self._id_of(nearest))
        return Finding("near_duplicate" if self._index.above(nearest) else "", (measure,))

    def remember(self, draft: Draft) -> None:
        """From now on, compare with this draft too."""
        look, number = self._look(draft)
        look.add(number, self._name(draft))
        self._judged = None

    def recall(self, drafts: Sequence[Draft]) -> None:
        """From now on, compare with these drafts too."""
        for draft in drafts:
            self._index.add(self._name(draft), self._text(draft))

    def neighbours(self, draft: Draft, floor: str | float) -> list[Neighbour]:
        """Return what scores at least `floor`, at most ten, the nearest first."""
        found = self._index.neighbours(self._text(draft), floor)
        return [replace(near, id=self._id_of(near)) for near in found]

    def _nearest_in_both(self, draft: Draft, instructions: NoveltyIndex) -> Neighbour | None:
        """Return, of the texts that are too close as a whole, the one whose instruction is too close too.

        The side on which fewer can be close is compared first, and the other side with those alone: a thousand
        questions about one passage are as quick to tell as one question about a thousand passages."""
        limit, asked = self._index.limit, {self._index: self._text(draft), instructions: draft.instruction}
        first, second = sorted(asked, key=lambda index: index.count_possible(asked[index], limit))
        found = {first: {near.id: near for near in first.neighbours(asked[first], limit, None)}}
        found[second] = {near.id: near for near in second.neighbours(asked[second], limit, None, found[first])}
        numbers = _numbers_in(self._text(draft))
        best: Neighbour | None = None
        for id, whole in found[self._index].items():
            alike = found[instructions].get(id)
            if (
                self._numbers.get(id, ()) == numbers
                and alike is not None
                and self._index.above(alike)
                and self._index.above(whole)
            ):
                lower = min(alike, whole, key=lambda each: each.score)
                best = lower if best is None or lower.score > best.score else best
        return best

    def _look(self, draft: Draft) -> tuple[Look, int]:
        """Return what was found ahead for a draft that is judged now, or look now. It is held until the next one."""
        key = self._key(draft)
        if self._judged is None or self._judged[0] != key:
            self._judged = (key, *(self._ready.take(key) or (self._index.look([key[1]]), 0)))
        return self._judged[1:]

    def _name(self, draft: Draft) -> str:
        """Return the id by which the index knows a draft; with "both" it tells drafts of the same id apart, and the
        index of instructions learns it too."""
        if self._instructions is None:
            return draft.id
        name = f"{len(self._instructions)} {draft.id}"
        self._instructions.add(name, draft.instruction)
        if numbers := _numbers_in(self._text(draft)):
            self._numbers[name] = numbers
        return name

    def _id_of(self, near: Neighbour) -> str:
        return near.id if self._instructions is None else near.id.partition(" ")[2]

    def _text(self, draft: Draft) -> str:
        return draft.instruction if self.scope == "instruction" else f"{draft.instruction}\n{draft.input}"

    def _key(self, draft: Draft) -> _Key:
        return draft.id, self._text(draft)


def _numbers_in(text: str) -> tuple[str, ...]:
    """Return the numbers written in digits, sorted: 3 times 5 and 5 times 3 have the same."""
    return tuple(sorted(token for token in comparison_tokens(text) if token.isdecimal()))


class _Ready:
    """Looks that were taken ahead, by draft. Safe on several threads.

    A draft that an earlier filter rejects is never asked for, and one such keeps the look of its whole batch alive; so
    they go by age, counted in what came after, and not by how many are left."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._looks: dict[_Key, tuple[Look, int, int]] = {}
        self._age = 0

    def missing(self, keys: Sequence[_Key]) -> list[_Key]:
        """Return those of whom there is no look, each once."""
        with self._lock:
            return [key for key in dict.fromkeys(keys) if key not in self._looks]

    def put(self, keys: Sequence[_Key], look: Look) -> None:
        """Keep a look at the texts of these keys, and let go of what is too old; never of these."""
        with self._lock:
            before = self._age
            for number, key in enumerate(keys):
                self._age += max(len(key[1]), 1024)
                self._looks.pop(key, None)  # so that the order of the keys is that of their ages
                self._looks[key] = (look, number, self._age)
            oldest = min(before, self._age - _READY)
            while self._looks and next(iter(self._looks.values()))[2] <= oldest:
                del self._looks[next(iter(self._looks))]

    def take(self, key: _Key) -> tuple[Look, int] | None:
        """Hand over the look at one draft."""
        with self._lock:
            found = self._looks.pop(key, None)
        return found and found[:2]
