"""Chinese families that work on a list in the input. Every answer is computed from the input."""

from __future__ import annotations

from selfgen.models.mocking import compute, listing
from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.frame import Family, Pool, Slots
from selfgen.models.mocking.zh_words import EVENTS, GOODS, NAMES, PLACES, SHOPS

OWNERS: dict[str, Pool] = {"name": NAMES, "shop": SHOPS, "place": PLACES}
NUMBER_TAILS = (
    ("只要数字。", "bare"),
    ("直接给结果，不用解释。", "bare"),
    ("请说成一句话。", "full"),
    ("写成一句能放进会议记录的话。", "full"),
    ("除了数，什么都别写。", "bare"),
)
LIST_TAILS = (
    ("各项之间用顿号隔开。", "comma"),
    ("每行写一项。", "line"),
    ("用短横线列成清单。", "bullet"),
    ("请编上序号。", "number"),
    ("全写在一行里，用顿号分开。", "comma"),
    ("竖着排，一项占一行。", "line"),
)
COMMA = "、"
ITEMS = tuple(item for item, _ in GOODS)


def give_numbers(_: Slots, dice: Dice) -> str:
    return dice.pick(("、", "，")).join(str(dice.below(190) + 3) for _ in range(5 + dice.below(6)))


def give_different(_: Slots, dice: Dice) -> str:
    return "、".join(str(number) for number in dice.some(range(3, 193), 5 + dice.below(6)))


def give_names(_: Slots, dice: Dice) -> str:
    return dice.pick(("、", "\n")).join(dice.some(NAMES, 5 + dice.below(5)))


def give_repeating(_: Slots, dice: Dice) -> str:
    goods = dice.some(ITEMS, 3 + dice.below(2))
    return "、".join(dice.pick(goods) for _ in range(8 + dice.below(5)))


def give_goods(_: Slots, dice: Dice) -> str:
    return "、".join(dice.some(ITEMS, 5 + dice.below(4)))


def _even(items: list[str]) -> list[str]:
    return [item for item in items if int(item) % 2 == 0] or ["没有"]


def _joined(items: list[str]) -> str:
    return f"{'、'.join(items[:-1])}和{items[-1]}"


