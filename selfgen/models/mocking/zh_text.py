"""Chinese families that count, turn and reshape: sentences and small tables. Every answer is computed."""

from __future__ import annotations

import re

from selfgen.models.mocking import compute, listing
from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.frame import Family, Pool, Slots, fill, make_frames, span
from selfgen.models.mocking.zh_list import ITEMS, NUMBER_TAILS, OWNERS
from selfgen.models.mocking.zh_words import EVENTS, HOBBIES, JOBS, MONTHS, NAMES, PLACES, ROOMS, SHOPS

_HAN = re.compile("[\u4e00-\u9fff]")
_DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")
POEMS = (
    *("床前明月光，疑是地上霜。", "白日依山尽，黄河入海流。", "春眠不觉晓，处处闻啼鸟。", "谁言寸草心，报得三春晖。"),
    *("红豆生南国，春来发几枝。", "千山鸟飞绝，万径人踪灭。", "锄禾日当午，汗滴禾下土。", "野火烧不尽，春风吹又生。"),
    *(
        "海内存知己，天涯若比邻。",
        "空山不见人，但闻人语响。",
        "松下问童子，言师采药去。",
        "月落乌啼霜满天，江枫渔火对愁眠。",
    ),
)


NOTES = make_frames(
    (
        "{trade}{who}在{place}的{event}上遇见了{other}。",
        "{month}{date}日，{place}的{shop}把{item}卖光了。",
        "{other}从{year}年起就喜欢{hobby}，如今仍每周和{who}碰头。",
        "{who}从{place}赶到之前，请先把{item}搬进{room}。",
    ),
    {},
)
NOTE_POOLS: dict[str, Pool] = {
    **{"who|other": NAMES, "trade": JOBS, "place": PLACES, "event": EVENTS, "month": MONTHS, "date": span(1, 28)},
    **{"shop": SHOPS, "item": ITEMS, "year": span(1960, 2019), "hobby": HOBBIES, "room": ROOMS},
}


def give_sentence(_: Slots, dice: Dice) -> str:
    return dice.pick(NOTES).render(fill(NOTE_POOLS, dice))


def give_address(_: Slots, dice: Dice) -> str:
    return (
        f"{dice.pick(NAMES)}住{dice.below(30) + 2}号楼{dice.below(1800) + 101}室，电话尾号{dice.below(9000) + 1000}。"
    )


def give_poem(_: Slots, dice: Dice) -> str:
    return dice.pick(POEMS)


def give_table(_: Slots, dice: Dice) -> str:
    prices = ("1.50", "2.20", "3.10", "4.80", "6.40", "7.90")
    items = dice.some(ITEMS, 3 + dice.below(3))
    return "\n".join(["品名,件数,单价", *(f"{item},{dice.below(48) + 2},{dice.pick(prices)}" for item in items)])


def stock_value(_: Slots, given: str) -> str:
    total = sum(compute.number(row["件数"]) * compute.number(row["单价"]) for row in listing.rows_of(given))
    return f"这批货一共值{compute.money(total)}元。"


def most_pieces(_: Slots, given: str) -> str:
    best = max(listing.rows_of(given), key=lambda row: int(row["件数"]))
    return f"{best['品名']}（{best['件数']}件）"


def to_colons(_: Slots, given: str) -> str:
    rows = listing.rows_of(given)
    return "\n".join("；".join(f"{name}：{value}" for name, value in row.items()) for row in rows)


def _han_count(text: str) -> str:
    return str(len(_HAN.findall(text)))


def _backwards(text: str) -> str:
    return "".join(reversed(_HAN.findall(text)))


def _rhyme(text: str) -> str:
    return "、".join(line[-1] for line in re.split("[，。]", text) if line)


FAMILIES: tuple[Family, ...] = (
    Family(
        "han_count",
        (
            "数一数下面的句子里有多少个汉字，标点和数字不算。",
            "{name}请人刻字，按字收钱，下面这句话要算几个汉字？",
            "{place}布告栏限二十个汉字，下面的便条用了几个？标点、数字除外。",
        ),
        OWNERS,
        listing.from_text(_han_count, "一共{value}个汉字。"),
        NUMBER_TAILS,
        give=give_sentence,
    ),
    Family(
        "plain_digits",
        (
            "把下面句子里的阿拉伯数字逐个换成汉字数字（0写作〇），其余不动。",
            "{name}用毛笔抄写，不想出现阿拉伯数字，请逐位改成〇一二三这样的写法。",
        ),
        OWNERS,
        listing.from_text(lambda text: text.translate(_DIGITS), "{value}"),
        give=give_address,
    ),
    Family(
        "backwards",
        (
            "将下面的诗句倒着写一遍，去掉标点。",
            "{name}和孩子玩回文游戏，下面的句子从末一个字念到头一个字是什么？不要标点。",
        ),
        OWNERS,
        listing.from_text(_backwards, "{value}"),
        give=give_poem,
        weight=1,
    ),
    Family(
        "line_ends",
        (
            "下面的诗句里，每个分句的最后一个字各是什么？",
            "{name}在学押韵，请把下列诗句各句末尾的字挑出来，用顿号隔开。",
        ),
        OWNERS,
        listing.from_text(_rhyme, "{value}"),
        give=give_poem,
        weight=1,
    ),
    Family(
        "han_only",
        (
            "删掉下面句子里的标点和数字，只留汉字。",
            "{name}要绣一幅字，绣不了标点和数码，请把下面这句话清干净。",
        ),
        OWNERS,
        listing.from_text(lambda text: "".join(_HAN.findall(text)), "{value}"),
        give=give_sentence,
        weight=1,
    ),
    Family(
        "markdown_table",
        (
            "把下面用逗号分隔的内容改成Markdown表格。",
            "{place}一家{shop}的库存是CSV格式，见下，请排成带表头的Markdown表格。",
            "{name}想要一张整齐的Markdown价目表，数据在下面。",
        ),
        OWNERS,
        listing.to_markdown,
        give=give_table,
    ),
    Family(
        "csv_json",
        (
            "将下面的CSV数据转成JSON数组，所有值都用字符串。",
            "{shop}的开发人员要一份JSON：一行一个对象，首行作键名，值一律写成文本，原始数据如下。",
            "用JSON表示{name}的这份货单，每个格子都写成字符串。",
        ),
        OWNERS,
        listing.to_json,
        give=give_table,
    ),
    Family(
        "colons",
        (
            "下面的表格改写成“栏目：内容”的样子，一行一件货，栏目之间用分号。",
            "{name}要把货单念给{place}的店长听，请把每一行写成“品名：……；件数：……”这样的格式。",
        ),
        OWNERS,
        to_colons,
        give=give_table,
        weight=1,
    ),
    Family(
        "stock_value",
        (
            "下面列出了件数和单价，这些存货总共值多少钱？",
            "{name}给{shop}买保险，要知道下列货物的总值（件数乘单价，再求和）。",
            "按下面的清单盘库，{place}仓库里的货合多少元？",
        ),
        OWNERS,
        stock_value,
        give=give_table,
    ),
    Family(
        "most_pieces",
        (
            "照下面的表看，哪样货最多？",
            "查一查{place}那家{shop}的库存表，件数最大的是什么？",
        ),
        OWNERS,
        most_pieces,
        give=give_table,
        weight=1,
    ),
)
