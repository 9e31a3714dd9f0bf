"""`selfgen clean` as a person meets it: the funnel, every kind of row, what is refused, and how it is told."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from selfgen.assemble.clean_counts import Counts
from selfgen.assemble.clean_plan import plan, settings_lines
from selfgen.cli import clean_view
from selfgen.cli.clean import ended_by_signals
from selfgen.config import RunConfig
from selfgen.filters import BUILTIN
from selfgen.filters.tokens import comparison_tokens
from selfgen.store.rows_out import Folder
from tests.cli.shell import Shell, clean_environment, own_process

GARDEN = {"instruction": "Explain how a compost heap works.", "input": "", "output": "Worms and air do the work."}
BRIDGE = {
    "instruction": "Why do bridges have gaps at their ends?",
    "output": "Steel grows when it is warm.",
    "score": 9,
}
TEA = {"instruction": "泡一壶绿茶要注意什么？", "input": "", "output": "水温八十度左右，两分钟就好。", "source": "mine"}
SAME = {"instruction": "explain  how a COMPOST heap works.", "input": "", "output": "It rots."}
NEAR = {"instruction": "Explain how a compost heap really works.", "input": "", "output": "It rots slowly."}
EMPTY = {"instruction": "Describe the smell of rain on stone.", "input": "", "output": ""}
MARKED = {"instruction": "Name a tool that bees need.", "input": "<noinput>", "output": "Their tongue.", "tags": ["a"]}
ONLY_DUPLICATES = [word for name in BUILTIN if name not in ("exact", "rouge") for word in ("--off", name)]


def jsonl(*rows: object) -> str:
    """One line a row; half a surrogate, which no file can hold, as its escape."""
    written = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    return "".join(f"{row}\n".replace("\ud800", "\\ud800") for row in written)


def lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def test_the_funnel_of_a_small_file(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, SAME, BRIDGE, "{oops", NEAR, TEA, EMPTY, MARKED))
    shown = shell("clean", "data.jsonl")
    assert shown.code == 0
    assert "8 rows read = 4 kept + 3 rejected + 1 unreadable" in shown.out
    assert "4 rows in data-clean/dataset.jsonl" in shown.out
    assert "unreadable: data.jsonl:4: broken JSON at column 2" in shown.err
    assert "next: less data-clean/rejected.jsonl" in shown.err
    assert "next: selfgen run --seeds data-clean/dataset.jsonl" in shown.err
    assert lines("data-clean/dataset.jsonl") == [GARDEN, BRIDGE, TEA, {**MARKED, "input": ""}]

    same, broken, near, empty = lines("data-clean/rejected.jsonl")
    assert [row["line"] for row in (same, broken, near, empty)] == [2, 4, 5, 7]
    assert (same["reason"], same["data"]) == ("exact_duplicate", SAME)
    neighbour = {"file": "data.jsonl", "line": 1, "row": 1, "instruction": GARDEN["instruction"]}
    assert same["measures"][-1]["nearest"] == near["measures"][-1]["nearest"] == neighbour
    assert (broken["reason"], broken["text"]) == ("unreadable", "{oops")
    assert near["reason"] == "near_duplicate"
    assert near["measures"][-1]["value"] == pytest.approx(12 / 13, abs=1e-6)
    assert empty["reason"] == "empty_output"

    (repaired,) = lines("data-clean/repairs.jsonl")
    assert (repaired["line"], repaired["rule"], repaired["field"]) == (8, "no_input_marker", "input")
    assert (repaired["before"], repaired["after"], repaired["kept"]) == ("<noinput>", "", True)


def test_the_next_step_that_is_told_works(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, BRIDGE, MARKED))
    shown = shell("clean", "data.jsonl", "--out", "my rows")
    (step,) = [line for line in shown.err.splitlines() if "selfgen run" in line]
    words = shlex.split(step.removeprefix("next: selfgen ").split("   ")[0])
    words[words.index("--target") + 1] = "4"
    assert shell(*words).code == 0
    assert Path("runs/my-rows/dataset.jsonl").exists()


def test_a_dry_run_counts_the_same_and_writes_nothing(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, SAME, BRIDGE, TEA))
    before = sorted(shell.folder.iterdir())
    dry = shell("clean", "data.jsonl", "--dry-run")
    assert dry.code == 0
    assert sorted(shell.folder.iterdir()) == before
    real = shell("clean", "data.jsonl")
    assert [line for line in dry.out.splitlines() if " read" not in line] == [
        line for line in real.out.splitlines() if " read" not in line and "dataset.jsonl" not in line
    ]
    assert "4 rows read = 3 kept + 1 rejected + 0 unreadable" in dry.out


def test_a_dry_run_tells_what_would_keep_the_same_command_from_writing(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, BRIDGE))
    assert shell("clean", "data.jsonl", "--dry-run", "--format", "xml").code == 78
    assert "not yet" not in shell("clean", "data.jsonl", "--dry-run").err
    assert shell("clean", "data.jsonl").code == 0
    dry = shell("clean", "data.jsonl", "--dry-run")
    assert dry.code == 0
    assert "not yet, though: data-clean holds results of an earlier `selfgen clean`" in dry.err
    assert "not yet" not in shell("clean", "data.jsonl", "--dry-run", "--force").err
    assert "not yet, though: data.jsonl lies in ." in shell("clean", "data.jsonl", "--dry-run", "--out", ".").err


def test_unrepaired_lines_are_the_same_bytes(shell: Shell) -> None:
    odd = '{"output":"Worms.",  "n": 1.50, "instruction": "Explain how a compost heap works.", "x": "\\u00e9\\ud83d"}'
    shell.write("data.jsonl", jsonl(odd, BRIDGE))
    assert shell("clean", "data.jsonl").code == 0
    assert Path("data-clean/dataset.jsonl").read_text().splitlines()[0] == odd


def test_every_shape_keeps_all_that_it_holds(shell: Shell) -> None:
    chat = {
        "id": "c1",
        "messages": [
            {"role": "system", "content": "You are a gardener."},
            {"role": "user", "content": "When do I prune my old apple tree?"},
            {"role": "assistant", "content": "In winter &amp; on a dry, &quot;still&quot; day.", "weight": 1},
            {"role": "user", "content": "And the pear?"},
            {"role": "assistant", "content": "The same."},
        ],
        "split": "train",
    }  # fmt: skip
    nested = {
        "instruction": "Give the opposite of a word.",
        "instances": [{"input": "<noinput>", "output": "cold"}, {"input": "high", "output": "low"}],
        "name": "opposites",
    }
    shell.write("rows.json", json.dumps([chat, nested], indent=1))
    assert shell("clean", "rows.json", "--out", "o").code == 0
    kept_chat, kept_nested = lines("o/dataset.jsonl")
    assert kept_nested == {**nested, "instances": [{"input": "", "output": "cold"}, {"input": "high", "output": "low"}]}
    assert {**kept_chat, "messages": 0} == {**chat, "messages": 0}
    assert [turn for at, turn in enumerate(kept_chat["messages"]) if at != 2] == [
        turn for at, turn in enumerate(chat["messages"]) if at != 2
    ]
    assert kept_chat["messages"][2]["weight"] == 1


def test_only_what_bears_on_a_rejection_is_told_of_it(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, SAME, NEAR, EMPTY, {**GARDEN, "instruction": "Why"}))
    assert shell("clean", "data.jsonl").code == 0
    told = {row["reason"]: [each["filter"] for each in row["measures"]] for row in lines("data-clean/rejected.jsonl")}
    assert told == {
        "exact_duplicate": ["exact"],
        "near_duplicate": ["rouge"],
        "empty_output": ["empty"],
        "too_short": ["length"],
    }


def test_a_rejected_row_goes_back_by_hand(shell: Shell) -> None:
    """As the report says: the data of a line, appended. Cleaning the whole again without that filter keeps it."""
    shell.write("data.jsonl", jsonl(GARDEN, NEAR, BRIDGE))
    assert shell("clean", "data.jsonl", "--report").code == 0
    assert "jq -c .data back.jsonl >> dataset.jsonl" in Path("data-clean/report.md").read_text()
    (row,) = lines("data-clean/rejected.jsonl")
    assert row["measures"][-1]["filter"] == "rouge"
    with open("data-clean/dataset.jsonl", "a") as dataset:
        dataset.write(jsonl(row["data"]))
    assert shell("clean", "data-clean/dataset.jsonl", "--out", "again", "--off", "rouge").code == 0
    assert lines("again/dataset.jsonl") == [GARDEN, BRIDGE, NEAR]


def test_ids_that_are_made_up_are_different_over_all_files(shell: Shell) -> None:
    shell.write("one.jsonl", jsonl(GARDEN))
    shell.write("two.jsonl", jsonl(BRIDGE))
    assert "next: selfgen run" in shell("clean", "one.jsonl", "two.jsonl", "--format", "jsonl").err
    assert [row["id"] for row in lines("one-clean/dataset.jsonl")] == ["row-000001", "row-000002"]
    assert shell("run", "--seeds", "one-clean/dataset.jsonl", "--model", "mock", "--target", "4").code == 0


def test_rows_that_share_an_id_are_not_offered_as_seeds(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl({**GARDEN, "id": "1"}, {**BRIDGE, "id": 1}))
    shown = shell("clean", "data.jsonl")
    assert "2 rows read = 2 kept" in shown.out
    assert "selfgen run" not in shown.err


def test_it_is_told_that_later_turns_are_not_judged(shell: Shell) -> None:
    turns = [("user", "Why is tea bitter?"), ("assistant", "Steeped long."), ("user", "And cold?"), ("assistant", "")]
    chat = {"messages": [{"role": role, "content": text} for role, text in turns]}
    shell.write("data.jsonl", jsonl(chat, chat))
    shown = shell("clean", "data.jsonl", "--report")
    told = "the first question and its answer are judged and repaired, later turns stay as they are"
    assert told in shown.err
    assert "(2 times)" in shown.err
    assert told in Path("data-clean/report.md").read_text()
    assert lines("data-clean/dataset.jsonl") == [chat]


def test_several_files_in_their_order_with_one_memory(shell: Shell) -> None:
    shell.write("a.json.gz", gzip.compress(json.dumps([GARDEN, TEA]).encode()))
    shell.write("b.csv", "instruction,output,n\nExplain how a compost heap works,It rots.,7\nName a sea.,Baltic.,8\n")
    shell.write("c.txt", "Name the largest lake of Sweden.<sep>Vänern.\n")
    assert shell("clean", "a.json.gz", "b.csv", "c.txt").code == 0
    kept = lines("a-clean/dataset.jsonl")
    assert [row["instruction"] for row in kept] == [
        GARDEN["instruction"], TEA["instruction"], "Name a sea.", "Name the largest lake of Sweden.",
    ]  # fmt: skip
    assert kept[2] == {"instruction": "Name a sea.", "output": "Baltic.", "n": "8"}
    (dropped,) = lines("a-clean/rejected.jsonl")
    assert (dropped["file"], dropped["line"]) == ("b.csv", 2)
    assert dropped["measures"][-1]["nearest"]["file"] == "a.json.gz"


def test_rows_of_a_one_line_array_are_told_apart(shell: Shell) -> None:
    shell.write("data.json", json.dumps([BRIDGE, GARDEN, SAME]))
    assert shell("clean", "data.json").code == 0
    (dropped,) = lines("data-clean/rejected.jsonl")
    assert (dropped["line"], dropped["row"], dropped["measures"][-1]["nearest"]["row"]) == (1, 3, 2)


def test_instructions_alone_are_not_blamed_for_what_they_cannot_have(shell: Shell) -> None:
    shell.write("plain.txt", "Summarize the text below in one sentence.\nName the largest lake of Sweden.\n")
    shown = shell("clean", "plain.txt")
    assert (shown.code, len(lines("plain-clean/dataset.jsonl"))) == (0, 2)
    assert "note: each row is one text" in shown.err
    shell.write("asks.jsonl", jsonl({"instruction": "Name the largest lake of Sweden.", "level": 3}))
    shown = shell("clean", "asks.jsonl")
    assert (shown.code, len(lines("asks-clean/dataset.jsonl"))) == (0, 1)
    assert "note: no field for an output" in shown.err
    shell.write("gap.jsonl", jsonl(GARDEN, {"instruction": "Name the largest lake of Sweden."}))
    shown = shell("clean", "gap.jsonl")
    assert lines("gap-clean/rejected.jsonl")[0]["reason"] == "empty_output"


FORMATS = ["alpaca", "alpaca-jsonl", "messages", "sharegpt", "self-instruct", "csv", "txt", "jsonl"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_trainers_format_reads_back_as_the_same_tasks(format: str, shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, {**BRIDGE, "output": "Steel \ud800 grows."}, SAME, MARKED))
    assert shell("clean", "data.jsonl", "--format", format, "--out", "o", "--off", "control_answer").code == 0
    names = [item.name for item in Path("o").iterdir() if item.name.startswith("dataset")]
    assert len(names) == 1
    assert not [item for item in Path("o").iterdir() if "tmp" in item.name]
    again = shell("clean", f"o/{names[0]}", "--out", "again", "--format", "csv", "--off", "control_answer")
    assert again.code == 0
    rows = list(csv.DictReader(io.StringIO(Path("again/dataset.csv").read_text(encoding="utf-8-sig"))))
    assert [row["instruction"] for row in rows] == [row["instruction"] for row in (GARDEN, BRIDGE, MARKED)]
    assert [row["input"] for row in rows] == ["", "", ""]


def test_cleaning_what_is_clean_changes_no_byte(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, SAME, BRIDGE, NEAR, TEA, EMPTY, MARKED))
    assert shell("clean", "data.jsonl", "--out", "one").code == 0
    shown = shell("clean", "one/dataset.jsonl", "--out", "two")
    assert "4 rows read = 4 kept + 0 rejected + 0 unreadable" in shown.out
    assert Path("one/dataset.jsonl").read_bytes() == Path("two/dataset.jsonl").read_bytes()
    assert Path("two/rejected.jsonl").read_bytes() == Path("two/repairs.jsonl").read_bytes() == b""


def longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The textbook's table, row by row."""
    row = [0] * (len(other) + 1)
    for token in one:
        before = 0
        for at, against in enumerate(other, start=1):
            before, row[at] = row[at], before + 1 if token == against else max(row[at], row[at - 1])
    return row[-1]


