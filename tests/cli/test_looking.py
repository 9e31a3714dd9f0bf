"""`status`, `show` and `why`: what a person sees of a finished run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rouge_score.rouge_scorer import RougeScorer

from tests.cli.shell import Shell


def rows(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(f"grown/{name}.jsonl").read_text().splitlines()]


def test_status(shell: Shell, grown: str) -> None:
    shown = shell("status", grown)
    assert shown.code == 0
    assert "grown: 40 of 40 records (100%)" in shown.out
    assert "drafts read" in shown.out
    assert "near_duplicate" in shown.out
    assert "ended: target" in shown.out
    assert "not at work; the target is reached" in shown.out


def test_show_records_page_by_page(shell: Shell, grown: str) -> None:
    records = rows("dataset")
    shown = shell("show", grown, "-n", 2)
    assert all(str(record["instruction"]) in shown.out for record in records[:2])
    assert str(records[2]["instruction"]) not in shown.out
    assert "next: selfgen show grown --skip 2" in shown.err
    assert str(records[2]["id"]) in shell("show", grown, "-n", 1, "--skip", 2).out
    beyond = shell("show", grown, "--skip", 1000)
    assert beyond.code == 0
    assert "0 of 40 records" in beyond.out


def test_show_rejections_by_reason(shell: Shell, grown: str) -> None:
    refused = [row for row in rows("rejected") if row["reason"] == "near_duplicate"]
    shown = shell("show", grown, "--reason", "near_duplicate", "-n", 1000)
    assert f"{len(refused)} of {len(refused)} rejected or lost" in shown.out
    assert all(str(row["id"]) in shown.out for row in refused)
    shown = shell("show", grown, "--reason", "nope")
    assert "0 of 0" in shown.out
    assert "reasons there are: near_duplicate" in shown.out


def test_why_a_record_was_kept(shell: Shell, grown: str) -> None:
    record = rows("dataset")[-1]
    shown = shell("why", grown, record["id"])
    assert f"{record['id']} was kept" in shown.out
    assert str(record["instruction"]) in shown.out
    assert "length: " in shown.out
    assert "-- nearest seeds and records" in shown.out
    assert "seed-000" in shown.out
    assert "You invent tasks" in shown.out
    assert "reply of tiny" in shown.out
    assert '"tasks": ' in shown.out
    assert shell("show", grown, "--id", record["id"]).out == shown.out


def test_why_names_the_nearest_seed_or_record_of_any_record(shell: Shell, grown: str) -> None:
    instructions = {str(row["id"]): str(row["instruction"]) for row in rows("dataset")}
    scorer = RougeScorer(["rougeL"])
    for id, instruction in list(instructions.items())[:4]:
        shown = shell("why", grown, id).out.split("-- nearest seeds and records", 1)[1].splitlines()[1]
        score, name, text = re.fullmatch(r"(\d\.\d\d)  (\S+): (.*)", shown).groups()  # type: ignore[union-attr]
        best = max(
            scorer.score(other, instruction)["rougeL"].fmeasure for key, other in instructions.items() if key != id
        )
        assert float(score) >= best - 0.0051, "a seed may be nearer than the nearest record"
        assert name != id
        assert scorer.score(text, instruction)["rougeL"].fmeasure == pytest.approx(float(score), abs=0.0051)


def test_why_a_near_duplicate_was_refused(shell: Shell, grown: str) -> None:
    row = next(row for row in rows("rejected") if row["reason"] == "near_duplicate")
    measures = row["measures"]
    assert isinstance(measures, list)
    known = {str(each["id"]): str(each["instruction"]) for each in rows("dataset")}
    shown = shell("why", grown, row["id"])
    assert f"{row['id']} was rejected at stage propose: near_duplicate" in shown.out
    assert f"rouge: {measures[-1]['value']} (limit 0.7) ROUGE-L F1" in shown.out
    assert f"nearest is {measures[-1]['nearest']}: {known[measures[-1]['nearest']]}" in shown.out
    assert str(row["instruction"]) in shown.out
    assert "You invent tasks" in shown.out
    assert "reply of tiny" in shown.out


def test_why_a_draft_was_lost(shell: Shell, grown: str) -> None:
    lost = [row for row in rows("rejected") if row["lost"]]
    for row in lost:
        assert f"{row['id']} was lost" in shell("why", grown, row["id"]).out


def test_looking_changes_nothing(shell: Shell, grown: str) -> None:
    def all_bytes() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in Path(grown).rglob("*") if path.is_file()}

    before = all_bytes()
    for words in (["status"], ["show"], ["show", "--rejected"], ["verify"]):
        assert shell(words[0], grown, *words[1:]).code == 0
    assert {name: data for name, data in all_bytes().items() if not name.endswith(("-wal", "-shm"))} == before


@pytest.mark.parametrize("word", ["status", "show", "verify", "export", "rebuild"])
def test_a_run_may_be_moved_linked_and_named_in_chinese(shell: Shell, grown: str, word: str) -> None:
    Path(grown).rename("运行一号")
    Path("link").symlink_to("运行一号")
    assert shell(word, "运行一号").code == 0
    assert shell(word, "link/").code == 0
