"""ROUGE-L novelty: equal to rouge-score and to a plain dynamic programme, however it is pruned."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from selfgen.core.ports import Finding
from selfgen.core.tasks import Draft
from selfgen.errors import BadConfig, InternalError
from selfgen.filters.rouge import Neighbour, NoveltyIndex, RougeFilter
from selfgen.filters.tokens import comparison_text, comparison_tokens

WORDS = [
    "list",
    "the",
    "a",
    "rivers",
    "of",
    "europe",
    "three",
    "write",
    "poem",
    "about",
    "it's",
    "Name",
    "10",
    "an",
    "X-ray",
]
LATIN = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
MIXED = st.lists(
    st.sampled_from([*"的一写请寫請诗关于關カナ한,。👍", "python", "Python ", "café ", "мир ", " the ", "10"]),
    max_size=14,
).map("".join)


def plain_lcs(one: Sequence[str], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for token in one:
        before = row
        row = [0]
        for j, candidate in enumerate(other):
            row.append(before[j] + 1 if token == candidate else max(row[j], before[j + 1]))
    return row[-1]


def plain_score(one: str, other: str) -> Fraction:
    own, others = comparison_tokens(one), comparison_tokens(other)
    return Fraction(2 * plain_lcs(own, others), len(own) + len(others)) if own and others else Fraction(0)


def index_of(texts: Sequence[str], limit: str = "0.7", *, floor: str | None = None, tail: int = 2) -> NoveltyIndex:
    """An index whose texts lie in segments of two, four, eight ..., as those of a large one do in larger ones."""
    index = NoveltyIndex(limit, floor, tail=tail)
    for number, text in enumerate(texts):
        index.add(str(number), text)
    return index


@settings(deadline=None)
@given(LATIN, LATIN)
def test_latin_scores_are_those_of_rouge_score(one: str, other: str) -> None:
    expected = RougeScorer(["rougeL"]).score(other, one)["rougeL"].fmeasure
    found = index_of([other]).nearest(one)
    assert (float(found) if found else 0.0) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(LATIN, st.lists(LATIN, min_size=1, max_size=8), st.sampled_from(["0.5", "0.6", "0.7", "0.75"]))
def test_latin_decisions_are_those_of_rouge_score_but_exactly_on_the_limit(
    text: str, pool: list[str], limit: str
) -> None:
    best = max(RougeScorer(["rougeL"]).score(other, text)["rougeL"].fmeasure for other in pool)
    decision = index_of(pool, limit).check(text)
    if abs(best - float(limit)) > 1e-9:
        assert (decision is not None) is (best > float(limit))
    else:
        assert decision is None


@settings(deadline=None)
@given(MIXED, st.lists(MIXED, max_size=10))
def test_the_nearest_is_the_one_that_comparing_with_all_finds(text: str, pool: list[str]) -> None:
    scores = [plain_score(text, other) for other in pool]
    best = max(scores, default=Fraction(0))
    found = index_of(pool).nearest(text)
    if not comparison_tokens(text):
        assert found is None or found.same_text
    elif best == 0:
        assert found is None
    else:
        assert found is not None
        assert (found.score, found.id) == (best, str(scores.index(best)))
        other = comparison_tokens(pool[int(found.id)])
        assert (found.own, found.other) == (len(comparison_tokens(text)), len(other))


@settings(deadline=None)
@given(st.lists(MIXED, min_size=1, max_size=12), MIXED, st.sampled_from(["0.3", "0.5", "0.7"]))
def test_pruning_never_changes_a_verdict(pool: list[str], text: str, limit: str) -> None:
    if comparison_tokens(text):
        expected = any(plain_score(text, other) > Fraction(limit) for other in pool)
        assert (index_of(pool, limit).check(text) is not None) is expected


@settings(deadline=None)
@given(
    st.lists(MIXED, max_size=40),
    st.lists(MIXED, min_size=1, max_size=6),
    st.sampled_from(["0", "0.3", "0.55", "0.7", "1"]),
    st.sampled_from(["0", "0.4", "0.7"]),
    st.integers(1, 5),
)
def test_neither_limit_nor_floor_nor_layout_changes_what_is_nearest(
    pool: list[str], texts: list[str], limit: str, floor: str, tail: int
) -> None:
    """The sieves are exact: at or above the floor the same neighbour is found as by comparing with all."""
    index = index_of(pool, limit, floor=floor, tail=tail)
    plain = index_of(pool, "0", tail=1000)
    look = index.look(texts)
    for number, text in enumerate(texts):
        found, expected = look.nearest(number), plain.nearest(text)
        if expected is not None and expected.score < index.floor:
            assert found is None
        else:
            assert found == expected
        assert index.nearest(text) == expected
        assert index.check(text) == (expected if index.above(expected) else None)


@settings(deadline=None)
@given(st.lists(MIXED, max_size=40), MIXED, st.sampled_from(["0", "0.3", "0.55", "0.7", "1"]), st.integers(1, 5))
def test_neighbours_are_all_that_reach_the_floor_the_nearest_first(
    pool: list[str], text: str, floor: str, most: int
) -> None:
    found = index_of(pool).neighbours(text, floor, most)
    scores = [(plain_score(text, other), -at) for at, other in enumerate(pool)]
    expected = sorted((pair for pair in scores if pair[0] >= Fraction(floor) and pair[0]), reverse=True)
    if comparison_tokens(text):
        assert [(near.score, near.id) for near in found] == [(score, str(-at)) for score, at in expected[:most]]


@settings(deadline=None)
@given(st.lists(MIXED, max_size=12), st.integers(0, 12), MIXED)
def test_growing_an_index_between_questions_changes_nothing(pool: list[str], cut: int, text: str) -> None:
    grown = index_of(pool[:cut])
    grown.nearest(text)
    for number, other in enumerate(pool[cut:], start=len(pool[:cut])):
        grown.add(str(number), other)
    assert grown.nearest(text) == index_of(pool).nearest(text)


@settings(deadline=None)
@given(st.lists(MIXED, max_size=30), st.lists(MIXED, min_size=1, max_size=8), st.data(), st.integers(1, 4))
def test_a_look_taken_early_says_the_same_as_one_taken_late(
    pool: list[str], texts: list[str], data: st.DataObject, tail: int
) -> None:
    """Whatever was added in between: texts of the same look, of others, or many."""
    cut = data.draw(st.integers(0, len(pool)))
    early, plain = index_of(pool[:cut], tail=tail), index_of(pool[:cut], tail=tail)
    look = early.look(texts)
    later = iter(enumerate(pool[cut:]))
    for number, text in enumerate(texts):
        for _ in range(data.draw(st.integers(0, 6))):
            if (other := next(later, None)) is not None:
                early.add(f"later{other[0]}", other[1])
                plain.add(f"later{other[0]}", other[1])
        assert look.nearest(number) == plain.look([text]).nearest(0)
        if data.draw(st.booleans()):
            look.add(number, f"own{number}")
            plain.add(f"own{number}", text)


@settings(deadline=None)
@given(st.lists(MIXED, min_size=1, max_size=24), st.integers(1, 24), st.integers(1, 4))
def test_a_greedy_pass_keeps_the_same_texts_in_batches_of_any_size(texts: list[str], size: int, tail: int) -> None:
    expected: list[str] = []
    for text in texts:
        tokens = comparison_tokens(text)
        near = any(plain_score(text, other) > Fraction(7, 10) for other in expected) if tokens else text in expected
        if not near and (tokens or text not in expected):
            expected.append(text)
    index, kept = NoveltyIndex("0.7", tail=tail), []
    for start in range(0, len(texts), size):
        batch = texts[start : start + size]
        look = index.look(batch)
        for number, text in enumerate(batch):
            if not index.above(look.nearest(number)):
                look.add(number, str(start + number))
                kept.append(text)
    assert [comparison_text(text) for text in kept] == [comparison_text(text) for text in expected]


def test_one_may_look_while_another_adds() -> None:
    """Every text that was there before the look began is found, whatever is added or rearranged meanwhile."""
    texts = [f"tell me about number {number} and its friend {7 * number}" for number in range(3_000)]
    index = NoveltyIndex("0.99", tail=8)
    faults: list[str] = []
    done = threading.Event()

    def watch() -> None:
        rng = 1
        while not done.is_set():
            count = len(index)
            if not count:
                continue
            rng = (rng * 1_103_515_245 + 12_345) % 2**31
            batch = [texts[rng % count], texts[count - 1]]
            look = index.look(batch)
            for number, text in enumerate(batch):
                found = look.nearest(number)
                if found is None or found.score != 1 or texts[int(found.id)] != text:
                    faults.append(text)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number, text in enumerate(texts):
        index.add(str(number), text)
    done.set()
    watcher.join()
    assert not faults


@pytest.mark.parametrize("length", [10, 20, 100])
def test_seven_tenths_is_not_above_seven_tenths(length: int) -> None:
    shared = [f"w{i}" for i in range(7 * length // 10)]
    one = " ".join([*shared, *(f"a{i}" for i in range(3 * length // 10))])
    other = " ".join([*shared, *(f"b{i}" for i in range(3 * length // 10))])
    index = index_of([other])
    nearest = index.nearest(one)
    assert nearest is not None
    assert nearest.score == Fraction(7, 10)
    assert not index.check(one)
    assert index_of([other], "0.69").check(one)


def test_on_the_limit_the_fraction_decides_and_not_a_float() -> None:
    """7 of 9 and 11 tokens in common are exactly 0.7; rouge-score's floats come out at 0.7000000000000001."""
    one, other = "a b c d e f g h i", "a b c d e f g k l m n"
    assert RougeScorer(["rougeL"]).score(other, one)["rougeL"].fmeasure > 0.7
    index = index_of([other])
    nearest = index.nearest(one)
    assert nearest is not None
    assert nearest.score == Fraction(7, 10)
    assert not index.check(one)


