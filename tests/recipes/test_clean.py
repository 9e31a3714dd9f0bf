"""Normalising: what goes, and what has to stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.recipes.clean import clean_input, clean_instruction, clean_text, cut_excerpt, has_lost_backslash


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  a\r\nb\rc\u2028d\x85e  ", "a\nb\nc\nd\ne"),
        ("\ufeffa\u200bb\u2060c\u00add", "abcd"),
        ("a\u202eb\u2066c\u2069\u200fd\u061c", "abcd"),
        ("a\x00\x1bb\x7f\x9b", "ab"),
        ("hi\U000e0041\U000e0042", "hi"),
        ("家\U0001f468\u200d\U0001f469\u200d\U0001f467", "家\U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("क्\u200dष می\u200cخواهم", "क्\u200dष می\u200cخواهم"),
        ("pass\u200dword\u200c 密\u200d码\u200d", "password 密码"),
        ("Ａｂｃ１２３！①½ ㎏", "Ａｂｃ１２３！①½ ㎏"),
        ("&lt;b&gt; &amp; SQL NASA", "&lt;b&gt; &amp; SQL NASA"),
        ("a\tb\n\n  c", "a\tb\n\n  c"),
        ("\u3000中文\u3000", "中文"),
        ("bad \ufffd stays", "bad \ufffd stays"),
    ],
)
def test_only_what_nobody_sees_goes(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("1. Name it.", "Name it."),
        ("12) Name it.", "Name it."),
        ("(3) Name it.", "Name it."),
        ("2、说说它。", "说说它。"),
        ("（4）说说它。", "说说它。"),
        ("3.说说它。", "说说它。"),
        ("- Name it.", "Name it."),
        ("Task 3: Name it.", "Name it."),
        ("指令：1. 说说它。", "说说它。"),
        ("1.5 litres are how many pints?", "1.5 litres are how many pints?"),
        ("3、5、7 之后是什么？", "3、5、7 之后是什么？"),
        ("2024. Which year follows?", "2024. Which year follows?"),
        ("-5 plus 3?", "-5 plus 3?"),
        ("- 5 plus 3?", "- 5 plus 3?"),
        ("7", "7"),
        ("1.", "1."),
        ("SQL: join NASA's tables", "SQL: join NASA's tables"),
    ],
)
def test_list_numbers_go_and_other_numbers_stay(raw: str, clean: str) -> None:
    assert clean_instruction(raw) == clean


@pytest.mark.parametrize(
    "said",
    [
        "<noinput>",
        "<No Input>",
        "N/A",
        "n/a.",
        "None",
        "No input needed.",
        "no input is required",
        "not applicable",
        "无",
        "<无输入>",
        "（无）",
        "【无输入】",
        "无需输入",
        "不需要输入。",
        "没有输入",
        "無輸入",
        "不适用",
        "no_input",
        " ",
    ],
)
def test_every_way_to_say_no_input_means_none(said: str) -> None:
    assert clean_input(said, "Do it.") == ""


@pytest.mark.parametrize(
    "said", ["nothing", "no", "None of them came", "无人机", "空", "0", "-", "N", "null", "no inputs"]
)
def test_what_only_looks_like_it_stays(said: str) -> None:
    assert clean_input(said, "Do it.") == said


@pytest.mark.parametrize(
    ("said", "instruction", "kept"),
    [
        ("the cat sat", "Translate: the cat sat", ""),
        ("the cat sat", "Translate the sentence.", "the cat sat"),
        ("positive", "Is it positive or negative?", "positive"),
        ("床前明月光疑是霜", "接着背：床前明月光疑是霜", ""),
        ("好评", "是好评还是差评？", "好评"),
    ],
)
def test_an_input_that_the_instruction_holds_goes(said: str, instruction: str, kept: str) -> None:
    assert clean_input(said, instruction) == kept


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("\x0crac{1}{2}", True),
        ("\x08eta", True),
        ("3 \times 4", True),
        ("\theta", True),
        ("\nabla f", True),
        ("\rho", True),
        ("a\tb", False),
        ("\nabout", False),
        (r"\frac \beta \times", False),
        ("page\x0c\n", False),
    ],
)
def test_a_backslash_lost_to_json_is_noticed(text: str, lost: bool) -> None:
    assert has_lost_backslash(text) is lost


@given(st.text(st.characters()))
def test_an_excerpt_is_short_and_can_be_stored(text: str) -> None:
    assert len(cut_excerpt(text).encode("utf-8").decode("utf-8")) <= 200