def score_by_hand(one: str, other: str) -> Fraction:
    tokens, others = comparison_tokens(one), comparison_tokens(other)
    return Fraction(2 * longest_common(tokens, others), len(tokens) + len(others))


def keep_by_hand(rows: Sequence[dict[str, str]], limit: Fraction, compared: Sequence[str]) -> list[dict[str, str]]:
    """What must be kept: one row after the other, each against all that were kept before, by each of what is
    compared."""
    kept: list[dict[str, str]] = []
    for row in rows:
        near = any(
            all(
                score_by_hand(*("\n".join(each[field] for field in fields.split("+")) for each in (row, old))) > limit
                for fields in compared
            )
            for old in kept
        )
        same = any((row["instruction"], row["input"]) == (old["instruction"], old["input"]) for old in kept)
        if not near and not same:
            kept.append(row)
    return kept


def made_rows(count: int) -> list[dict[str, str]]:
    draw = random.Random(11)
    english = [
        "name",
        "list",
        "three",
        "four",
        "rivers",
        "lakes",
        "hills",
        "of",
        "in",
        "the",
        "north",
        "south",
        "asia",
        "and",
    ]
    chinese = list("请列出三四五条河流湖泊和山脉并说明理由北南")
    rows = []
    for number in range(count):
        words, glue = (english, " ") if number % 3 else (chinese, "")
        text = glue.join(draw.choices(words, k=draw.randint(3, 9)))
        input = " ".join(draw.choices(english, k=draw.randint(0, 4)))
        rows.append({"instruction": text, "input": input, "output": f"Answer {number}."})
        if number % 5 == 0:
            rows.append({**rows[draw.randrange(len(rows))], "output": "Again."})
    return rows


