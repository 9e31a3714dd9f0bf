"""Chinese scenes that may stand before a task, and openings for near-duplicates. They never change the answer."""

from __future__ import annotations

from selfgen.models.mocking.frame import Frame, Pool
from selfgen.models.mocking.zh_words import HOBBIES, JOBS, NAMES, PLACES, SHOPS

GAP = ""
OPENINGS = ("", "", "再来一题：", "还有一题：", "小问题：")
SCENE_SLOTS: dict[str, Pool] = {"who|other": NAMES, "town": PLACES, "trade": JOBS, "shop": SHOPS, "hobby": HOBBIES}
SCENES = tuple(
    Frame(text)
    for text in (
        "我在{town}的夜校教课，准备了一道题。",
        "{town}分店的{who}来求助。",
        "室友{who}和我争了半天也没个结果。",
        "这是给{town}那家{shop}的内部简报用的。",
        "我在{town}当{trade}，今天正好碰上这事。",
        "退休{trade}{who}托人捎来一个问题。",
        "{town}读者问答栏目这期要用。",
        "你是{who}的帮手，他开着一家{shop}。",
        "趁着{shop}换班的空当，{who}问了我一句。",
        "女儿放学带回一道题，说是{who}老师布置的。",
        "下周我们要带一个新来的{trade}。",
        "去{town}的火车上，一位{trade}跟我聊起这个。",
        "{who}平时爱{hobby}，最烦长篇大论，说话要干脆。",
        "我跟{town}的{trade}{who}打了个赌。",
        "动身去{town}之前，我答应给{who}一个准话。",
        "给{trade}学徒出的练习题。",
        "咱们{shop}刚搬到{town}，事情一大堆。",
        "有位客人在{town}的{shop}给{who}留了张字条。",
        "身为值班的{trade}，这件事我不能弄错。",
        "自从{who}迷上{hobby}，这样的问题就没断过。",
        "明天我要讲给另一位{trade}听。",
        "{who}和{other}正在复习迎考。",
        "{town}{hobby}小组里没一个人答得上来。",
        "假设我和{who}合开一家{shop}。",
        "我在给{town}的一份周报写豆腐块文章。",
        "{town}的社区中心常贴出这样的小题目。",
        "{town}下着雨，{who}闲得发慌。",
        "帮我看看那位{trade}说得对不对。",
        "待会儿要给{who}回话，先请教一下。",
        "{who}今早从{town}发来消息。",
        "老同学{who}如今做了{trade}，向我打听这个。",
        "就占用一分钟，我记在{hobby}笔记里。",
        "想象{town}小巷里有一家{shop}，生意不错。",
        "{shop}午休时间短，长话短说。",
        "我们的{trade}{who}心算就能搞定。",
        "一位{trade}和顾客在{town}为此争了起来。",
    )
)
