"""Chinese families that reword a text: politer, looser, correct, with other sentence patterns, in one sentence."""

from __future__ import annotations

from selfgen.models.mocking.frame import Family, Pool, span
from selfgen.models.mocking.pairing import Pairs
from selfgen.models.mocking.zh_words import (
    EVENTS,
    GOODS,
    HOBBIES,
    JOBS,
    MONTHS,
    NAMES,
    PLACES,
    ROOMS,
    SHOPS,
    THINGS,
    WEEKDAYS,
)

POOLS: dict[str, Pool] = {
    **{"who|other": NAMES, "place": PLACES, "item,u": GOODS, "thing": THINGS, "shop": SHOPS, "trade": JOBS},
    **{"room": ROOMS, "n": span(3, 48), "hobby": HOBBIES, "day": WEEKDAYS, "month": MONTHS, "event": EVENTS},
}
ASKING: dict[str, Pool] = {"who": NAMES, "place": PLACES, "shop": SHOPS, "trade": JOBS}
BLUNT, POLITE, CASUAL = 0, 1, 2
TONES = Pairs(
    (
        ("{day}之前把{item}发给我。", "可否劳您在{day}之前把{item}发给我？", "{item}{day}前给我发一下呗！"),
        ("{who}，你又迟到了。", "{who}，今天似乎比约定的时间晚了一些，路上可还顺利？", "{who}，又睡过头啦？"),
        ("把你的箱子从{room}搬走。", "能否请您得空时把箱子从{room}移开？多谢。", "{room}那几个箱子，挪挪窝呗？"),
        ("我们不卖{item}。", "很遗憾，本店暂时没有{item}，我可以为您介绍别家。", "{item}啊，咱这儿真没有！"),
        (
            "{who}，你写的{place}考察报告太长了。",
            "{who}，{place}的考察报告写得很用心，不知能否再精简一些？",
            "{who}，{place}那篇不错，就是长了点，砍两刀？",
        ),
        ("{event}的时候不许说话。", "{event}期间，恳请各位尽量保持安静。", "嘘，{event}呢，咱小点儿声！"),
        ("现在就付{n}元。", "尚有{n}元未结清，烦请您方便时办理。", "对了，还差{n}块钱没给哈。"),
        ("{day}的{event}我不去。", "{day}的{event}我恐怕难以赴约，还请见谅。", "{day}那场{event}去不成啦，好可惜！"),
        (
            "叫{who}在{day}以前给我回话。",
            "烦请转告{who}，如能在{day}以前给我回话，感激不尽。",
            "让{who}{day}前吱个声哈！",
        ),
        (
            "{room}关了，怎么没人通知我？",
            "想请教一下，{room}关闭的消息先前是否通知过大家？",
            "咦，{room}啥时候关的，没听说啊？",
        ),
    ),
    POOLS,
)
WRONG, RIGHT = 0, 1
GRAMMAR = Pairs(
    (
        ("通过这次{event}，使{who}受到了教育。", "通过这次{event}，{who}受到了教育。"),
        ("{who}大约买了{n}{u}左右的{item}。", "{who}买了{n}{u}左右的{item}。"),
        ("为了防止{room}不再发生事故，{trade}加强了巡查。", "为了防止{room}再发生事故，{trade}加强了巡查。"),
        ("{who}的{hobby}水平提高得很快速度。", "{who}的{hobby}水平提高得很快。"),
        ("{place}的{month}是最美的季节。", "{place}的{month}是最美的时候。"),
        ("{who}对{hobby}很感兴趣性。", "{who}对{hobby}很感兴趣。"),
        ("因为{day}下大雨，但是{who}没来{room}。", "因为{day}下大雨，所以{who}没来{room}。"),
        ("能否坚持{hobby}，是{who}身体好的关键。", "坚持{hobby}，是{who}身体好的关键。"),
        ("{shop}的{item}的价格比以前减少了一倍。", "{shop}的{item}的价格比以前降低了一半。"),
        ("{who}高兴地跳起来的。", "{who}高兴得跳了起来。"),
        ("{event}再接再励，{who}又拿了第一。", "{event}再接再厉，{who}又拿了第一。"),
        ("{who}迫不急待地赶到了{place}。", "{who}迫不及待地赶到了{place}。"),
        ("{trade}{who}按步就班地做着{item}。", "{trade}{who}按部就班地做着{item}。"),
    ),
    POOLS,
)
PATTERNS = Pairs(
    (
        ("{who}把{item}送到了{room}。", "{item}被{who}送到了{room}。"),
        ("大雨把{shop}的招牌冲坏了。", "{shop}的招牌被大雨冲坏了。"),
        ("{trade}把{place}来的客人接走了。", "{place}来的客人被{trade}接走了。"),
        ("{who}把{thing}借给了{other}。", "{thing}被{who}借给了{other}。"),
        ("孩子们把{n}{u}{item}全搬上了车。", "{n}{u}{item}全被孩子们搬上了车。"),
    ),
    POOLS,
)
STORY, GIST = 0, 1
REPORTS = Pairs(
    (
        (
            (
                "{day}，{event}在{room}举行，来了{n}0多人，超出了组织者{who}的预料。现场备的{item}不到一小时就发"
                "完了。傍晚下起了雨，却没几个人走。"
            ),
            "{event}在{room}举行，{n}0多人到场，人数超出预料，下雨也没冲淡热情。",
        ),
        (
            (
                "{place}的{shop}由{who}经营了{n}年。{month}房东把租金翻了一倍。街坊们在路边义卖{item}，还收集签名。"
                "房东最终同意少涨一些。"
            ),
            "在街坊的声援下，{place}{who}的{shop}租金涨幅得以降低。",
        ),
        (
            (
                "{place}的{trade}{who}病愈之后开始{hobby}，起初一天只练十分钟，{n}个月后参加了协会。如今协会办起"
                "第二个小组，由{other}带队。"
            ),
            "{place}的{trade}{who}因病结缘{hobby}，所在协会如今办起了第二个小组。",
        ),
        (
            (
                "原定发往{place}的{n}00{u}{item}误送到一所学校。学生们清点以后重新装箱。{shop}的{who}在{day}请他们"
                "吃蛋糕，表示感谢。"
            ),
            "学生们把误送的{n}00{u}{item}重新装箱，{who}请他们吃蛋糕致谢。",
        ),
        (
            (
                "因维修要花{n}万元，{place}打算{month}关闭{room}。{who}带头的志愿者愿意无偿承担一半的活儿。有关部"
                "门将在{event}之后拍板。"
            ),
            "{place}或因{n}万元维修费关闭{room}，志愿者愿出力，{event}之后见分晓。",
        ),
    ),
    POOLS,
)
FAMILIES: tuple[Family, ...] = (
    Family(
        "politer",
        (
            "把下面这句话改得客气一些。",
            "{who}气头上写了下面的话，意思不变，请换成有礼貌的说法。",
            "{place}的{shop}希望对外措辞更温和，请润色下面的句子。",
            "换作一位有涵养的{trade}，下面这句话会怎么讲？",
        ),
        ASKING,
        TONES.answer(BLUNT, POLITE),
        give=TONES.giver(BLUNT),
    ),
    Family(
        "casual",
        (
            "下面的话太端着了，改成跟朋友聊天的口气。",
            "把这句改得像{who}发给{place}老同学的微信。",
            "{trade}嫌下面的句子文绉绉，请说得随便点。",
        ),
        ASKING,
        TONES.answer(POLITE, CASUAL),
        give=TONES.giver(POLITE),
    ),
    Family(
        "grammar",
        (
            "下面是个病句，请改正。",
            "{place}的{who}在学中文，请帮忙改好下面句子里的毛病，只写改后的句子。",
            "{shop}橱窗上贴着下面这句有错的话，正确的该怎么写？",
        ),
        ASKING,
        GRAMMAR.answer(WRONG, RIGHT),
        give=GRAMMAR.giver(WRONG),
    ),
    Family(
        "ba_to_bei",
        (
            "将下面的“把”字句改写成“被”字句。",
            "{who}老师布置的作业：换成“被”字句，意思不变，原句如下。",
            "{place}小学语文练习，请用“被”字改写下面的句子。",
        ),
        ASKING,
        PATTERNS.answer(0, 1),
        give=PATTERNS.giver(0),
    ),
    Family(
        "bei_to_ba",
        (
            "下面的“被”字句请换成“把”字句。",
            "{who}觉得被动句别扭，请用“把”字改写下面这句。",
        ),
        ASKING,
        PATTERNS.answer(1, 0),
        give=PATTERNS.giver(1),
        weight=1,
    ),
    Family(
        "summary",
        (
            "用一句话概括下面的报道。",
            "{who}只有十秒钟，请把下面这段话压缩成一句。",
            "下面这条本地新闻的大意是什么？限一句话。",
            "{place}晚报要一行字的简讯，素材如下。",
        ),
        ASKING,
        REPORTS.answer(STORY, GIST),
        give=REPORTS.giver(STORY),
        weight=3,
    ),
)
