"""What holds for every text: a repair is done once, never fails, is on the record, and takes time in proportion."""

from __future__ import annotations

import csv
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.tasks import Task
from selfgen.repairs import _RULES, DEFAULT, RULES, repair
from selfgen.repairs.fields import Fields

PIECES = (
    "&", "amp;", "lt;", "&quot;", "&#38;", "＆", "；", ";", "#", "###", " ", "  ", "\n", "\r", "\t", "\x0c",
    "\x0b", "\\n", "\\t", "\\", '"', "“", "”", "：", ":", "rac{1}", "\x08eta", "\x92", "\x19", "\x1b", "\ufeff",
    "\u200b", "\u200d", "\u202e", "\ufffd", "\ud83d", "\U0001f468", "\U0001f469", "می", "क", "\u3000", "１",
    "Ａ", "。", ",", "12. ", "1.", "2. ", "3.", "Instruction:", "Input:", "Output:", "Answer:", "指令：",
    "输入：", "输出：", "<noinput>", "无输入", "N/A", "the old boat", "海边的村庄", "word", "字", "<b>", "x",
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=20), st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
TASKS = st.builds(Task, st.just("row"), TEXTS, TEXTS, TEXTS)
CHOICES = st.one_of(st.just(DEFAULT), st.just(frozenset(RULES)), st.frozensets(st.sampled_from(sorted(RULES))))


@given(TASKS, CHOICES)
@settings(max_examples=600, deadline=None)
def test_a_repaired_row_needs_no_repair(row: Task, rules: frozenset[str]) -> None:
    task, repairs = repair(row, rules)
    assert (task is row) == (repairs == ())
    again = repair(task, rules)
    assert again[0] is task
    assert again[1] == ()


@given(TASKS, CHOICES)
@settings(max_examples=300, deadline=None)
def test_the_repairs_tell_the_whole_story(row: Task, rules: frozenset[str]) -> None:
    """Each repair begins where the one before it in that field ended, and names a rule that was asked for."""
    task, repairs = repair(row, rules)
    for field in ("instruction", "input", "output"):
        text = getattr(row, field)
        for found in (found for found in repairs if found.field == field):
            assert found.rule in rules
            assert found.before == text != found.after
            text = found.after
        assert text == getattr(task, field)


@given(TASKS)
@settings(max_examples=300, deadline=None)
def test_a_guard_lets_every_change_through(row: Task) -> None:
    fields = Fields(row.instruction, row.input, row.output)
    for name, rule in _RULES.items():
        if not rule.may_apply("\n".join(fields)):
            assert rule.apply(fields) is fields, name


@given(st.lists(st.sampled_from(("sea", "boat", "sand", "rope", "quiet", "small")), min_size=1, max_size=40))
def test_plain_prose_comes_back_as_the_same_object(words: list[str]) -> None:
    row = Task("row", f"Tell of the {words[0]}.", "", " ".join(words) + ".")
    assert repair(row)[0] is row


@given(st.text(alphabet="海边村庄船网沙绳静小大来去", min_size=1, max_size=60))
def test_plain_chinese_comes_back_as_the_same_object(text: str) -> None:
    row = Task("row", "讲一个故事。", "", f"{text}。{text}！")
    assert repair(row)[0] is row


@given(st.text(alphabet="abc <>&\"'é海", max_size=30), st.integers(1, 3))
def test_escaping_is_undone(text: str, layers: int) -> None:
    """What a program escaped, once or more often, reads as before."""
    text = f"sea {text} end"
    escaped = text
    for _ in range(layers):
        escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    task, repairs = repair(Task("row", "Tell of the sea.", "", escaped))
    assert task.output == text
    assert [found.rule for found in repairs] == ["html_entities"] * (escaped != text)


MOST = 300_000
HEAVY = {
    "entities": "&quot;" * (MOST // 6),
    "ampersands": "&amp;" * (MOST // 5) + "quot;",
    "numbers": "&#38;" * (MOST // 5),
    "addresses": "=&copy;" * (MOST // 7),
    "spaces": "a" + " " * MOST + "b ###",
    "signs": "a" + "\n#" * (MOST // 2),
    "line breaks": "\n" * MOST + "x",
    "records": "\n12. Instruction:" * (MOST // 17),
    "labels": "Output: a\n" + "  " * (MOST // 2) + "x",
    "items": "\n1.x\n2. y" * (MOST // 9),
    "hidden": "a\u200b" * (MOST // 2),
    "marks": "\x92" * MOST,
    "escapes": "\\n" * (MOST // 2),
    "wide": "Ａ" * MOST,
    "tags": "<a" * (MOST // 2) + "&lt;",
}


@pytest.mark.parametrize("name", HEAVY)
def test_long_texts_take_seconds_at_most(name: str) -> None:
    """Each takes half a second or less; a rule that looks back from every place takes many minutes."""
    row = Task("row", 'Put "the old boat" into the plural.', "", HEAVY[name])
    start = perf_counter()
    repair(row, RULES)
    assert perf_counter() - start < 10


def test_an_input_repeated_without_end_is_found_quickly() -> None:
    text = "the old boat "
    start = perf_counter()
    repair(Task("row", text * 30_000, text * 20_000, "x"))
    assert perf_counter() - start < 10


def test_a_row_that_does_not_settle_comes_back_untouched() -> None:
    """Entities in entities: each pass reads one layer, and there are more layers than passes."""
    text = "<"
    for _ in range(40):
        text = "".join(f"&#{ord(ch)};" for ch in text[:2]) + text[2:]
    row = Task("row", " Tell of the sea.", "", text)
    assert repair(row) == (row, ())


JUDGED = sorted((Path(__file__).parent.parent / "bench").glob("judged_repairs_*.csv"))


def test_the_judged_repairs_are_well_formed() -> None:
    """Rules that exist, each row once, in order; two languages."""
    assert [path.stem[-2:] for path in JUDGED] == ["en", "zh"]
    order = list(RULES)
    for path in JUDGED:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(row["rule"], int(row["row"]), row["verdict"]) for row in csv.DictReader(file)]
        keys = [(order.index(rule.removeprefix("repair:")), line) for rule, line, _ in rows]
        assert keys == sorted(set(keys))
        assert {verdict for *_, verdict in rows} <= {"right", "wrong"}
