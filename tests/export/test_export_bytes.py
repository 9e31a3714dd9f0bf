"""The exact bytes of each export format; a change here is a change that users see."""

from __future__ import annotations

import csv
import io
import json

import pytest

from selfgen.core.tasks import CLASSIFICATION, KIND, OPEN, Lineage, Record, Task
from selfgen.export.csv_rows import Csv, guard_cell
from selfgen.export.json_rows import Alpaca, AlpacaJsonl, Messages, SelfInstruct, ShareGpt
from selfgen.export.records import Jsonl
from selfgen.export.txt_rows import Txt

LINEAGE = Lineage(42, ("s1", "t00003.1"), ("42.0.0", "42.1.2"), "self-instruct")
FIRST = Record(
    Task("t00042.2", "Is it kind? Answer yes or no.", "太好了！", "yes", ((KIND, CLASSIFICATION), ("topic", "评论"))),
    LINEAGE,
)
SECOND = Record(Task("t00043.0", "写诗\u2028<sep>", "", '=落叶\n"秋"', ((KIND, OPEN),)), LINEAGE)
UNKNOWN = Record(Task("t00044.0", "Name a tree.", "", "Oak"), LINEAGE)
BOTH = [FIRST, SECOND]


def test_jsonl() -> None:
    assert b"".join(Jsonl().rows(BOTH)).decode() == (
        '{"id": "t00042.2", "instruction": "Is it kind? Answer yes or no.", "input": "太好了！", "output": "yes", '
        '"labels": {"kind": "classification", "topic": "评论"}, '
        '"lineage": {"turn": 42, "parents": ["s1", "t00003.1"], "calls": ["42.0.0", "42.1.2"], '
        '"recipe": "self-instruct"}}\n'
        '{"id": "t00043.0", "instruction": "写诗\\u2028<sep>", "input": "", "output": "=落叶\\n\\"秋\\"", '
        '"labels": {"kind": "open"}, '
        '"lineage": {"turn": 42, "parents": ["s1", "t00003.1"], "calls": ["42.0.0", "42.1.2"], '
        '"recipe": "self-instruct"}}\n'
    )


def test_alpaca() -> None:
    assert b"".join(Alpaca().rows(BOTH)).decode() == (
        '[\n{"instruction": "Is it kind? Answer yes or no.", "input": "太好了！", "output": "yes"},\n'
        '{"instruction": "写诗\\u2028<sep>", "input": "", "output": "=落叶\\n\\"秋\\""}\n]\n'
    )


def test_alpaca_of_nothing_is_an_array() -> None:
    assert json.loads(b"".join(Alpaca().rows([]))) == []


def test_alpaca_jsonl() -> None:
    assert b"".join(AlpacaJsonl().rows([UNKNOWN])) == b'{"instruction": "Name a tree.", "input": "", "output": "Oak"}\n'


def test_messages() -> None:
    assert b"".join(Messages().rows([FIRST])).decode() == (
        '{"messages": [{"role": "user", "content": "Is it kind? Answer yes or no.\\n\\n太好了！"}, '
        '{"role": "assistant", "content": "yes"}]}\n'
    )


def test_sharegpt() -> None:
    assert b"".join(ShareGpt().rows([UNKNOWN])).decode() == (
        '{"id": "t00044.0", "conversations": [{"from": "human", "value": "Name a tree."}, '
        '{"from": "gpt", "value": "Oak"}]}\n'
    )


def test_self_instruct() -> None:
    rows = [json.loads(line) for line in SelfInstruct().rows([*BOTH, UNKNOWN])]
    assert [(row["name"], row["is_classification"], row.get("labels")) for row in rows] == [
        ("t00042.2", True, {"topic": "评论"}),
        ("t00043.0", False, None),
        ("t00044.0", None, None),
    ]
    assert list(rows[0]) == ["id", "name", "instruction", "instances", "is_classification", "labels"]
    assert rows[0]["instances"] == [{"input": "太好了！", "output": "yes"}]


def test_csv() -> None:
    data = b"".join(Csv().rows(BOTH))
    assert (
        data
        == (
            "\ufeffid,instruction,input,output\r\n"
            "t00042.2,Is it kind? Answer yes or no.,太好了！,yes\r\n"
            't00043.0,写诗\u2028<sep>,,"\'=落叶\n""秋"""\r\n'
        ).encode()
    )
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[2] == ["t00043.0", "写诗\u2028<sep>", "", '\'=落叶\n"秋"']


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "'=1", "''＠x"])
def test_a_cell_that_might_run_is_guarded(text: str) -> None:
    assert guard_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=1", "'quoted'", "'", "1-1", "写诗", " =1"])
def test_other_cells_stay(text: str) -> None:
    assert guard_cell(text) == text


def test_txt() -> None:
    assert b"".join(Txt().rows(BOTH)).decode() == (
        'Is it kind? Answer yes or no.<sep>太好了！<sep>yes\n写诗\u2028<\\sep><sep>=落叶<nl>"秋"\n'
    )
