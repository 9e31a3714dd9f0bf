"""The novelty index and its filter at their edges: any order, any decimal, any length, threads, and bad luck."""

from __future__ import annotations

import re
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.tasks import Draft
from selfgen.errors import InternalError
from selfgen.filters.columns import pieces
from selfgen.filters.novelty import Look, Neighbour, NoveltyIndex
from selfgen.filters.prefix import Bounds
from selfgen.filters.rouge import RougeFilter
from selfgen.filters.tokens import comparison_text, comparison_tokens

PARTS = st.lists(st.sampled_from([*"一写诗詩河流,👍", "the ", "rivers ", "of ", "10 ", "list "]), max_size=10)
TEXTS = PARTS.map("".join)
DECIMALS = st.sampled_from(["0", "0.05", "0.333", "0.33333333333333333333333", "0.7", "0.7000000000000001", "1"])
ROUGE_SCALE = 6  # decimals of a measure


def plain_score(one: str, other: str) -> Fraction:
    """ROUGE-L F1 by the book; 1 for equal texts without tokens."""
    own, others = comparison_tokens(one), comparison_tokens(other)
    if not own or not others:
        return Fraction(not own and not others and comparison_text(one) == comparison_text(other))
    row = [0] * (len(others) + 1)
    for token in own:
        before, row = row, [0]
        for at, candidate in enumerate(others):
            row.append(before[at] + 1 if token == candidate else max(row[at], before[at + 1]))
    return Fraction(2 * row[-1], len(own) + len(others))


def words(start: int, stop: int) -> str:
    return " ".join(f"w{number}" for number in range(start, stop))


def index_of(texts: Sequence[str], limit: str = "0.7", *, floor: str | None = None, tail: int = 2) -> NoveltyIndex:
    index = NoveltyIndex(limit, floor, tail=tail)
    for number, text in enumerate(texts):
        index.add(str(number), text)
    return index


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


# -- any order ------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=9), st.data(), st.integers(1, 3), DECIMALS)
def test_texts_of_a_look_are_asked_for_and_added_in_any_order(
    texts: list[str], data: st.DataObject, tail: int, limit: str
) -> None:
    index, plain = index_of(texts[:2], limit, tail=tail), index_of(texts[:2], limit, tail=tail)
    look = index.look(texts)
    for step in range(data.draw(st.integers(1, 12))):
        number = data.draw(st.integers(0, len(texts) - 1))
        assert look.nearest(number) == plain.look([texts[number]]).nearest(0)
        if data.draw(st.booleans()):
            look.add(number, f"own{step}")
            plain.add(f"own{step}", texts[number])


def test_of_turns_that_are_looked_at_together_the_later_may_stand_first() -> None:
    later, earlier = (Draft(id, "List three rivers of Europe.") for id in ("t2.0", "t1.0"))
    rouge = RougeFilter()
    rouge.prepare([later, earlier])
    assert rouge.check(earlier).reason == ""
    rouge.remember(earlier)
    found = rouge.check(later)
    assert (found.reason, found.measures[0].nearest) == ("near_duplicate", "t1.0")


def greedy(drafts: Sequence[Draft], limit: str, fields: str, margin: str) -> list[tuple[bool, float, str]]:
    """Judge drafts in order by comparing each with all that were kept: (kept, value, nearest)."""
    kept: list[Draft] = []
    verdicts: list[tuple[bool, float, str]] = []
    for draft in drafts:
        scores = [(plain_score(whole(draft, fields), whole(other, fields)), other) for other in kept]
        above = [(score, other) for score, other in scores if score > Fraction(limit)]
        if above and fields == "both":
            lower = [
                (min(score, plain_score(draft.instruction, other.instruction)), score, other)
                for score, other in above
                if digits(draft) == digits(other)
            ]
            lower = [each for each in lower if each[0] > Fraction(limit)]
            best = max(lower, key=lambda each: (each[0], each[1]), default=None)
            score, other = (best[0], best[2]) if best else (Fraction(0), draft)
        else:
            score, other = max(scores, key=lambda each: each[0], default=(Fraction(0), draft))
        measured = score > 0 and score >= max(Fraction(limit) - Fraction(margin), Fraction(0))
        if score <= Fraction(limit):
            kept.append(draft)
        found = (round(float(score), ROUGE_SCALE), other.id) if measured else (0.0, "")
        verdicts.append((score <= Fraction(limit), *found))
    return verdicts


