"""Whole runs in which prompts are too long, replies are cut, and the model thinks aloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell

HARD = "{context: 840, cut_rate: 0.15, thinking_rate: 0.4, latency_s: %s}"
"""A stand-in that takes no whole proposal prompt of the shipped English seeds, but smaller ones."""


def settings(latency_s: float = 0.0, concurrency: int = 16) -> str:
    Path("hard.yaml").write_text(
        f"propose: {{model: mock, options: {HARD % latency_s}}}\n"
        f"calls: {{concurrency: {concurrency}}}\n"
        "recipe_options: {keep_reasoning: true}\n"
    )
    return "hard.yaml"


def run(shell: Shell, out: str, *more: object, target: int = 30, **how: Any) -> None:
    shown = shell("run", "--config", settings(**how), "--seeds", "general_en", "--target", target, "--out", out, *more)
    assert shown.code in (0, 10), shown.all


def rows(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(out, "dataset.jsonl").read_text().splitlines()]


def test_speed_and_pauses_change_no_byte(shell: Shell) -> None:
    run(shell, "quiet", concurrency=1, target=20)
    run(shell, "quick", latency_s=0.02, concurrency=32, target=20)
    for calls in (5, 40):
        run(shell, "paused", "--max-calls", calls, target=20)
    run(shell, "paused", "--max-calls", 100_000, target=20)
    for name in ("dataset.jsonl", "rejected.jsonl"):
        wanted = Path("quiet", name).read_bytes()
        assert Path("quick", name).read_bytes() == wanted
        if name == "dataset.jsonl":
            assert Path("paused", name).read_bytes() == wanted
    calls = [call for row in rows("quiet") for call in row["lineage"]["calls"]]
    assert any(call.endswith(".0.0+1") for call in calls)
    assert any("+" in call and ".3." in call for call in calls)
    for out in ("quiet", "quick", "paused"):
        shown = shell("verify", out)
        assert shown.code == 0, shown.out


def test_why_tells_what_was_asked_again_and_how(shell: Shell) -> None:
    run(shell, "grown")
    shrunk = next(row["id"] for row in rows("grown") if row["lineage"]["calls"][1].endswith(".0.0+1"))
    told = shell("why", "grown", shrunk).out
    assert "refused (context_length)" in told
    assert "tokens, and 840 fit" in told
    assert "smaller prompt, rung 1)" in told
    widened = next(
        row for row in rows("grown") if any("+1" in call and ".3." in call for call in row["lineage"]["calls"])
    )
    told = shell("why", "grown", widened["id"]).out
    assert f"call {widened['lineage']['calls'][-2]}: reply of mock (length, " in told
    assert "more room: 4096 tokens)" in told


def test_reasoning_is_kept_beside_the_answer_and_not_in_it(shell: Shell) -> None:
    run(shell, "grown")
    kept = [row["labels"]["reasoning"] for row in rows("grown") if "reasoning" in row["labels"]]
    assert "The task is clear, so the answer follows." in kept
    assert not any("think>" in row["output"] for row in rows("grown"))


@pytest.mark.parametrize("value", ["false", "true"])
def test_whether_reasoning_is_kept_is_part_of_what_a_run_is(shell: Shell, value: str) -> None:
    run(shell, "grown", target=5)
    Path("other.yaml").write_text(
        Path("hard.yaml").read_text().replace("keep_reasoning: true", f"keep_reasoning: {value}")
    )
    shown = shell("run", "--config", "other.yaml", "--seeds", "general_en", "--target", 6, "--out", "grown")
    assert (shown.code == 0) == (value == "true")
    assert ("keep_reasoning" in shown.err) == (value == "false")