@pytest.mark.parametrize("fields", ["instruction", "instruction+input", "both"])
@pytest.mark.parametrize("near", ["0.5", "0.7"])
def test_what_is_kept_is_what_brute_force_keeps(near: str, fields: str, shell: Shell) -> None:
    """More rows than one batch, so that a batch is compared with itself and with those before."""
    rows = made_rows(300)
    shell.write("data.jsonl", jsonl(*rows))
    every_repair_off = [word for name in repair_names() for word in ("--repair-off", name)]
    options = ["--near", near, "--fields", fields, *ONLY_DUPLICATES, *every_repair_off]
    assert shell("clean", "data.jsonl", "--out", "o", *options).code == 0
    compared = ["instruction", "instruction+input"] if fields == "both" else [fields]
    expected = keep_by_hand(rows, Fraction(near), compared)
    assert lines("o/dataset.jsonl") == expected
    assert 50 < len(expected) < len(rows) - 50


def repair_names() -> list[str]:
    from selfgen.repairs import RULES

    return list(RULES)


def test_rules_are_turned_off_by_name(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, NEAR, SAME, EMPTY, MARKED))
    options = ["--off", "empty", "--off", "exact", "--no-near", "--repair-off", "no_input_marker"]
    shown = shell("clean", "data.jsonl", "--out", "o", *options, "--off", "placeholder")
    assert "5 rows read = 5 kept" in shown.out
    assert Path("o/dataset.jsonl").read_text(encoding="utf-8") == jsonl(GARDEN, NEAR, SAME, EMPTY, MARKED)
    assert "next: selfgen run" in shown.err
    shown = shell("clean", "data.jsonl", "--near", "1", "--out", "p")
    assert {row["reason"] for row in lines("p/rejected.jsonl")} == {"exact_duplicate", "empty_output"}


