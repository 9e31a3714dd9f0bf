"""Good seed files: every format in both languages, told apart by content, read as they are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from selfgen.core.tasks import Task
from selfgen.errors import BadData
from selfgen.store.seed_formats import FORMATS
from selfgen.store.seeds import Seeds, read_seeds

EN = Task("", "Translate the word into French.", "water", "eau")
ZH = Task("", "把下面的句子改成被动句。", "风吹倒了树。", "树被风吹倒了。")
SHIPPED = Path(__file__).parents[2] / "seed_tasks"


def read(folder: Path, data: bytes | str, name: str = "seeds", format: str = "auto") -> Seeds:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return read_seeds([path], format)


def tell(seeds: Seeds) -> list[tuple[str, str, str]]:
    return [(task.instruction, task.input, task.output) for task in seeds.tasks]


def dump(rows: list[object]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


BOTH = [(task.instruction, task.input, task.output) for task in (EN, ZH)]
ROWS: list[object] = [{"instruction": i, "input": x, "output": o} for i, x, o in BOTH]
INSTANCES: list[object] = [{"instruction": i, "instances": [{"input": x, "output": o}]} for i, x, o in BOTH]

WITH_INPUT = {
    "alpaca": [
        dump(ROWS),
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2, ensure_ascii=False),
        "\n\n[" + ",\n".join(json.dumps(row) for row in ROWS) + "]\n\n",
    ],
    "self-instruct": [dump(INSTANCES), json.dumps(INSTANCES, indent="\t")],
    "csv": [
        "instruction,input,output\n" + "".join(f'"{i}",{x},"{o}"\n' for i, x, o in BOTH),
        "Instruction;INPUT;Output\r\n" + "".join(f"{i};{x};{o}\r\n" for i, x, o in BOTH),
        "output\tinput\tinstruction\n" + "".join(f"{o}\t{x}\t{i}\n" for i, x, o in BOTH),
        "指令,输入,输出\n" + "".join(f"{i},{x},{o}\n" for i, x, o in BOTH),
        "prompt,context,completion\n" + "".join(f"{i},{x},{o}\n" for i, x, o in BOTH),
        "sep=;\r\nquestion;input;answer\r\n" + "".join(f"{i};{x};{o}\r\n" for i, x, o in BOTH),
        "instruction|input|response\n" + "".join(f"{i}|{x}|{o}\n" for i, x, o in BOTH),
        "instruction,input,output,,\r\n" + "".join(f"{i},{x},{o},,\r\n" for i, x, o in BOTH) + ",,,,\r\n\r\n",
    ],
    "txt": ["".join(f"{i}<sep>{x}<sep>{o}\n" for i, x, o in BOTH)],
}


@pytest.mark.parametrize(("format", "text"), [(format, text) for format, texts in WITH_INPUT.items() for text in texts])
@pytest.mark.parametrize("dress", ["plain", "bom", "crlf", "gzip", "no_last_line_end"])
def test_formats_with_input_are_told_by_their_content(tmp_path: Path, format: str, text: str, dress: str) -> None:
    data = text.encode("utf-8")
    match dress:
        case "bom":
            data = b"\xef\xbb\xbf" + data
        case "crlf":
            data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        case "gzip":
            data = gzip.compress(data)
        case "no_last_line_end":
            data = data.rstrip(b"\r\n")
    seeds = read(tmp_path, data)
    assert tell(seeds) == BOTH
    assert seeds.files[0].format == format
    assert seeds.files[0].count == 2
    assert seeds.files[0].notices == ()
    assert read(tmp_path, data, format=format).tasks == seeds.tasks


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("messages", dump([{"messages": chat} for chat in (
            [{"role": "user", "content": "Say hello."}, {"role": "assistant", "content": "Hello."}],
            [{"role": "user", "content": [{"type": "text", "text": "打个招呼。"}]},
             {"role": "assistant", "content": "你好。"}],
        )])),
        ("sharegpt", dump([{"conversations": chat} for chat in (
            [{"from": "human", "value": "Say hello."}, {"from": "gpt", "value": "Hello."}],
            [{"from": "user", "value": "打个招呼。"}, {"from": "assistant", "value": "你好。"}],
        )])),
        ("sharegpt", json.dumps([{"conversations": chat} for chat in (
            [{"from": "human", "value": "Say hello."}, {"from": "gpt", "value": "Hello."}],
            [{"from": "human", "value": "打个招呼。"}, {"from": "gpt", "value": "你好。"}],
        )], indent=1)),
        ("txt", "Say hello.<sep>Hello.\n打个招呼。 <sep> 你好。\n"),
        ("csv", "instruction,output\nSay hello.,Hello.\n打个招呼。,你好。\n"),
        ("csv", "问题;答案\nSay hello.;Hello.\n打个招呼。;你好。\n"),
    ],
)  # fmt: skip
def test_formats_without_input(tmp_path: Path, format: str, text: str) -> None:
    seeds = read(tmp_path, text)
    assert tell(seeds) == [("Say hello.", "", "Hello."), ("打个招呼。", "", "你好。")]
    assert seeds.files[0].format == format


def test_plain_lines(tmp_path: Path) -> None:
    text = "Name a river.\r\n\r\n  写一首诗。  \n[Task] Name a tree.\n[2] Name a bird.\n, a comma first\n"
    seeds = read(tmp_path, text, "seeds.md")
    assert [task.instruction for task in seeds.tasks] == [
        "Name a river.",
        "写一首诗。",
        "[Task] Name a tree.",
        "[2] Name a bird.",
        ", a comma first",
    ]
    assert seeds.files[0].format == "lines"
    assert seeds.files[0].notices == ()


@pytest.mark.parametrize("first", ["[Task] Name a tree.", "[2] Name a tree.", "[2024, 2025] Name a year."])
def test_a_line_that_begins_with_a_bracket_is_not_taken_for_json(tmp_path: Path, first: str) -> None:
    assert read(tmp_path, f"{first}\nName a bird.\n").tasks[0].instruction == first


def test_any_line_can_be_forced_to_be_plain(tmp_path: Path) -> None:
    seeds = read(tmp_path, '{"a": 1} - explain this.\ninstruction,input\na<sep>b\n', format="lines")
    assert len(seeds.tasks) == 3


def test_odd_white_space_inside_good_data_is_harmless(tmp_path: Path) -> None:
    odd = "one\u2028two\u2029three\x85four\ffive\u00a0six\ufeffseven\ttab"
    assert read(tmp_path, f"{odd}\nName a bird.\n").tasks[0].instruction == odd
    assert read(tmp_path, dump([{"instruction": odd}, {"instruction": "b"}])).tasks[0].instruction == odd
    assert read(tmp_path, f'instruction\n"{odd}"\nb\n').tasks[0].instruction == odd
    assert read(tmp_path, f"a<sep>{odd}\nb<sep>c\n").tasks[0].output == odd


def test_texts_are_stored_as_they_are_but_for_their_ends_and_crlf(tmp_path: Path) -> None:
    cafe = "Cafe\u0301  ＡＢＣ “quotes”"
    seeds = read(
        tmp_path, dump([{"instruction": f"\u3000{cafe}\r\nnext\n\n", "output": "\ufeff x "}, {"instruction": "b"}])
    )
    assert seeds.tasks[0].instruction == f"{cafe}\nnext"
    assert seeds.tasks[0].output == "x"


def test_concatenated_files_with_marks_in_the_middle(tmp_path: Path) -> None:
    one = b"\xef\xbb\xbf" + dump([{"instruction": "a"}]).encode()
    assert len(read(tmp_path, one + one.replace(b'"a"', b'"b"')).tasks) == 2


def test_excel_multi_line_cells_and_doubled_quotes(tmp_path: Path) -> None:
    data = (
        b"\xef\xbb\xbfinstruction;input;output\r\n"
        b'"First line\nSecond line";"say ""hi"" now";\'=1+1\r\n'
        b"\"'quoted' word\";;''@home\r\n"
    )
    seeds = read(tmp_path, data, "seeds.csv")
    assert tell(seeds) == [("First line\nSecond line", 'say "hi" now', "=1+1"), ("'quoted' word", "", "'@home")]


def test_txt_marks(tmp_path: Path) -> None:
    seeds = read(tmp_path, "a<nl>b<sep>C:\\new\\table<nl>x<\\nl>y<\\sep>z<\\\\sep><br>\nb<sep>c\n")
    assert tell(seeds)[0] == ("a\nb", "", "C:\\new\\table\nx<nl>y<sep>z<\\sep><br>")


def test_kind_and_labels(tmp_path: Path) -> None:
    seeds = read(
        tmp_path,
        dump(
            [
                {"instruction": "a", "is_classification": True, "labels": {"topic": "水", "level": 3, "checked": True}},
                {"instruction": "b", "is_classification": False},
                {"instruction": "c", "is_classification": None},
                {"instruction": "d", "labels": {"kind": "classification"}, "is_classification": True},
                {"instruction": "e", "is_classification": "FALSE"},
                {"instruction": "f", "labels": {}},
            ]
        ),
    )
    assert [task.labels for task in seeds.tasks] == [
        (("checked", "true"), ("kind", "classification"), ("level", "3"), ("topic", "水")),
        (("kind", "open"),),
        (),
        (("kind", "classification"),),
        (("kind", "open"),),
        (),
    ]


def test_ids_are_kept_or_given_once_over_all_files(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in "abc")
    first.write_text(
        dump([{"instruction": "a"}, {"instruction": "b", "id": 7}, {"instruction": "c", "id": "seed-0002"}])
    )
    second.write_text("d\ne\n")
    third.write_text(dump([{"instruction": "f", "id": ""}, {"instruction": "g", "id": None}]))
    seeds = read_seeds([first, second, third])
    assert [task.id for task in seeds.tasks] == [
        "seed-0001", "7", "seed-0002", "seed-0003", "seed-0004", "seed-0005", "seed-0006",
    ]  # fmt: skip
    assert [(file.format, file.count) for file in seeds.files] == [("alpaca", 3), ("lines", 2), ("alpaca", 2)]


def test_records_of_an_earlier_run_can_be_seeds(tmp_path: Path) -> None:
    row = {"id": "t00042.3", "instruction": "a", "output": "x", "labels": {}, "lineage": {"turn": 42}}
    seeds = read(tmp_path, dump([row, {"instruction": "b", "output": "y"}]))
    assert seeds.tasks[0].id == "seed-t00042.3"
    assert seeds.files[0].notices == ("line 1: the id of a record of an earlier run; 'seed-' is put before it",)


def test_notices_count_what_is_left_out(tmp_path: Path) -> None:
    chat = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "Two?"},
        {"role": "assistant", "content": "2"},
    ]
    seeds = read(
        tmp_path, dump([{"messages": chat}, {"messages": [{"role": "user", "content": "Three\ufffd?"}], "x": 1}])
    )
    assert tell(seeds) == [("One?", "", "1"), ("Three\ufffd?", "", "")]
    assert seeds.files[0].notices == (
        "line 1: a system turn, for which a task has no place; it is left out",
        "line 1: several turns; the first question and its answer are used",
        "line 2: the field 'x' is not used",
        "line 2: instruction contains U+FFFD, the trace of text that was decoded wrongly",
        "line 2: no output; the task serves by its instruction alone",
    )


def test_of_several_instances_the_first_is_used(tmp_path: Path) -> None:
    instances = [{"input": "x", "output": "y"}, {"input": "p", "output": "q"}]
    seeds = read(tmp_path, dump([{"instruction": name, "instances": instances} for name in "abc"]))
    assert tell(seeds)[2] == ("c", "x", "y")
    assert seeds.files[0].notices == ()


def test_the_kinds_of_notices_are_limited(tmp_path: Path) -> None:
    seeds = read(tmp_path, dump([{"instruction": f"Name {n}.", "output": "x", f"field{n}": 1} for n in range(200)]))
    assert len(seeds.files[0].notices) == 51
    assert seeds.files[0].notices[-1] == "more kinds of notices"


def test_an_array_on_one_line_may_be_longer_than_a_line(tmp_path: Path) -> None:
    rows = [{"instruction": f"Name {n}.", "output": "x" * 1_000_000} for n in range(5)]
    assert len(read(tmp_path, json.dumps(rows)).tasks) == 5


def test_the_digest_is_of_what_the_seeds_say(tmp_path: Path) -> None:
    plain = read(tmp_path, dump(ROWS), "a.jsonl")
    assert plain.digest.startswith("sha256:")
    assert read(tmp_path, json.dumps(ROWS, indent=3), "b.json").digest == plain.digest
    assert read(tmp_path, dump(ROWS[::-1]), "c.jsonl").digest != plain.digest
    assert read(tmp_path, dump([*ROWS, {"instruction": "c"}]), "d.jsonl").digest != plain.digest


def test_the_names_of_formats() -> None:
    assert FORMATS == ("auto", "self-instruct", "alpaca", "messages", "sharegpt", "csv", "txt", "lines")


@pytest.mark.parametrize("name", ["general_en", "general_zh", "customer_service_en", "customer_service_zh"])
def test_the_shipped_seeds_are_good(name: str) -> None:
    path = SHIPPED / f"{name}.jsonl"
    seeds = read_seeds([path])
    assert seeds.files[0].format == "self-instruct"
    assert len(seeds.tasks) >= (100 if name.startswith("general") else 30)
    assert all(task.output and task.label("kind") for task in seeds.tasks)


def test_all_shipped_seeds_can_be_used_together() -> None:
    paths = sorted(SHIPPED.glob("*.jsonl"))
    if not paths:
        pytest.skip(f"no seeds in {SHIPPED}")
    assert len(read_seeds(paths).tasks) >= 30


def test_only_one_seed_more_is_enough(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="1 usable seed in all"):
        read(tmp_path, "one\n")
    assert len(read(tmp_path, "one\ntwo\n").tasks) == 2
