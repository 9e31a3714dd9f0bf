"""Text that others wrote, and folders that others made: nothing of it commands the terminal or writes elsewhere."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from selfgen.cli import live
from tests.cli.shell import SETTINGS, Shell
from tests.fault_server import FaultServer
from tests.stand_in import reply

EVIL = (
    "\x1b[2J\x1b[31mRed",
    "\x1b]52;c;aGVsbG8=\x07Clip",
    "\x1b]8;;http://evil\x1b\\Link\x1b]8;;\x1b\\",
    "\x9b31mC1",
    "abc\u202egnp.exe\u202c",
    "iso\u2066late\u2069",
    "Nul\x00Bell\x07Back\x08\x08",
    "Over\rwrite",
    "[bold red]Markup[/bold red] [link=http://x]y[/link] :smile:",
    "Wide 汉字 " + "x" * 20_000,
)
FORBIDDEN = {chr(code) for code in [*range(9), *range(11, 32), *range(127, 160)]} | set(
    "\u202e\u202c\u2066\u2069\u200e"
)


def hostile(body: dict[str, Any]) -> str:
    """Answer as the stand-in does, with something evil in most instructions and all answers."""
    text = reply(body)
    number = sum(map(ord, text))
    if not body.get("response_format"):
        return f"{EVIL[number % len(EVIL)]} is what I say. {text}"
    if "propose" not in str(body["response_format"]):
        return text
    try:
        tasks = json.loads(text)["tasks"]
    except (ValueError, KeyError):
        return f"{EVIL[number % len(EVIL)]} and no list"
    for item, task in enumerate(tasks):
        if item % 3:
            task["instruction"] += " " + EVIL[(number + item) % len(EVIL)]
    return json.dumps({"tasks": tasks})


def test_nothing_evil_reaches_the_terminal(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOG_EVERY_S", 0.0)
    model = "tiny\x1b]52;c;aGk=\x07"
    with FaultServer(reply=hostile, models=(model,), faults=0.05, kinds=("evil_text",)) as server:
        words = shell.command(server, target=15)
        words[words.index("tiny")] = model
        shown = [shell(*words)]
    assert shown[0].code == 0
    shown += [shell("status", "grown"), shell("show", "grown", "-n", 1000), shell("verify", "grown")]
    shown += [shell("show", "grown", "--rejected", "-n", 1000)]
    for name in ("dataset", "rejected"):
        ids = [json.loads(line)["id"] for line in Path(f"grown/{name}.jsonl").read_text().splitlines()]
        shown += [shell("why", "grown", id) for id in ids[:5]]
    text = "".join(each.all for each in shown)
    assert not FORBIDDEN & set(text)
    assert "[bold red]Markup[/bold red] [link=http://x]y[/link] :smile:" in text
    assert "汉字" in text
    assert "\ufffd]52;c;aGVsbG8=\ufffdClip" in text


def test_lists_stay_short_whatever_the_model_writes(shell: Shell) -> None:
    with FaultServer(reply=hostile) as server:
        shell.run(server, target=15)
    shown = shell("show", "grown", "--rejected", "-n", 1000)
    assert max(map(len, shown.out.splitlines())) < 400


def test_names_that_people_give_are_harmless_too(shell: Shell) -> None:
    evil = "\x1b]52;c;aGk=\x07[red]"
    for words in (["status", evil], ["run", "--seeds", evil], ["why", "x", evil], ["export", "x", "--format", evil],
                  ["run", "--config", evil], ["init", "x", "--lang", evil], ["resume", evil]):  # fmt: skip
        shown = shell(*words)
        assert shown.code in (64, 65, 78)
        assert not FORBIDDEN & set(shown.all)


@pytest.mark.parametrize(
    "name",
    ["lock", "dataset.jsonl", "rejected.jsonl", ".dataset.jsonl.new", "prompts", "prompts/self_instruct/answer.j2"],
)
def test_a_run_from_elsewhere_overwrites_nothing(shell: Shell, server: FaultServer, grown: str, name: str) -> None:
    precious = shell.write("precious.txt", "precious")
    place = Path(grown) / name
    shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    place.symlink_to(precious)
    for shown in (shell.run(server, target=60), shell("resume", grown), shell("rebuild", grown)):
        assert shown.code == 74
        assert f"grown/{name} is a link" in shown.err
    assert precious.read_text() == "precious"


def test_a_journal_that_is_no_file(shell: Shell, server: FaultServer, grown: str) -> None:
    for make in (os.mkdir, os.mkfifo):
        os.rename("grown/run.db", f"aside-{make.__name__}")
        make("grown/run.db")
        for shown in (shell("status", grown), shell("resume", grown), shell.run(server)):
            assert shown.code == 74
            assert "grown/run.db is no ordinary file" in shown.err
        os.rmdir("grown/run.db") if make is os.mkdir else os.unlink("grown/run.db")
        os.rename(f"aside-{make.__name__}", "grown/run.db")


@pytest.mark.parametrize("shape", ["dangling", "loop"])
def test_links_that_lead_nowhere(shell: Shell, server: FaultServer, shape: str) -> None:
    Path("grown").symlink_to("grown" if shape == "loop" else "/nonexistent/run")
    assert shell.run(server).code == 73
    assert shell("status", "grown").code == 64
    assert not server.asked


def test_huge_values(shell: Shell, server: FaultServer) -> None:
    shell.write(
        "settings.yaml",
        SETTINGS.replace("calls: {", "calls: {max_concurrency: 99999999, ")
        + "prices: {prompt: 1e400, completion: 1}\nlag_max: 99999999999999999999\nlimits: {max_hours: 1e300}\n",
    )
    shown = shell.run(server, "--seed", 2**63 - 1)
    assert shown.code == 0
    assert "cost $1,000,000,000,000,000 or more" in shown.out
    assert shell.run(server, "--seed", 2**63, out="other").code == 78
    assert shell.run(server, "--max-calls", 9, target=10**30, out="far").code == 10


def test_seeds_that_shout_do_not_reach_the_doctor_raw(shell: Shell) -> None:
    shell.write("seeds.txt", "Draw a \u202epicture\u202c of [red]me[/red].\nOk.\nName a river.\nName a lake.\n")
    shown = shell("doctor", "--seeds", "seeds.txt", "--offline")
    assert shown.code == 65
    assert not FORBIDDEN & set(shown.all)