def test_a_language_is_asked_for_or_not_at_all(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, TEA))
    assert "2 kept" in shell("clean", "data.jsonl", "--dry-run").out
    for lang, reason in (("en", "wrong_language"), ("zh", "wrong_language")):
        shown = shell("clean", "data.jsonl", "--dry-run", "--lang", lang)
        assert "1 kept" in shown.out
        assert reason in shown.out


def test_a_configuration_counts_and_the_command_line_goes_over_it(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, NEAR, EMPTY))
    shell.write("c.yaml", "filters: {rouge: {max: '0.95'}, empty: false}\n")
    assert "3 kept" in shell("clean", "data.jsonl", "--dry-run", "--config", "c.yaml").out
    assert "2 kept" in shell("clean", "data.jsonl", "--dry-run", "--config", "c.yaml", "--near", "0.7").out
    shell.write("l.yaml", "filters: {language: true}\n")
    shown = shell("clean", "data.jsonl", "--dry-run", "--config", "l.yaml")
    assert (shown.code, "--lang en" in shown.err) == (78, True)


def test_a_band_compares_the_instruction_unless_told_otherwise() -> None:
    band = {"semantic": {"band": "0.6..0.8"}}
    settled = plan([Path("x")], RunConfig(), band)
    assert settled.filters["rouge"] == {"fields": "instruction", "margin": "0"}
    assert any(line.startswith("filter rouge: max 0.8, fields instruction") for line in settings_lines(settled))
    told = plan([Path("x")], RunConfig(), {**band, "rouge": {"fields": "instruction+input"}})
    assert told.filters["rouge"] == {"fields": "instruction+input", "margin": "0"}
    assert "language" not in settled.filters
    assert "semantic" not in plan([Path("x")], RunConfig(), {"semantic": False}).filters


