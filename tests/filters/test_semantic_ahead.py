"""Preparing ahead: on another thread, in any order, forgotten or not, it never changes a verdict."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.core.tasks import Draft
from selfgen.core.work import Verdict
from selfgen.errors import BadConfig
from selfgen.filters import semantic as module
from selfgen.filters.gate import Gate
from selfgen.filters.semantic import SemanticFilter
from selfgen.filters.vectors import Near


class Bigrams:
    """An encoder: counts of character pairs in 64 buckets. Remembers how many texts each call had."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.batches.append(len(texts))
        vectors = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for start in range(len(text) - 1):
                row[zlib.crc32(text[start : start + 2].encode()) % 64] += 1
        return vectors


VERBS = ["List", "Name", "Compare", "列出", "比较", "介绍"]
THINGS = ["rivers of Europe", "birds of prey", "kinds of tea", "欧洲的河流", "常见的茶叶", "猛禽"]
TEXTS = st.builds(lambda verb, number, thing: f"{verb} {number} {thing}", st.sampled_from(VERBS),
                  st.integers(2, 5), st.sampled_from(THINGS))  # fmt: skip


def in_batches(texts: Sequence[str], size: int) -> list[list[Draft]]:
    drafts = [Draft(f"d{number}", text) for number, text in enumerate(texts)]
    return [drafts[start : start + size] for start in range(0, len(drafts), size)]


def judge_all(semantic: SemanticFilter, batches: Sequence[Sequence[Draft]]) -> list[Verdict]:
    gate = Gate([semantic])
    return [verdict for batch in batches for verdict in gate.judge(batch)]


@given(st.lists(TEXTS, max_size=24), st.lists(st.integers(0, 5), max_size=12), st.integers(0, 12))
def test_preparing_ahead_never_changes_a_verdict(texts: list[str], ahead: list[int], first: int) -> None:
    batches = in_batches(texts, 4)
    plain = judge_all(SemanticFilter(max=0.9, encoder=Bigrams()), batches)
    semantic = SemanticFilter(max=0.9, encoder=Bigrams())
    gate = Gate([semantic])
    found: list[Verdict] = []
    for number, batch in enumerate(batches):
        if number >= first:
            for each in ahead:
                semantic.prepare(batches[(number + each) % len(batches)])
        found += gate.judge(batch)
    assert found == plain


@given(st.lists(TEXTS, max_size=24))
def test_forgetting_what_was_prepared_never_changes_a_verdict(texts: list[str]) -> None:
    batches = in_batches(texts, 4)
    plain = judge_all(SemanticFilter(max=0.9, encoder=Bigrams()), batches)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_HELD", 1)
        forgetful = SemanticFilter(max=0.9, encoder=Bigrams())
        for batch in batches:
            forgetful.prepare(batch)
        assert judge_all(forgetful, batches) == plain


def test_what_was_prepared_ahead_is_not_encoded_again() -> None:
    encoder = Bigrams()
    batches = in_batches([f"task number {number}" for number in range(24)], 8)
    semantic = SemanticFilter(encoder=encoder)
    semantic.prepare([draft for batch in batches for draft in batch])
    judge_all(semantic, batches)
    assert encoder.batches == [24]


def test_the_oldest_are_forgotten_first_and_a_batch_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HELD", 8)
    encoder = Bigrams()
    old, new = in_batches([f"task number {number}" for number in range(12)], 6)
    semantic = SemanticFilter(encoder=encoder)
    semantic.prepare(old)
    semantic.prepare(new)
    semantic.prepare(new + old[4:])
    assert encoder.batches == [6, 6]
    semantic.prepare(old[:4])
    assert encoder.batches == [6, 6, 4]
    many = in_batches([f"another task {number}" for number in range(30)], 30)[0]
    semantic.prepare(many)
    semantic.prepare(many)
    assert encoder.batches == [6, 6, 4, 30]


def test_what_is_recalled_is_compared_with_and_encoded_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 10)
    encoder = Bigrams()
    semantic = SemanticFilter(max=0.9, encoder=encoder)
    semantic.recall([Draft(f"s{number}", f"seed number {number}") for number in range(25)])
    assert encoder.batches == [10, 10, 5]
    (verdict,) = Gate([semantic]).judge([Draft("x", "seed number 21")])
    assert (verdict.reason, verdict.measures[0].nearest) == ("too_similar", "s21")


