"""English families about code and translation: checked templates of SQL and Python, and the pairs of `sentences`."""

from __future__ import annotations

from selfgen.models.mocking.code_tables import PATTERNS, PYTHON, TABLES
from selfgen.models.mocking.en_words import JOBS, NAMES, PLACES, SHOPS
from selfgen.models.mocking.frame import STYLE, Answer, Family, Pool, Slots, span
from selfgen.models.mocking.sentences import EN, FROM_EN, FROM_ZH, ZH

TAILS = (
    ("Only the query, no explanation.", "bare"),
    ("Add one sentence that explains it.", "told"),
    ("Standard SQL, please.", "bare"),
    ("A beginner should understand it, so explain it briefly.", "told"),
)
PYTHON_TAILS = (
    ("Use a single expression.", "bare"),
    ("One line of code, nothing else.", "bare"),
    ("Say in a sentence how it works.", "told"),
    ("No imports.", "bare"),
)


def query(form: str, explanation: str) -> Answer:
    """Answer with a query made from the slots, and with a sentence where the task wants one."""

    def answer(slots: Slots, _: str) -> str:
        code = "```sql\n" + form.format_map(slots) + "\n```"
        return code + "\n\n" + explanation.format_map(slots) if slots.get(STYLE) == "told" else code

    return answer


def _python(slots: Slots, _: str) -> str:
    task = next(task for task in PYTHON if task.en == slots["job"])
    code = f"```python\n{task.code.replace('items', slots['var'])}\n```"
    return f"{code}\n\n{task.told_en}" if slots.get(STYLE) == "told" else code


def _pattern(slots: Slots, _: str) -> str:
    pattern, told = next((p.code, p.told_en) for p in PATTERNS if p.en == slots["what"])
    return f"`{pattern}`\n\n{told}" if slots.get(STYLE) == "told" else f"`{pattern}`"


_ROWS = tuple((t.name, c, o) for t in TABLES for c in t.numbers for o in t.texts)
SLOTS: dict[str, Pool] = {
    "table,number,text": _ROWS, "n": span(5, 900, 5), "k": span(3, 25), 
    "shop": SHOPS, "place": PLACES, "who": NAMES, "trade": JOBS,
}  # fmt: skip

FAMILIES: tuple[Family, ...] = (
    Family(
        "sql_filter",
        (
            "Write an SQL query that lists the {text} of all rows in {table} whose {number} is above {n}.",
            (
                "In the database of a {shop}, find the {text} of every row in {table} with a {number} over {n}, "
                "by means of SQL."
            ),
            "{who} needs SQL: show {text} from {table}, but only where {number} is greater than {n}.",
        ),
        SLOTS,
        query(
            "SELECT {text}\nFROM {table}\nWHERE {number} > {n};",
            "It keeps the rows of {table} with {number} above {n} and returns {text}.",
        ),
        TAILS,
    ),
    Family(
        "sql_group",
        (
            "How do I compute in SQL the average {number} per {text} in the table {table}?",
            "Group {table} by {text} and give the mean {number} of each group, in SQL.",
            (
                "A {trade} in {place} wants one line per {text} with the average of {number} from {table}. Which "
                "SQL statement does that?"
            ),
        ),
        SLOTS,
        query(
            "SELECT {text}, AVG({number}) AS average\nFROM {table}\nGROUP BY {text};",
            "AVG is computed once for every {text}.",
        ),
        TAILS,
    ),
    Family(
        "sql_top",
        (
            "Return the {k} rows of {table} with the greatest {number}, using SQL.",
            "Which SQL query sorts {table} by {number} in descending order and stops after {k} rows?",
            "The manager of a {shop} asks for the top {k} of {table} by {number}; supply the SQL.",
        ),
        SLOTS,
        query(
            "SELECT *\nFROM {table}\nORDER BY {number} DESC\nLIMIT {k};",
            "The rows are sorted by {number}, and the first {k} are kept.",
        ),
        TAILS,
    ),
    Family(
        "sql_count",
        (
            "Count in SQL how many rows of {table} share each {text}, and keep only those with more than {k}.",
            "Give me SQL that reports every {text} occurring more than {k} times in {table}.",
        ),
        SLOTS,
        query(
            "SELECT {text}, COUNT(*) AS pieces\nFROM {table}\nGROUP BY {text}\nHAVING COUNT(*) > {k};",
            "HAVING drops the groups of {k} rows or fewer.",
        ),
        TAILS,
    ),
    Family(
        "python_line",
        (
            "Write a Python one-liner that {job}, where the list is called {var}.",
            "{who} has a Python list named {var}. Which expression {job}?",
            "Show a {trade} who is new to Python how one line of code {job}; call the list {var}.",
        ),
        {
            "job": tuple(task.en for task in PYTHON),
            "var": ("items", "values", "data", "entries", "xs", "series"),
            "who": NAMES,
            "trade": JOBS,
        },
        _python,
        PYTHON_TAILS,
        weight=4,
    ),
    Family(
        "pattern",
        (
            "Which regular expression matches {what}?",
            "{who} validates a form in {place} and needs a regex for {what}.",
            "Give a regular expression for {what} that must match the whole text.",
        ),
        {"what": tuple(pattern.en for pattern in PATTERNS), "who": NAMES, "place": PLACES},
        _pattern,
        (("Explain its parts briefly.", "told"), ("Just the pattern.", "bare")),
    ),
    Family(
        "to_chinese",
        (
            "Translate the sentence below into Chinese.",
            "{who} travels to China next month. How would one say the line below in Mandarin (simplified characters)?",
            "Render the English sentence below in natural Chinese for a leaflet of the {shop}.",
            "A {trade} in {place} wants the sentence below in Chinese.",
        ),
        {"who": NAMES, "shop": SHOPS, "trade": JOBS, "place": PLACES},
        FROM_EN.answer(EN, ZH),
        give=FROM_EN.giver(EN),
        weight=3,
    ),
    Family(
        "from_chinese",
        (
            "Translate the Chinese sentence below into English.",
            "{who} got the Chinese message below. What does it say in English?",
            "A guest of the {place} {shop} left the note below in Chinese; put it into English.",
        ),
        {"who": NAMES, "shop": SHOPS, "place": PLACES},
        FROM_ZH.answer(ZH, EN),
        give=FROM_ZH.giver(ZH),
        weight=3,
    ),
)
