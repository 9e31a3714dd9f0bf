"""The bench of the rules: what it counts, what it warns of, and what it says of files that it cannot read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.bench.rules import collect, guess_language, main, wilson

ROWS = [
    ("Name a river.", "", "The Rhine."),
    ("Describe a quiet street.", "", "N/A"),
    ("Count the continents.", "noinput", "Seven."),
    ("Invent a coat of arms.", "", "<nooutput>"),
    ("Name a river.", "", "The Elbe."),
    ("Draw a cat on a fence.", "", "N/A"),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for instruction, input, output in ROWS:
            file.write(json.dumps({"instruction": instruction, "input": input, "output": output}) + "\n")
    return path


def judged(folder: Path, *lines: str) -> Path:
    path = folder / "judged.csv"
    path.write_text("rule,row,verdict\n" + "".join(f"{line}\n" for line in lines))
    return path


def test_each_rule_sees_each_row_alone(data: Path) -> None:
    hits = collect(data, "en")
    assert hits.rows == 6
    assert hits.lines["placeholder_output"] == [2, 4, 6]
    assert hits.lines["unsuitable"] == [6]
    assert hits.lines["exact_duplicate"] == hits.lines["near_duplicate"] == [5]


def test_repairs_run_before_the_rules(data: Path) -> None:
    assert 3 in collect(data, "en").lines["repair:no_input_marker"]


def test_the_table_counts_only_verdicts_on_rows_that_are_hit(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = judged(data.parent, "placeholder_output,2,right", "placeholder_output,4,wrong", "placeholder_output,1,right")
    main([str(data), "--judged", str(file)])
    printed = capsys.readouterr().out
    assert "| placeholder_output | 3 | 50.00% | 2 | 1 | 50% | 9% to 91% |" in printed
    assert "! placeholder_output: judged and no longer hit: rows 1\n" in printed
    assert "! placeholder_output: 2 rows read of 3" in printed
    assert "! unsuitable: 0 rows read of 1" in printed
    assert "refusal" in printed.split("No hits: ")[1].splitlines()[0].split(", ")


def test_a_rule_that_was_read_whole_is_not_warned_of(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(data), "--judged", str(judged(data.parent, "unsuitable,6,right"))])
    assert "! unsuitable" not in capsys.readouterr().out


def test_a_sample_shows_the_rows_to_read_and_is_the_same_each_time(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(data), "--sample", "placeholder_output", "2"])
    first = capsys.readouterr().out
    main([str(data), "--sample", "placeholder_output", "2"])
    assert first == capsys.readouterr().out
    assert first.startswith("placeholder_output: 2 of 3 hits\n")
    assert first.count("\nrow ") == 2


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["refusal,2,perhaps"], r"judged\.csv:2: give rule, row and verdict"),
        (["refusal,two,right"], r"judged\.csv:2: give rule, row and verdict"),
        (["refusal,2,right", "refusal,2,wrong"], r"judged\.csv:3: refusal, row 2 is judged right and wrong"),
    ],
)
def test_a_verdict_that_cannot_be_read_is_told_with_its_line(data: Path, lines: list[str], told: str) -> None:
    with pytest.raises(SystemExit, match=told):
        main([str(data), "--judged", str(judged(data.parent, *lines))])


def test_a_row_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "a", "output": "b"}\n{"instruction": "a"}\n')
    with pytest.raises(SystemExit, match=r"rows\.jsonl:2: no row"):
        main([str(path)])


def test_the_language_is_that_of_most_instructions(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "zh.jsonl"
    path.write_text('{"instruction": "列出三条河流。", "output": "莱茵河"}\n', encoding="utf-8")
    assert (guess_language(data), guess_language(path)) == ("en", "zh")


def test_wilson_gives_the_known_intervals() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    low, high = wilson(50, 50)
    assert (round(low, 3), high) == (0.929, 1.0)
