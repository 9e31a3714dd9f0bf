"""Answers of the stand-in, recomputed by other means: the standard library, a real database, or a hand-made table."""

from __future__ import annotations

import calendar
import csv
import io
import json
import re
import sqlite3
import statistics
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from selfgen.models.mocking.book import Lang, Proposal, tongue
from selfgen.models.mocking.code_tables import PATTERNS, PYTHON, TABLES
from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.frame import STYLE, fill
from selfgen.models.mocking.reply import answer, write_input
from selfgen.models.mocking.sentences import EN, FROM_EN, FROM_ZH, ZH

LANGS: tuple[Lang, ...] = ("en", "zh")


def of(lang: Lang, name: str, count: int = 60) -> list[tuple[Proposal, str, str]]:
    """Return tasks of one family, in every sentence form, with an input and the answer that a caller would get."""
    family = next(each for each in tongue(lang).families if each.name == name)
    made = []
    for number in range(count):
        dice = Dice(name, number)
        slots = fill(family.slots, dice)
        text = family.frames[number % len(family.frames)].render(slots)
        if family.tails and number % 3:
            tail, slots[STYLE] = dice.pick(family.tails)
            text += tongue(lang).gap + tail
        task = Proposal(family, slots, text)
        given = write_input(task, dice)
        made.append((task, given, answer(f"{text}\n\n{given}" if given else text)))
    return made


def last_number(text: str) -> Fraction:
    return Fraction(re.findall(r"-?\d+(?:\.\d+)?", text.replace(",", ""))[-1])


@pytest.mark.parametrize("lang", LANGS)
def test_bills_and_means(lang: Lang) -> None:
    for task, _, said in of(lang, "bill"):
        s = {name: Fraction(task.slots[name]) for name in ("n", "p", "m", "q")}
        assert last_number(said) == s["n"] * s["p"] + s["m"] * s["q"]
    for task, _, said in of(lang, "mean"):
        values = [int(task.slots[name]) for name in "abcd"]
        assert float(last_number(said)) == statistics.mean(values)
    for task, _, said in of(lang, "younger"):
        young = int(last_number(said))
        assert 2 * young + int(task.slots["gap"]) == int(task.slots["together"])
    for task, _, said in of(lang, "expression"):
        a, b, c, d = (int(task.slots[name]) for name in "abcd")
        assert int(last_number(said)) == a * b + a * c - d


@pytest.mark.parametrize("lang", LANGS)
def test_styles_of_numbers(lang: Lang) -> None:
    styles: Counter[str] = Counter()
    for task, _, said in of(lang, "percent", 120):
        style = task.slots.get(STYLE, "")
        styles[style] += 1
        assert bool(re.fullmatch(r"[\d.]+", said)) == (style == "bare")
        assert ("\n" in said) == (style == "work")
        assert float(last_number(said)) == float(task.slots["pct"]) * float(task.slots["n"]) / 100
    assert set(styles) == {"", "bare", "work", "full"}


@pytest.mark.parametrize(("lang", "months"), [("en", list(calendar.month_name)), ("zh", [f"{m}月" for m in range(13)])])
def test_dates(lang: Lang, months: list[str]) -> None:
    names = list(calendar.day_name) if lang == "en" else [f"星期{day}" for day in "一二三四五六日"]
    for task, _, said in of(lang, "weekday"):
        s = task.slots
        day = date(int(s["year"]), months.index(s["month"]), int(s["day"]))
        assert names[day.weekday()] in said
        assert sum(name in said for name in names) == 1
    for task, _, said in of(lang, "date_later"):
        s = task.slots
        end = date(int(s["year"]), months.index(s["month"]), int(s["day"])) + timedelta(days=int(s["n"]))
        written = (
            f"{end.day} {months[end.month]} {end.year}" if lang == "en" else f"{end.year}年{end.month}月{end.day}日"
        )
        assert written in said
    for task, _, said in of(lang, "clock"):
        s = task.slots
        hour, minute = map(int, s["start"].split(":"))
        end_at = (hour * 60 + minute + 60 * int(s["h"]) + int(s["min"])) % 1440
        assert f"{end_at // 60:02d}:{end_at % 60:02d}" in said


