"""Chinese families about code and translation: checked templates of SQL and Python, and the pairs of `sentences`."""

from __future__ import annotations

from selfgen.models.mocking.code_tables import PATTERNS, PYTHON, TABLES
from selfgen.models.mocking.frame import STYLE, Answer, Family, Pool, Slots, span
from selfgen.models.mocking.sentences import EN, FROM_EN, FROM_ZH, ZH
from selfgen.models.mocking.zh_words import JOBS, NAMES, PLACES, SHOPS

TAILS = (
    ("只写语句，不用解释。", "bare"),
    ("请附一句说明。", "told"),
    ("用标准SQL。", "bare"),
    ("新手也要看得懂，简单讲一下。", "told"),
)
PYTHON_TAILS = (
    ("一个表达式搞定。", "bare"),
    ("只要一行代码。", "bare"),
    ("顺便说说原理。", "told"),
    ("不要导入任何模块。", "bare"),
)


def query(form: str, explanation: str) -> Answer:
    """Answer with a query made from the slots, and with a sentence where the task wants one."""

    def answer(slots: Slots, _: str) -> str:
        code = "```sql\n" + form.format_map(slots) + "\n```"
        return f"{code}\n\n{explanation.format_map(slots)}" if slots.get(STYLE) != "bare" else code

    return answer


def _python(slots: Slots, _: str) -> str:
    task = next(task for task in PYTHON if task.zh == slots["job"])
    code = f"```python\n{task.code.replace('items', slots['var'])}\n```"
    return f"{code}\n\n{task.told_zh}" if slots.get(STYLE) != "bare" else code


def _pattern(slots: Slots, _: str) -> str:
    pattern = next(pattern for pattern in PATTERNS if pattern.zh == slots["what"])
    return f"`{pattern.code}`\n\n{pattern.told_zh}" if slots.get(STYLE) != "bare" else f"`{pattern.code}`"


SLOTS: dict[str, Pool] = {
    "table,number,text": tuple((t.name, c, o) for t in TABLES for c in t.numbers for o in t.texts),
    **{"n": span(5, 900, 5), "k": span(3, 25), "shop": SHOPS, "place": PLACES, "who": NAMES, "trade": JOBS},
}

FAMILIES: tuple[Family, ...] = (
    Family(
        "sql_filter",
        (
            "写一条SQL，从{table}表里查出{number}大于{n}的行的{text}。",
            "{shop}的数据库里有张{table}表，要找{number}超过{n}的记录，只显示{text}，SQL怎么写？",
            "{who}要查{table}表：凡是{number}高于{n}的，列出{text}，请给出SQL。",
        ),
        SLOTS,
        query("SELECT {text}\nFROM {table}\nWHERE {number} > {n};", "WHERE只留下{number}大于{n}的行。"),
        TAILS,
    ),
    Family(
        "sql_group",
        (
            "用SQL按{text}分组，求{table}表里{number}的平均值。",
            "{place}的{trade}想看{table}表中每个{text}的{number}均值，该用什么SQL？",
            "{table}这张表，每种{text}一行，旁边写上平均的{number}，请写SQL。",
        ),
        SLOTS,
        query("SELECT {text}, AVG({number}) AS average\nFROM {table}\nGROUP BY {text};", "AVG对每个{text}各算一次。"),
        TAILS,
    ),
    Family(
        "sql_top",
        (
            "SQL怎样取出{table}表里{number}最大的{k}行？",
            "把{table}按{number}从大到小排，只要前{k}条，请写SQL语句。",
            "{shop}的店长要{table}表的前{k}名，以{number}为准，写出SQL。",
        ),
        SLOTS,
        query("SELECT *\nFROM {table}\nORDER BY {number} DESC\nLIMIT {k};", "先按{number}降序，再截取前{k}行。"),
        TAILS,
    ),
    Family(
        "sql_count",
        (
            "用SQL统计{table}表里每个{text}有多少行，只保留多于{k}行的。",
            "哪些{text}在{table}表里出现了{k}次以上？请用SQL回答。",
        ),
        SLOTS,
        query(
            "SELECT {text}, COUNT(*) AS pieces\nFROM {table}\nGROUP BY {text}\nHAVING COUNT(*) > {k};",
            "HAVING去掉不超过{k}行的组。",
        ),
        TAILS,
    ),
    Family(
        "python_line",
        (
            "用一行Python代码{job}，列表名叫{var}。",
            "{who}有个Python列表{var}，想{job}，表达式怎么写？",
            "给刚学Python的{trade}示范：一行代码{job}，列表记作{var}。",
        ),
        {
            **{"job": tuple(task.zh for task in PYTHON), "who": NAMES, "trade": JOBS},
            "var": ("items", "values", "data", "entries", "xs", "series"),
        },
        _python,
        PYTHON_TAILS,
        weight=4,
    ),
    Family(
        "pattern",
        (
            "{what}，用什么正则表达式匹配？",
            "{place}的{who}要校验表单，请写出匹配{what}的正则。",
            "写一个正则表达式，整段文本必须是{what}。",
        ),
        {"what": tuple(pattern.zh for pattern in PATTERNS), "who": NAMES, "place": PLACES},
        _pattern,
        (("简单解释各部分。", "told"), ("只写表达式。", "bare")),
    ),
    Family(
        "to_english",
        (
            "把下面的句子翻译成英语。",
            "{who}下个月去英国，下面这句话用英语怎么讲？",
            "{place}的{shop}要印双语传单，请将下列中文译成地道的英文。",
            "{trade}想知道下面这句的英文说法。",
        ),
        {"who": NAMES, "shop": SHOPS, "trade": JOBS, "place": PLACES},
        FROM_ZH.answer(ZH, EN),
        give=FROM_ZH.giver(ZH),
        weight=3,
    ),
    Family(
        "from_english",
        (
            "请把下面这句英文译成中文。",
            "{who}收到一条英文消息，内容见下，中文是什么意思？",
            "{place}{shop}的外国客人留了张英文字条，请翻成通顺的汉语。",
        ),
        {"who": NAMES, "shop": SHOPS, "place": PLACES},
        FROM_EN.answer(EN, ZH),
        give=FROM_EN.giver(EN),
        weight=3,
    ),
)