def digits(draft: Draft) -> list[str]:
    return sorted(token for token in comparison_tokens(whole(draft, "both")) if re.fullmatch(r"\d+", token))


def whole(draft: Draft, fields: str) -> str:
    return draft.instruction if fields == "instruction" else f"{draft.instruction}\n{draft.input}"


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), min_size=1, max_size=12),
    st.data(),
    st.sampled_from(["0.05", "0.333", "0.7", "1"]),
    st.sampled_from(["instruction", "instruction+input", "both"]),
    st.sampled_from(["0", "0.1", "1"]),
)
def test_the_filter_decides_as_comparing_with_all_does_whatever_was_prepared(
    parts: list[tuple[str, str, bool]], data: st.DataObject, limit: str, fields: Any, margin: str
) -> None:
    """Prepared in any order, more than once, in part, or never; with ids that come twice."""
    drafts = [
        Draft("same" if twice else f"d{n}", instruction, input) for n, (instruction, input, twice) in enumerate(parts)
    ]
    rouge, found = RougeFilter(max=limit, fields=fields, margin=margin), []
    for draft in drafts:
        if data.draw(st.booleans()):
            rouge.prepare(data.draw(st.lists(st.sampled_from(drafts), max_size=8)))
        finding = rouge.check(draft)
        (value, nearest) = (finding.measures[0].value, finding.measures[0].nearest) if finding.measures else (0.0, "")
        found.append((not finding.reason, value, nearest))
        if not finding.reason:
            rouge.remember(draft)
    assert found == greedy(drafts, limit, fields, margin)


# -- any decimal, any length ----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=20), TEXTS, DECIMALS, st.fractions(0, 1, max_denominator=10**30), st.integers(1, 4))
def test_any_decimal_is_exact(pool: list[str], text: str, limit: str, floor: Fraction, tail: int) -> None:
    spelled = f"{floor.numerator}/{floor.denominator}"
    index = index_of(pool, limit, floor=spelled, tail=tail)
    found, scores = index.look([text]).nearest(0), [plain_score(text, other) for other in pool]
    best = max(scores, default=Fraction(0))
    if best and best >= index.floor:
        assert found is not None
        assert (found.score, found.id) == (best, str(scores.index(best)))
    else:
        assert found is None
    near = index.neighbours(text, spelled, None)
    expected = sorted((-score, at) for at, score in enumerate(scores) if score and score >= floor)
    assert [(-near.score, int(near.id)) for near in near] == expected


@pytest.mark.parametrize("limit", ["0.7000000000000001", "0.6999999999999999999999999", "0.30000000000000004"])
def test_a_fine_decimal_and_a_long_text_stay_within_64_bits(limit: str) -> None:
    index = index_of([words(0, 3_000), "another", "and others", "and more"], limit, tail=1)
    found = index.check(words(0, 2_990))
    assert found is not None
    assert found.id == "0"
    assert index.check(words(0, 100)) is None


def test_texts_longer_than_an_entry_can_say_are_found_on_either_side() -> None:
    """An entry holds 16 bits for the keys behind it; these texts have more than 70,000."""
    long, changed = words(0, 70_000), words(0, 69_000) + " " + words(90_000, 91_000)
    index = index_of([long, "one two", "three four", "five six"], "0.98", tail=1)
    found = index.check(changed)
    assert found is not None
    assert (found.id, found.lcs) == ("0", 69_000)
    assert index.check(words(0, 66_000)) is None
    assert index.neighbours(words(0, 66_000), "0.98") == []


def test_a_text_without_tokens_beside_a_long_one() -> None:
    """A fingerprint alone would let them pass: most tokens of a long text leave no bit."""
    index = index_of([words(0, 400), "👍"])
    look = index.look(["👎", "👍", words(0, 400), "👎"])
    assert look.nearest(0) is None
    assert look.nearest(1) == Neighbour("1", 0, 0, 0, same_text=True)
    look.add(2, "new")
    look.add(0, "down")
    assert look.nearest(3) == Neighbour("down", 0, 0, 0, same_text=True)
    assert index.nearest("👎👎") is None
    assert index.neighbours("👎👎", "0") == []


