"""Similarity of meaning by embeddings: finds paraphrases that share few words. Optional, and off by default.

This file is the only one that knows sentence-transformers, which it imports on first use and lets load nothing from the
network: a model is a folder, or the name of one that is in the local cache already. Search is exact cosine in numpy.
Scores differ in the last digits between machines; verdicts are journaled for that reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from selfgen.core.ports import Finding, Scope
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.errors import BadConfig
from selfgen.filters.rule import read_fraction

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Turns n texts into n vectors, as an array of shape (n, d)."""

    def encode(self, texts: Sequence[str]) -> Vectors: ...


class SentenceEncoder:
    """A sentence-transformers model. Raises BadConfig where the package or the model is not on this machine."""

    def __init__(self, model: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise BadConfig(
                "filter semantic: the package sentence-transformers is not installed",
                todo="Install it with: pip install 'selfgen[embed]', or set semantic: false.",
            ) from error
        try:
            self._model = SentenceTransformer(model, local_files_only=True)
        except (OSError, ValueError) as error:
            raise BadConfig(
                f"filter semantic: there is no embedding model {model!r} on this machine ({error})",
                todo="selfgen downloads no models. Give model as a folder that holds one, or fetch it once with: "
                f"hf download {model}",
            ) from error

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode one batch."""
        return np.asarray(self._model.encode(list(texts), show_progress_bar=False), dtype=np.float32)


class SemanticFilter:
    """Rejects an instruction whose meaning is too close to one that its gate kept: `too_similar`.

    The measure is the cosine of the two embeddings. Its scale is the model's own: look at the measures of kept drafts
    before moving `max`. The model is loaded when the first texts come, which is when a gate learns its seeds. `encoder`
    takes its place for library use."""

    name = "semantic"
    scope: Scope = "instruction"

    def __init__(
        self,
        *,
        model: str = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        max: str | float = 0.92,
        encoder: Encoder | None = None,
    ) -> None:
        self._limit = float(read_fraction(self.name, "max", max))
        self._model = model
        self._encoder = encoder
        self._prepared: dict[str, Vectors] = {}
        self._ids: list[str] = []
        self._matrix: Vectors = np.zeros((0, 0), dtype=np.float32)

    def prepare(self, drafts: Sequence[Draft]) -> None:
        """Encode the instructions of a batch in one go; vectors of the batch before are forgotten."""
        texts = list(dict.fromkeys(draft.instruction for draft in drafts))
        self._prepared = dict(zip(texts, self._encode(texts), strict=True)) if texts else {}

    def check(self, draft: Draft) -> Finding:
        """Measure the nearest neighbour, for kept drafts too."""
        if not self._ids:
            return Finding("", (Measure(self.name, 0.0, self._limit, "cosine"),))
        similarities = self._matrix[: len(self._ids)] @ self._vector(draft.instruction)
        position = int(similarities.argmax())
        similarity = float(similarities[position])
        measure = Measure(self.name, round(similarity, 4), self._limit, "cosine", self._ids[position])
        return Finding("too_similar" if similarity > self._limit else "", (measure,))

    def remember(self, draft: Draft) -> None:
        """From now on, compare with this draft too. Memory grows by doubling."""
        vector = self._vector(draft.instruction)
        held = len(self._ids)
        if held == len(self._matrix):
            grown = np.zeros((max(64, 2 * held), len(vector)), dtype=np.float32)
            if held:
                grown[:held] = self._matrix
            self._matrix = grown
        self._matrix[held] = vector
        self._ids.append(draft.id)

    def _vector(self, text: str) -> Vectors:
        found = self._prepared.get(text)
        return self._encode([text])[0] if found is None else found

    def _encode(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of length 1; an all-zero vector stays zero and is near to nothing."""
        if self._encoder is None:
            self._encoder = SentenceEncoder(self._model)
        vectors = np.asarray(self._encoder.encode(texts), dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
        return unit
