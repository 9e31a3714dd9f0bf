"""Streams of rows: every shape, every fault of a row on its own line, what stops a file, memory that does not grow."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.errors import BadData, UsageError
from selfgen.store.rows import DataRow, check_files, stream_rows
from selfgen.store.seeds import read_seeds


def write(folder: Path, data: str | bytes, name: str = "data.jsonl") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def read(folder: Path, data: str | bytes, name: str = "data.jsonl", format: str = "auto") -> list[DataRow]:
    path = write(folder, data, name)
    check_files([path], format)
    return list(stream_rows(path, format))


def texts(row: DataRow) -> tuple[str, str, str]:
    assert row.task is not None, row.fault
    return row.task.instruction, row.task.input, row.task.output


SHAPES = {
    "alpaca.jsonl": '{"instruction": "Name a river.", "input": "In Asia.", "output": "The Mekong."}\n',
    "array.json": '[\n{"instruction": "Name a river.", "input": "In Asia.", "output": "The Mekong."}\n]\n',
    "one_line.json": '[{"instruction": "Name a river.", "input": "In Asia.", "output": "The Mekong."}]',
    "nested.jsonl": '{"instruction": "Name a river.", "instances": [{"input": "In Asia.", "output": "The Mekong."}]}\n',
    "sheet.csv": "Question,Context,Answer\nName a river.,In Asia.,The Mekong.\n",
    "plain.txt": "Name a river.<sep>In Asia.<sep>The Mekong.\n",
    "指令.jsonl": '{"指令": "Name a river.", "输入": "In Asia.", "输出": "The Mekong."}\n',
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_shape_gives_the_same_task(name: str, packed: bool, tmp_path: Path) -> None:
    data = SHAPES[name].encode()
    (row,) = read(tmp_path, gzip.compress(data) if packed else data, f"{name}.gz" if packed else name)
    assert texts(row) == ("Name a river.", "In Asia.", "The Mekong.")
    assert (row.number, row.fault) == (1, "")


def test_a_dialogue_gives_its_first_question_and_the_first_answer_with_a_text(tmp_path: Path) -> None:
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "What is the weather in Bergen?"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "a"}]},
        {"role": "tool", "content": "rain"},
        {"role": "assistant", "content": "It rains."},
        {"role": "user", "content": "Thanks."},
    ]
    (row,) = read(tmp_path, json.dumps({"messages": turns}))
    assert texts(row) == ("What is the weather in Bergen?", "", "It rains.")
    assert "several turns" in row.notice


def test_texts_come_as_they_are(tmp_path: Path) -> None:
    (row,) = read(tmp_path, '{"instruction": " Name\\u0007 a river.\\r\\n", "output": "\\ud800"}\n')
    assert texts(row) == (" Name\x07 a river.\r\n", "", "\ud800")


def test_columns_that_are_no_fault_of_a_task(tmp_path: Path) -> None:
    """A seed must have good ids and labels; in data they are columns like any other."""
    data = '{"instruction": "Name a river.", "id": [1], "labels": ["a"], "is_classification": "maybe", "score": 1e3}\n'
    (row,) = read(tmp_path, data)
    assert (row.fault, row.task and row.task.id, row.task and row.task.labels) == ("", "", ())
    with pytest.raises(BadData):
        read_seeds([tmp_path / "data.jsonl"])


FAULTS = [
    ('{"instruction": "Cut', "broken JSON at column 17"),
    ('{"output": "An answer to nothing."}', "instruction is missing or null (the fields are: output)"),
    ('{"instruction": null, "output": "x"}', "instruction is missing or null"),
    ('{"instruction": 7}', "instruction must be text, but it is a number"),
    ('{"instruction": " \\u200b\\n "}', "the instruction is empty"),
    ('{"instruction": "Name a sea.", "output": ["x"]}', "output must be text, but it is a list"),
    ('{"instruction": "Name a sea.", "score": NaN}', "NaN is not JSON"),
    ('"a text"', "each row must be an object, but this is text"),
    ('{"instruction": "raw \x01 control"}', "a control character (U+0001) at column 22"),
    ('{"messages": [{"role": "assistant", "content": "Hm."}]}', "there is no user turn"),
    ('{"messages": [{"role": "wizard", "content": "Hm."}]}', "a turn whose 'role' is 'wizard'"),
    ('{"messages": {}}', "messages must be a list with at least one turn"),
    ('{"conversations": null}', "conversations is missing or null"),
    ('{"instruction": "Name a sea.", "instances": []}', "instances must be a list"),
    ('{"instruction": "Name a sea.", "instances": [1]}', "each of the instances must be an object"),
]


@pytest.mark.parametrize(("line", "fault"), FAULTS)
def test_a_bad_row_stands_alone(line: str, fault: str, tmp_path: Path) -> None:
    good = '{"instruction": "Name a lake.", "output": "Baikal."}'
    rows = read(tmp_path, f"{good}\n\n{line}\n{good}\n")
    assert [row.line for row in rows] == [1, 3, 4]
    assert [row.number for row in rows] == [1, 2, 3]
    assert [bool(row.fault) for row in rows] == [False, True, False]
    assert fault in rows[1].fault
    assert rows[1].task is None
    assert rows[1].text.replace("\ufffd", "\x01") == line


def test_bad_bytes_hit_their_row_only(tmp_path: Path) -> None:
    for name in ("lines.jsonl", "array.json"):
        rows = [b'{"instruction": "Name a lake.", "output": "Lac L\xe9man"}', b'{"instruction": "Name a sea."}']
        data = b"\n".join(rows) if name == "lines.jsonl" else b"[\n" + b",\n".join(rows) + b"\n]"
        first, second = read(tmp_path, data, name)
        assert "not UTF-8: byte 0xE9" in first.fault, name
        assert texts(second) == ("Name a sea.", "", ""), name


def test_broken_elements_of_an_array_are_passed_over(tmp_path: Path) -> None:
    rows = read(
        tmp_path, '[\n{"instruction": "Name a lake."},\n{"instruction": oops},\n{"instruction": "Name a sea."}\n]'
    )
    assert [(row.line, bool(row.fault)) for row in rows] == [(2, False), (3, True), (4, False)]


def test_rows_of_a_spreadsheet_know_the_line_where_they_begin(tmp_path: Path) -> None:
    data = 'instruction,output\n"Write a\npoem.","Roses\nare red."\ntoo,many,cells\n"Name a sea.",The North Sea.\n'
    first, second, third = read(tmp_path, data, "data.csv")
    assert (first.line, texts(first)[0]) == (2, "Write a\npoem.")
    assert (second.line, second.text) == (5, "too,many,cells")
    assert "too many cells" in second.fault
    assert (third.line, third.number) == (6, 3)


def test_a_line_without_end_is_not_held(tmp_path: Path) -> None:
    long = b'{"instruction": "' + b"a" * 5_000_000 + b'"}'
    path = write(tmp_path, long + b'\n{"instruction": "Name a sea."}\n')
    tracemalloc.start()
    first, second = stream_rows(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert f"a line of {len(long):,} bytes" in first.fault
    assert texts(second)[0] == "Name a sea."
    assert peak < 12_000_000


@pytest.mark.parametrize("name", ["data.jsonl", "data.csv", "data.txt", "data.jsonl.gz"])
def test_memory_does_not_grow_with_the_file(name: str, tmp_path: Path) -> None:
    row = {
        "data.csv": f"Tell me about a clock.,{'It ticks. ' * 200}\n",
        "data.txt": f"Tell me about a clock.<sep>{'It ticks. ' * 200}\n",
    }.get(name, f'{{"instruction": "Tell me about a clock.", "output": "{"It ticks. " * 200}"}}\n')
    head = "instruction,output\n" if name == "data.csv" else ""
    data = (head + row * 4000).encode()
    path = write(tmp_path, gzip.compress(data, 1) if name.endswith(".gz") else data, name)
    tracemalloc.start()
    count = sum(1 for _ in stream_rows(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4000
    assert peak < 5_000_000 < len(data) / 1.5


BROKEN = [
    ("empty.jsonl", b"", "the file is empty"),
    ("blank.jsonl", b" \n\n", "nothing but white space"),
    ("sheet.xlsx", b"PK\x03\x04....xl/workbook", "an Excel or Office file"),
    ("data.parquet", b"PAR1....", "a Parquet file"),
    ("data.jsonl.gz", b'{"instruction": "x"}', "not gzip data"),
    ("head.csv", b"a,b\n1,2\n", "no column for the instruction"),
    ("alone.csv", b"instruction,output\n", "no rows below it"),
    ("wide.csv", b"instruction,output," + b"a column," * 200_000 + b"\nName a sea.,x\n", "first line has over 1 MiB"),
    ("pretty.jsonl", b'{\n  "instruction": "x"\n}\n', "goes over several lines"),
]


def test_files_that_cannot_be_read_are_told_together(tmp_path: Path) -> None:
    paths = [write(tmp_path, data, name) for name, data, _ in BROKEN]
    good = write(tmp_path, '{"instruction": "Name a sea."}\n', "good.jsonl")
    with pytest.raises(BadData) as caught:
        check_files([*paths, good, tmp_path / "gone.jsonl", good, tmp_path])
    said = [str(fault) for fault in caught.value.faults]
    for (name, _, what), fault in zip(BROKEN, said, strict=False):
        assert name in fault
        assert what in fault
    rest = said[len(BROKEN) :]
    assert ["there is no such file" in rest[0], "named twice" in rest[1], "folder" in rest[2]] == [True, True, True]
    assert len(rest) == 3


CUT = [
    ("last.json", b'[\n{"instruction": "Name a sea."},\n{"instruction": "Na', "cannot be read after this place"),
    ("other.jsonl", b'{"instruction": "Name a sea."}\n' + b"just words\n" * 6000, "5,000 lines before this one"),
    ("cut.jsonl.gz", gzip.compress(b'{"instruction": "Name a sea."}\n' * 9, mtime=0)[:-12], "broken gzip data"),
    ("cut.json", b'[{"instruction": "Name a sea."},\n{"instruction": "Name a lake."}', "the array is not closed"),
    ("one_line.json", b'[{"instruction": "Name a sea."}, {"instruction": oops}]', "cannot be read after this place"),
    ("deep.json", b'[{"instruction": "Name a sea.", "n": ' + b"[" * 9999 + b"]" * 9999 + b"}]", "nested too deeply"),
    ("nan.json", b'[{"instruction": "Name a sea.", "n": NaN}]', "NaN is not JSON"),
    ("open.csv", b'instruction,output\nName a sea.,"The North\n', "a quote that is opened in this row is never closed"),
]


@pytest.mark.parametrize(("name", "data", "what"), CUT, ids=[name for name, _, _ in CUT])
def test_a_file_that_breaks_off_is_an_error_in_the_end(name: str, data: bytes, what: str, tmp_path: Path) -> None:
    path = write(tmp_path, data, name)
    with pytest.raises(BadData) as caught:
        list(stream_rows(path))
    assert what in str(caught.value)


def test_names_of_formats_are_checked(tmp_path: Path) -> None:
    path = write(tmp_path, '{"instruction": "Name a sea."}\n')
    with pytest.raises(UsageError, match="no data format 'alpacca'"):
        check_files([path], "alpacca")
    (row,) = read(tmp_path, '{"instruction": "Name a sea."}\n', format="lines")
    assert texts(row)[0] == '{"instruction": "Name a sea."}'


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text('{"instruction": "Name a sea."}\n' * 3))
    check_files([pipe])
    writer.start()
    assert [row.line for row in stream_rows(pipe)] == [1, 2, 3]
    writer.join()


LINES = st.sampled_from(
    [
        '{"instruction": "Name a sea."}',
        "",
        "[1",
        "\x07",
        '{"instruction": 1}',
        '{"output": "x"}',
        "[]",
        "\x00",
        "{} {}",
        "  ",
    ]
)


@given(st.lists(LINES, max_size=12))
def test_no_line_is_lost_and_none_is_made_up(lines: list[str]) -> None:
    """Each line that is not blank is one row, in order, good or not."""
    lines = ['{"instruction": "Name a lake."}', *lines]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), "\n".join(lines))
        expected = [number for number, line in enumerate(lines, start=1) if line.strip()]
        assert [row.line for row in stream_rows(path, "alpaca")] == expected