def test_all_equal_texts_without_tokens_are_neighbours() -> None:
    index = index_of(["？！", "word", "?!", "?!"])
    assert [near.id for near in index.neighbours("?!", "0.7")] == ["0", "2", "3"]
    assert [near.id for near in index.neighbours("?!", "0.7", 1)] == ["0"]
    assert [near.id for near in index.neighbours("?!", "0.7", among={"3"})] == ["3"]
    assert len(index) == 4


@settings(deadline=None)
@given(st.lists(st.integers(0, 9)), st.integers(1, 12))
def test_pieces_are_all_of_it_and_no_larger_than_they_must(counts: list[int], most: int) -> None:
    found = list(pieces(np.array(counts, dtype=np.int64), most))
    assert [count for part in found for count in counts[part]] == counts
    assert all(sum(counts[part]) <= most or len(counts[part]) == 1 for part in found)
    assert all(sum(counts[one.start : other.stop]) > most for one, other in pairwise(found)) or most < 10


# -- bad luck -------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=40), TEXTS, st.sampled_from(["0.05", "0.5", "0.7"]))
def test_work_cut_into_small_pieces_finds_the_same(pool: list[str], text: str, limit: str) -> None:
    expected = index_of(pool, limit, tail=1_000).look([text, text]).nearest(1)
    with pytest.MonkeyPatch.context() as patch:
        for what, size in (("prefix._AT_ONCE", 3), ("corpus._TOKENS", 5), ("novelty._TOGETHER", 2)):
            patch.setattr(f"selfgen.filters.{what}", size)
        patch.setattr("selfgen.filters.corpus._LONG", 3)
        patch.setattr("selfgen.filters.novelty._WITHIN", 1)
        for broad in (0, 1_000):  # always compare fingerprints; never
            patch.setattr("selfgen.filters.prefix._BROAD", broad)
            index = index_of(pool, limit, tail=1)
            assert index.look([text, text]).nearest(1) == expected
            assert index.neighbours(text, limit, 1) == ([expected] if expected else [])


def test_a_segment_never_holds_more_than_its_numbers_can_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfgen.filters.novelty.MOST_TEXTS", 7)
    texts = [words(n, n + 4) for n in range(40)]
    index = index_of(texts, "0.9", tail=1)
    assert {len(segment) for segment in index._segments} == {4, 7} or max(map(len, index._segments)) <= 7
    assert [near.id for text in texts if (near := index.check(text))] == [str(n) for n in range(40)]


def test_a_full_vocabulary_takes_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    index = index_of(["one two two"])
    monkeypatch.setattr("selfgen.filters.vocabulary.MOST_KEYS", 5)
    index.add("known", "two one two")
    index.add("last", "three")
    with pytest.raises(InternalError, match="at most 4 different tokens"):
        index.check("one one")
    assert len(index) == 3


