"""The grammar of the stand-in: every family reads back what it wrote, is right, and is varied enough."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq

from selfgen.models.mocking.book import Lang, Proposal, compose, compose_near_duplicate, look_up, tongue
from selfgen.models.mocking.compute import trim
from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.frame import STYLE, Family, Frame, fill, make_frames
from selfgen.models.mocking.reply import answer, write_input

LANGS: tuple[Lang, ...] = ("en", "zh")
AVOIDED = re.compile(
    r"\b(?:images?|pictures?|photos?|graphs?|maps?|files?|draw|plot|links?|videos?|audio|music|diagrams?|go to)\b"
    r"|图片|图像|照片|文件|链接|视频|音频|播放|绘制|地图|图表|音乐|录音|拍照|截图|上传|下载|打开|点击|闹钟|提醒|附件|下图",
    re.IGNORECASE,
)
TOKENS = re.compile("[a-z0-9]+|[\u4e00-\u9fff]")
DANGLING = re.compile(r"\b(?:below|following|given)\b|下面|以下|下列|上述|给定")


def sampled(lang: Lang, count: int, *salt: object) -> list[Proposal]:
    return [compose(lang, Dice("grammar", *salt, number)) for number in range(count)]


def families(lang: Lang) -> tuple[Family, ...]:
    return tuple(dict.fromkeys(tongue(lang).families))


@pytest.mark.parametrize("lang", LANGS)
def test_every_sentence_form_reads_back_its_slots_and_can_be_answered(lang: Lang) -> None:
    gap = tongue(lang).gap
    scene = tongue(lang).scenes[6].render(fill(tongue(lang).scene_slots, Dice(1)))
    for family in families(lang):
        for number, frame in enumerate(family.frames):
            dice = Dice("form", family.name, number)
            slots = fill(family.slots, dice)
            text = scene + gap + frame.render(slots)
            found = look_up(text)
            assert found is not None, text
            assert found.family is family, text
            assert found.slots == {STYLE: ""} | {name: slots[name] for name in frame.names}, text
            given = write_input(Proposal(family, found.slots, text), dice)
            assert found.family.answer(found.slots, given).strip(), text
            for tail, style in family.tails:
                styled = look_up(text + gap + tail)
                assert styled is not None
                assert styled.slots[STYLE] == style
                assert family.answer(styled.slots, given).strip()


@pytest.mark.parametrize("lang", LANGS)
def test_names_of_families_are_unique(lang: Lang) -> None:
    assert [name for name, times in Counter(family.name for family in families(lang)).items() if times > 1] == []
    assert len(families(lang)) > 70


@pytest.mark.parametrize("lang", LANGS)
def test_composed_tasks_read_back(lang: Lang) -> None:
    for task in sampled(lang, 2500, "back"):
        found = look_up(task.instruction)
        assert found is not None, task.instruction
        assert found.family is task.family, task.instruction
        assert all(task.slots[name] == value for name, value in found.slots.items() if value), task.instruction


@pytest.mark.parametrize("lang", LANGS)
def test_near_duplicates_read_back_as_their_favourites(lang: Lang) -> None:
    texts = {compose_near_duplicate(lang, Dice("near", number)).instruction for number in range(400)}
    assert 12 < len(texts) <= 12 * 4
    assert all(look_up(text) for text in texts)


@pytest.mark.parametrize("lang", LANGS)
def test_there_are_more_than_20000_instructions(lang: Lang) -> None:
    assert len({task.instruction for task in sampled(lang, 22_800, "many")}) > 20_000


@pytest.mark.parametrize("lang", LANGS)
def test_instructions_are_fit_for_a_text_model_and_of_fair_length(lang: Lang) -> None:
    for task in sampled(lang, 3000, "fit"):
        text = task.instruction
        assert not AVOIDED.search(text), text
        assert not text.startswith("Write a program")
        assert "\n" not in text
        assert text[0].isalnum() or text[0] in "“$"
        assert text[-1] in ".?!:。？！：", text
        assert (3 <= len(text.split()) <= 150) if lang == "en" else (5 <= len(text) <= 260), text
        if not task.family.needs_input:
            assert not DANGLING.search(text), text
        if lang == "zh":
            assert not re.search(r"[\u4e00-\u9fff] ?[,;:!?]", text), text


@pytest.mark.parametrize("lang", LANGS)
def test_outputs_are_whole_and_differ_from_their_input(lang: Lang) -> None:
    for number, task in enumerate(sampled(lang, 2000, "out")):
        given = write_input(task, Dice("given", number))
        said = answer(f"{task.instruction}\n\n{given}" if given else task.instruction)
        assert said == said.strip(), task.instruction
        assert said, task.instruction
        assert said != given, task.instruction
        assert "stand-in" not in said, task.instruction
        assert "示例回复" not in said, task.instruction
        assert not said.endswith((":", "：")), task.instruction
        assert "{" not in said or said[0] in "{[`" or "```" in said, said


@pytest.mark.parametrize("lang", LANGS)
def test_acceptance_at_rouge_0_7_stays_above_the_curve(lang: Lang) -> None:
    """The whole curve (55 % on the way to 1,000, 35 % at 2,000) is a bench; here the first 500."""
    codes: dict[str, str] = {}
    pool: list[str] = []
    proposals = 0
    while len(pool) < 500:
        dice = Dice("curve", proposals)
        task = compose_near_duplicate(lang, dice) if dice.chance(0.12) else compose(lang, dice)
        words = TOKENS.findall(task.instruction.lower())
        text = "".join(codes.setdefault(word, chr(0x100 + len(codes))) for word in words)
        proposals += 1
        if all(20 * LCSseq.similarity(text, other) <= 7 * (len(text) + len(other)) for other in pool):
            pool.append(text)
    assert len(pool) / proposals > 0.7


@pytest.mark.parametrize("lang", LANGS)
def test_labels_are_stated_and_texts_deserve_them(lang: Lang) -> None:
    labels: Counter[str] = Counter()
    for task in sampled(lang, 1500, "labels"):
        if task.family.options is None or task.family.place is None:
            continue
        options = task.family.options(task.slots)
        assert len(set(options)) == len(options) >= 2
        assert all(option in task.instruction for option in options)
        for place, option in enumerate(options):
            given = task.family.place(task.slots, place, Dice("text", place))
            assert answer(f"{task.instruction}\n\n{given}") == option, (task.instruction, given)
            assert answer(f"{task.instruction}\n\nsomething of a person's own") in options
            labels[option] += 1
    assert len(labels) > 40


# -- the tools --------------------------------------------------------------------------------------------------------


def test_slots_that_touch_are_read_with_their_values() -> None:
    (frame,) = make_frames(
        ("{who}买了{n}{unit}{item}。",), {"who": ("王芳",), "n": ("3", "12"), "unit,item": (("本", "书"),)}
    )
    assert frame.read("听说王芳买了12本书。") == ({"who": "听说王芳", "n": "12", "unit": "本", "item": "书"}, 0, 11)
    assert frame.read("王芳买了几本书。") is None


def test_a_full_stop_in_a_number_closes_nothing() -> None:
    frame = Frame("It costs ${p}.")
    found = frame.read("Look. It costs $2.50. Cheap.")
    assert found is not None
    assert found[0] == {"p": "2.50"}


@settings(max_examples=100, deadline=None)
@given(st.integers(-(10**9), 10**9), st.integers(1, 10**4), st.integers(0, 4))
def test_trim_rounds_half_away_from_zero(top: int, bottom: int, places: int) -> None:
    exact = Fraction(top, bottom)
    off = abs(Fraction(trim(exact, places)) - exact)
    assert off <= Fraction(1, 2 * 10**places)
    assert trim(Fraction(5, 2), 0) == "3"
    assert trim(Fraction(-1, 8), 2) == "-0.13"


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10**6), st.integers())
def test_dice_stay_in_range_and_repeat(limit: int, address: int) -> None:
    one, two = Dice(address), Dice(address)
    drawn = [one.below(limit) for _ in range(40)]
    assert drawn == [two.below(limit) for _ in range(40)]
    assert all(0 <= value < limit for value in drawn)
