"""Similarity of meaning by embeddings: finds paraphrases that share few words. Optional, and off by default.

Vectors are made ahead, in batches, and compared with the pool so far; what is left for the moment of decision are the
newcomers since. Knows no model (encoders.py) and no search (vectors.py). Scores differ in the last digits between
machines; verdicts are journaled for that reason.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, Protocol, get_args

import numpy as np

from selfgen.core.ports import Finding, Scope
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.errors import BadConfig
from selfgen.filters.band import Band, read_band
from selfgen.filters.encoders import DTYPES, Encoder, SentenceEncoder, unusable
from selfgen.filters.rule import PASSED, read_fraction
from selfgen.filters.vectors import GRAPH_UPTO, Near, UsearchGraph, VectorIndex, Vectors, cosine, to_units

Fields = Literal["instruction", "instruction+input"]
INDEXES = ("auto", "exact", "graph")
_HELD = 8192  # prepared texts, more than are ever under way
_AT_ONCE = 1024  # texts of one request to encode, so that what is kept of them grows along
_TAIL = 2048  # newcomers from which on it pays to look at them for a whole batch at once


class LexicalNeighbour(Protocol):
    """A text that is near by its words: its id, and its score as a float."""

    @property
    def id(self) -> str: ...
    def __float__(self) -> float: ...


class Lexical(Protocol):
    """The filter that knows which texts are near by their words: at most ten at or above a score, nearest first."""

    @property
    def scope(self) -> Scope: ...
    def neighbours(self, draft: Draft, floor: str | float) -> Sequence[LexicalNeighbour]: ...


@dataclass(slots=True)
class _Prepared:
    """A text's vector, and the nearest of the pool as it stood when it was last looked at."""

    vector: Vectors
    near: Near | None = None