def test_of_equally_near_texts_the_first_added_is_named_although_its_bound_is_lower() -> None:
    index = index_of(["a b c x", "a b d c"])
    nearest = index.nearest("a b c d")
    assert nearest is not None
    assert (nearest.id, nearest.score) == ("0", Fraction(6, 8))


def test_the_limit_is_the_decimal_as_it_is_spelled() -> None:
    assert NoveltyIndex("0.7").limit == NoveltyIndex(0.7).limit == Fraction(7, 10)
    for wrong in ("high", "-0.1", "1.01", "nan", True, "1/0"):
        with pytest.raises(BadConfig, match=r"number from 0 to 1"):
            NoveltyIndex(wrong)


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("列出三种常见的水果。", "列出三种常见的水果。", 1),
        ("列出三种常见的水果。", "列出四种常见的水果。", Fraction(8, 9)),
        ("請解釋光合作用的過程", "请解释光合作用的过程", 1),
        ("解释ＧＤＰ的含义", "解释GDP的含义", 1),
        ("反義詞", "同义词", Fraction(2, 3)),
        ("光合成を説明してください", "光合成を説明してください。", 1),
        ("광합성을 설명하세요", "광합성을 설명하세요!", 1),
        ("學而時習之，不亦說乎", "学而时习之，不亦说乎？", 1),
        ("用Python写一个快速排序", "请解释Python中的装饰器", Fraction(2, 18)),
        ("Explain café culture", "Explain caf culture", Fraction(2, 3)),
    ],
)
def test_chinese_and_other_scripts(one: str, other: str, score: Fraction | int) -> None:
    found = index_of([other]).nearest(one)
    assert found is not None
    assert found.score == score