FACTORS = {
    ("kilometres", "miles"): 0.621371, ("miles", "kilometres"): 1.609344, ("kilograms", "pounds"): 2.204623,
    ("pounds", "kilograms"): 0.453592, ("inches", "centimetres"): 2.54, ("litres", "US gallons"): 0.264172,
    ("kilometres per hour", "metres per second"): 0.277778, ("minutes", "hours"): 1 / 60, ("metres", "feet"): 3.28084,
    ("斤", "公斤"): 0.5, ("公斤", "斤"): 2, ("里", "公里"): 0.5, ("亩", "平方米"): 666.6667, ("尺", "厘米"): 33.3333,
    ("公里", "英里"): 0.621371, ("英里", "公里"): 1.609344, ("千克", "磅"): 2.204623, ("英寸", "厘米"): 2.54,
    ("公里每小时", "米每秒"): 0.277778, ("分钟", "小时"): 1 / 60,
}  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
def test_unit_conversions(lang: Lang) -> None:
    seen = set()
    for task, _, said in of(lang, "convert", 300):
        amount, pair = float(task.slots["n"]), (task.slots["source"], task.slots["target"])
        seen.add(pair)
        value = float(last_number(said))
        assert said.endswith(("。", ".")) != (task.slots.get(STYLE) == "bare")
        if pair in FACTORS:
            assert value == pytest.approx(amount * FACTORS[pair], rel=1e-5, abs=0.006)
        elif pair[0] in ("degrees Celsius", "摄氏度"):
            assert value == pytest.approx(amount * 1.8 + 32)
        else:
            assert value == pytest.approx((amount - 32) / 1.8, abs=0.006)
    assert len(seen) > 9


@pytest.mark.parametrize("lang", LANGS)
def test_lists(lang: Lang) -> None:
    def numbers(text: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", text)]

    for task, text, said in of(lang, "sort_up"):
        ordered = sorted(numbers(text))
        assert numbers(re.sub(r"(?m)^\d+\. ", "", said)) == ordered, task.instruction
    for _, text, said in of(lang, "median_list"):
        assert float(last_number(said)) == statistics.median(numbers(text))
    for _, text, said in of(lang, "mean_list"):
        assert float(last_number(said)) == pytest.approx(statistics.mean(numbers(text)), abs=0.00501)
    for _, text, said in of(lang, "sum_list"):
        assert last_number(said) == sum(numbers(text))
    for _, text, said in of(lang, "count_list"):
        counted = Counter(re.split(", |、", text))
        found = {
            item.strip(): int(n) for item, n in re.findall(r"(?:- |\d+\. |, |、|^)?([^\d:：,、\n-]+)[:：] ?(\d+)", said)
        }
        assert found == counted


@pytest.mark.parametrize("lang", LANGS)
def test_tables(lang: Lang) -> None:
    for _, text, said in of(lang, "csv_json"):
        assert json.loads(said) == list(csv.DictReader(io.StringIO(text)))
    for _, text, said in of(lang, "markdown_table"):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in said.split("\n")]
        assert rows[1] == ["---"] * 3
        assert [rows[0], *rows[2:]] == list(csv.reader(io.StringIO(text)))
    for _, text, said in of(lang, "stock_value"):
        assert last_number(said) == sum(int(r[1]) * Fraction(r[2]) for r in list(csv.reader(io.StringIO(text)))[1:])


@pytest.mark.parametrize("lang", LANGS)
def test_sql_runs_and_says_what_it_should(lang: Lang) -> None:
    database = sqlite3.connect(":memory:")
    for table in TABLES:
        columns = ", ".join([f"{name} REAL" for name in table.numbers] + [f"{name} TEXT" for name in table.texts])
        database.execute(f"CREATE TABLE {table.name} ({columns})")
        rows = [(n * 37 % 900, n, f"t{n % 4}", f"u{n % 3}") for n in range(120)]
        database.executemany(f"INSERT INTO {table.name} VALUES (?, ?, ?, ?)", rows)
    for name in ("sql_filter", "sql_group", "sql_top", "sql_count"):
        for task, _, said in of(lang, name):
            code = re.search(r"```sql\n(.*?)\n```", said, re.DOTALL)
            assert code
            found: list[Any] = database.execute(code[1]).fetchall()
            s = task.slots
            every = database.execute(f"SELECT {s['text']}, {s['number']} FROM {s['table']}").fetchall()
            if name == "sql_filter":
                assert sorted(found) == sorted((text,) for text, value in every if value > int(s["n"]))
            elif name == "sql_top":
                assert len(found) == int(s["k"])
            elif name == "sql_group":
                assert dict(found) == {
                    t: pytest.approx(statistics.mean(v for u, v in every if u == t)) for t in {t for t, _ in every}
                }
            else:
                assert dict(found) == {t: n for t, n in Counter(t for t, _ in every).items() if n > int(s["k"])}


