"""Chinese families about knowledge: terms, idioms, measure words, poems, provinces. Answers stand in small tables."""

from __future__ import annotations

import json

from selfgen.models.mocking.frame import STYLE, Family, Pool, Slots
from selfgen.models.mocking.zh_facts_tables import (
    AUTONOMOUS,
    IDIOMS,
    MEASURE_WORDS,
    OPPOSITES,
    POEMS,
    PROVINCES,
    SAYINGS,
    SOLAR_TERMS,
    TERMS,
)
from selfgen.models.mocking.zh_words import JOBS, NAMES, PLACES, SHOPS

ASKING: dict[str, Pool] = {"who": NAMES, "place": PLACES, "trade": JOBS, "shop": SHOPS}
TAILS = (
    ("一句话就够。", "short"),
    ("再举个例子。", "example"),
    ("用大白话说。", "short"),
    ("请配一个生活中的例子。", "example"),
    ("别用术语。", "short"),
    ("说得好记一点，最好有例子。", "example"),
)
WORD_TAILS = (
    ("只写这个词。", "bare"),
    ("再用它造个短句。", "used"),
    ("答案之外什么都不用写。", "bare"),
    ("请放进句子里看看。", "used"),
)


def _term(slots: Slots, _: str) -> str:
    meaning, example = TERMS[slots["term"]]
    said = f"{slots['term']}是指{meaning}。"
    return said if slots.get(STYLE) == "short" else f"{said}比如：{example}。"


def _which_term(slots: Slots, _: str) -> str:
    return next(term for term, (meaning, _) in TERMS.items() if meaning == slots["meaning"])


def _idiom(slots: Slots, _: str) -> str:
    meaning, use = IDIOMS[slots["idiom"]]
    said = f"“{slots['idiom']}”的意思是{meaning}。"
    return said if slots.get(STYLE) == "short" else f"{said}例如：{use}。"


def _idiom_sentence(slots: Slots, _: str) -> str:
    return f"{IDIOMS[slots['idiom']][1]}。"


def _which_idiom(slots: Slots, _: str) -> str:
    return next(idiom for idiom, (meaning, _) in IDIOMS.items() if meaning == slots["meaning"])


def _saying(slots: Slots, _: str) -> str:
    return f"这句话是说{SAYINGS[slots['saying']]}。"


def _measure(slots: Slots, _: str) -> str:
    word, use = MEASURE_WORDS[slots["noun"]]
    return word if slots.get(STYLE) == "bare" else f"用“{word}”，例如：{use}。"


def _next_line(slots: Slots, _: str) -> str:
    line, poet, title = POEMS[slots["line"]]
    return line if slots.get(STYLE) == "bare" else f"下一句是“{line}”，出自{poet}的《{title}》。"


def _poet(slots: Slots, _: str) -> str:
    _, poet, title = POEMS[slots["line"]]
    return f"出自{poet}的《{title}》。"


def _seat(province: str) -> str:
    """Name what the first city of a province or of an autonomous region is called."""
    return "首府" if province in AUTONOMOUS else "省会"


def _province(slots: Slots, _: str) -> str:
    city, short = PROVINCES[slots["province"]]
    if slots.get(STYLE) == "json":
        return json.dumps({"名称": slots["province"], "省会或首府": city, "简称": short}, ensure_ascii=False)
    return f"{slots['province']}的{_seat(slots['province'])}是{city}，简称“{short}”。"


def _solar_term(slots: Slots, _: str) -> str:
    place = SOLAR_TERMS.index(slots["term"])
    before, after = SOLAR_TERMS[place - 1], SOLAR_TERMS[(place + 1) % 24]
    return f"{slots['term']}是二十四节气里的第{place + 1}个，前一个是{before}，后一个是{after}。"


def _opposite(slots: Slots, _: str) -> str:
    word, sentence = OPPOSITES[slots["word"]]
    return f"{word}。{sentence}" if slots.get(STYLE) == "used" else word


def _quiz(slots: Slots, _: str) -> str:
    province = slots["province"]
    names = list(PROVINCES)
    first = names.index(province)
    cities = sorted(PROVINCES[names[(first + step) % len(names)]][0] for step in (0, 7, 13))
    city = PROVINCES[province][0]
    said = [f"{letter}. {option}" for letter, option in zip("ABC", cities, strict=True)]
    return "\n".join([f"{province}的{_seat(province)}是哪里？", *said, f"正确答案：{'ABC'[cities.index(city)]}"])


