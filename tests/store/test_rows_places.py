"""Putting repaired texts back: only they change, whatever else a row holds."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.errors import InternalError
from selfgen.store.rows_places import SEVERAL_INSTANCES, look, replace_texts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OTHERS = st.dictionaries(st.text(min_size=1, max_size=6).filter(lambda name: name.isdigit()), JSON, max_size=3)


def rows(a: str, b: str, c: str) -> dict[str, dict[str, Any]]:
    asked, answered = {"role": "user", "content": a}, {"role": "assistant", "content": c, "weight": 1}
    instances = [{"input": b, "output": c, "n": 1}, {"input": "2", "output": "3"}]
    spoken = [{"from": "human", "value": a}, {"from": "gpt", "value": c}, {"from": "human", "value": "And?"}]
    return {
        "alpaca": {"instruction": a, "input": b, "output": c},
        "csv": {"指令": a, "输入": b, "输出": c},
        "self-instruct": {"instruction": a, "instances": instances},
        "messages": {"messages": [asked, answered]},
        "sharegpt": {"conversations": spoken},
    }


@given(st.sampled_from(["alpaca", "csv", "self-instruct", "messages", "sharegpt"]), OTHERS)
def test_only_the_repaired_text_differs(shape: str, others: dict[str, Any]) -> None:
    before = {**others, **rows("Name a sea.", "In Asia.", "A &amp; B")[shape]}
    untouched = copy.deepcopy(before)
    seen = look(shape, before)
    assert seen.fault == ""
    after = replace_texts(before, seen.places, seen.task, replace(seen.task, output="A & B"))
    assert before == untouched
    assert after == {**others, **rows("Name a sea.", "In Asia.", "A & B")[shape]}
    assert list(after) == list(before)


def test_a_row_without_repairs_is_the_same() -> None:
    row = {"instruction": "Name a sea.", "extra": [1, {"a": None}]}
    seen = look("alpaca", row)
    assert replace_texts(row, seen.places, seen.task, seen.task) is row


def test_a_content_in_parts_becomes_one_part() -> None:
    parts = [{"type": "text", "text": "Name a sea. "}, {"type": "text", "text": "Any."}]
    row = {"messages": [{"role": "user", "content": parts}]}
    seen = look("messages", row)
    assert seen.task.instruction == "Name a sea. \nAny."
    after = replace_texts(row, seen.places, seen.task, replace(seen.task, instruction="Name a sea."))
    assert after == {"messages": [{"role": "user", "content": [{"type": "text", "text": "Name a sea."}]}]}


def test_pictures_are_no_text() -> None:
    row = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}
    assert look("messages", row).fault == "instruction must be text, but it is a list"


def test_a_text_without_a_place_is_a_fault_of_ours() -> None:
    row = {"messages": [{"role": "user", "content": "Name a sea."}]}
    seen = look("messages", row)
    with pytest.raises(InternalError, match="no place for one"):
        replace_texts(row, seen.places, seen.task, replace(seen.task, input="New."))


def test_what_a_row_tells_of_itself() -> None:
    assert look("self-instruct", rows("a b", "", "")["self-instruct"]).notice == SEVERAL_INSTANCES
    assert look("alpaca", {"instruction": "a", "output": ""}).places.answered
    assert not look("alpaca", {"instruction": "a"}).places.answered
    assert look("alpaca", {"instruction": "a", "is_classification": "TRUE"}).task.label("kind") == "classification"
    assert look("alpaca", {"instruction": "a", "labels": {"kind": "open"}}).task.label("kind") == "open"
    assert look("alpaca", {"instruction": "a", "id": 7}).task.id == "7"
    assert look("alpaca", {"instruction": "a", "id": True}).task.id == ""
