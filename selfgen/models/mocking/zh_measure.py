"""Chinese families about counting, notation, units, times of day and dates. The answers are computed in `compute`."""

from __future__ import annotations

from datetime import date

from selfgen.models.mocking import compute
from selfgen.models.mocking.compute import told
from selfgen.models.mocking.frame import STYLE, Family, Slots, span
from selfgen.models.mocking.zh_number import TAILS
from selfgen.models.mocking.zh_words import HOBBIES, MONTHS, NAMES, PLACES, SHOPS, WEEKDAYS

TIMES = tuple(f"{hour:02d}:{minute:02d}" for hour in range(5, 24) for minute in range(5, 60, 10))
SERIES = (
    *("、".join(str(start + step * i) for i in range(5)) for start in range(2, 60, 5) for step in (3, 4, 6, 7, 9, 11)),
    *("、".join(str(start * ratio**i) for i in range(4)) for start in range(2, 12) for ratio in (2, 3, 4, 5)),
)
UNITS = (
    ("jin-kg", "斤", "公斤"),
    ("kg-jin", "公斤", "斤"),
    ("li-km", "里", "公里"),
    ("mu-m2", "亩", "平方米"),
    ("chi-cm", "尺", "厘米"),
    ("km-mi", "公里", "英里"),
    ("mi-km", "英里", "公里"),
    ("kg-lb", "千克", "磅"),
    ("c-f", "摄氏度", "华氏度"),
    ("f-c", "华氏度", "摄氏度"),
    ("in-cm", "英寸", "厘米"),
    ("kmh-ms", "公里每小时", "米每秒"),
    ("min-h", "分钟", "小时"),
)
UNIT_PAIRS = tuple((source, target) for _, source, target in UNITS)
ZODIAC = ("鼠", "牛", "虎", "兔", "龙", "蛇", "马", "羊", "猴", "鸡", "狗", "猪")
DAYS = span(1, 28)
YEARS = span(1905, 2039)


def _convert(slots: Slots) -> tuple[str, str]:
    kind = next(kind for kind, source, target in UNITS if (source, target) == (slots["source"], slots["target"]))
    return compute.convert(kind, slots["n"])


def _converted(slots: Slots, given: str) -> str:
    """Answer with a sentence that says where the amount was rounded."""
    equal = "约等于" if "≈" in _convert(slots)[1] else "等于"
    return told(_convert, f"{{n}}{{source}}{equal}{{value}}{{target}}。")(slots, given)


def _date(year: str, month: str, day: str) -> date:
    return date(int(year), MONTHS.index(month) + 1, int(day))


def _weekday(slots: Slots, _: str) -> str:
    name = WEEKDAYS[_date(slots["year"], slots["month"], slots["day"]).weekday()]
    return name if slots.get(STYLE) == "bare" else f"{slots['year']}年{slots['month']}{slots['day']}日是{name}。"


def _days_later(slots: Slots) -> tuple[str, str]:
    end = compute.days_later(_date(slots["year"], slots["month"], slots["day"]), int(slots["n"]))
    value = f"{end.year}年{end.month}月{end.day}日"
    return value, f"{slots['year']}年{slots['month']}{slots['day']}日 + {slots['n']}天 = {value}"


def _days_between(slots: Slots) -> tuple[str, str]:
    first = _date(slots["year"], slots["month"], slots["day"])
    second = _date(slots["year"], slots["late"], slots["end"])
    value = str(compute.days_between(first, second))
    return value, f"从{first.isoformat()}到{second.isoformat()}：{value}天"


def _weekday_later(slots: Slots, _: str) -> str:
    total = int(slots["n"])
    day = WEEKDAYS[(WEEKDAYS.index(slots["weekday"]) + total) % 7]
    if slots.get(STYLE) == "work":
        return f"{total} = {total // 7} × 7 + {total % 7}，星期往后推{total % 7}天，是{day}。"
    return f"是{day}。"