FAMILIES: tuple[Family, ...] = (
    Family(
        "term",
        (
            "什么叫{term}？",
            "有人从没听说过{term}，请解释给他听。",
            "{place}的{trade}{who}看到“{term}”这个说法，请讲讲是什么意思。",
            "怎么给十二岁的学生说明白{term}？",
            "{shop}办知识问答，请给{term}写一张卡片上的说明。",
        ),
        {"term": tuple(TERMS), **ASKING},
        _term,
        TAILS,
        weight=5,
    ),
    Family(
        "which_term",
        (
            "哪个词说的是“{meaning}”？",
            "{who}做填字游戏，提示是“{meaning}”，谜底是什么？",
            "词典把它解释成“{meaning}”，请写出这个词。",
        ),
        {"meaning": tuple(meaning for meaning, _ in TERMS.values()), **ASKING},
        _which_term,
        weight=3,
    ),
    Family(
        "idiom",
        (
            "成语“{idiom}”是什么意思？",
            "{who}在{place}听人说“{idiom}”，没听懂，请解释一下。",
            "给小学生讲讲“{idiom}”的含义。",
            "{trade}在什么情形下会说“{idiom}”？先解释再说明。",
        ),
        {"idiom": tuple(IDIOMS), **ASKING},
        _idiom,
        (("只讲意思。", "short"), ("请附一个例句。", ""), ("解释要简短。", "short")),
        weight=3,
    ),
    Family(
        "idiom_sentence",
        ("请用“{idiom}”造一个句子。", "{who}的作业是拿“{idiom}”造句，写一句给他作样子。"),
        {"idiom": tuple(IDIOMS), **ASKING},
        _idiom_sentence,
    ),
    Family(
        "which_idiom",
        (
            "用哪个四字成语可以表示“{meaning}”？",
            "{who}想说“{meaning}”，又想显得有文采，请推荐一个成语。",
            "{place}电视台猜成语，谜面是“{meaning}”，谜底是什么？",
        ),
        {"meaning": tuple(meaning for meaning, _ in IDIOMS.values()), **ASKING},
        _which_idiom,
        weight=3,
    ),
    Family(
        "saying",
        (
            "俗话“{saying}”讲的是什么道理？",
            "{who}奶奶常念叨“{saying}”，请解释这句老话。",
            "{place}的外国留学生问，“{saying}”是什么意思？",
        ),
        {"saying": tuple(SAYINGS), **ASKING},
        _saying,
        weight=3,
    ),
    Family(
        "measure_word",
        (
            "“一（　）{noun}”，括号里填哪个量词？",
            "学中文的{who}问：说“{noun}”的时候该用什么量词？",
            "{place}的语文卷子上有一题：给“{noun}”配上合适的量词。",
        ),
        {"noun": tuple(MEASURE_WORDS), **ASKING},
        _measure,
        (("只写量词。", "bare"), ("请举例。", "")),
        weight=3,
    ),
    Family(
        "next_line",
        (
            "“{line}”的下一句是什么？",
            "{who}背诗背到“{line}”卡住了，提示一下后面那句。",
            "{place}诗词大会的题目：接“{line}”。",
        ),
        {"line": tuple(POEMS), **ASKING},
        _next_line,
        (("只写诗句。", "bare"), ("写明作者和题目。", "")),
        weight=3,
    ),
    Family(
        "poet",
        ("“{line}”出自谁的哪首诗词？", "{shop}墙上写着“{line}”，{who}想知道作者和篇名。"),
        {"line": tuple(POEMS), **ASKING},
        _poet,
    ),
    Family(
        "province",
        (
            "{province}的省会（或首府）和简称各是什么？",
            "{place}的小学生要介绍{province}，请说出省会（或首府）和简称。",
            "{who}看车牌猜地方，想弄清{province}的简称和省会（或首府）。",
        ),
        {"province": tuple(PROVINCES), **ASKING},
        _province,
        (("用JSON，键名为名称、省会或首府、简称。", "json"), ("一句话说完。", "")),
    ),
    Family(
        "quiz",
        (
            "以{province}的省会（或首府）为题出一道三选一的选择题，附答案。",
            "给{place}的知识竞赛出题：{province}的省会（或首府）在哪儿，要A到C三个选项和答案。",
        ),
        {"province": tuple(PROVINCES), **ASKING},
        _quiz,
        weight=1,
    ),
    Family(
        "solar_term",
        ("{term}是第几个节气？它的前后各是哪个？", "{place}的{trade}{who}翻黄历，想知道{term}的前一个和后一个节气。"),
        {"term": SOLAR_TERMS, **ASKING},
        _solar_term,
    ),
    Family(
        "opposite",
        (
            "“{word}”的反义词是什么？",
            "{who}玩词语接龙，要找一个跟“{word}”意思相反的词。",
            "把“{word}”换成意思相反的词，该用哪个？",
        ),
        {"word": tuple(OPPOSITES), **ASKING},
        _opposite,
        WORD_TAILS,
    ),
)
