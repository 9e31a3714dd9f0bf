"""The comparison key: equal to rouge-score on ASCII, fair to every other script."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.tokenizers import DefaultTokenizer

from selfgen.filters.tokens import (
    comparison_text,
    comparison_tokens,
    has_cjk,
    length_units,
    main_language,
    script_counts,
)

ASCII = st.text(st.characters(max_codepoint=127), max_size=60)
ANY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("的一是不了在人有我他這這個請解釋后後乾著ＡＢ１２ｶﾞカナ한국어café\u0301İßﬁ½²①\u200b\u202e👍🏽é"),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(ASCII)
def test_ascii_is_cut_exactly_as_rouge_score_cuts_it(text: str) -> None:
    assert list(comparison_tokens(text)) == DefaultTokenizer(use_stemmer=False).tokenize(text)


@settings(deadline=None)
@given(ANY)
def test_any_text_has_a_key_and_tokens_hold_no_space(text: str) -> None:
    tokens = comparison_tokens(text)
    assert all(token and not any(letter.isspace() for letter in token) for token in tokens)
    assert length_units(text) >= 0
    assert comparison_text(comparison_text(text)) == comparison_text(text)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't PANIC, at 3.14!", ["don", "t", "panic", "at", "3", "14"]),
        ("用Python写一个快速排序", ["用", "python", "写", "一", "个", "快", "速", "排", "序"]),
        ("café naïve Straße", ["café", "naïve", "strasse"]),
        ("cafe\u0301", ["café"]),
        ("Привет, мир", ["привет", "мир"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("カタカナとひらがな", list("カタカナとひらがな")),
        ("ｶﾞ", ["ガ"]),
        ("한국어", list("한국어")),
        ("ＡＢＣ１２", ["abc12"]),
        ("請解釋", ["请", "解", "释"]),
        ("zero\u200bwidth \ufeffmark", ["zerowidth", "mark"]),
        ("👍🏽 … 。！", []),
        ("", []),
        ("學而時習之，不亦說乎？", list("学而时习之不亦说乎")),
    ],
)
def test_tokens_by_script(text: str, tokens: list[str]) -> None:
    assert list(comparison_tokens(text)) == tokens


def test_a_lone_surrogate_is_dropped_and_harms_nothing() -> None:
    assert comparison_tokens("\ud800漢字") == ("汉", "字")
    assert comparison_text("\udfff漢字") == "汉字"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("Hello  World", "hello world\n", True),
        ("請用ＡＢＣ　回答", "请用ABC 回答", True),
        ("What is 2²?", "What is 22?", False),
        ("1+1", "1-1", False),
        ("👍", "👎", False),
        ("re\u00adsume\u0301", "RESUMÉ", True),
    ],
)
def test_texts_are_compared_by_what_a_reader_sees(one: str, other: str, equal: bool) -> None:
    assert (comparison_text(one) == comparison_text(other)) is equal


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Name three rivers.", 5.1),
        ("写一首诗。", 4.0),
        ("用Python写", 3.7),
        ("don't pay 3.14", 5.1),
        ("한국어", 3.0),
        ("Привет мир", 3.4),
        ("👍…", 0.0),
    ],
)
def test_length_counts_a_word_as_1_7_chinese_characters(text: str, units: float) -> None:
    assert length_units(text) == units


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Explain photosynthesis.", "en"),
        ("Explique la photosynthèse.", "en"),
        ("解释光合作用。", "zh"),
        ("解釋光合作用。", "zh"),
        ("用Python写一个快速排序函数", "zh"),
        ("光合成について説明してください", "other"),
        ("광합성을 설명하세요", "other"),
        ("Объясните фотосинтез", "other"),
        ("!!!", "other"),
    ],
)
def test_the_language_is_guessed_from_scripts(text: str, language: str) -> None:
    assert main_language(text) == language


def test_scripts_are_counted_apart() -> None:
    counts = script_counts("汉字 かな 한글 two words привет ไทย")
    assert (counts.han, counts.kana, counts.hangul, counts.other_characters) == (2, 2, 2, 3)
    assert (counts.latin_words, counts.other_words) == (2, 1)
    assert has_cjk("abc 字")
    assert not has_cjk("abc é")