def test_a_long_instruction_is_no_fault_of_data(shell: Shell) -> None:
    long = {**GARDEN, "instruction": "Explain this plan. " + " ".join(f"Step {n} needs tool {n}." for n in range(300))}
    shell.write("data.jsonl", jsonl(long))
    assert "1 kept" in shell("clean", "data.jsonl", "--dry-run").out
    shell.write("c.yaml", "filters: {length: {max: 260}}\n")
    assert "too_long" in shell("clean", "data.jsonl", "--dry-run", "--config", "c.yaml").out


def test_a_part_can_be_tried_first(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, SAME, BRIDGE, TEA, EMPTY))
    assert "3 rows read = 2 kept + 1 rejected" in shell("clean", "data.jsonl", "--dry-run", "--first", "3").out


def test_the_report_shows_everything_and_nothing_runs_in_it(shell: Shell) -> None:
    evil = {"instruction": "Explain ``` how <script>x</script>\x1b[2J | a heap works.", "output": ""}
    tricky = {**EMPTY, "instruction": "Tell ````` me | about\n# a heading of stone."}
    shell.write("data.jsonl", jsonl(GARDEN, SAME, "{oops", MARKED, evil, tricky))
    shown = shell("clean", "data.jsonl", "--report")
    assert "next: less data-clean/report.md" in shown.err
    page = Path("data-clean/report.md").read_text(encoding="utf-8")
    for word in ("exact_duplicate", "unreadable", "no_input_marker", "data.jsonl:2", "filter rouge: max 0.85"):
        assert word in page
    assert "6 rows read = 2 kept + 3 rejected + 1 unreadable" in page
    assert "\x1b" not in page
    assert "\n# a heading" not in page
    assert "``````text\n" in page


