"""Band mode: the second opinion is asked where ROUGE-L lies between two values, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from selfgen.core.ports import Scope
from selfgen.core.tasks import Draft
from selfgen.errors import BadConfig
from selfgen.filters import Options, build_filters
from selfgen.filters.band import read_band
from selfgen.filters.semantic import SemanticFilter


@dataclass(frozen=True)
class Near:
    id: str
    score: float

    def __float__(self) -> float:
        return self.score


class Words:
    """Neighbours by the share of common words, a simple stand-in for ROUGE-L."""

    def __init__(self, scope: Scope = "instruction") -> None:
        self.scope = scope
        self.texts: dict[str, str] = {}

    def remember(self, draft: Draft) -> None:
        self.texts[draft.id] = draft.instruction

    def neighbours(self, draft: Draft, floor: str | float) -> list[Near]:
        own = set(draft.instruction.split())
        found = [
            Near(id, 2 * len(own & set(text.split())) / (len(own) + len(set(text.split()))))
            for id, text in self.texts.items()
        ]
        return sorted((near for near in found if near.score >= float(floor)), key=lambda near: -near.score)[:10]


class Topics:
    """An encoder that knows two topics by their words; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked += texts
        return np.asarray([[1.0, 0.1] if "river" in text or "河" in text else [0.1, 1.0] for text in texts])


def build(*kept: str) -> tuple[SemanticFilter, Topics]:
    encoder, words = Topics(), Words()
    semantic = SemanticFilter(max=0.9, band="0.5..0.8", encoder=encoder, lexical=words)
    for number, text in enumerate(kept):
        draft = Draft(f"k{number}", text)
        semantic.prepare([draft])
        semantic.remember(draft)
        words.remember(draft)
    return semantic, encoder


@pytest.mark.parametrize(
    ("kept", "draft"),
    [
        ("name a long river in Asia", "name one long river of Asia"),
        ("列出 亚洲 长 河", "列出 亚洲 大 河"),
    ],
)
def test_in_the_band_meaning_decides(kept: str, draft: str) -> None:
    semantic, encoder = build(kept)
    assert encoder.asked == []
    found = semantic.check(Draft("d", draft))
    assert (found.reason, found.measures[0].nearest, found.measures[0].limit) == ("too_similar", "k0", 0.9)
    assert found.measures[0].value == 1.0
    assert encoder.asked == [draft, kept]


def test_in_the_band_another_meaning_passes_with_its_measure() -> None:
    semantic, _ = build("name a long river in Asia")
    found = semantic.check(Draft("d", "name a long poem of Asia"))
    assert found.reason == ""
    assert (found.measures[0].nearest, float(found.measures[0].value) < 0.9) == ("k0", True)


def test_below_the_band_nobody_is_asked() -> None:
    semantic, encoder = build("name a long river in Asia")
    found = semantic.check(Draft("d", "which river should I visit"))
    assert (found.reason, found.measures, encoder.asked) == ("", (), [])


def test_above_the_band_is_for_rouge_to_decide() -> None:
    semantic, encoder = build("name a long river in Asia")
    assert semantic.check(Draft("d", "name a long river in Asia")).measures == ()
    assert encoder.asked == []


def test_the_nearest_in_meaning_is_named_not_the_nearest_in_words() -> None:
    semantic, _ = build("name a long old poem in Asia now", "name a long river")
    found = semantic.check(Draft("d", "name a long river in Asia now"))
    assert (found.reason, found.measures[0].nearest) == ("too_similar", "k1")


@pytest.mark.parametrize("lexical", [None, Words(scope="task")])
def test_a_band_without_rouge_on_the_instruction_is_refused(lexical: Words | None) -> None:
    with pytest.raises(BadConfig, match="needs the filter rouge"):
        SemanticFilter(band="0.6..0.8", encoder=Topics(), lexical=lexical)


@pytest.mark.parametrize("text", ["0.6", "0.8..0.6", "0.6..0.6", "a..b", "0.6..1.2", ".."])
def test_what_is_no_band_is_refused(text: str) -> None:
    with pytest.raises(BadConfig, match="band"):
        read_band(text)


def test_both_ends_belong_to_the_band() -> None:
    band = read_band("0.6 .. 0.8")
    assert band is not None
    assert [band.holds(score) for score in (0.5999, 0.6, 0.7, 0.8, 0.8001)] == [False, True, True, True, False]


def rouge_limit(options: dict[str, Options | bool]) -> float:
    gate = {each.name: each for each in build_filters("en", options, encoder=Topics())}
    gate["rouge"].remember(Draft("a", "one two three four five"))
    return float(gate["rouge"].check(Draft("b", "one two three four five")).measures[0].limit)


def test_with_a_band_rouge_rejects_above_its_upper_end() -> None:
    assert rouge_limit({"semantic": {"max": 0.9}}) == 0.7
    assert rouge_limit({"semantic": {"band": "0.6..0.8"}}) == 0.8
    assert rouge_limit({"semantic": {"band": "0.6..0.8"}, "rouge": {"max": 0.8}}) == 0.8
    assert rouge_limit({"semantic": {"band": "0.6..0.8"}, "rouge": {"max": "0.80"}}) == 0.8


def test_a_limit_of_rouge_that_contradicts_the_band_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"max is 0.75.*ends at 0.8"):
        build_filters("en", {"semantic": {"band": "0.6..0.8"}, "rouge": {"max": 0.75}})


def test_a_band_on_instruction_and_input_needs_both_filters_on_them() -> None:
    both: dict[str, Options | bool] = {
        "semantic": {"band": "0.6..0.8", "fields": "instruction+input"},
        "rouge": {"fields": "instruction+input"},
    }
    names = [each.name for each in build_filters("zh", both, scopes=("task",), encoder=Topics())]
    assert names[-2:] == ["rouge", "semantic"]


@pytest.mark.parametrize("rouge", [False, {"fields": "instruction+input"}])
def test_a_band_without_rouge_in_its_gate_is_refused(rouge: Options | bool) -> None:
    with pytest.raises(BadConfig, match="needs the filter rouge"):
        build_filters("zh", {"semantic": {"band": "0.6..0.8"}, "rouge": rouge}, encoder=Topics())