FAMILIES: tuple[Family, ...] = (
    Family(
        "sort_up",
        (
            "把下面的数从小到大排好。",
            "{name}在{place}泳池记下了几次用时（秒），请按由短到长排列。",
            "下面是{shop}的几笔数目，从最少的开始重新列一遍。",
            "将下列读数排成递增的顺序。",
        ),
        OWNERS,
        listing.from_list(lambda items: sorted(items, key=compute.number), COMMA),
        LIST_TAILS,
        give=give_numbers,
    ),
    Family(
        "sort_down",
        (
            "下面的数值请由大到小排列。",
            "{place}一家{shop}的日营业额如下，生意最好的排最前。",
            "{name}收集了下面的得分，按从高到低的名次列出来。",
        ),
        OWNERS,
        listing.from_list(lambda items: sorted(items, key=compute.number, reverse=True), COMMA),
        LIST_TAILS,
        give=give_numbers,
    ),
    Family(
        "sum_list",
        (
            "下面这些数加起来是多少？",
            "求下列金额的合计。",
            "{place}那家{shop}每天来的客人数写在下面，总共来了多少人？",
            "{name}把几次散步的里程（公里）记了下来，请加总。",
        ),
        OWNERS,
        listing.from_list_value(listing.total, "合计是{value}。"),
        NUMBER_TAILS,
        give=give_numbers,
    ),
    Family(
        "median_list",
        (
            "求下面这组数的中位数。",
            "下列各数排好序以后，正中间的是几？个数为偶数时取中间两个的平均值。",
            "{place}的护士量得下面几次候诊时间（分钟），中位数是多少？",
        ),
        OWNERS,
        listing.from_list_value(listing.median, "中位数是{value}。"),
        NUMBER_TAILS,
        give=give_numbers,
    ),
    Family(
        "mean_list",
        (
            "算出下面各数的平均值，最多保留两位小数。",
            "按下面的日销量看，{shop}平均每天卖出多少份{item}（至多两位小数）？",
            "{name}的几次成绩见下，求均分，四舍五入到两位小数。",
        ),
        {**OWNERS, "item": ITEMS},
        listing.from_list_value(listing.mean, "平均值是{value}。"),
        NUMBER_TAILS,
        give=give_numbers,
    ),
    Family(
        "range_list",
        (
            "下面的数里，最大的比最小的多多少？",
            "{name}在{place}记录的每日客流如下，极差是多少？",
            "用最大值减最小值，报出下面这组数的跨度。",
        ),
        OWNERS,
        listing.from_list_value(listing.spread, "极差是{value}。"),
        NUMBER_TAILS,
        give=give_numbers,
        weight=1,
    ),
    Family(
        "extreme_list",
        (
            "从下面的数中挑出最大的一个。",
            "下列包裹的重量以公斤计，{shop}最重的那件是多少？",
            "{name}的成绩单如下，最高分是几分？",
        ),
        OWNERS,
        listing.from_list_value(lambda items: max(items, key=compute.number), "最大的是{value}。"),
        NUMBER_TAILS,
        give=give_numbers,
        weight=1,
    ),
    Family(
        "even_list",
        (
            "只留下面的偶数，先后次序不变。",
            "双号门牌在街的左边，下面哪些门牌号在左边？",
        ),
        {},
        listing.from_list(_even, COMMA),
        LIST_TAILS,
        give=give_different,
        weight=1,
    ),
    Family(
        "unique_list",
        (
            "去掉下面清单里的重复项，顺序不变。",
            "{shop}的订货单有不少重复，按首次出现的先后，每样只写一遍。",
            "{name}录入时有几样敲了好几次，把下面的单子整理成一项一次。",
        ),
        OWNERS,
        listing.from_list(listing.unique, COMMA),
        LIST_TAILS,
        give=give_repeating,
    ),
    Family(
        "count_list",
        (
            "统计下面每样东西各出现几次，多的排前面。",
            "{name}在{shop}扫了一遍货，请按次数由多到少给下面的商品做个小统计。",
            "{place}的库房要盘点：下面各种货物分别有几件？从最多的写起。",
        ),
        OWNERS,
        listing.from_list(listing.counts("："), COMMA),
        LIST_TAILS[1:3],
        give=give_repeating,
    ),
    Family(
        "reverse_list",
        (
            "把下面的名单倒过来写。",
            "{name}按先来后到登记了下面这些人，请把队伍掉个头。",
            "{event}散场时，大家离开的次序和下面到场的次序正好相反，谁先走谁后走？",
        ),
        {**OWNERS, "event": EVENTS},
        listing.from_list(lambda items: items[::-1], COMMA),
        LIST_TAILS,
        give=give_names,
    ),
    Family(
        "pick_place",
        (
            "下面的名单里，排第三的是谁？",
            "{name}给{event}排了出场顺序，见下，第三个上台的是哪一位？",
        ),
        {**OWNERS, "event": EVENTS},
        listing.from_list_value(lambda items: items[2], "第三位是{value}。"),
        NUMBER_TAILS[2:4],
        give=give_names,
        weight=1,
    ),
    Family(
        "one_sentence",
        (
            "把下面几样东西连成一个短语，最后一样前面用“和”。",
            "{shop}进了下面这些货，{name}要在告示里一口气写出来，末尾两样之间加“和”字。",
        ),
        OWNERS,
        listing.from_list_value(_joined, "{value}"),
        (),
        give=give_goods,
    ),
    Family(
        "count_entries",
        (
            "下面一共列了多少项？",
            "{name}想知道单子上有几样东西，请数一数。",
            "{place}的{shop}贴出了下面的货单，总共多少种？",
        ),
        OWNERS,
        listing.from_list_value(lambda items: str(len(items)), "一共{value}项。"),
        NUMBER_TAILS,
        give=give_goods,
        weight=1,
    ),
)
