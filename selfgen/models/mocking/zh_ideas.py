"""Chinese families that list, plan and compare. Ideas come from small tables; times and shares are computed."""

from __future__ import annotations

from selfgen.models.mocking import compute
from selfgen.models.mocking.frame import STYLE, Family, Slots, span
from selfgen.models.mocking.listing import from_table, lines
from selfgen.models.mocking.zh_ideas_tables import CHOICES, GIFTS, HOW_TO, MEALS, TRIPS, VERSUS
from selfgen.models.mocking.zh_words import EVENTS, JOBS, NAMES, PLACES, SHOPS

COUNTS = ("三", "四", "五")
TAILS = (
    ("请编号。", "number"),
    ("列成要点就行。", "bullet"),
    ("一行写一个。", "line"),
    ("短语即可，不用整句。", "bullet"),
    ("最推荐的放在第一个。", "number"),
    ("不要开场白，直接列。", "bullet"),
    ("别太花钱。", "bullet"),
)
ADJECTIVES = ("拾光", "小满", "半亩", "知味", "南枝", "春山", "不语", "巷尾")
NOUNS = ("灯火", "人家", "小筑", "四季", "时分", "与你", "故事", "清欢")


def _shop_names(slots: Slots, _: str) -> str:
    first = sum(map(ord, slots["shop"] + slots["place"]))
    names = [
        f"{ADJECTIVES[(first + i * 3) % 8]}{NOUNS[(first // 8 + i * 5) % 8]}{slots['shop']}"
        for i in range(COUNTS.index(slots["k"]) + 3)
    ]
    return lines(names, slots.get(STYLE, ""))


def _versus(slots: Slots, _: str) -> str:
    a, b = slots["a"], slots["b"]
    table = next(table for table in VERSUS.values() if a in table and b in table)
    if slots.get(STYLE) == "table":
        rows = [f"| {aspect} | {table[a][aspect]} | {table[b][aspect]} |" for aspect in table[a]]
        return "\n".join([f"| | {a} | {b} |", "| --- | --- | --- |", *rows])
    return "\n".join(f"- {aspect}：{a}{table[a][aspect]}，{b}{table[b][aspect]}。" for aspect in table[a])


def _pros_cons(slots: Slots, _: str) -> str:
    pros, cons = CHOICES[slots["choice"]]
    return lines([f"好处：{pro}" for pro in pros] + [f"坏处：{con}" for con in cons], "bullet")


def _study_day(slots: Slots, _: str) -> str:
    length, start = int(slots["m"]), slots["start"]
    begins = [i * (length + int(slots["b"])) for i in range(compute.count(slots["n"], 30))]
    said = [f"{compute.later(start, at)}–{compute.later(start, at + length)} 第{i}节" for i, at in enumerate(begins, 1)]
    return "\n".join([*said, f"{compute.later(start, begins[-1] + length)}结束。"])


def _agenda(slots: Slots, _: str) -> str:
    parts = (("开场与目标", 10), ("情况汇报", 20), ("讨论", 40), ("表决", 20), ("分工与收尾", 10))
    spent, said = 0, []
    for name, share in parts:
        length = int(slots["m"]) * share // 100
        said.append(f"{compute.later(slots['start'], spent)} {name}（{length}分钟）")
        spent += length
    return "\n".join(said)


def _budget(slots: Slots, _: str) -> str:
    income = compute.number(slots["n"])
    parts = (("必要开支", 50), ("个人喜好", 30), ("储蓄", 20))
    return "\n".join(f"- {name}（{share}%）：{compute.money(income * share / 100)}元" for name, share in parts)


def _menu(slots: Slots, _: str) -> str:
    first = sum(map(ord, slots["who"] + slots["place"]))
    meals = MEALS[slots["diet"]]
    return "\n".join(
        f"第{day}天：{meals[(first + day) % len(meals)]}" for day in range(1, compute.count(slots["n"], 30) + 1)
    )


def _interview(slots: Slots, _: str) -> str:
    trade, event = slots["trade"], slots["event"]
    questions = (
        f"做{trade}，哪些事是外人看不到的？",
        f"当初怎么想到要当{trade}？",
        f"对刚入行的{trade}，您想说点什么？",
        f"这回来{event}，最期待的是什么？",
        "哪一次失误让您学到最多？",
    )
    return lines(list(questions[: COUNTS.index(slots["k"]) + 3]), slots.get(STYLE, ""))


