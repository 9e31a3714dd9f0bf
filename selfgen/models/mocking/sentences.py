"""Sentences that say the same in English and in Chinese, with slots whose values are paired too. Tables only."""

from __future__ import annotations

from selfgen.models.mocking.frame import Pool
from selfgen.models.mocking.pairing import Pairs

EN, ZH = 0, 1
PEOPLE = (
    *(
        ("my sister", "我妹妹"),
        ("our neighbour", "我们的邻居"),
        ("the doctor", "医生"),
        ("the new teacher", "新来的老师"),
    ),
    *(("my uncle", "我叔叔"), ("her boss", "她的老板"), ("the tour guide", "导游"), ("his grandmother", "他奶奶")),
    *(("the young lawyer", "那位年轻律师"), ("my roommate", "我的室友"), ("the driver", "司机"), ("the cook", "厨师")),
)
SPOTS = (
    *(("the station", "车站"), ("the market", "菜市场"), ("the library", "图书馆"), ("the hospital", "医院")),
    *(("the post office", "邮局"), ("the airport", "机场"), ("the museum", "博物馆"), ("the park", "公园")),
    *(("the bank", "银行"), ("the hotel", "酒店"), ("the harbour", "港口"), ("the old town", "老城")),
)
WHEN = (
    *(
        ("tomorrow morning", "明天早上"),
        ("next Friday", "下周五"),
        ("this evening", "今天晚上"),
        ("in two weeks", "两周后"),
    ),
    *(("at noon", "中午"), ("on Sunday", "星期天"), ("at the end of the month", "月底"), ("next year", "明年")),
)
WARES = (
    *(("apples", "苹果"), ("fresh bread", "新鲜面包"), ("stamps", "邮票"), ("green tea", "绿茶"), ("flowers", "鲜花")),
    *(
        ("train tickets", "火车票"),
        ("warm gloves", "暖和的手套"),
        ("old books", "旧书"),
        ("rice", "大米"),
        ("eggs", "鸡蛋"),
    ),
)
SKIES = (("rains", "下雨"), ("snows", "下雪"), ("is windy", "刮风"), ("is foggy", "起雾"))
NUMBERS = (("two", "两"), ("three", "三"), ("five", "五"), ("ten", "十"), ("twenty", "二十"))
_TABLES = (PEOPLE, SPOTS, WHEN, WARES, SKIES, NUMBERS)

ROWS = (
    ("Does {who} know where {spot} is?", "{who}知道{spot}在哪里吗？"),
    ("Let us meet {who} at {spot}; {when} would suit me.", "我们在{spot}见{who}吧，{when}我方便。"),
    ("Yesterday {who} bought {ware} near {spot}.", "昨天{who}在{spot}附近买了{ware}。"),
    ("If it {sky}, we shall stay at home {when}.", "要是{sky}，{when}我们就待在家里。"),
    ("Nobody told {who} that {spot} is closed on Mondays.", "没有人告诉{who}，{spot}星期一不开门。"),
    ("I have lived near {spot} for {n} years.", "我在{spot}附近住了{n}年了。"),
    ("Please give {who} the {ware} before you leave.", "走之前请把{ware}交给{who}。"),
    ("It takes {n} minutes to walk to {spot}.", "走到{spot}要{n}分钟。"),
    ("Although it {sky}, {who} goes to {spot} every day.", "虽然{sky}，{who}还是每天都去{spot}。"),
    ("What is the price of the {ware}, and who will pay?", "{ware}多少钱？谁来付账？"),
    ("The letter from {who} will arrive {when}.", "{who}的信{when}会到。"),
    ("Because {spot} was crowded, {who} came home without {ware}.", "因为{spot}人太多，{who}没买{ware}就回家了。"),
    ("Have you ever been to {spot} with {who}?", "你和{who}一起去过{spot}吗？"),
    ("According to {who}, {ware} will be cheaper {when}.", "听{who}说，{ware}到了{when}会便宜一些。"),
)
POOLS: dict[str, dict[str, Pool]] = {
    lang: {
        "who": tuple(pair[column] for pair in PEOPLE),
        "spot": tuple(pair[column] for pair in SPOTS),
        "when": tuple(pair[column] for pair in WHEN),
        "ware": tuple(pair[column] for pair in WARES),
        "sky": tuple(pair[column] for pair in SKIES),
        "n": tuple(pair[column] for pair in NUMBERS),
    }
    for column, lang in ((EN, "en"), (ZH, "zh"))
}
FROM_EN = Pairs(ROWS, POOLS["en"], {pair[EN]: pair[ZH] for table in _TABLES for pair in table})
FROM_ZH = Pairs(ROWS, POOLS["zh"], {pair[ZH]: pair[EN] for table in _TABLES for pair in table})