def test_hostile_texts_do_not_reach_the_terminal(shell: Shell) -> None:
    shell.write("data\x1b[31m.jsonl", jsonl(GARDEN, '{"instruction": 1, "\x1b[2J": 1}', '{"\\u001b[2J": 1}'))
    shown = shell("clean", "data\x1b[31m.jsonl", "--out", "o")
    assert shown.code == 0
    assert "\x1b" not in shown.all


REFUSED = [
    (["clean"], 64, "DATA"),
    (["clean", "gone.jsonl"], 65, "gone.jsonl: there is no such file"),
    (["clean", "data.jsonl", "data.jsonl"], 65, "named twice"),
    (["clean", "bad.jsonl"], 65, "bad.jsonl:1: instruction is missing"),
    (["clean", "data.jsonl", "--near", "1.5"], 64, "--near"),
    (["clean", "data.jsonl", "--off", "rogue"], 64, "there is no filter rogue"),
    (["clean", "data.jsonl", "--repair-off", "none"], 64, "there is no repair none"),
    (["clean", "data.jsonl", "--repair", "none"], 64, "there is no repair none"),
    (["clean", "data.jsonl", "--fields", "output"], 64, "output"),
    (["clean", "data.jsonl", "--semantic", "max"], 64, "--semantic"),
    (["clean", "data.jsonl", "--data-format", "xml"], 64, "there is no data format 'xml'"),
    (["clean", "data.jsonl", "--first", "0"], 64, "--first"),
    (["clean", "data.jsonl", "--format", "xml"], 78, "there are no exporters called 'xml'"),
    (["clean", "data.jsonl", "--lang", "fr"], 78, "lang"),
    (["clean", "data.jsonl", "--config", "gone.yaml"], 78, "cannot read gone.yaml"),
    (["clean", "data.jsonl", "--out", "."], 64, "lies in"),
    (["clean", "data.jsonl", "--out", "other"], 73, "other things (notes.txt)"),
    (["clean", "data.jsonl", "--out", "data.jsonl/x"], 73, "cannot make a folder"),
]


@pytest.mark.parametrize(("words", "code", "what"), REFUSED)
def test_what_cannot_be_done_is_said_and_leaves_nothing(words: list[str], code: int, what: str, shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN))
    shell.write("bad.jsonl", jsonl({"text": "no columns that we know"}))
    shell.write("other/notes.txt", "mine")
    before = sorted(shell.folder.rglob("*"))
    shown = shell(*words)
    assert shown.code == code, shown.all
    assert what in shown.err
    assert sorted(shell.folder.rglob("*")) == before


