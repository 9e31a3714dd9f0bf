"""Chinese families about numbers: word problems and percentages. The answers are computed in `compute`."""

from __future__ import annotations

from fractions import Fraction

from selfgen.models.mocking import compute
from selfgen.models.mocking.compute import told
from selfgen.models.mocking.frame import Family, Pool, span
from selfgen.models.mocking.zh_words import GOODS, HOBBIES, MONTHS, NAMES, PLACES, SHOPS, THINGS

TAILS = (
    ("只写数字。", "bare"),
    ("给出结果就行，别的都不用写。", "bare"),
    ("我只要一个数。", "bare"),
    ("不带单位，直接报数。", "bare"),
    ("请用一行列出算式。", "work"),
    ("把计算过程也写上，方便别人核对。", "work"),
    ("想知道是怎么算出来的。", "work"),
    ("用一句完整的话作答。", "full"),
    ("答句要让十岁孩子也看得懂。", "full"),
    ("请写成一个完整的答句。", "full"),
    ("先列式，再作答。", "work"),
)
PRICES = tuple(compute.trim(Fraction(tenths, 10)) for tenths in range(12, 400, 7))
AGES = tuple((str(gap), str(2 * young + gap)) for gap in range(2, 31) for young in range(4, 40, 3))
FIRST, SECOND = GOODS[::2], GOODS[1::2]


SHOPPING: dict[str, Pool] = {
    "name": NAMES,
    "item,u": FIRST,
    "thing,v": SECOND,
    "n": span(2, 19),
    "m": span(2, 15),
    "p|q": PRICES,
    "place": PLACES,
    "shop": SHOPS,
}

