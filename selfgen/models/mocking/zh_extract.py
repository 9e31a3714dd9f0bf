"""Chinese families that pick fields out of letters, receipts, notices, log lines and job advertisements."""

from __future__ import annotations

from selfgen.models.mocking.extracting import FIELDS, Document
from selfgen.models.mocking.frame import Family, Pool, span
from selfgen.models.mocking.labelling import label_rows
from selfgen.models.mocking.zh_words import EVENTS, GOODS, JOBS, MONTHS, NAMES, PLACES, ROOMS, SHOPS, WEEKDAYS

TAILS = (
    ("请返回JSON对象。", "json"),
    ("以JSON作答，键名照抄。", "json"),
    ("一行一项，名称写在前面。", "lines"),
    ("每项单独占一行。", "lines"),
    ("内容照原文抄，不要改动。", "lines"),
    ("别的内容都不要。", "lines"),
)
POOLS: dict[str, Pool] = {
    "who|other": NAMES,
    "shop": SHOPS,
    "place": PLACES,
    "trade": JOBS,
    "item,u": GOODS,
    "n,m": tuple((str(n), str(m)) for n in range(12, 48, 5) for m in range(2, 12, 3)),
    "number": tuple(f"{letter}{digits}" for letter in "ABKMRT" for digits in range(10483, 98000, 1371)),
    "until,date": tuple((f"{month}{day}日", f"{month}{day + 12}日") for month in MONTHS for day in range(2, 16, 4)),
    "weekday": WEEKDAYS,
    "room": ROOMS,
    "event": EVENTS,
    "time": tuple(f"{hour}:{minute}" for hour in range(8, 21) for minute in ("00", "15", "30", "45")),
    "k,price,total": tuple(
        (str(n), f"{cents / 100:.2f}", f"{n * cents / 100:.2f}") for n in (2, 5, 8, 11) for cents in (120, 245, 390)
    ),
    "way": ("现金", "微信支付", "支付宝", "银行卡", "代金券"),
    "level": ("ERROR", "WARNING", "INFO"),
    "service": ("payment", "search", "login", "export", "mailer", "billing", "inventory", "scheduler"),
    "stamp": tuple(f"2031-0{m}-{d}T{h}:{h + d}:09" for m in (2, 5, 9) for d in (13, 24, 27) for h in (10, 11, 19)),
    "pay": span(4200, 12800, 300),
    "ms": span(900, 4800, 150),
    "hours": span(20, 44, 4),
}
ASKING: dict[str, Pool] = {"who": NAMES, "shop": SHOPS, "place": PLACES, "trade": JOBS}
ORDER = Document(
    (
        (
            "您好：\n\n我叫{who}，为{date}的订单{number}写信。我订了{n}{u}{item}，其中{m}{u}到手就是坏的。"
            "每天{time}以后都能找到我。\n\n此致\n{other}"
        ),
        (
            "{shop}的各位：\n\n我是{place}的{who}。{date}在你们那儿买的{item}（订单号{number}），说好{n}{u}，"
            "眼下只到了{m}{u}。"
            "请在{time}以后回电。\n\n祝好"
        ),
    ),
    POOLS,
    {"客户": "who", "订单号": "number", "下单日期": "date", "商品": "item", "订购件数": "n", "方便联系的时间": "time"},
    "：",
)
RECEIPT = Document(
    (
        "{place}{shop}\n{date} {time}\n{item} {k}件，单价{price}元\n合计{total}元，{way}\n收银员{who}，欢迎再来",
        (
            "小票{number}｜{shop}（{place}）\n{item}×{k}，每件{price}元\n应收{total}元，付款方式为{way}\n{date} "
            "{time}，{who}收银"
        ),
    ),
    POOLS,
    {
        "店铺": "shop",
        "城市": "place",
        "日期": "date",
        "商品": "item",
        "总额": "total",
        "付款方式": "way",
        "收银员": "who",
    },
    "：",
)
NOTICE = Document(
    (
        "{event}定于{date}（{weekday}）{time}在{room}举行，请于{until}前向{who}报名。",
        "请注意，{event}改到{room}，新的时间是{date}（{weekday}）{time}。报名找{who}，{until}截止。",
        "欢迎参加{event}！{weekday}，{date}，{time}，{room}见。有事问{who}，名额留到{until}。",
    ),
    POOLS,
    {
        "活动": "event",
        "星期": "weekday",
        "日期": "date",
        "时间": "time",
        "地点": "room",
        "联系人": "who",
        "报名截止日": "until",
    },
    "：",
)
LOG = Document(
    (
        "{stamp} {level} {service}-service request {number} for user u{pay} took {ms} ms, {n} retries",
        "[{stamp}] {service}-service {level} {n} retries, request {number}, user u{pay}, duration {ms} ms",
    ),
    POOLS,
    {"时间戳": "stamp", "级别": "level", "服务": "service", "请求编号": "number", "耗时毫秒数": "ms", "重试次数": "n"},
    "：",
)
ADVERT = Document(
    (
        "{place}一家{shop}招{trade}一名，{date}上岗，每周{hours}小时，月薪{pay}元，{until}前联系{who}。",
        (
            "诚聘{trade}：工作地点{place}，每周工作{hours}小时，{date}到岗。我们是{shop}，月薪{pay}元，简历交"
            "{who}，{until}截止。"
        ),
    ),
    POOLS,
    {
        "岗位": "trade",
        "城市": "place",
        "到岗日期": "date",
        "周工时": "hours",
        "月薪": "pay",
        "联系人": "who",
        "截止日期": "until",
    },
    "：",
)


def asks(name: str, document: Document, texts: tuple[str, ...]) -> Family:
    """Make the family of a document; a task names one to three of its fields."""
    rows = label_rows((tuple(document.fields),), (1, 2, 3), ("和", "、", "以及"), "、")
    return Family(name, texts, {FIELDS: rows, **ASKING}, document.answer, TAILS, give=document.give, weight=3)


FAMILIES: tuple[Family, ...] = (
    asks(
        "order_mail",
        ORDER,
        (
            "从下面的来信里提取：{fields}。",
            "有位顾客给{shop}写了信，请在下面的内容中找出{fields}。",
            "{who}要把投诉录进表单，栏目是{fields}，请照下面的信填好。",
        ),
    ),
    asks(
        "receipt",
        RECEIPT,
        (
            "读一读下面的小票，告诉我{fields}。",
            "{place}的{trade}要记账，请把下列小票上的{fields}摘出来。",
            "下面这张票据写的{fields}是什么？",
        ),
    ),
    asks(
        "notice",
        NOTICE,
        (
            "摘出下面通知里的{fields}。",
            "{who}的日程本只记{fields}，请从这则通知里抄下来。",
            "关于{fields}，下面的告示是怎么说的？",
        ),
    ),
    asks(
        "log_line",
        LOG,
        (
            "解析下面这行日志，得到{fields}。",
            "{place}机房的夜班只关心{fields}，请从日志里取出。",
            "服务器打出了下面一行日志，{fields}分别是多少？",
        ),
    ),
    asks(
        "job_advert",
        ADVERT,
        (
            "看下面的招聘启事，列出{fields}。",
            "{who}在比较几份工作，请记下这条招聘里的{fields}。",
            "{place}人才市场要把启事录成表格，表头是{fields}，请处理下面这一条。",
        ),
    ),
)