def test_a_file_that_breaks_off_leaves_nothing(shell: Shell) -> None:
    shell.write("good.jsonl", jsonl(GARDEN))
    shell.write("cut.jsonl.gz", gzip.compress(jsonl(*made_rows(50)).encode())[:-20])
    before = sorted(shell.folder.rglob("*"))
    shown = shell("clean", "good.jsonl", "cut.jsonl.gz", "--out", "o")
    assert (shown.code, "cut.jsonl.gz:1: broken gzip data" in shown.err) == (65, True)
    assert sorted(shell.folder.rglob("*")) == before


def test_earlier_results_are_replaced_when_asked(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN, BRIDGE))
    assert shell("clean", "data.jsonl", "--format", "csv", "--report").code == 0
    shown = shell("clean", "data.jsonl")
    assert (shown.code, "--force" in shown.err) == (73, True)
    assert shell("clean", "data.jsonl", "--force").code == 0
    assert sorted(os.listdir("data-clean")) == ["dataset.jsonl", "rejected.jsonl", "repairs.jsonl"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(number: signal.Signals, shell: Shell) -> None:
    """The last file is a pipe that nobody writes to, so that the work waits in the middle."""
    shell.write("data.jsonl", jsonl(*made_rows(400)))
    os.mkfifo("pipe")
    child = own_process(shell.folder, "clean", "data.jsonl", "pipe", "--out", "o")
    deadline = time.monotonic() + 30
    while not [name for name in os.listdir() if name.startswith(".o.")] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [name for name in os.listdir() if name.startswith(".o.")]
    child.send_signal(number)
    _, said = child.communicate(timeout=30)
    assert (child.returncode, said.strip()) == (130, "interrupted, nothing was written")
    assert not [name for name in os.listdir() if name == "o" or name.startswith(".o.")]


def test_results_are_put_in_their_place_undisturbed() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with ended_by_signals():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)  # the second does not disturb the clearing up
        with ended_by_signals() as heed_no_more:
            heed_no_more()
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_two_at_once_into_one_folder(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(GARDEN))
    with Folder(Path("o")):
        shown = shell("clean", "data.jsonl", "--out", "o")
    assert (shown.code, "another `selfgen clean` makes results for o now" in shown.err) == (73, True)
    assert shell("clean", "data.jsonl", "--out", "o").code == 0


def test_a_file_that_cannot_grow_is_named_and_leaves_nothing(shell: Shell) -> None:
    rows = [{**row, "more": "x" * 1000} for row in made_rows(200)]
    shell.write("data.jsonl", jsonl(*rows))
    words = [sys.executable, "-m", "selfgen", "clean", "data.jsonl", "--out", "o", "--no-near"]
    limited = ["bash", "-c", 'ulimit -f 16; exec "$@"', "bash", *words]
    done = subprocess.run(limited, capture_output=True, text=True, env=clean_environment())
    assert done.returncode == 74, done.stderr
    assert "o/dataset.jsonl cannot be written: the file is larger than" in done.stderr
    assert sorted(os.listdir()) == ["data.jsonl", "seeds.jsonl", "settings.yaml"]


def test_progress_on_a_terminal_and_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean_view, "PATIENCE_S", -1.0)
    for is_terminal in (False, True):
        screen = Console(file=io.StringIO(), force_terminal=is_terminal, width=100)
        monkeypatch.setattr(clean_view, "err", lambda screen=screen: screen)
        counts = Counts(read=1234, kept=1000)
        with clean_view.View(counts) as view:
            assert list(view.follow(iter([]))) == []
            assert len(list(view.follow(iter([None] * 3)))) == 3  # type: ignore[list-item]
        assert "1,234 rows read, 1,000 kept" in screen.file.getvalue()  # type: ignore[attr-defined]