def test_a_thousand_equal_texts_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of equally near texts is named, and those behind it need not be compared at all."""
    index = index_of(["list the rivers of europe"] * 1_000, "0.7", tail=64)
    compared: list[object] = []

    class Counting:
        @staticmethod
        def similarity(one: str, other: str) -> int:
            compared.append(other)
            return len(one)

    monkeypatch.setattr("selfgen.filters.corpus.LCSseq", Counting)
    found = index.check("list the rivers of europe")
    assert found is not None
    assert found.id == "0"
    assert len(compared) == 1


def test_long_texts_are_compared_by_lcs_only_where_they_share_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """With thousands of tokens most pairs share a rare one, and no fingerprint of 64 bits tells them apart."""
    chance = Random(5)
    texts = [" ".join(f"w{chance.randrange(3_000)}" for _ in range(2_000)) for _ in range(60)]
    index = index_of(texts, "0.8", tail=8)
    monkeypatch.setattr("selfgen.filters.corpus.LCSseq", None)
    assert index.check(" ".join(f"w{chance.randrange(3_000)}" for _ in range(2_000))) is None
    monkeypatch.undo()
    found = index.check(texts[17] + " and more")
    assert found is not None
    assert (found.id, found.lcs) == ("17", 2_000)


@pytest.mark.parametrize("shared", ["input", "instruction"])
def test_many_tasks_about_one_thing_stay_quick(shared: str) -> None:
    """A thousand questions about one passage, a thousand passages under one question: all new but the last ones."""
    rouge = RougeFilter(fields="both", margin="0")
    chance = Random(1)
    for number in range(1_500):
        own = " ".join(f"w{chance.randrange(10**6)}" for _ in range(8))
        draft = Draft(str(number), own, words(0, 100)) if shared == "input" else Draft(str(number), words(0, 30), own)
        rouge.recall([draft])
    last = (
        Draft("last", own + " now", words(0, 100)) if shared == "input" else Draft("last", words(0, 30), own + " now")
    )
    started = time.process_time()
    for _ in range(10):
        found = rouge.check(last)
        rouge.check(Draft("other", "something else", words(0, 100)))
    assert time.process_time() - started < 1
    assert found.reason == "near_duplicate"


# -- memory ---------------------------------------------------------------------------------------------------------


def test_looks_are_let_go_by_age_although_some_of_their_drafts_are_never_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("selfgen.filters.rouge._READY", 40 * 1024)
    rouge, alive = RougeFilter(), weakref.WeakSet[Any]()
    look_at = rouge._index.look

    class Traced(Look):
        __slots__ = ("__weakref__",)

    def traced(texts: Sequence[str]) -> Look:
        made = Traced(rouge._index, look_at(texts)._texts)
        alive.add(made)
        return made

    monkeypatch.setattr(rouge._index, "look", traced)
    for turn in range(50):
        drafts = [Draft(f"{turn}.{n}", words(100 * turn + 10 * n, 100 * turn + 10 * n + 5)) for n in range(8)]
        rouge.prepare(drafts)
        for draft in drafts[1:]:  # the first one is rejected by another filter
            assert rouge.check(draft).reason == ""
            rouge.remember(draft)
    assert len(alive) <= 6


def test_of_one_batch_all_is_kept_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfgen.filters.rouge._READY", 4 * 1024)
    rouge = RougeFilter()
    drafts = [Draft(f"{n}", words(10 * n, 10 * n + 5)) for n in range(20)]
    rouge.prepare(drafts)
    monkeypatch.setattr(rouge._index, "look", None)  # no further look is taken
    for draft in drafts:
        assert rouge.check(draft).reason == ""
        rouge.remember(draft)


# -- several threads ------------------------------------------------------------------------------------------------


def test_a_table_is_long_enough_whoever_makes_another(hasty: None) -> None:
    faults: list[int] = []

    def ask(bounds: Bounds, sizes: Sequence[int]) -> None:
        faults.extend(size for size in sizes if len(bounds.table(size)) <= size)

    for _ in range(300):
        bounds = Bounds(Fraction(7, 10))
        threads = [threading.Thread(target=ask, args=(bounds, sizes)) for sizes in ((10, 400), (5_000,), (100, 900))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not faults


def test_what_is_prepared_on_other_threads_while_judging_decides_nothing(hasty: None) -> None:
    """Three threads prepare, late, early, twice and in disorder, while a fourth judges in order."""
    chance = Random(7)
    vocabulary = [f"w{number}" for number in range(40)] + list("列出三条河流請写詩")
    drafts: list[Draft] = []
    for number in range(900):
        text = " ".join(chance.choices(vocabulary, k=chance.randrange(1, 12)))
        if drafts and chance.random() < 0.3:
            text = chance.choice(drafts).instruction + chance.choice(["", " w1", "!"])
        drafts.append(Draft(f"t{number}", text))

    def judge(rouge: RougeFilter) -> list[tuple[str, object]]:
        found = []
        for start in range(0, len(drafts), 6):
            batch = drafts[start : start + 6]
            rouge.prepare(batch)
            for draft in batch:
                finding = rouge.check(draft)
                found.append((finding.reason, finding.measures))
                if not finding.reason:
                    rouge.remember(draft)
        return found

    expected = judge(RougeFilter())
    rouge, done, faults = RougeFilter(), threading.Event(), list[BaseException]()
    rouge._index._tail = 16  # segments are made and joined all the time

    def prepare(seed: int) -> None:
        own = Random(seed)
        try:
            while not done.is_set():
                rouge.prepare(own.sample(drafts, own.randrange(1, 20)))
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=prepare, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    try:
        found = judge(rouge)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not faults
    assert found == expected