FAMILIES: tuple[Family, ...] = (
    Family(
        "bill",
        (
            "{name}买了{n}{u}{item}，每{u}{p}元，又买了{m}{v}{thing}，每{v}{q}元，一共花了多少钱？",
            (
                "{place}的集市上，{item}卖{p}元一{u}，{thing}卖{q}元一{v}。前一样要{n}{u}，后一样要{m}{v}，"
                "{name}得付多少元？"
            ),
            "算一下这笔账：{item}{n}{u}，单价{p}元；{thing}{m}{v}，单价{q}元。合计多少元？",
            "有人在{shop}柜台上放了{n}{u}{item}和{m}{v}{thing}，前者{p}元一{u}，后者{q}元一{v}，{name}该收多少钱？",
            "采购单上写着{item}{n}{u}、{thing}{m}{v}，报价分别是{p}元和{q}元，总价是多少？",
        ),
        SHOPPING,
        told(compute.bill, "一共{value}元。"),
        TAILS,
        weight=3,
    ),
    Family(
        "change",
        (
            "{name}拿{note}元买{n}{u}{item}，每{u}{p}元，应找回多少钱？",
            "手里有{note}元，付掉{n}{u}单价{p}元的{item}，还剩几元？",
            "在{place}，一{u}{item}要{p}元。{name}出门时带了{note}元，买完{n}{u}以后兜里还有多少？",
        ),
        {"name": NAMES, "n": span(2, 5), "item,u": GOODS, "p": PRICES, "note": ("200", "250", "300"), "place": PLACES},
        told(compute.change, "还剩{value}元。"),
        TAILS,
    ),
    Family(
        "percent",
        (
            "{n}的{pct}%是多少？",
            "{place}有{n}位居民接受了调查，其中{pct}%说自己爱{hobby}，这是多少人？",
            "求{n}的百分之{pct}，不要取近似。",
            "{hobby}协会{place}分会共有{n}名会员，{pct}%的人交晚了会费，迟交的有几人？",
            "一家{shop}这周赚了{n}元，拿出{pct}%捐给敬老院，捐了多少元？",
        ),
        {"pct": span(5, 95, 5), "n": span(120, 4900, 20), "place": PLACES, "hobby": HOBBIES, "shop": SHOPS},
        told(compute.percent, "{n}的{pct}%是{value}。"),
        TAILS,
    ),
    Family(
        "discount",
        (
            "{thing}原价{p}元，现在降价{pct}%，卖多少钱？",
            "{name}有一张立减{pct}%的优惠券，看中了标价{p}元的{thing}，用券之后要付多少元？",
            "{place}的{shop}给{thing}降{pct}%，原来卖{p}元，如今几元能买到？",
        ),
        {"thing": THINGS, "p": span(60, 980, 20), "pct": span(5, 60, 5), "name": NAMES, "shop": SHOPS, "place": PLACES},
        told(compute.discount, "降价{pct}%以后是{value}元。"),
        TAILS,
    ),
    Family(
        "two_discounts",
        (
            "{place}商场大促，{thing}标价{p}元，先降{pct}%，再在降后的价上降{more}%，{name}最后付多少元？",
            "标价{p}元的{thing}连降两次，头一次{pct}%，第二次{more}%，求最终售价。",
        ),
        {"thing": THINGS, "p": span(80, 960, 40), "pct|more": span(5, 40, 5), "name": NAMES, "place": PLACES},
        told(compute.two_discounts, "最终售价是{value}元。"),
        TAILS,
        weight=1,
    ),
    Family(
        "growth",
        (
            "{place}博物馆的参观人数由{old}人增加到{new}人，增长了百分之几？保留一位小数。",
            "一家{shop}去年{month}接待了{old}位客人，今年同月接待了{new}位，涨幅是百分之多少（一位小数）？",
            "{hobby}群的人数从{old}涨到{new}，请算出增幅的百分数，精确到小数点后一位。",
        ),
        {
            **{"place": PLACES, "old": span(120, 890, 7), "new": span(900, 1700, 9)},
            **{"shop": SHOPS, "month": MONTHS, "hobby": HOBBIES},
        },
        told(compute.growth, "增长了{value}%。"),
        TAILS,
    ),
    Family(
        "distance",
        (
            "一列动车以每小时{v}公里的速度匀速行驶{h}小时，走了多少公里？",
            "{name}开车离开{place}，时速{v}公里，开了{h}个小时，车已经跑出多远（公里）？",
            "渡轮一小时走{v}公里，{h}小时后驶过了几公里？",
        ),
        {
            "h": ("2", "3", "4", "5", "6", "7", "1.5", "2.5", "3.5"),
            "v": span(24, 130, 2),
            "name": NAMES,
            "place": PLACES,
        },
        told(compute.distance, "路程是{value}公里。"),
        TAILS,
        weight=1,
    ),
    Family(
        "hours_needed",
        (
            "从{place}到海边有{d}公里，{name}平均每小时走{v}公里，要几个小时？",
            "骑车一小时能走{v}公里，{d}公里的路程多少小时骑完？",
        ),
        {
            "place": PLACES,
            "d": span(36, 400, 4),
            "name": NAMES,
            "v": ("12", "15", "16", "18", "20", "24", "25", "30"),
        },
        told(compute.hours_needed, "需要{value}小时。"),
        TAILS,
        weight=1,
    ),
    Family(
        "share",
        (
            "{name}把{n}{u}{item}平均分给{k}个孩子，每人分到几{u}，还剩几{u}？",
            "{k}户邻居平分{n}{u}{item}，一户得多少？箱子里余下多少？",
            "将{n}{u}{item}平均装成{k}份，报出每份的数量和余数。",
        ),
        {"name": NAMES, "n": span(41, 399), "item,u": GOODS, "k": span(3, 14)},
        told(compute.share, "每份是{value}。", "，还剩"),
        TAILS[4:],
    ),
    Family(
        "scale",
        (
            "一份{a}人的菜谱要用{food}{g}克，{b}个人吃要用多少克？",
            "{name}请{b}位客人吃饭，手头的菜谱是{a}人份，上面写着{g}克{food}，实际该买几克？",
            "按比例把{a}人份里的{g}克{food}换算成{b}人份。",
        ),
        {
            "a": ("2", "3", "4", "5", "6"),
            "g": span(120, 960, 30),
            "b": span(7, 30),
            "name": NAMES,
            "food": ("大米", "面粉", "绿豆", "黄油", "菠菜", "粉条", "白糖", "豆腐", "花生", "燕麦"),
        },
        told(compute.scale, "需要{value}克。"),
        TAILS,
    ),
    Family(
        "area",
        (
            "{room}长{a}米、宽{b}米，铺满地板要多少平方米？",
            "长{a}米、宽{b}米的长方形{room}，面积是多少平方米？",
            "{name}要给{room}贴地砖，量得一边{a}米，另一边{b}米，求面积。",
        ),
        {
            "room": ("厨房", "教室", "候诊室", "大厅", "车库", "卧室", "车间", "露台", "画室", "地窖"),
            "a": ("3.5", "4.5", "6", "7", "7.5", "8", "9", "11", "12.5"),
            "b": ("2", "2.4", "3", "4", "5", "5.5", "6.2"),
            "name": NAMES,
        },
        told(compute.area, "面积是{value}平方米。"),
        TAILS,
        weight=1,
    ),
    Family(
        "fence",
        (
            "{place}郊外一块菜地长{a}米、宽{b}米，四周围一圈篱笆，要多少米？",
            "{name}沿着{a}米乘{b}米的操场拉一圈绳子，绳子至少多长？",
        ),
        {"place": PLACES, "a": span(12, 95), "b": span(5, 60), "name": NAMES},
        told(compute.fence, "需要{value}米。"),
        TAILS,
        weight=1,
    ),
    Family(
        "interest",
        (
            "{name}借出{n}元，年利率{pct}%，按单利算，{years}年后利息是多少元？",
            "本金{n}元，单利，一年{pct}%，存{years}年能得多少利息？",
            "{place}的一家信用社给出{pct}%的年单利，{n}元存{years}年，利息几元？",
        ),
        {
            **{"name": NAMES, "n": span(400, 9800, 200), "pct": ("1.5", "2", "2.5", "3", "3.5", "4", "5")},
            **{"years": span(2, 9), "place": PLACES},
        },
        told(compute.interest, "利息是{value}元。"),
        TAILS,
    ),
    Family(
        "mean",
        (
            "{name}在{place}知识赛的四轮里得了{a}、{b}、{c}、{d}分，平均每轮多少分？",
            "求{a}、{b}、{c}、{d}四个数的平均数。",
            "{shop}四天的客流是{a}、{b}、{c}、{d}人，日均多少人？",
        ),
        {"name": NAMES, "a|b|c|d": span(12, 98), "place": PLACES, "shop": SHOPS},
        told(compute.mean_of_four, "平均数是{value}。"),
        TAILS,
    ),
    Family(
        "expression",
        (
            "请算出这个式子的值：{a}×（{b}＋{c}）－{d}。",
            "{b}与{c}的和乘以{a}，再减去{d}，得多少？",
            "先把{b}加上{c}，扩大到{a}倍，最后拿掉{d}，剩下几？",
        ),
        {"a": span(3, 19), "b|c": span(4, 60), "d": span(2, 45)},
        told(compute.expression, "结果是{value}。"),
        TAILS,
        weight=1,
    ),
    Family(
        "younger",
        (
            "{elder}比{junior}大{gap}岁，两人年龄加起来{together}岁，小的那位几岁？",
            "{junior}和{elder}的岁数之和是{together}，相差{gap}，年纪轻的是多少岁？",
        ),
        {"elder": NAMES[:24], "junior": NAMES[24:], "gap,together": AGES},
        told(compute.younger, "年纪小的是{value}岁。"),
        TAILS,
    ),
    Family(
        "savings",
        (
            "{name}的储蓄罐里有{start}元，为了买{thing}每周再存{w}元，{n}周以后有多少元？",
            "起初有{start}元，住在{place}的一位朋友每星期攒{w}元，第{n}周结束时共有几元？",
        ),
        {
            **{"name": NAMES, "start": span(5, 240, 5), "w": ("4", "6", "7.5", "8", "12", "12.5", "15", "22")},
            **{"thing": THINGS, "n": span(6, 40), "place": PLACES},
        },
        told(compute.savings, "{n}周后有{value}元。"),
        TAILS,
    ),
)