CLOCKS = tuple(f"{hour:02d}:{minute:02d}" for hour in range(7, 19) for minute in (0, 10, 15, 30, 40))
VERSUS_PAIRS = tuple((a, b) for table in VERSUS.values() for a in table for b in table if a != b)
FAMILIES: tuple[Family, ...] = (
    Family(
        "gifts",
        (
            "{who}喜欢{hobby}，推荐{k}样礼物。",
            "下周{who}满{n}岁，平时一有空就{hobby}，帮忙想{k}件生日礼物。",
            "{place}的同事们要给一个痴迷{hobby}的人送礼，出{k}个主意。",
        ),
        {"k": COUNTS, "who": NAMES, "hobby": tuple(GIFTS), "n": span(18, 75), "place": PLACES},
        from_table(GIFTS, "hobby", COUNTS),
        TAILS,
        weight=3,
    ),
    Family(
        "packing",
        (
            "{trip}，最该带的东西有哪些？",
            "{who}明天从{place}动身，要{trip}，包里该装什么？",
            "邻居{who}老是丢三落四，这次是{trip}，请开张行李单。",
        ),
        {"trip": tuple(TRIPS), "who": NAMES, "place": PLACES},
        from_table(TRIPS, "trip", COUNTS),
        TAILS[:4],
    ),
    Family(
        "how_to",
        (
            "一步一步讲讲怎样{task}。",
            "{place}的{who}从没试过{task}，请写清楚步骤。",
            "{trade}想{task}，先后顺序该怎么安排？",
        ),
        {"task": tuple(HOW_TO), "who": NAMES, "place": PLACES, "trade": JOBS},
        from_table(HOW_TO, "task", COUNTS),
        TAILS[:3],
        weight=3,
    ),
    Family(
        "shop_names",
        (
            "{place}要开一家{shop}，起{k}个店名。",
            "{who}的{shop}马上在{place}开张，还没名字，帮着想{k}个。",
        ),
        {"k": COUNTS, "shop": SHOPS, "place": PLACES, "who": NAMES},
        _shop_names,
        TAILS[:6],
    ),
    Family(
        "versus",
        (
            "比较一下{a}和{b}。",
            "{who}在{a}与{b}之间犹豫，请说清两者的差别。",
            "{place}的小学生问：{a}跟{b}有什么不一样？",
        ),
        {"a,b": VERSUS_PAIRS, "who": NAMES, "place": PLACES},
        _versus,
        (("用表格回答。", "table"), ("分条列出。", ""), ("一个方面写一行。", ""), ("排成Markdown表格。", "table")),
        weight=3,
    ),
    Family(
        "pros_cons",
        (
            "{choice}有什么好处和坏处？",
            "{who}正考虑{choice}，请把利弊都摆一摆。",
            "{place}辩论社这次的题目是“{choice}”，正反两方各有哪些理由？",
        ),
        {"choice": tuple(CHOICES), "who": NAMES, "place": PLACES},
        _pros_cons,
    ),
    Family(
        "study_day",
        (
            "从{start}开始排学习时间：{n}节，每节{m}分钟，中间各休息{b}分钟。",
            "{who}打算{start}起复习，分{n}段，一段{m}分钟，段与段之间歇{b}分钟，请排出时间表。",
        ),
        {"start": CLOCKS, "n": span(3, 6), "m": span(25, 60, 5), "b": span(5, 20, 5), "who": NAMES},
        _study_day,
        (("用24小时制。", ""), ("写明什么时候结束。", "")),
    ),
    Family(
        "agenda",
        (
            "{event}的筹备会{start}开始，共{m}分钟，拟个议程。",
            "{who}主持一场关于{event}的会，{start}开场，时长{m}分钟，议程和时间怎么分？",
        ),
        {"m": span(30, 120, 10), "event": EVENTS, "start": CLOCKS, "who": NAMES},
        _agenda,
    ),
    Family(
        "budget",
        (
            "月收入{n}元，按五三二的比例分成必要开支、个人喜好和储蓄，各是多少？",
            "{trade}{who}每月挣{n}元，一半必要开支，三成花在喜好上，两成存起来，帮忙算清楚。",
        ),
        {"n": span(3200, 15200, 80), "who": NAMES, "trade": JOBS},
        _budget,
    ),
    Family(
        "menu",
        (
            "给{place}的{who}安排{n}天的{diet}晚饭。",
            "{who}在{place}郊外租房住{n}天，晚上想吃{diet}的，每天做什么好？",
        ),
        {"diet": tuple(MEALS), "n": span(3, 6), "who": NAMES, "place": PLACES},
        _menu,
        (("用家常食材。", ""), ("一天写一行。", "")),
    ),
    Family(
        "interview",
        (
            "{event}请来一位{trade}，准备{k}个采访问题。",
            "{who}要在{event}上跟一位{trade}对谈，问哪{k}个问题观众会感兴趣？",
        ),
        {"k": COUNTS, "trade": JOBS, "event": EVENTS, "who": NAMES},
        _interview,
        TAILS[:3],
    ),
)
