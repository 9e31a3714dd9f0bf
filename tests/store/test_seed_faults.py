"""Bad seed files: each fault is found, named with its line, and ends in BadData and nothing else."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from selfgen.errors import BadData, UsageError
from selfgen.store.seed_bytes import load_bytes
from selfgen.store.seed_findings import MAX_SHOWN, Findings
from selfgen.store.seeds import read_seeds


def jsonl(*rows: object) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def task(instruction: str, **more: object) -> dict[str, object]:
    return {"instruction": instruction, "input": "", "output": "Done.", **more}


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "<a/>")
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("seeds.jsonl"), io.BytesIO())
    return buffer.getvalue()


@dataclass(frozen=True)
class Case:
    """A file, and the faults that it must give: line and words, in order, and no others."""

    name: str
    data: bytes
    faults: tuple[tuple[int, str], ...]
    file: str = "seeds.jsonl"
    format: str = "auto"


GOOD = jsonl(task("Name a river."), task("写一首关于秋天的诗。"))
HEADER = b"instruction,input,output\n"
SELF = b'{"instruction": "Name a tree.", "instances": %s}\n'
CHAT = b'{"messages": %s}\n'
SHARE = b'{"conversations": %s}\n'
HELLO = b'[{"role": "user", "content": "Say hello."}, {"role": "assistant", "content": "Hello."}]'

CASES = [
    # Broken JSON
    Case("cut_object", GOOD + b'{"instruction": "Cut', ((3, "broken JSON at column 17: unterminated string"),)),
    Case("single_quotes", GOOD + b"{'instruction': 'x'}\n", ((3, "broken JSON at column 2"),)),
    Case("trailing_comma", GOOD + b'{"instruction": "a",}\n', ((3, "a trailing comma"),)),
    Case("missing_comma", GOOD + b'{"instruction": "a" "input": ""}\n', ((3, "column 21"),)),
    Case("two_objects_on_a_line", b'{"instruction": "a"}{"instruction": "b"}\n' + GOOD, ((1, "extra data"),)),
    Case("words_in_jsonl", GOOD + b"just words\n", ((3, "broken JSON at column 1"),)),
    Case("words_from_the_first_line", b"just words\n", ((1, "broken JSON at column 1"),)),
    Case("nan", GOOD + b'{"instruction": "a", "score": NaN}\n', ((3, "NaN is not JSON"),)),
    Case("infinity", GOOD + b'{"instruction": "a", "score": -Infinity}\n', ((3, "-Infinity is not JSON"),)),
    Case("float_overflow", GOOD + b'{"instruction": "a", "score": 1e999}\n', ((3, "1e999 is too large"),)),
    Case("huge_int", GOOD + b'{"instruction": "a", "n": ' + b"7" * 5000 + b"}\n", ((3, "5,000 digits"),)),
    Case("duplicate_key", GOOD + b'{"instruction": "a", "instruction": "b"}\n', ((3, "'instruction' occurs twice"),)),
    Case("nested_duplicate_key", GOOD + b'{"instruction": "a", "x": {"y": 1, "y": 2}}\n', ((3, "'y' occurs twice"),)),
    Case("deep_nesting", GOOD + b'{"instruction": ' + b"[" * 100_000 + b"}\n", ((3, "nested too deeply"),)),
    Case("deep_objects", GOOD + b'{"a":' * 100_000 + b"\n", ((3, "nested too deeply"),)),
    Case("object_over_lines", b'{\n  "instruction": "a"\n}\n', ((1, "goes over several lines"),)),
    Case("rows_are_texts", b'"just"\n"text"\n', ((1, "but this is text"), (2, "but this is text"))),
    Case("row_is_a_list", GOOD + b"[1]\n", ((3, "but this is a list"),)),
    Case("row_is_null", GOOD + b"null\n", ((3, "but this is null"),)),
    # Text that is no text
    Case("latin_1", GOOD + b'{"instruction": "caf\xe9 au lait"}\n', ((3, "byte 0xE9 at byte 21 of the line"),)),
    Case("gbk", GOOD + '{"instruction": "写诗并解释"}\n'.encode("gbk"), ((3, "looks like GBK"),)),
    Case("utf8_surrogate", GOOD + b'{"instruction": "\xed\xa0\x80"}\n', ((3, "not UTF-8: byte 0xED at byte 18"),)),
    Case("lone_surrogate", GOOD + b'{"instruction": "a \\ud800 b"}\n', ((3, "half of a surrogate pair, U+D800"),)),
    Case("surrogate_in_output", GOOD + b'{"instruction": "a", "output": "\\udc00"}\n', ((3, "output contains half"),)),
    Case("nul_escape", GOOD + b'{"instruction": "a\\u0000b"}\n', ((3, "(NUL, U+0000)"),)),
    Case("nul_raw", GOOD + b'{"instruction": "a\x00b"}\n', ((3, "(NUL, U+0000) at column 19"),)),
    Case("escape_character", GOOD + b'{"instruction": "\\u001b[31mred"}\n', ((3, "(escape, U+001B)"),)),
    Case("c1_control", GOOD + b'{"instruction": "a\\u009bb"}\n', ((3, "U+009B"),)),
    Case("raw_control_in_lines", b"Name a tree.\nName\x07 a bird.\n", ((2, "U+0007) at column 5"),), "seeds.txt"),
    Case("lone_carriage_return", GOOD + b'{"instruction": "a\\rb"}\n', ((3, "a carriage return without"),)),
    Case("old_mac_lines", b"Name a tree.\rName a bird.\r", ((1, "a carriage return without"),), "seeds.txt"),
    Case("raw_line_break_is_not_json", b'{"instruction": "a\tb"}\n' + GOOD, ((1, "invalid control character"),)),
    Case("line_of_50_mb", GOOD + b"x" * 50_000_000 + b"\n{", ((3, "50,000,000 bytes"), (4, "broken JSON"))),
    # Rows
    Case(
        "instruction_missing",
        GOOD + b'{"input": "a"}\n',
        ((3, "instruction is missing or null (the fields are: input)"),),
    ),
    Case("instruction_null", GOOD + b'{"instruction": null}\n', ((3, "instruction is missing or null"),)),
    Case("instruction_empty", GOOD + b'{"instruction": ""}\n', ((3, "the instruction is empty"),)),
    Case(
        "instruction_blank", GOOD + '{"instruction": " \\n\\t\u3000\u200b"}\n'.encode(), ((3, "instruction is empty"),)
    ),
    Case("instruction_number", GOOD + b'{"instruction": 7}\n', ((3, "instruction must be text, but it is a number"),)),
    Case("instruction_list", GOOD + b'{"instruction": ["a"]}\n', ((3, "must be text, but it is a list"),)),
    Case(
        "input_object", GOOD + b'{"instruction": "a", "input": {}}\n', ((3, "input must be text, but it is an object"),)
    ),
    Case(
        "output_true",
        GOOD + b'{"instruction": "a", "output": true}\n',
        ((3, "output must be text, but it is true or"),),
    ),
    Case(
        "two_faults_in_a_row",
        GOOD + b'{"instruction": 1, "output": 2}\n',
        ((3, "instruction must"), (3, "output must")),
    ),
    Case("empty_object", GOOD + b"{}\n", ((3, "the fields are: none"),)),
    Case("wrong_fields", b'{"text": "a"}\n{"text": "b"}\n', ((1, "fields are: text"), (2, "fields are: text"))),
    Case("id_list", GOOD + b'{"id": [1], "instruction": "a"}\n', ((3, "id must be text, but it is a list"),)),
    Case("id_float", GOOD + b'{"id": 1.5, "instruction": "a"}\n', ((3, "id must be text, but it is a number"),)),
    Case("id_two_lines", GOOD + b'{"id": "a\\nb", "instruction": "a"}\n', ((3, "the id must be one line"),)),
    Case("id_long", GOOD + jsonl(task("a", id="x" * 201)), ((3, "the id must be one line of at most 200"),)),
    Case("duplicate_id", jsonl(task("a", id="s1"), task("b"), task("c", id="s1")), ((3, "'s1' is taken by line 1"),)),
    Case("number_and_text_id", jsonl(task("a", id=1), task("b", id="1")), ((2, "the id '1' is taken by line 1"),)),
    Case("duplicate_instruction", GOOD + jsonl(task(" Name a river. ")), ((3, "the same instruction as line 1"),)),
    Case(
        "duplicate_by_composition",
        jsonl(task("Order a cafe\u0301."), task("Order a caf\u00e9.")),
        ((2, "the same instruction as line 1"),),
    ),
    Case(
        "duplicate_id_and_instruction",
        jsonl(task("a", id="x"), task("b"), task("a", id="x")),
        ((3, "the same instruction as line 1"), (3, "'x' is taken by line 1")),
    ),
    Case("labels_list", GOOD + b'{"instruction": "a", "labels": ["x"]}\n', ((3, "labels must be an object"),)),
    Case("label_null", GOOD + b'{"instruction": "a", "labels": {"x": null}}\n', ((3, "each label must have"),)),
    Case("label_list", GOOD + b'{"instruction": "a", "labels": {"x": []}}\n', ((3, "each label must have"),)),
    Case("label_without_name", GOOD + b'{"instruction": "a", "labels": {" ": "b"}}\n', ((3, "each label must have"),)),
    Case("kind_number", GOOD + b'{"instruction": "a", "is_classification": 1}\n', ((3, "must be true or false"),)),
    Case(
        "kind_against_label",
        GOOD + b'{"instruction": "a", "is_classification": true, "labels": {"kind": "open"}}\n',
        ((3, "is_classification says classification"),),
    ),
    # Self-instruct
    Case(
        "instances_missing", SELF % b'[{"output": "a"}]' + b'{"instruction": "b"}\n', ((2, "instances must be a list"),)
    ),
    Case("instances_empty", SELF % b"[]", ((1, "at least one object"),)),
    Case("instances_object", SELF % b"{}", ((1, "instances must be a list"),)),
    Case(
        "instance_text",
        SELF % b'[{"output": "a"}, "b"]',
        ((1, "each of the instances must be an object, but one is text"),),
    ),
    Case("instance_output_list", SELF % b'[{"output": ["a"]}]', ((1, "output must be text, but it is a list"),)),
    Case("instance_instruction", b'{"instances": [{"output": "a"}]}\n', ((1, "instruction is missing"),)),
    # Chats
    Case("messages_text", CHAT % b'"hello"', ((1, "messages must be a list"),)),
    Case("messages_empty", CHAT % b"[]", ((1, "at least one turn"),)),
    Case("messages_of_texts", CHAT % b'["hello"]', ((1, "each turn must be an object, but one is text"),)),
    Case("messages_no_user", CHAT % b'[{"role": "assistant", "content": "a"}]', ((1, "there is no user turn"),)),
    Case("messages_role", CHAT % b'[{"role": "king", "content": "a"}]', ((1, "'role' is 'king'"),)),
    Case("messages_no_role", CHAT % b'[{"content": "a"}]', ((1, "'role' is null"),)),
    Case("messages_no_content", CHAT % b'[{"role": "user"}]', ((1, "a turn without 'content'"),)),
    Case("messages_empty_question", CHAT % b'[{"role": "user", "content": " "}]', ((1, "the instruction is empty"),)),
    Case(
        "messages_image",
        CHAT % b'[{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]',
        ((1, "instruction must be text, but it is a list"),),
    ),
    Case("messages_then_alpaca", CHAT % HELLO + GOOD[: GOOD.index(b"\n") + 1], ((2, "messages is missing"),)),
    Case("sharegpt_from", SHARE % b'[{"from": "alien", "value": "a"}]', ((1, "'from' is 'alien'"),)),
    Case("sharegpt_value", SHARE % b'[{"from": "human", "value": 5}]', ((1, "instruction must be text"),)),
    Case("sharegpt_object", SHARE % b'{"from": "human"}', ((1, "conversations must be a list"),)),
    # JSON arrays
    Case("array_empty", b"[]", ((1, "the array is empty"),), "seeds.json"),
    Case("array_not_closed", b'[\n{"instruction": "a"},\n{"instruction": "b"}\n', ((3, "] is missing"),), "seeds.json"),
    Case("array_cut_after_comma", b'[\n{"instruction": "a"},\n\n', ((2, "] is missing"),), "seeds.json"),
    Case("array_bracket_only", b"[\n", ((1, "] is missing"),), "seeds.json"),
    Case(
        "array_trailing_comma",
        b'[\n{"instruction": "a"},\n{"instruction": "b"},\n]',
        ((3, "trailing comma"),),
        "s.json",
    ),
    Case(
        "array_no_comma",
        b'[\n{"instruction": "a"}\n{"instruction": "b"}\n]',
        ((3, "a comma or ] is missing"),),
        "s.json",
    ),
    Case("array_of_numbers", b"[1,\n2]", ((1, "but this is a number"), (2, "but this is a number")), "seeds.json"),
    Case("array_of_texts", b'["a", "b"]', ((1, "but this is text"),), "seeds.txt"),
    Case(
        "array_then_words",
        b'[{"instruction": "a"}, {"instruction": "b"}]\nmore\n',
        ((2, "text after the end"),),
        "s.json",
    ),
    Case(
        "array_pretty_broken_twice",
        b'[\n  {\n    "instruction": "a",\n    "output": oh\n  },\n  {\n    "instruction": "b"\n  },\n'
        b'  {\n    "instruction": "c",\n  },\n  {"instruction": NaN}\n]\n',
        (
            (4, "broken JSON at column 15: expecting value"),
            (10, "column 23: a trailing comma"),
            (12, "NaN is not JSON"),
        ),
        "seeds.json",
    ),
    Case(
        "array_line_of_element",
        b'[\n\n  {"instruction": "a"},\n\n  {\n  "input": "b"}\n]',
        ((5, "instruction is missing"),),
    ),
    Case(
        "array_one_line_broken",
        b'[{"instruction": "a"}, {"instruction": }, {"instruction": "c"}]',
        ((1, "broken JSON at column 40"), (1, "cannot be read after this place")),
    ),
    Case("array_bad_byte", b'[\n{"instruction": "a\xff"},\n{"instruction": ""}]', ((2, "byte 0xFF"), (3, "is empty"))),
    Case("array_long_element", b'[{"instruction": "' + b"x" * 4_200_000 + b'"}]', ((1, "4,200,019 characters"),)),
    # CSV
    Case(
        "csv_header",
        b"title,text\na,b\n",
        ((1, "no column for the instruction (the header has: title, text)"),),
        "s.csv",
    ),
    Case("csv_no_header", "写诗,好的\n作文,好的\n".encode(), ((1, "no column for the instruction"),), "seeds.csv"),
    Case(
        "csv_double_column",
        b"instruction,Instruction\na,b\n",
        ((1, "two columns are named 'instruction'"),),
        "seeds.csv",
    ),
    Case("csv_many_cells", HEADER + b"a,,b\nc,,d,e\n", ((3, "too many cells (4, but the header has 3)"),), "seeds.csv"),
    Case("csv_few_cells", HEADER + b'"a\nb",,c\nd\n', ((4, "too few cells (1, but the header has 3)"),), "seeds.csv"),
    Case(
        "csv_open_quote",
        HEADER + b'a,,b\n"c,,d\ne,,f\n',
        ((3, "a quote that is opened in this row is never"),),
        "s.csv",
    ),
    Case("csv_inner_quote", HEADER + b'a,,b\n"c"d,,e\nf,,g\n', ((3, "text after a closing quote"),), "seeds.csv"),
    Case("csv_header_only", HEADER, ((1, "no rows below it"),), "seeds.csv"),
    Case("csv_empty_cell", HEADER + b"a,,b\n,,c\n", ((3, "the instruction is empty"),), "seeds.csv"),
    Case(
        "csv_record_line",
        HEADER + b'"a\nb\nc",,d\n"a\nb\nc",,e\n',
        ((5, "the same instruction as line 2"),),
        "seeds.csv",
    ),
    Case("csv_gbk", HEADER + "写诗并解释,,好的\n".encode("gbk"), ((2, "looks like GBK"),), "seeds.csv"),
    Case("csv_huge_cell", HEADER + b'"' + b"x\n" * 70_000, ((2, "a cell of over 131,072 characters"),), "seeds.csv"),
    Case("csv_nul", HEADER + b"a\x00,,b\n", ((2, "(NUL, U+0000) at column 2"),), "seeds.csv"),
    # TXT
    Case("txt_no_separator", b"a<sep>b\nplain\n", ((2, "0 times <sep>"),), "seeds.txt"),
    Case("txt_four_parts", b"a<sep>b\nc<sep>d<sep>e<sep>f\n", ((2, "3 times <sep>"),), "seeds.txt"),
    Case("txt_empty_instruction", b"a<sep>b\n<sep>c\n", ((2, "the instruction is empty"),), "seeds.txt"),
    Case(
        "lines_duplicate",
        b"Name a tree.\r\n\r\nName a tree.\r\n",
        ((3, "the same instruction as line 1"),),
        "seeds.txt",
    ),
    # Whole files
    Case("empty", b"", ((1, "the file is empty"),)),
    Case("white_space", b" \n\r\n\t\n", ((1, "nothing but white space"),)),
    Case("only_a_bom", b"\xef\xbb\xbf\n", ((1, "nothing but white space"),)),
    Case("one_seed", jsonl(task("a")), ((0, "1 usable seed in all; at least 2 are needed"),)),
    Case(
        "utf_16", "Name a tree.\n写诗\n".encode("utf-16"), ((1, "this is UTF-16 text: save it as UTF-8"),), "seeds.txt"
    ),
    Case("utf_16_be", b"\xfe\xff" + "写诗\n".encode("utf-16-be"), ((1, "this is UTF-16 text"),), "seeds.txt"),
    Case("utf_16_no_mark", "Name a tree.\n".encode("utf-16-le"), ((1, "UTF-16 text without a mark"),), "seeds.txt"),
    Case("utf_32", "Name a tree.\n".encode("utf-32"), ((1, "this is UTF-32 text"),), "seeds.txt"),
    Case("parquet", b"PAR1\x15\x04\x15", ((1, "a Parquet file: export it as JSONL"),), "seeds.parquet"),
    Case("arrow", b"ARROW1\x00\x00\xff\xff", ((1, "an Arrow file"),), "seeds.arrow"),
    Case(
        "xlsx",
        zipped("xl/workbook.xml"),
        ((1, "an Excel or Office file: save the sheet as 'CSV UTF-8'"),),
        "seeds.xlsx",
    ),
    Case("xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", ((1, "an old Office document"),), "seeds.xls"),
    Case("zip", zipped("seeds.jsonl"), ((1, "a zip archive: unpack it first"),), "seeds.zip"),
    Case("tar", tarred(), ((1, "a tar archive: unpack it first"),), "seeds.tar"),
    Case("tar_gz", gzip.compress(tarred()), ((1, "a tar archive"),), "seeds.tar.gz"),
    Case("sqlite", b"SQLite format 3\x00\x10", ((1, "an SQLite database"),), "seeds.db"),
    Case("pdf", b"%PDF-1.7\n", ((1, "a PDF document"),), "seeds.pdf"),
    Case("random_bytes", bytes(range(32)) * 8, ((1, "this is no text file"),), "seeds.bin"),
    Case("gzip_cut", gzip.compress(GOOD)[:-9], ((1, "broken gzip data"),), "seeds.jsonl.gz"),
    Case("gzip_damaged", gzip.compress(GOOD)[:12] + b"\x00" * 40, ((1, "broken gzip data"),), "seeds.jsonl.gz"),
    Case("gzip_twice", gzip.compress(gzip.compress(GOOD)), ((1, "gzip inside gzip"),), "seeds.jsonl.gz"),
    Case("gzip_of_nothing", gzip.compress(b""), ((1, "the file is empty"),), "seeds.jsonl.gz"),
    Case("gzip_by_name_only", GOOD, ((1, "it is not gzip data"),), "seeds.jsonl.gz"),
    Case("gzip_line_numbers", gzip.compress(GOOD + b"{}\n"), ((3, "instruction is missing"),), "seeds.jsonl.gz"),
    # Forced formats
    Case("lines_as_csv", b"Name a tree.\nName a bird.\n", ((1, "no column for the instruction"),), "s.txt", "csv"),
    Case("lines_as_txt", b"Name a tree.\n", ((1, "0 times <sep>"),), "seeds.txt", "txt"),
    Case("lines_as_messages", b"Name a tree.\n", ((1, "broken JSON"),), "seeds.txt", "messages"),
    Case("alpaca_as_self_instruct", GOOD, ((1, "instances must be"), (2, "instances must be")), format="self-instruct"),
    Case(
        "alpaca_as_sharegpt",
        GOOD,
        ((1, "conversations is missing"), (2, "conversations is missing")),
        format="sharegpt",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_fault_is_named_with_its_line(tmp_path: Path, case: Case) -> None:
    path = tmp_path / case.file
    path.write_bytes(case.data)
    with pytest.raises(BadData) as caught:
        read_seeds([path], case.format)
    faults = caught.value.faults
    assert [fault.line for fault in faults] == [line for line, _ in case.faults], str(caught.value)
    for fault, (_, words) in zip(faults, case.faults, strict=True):
        assert words in fault.what
        assert fault.path == str(path)
    assert caught.value.exit_code == 65
    assert f"{path}:{case.faults[0][0]}: " in str(caught.value) or case.faults[0][0] == 0
    str(caught.value).encode("utf-8")


def test_the_table_is_large_and_its_names_are_unique() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


def test_a_missing_file_a_folder_and_a_loop_are_faults_of_their_own(tmp_path: Path) -> None:
    loop = tmp_path / "loop.jsonl"
    loop.symlink_to(loop)
    with pytest.raises(BadData) as caught:
        read_seeds([tmp_path / "none.jsonl", tmp_path, loop, Path("nul\x00.jsonl")])
    words = [fault.what for fault in caught.value.faults]
    assert words[0] == "there is no such file"
    assert words[1] == "this is a folder: name the files in it"
    assert words[2].startswith("it cannot be read: ")
    assert words[3] == "no file can have this name"
    assert all(fault.line == 0 for fault in caught.value.faults)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_bytes(GOOD)
    path.chmod(0)
    with pytest.raises(BadData, match="permission denied"):
        read_seeds([path])


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux")
def test_a_read_error_is_a_fault() -> None:
    with pytest.raises(BadData, match="it cannot be read: Input/output error"):
        read_seeds([Path("/proc/self/mem")])


def test_all_files_are_read_before_anything_is_raised(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("a.jsonl", "b.csv", "c.txt"))
    first.write_bytes(GOOD + b"{}\n{")
    second.write_bytes(HEADER + b"x,y\n")
    third.write_bytes(b"")
    with pytest.raises(BadData) as caught:
        read_seeds([first, second, third])
    assert [(Path(fault.path).name, fault.line) for fault in caught.value.faults] == [
        ("a.jsonl", 3),
        ("a.jsonl", 4),
        ("b.csv", 2),
        ("c.txt", 1),
    ]
    assert "--seed-format" in caught.value.todo


def test_clashes_between_files_name_both_places(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_bytes(jsonl(task("a"), task("b", id="x")))
    second.write_bytes(jsonl(task("c", id="x"), task("a")))
    with pytest.raises(BadData) as caught:
        read_seeds([first, second])
    assert [str(fault) for fault in caught.value.faults] == [
        f"{second}:1: the id 'x' is taken by {first}:2",
        f"{second}:2: the same instruction as {first}:1",
    ]


def test_a_file_named_twice_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD)
    with pytest.raises(BadData) as caught:
        read_seeds([path, tmp_path / "." / "a.jsonl"])
    assert [fault.what for fault in caught.value.faults] == ["this file is named twice"]


def test_many_faults_are_shown_in_part_and_counted_in_full(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n" * 12_345)
    with pytest.raises(BadData) as caught:
        read_seeds([path])
    assert len(caught.value.faults) == MAX_SHOWN + 1
    assert caught.value.faults[-1].what == f"and {12_345 - MAX_SHOWN:,} more faults"


def test_the_reading_of_a_hopeless_array_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"[\n" + b"{oh\n" * 5_000)
    with pytest.raises(BadData) as caught:
        read_seeds([path])
    assert caught.value.faults[-1].what.startswith("and ")


def test_a_message_cannot_harm_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"\\u001b[31m": 1, "\\ud800": 2, "\\u202e": 3}\n')
    with pytest.raises(BadData) as caught:
        read_seeds([path])
    assert "\\u001b[31m" in str(caught.value)
    assert not {"\x1b", "\ud800", "\u202e"} & set(str(caught.value))


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"x" * 3_000_000))
    found = Findings(str(path))
    assert not load_bytes(path, found, limit=2 * 1024 * 1024)
    assert [fault.what for fault in found.faults()] == ["over 2 MiB of text: too much for seeds, give a part of it"]


def test_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no seed format 'yaml'"):
        read_seeds([tmp_path], "yaml")
    with pytest.raises(UsageError, match="no seed file is named"):
        read_seeds([])
