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
        "我在{town}的夜校教课，备课要用。",
        "{town}分店的{who}来求助。",
        "室友{who}托我来问一声。",
        "替{town}那家{shop}办件小事。",
        "我在{town}当{trade}，今天正好碰上这事。",
        "退休{trade}{who}托人捎话，要我帮忙。",
        "{town}的读者来信，编辑部转给了我。",
        "你是{who}的帮手，{who}开着一家{shop}。",
        "趁着{shop}换班的空当，{who}问了我一句。",
        "邻居{who}从昨天等到现在。",
        "下周我们要带一个新来的{trade}，先做个样子。",
        "去{town}的火车上，一位{trade}跟我聊起这个。",
        "我跟{who}是一起{hobby}认识的，受人之托。",
        "{town}的{trade}{who}催得急。",
        "动身去{town}之前，我答应给{who}一个准话。",
        "做给{trade}学徒看的示范。",
        "咱们{shop}刚搬到{town}，事情一大堆。",
        "有位客人在{town}的{shop}向{who}开了口。",
        "身为值班的{trade}，这件事我不能弄错。",
        "{who}忙着{hobby}，活儿就落到了我手里。",
        "明天我要拿给另一位{trade}过目。",
        "{who}和{other}都指望着我。",
        "{town}{hobby}小组里有人找我帮忙。",
        "我和{who}合开了一家{shop}。",
        "这星期我在{town}替{who}顶班。",
        "{town}的社区中心把这件事交给了我。",
        "我替住在{town}的{who}打听一下。",
        "以前的同事改行做了{trade}，想看看结果。",
        "待会儿要给{who}回话，先请教一下。",
        "{who}今早从{town}发来消息。",
        "老同学{who}如今做了{trade}，向我打听这个。",
        "马上要出门{hobby}，就占用您一分钟。",
        "我在{town}小巷里的一家{shop}帮忙。",
        "我正在{shop}午休，顺便请教一下。",
        "我们的{trade}{who}休假，由我接手。",
        "{town}有位{trade}今天就等着要。",
    )
)
