"""What holds for every reply: reading never raises, well-formed items are all read, a cut loses one item at most."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfgen.core.ports import Reading, Recipe, Subject
from selfgen.core.tasks import Draft
from selfgen.core.work import Answered
from selfgen.recipes.json_find import MOST_BROKEN
from selfgen.recipes.replies import CUT, FILTERED, MOST_ITEMS

Recipes = Mapping[tuple[str, str], Recipe]
QUIET = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

pieces = st.sampled_from(
    [
        '{"tasks": [', '{"instruction": "', '"kind": "open"', '"', "}", "]", ",", "\\", "\\u", "\ud800", "\n", "1. ",
        "2、", "“", "”", "：", "指令：", "Input:", "<think>", "</think>\n", "```json\n", "{", "[", ":", "null", "-",
        "1e9", "NaN", "\x00", "\u200d", "\u2028", "<|im_end|>", "{{7*7}}", "抱歉，我无法", "Sorry", "字",
    ]
)  # fmt: skip
ugly = st.one_of(st.text(st.characters(), max_size=60), st.lists(pieces, max_size=25).map("".join))
finishes = st.sampled_from(["stop", "", "whatever", *sorted(CUT), *sorted(FILTERED)])
words = st.text('abc 字词，。“”"\\/{}[]:\n\t1', min_size=1, max_size=30).map(lambda text: f"Say {text} now")


@QUIET
@given(text=ugly, finish=finishes)
def test_reading_never_raises_and_always_says_why(
    text: str, finish: str, recipes: Recipes, make_subject: Callable[..., Subject], make_reply: Callable[..., Answered]
) -> None:
    reply = make_reply(text, finish, "")
    open_draft = Draft("t00003.0", "Do it.", labels=(("kind", "open"),))
    choice = Draft("t00003.0", "Yes or no?", labels=(("kind", "classification"),))
    for recipe, stage, draft in [
        ("alpaca", 0, None),
        ("self-instruct", 0, None),
        ("self-instruct", 1, open_draft),
        ("self-instruct", 2, open_draft),
        ("self-instruct", 2, choice),
        ("self-instruct", 3, open_draft),
    ]:
        reading = recipes[recipe, "en"].read(make_subject("en", stage, draft), reply)
        if stage:
            assert len(reading.drafts) == 1 or (not reading.drafts and reading.faults)
        elif not reading.drafts and finish not in CUT:
            assert reading.faults or '"tasks"' in text
        check_storable(reading)


def check_storable(reading: Reading) -> None:
    for draft in reading.drafts:
        assert draft.instruction
        (draft.instruction + draft.input + draft.output).encode("utf-8")
    for fault in reading.faults:
        (fault.reason + fault.detail + fault.excerpt).encode("utf-8")
        assert fault.reason.replace("_", "").isalpha()


@QUIET
@given(
    texts=st.lists(words, min_size=1, max_size=MOST_ITEMS),
    shape=st.sampled_from(["wrapped", "list", "lines", "fenced"]),
)
def test_well_formed_items_are_all_read(
    texts: list[str],
    shape: str,
    recipes: Recipes,
    make_subject: Callable[..., Subject],
    make_reply: Callable[..., Answered],
) -> None:
    reading = recipes["self-instruct", "en"].read(make_subject(), make_reply(dump(texts, shape)))
    assert [draft.instruction for draft in reading.drafts] == texts
    assert reading.faults == ()


@QUIET
@given(
    texts=st.lists(words, min_size=2, max_size=6, unique=True),
    share=st.floats(0, 1),
    shape=st.sampled_from(["wrapped", "list"]),
)
def test_a_cut_reply_keeps_what_is_complete(
    texts: list[str],
    share: float,
    shape: str,
    recipes: Recipes,
    make_subject: Callable[..., Subject],
    make_reply: Callable[..., Answered],
) -> None:
    whole = dump(texts, shape)
    text = whole[: round(share * len(whole))]
    reading = recipes["self-instruct", "en"].read(make_subject(), make_reply(text, "length"))
    complete = [item for item in texts if json.dumps(item) + "}" in text]
    assert [draft.instruction for draft in reading.drafts] == complete
    assert [fault.reason for fault in reading.faults] in ([], ["cut"])


def dump(texts: list[str], shape: str) -> str:
    items = [{"kind": "open", "instruction": f"{text}"} for text in texts]
    match shape:
        case "wrapped":
            return json.dumps({"tasks": items})
        case "list":
            return json.dumps(items)
        case "lines":
            return "\n".join(json.dumps(item, ensure_ascii=False) for item in items)
        case _:
            return "Here:\n```json\n" + json.dumps({"tasks": items}, indent=2, ensure_ascii=False) + "\n```\nDone {x}."


def test_a_run_away_list_is_read_up_to_a_limit(
    recipes: Recipes, make_subject: Callable[..., Subject], make_reply: Callable[..., Answered]
) -> None:
    texts = [f"Task number {number}" for number in range(MOST_ITEMS + 1)]
    reading = recipes["self-instruct", "en"].read(make_subject(), make_reply(dump(texts, "wrapped")))
    assert len(reading.drafts) == MOST_ITEMS
    assert [fault.reason for fault in reading.faults] == ["too_many"]


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * 20_000,
        "[" * 60_000,
        '[{"' * 20_000,
        '{"tasks":[' * 9_000,
        '}{"' * 20_000,
        '{"instruction": "' * 5_000,
        "“{“" * 20_000,
        "1. a\n" * 20_000,
        "1.\n\n" * 20_000,
        "Instruction: a\nInput: b\n" * 4_000,
        "\\" * 60_000,
        '{"a": "' + "\\u12" * 15_000,
        "<think>" * 9_000,
        "<think></think>" * 5_000,
        " " * 60_000 + "{",
        "\u200d" * 60_000,
        "a\u200d" * 30_000,
    ],
    ids=lambda text: repr(text[:16]),
)
def test_hostile_replies_are_read_in_no_time(
    text: str, recipes: Recipes, make_subject: Callable[..., Subject], make_reply: Callable[..., Answered]
) -> None:
    draft = Draft("t00003.0", "Do it.", labels=(("kind", "open"),))
    recipes["alpaca", "en"].read(make_subject(), make_reply(text))
    reading = recipes["self-instruct", "en"].read(make_subject("en", 3, draft), make_reply(text))
    assert len(reading.drafts) + len(reading.faults) == 1


def test_endless_rubble_is_given_up(
    recipes: Recipes, make_subject: Callable[..., Subject], make_reply: Callable[..., Answered]
) -> None:
    reading = recipes["alpaca", "en"].read(make_subject(), make_reply('}{"' * 20_000))
    assert reading.drafts == ()
    assert {fault.reason for fault in reading.faults} == {"broken_json"}
    assert len(reading.faults) == MOST_BROKEN + 1
    assert "not read" in reading.faults[-1].detail
