"""Tables of databases, Python expressions and regular expressions, told in both languages. Each has been run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table of a database: columns that hold numbers, and columns that hold texts."""

    name: str
    numbers: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of code, what it does in each language (to stand in a request), and how it works."""

    code: str
    en: str
    zh: str
    told_en: str
    told_zh: str


TABLES = (
    DataTable("orders", ("amount", "discount"), ("customer", "country")),
    DataTable("books", ("pages", "price"), ("title", "author")),
    DataTable("employees", ("salary", "age"), ("name", "department")),
    DataTable("flights", ("distance", "delay"), ("airline", "origin")),
    DataTable("patients", ("weight", "age"), ("ward", "doctor")),
    DataTable("exams", ("points", "attempt"), ("student", "subject")),
    DataTable("stations", ("rainfall", "height"), ("region", "keeper")),
    DataTable("recipes", ("minutes", "calories"), ("dish", "cuisine")),
    DataTable("loans", ("days", "fine"), ("reader", "branch")),
    DataTable("parcels", ("weight", "postage"), ("sender", "city")),
    DataTable("matches", ("goals", "spectators"), ("team", "stadium")),
    DataTable("rooms", ("beds", "rate"), ("hotel", "floor")),
)


PYTHON = (
    Snippet(
        "[x for x in items if x % 2 == 0]",
        "keeps only the even numbers",
        "只保留偶数",
        "The comprehension keeps x where the remainder by 2 is 0.",
        "列表推导式只留下除以 2 余 0 的元素。",
    ),
    Snippet(
        "items[::-1]",
        "returns the list in reverse order",
        "把列表倒过来",
        "A slice with step -1 walks from the end to the start.",
        "步长为 -1 的切片从后往前取。",
    ),
    Snippet(
        "sum(items) / len(items)",
        "computes the mean of the numbers",
        "求这些数的平均值",
        "The sum is divided by the number of elements.",
        "总和除以元素个数。",
    ),
    Snippet(
        "sorted(items, key=len)",
        "sorts strings by length",
        "按长度给字符串排序",
        "sorted compares the lengths, because key is len.",
        "key 设为 len，所以按长度比较。",
    ),
    Snippet(
        "list(dict.fromkeys(items))",
        "removes duplicates and keeps the order",
        "去掉重复元素并保持原来的顺序",
        "A dict keeps its keys once and in order of insertion.",
        "字典的键不重复，而且保持插入的顺序。",
    ),
    Snippet(
        "{x: items.count(x) for x in set(items)}",
        "counts how often each element occurs",
        "统计每个元素出现几次",
        "For every distinct element, count looks through the list.",
        "对每个不同的元素，用 count 数它在列表里的次数。",
    ),
    Snippet(
        "max(items, key=len)",
        "finds the longest string",
        "找出最长的字符串",
        "max compares by len and returns the first of the longest.",
        "max 按 len 比较，返回第一个最长的。",
    ),
    Snippet(
        "[x ** 2 for x in items]",
        "squares every number",
        "求每个数的平方",
        "Each x is raised to the power of 2.",
        "对每个 x 取 2 次方。",
    ),
    Snippet(
        "', '.join(map(str, items))",
        "joins the elements with commas",
        "用逗号把元素连成一个字符串",
        "map turns each element into text, and join puts them together.",
        "map 把元素变成文本，join 再拼起来。",
    ),
    Snippet(
        "sorted(items)[-2]",
        "finds the second largest number if all differ",
        "在元素各不相同时找出第二大的数",
        "After sorting, the second largest stands at index -2.",
        "排序之后，第二大的数在下标 -2 的位置。",
    ),
    Snippet(
        "any(x < 0 for x in items)",
        "checks whether any number is negative",
        "判断有没有负数",
        "any stops at the first negative number.",
        "any 遇到第一个负数就停。",
    ),
    Snippet(
        "[x.strip().lower() for x in items]",
        "trims spaces and lower-cases each string",
        "去掉每个字符串两端的空格并转成小写",
        "strip removes the spaces, lower the capitals.",
        "strip 去空格，lower 转小写。",
    ),
    Snippet(
        "list(zip(items, items[1:]))",
        "pairs each element with its successor",
        "把每个元素和它后面的一个配成对",
        "zip walks over the list and over the list without its first element.",
        "zip 同时遍历原列表和去掉第一个元素的列表。",
    ),
    Snippet(
        "[items[i:i + 3] for i in range(0, len(items), 3)]",
        "splits the list into chunks of three",
        "把列表按三个一组切开",
        "The start index moves in steps of three.",
        "起始下标每次前进三位。",
    ),
    Snippet(
        "all(a <= b for a, b in zip(items, items[1:]))",
        "tests whether the list is sorted",
        "判断列表是否已经从小到大排好",
        "Every element must not exceed the next.",
        "每个元素都不能大于后一个。",
    ),
    Snippet(
        "sum(1 for x in items if x > 100)",
        "counts the numbers above 100",
        "数一数大于 100 的数有几个",
        "A 1 is added for each number above 100.",
        "每遇到一个大于 100 的数就加 1。",
    ),
)
PATTERNS = (
    Snippet(
        r"^\d{5}$",
        "a code of exactly five digits",
        "正好五位数字的编号",
        "\\d stands for a digit, {5} for five of them, ^ and $ for start and end.",
        "\\d 表示数字，{5} 表示五个，^ 和 $ 表示开头和结尾。",
    ),
    Snippet(
        r"^\d{4}-\d{2}-\d{2}$",
        "dates written like 2031-04-09",
        "形如 2031-04-09 的日期",
        "Four, two and two digits stand between hyphens.",
        "四位、两位、两位数字，用短横线隔开。",
    ),
    Snippet(
        r"^([01]\d|2[0-3]):[0-5]\d$",
        "times from 00:00 to 23:59",
        "从 00:00 到 23:59 的时刻",
        "Hours begin with 0, 1 or end at 23; minutes end at 59.",
        "小时以 0、1 开头或不超过 23，分钟不超过 59。",
    ),
    Snippet(
        r"^#[0-9a-fA-F]{6}$",
        "colour codes such as #1a2b3c",
        "形如 #1a2b3c 的颜色代码",
        "After # follow six hexadecimal digits.",
        "井号后面是六位十六进制数字。",
    ),
    Snippet(
        r"^[A-Z]{2}-\d{3}$",
        "two capital letters, a hyphen and three digits",
        "两个大写字母加短横线再加三位数字",
        "[A-Z]{2} are the letters and \\d{3} the digits.",
        "[A-Z]{2} 是字母，\\d{3} 是数字。",
    ),
    Snippet(
        r"^[a-z]+(?:_[a-z]+)*$",
        "lower-case words joined by underscores",
        "用下划线连接的小写单词",
        "A word may be followed by any number of underscore-and-word groups.",
        "一个单词后面可以跟任意多组“下划线加单词”。",
    ),
    Snippet(
        r"^-?\d+(?:\.\d+)?$",
        "whole or decimal numbers, possibly negative",
        "可以带负号的整数或小数",
        "The minus sign and the decimal part are optional.",
        "负号和小数部分都可有可无。",
    ),
    Snippet(
        r"^\S+$",
        "text without any white space",
        "不含空白字符的文本",
        "\\S is any character that is not white space.",
        "\\S 是任何非空白字符。",
    ),
    Snippet(
        r"^\+\d{1,3} \d{6,12}$",
        "phone numbers like +44 2079460000",
        "形如 +86 13800138000 的电话号码",
        "A plus sign, a country code of one to three digits, a space and six to twelve digits.",
        "加号、一到三位国家码、一个空格、六到十二位号码。",
    ),
    Snippet(
        r"^(.)\1+$",
        "one character repeated at least twice",
        "同一个字符重复两次以上",
        "The group catches a character, and \\1+ repeats it.",
        "括号捕获一个字符，\\1+ 让它重复。",
    ),
)