def _zodiac(slots: Slots, _: str) -> str:
    animal = ZODIAC[(int(slots["year"]) - 4) % 12]
    return animal if slots.get(STYLE) == "bare" else f"{slots['year']}年（以春节换年计）属{animal}。"


def _leap(slots: Slots, _: str) -> str:
    year = int(slots["year"])
    if compute.is_leap(year):
        reason = "能被400整除" if year % 400 == 0 else "能被4整除而不能被100整除"
        return f"{year}年是闰年，因为它{reason}，2月有29天。"
    reason = "能被100整除却不能被400整除" if year % 100 == 0 else "不能被4整除"
    return f"{year}年不是闰年，因为它{reason}，2月有28天。"


FAMILIES: tuple[Family, ...] = (
    Family(
        "handshakes",
        (
            "{name}组织聚会，{n}个人两两握手一次，总共握了几次手？",
            "{place}的{hobby}联赛有{n}支队伍，每两队只碰面一场，要安排多少场？",
        ),
        {"name": NAMES, "n": span(5, 36), "hobby": HOBBIES[:8], "place": PLACES},
        told(compute.pairs, "共{value}次。"),
        TAILS,
        weight=1,
    ),
    Family(
        "outfits",
        (
            "{name}带了{a}件上衣、{b}条裤子和{c}顶帽子，能搭出多少种穿法？",
            "{place}一家小馆有{a}种汤、{b}样主菜、{c}款甜点，各选一样，套餐有几种配法？",
        ),
        {"name": NAMES, "a|b|c": span(2, 12), "place": PLACES},
        told(compute.outfits, "共有{value}种。"),
        TAILS,
        weight=1,
    ),
    Family(
        "tank",
        (
            "水箱容积{n}升，每分钟进水{a}升，同时漏掉{b}升，几分钟能装满？保留一位小数。",
            "{place}游泳池一边以每分钟{a}升注水，一边以每分钟{b}升排水，放进{n}升要多久（分钟，一位小数）？",
        ),
        {"n": span(200, 2400, 50), "a": span(14, 40), "b": span(2, 9), "place": PLACES},
        told(compute.tank, "需要{value}分钟。"),
        TAILS,
        weight=1,
    ),
    Family(
        "next_term",
        (
            "数列{terms}的下一项是几？",
            "找规律，往后再写一个数：{terms}。",
            "{name}在黑板上写下{terms}，照这个规律接着写，后面是什么数？",
        ),
        {"terms": SERIES, "name": NAMES},
        told(compute.next_term, "下一个数是{value}。"),
        TAILS,
    ),
    Family(
        "divisor",
        (
            "{a}和{b}的最大公约数是几？",
            "{name}要把{a}厘米和{b}厘米的两根彩带剪成同样长的小段，不许浪费，每段最长几厘米？",
        ),
        {"a|b": span(24, 210, 6), "name": NAMES},
        told(compute.common_divisor, "是{value}。"),
        TAILS,
        weight=1,
    ),
    Family(
        "multiple",
        (
            "求{a}与{b}的最小公倍数。",
            "{place}有两路公交刚刚同时发车，一路每{a}分钟一班，另一路每{b}分钟一班，过多少分钟又会同时发车？",
        ),
        {"a|b": span(4, 36), "place": PLACES},
        told(compute.common_multiple, "是{value}。"),
        TAILS,
        weight=1,
    ),
    Family(
        "notation",
        ("十进制数{n}写成二进制是什么？", "计算机用0和1怎样表示{n}？"),
        {"n": span(9, 250)},
        told(compute.binary, "{n}的二进制写法是{value}。"),
        TAILS[4:],
        weight=1,
    ),
    Family(
        "factors",
        ("把{n}分解质因数。", "{n}可以写成哪几个质数相乘？"),
        {"n": span(24, 990, 6)},
        told(compute.factors, "{n}＝{value}"),
        weight=1,
    ),
    Family(
        "clock",
        (
            "大巴{start}从{place}出发，路上要{h}小时{min}分钟，几点到（24小时制）？",
            "{name}在{start}把汤炖上，得炖{h}小时{min}分，什么时候可以关火？",
            "{name}的班从{start}开始，时长{h}个小时又{min}分钟，下班是几点？",
        ),
        {"place": PLACES, "start": TIMES, "h": span(1, 9), "min": span(5, 55, 5), "name": NAMES},
        told(compute.clock, "那时是{value}。"),
        TAILS[4:],
    ),
    Family(
        "convert",
        (
            "把{n}{source}换算成{target}，保留两位小数。",
            "{n}{source}等于多少{target}？",
            "{place}的一份宣传单上写着{n}{source}，用惯了{target}的读者应当看到多少？",
            "{name}心里只有{target}的概念，请把{n}{source}换一种说法，最多两位小数。",
        ),
        {
            "n": span(3, 420, 3),
            "source,target": UNIT_PAIRS,
            "place": PLACES,
            "name": NAMES,
        },
        _converted,
        TAILS,
        weight=3,
    ),
    Family(
        "weekday",
        (
            "{year}年{month}{day}日是星期几？",
            "{name}出生于{year}年{month}{day}日，那天星期几？",
            "在{place}旧货摊淘到的日记，头一页写的是{year}年{month}{day}日，请推出当天的星期。",
        ),
        {"day": DAYS, "month": MONTHS, "year": span(1905, 2019), "name": NAMES, "place": PLACES},
        _weekday,
        (("答三个字就够了。", "bare"), ("请用整句回答。", "full")),
    ),
    Family(
        "date_later",
        (
            "{year}年{month}{day}日再过{n}天是哪一天？",
            "{year}年{month}{day}日在{place}图书馆借的书，限期{n}天，最晚什么日子归还？",
            "{name}的保修期自{year}年{month}{day}日算起，共{n}天，到期日是哪天？",
        ),
        {"n": span(10, 200, 3), "day": DAYS, "month": MONTHS, "year": YEARS, "place": PLACES, "name": NAMES},
        told(_days_later, "是{value}。"),
        TAILS[4:],
    ),
    Family(
        "days_between",
        (
            "{year}年{month}{day}日到同年{late}{end}日相隔多少天？头一天不算。",
            "{name}{year}年{month}{day}日离家，当年{late}{end}日回来，在外面住了几晚？",
        ),
        {"day|end": DAYS, "month": MONTHS[:6], "late": MONTHS[6:], "year": YEARS, "name": NAMES},
        told(_days_between, "答案是{value}。"),
        TAILS,
    ),
    Family(
        "weekday_later",
        (
            "今天是{weekday}，{n}天以后是星期几？",
            "{name}在{weekday}交了海运包裹，{n}天以后到港，到港那天是星期几？",
            "{shop}在{weekday}签了租约，{n}天以后开张，开张那天是星期几？",
        ),
        {"weekday": WEEKDAYS, "n": span(9, 120), "name": NAMES, "shop": SHOPS},
        _weekday_later,
        (("请用余数说明理由。", "work"), ("一句话就好。", "full")),
    ),
    Family(
        "zodiac",
        (
            "{year}年是什么生肖年？",
            "{name}家有位亲戚生于{year}年秋天，属什么？",
            "{place}庙会的展牌上缺了{year}年的属相，该填哪个？",
        ),
        {"year": span(1912, 2024), "name": NAMES, "place": PLACES},
        _zodiac,
        (("答一个字。", "bare"), ("请说完整。", "full")),
    ),
    Family(
        "leap",
        ("{year}年是闰年吗？请说明理由。", "{name}想知道{year}年的2月有几天，为什么？"),
        {"year": span(1880, 2120), "name": NAMES},
        _leap,
        weight=1,
    ),
)