def test_texts_without_tokens_are_compared_as_they_stand() -> None:
    index = index_of(["👍👍", "？！", "words"])
    assert index.nearest("👍👍") == Neighbour("0", 0, 0, 0, same_text=True)
    assert index.check("?!")
    assert index.nearest("👎") is None
    assert not index.check("👎")
    assert len(index) == 3


def test_a_large_vocabulary_steps_over_the_surrogates() -> None:
    words = [f"w{number}" for number in range(57_500)]
    index = index_of([" ".join(words[start : start + 500]) for start in range(0, len(words), 500)])
    found = index.nearest(" ".join(words[55_000:55_500]))
    assert found is not None
    assert (found.id, found.score) == ("110", Fraction(1))


def test_a_full_vocabulary_is_an_error_that_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    index = index_of(["one two"])
    monkeypatch.setattr("selfgen.filters.vocabulary.MOST_KEYS", 5)
    with pytest.raises(InternalError, match="at most 4 different tokens"):
        index.add("late", "one three four five")
    assert len(index) == 1
    found = index.nearest("one two")
    assert found is not None
    assert found.id == "0"


@pytest.mark.slow
def test_more_tokens_than_there_are_characters_change_no_score() -> None:
    index = NoveltyIndex("0.5")
    for start in range(0, 1_200_000, 100):
        index.add(str(start), " ".join(f"w{number}" for number in range(start, start + 100)))
    for start in (0, 600_000, 1_199_900):
        words = [f"w{number}" for number in range(start, start + 100)]
        found = index.check(" ".join([*words[:60], *words[:40]]))
        assert found is not None
        assert (found.id, found.score) == (str(start), Fraction(60, 100))


