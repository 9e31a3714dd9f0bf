"""What makes the rules fast changes no verdict: each short cut is held against the plain way it stands for."""

from __future__ import annotations

import re
import unicodedata
from time import thread_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfgen.core.tasks import Draft
from selfgen.filters import instruction_phrases, output_phrases
from selfgen.filters.control import _TOKENS
from selfgen.filters.phrases import Phrases, has_needs
from selfgen.filters.relations import merged_filter
from selfgen.filters.repetition import _SENTENCE_END
from selfgen.filters.tokens import (
    _UNSPACED,
    _WORD,
    _fold,
    _narrow,
    comparison_lines,
    comparison_text,
    comparison_tokens,
    is_blank,
    script_counts,
)

UNSUITABLE = instruction_phrases.UNSUITABLE_REQUEST
NEEDY = {
    name: each
    for room in (instruction_phrases, output_phrases)
    for name, each in {**vars(room), "UNSUITABLE_REQUEST.later": UNSUITABLE.later}.items()
    if isinstance(each, Phrases) and (each.en_needs or each.zh_needs)
} | {"UNSUITABLE_REQUEST.phrases": UNSUITABLE.phrases}
PATTERNS = [
    pytest.param(pattern, needs, id=f"{name}.{lang}")
    for name, each in NEEDY.items()
    for lang, pattern, needs in (("en", each.en, each.en_needs), ("zh", each.zh, each.zh_needs))
    if needs
]
TEXT = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "ab1'.,!? \n\t\r\u3000\u2028\u00a0\u200b\ufeff，。！？：；（）…·的學後乾著かカ"
            "한กＡ１ﬁ²éİıſK\u0301\u0338\u3099"
        ),
    ),
    max_size=40,
)
BREAKS = re.compile(r"\s(?:(?<=\n)|(?<=[.!?]\s))|(?<=[。！？])")


@pytest.mark.parametrize(("pattern", "needs"), PATTERNS)
def test_each_phrase_holds_what_its_list_needs(pattern: re.Pattern[str], needs: tuple[str, ...]) -> None:
    @settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(pattern))
    def check(text: str) -> None:
        match = pattern.search(text)
        assert match is not None
        assert has_needs(match.group(), needs)

    check()


def test_needs_are_found_in_all_letters_that_a_pattern_takes_for_small_ones() -> None:
    letter = re.compile("[a-z]", re.IGNORECASE)
    other = [sign for sign in map(chr, range(0x110000)) if letter.fullmatch(sign)]
    assert len(other) == 56
    for sign in other:
        small = next(each for each in map(chr, range(97, 123)) if re.fullmatch(each, sign, re.IGNORECASE))
        assert has_needs(f"xx{sign}xx", (f"x{small}x",)), sign


@pytest.mark.parametrize(("needs", "held"), [((), True), (("b",), True), (("d", "c"), True), (("d",), False)])
def test_one_of_the_needs_is_enough(needs: tuple[str, ...], held: bool) -> None:
    assert has_needs("A-B-C", needs) is held


PARTS = st.sampled_from(
    [
        *(
            "Please, ",
            "please draw a cat",
            "Draw a cat. ",
            "Could you please ",
            "I want you to ",
            "can you now ",
            "... ",
        ),
        *("take a photo", "Play some music", "set an alarm for six", "turn on the light!", "; ", " ", "\n", "a story"),
        *(
            "请你帮我",
            "画一幅山水画",
            "画一只猫。",
            "，",
            "能不能",
            "给孩子们",
            "生成一张日落的图片",
            "打开这个网站",
            "写诗",
            "为",
            "？",
            "\u3000",
        ),
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(PARTS, max_size=8).map("".join))
def test_an_opening_is_found_as_in_one_scan(text: str) -> None:
    expected = ""
    for start, later, phrase in (
        (UNSUITABLE.start.en, UNSUITABLE.later.en, UNSUITABLE.phrases.en),
        (UNSUITABLE.start.zh, UNSUITABLE.later.zh, UNSUITABLE.phrases.zh),
    ):
        one = re.compile(f"^(?:{start.pattern})|{later.pattern}", re.IGNORECASE)
        matches = (phrase.match(text, opening.end()) for opening in one.finditer(text))
        expected = expected or next((match.group() for match in matches if match), "")
    assert UNSUITABLE.find(text) == expected


@settings(deadline=None, max_examples=300)
@given(TEXT)
def test_a_blank_text_is_one_with_an_empty_key(text: str) -> None:
    assert is_blank(text) is (comparison_text(text) == "")


@settings(deadline=None, max_examples=300)
@given(TEXT)
def test_tokens_are_what_one_pattern_finds_in_the_key(text: str) -> None:
    assert list(comparison_tokens(text)) == re.findall(rf"[{_UNSPACED}]|{_WORD}", _fold(text))


@settings(deadline=None, max_examples=300)
@given(TEXT)
def test_narrow_punctuation_is_what_compatibility_makes_of_the_wide(text: str) -> None:
    assert unicodedata.normalize("NFKC", _narrow(text)) == unicodedata.normalize("NFKC", text)


@settings(deadline=None, max_examples=300)
@given(TEXT)
def test_sentences_have_the_tokens_that_they_have_alone(text: str) -> None:
    alone = [comparison_tokens(part) for part in BREAKS.split(text)]
    together = comparison_lines(_SENTENCE_END.sub("\n", text))
    assert [tokens for tokens in together if tokens] == [tokens for tokens in alone if tokens]


@settings(deadline=None, max_examples=300)
@given(st.text(st.one_of(st.sampled_from("aZ0'., -_\n"), st.characters(max_codepoint=127)), max_size=40))
def test_words_of_ascii_text_are_counted_as_one_pattern_counts_them(text: str) -> None:
    words = re.findall(r"[A-Za-z0-9]+(?:['.,][A-Za-z0-9]+)*", text)
    assert script_counts(text).latin_words == len(words)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.from_regex(_TOKENS))
def test_every_control_token_opens_with_a_bracket(text: str) -> None:
    match = _TOKENS.search(text)
    assert match is not None
    assert match.group()[0] in "<["


@pytest.mark.parametrize(
    "text", ["\n" * 20_000, " \n" * 10_000, "### instruction" + " " * 20_000 + "x", "#" * 20_000 + "x"]
)
def test_space_without_end_takes_no_time(text: str) -> None:
    draft, filter = Draft("a", "Describe a quiet street.", "", text), merged_filter()
    begun = thread_time()
    filter.check(draft)
    assert thread_time() - begun < 1


def test_a_marker_behind_blank_lines_is_found_without_them() -> None:
    found = merged_filter().check(Draft("a", "Name a river.", "", "The Elbe.\n \n\n  3. Instruction:\nName a hill."))
    assert (found.reason, found.measures[0].value) == ("merged_records", "3. Instruction:")