def test_help_teaches_and_loads_nothing_heavy(shell: Shell) -> None:
    shown = shell("clean", "--help")
    for word in ("selfgen clean data.jsonl --dry-run", "--near", "--report", "rejected.jsonl"):
        assert word in shown.out
    code = (
        "import sys; sys.argv = ['selfgen', 'clean', '--help']\n"
        "from selfgen.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert not {'numpy', 'yaml', 'rapidfuzz', 'opencc', 'openai', 'jinja2'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=clean_environment())
    assert done.returncode == 0, done.stderr


def chat_row(*turns: tuple[str, str]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


HELLO, WELCOME = ("user", "Hello, can you help me with my bike?"), ("assistant", "Of course. What is wrong with it?")


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        (
            [
                chat_row(HELLO, WELCOME, ("user", "The chain fell off."), ("assistant", "Lift the wheel.")),
                chat_row(HELLO, WELCOME, ("user", "The tyre is flat."), ("assistant", "Find the hole first.")),
                chat_row(HELLO, WELCOME, ("user", "The chain fell off."), ("assistant", "Lift the wheel.")),
            ],
            [0, 1],
        ),
        (
            [
                chat_row(("system", "Answer in one word."), HELLO, ("assistant", "Yes.")),
                chat_row(("system", "Answer like a pirate."), HELLO, ("assistant", "Aye, what ails her?")),
                chat_row(HELLO, ("assistant", "Yes, I can.")),
                chat_row(HELLO, ("assistant", "Sure.")),
            ],
            [0, 1, 2],
        ),
        (
            [
                {"instruction": "Translate.", "instances": [{"input": "cat", "output": "Katze"}]},
                {
                    "instruction": "Translate.",
                    "instances": [{"input": "cat", "output": "Katze"}, {"input": "dog", "output": "Hund"}],
                },
            ],
            [0, 1],
        ),
        (
            [
                {"instruction": "你是谁？", "output": "我是客服小林。", "system": "你是客服。"},
                {"instruction": "你是谁？", "output": "我是李老师。", "system": "你是老师。"},
                {"instruction": "你是谁？", "output": "我是王老师。", "system": "你是老师。"},
            ],
            [0, 1],
        ),
    ],
    ids=["turns", "system prompts", "instances", "a system column"],
)
def test_rows_that_say_more_are_duplicates_only_as_wholes(
    rows: list[dict[str, Any]], kept: list[int], shell: Shell
) -> None:
    shell.write("data.jsonl", jsonl(*rows))
    assert shell("clean", "data.jsonl", "--out", "o", "--off", "length").code == 0
    assert lines("o/dataset.jsonl") == [rows[at] for at in kept]
    assert {row["reason"] for row in lines("o/rejected.jsonl")} <= {"exact_duplicate"}


def test_a_rule_that_takes_much_is_named(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(*({**EMPTY, "instruction": f"Describe {w}."} for w in "abcdefghij"), *made_rows(9)))
    shown = shell("clean", "data.jsonl", "--dry-run", "--no-near", "--off", "exact", "--off", "length")
    assert "empty_output took 47.6 % of the rows" in shown.err
    assert "--off empty" in shown.err
    shell.write("few.jsonl", jsonl(EMPTY, TEA))
    assert "took" not in shell("clean", "few.jsonl", "--dry-run").err


def test_the_languages_are_told_where_there_are_several(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(TEA, GARDEN, BRIDGE))
    assert "English 66.7 %, Chinese 33.3 %" in shell("clean", "data.jsonl", "--dry-run").out
    shell.write("one.jsonl", jsonl(GARDEN, BRIDGE))
    assert "languages" not in shell("clean", "one.jsonl", "--dry-run").out


def test_how_near_and_no_near_contradict_each_other(shell: Shell) -> None:
    shell.write("data.jsonl", jsonl(TEA))
    for words in (["--near", "0.7"], ["--fields", "both"], ["--tokenizer", "jieba"]):
        shown = shell("clean", "data.jsonl", "--no-near", *words)
        assert (shown.code, "--no-near" in shown.err) == (64, True)


def test_chinese_may_be_compared_by_words(shell: Shell) -> None:
    pytest.importorskip("jieba", reason="needs the package jieba: pip install 'selfgen[jieba]'")
    one, other = ({**TEA, "instruction": f"解释{what}的过程"} for what in ("光合作用", "细胞分裂"))
    shell.write("data.jsonl", jsonl(one, other))
    for tokenizer, kept in (("characters", 2), ("jieba", 1)):
        shown = shell("clean", "data.jsonl", "--dry-run", "--near", "0.7", "--tokenizer", tokenizer)
        assert f"2 rows read = {kept} kept" in shown.out