def test_words_that_no_text_holds_are_near_to_nothing() -> None:
    index = index_of(["one two", "three"])
    assert index.nearest("\0 zero") is None
    assert NoveltyIndex().nearest("one") is None


def test_the_filter_measures_kept_and_rejected_drafts() -> None:
    rouge = RougeFilter(max="0.7", margin="0.1")
    assert rouge.check(Draft("a", "List three rivers of Europe")) == Finding()
    rouge.remember(Draft("a", "List three rivers of Europe"))
    near = rouge.check(Draft("b", "List four rivers of Asia"))
    assert (near.reason, near.measures[0].value, near.measures[0].nearest) == ("", 0.6, "a")
    assert rouge.check(Draft("c", "List four lakes of Asia")) == Finding(), "further from the limit than the margin"
    plain = RougeFilter(max="0.7")
    plain.remember(Draft("a", "List three rivers of Europe"))
    assert plain.check(Draft("b", "List four rivers of Asia")) == Finding(), "no margin, no measure"
    same = rouge.check(Draft("c", "List three rivers of Europe!"))
    assert same.reason == "near_duplicate"
    assert (same.measures[0].value, same.measures[0].limit, same.measures[0].unit) == (1.0, 0.7, "ROUGE-L F1")


def test_the_filter_says_when_texts_without_tokens_are_equal() -> None:
    rouge = RougeFilter()
    rouge.remember(Draft("a", "👍"))
    found = rouge.check(Draft("b", "👍"))
    assert (found.reason, found.measures[0].unit) == ("near_duplicate", "same text")


def test_the_filter_can_look_at_the_input_too() -> None:
    rouge = RougeFilter(fields="instruction+input")
    assert rouge.scope == "task"
    rouge.remember(Draft("a", "翻译成英文", "今天天气很好，我们去公园散步"))
    assert rouge.check(Draft("b", "翻译成英文", "他昨天买了一本关于历史的书")).reason == ""
    assert rouge.check(Draft("c", "翻译成英文", "今天天气很好，我们去公园散步。")).reason == "near_duplicate"
    with pytest.raises(BadConfig, match="fields"):
        RougeFilter(fields="output")  # type: ignore[arg-type]


BOTH = (
    ("one and the same", "Sum up the text.", "Rain fell on the hills.", True),
    ("another question about the same text", "Translate the text into French.", "Rain fell on the hills.", False),
    ("the same question about another text", "Sum up the text.", "Whales sing to each other at night.", False),
    ("hardly changed", "Please sum up the text.", "Rain fell on the hills.", True),
    ("another number", "Sum up the text.", "Rain fell on the 3 hills.", False),
)


@pytest.mark.parametrize(("instruction", "input", "near"), [case[1:] for case in BOTH], ids=[case[0] for case in BOTH])
def test_with_both_instruction_and_whole_must_be_near_and_the_numbers_the_same(
    instruction: str, input: str, near: bool
) -> None:
    rouge = RougeFilter(max="0.75", fields="both")
    rouge.remember(Draft("a", "Sum up the text.", "Rain fell on the hills."))
    assert (rouge.check(Draft("b", instruction, input)).reason == "near_duplicate") is near


def test_sums_with_other_numbers_are_other_tasks_and_those_with_the_same_are_not() -> None:
    rouge = RougeFilter(max="0.75", fields="both")
    rouge.remember(Draft("a", "小明有74个苹果，吃了12个，还剩几个？"))
    assert rouge.check(Draft("b", "小明有31个苹果，吃了12个，还剩几个？")).reason == ""
    assert rouge.check(Draft("c", "小红有７４个苹果，吃了12个，还剩几个？")).reason == "near_duplicate"
