"""Draws have an address: the same for ever, independent of one another, fair enough."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.canon import canonical_json, digest, hash_int
from selfgen.core.draw import Draw
from selfgen.core.tasks import Prefix, set_label
from selfgen.core.work import CallId


@given(st.integers(), st.lists(st.integers(), unique=True, max_size=40), st.integers(0, 50))
def test_a_sample_is_distinct_and_the_same_each_time(seed: int, items: list[int], count: int) -> None:
    drawn = Draw(seed, CallId(1, 2, 3)).sample(items, count, "x")
    assert len(drawn) == min(count, len(items))
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= set(items)
    assert drawn == Draw(seed, CallId(1, 2, 3)).sample(items, count, "x")


def test_what_was_drawn_stays_as_it_is_in_every_version() -> None:
    draw = Draw(42, CallId(7, 0, 0))
    assert draw.sample(list("abcdefgh"), 3, "seeds") == ["h", "g", "d"]
    assert draw.seed("server") == 608238778
    assert Draw(42, CallId(7, 0, 0, 1)).seed("server") == 1504195654


def test_address_and_purpose_make_independent_draws() -> None:
    numbers = {
        Draw(seed, call).below(10**9, purpose)
        for seed in (1, 2)
        for call in (CallId(0, 0, 1), CallId(0, 1, 0), CallId(1, 0, 0), CallId(0, 0, 11))
        for purpose in ("a", "b")
    }
    assert len(numbers) == 16


def test_every_item_is_drawn_about_equally_often() -> None:
    counts = Counter(item for turn in range(3_000) for item in Draw(1, turn).sample("abcdef", 2, "x"))
    assert all(850 < counts[item] < 1_150 for item in "abcdef")


def test_server_seeds_fit_every_server() -> None:
    assert all(0 <= Draw(1, turn).seed("server") < 2**31 for turn in range(500))


@given(st.lists(st.integers()), st.data())
def test_a_prefix_is_the_list_as_it_stood(items: list[int], data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(items)))
    view = Prefix(items, length)
    then = list(items[:length])
    items.append(99)
    assert list(view) == then
    assert len(view) == length
    assert [view[i] for i in range(-length, length)] == then * 2
    assert view[1:3] == then[1:3]
    for outside in (length, -length - 1):
        with pytest.raises(IndexError):
            view[outside]


def test_canonical_json_has_one_form() -> None:
    assert canonical_json({"b": [1, "中\u2028"], "a": None}) == '{"a":null,"b":[1,"中\u2028"]}'
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({}).startswith("sha256:")
    assert hash_int("a", "bc") != hash_int("ab", "c")
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json(float("nan"))


def test_labels_are_sorted_and_replaced() -> None:
    assert set_label((("kind", "open"),), "difficulty", "easy") == (("difficulty", "easy"), ("kind", "open"))
    assert set_label((("kind", "open"),), "kind", "classification") == (("kind", "classification"),)


@given(st.integers(0, 10**6), st.integers(0, 9), st.integers(0, 99), st.integers(0, 9))
def test_call_ids_are_read_as_written(turn: int, stage: int, item: int, again: int) -> None:
    assert CallId.parse(str(CallId(turn, stage, item, again))) == CallId(turn, stage, item, again)


def test_a_call_that_is_asked_for_the_first_time_says_nothing_of_it() -> None:
    assert str(CallId(42, 1, 0)) == "42.1.0"
    assert str(CallId(42, 1, 0, 1)) == "42.1.0+1"


@pytest.mark.parametrize("text", ["", "4.2", "4.2.1.0", "4.2.x", "4.2.1+", "4.2.1+0", "4.2.1+-1", "4.2.1+1+1"])
def test_what_is_no_address_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"unpack|invalid literal|no call"):
        CallId.parse(text)
