"""What the exporters write, the seed readers read back to the same tasks."""

from __future__ import annotations

import importlib
import json
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from selfgen.core.ports import Exporter
from selfgen.core.tasks import CLASSIFICATION, KIND, OPEN, Labels, Lineage, Record, Task
from selfgen.export import BUILTIN
from selfgen.export.json_rows import join_question
from selfgen.store.seed_lines import clean_text
from selfgen.store.seeds import Seeds, read_seeds

READ_AS = {"jsonl": "alpaca", "alpaca-jsonl": "alpaca"}
"""The reader for an exporter, where it has another name."""

LINEAGE = Lineage(42, ("s1", "t00003.1"), ("42.0.0", "42.1.0"), "self-instruct")


def is_clean(text: str) -> bool:
    return clean_text(text) == (text, "")


TRICKY = st.sampled_from(
    ["=1+1", "'=1", "''@x", "- item\n- item", "+", "＝A1", "<sep>", "a<nl>b", "<\\sep>", "<\\\\nl>", 'say "hi"',
     "C:\\new", ",;\t|", "[", "{", "one\u2028two\u2029three\x85four\ffive", "写一首诗。\n\n两行。",
     "e\u0301", "\U0001f600", "null", "'", "instruction", "\\", "<"]
)  # fmt: skip
ANY = st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: clean_text(text)[0])
TEXTS = st.lists(TRICKY | ANY, max_size=3).map("".join).filter(is_clean)
IDS = st.from_regex(r"[a-z'=<-][a-z0-9_.'写-]{0,8}", fullmatch=True).filter(lambda text: not text.startswith("t0"))
KINDS = st.sampled_from([(), ((KIND, OPEN),), ((KIND, CLASSIFICATION),), ((KIND, "other"),)])
TOPICS = st.dictionaries(st.sampled_from(["aspect", "topic", "级别"]), TEXTS, max_size=2)


def build_labels(kind: Labels, topics: dict[str, str]) -> Labels:
    return tuple(sorted([*kind, *topics.items()]))


def compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)


TASKS = st.lists(
    st.builds(Task, IDS, TEXTS.filter(bool), TEXTS, TEXTS, st.builds(build_labels, KINDS, TOPICS)),
    min_size=2,
    max_size=6,
    unique_by=(lambda task: task.id, lambda task: compose(task.instruction), lambda task: compose(join_question(task))),
)


def load(name: str) -> Exporter:
    module, attribute = BUILTIN[name].split(":")
    exporter: Exporter = getattr(importlib.import_module(module), attribute)()
    return exporter


def write(name: str, tasks: list[Task]) -> bytes:
    return b"".join(load(name).rows(Record(task, LINEAGE) for task in tasks))


def read_back(name: str, tasks: list[Task], format: str) -> Seeds:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out{load(name).suffix}"
        path.write_bytes(write(name, tasks))
        return read_seeds([path], format)


def expect(name: str, tasks: list[Task]) -> list[Task]:
    """What a format can hold: txt and alpaca have no ids, a chat has one question, few have labels."""
    with_ids = name in ("jsonl", "sharegpt", "self-instruct", "csv")
    with_labels = name in ("jsonl", "self-instruct")
    chat = name in ("messages", "sharegpt")
    return [
        Task(
            task.id if with_ids else f"seed-{number:04d}",
            join_question(task) if chat else task.instruction,
            "" if chat else task.input,
            task.output,
            task.labels if with_labels else (),
        )
        for number, task in enumerate(tasks, start=1)
    ]


@pytest.mark.parametrize("name", BUILTIN)
@settings(max_examples=50)
@given(TASKS)
@example([Task("a", "=1", "'=2", "''-3"), Task("b", "<sep>", "<nl>", "<\\sep>\n<\\\\nl>")])
@example([Task("a", "Name\x85a\u2028tree.", "", "x\fy"), Task("b", "写诗", "一\n\n二", "")])
def test_round_trip(name: str, tasks: list[Task]) -> None:
    assert list(read_back(name, tasks, READ_AS.get(name, name)).tasks) == expect(name, tasks)


PLAIN = [
    Task(
        "a", "Say whether the review is kind: yes or no.", "Lovely!", "yes", ((KIND, CLASSIFICATION), ("topic", "评论"))
    ),
    Task("b", "写一首关于秋天的短诗。", "", "落叶知秋。\n雁过无声。", ((KIND, OPEN),)),
    Task("c", "- = +\nList: a; b", "[1, 2]", "{}"),
]


@pytest.mark.parametrize("name", BUILTIN)
def test_the_format_of_our_own_files_is_recognised(name: str) -> None:
    seeds = read_back(name, PLAIN, "auto")
    assert list(seeds.tasks) == expect(name, PLAIN)
    assert seeds.files[0].format == READ_AS.get(name, name)
    assert seeds.files[0].notices == ()


@pytest.mark.parametrize("name", BUILTIN)
def test_every_exporter_has_the_form_of_the_socket(name: str) -> None:
    exporter = load(name)
    assert exporter.name == name
    assert exporter.suffix in (".json", ".jsonl", ".csv", ".txt")


@pytest.mark.parametrize("name", BUILTIN)
def test_a_row_appears_as_soon_as_its_record_is_there(name: str) -> None:
    taken = []

    def records() -> object:
        for task in PLAIN:
            taken.append(task.id)
            yield Record(task, LINEAGE)

    rows = iter(load(name).rows(records()))  # type: ignore[arg-type]
    next(rows)
    assert len(taken) <= 1


@pytest.mark.parametrize("name", ["jsonl", "messages"])
@settings(max_examples=50)
@given(TASKS)
def test_a_careless_reader_finds_one_object_on_each_line(name: str, tasks: list[Task]) -> None:
    lines = write(name, tasks).decode("utf-8").splitlines()
    assert len(lines) == len(tasks)
    assert all(isinstance(json.loads(line), dict) for line in lines)
