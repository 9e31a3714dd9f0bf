"""Shared by the tests of recipes: shipped prompts, seeds in both languages, how to make subjects and replies."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from selfgen.core.draw import Draw
from selfgen.core.ports import Recipe, Subject
from selfgen.core.tasks import Draft, Task
from selfgen.core.work import Answered, CallId, Usage
from selfgen.recipes.alpaca import Alpaca
from selfgen.recipes.self_instruct import SelfInstruct
from selfgen.recipes.templates import Templates

PROMPTS = Path(__file__).parents[2] / "prompts"
GOLDEN = Path(__file__).parent / "golden"

OPEN = (("kind", "open"),)
CHOICE = (("kind", "classification"),)

SEEDS: Mapping[str, Sequence[Task]] = {
    "en": (
        Task("en1", "Suggest a name for a small bakery by the sea.", "", "Salt & Crumb", OPEN),
        Task(
            "en2", "Shorten this notice to one sentence.", "The pool\nwill be shut on Monday.", "No pool Monday.", OPEN
        ),
        Task("en3", "Is the message spam or not spam?", "You have won!!!", "spam", CHOICE),
        Task("en4", "How many minutes are there in a leap day?", "", "1440", OPEN),
        Task("en5", 'Translate "guten Tag" into English.', "", "Good day", OPEN),
        Task("en6", "Tell me the tone of the reply: calm or angry.", "I said NO.", "angry", CHOICE),
        Task(
            "en7", "Write a regular expression for a postcode such as AB12 3CD.", "", r"[A-Z]{2}\d{2} \d[A-Z]{2}", OPEN
        ),
        Task("en8", "List the verbs of the sentence.", "Dogs bark and cats sleep.", "bark, sleep", OPEN),
    ),
    "zh": (
        Task("zh1", "给海边的小面包店起个名字。", "", "海盐与麦", OPEN),
        Task("zh2", "把这则通知压缩成一句话。", "游泳馆周一\n闭馆检修。", "周一游泳馆闭馆。", OPEN),
        Task("zh3", "这条短信是“诈骗”还是“正常”？", "恭喜您中了大奖！", "诈骗", CHOICE),
        Task("zh4", "一个闰日有多少分钟？", "", "1440", OPEN),
        Task("zh5", "“一石二鸟”用英文怎么说？", "", "kill two birds with one stone", OPEN),
        Task("zh6", "判断回复的语气：平和或生气。", "我说了不行！", "生气", CHOICE),
        Task("zh7", "写一个匹配六位邮编的正则表达式。", "", r"\d{6}", OPEN),
        Task("zh8", "找出句子里的动词。", "小狗叫，小猫睡。", "叫、睡", OPEN),
    ),
}
RECORDS: Mapping[str, Sequence[Task]] = {
    "en": (Task("t1", "Plan a rainy Sunday in Bergen.", "", "Museum, then soup.", OPEN),),
    "zh": (Task("t1", "安排一个下雨的周末。", "", "先去博物馆，再回家煲汤。", OPEN),),
}

MakeSubject = Callable[..., Subject]
MakeReply = Callable[..., Answered]


@pytest.fixture(scope="session")
def templates() -> Mapping[str, Templates]:
    return {lang: Templates([PROMPTS / lang]) for lang in ("en", "zh")}


@pytest.fixture(scope="session")
def recipes(templates: Mapping[str, Templates]) -> Mapping[tuple[str, str], Recipe]:
    made: dict[tuple[str, str], Recipe] = {}
    for lang in ("en", "zh"):
        made["self-instruct", lang] = SelfInstruct(templates[lang], lang)
        made["alpaca", lang] = Alpaca(templates[lang], lang)
    return made


@pytest.fixture(scope="session")
def make_subject() -> MakeSubject:
    def make(lang: str = "en", stage: int = 0, draft: Draft | None = None, **given: object) -> Subject:
        turn = int(str(given.get("turn", 3)))
        seeds = given.get("seeds", SEEDS[lang])
        records = given.get("records", RECORDS[lang])
        assert isinstance(seeds, Sequence)
        assert isinstance(records, Sequence)
        return Subject(turn, stage, seeds, records, Draw("run", f"{turn}.{stage}.0"), draft)

    return make


@pytest.fixture(scope="session")
def make_reply() -> MakeReply:
    def make(text: str, finish: str = "stop", reasoning: str = "") -> Answered:
        return Answered(CallId(3, 0, 0), text, finish, Usage(), "model", "sha256:0", reasoning)

    return make


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a file; with SELFGEN_UPDATE_GOLDEN=1 write the file instead."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("SELFGEN_UPDATE_GOLDEN") == "1":
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"renew {path.name} with SELFGEN_UPDATE_GOLDEN=1"

    return check