def test_python_lines_run() -> None:
    values, words = [4, -7, 12, 150, 9, 12], ["  Pear", "fig ", "banana"]
    results: dict[str, object] = {}
    for snippet in PYTHON:
        items = words if "strip" in snippet.code or "key=len" in snippet.code else values
        results[snippet.code] = eval(snippet.code, {"items": items})
    assert results == {
        "[x for x in items if x % 2 == 0]": [4, 12, 150, 12],
        "items[::-1]": [12, 9, 150, 12, -7, 4],
        "sum(items) / len(items)": 30.0,
        "sorted(items, key=len)": ["fig ", "  Pear", "banana"],
        "list(dict.fromkeys(items))": [4, -7, 12, 150, 9],
        "{x: items.count(x) for x in set(items)}": {4: 1, -7: 1, 12: 2, 150: 1, 9: 1},
        "max(items, key=len)": "  Pear",
        "[x ** 2 for x in items]": [16, 49, 144, 22500, 81, 144],
        "', '.join(map(str, items))": "4, -7, 12, 150, 9, 12",
        "sorted(items)[-2]": 12,
        "any(x < 0 for x in items)": True,
        "[x.strip().lower() for x in items]": ["pear", "fig", "banana"],
        "list(zip(items, items[1:]))": [(4, -7), (-7, 12), (12, 150), (150, 9), (9, 12)],
        "[items[i:i + 3] for i in range(0, len(items), 3)]": [[4, -7, 12], [150, 9, 12]],
        "all(a <= b for a, b in zip(items, items[1:]))": False,
        "sum(1 for x in items if x > 100)": 1,
    }


PATTERN_CASES = (
    ("a code of exactly five digits", "04109", "4109"),
    ("dates written like 2031-04-09", "2031-04-09", "31-4-9"),
    ("times from 00:00 to 23:59", "23:59", "24:00"),
    ("colour codes such as #1a2b3c", "#1a2B3c", "1a2b3c"),
    ("two capital letters, a hyphen and three digits", "AB-123", "Ab-123"),
    ("lower-case words joined by underscores", "one_two_three", "one__two"),
    ("whole or decimal numbers, possibly negative", "-3.25", "3."),
    ("text without any white space", "a-b", "a b"),
    ("phone numbers like +44 2079460000", "+86 13800138000", "13800138000"),
    ("one character repeated at least twice", "zzz", "zzy"),
)


def test_patterns_match_what_they_say() -> None:
    assert [what for what, _, _ in PATTERN_CASES] == [pattern.en for pattern in PATTERNS]
    for pattern, (_, good, bad) in zip(PATTERNS, PATTERN_CASES, strict=True):
        assert re.search(pattern.code, good)
        assert not re.search(pattern.code, bad)


def test_translations_go_there_and_back() -> None:
    for number in range(200):
        english = FROM_EN.write(EN, Dice("pair", number))
        chinese = FROM_EN.turn(english, EN, ZH)
        assert re.search("[\u4e00-\u9fff]", chinese)
        assert not re.search("[a-z]", chinese)
        assert FROM_ZH.turn(chinese, ZH, EN) == english
    assert FROM_EN.turn("It takes ten minutes to walk to the bank.", EN, ZH) == "走到银行要十分钟。"
    with pytest.raises(ValueError, match="no row"):
        FROM_EN.turn("To be or not to be.", EN, ZH)


@pytest.mark.parametrize(("lang", "colon"), [("en", ": "), ("zh", "：")])
def test_extracted_values_stand_in_the_document(lang: Lang, colon: str) -> None:
    for name in ("order_mail", "receipt", "notice", "log_line", "job_advert"):
        for task, text, said in of(lang, name):
            fields = re.split(", | and |、|和|以及", task.slots["fields"])
            if task.slots.get(STYLE) == "json":
                assert list(json.loads(said)) == fields
                values = list(json.loads(said).values())
            else:
                values = [line.split(colon, 1)[-1] for line in said.split("\n")]
            assert len(values) == len(fields)
            assert all(value and value in text for value in values), (task.instruction, text, said)


def test_chinese_years_and_animals() -> None:
    for task, _, said in of("zh", "zodiac"):
        animals = "猴鸡狗猪鼠牛虎兔龙蛇马羊"
        assert said.rstrip("。")[-1] == animals[int(task.slots["year"]) % 12]
    for task, _, said in of("zh", "leap"):
        assert ("是闰年" in said and "不是闰年" not in said) == calendar.isleap(int(task.slots["year"]))