class SemanticFilter:
    """Rejects what is too close in meaning to a seed, or to anything that its gate ever kept: `too_similar`.

    The measure is the cosine of the two embeddings. Its scale is the model's own: look at the measures of kept drafts
    before moving `max`. With a `band`, only a draft whose ROUGE-L with something kept lies in the band is measured, and
    against those neighbours alone, as `lexical` (the gate's ROUGE-L filter) tells them. With `fields` "instruction" it
    can stand behind the proposal; "instruction+input" needs the finished task.

    `model`, `device`, `dtype`, `prompt` and `batch` are those of SentenceEncoder, which loads when the first texts
    come: when a gate learns its seeds. `encoder` takes its place, as it must for a server at `base_url`. `index` is
    exact, graph (needs usearch), or auto: a graph for large pools where usearch is installed.

    `prepare` may be called on another thread than the rest, for any batches in any order. It decides nothing: a text
    that was never prepared, or long ago, is encoded when it is checked, and found to have the same neighbour."""

    name = "semantic"

    def __init__(
        self,
        *,
        model: str = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        base_url: str = "",
        api_key_env: str = "OPENAI_API_KEY",
        max: str | float = 0.92,
        band: str = "",
        fields: Fields = "instruction",
        dtype: str = "auto",
        device: str = "auto",
        index: str = "auto",
        prompt: str = "",
        batch: int = 64,
        encoder: Encoder | None = None,
        lexical: Lexical | None = None,
    ) -> None:
        self._limit = float(read_fraction(self.name, "max", max))
        check_choice("fields", fields, get_args(Fields))
        self.scope: Scope = "instruction" if fields == "instruction" else "task"
        self._lexical = _Words(read_band(band), lexical, self.scope) if band else None
        check_choice("dtype", dtype, DTYPES)
        check_choice("index", index, INDEXES)
        if batch < 1:
            raise BadConfig(f"filter semantic: batch is {batch}", todo="Give batch as a number of texts, from 1.")
        if encoder is None and not base_url:
            encoder = SentenceEncoder(model, device=device, dtype=dtype, prompt=prompt, batch=batch)
        self._encoder, self._base_url, self._kind = encoder, base_url, index
        self._dimensions = 0
        self._index: VectorIndex | None = None
        self._ids: list[str] = []
        self._prepared: dict[str, _Prepared] = {}
        self._holding = threading.Lock()
        self._encoding = threading.Lock()

    def prepare(self, drafts: Sequence[Draft]) -> None:
        """Encode a batch in one go, but what is prepared already, and compare it with the pool so far. With a band it
        is known in `check` only whom to ask."""
        if self._lexical is not None or not drafts:
            return
        texts = list(dict.fromkeys(map(self._text, drafts)))
        self._take(texts)
        self._look_up(texts)

    def check(self, draft: Draft) -> Finding:
        """Measure the nearest neighbour, for kept drafts too."""
        if self._lexical is not None:
            return self._second_opinion(self._lexical, draft)
        if self._index is None:
            return self._judge(0.0, "")
        (prepared,) = self._take([self._text(draft)])
        near = self._catch_up(self._index, prepared)
        return self._judge(near.cosine, self._ids[near.position] if near.position >= 0 else "")

    def remember(self, draft: Draft) -> None:
        """From now on, compare with this draft too."""
        self.recall([draft])

    def recall(self, drafts: Sequence[Draft]) -> None:
        """From now on, compare with these drafts too; they are encoded many at a time, and compared with nothing."""
        if self._lexical is not None:
            self._lexical.texts |= {draft.id: self._text(draft) for draft in drafts}
            return
        for start in range(0, len(drafts), _AT_ONCE):
            some = drafts[start : start + _AT_ONCE]
            for draft, prepared in zip(some, self._take(list(map(self._text, some))), strict=True):
                if self._index is None:
                    self._index = _build_index(self._kind, len(prepared.vector))
                self._ids.append(draft.id)
                self._index.add(prepared.vector)

    def _text(self, draft: Draft) -> str:
        whole = self.scope == "task" and draft.input
        return f"{draft.instruction}\n{draft.input}" if whole else draft.instruction

    def _judge(self, similarity: float, nearest: str) -> Finding:
        measure = Measure(self.name, round(similarity, 4), self._limit, "cosine", nearest)
        return Finding("too_similar" if similarity > self._limit else "", (measure,))

    def _second_opinion(self, words: _Words, draft: Draft) -> Finding:
        """Compare with the neighbours in the band; a draft that has none passes unmeasured."""
        ids = words.near(draft)
        if not ids:
            return PASSED
        own, *others = self._take([self._text(draft), *(words.texts[id] for id in ids)])
        scores = [cosine(own.vector, other.vector) for other in others]
        best = int(np.argmax(scores))
        return self._judge(scores[best], ids[best])

    def _look_up(self, texts: Sequence[str]) -> None:
        """Compare prepared texts with the pool so far, together where they were last looked at together."""
        index = self._index
        if index is None:
            return
        groups: dict[int, list[_Prepared]] = {}
        with self._holding:
            held = [self._prepared[text] for text in texts if text in self._prepared]
        for each in held:
            since = each.near.upto if each.near else 0
            if each.near is None or len(index) - since > _TAIL:
                groups.setdefault(since, []).append(each)
        for since, group in groups.items():
            nearest = index.nearest(np.stack([each.vector for each in group]), since)
            for prepared, near in zip(group, nearest, strict=True):
                self._note(prepared, near)

    def _catch_up(self, index: VectorIndex, prepared: _Prepared) -> Near:
        """Return the nearest of all, which takes a look at the newcomers only."""
        near = prepared.near
        if near is None or near.upto < len(index):
            (newer,) = index.nearest(prepared.vector[None], near.upto if near else 0)
            near = self._note(prepared, newer)
        return near

    def _note(self, prepared: _Prepared, near: Near) -> Near:
        """Join two looks at the pool; another thread may have looked as well in the meantime."""
        with self._holding:
            joined = prepared.near = _nearer(prepared.near, near)
        return joined

    def _take(self, texts: Sequence[str]) -> list[_Prepared]:
        """Return what is prepared of these texts, in their order; what is not there is encoded, in one go."""
        found = self._held(texts)
        if len(found) < len(set(texts)):
            with self._encoding:
                found |= self._held(texts)
                missing = [text for text in dict.fromkeys(texts) if text not in found]
                if missing:
                    found |= self._hold(missing, self._encode(missing))
        return [found[text] for text in texts]

    def _held(self, texts: Sequence[str]) -> dict[str, _Prepared]:
        with self._holding:
            return {text: self._prepared[text] for text in texts if text in self._prepared}

    def _hold(self, texts: Sequence[str], vectors: Vectors) -> dict[str, _Prepared]:
        """Keep new vectors, and let the oldest go; of one batch all are kept, however large."""
        new = {text: _Prepared(vector) for text, vector in zip(texts, vectors, strict=True)}
        with self._holding:
            self._prepared |= new
            for text in list(self._prepared)[: max(0, len(self._prepared) - max(_HELD, len(new)))]:
                del self._prepared[text]
        return new

    def _encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors. Raises BadConfig for a model that does not give one finite vector a text."""
        if self._encoder is None:
            raise BadConfig(
                f"filter semantic: nobody asks the server {self._base_url}", todo="Give the filter an encoder."
            )
        whole = [text.encode("utf-8", "replace").decode() for text in texts]  # half a surrogate pair is no text
        try:
            vectors = to_units(self._encoder.encode(whole))
            if len(vectors) != len(texts) or vectors.shape[1] != (self._dimensions or vectors.shape[1]):
                raise ValueError(f"shape {vectors.shape} for {len(texts)} texts")
        except ValueError as error:
            raise unusable(error) from error
        self._dimensions = vectors.shape[1]
        return vectors


class _Words:
    """Which texts are near by their words, in the band, and what they say."""

    def __init__(self, band: Band | None, lexical: Lexical | None, scope: Scope) -> None:
        if band is None or lexical is None or lexical.scope != scope:
            raise BadConfig(
                "filter semantic: a band needs the filter rouge, on the same fields",
                todo="Turn rouge on with the same fields as semantic, or leave band out.",
            )
        self._band, self._lexical = band, lexical
        self.texts: dict[str, str] = {}

    def near(self, draft: Draft) -> list[str]:
        found = self._lexical.neighbours(draft, self._band.low)
        return [each.id for each in found if self._band.holds(float(each))]


def check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Raise BadConfig for a value that is not one of the choices."""
    if value not in choices:
        raise BadConfig(f"filter semantic: {option} is {value!r}", todo=f"Choose from: {', '.join(choices)}.")


def _nearer(old: Near | None, new: Near) -> Near:
    """Return the nearer of two, of equally near ones the first added, as of the later look.

    Each look begins where one before it ended, at the latest, so that together they saw all before `upto`."""
    if old is None:
        return new
    best = min((old, new), key=lambda near: (near.position < 0, -near.cosine, near.position))
    return Near(best.position, best.cosine, max(old.upto, new.upto))


def _build_index(kind: str, dimensions: int) -> VectorIndex:
    if kind == "graph" or (kind == "auto" and find_spec("usearch") is not None):
        return VectorIndex(UsearchGraph(dimensions), graph_upto=None if kind == "graph" else GRAPH_UPTO)
    return VectorIndex()