def test_a_replay_remembers_what_was_kept() -> None:
    encoder = Bigrams()
    semantic = SemanticFilter(max=0.9, encoder=encoder)
    gate = Gate([semantic])
    (batch,) = in_batches(["Name three birds of prey", "Name three birds of prey"], 2)
    gate.recall(batch, [Verdict("d0", True, ""), Verdict("d1", False, "too_similar")])
    (finding,) = gate.judge([Draft("x", "Name three birds of prey")])
    assert (finding.reason, finding.measures[0].nearest, finding.measures[0].value) == ("too_similar", "d0", 1.0)


def test_a_thread_that_prepares_and_one_that_judges_agree_with_one_alone() -> None:
    texts = [f"{VERBS[n % 6]} {n % 37} {THINGS[n % 5]} of kind {n % 101}" for n in range(1200)]
    batches = in_batches(texts, 8)
    plain = judge_all(SemanticFilter(max=0.93, encoder=Bigrams()), batches)
    encoder = Bigrams()
    semantic = SemanticFilter(max=0.93, encoder=encoder)
    faults: list[BaseException] = []

    def run_ahead() -> None:
        try:
            for batch in batches:
                semantic.prepare(batch)
        except BaseException as error:
            faults.append(error)

    helper = threading.Thread(target=run_ahead)
    helper.start()
    found = judge_all(semantic, batches)
    helper.join()
    assert not faults
    assert found == plain
    assert sum(encoder.batches) == len(set(texts))
    assert {verdict.reason for verdict in found} == {"", "too_similar"}


class Odd:
    """An encoder that gives what it is told to give."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.asarray(self.answers.pop(0), dtype=np.float32)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (([[1.0, 2.0], [0.0, 1.0]],), r"\(2, 2\) for 1 texts"),
        (([1.0, 2.0],), r"shape \(2,\)"),
        (([[float("nan"), 1.0]],), "not all numbers are finite"),
        (([[1.0, 0.0]], [[1.0, 0.0, 0.0]]), r"\(1, 3\) for 1 texts"),
    ],
)
def test_vectors_that_cannot_be_used_end_in_one_clear_message(answers: tuple[object, ...], message: str) -> None:
    semantic = SemanticFilter(encoder=Odd(*answers))
    *good, last = [Draft("d", f"text {number}") for number in range(len(answers))]
    for draft in good:
        semantic.prepare([draft])
    with pytest.raises(BadConfig, match=message):
        semantic.prepare([last])


def test_half_a_surrogate_pair_is_encoded_as_a_replacement() -> None:
    seen: list[str] = []

    class Keeps(Bigrams):
        def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
            seen.extend(texts)
            return super().encode(texts)

    SemanticFilter(encoder=Keeps()).prepare([Draft("d", "broken \ud83d emoji")])
    assert seen == ["broken ? emoji"]


@pytest.mark.parametrize(("fields", "reason"), [("instruction", "too_similar"), ("instruction+input", "")])
def test_an_input_of_its_own_counts_where_it_is_asked_for(fields: str, reason: str) -> None:
    semantic = SemanticFilter(max=0.9, fields=fields, encoder=Bigrams())  # type: ignore[arg-type]
    one = Draft("a", "把这句话改成疑问句", "他昨天去了图书馆借书")
    other = Draft("b", "把这句话改成疑问句", "The train leaves at nine in the evening")
    semantic.remember(one)
    assert semantic.check(other).reason == reason
    assert semantic.check(one).reason == "too_similar"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "int8"}, "auto, float32"),
        ({"fields": "output"}, r"instruction, instruction\+input"),
        ({"index": "faiss"}, "auto, exact, graph"),
        ({"batch": 0}, "from 1"),
    ],
)
def test_a_wrong_choice_is_refused_with_the_choices(options: dict[str, str], message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        SemanticFilter(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "joined"),
    [
        (None, Near(-1, 0.0, 0), Near(-1, 0.0, 0)),
        (Near(-1, 0.0, 9), Near(3, -0.5, 12), Near(3, -0.5, 12)),
        (Near(3, -0.5, 12), Near(-1, 0.0, 14), Near(3, -0.5, 14)),
        (Near(3, 0.5, 12), Near(13, 0.5, 14), Near(3, 0.5, 14)),
        (Near(13, 0.5, 14), Near(3, 0.5, 12), Near(3, 0.5, 14)),
        (Near(3, 0.9, 40), Near(5, 0.5, 12), Near(3, 0.9, 40)),
        (Near(3, 0.5, 40), Near(5, 0.9, 12), Near(5, 0.9, 40)),
    ],
)
def test_two_looks_at_the_pool_are_joined_in_whatever_order_they_end(old: Near | None, new: Near, joined: Near) -> None:
    assert module._nearer(old, new) == joined
