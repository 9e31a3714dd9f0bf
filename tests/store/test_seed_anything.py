"""Whatever bytes a seed file holds, reading it gives seeds or BadData, and nothing else."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from selfgen.canon import digest
from selfgen.errors import BadData
from selfgen.store.seed_formats import FORMATS
from selfgen.store.seeds import Seeds, read_seeds

SUFFIXES = ["", ".json", ".jsonl", ".csv", ".tsv", ".txt", ".jsonl.gz"]
NAMES = ["instruction", "input", "output", "id", "labels", "instances", "messages", "conversations", "role", "from"]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["user", "gpt", "\ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=5),
    max_leaves=12,
)
PIECES = st.sampled_from(
    [b"\n", b"\r\n", b"{", b"}", b"[", b"]", b",", b";", b'"', b"<sep>", b"<nl>", b"\t", b"\\", b"\xff", b"\x00",
     b"instruction", b"instruction,input,output\n", b'{"instruction": "a"}', b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x85",
     "写诗".encode(), b"sep=;\n", b"NaN", b"\\ud800", b":", b"1", b"'=", b"\r"]
)  # fmt: skip


@contextmanager
def file_of(data: bytes, suffix: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"seeds{suffix}"
        path.write_bytes(data)
        yield path


def check_refusal(refusal: BadData, lines: int) -> None:
    assert refusal.faults
    assert all(fault.what and 0 <= fault.line <= lines for fault in refusal.faults)
    str(refusal).encode("utf-8")


def read_or_refuse(data: bytes, suffix: str, format: str, packed: bool = False) -> Seeds | None:
    with file_of(gzip.compress(data, mtime=0) if packed else data, suffix) as path:
        try:
            seeds = read_seeds([path], format)
        except BadData as refusal:
            check_refusal(refusal, data.count(b"\n") + 1)
            return None
    ids = [task.id for task in seeds.tasks]
    assert len(ids) >= 2
    assert len(set(ids)) == len(ids)
    assert all(ids)
    assert all(task.instruction == task.instruction.strip() != "" for task in seeds.tasks)
    digest([[task.instruction, task.input, task.output, task.labels] for task in seeds.tasks])
    return seeds


@given(st.binary(max_size=300), st.sampled_from(SUFFIXES), st.sampled_from(FORMATS))
@example(b"\x1f\x8b", "", "auto")
@example(b'"', ".csv", "csv")
def test_any_bytes(data: bytes, suffix: str, format: str) -> None:
    read_or_refuse(data, suffix, format)


@given(st.lists(PIECES, max_size=40).map(b"".join), st.sampled_from(SUFFIXES), st.sampled_from(FORMATS))
def test_any_bytes_made_of_what_matters(data: bytes, suffix: str, format: str) -> None:
    read_or_refuse(data, suffix, format)
    read_or_refuse(data, "", format, packed=True)


@given(st.lists(VALUES, max_size=4), st.booleans(), st.sampled_from(FORMATS))
def test_any_json(rows: list[object], as_array: bool, format: str) -> None:
    text = json.dumps(rows) if as_array else "\n".join(json.dumps(row) for row in rows)
    read_or_refuse(text.encode(), ".json", format)


@given(st.integers(0, 400), st.integers(0, 255))
def test_one_wrong_byte_in_a_good_file(at: int, value: int) -> None:
    rows = [
        {"id": f"s{n}", "instruction": f"写出第{n}个数。", "instances": [{"input": "", "output": "好。"}]}
        for n in range(5)
    ]
    data = bytearray("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    data[at % len(data)] = value
    read_or_refuse(bytes(data), ".jsonl", "auto")


@pytest.mark.parametrize("format", FORMATS)
def test_a_good_file_cut_anywhere(format: str) -> None:
    data = '[\n{"instruction": "写诗", "output": "好"},\n{"instruction": "b", "output": "c"}\n]\n'.encode()
    whole = [end for end in range(len(data) + 1) if read_or_refuse(data[:end], "", format)]
    if format in ("auto", "alpaca"):
        assert whole == [len(data) - 1, len(data)]
