"""Chinese families that write something new: letters, notices, leaflets, openings of stories, parts in role play."""

from __future__ import annotations

from selfgen.models.mocking.frame import Family, Pool, span, written
from selfgen.models.mocking.zh_list import ITEMS
from selfgen.models.mocking.zh_words import EVENTS, HOBBIES, JOBS, NAMES, PLACES, ROOMS, SHOPS, THINGS, WEEKDAYS

TAILS = (
    ("六十字以内。", "short"),
    ("两三句就好。", "short"),
    ("要能写进一张明信片。", "short"),
    ("语气亲切些，别打官腔。", ""),
    ("用大白话，不要套话。", ""),
    ("别堆砌辞藻。", ""),
    ("读起来要像真人说的。", ""),
)
WORDS: dict[str, Pool] = {
    "dish": ("瓜子花生", "自家拿手菜", "时令水果", "点心", "凉拌菜", "酸梅汤", "饺子", "卤味"),
    **{"who|other": NAMES, "place": PLACES, "item": ITEMS, "thing": THINGS, "shop": SHOPS, "trade": JOBS},
    **{"room": ROOMS, "n": span(3, 30), "hobby": HOBBIES, "day": WEEKDAYS, "event": EVENTS},
    "damp": ("暖气坏了", "屋顶漏水", "大门关不严", "卫生间长了霉", "电梯老停", "每天早上没有热水"),
    "mishap": ("打碎了花瓶", "忘了赴约", "弄脏了地毯", "弄丢了备用钥匙", "刮花了车门", "把花养死了"),
    "joy": ("找到新工作", "考试过关", "喜得双胞胎", "金婚", "搬进新居", "跑完头一个马拉松"),
    "odd": (
        "一封落款是明天的信",
        "墙纸后面的一扇门",
        "一箱钥匙",
        "一座倒着走的钟",
        "一只会背唐诗的鹦鹉",
        "一本写着自己名字的陌生日记",
    ),
    "worry": (
        "没有小票却非要退货",
        "在两种颜色之间拿不定主意",
        "头一回来有些怯生",
        "赶时间急得直跺脚",
        "嫌价钱太贵",
        "抱着用过的东西来退",
    ),
}


def letter(name: str, texts: tuple[str, ...], form: str, short: str, weight: int = 2) -> Family:
    """Make a family whose answer names what its task names; all its sentence forms hold the same slots."""
    return Family(name, texts, WORDS, written(form, short), TAILS, weight=weight)


FAMILIES: tuple[Family, ...] = (
    letter(
        "thanks",
        (
            "{event}那天{who}借了我{thing}，请代写一封感谢信。",
            "给{who}写几句感谢的话，人家在{event}时把{thing}借给我用。",
            "多亏{who}借我{thing}，{event}才没出岔子，怎样在信里道谢？",
        ),
        (
            "{who}：\n\n见字如面。{event}那天多亏您借我{thing}，不然真要手忙脚乱。东西已擦拭干净，这周就送还，顺"
            "便带上自家烤的点心，请您尝尝。再次感谢！\n\n祝好"
        ),
        "{who}，{event}那天多亏您借我{thing}，帮了大忙！这周就送还，再带些点心给您尝尝。",
    ),
    letter(
        "apology",
        (
            "{day}我{mishap}，{who}很生气，请替我起草一份道歉信。",
            "帮我给{who}写段话赔个不是：{day}我{mishap}。",
            "我{day}不小心{mishap}，想当面跟{who}道歉又开不了口，写成短信该怎么说？",
        ),
        (
            "{who}：\n\n{day}我{mishap}，实在对不住。是我太粗心，您生气是应该的。该赔的我来赔，该补的我来补，这周"
            "之内一定办妥。还望您消消气。\n\n此致"
        ),
        "{who}，{day}我{mishap}，是我不好，这周之内一定补上，请您消消气。",
    ),
    letter(
        "invitation",
        (
            "请邻居们{day}到{room}参加{event}，每家带点{dish}，写个邀请。",
            "写一则邀请：{event}，{day}，在{room}，来宾请自带{dish}。",
            "隔壁的{trade}张罗了{event}，时间是{day}，地点在{room}，还要大家带{dish}来，请拟一份邀请词。",
        ),
        (
            "各位邻居：\n\n{day}我们在{room}举办{event}，备有热茶，也给孩子们留了玩耍的角落。请各家带一点{dish}，"
            "大家一起分享。盼您光临！"
        ),
        "{day}{room}有{event}，请带点{dish}来，街坊们都来热闹热闹！",
    ),
    letter(
        "landlord",
        (
            "我在{place}租的房子{damp}，已经{n}天了，给房东写封信。",
            "{place}的租客说{damp}，拖了{n}天没人管，请写一封客气而坚决的催修信。",
            "{place}这边的出租屋{damp}都{n}天了，催过两回没用，第三封信怎么写才好？",
        ),
        (
            "房东您好：\n\n我租住的{place}这套房子{damp}，到今天已有{n}天，先前也跟您提过，一直没有动静。请在一周"
            "之内安排维修；如有困难，请书面告知您的打算。\n\n此致\n敬礼"
        ),
        "房东您好：{place}这套房子{damp}已有{n}天，请在一周之内安排维修，谢谢。",
    ),
    letter(
        "congratulation",
        (
            "老友{who}在{place}{joy}，请写几句贺词。",
            "听说{place}的{who}{joy}，想寄张贺卡，内容怎么写？",
            "替我恭喜一下{place}的{who}，为的是{joy}。",
        ),
        (
            "{who}：\n\n听说你{joy}，消息一路传来，我高兴得坐不住。愿往后的日子像你的笑脸一样敞亮。等你从"
            "{place}回来，咱们好好庆祝一番！\n\n祝一切顺遂"
        ),
        "{who}，恭喜你{joy}！隔着老远给{place}捎去祝福，改日一起庆祝。",
    ),
    letter(
        "advert",
        (
            "为{place}的{shop}写几句推销{item}的话。",
            "{who}在{place}新开了{shop}，主打{item}，请拟一份传单文案。",
            "实实在在地夸一夸{place}那家小{shop}的{item}，别夸张。",
        ),
        (
            "想买耐用的{item}？{place}这家{shop}件件亲手挑选，价钱公道。进来随便看，有什么想问的尽管开口，我们卖"
            "的，自己也在用。"
        ),
        "好{item}，公道价，就在{place}的{shop}，欢迎进店瞧瞧。",
    ),
    letter(
        "story",
        (
            "写一个故事的开头：{place}的{trade}遇上了{odd}。",
            "构思一篇悬疑小说的首段，人物是{trade}，地点是{place}，线索是{odd}。",
            "假如{place}有个{trade}发现了{odd}，故事该怎样起笔才抓人？",
        ),
        (
            "在{place}，没有谁会多看那位{trade}一眼：早上六点出门，傍晚回家，几十年如一日。所以那个起雾的早晨，脚"
            "步声在半路停住时，也没人察觉。路沿上静静等着的，是{odd}。"
        ),
        "{place}平平常常的一个早晨，{trade}拐过街角，撞见了{odd}。",
        weight=3,
    ),
    letter(
        "role",
        (
            "你来扮演{place}的一位{trade}，有位客人{worry}，说说你的开场白。",
            "设想自己是{place}{shop}里的{trade}，面前的人{worry}，请用角色的口吻应对。",
            "以{place}老{trade}的身份接待一位来客，对方{worry}。",
        ),
        (
            "哎，快请进！我在{place}做{trade}也有些年头了，什么样的事没见过？您先坐下喝口水，把来龙去脉慢慢讲给我"
            "听，咱们一起想个两全其美的法子。"
        ),
        "您请坐！我在{place}当了多年{trade}，总能想出办法，您慢慢说。",
    ),
    letter(
        "reference",
        (
            "{who}在我们{shop}做了{n}个月{trade}，请写封推荐信。",
            "{who}要离开{shop}另谋高就，当{trade}{n}个月，表现很好，写一段推荐语。",
        ),
        (
            "{who}在我店任{trade}共{n}个月，守时、细心、待人热情，忙起来也有条不紊，很受顾客喜欢。此番离开"
            "{shop}，我们十分不舍，特此郑重推荐。"
        ),
        "{who}在{shop}任{trade}{n}个月，守时细心，待人热情，特此推荐。",
    ),
    letter(
        "notice_board",
        (
            "因为{event}，{room}{day}关一天，请写个告示，有事找{who}。",
            "{day}{room}要用来办{event}，不对外，请拟一则通知，联系人写{who}。",
        ),
        "通知：因{event}，{room}将于{day}全天关闭，次日照常。如有疑问，请联系{who}。不便之处，敬请谅解。",
        "{day}因{event}，{room}关闭一天，有事请找{who}。",
    ),
    letter(
        "slogan",
        (
            "{place}有家{shop}卖{item}，给它想一句上口的广告语。",
            "{who}的{shop}以{item}出名，开在{place}，门口挂句什么话好？",
        ),
        "“一份{item}，一份心意，{place}人信得过的{shop}。”",
        "",
    ),
    letter(
        "moments",
        (
            "我周末在{place}{hobby}，写一条发朋友圈的话。",
            "替{who}写一条朋友圈，说的是去{place}{hobby}的事。",
        ),
        "在{place}{hobby}，日子一下子慢了下来。风轻轻的，人也松快了。下回谁想一起？",
        "{place}，{hobby}，浮生偷得半日闲。",
        weight=1,
    ),
)
