"""Every exit code that a person can meet, each produced by what really causes it, and what is said then."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell, own_process
from tests.fault_server import FaultServer
from tests.stand_in import reply


def test_0_target(shell: Shell, server: FaultServer) -> None:
    shown = shell.run(server)
    assert shown.code == 0
    assert "the target is reached: 12 records in grown/dataset.jsonl" in shown.out
    assert "drafts read" in shown.out
    assert "next: selfgen show grown" in shown.err
    assert len(Path("grown/dataset.jsonl").read_bytes().splitlines()) == 12


@pytest.mark.parametrize("limit", [("--max-calls", 9), ("--max-tokens", 100)])
def test_10_budget_and_more_of_it(shell: Shell, server: FaultServer, limit: tuple[str, int]) -> None:
    shown = shell.run(server, *limit)
    assert shown.code == 10
    assert "the budget is used up" in shown.out
    assert f"next: selfgen resume grown {limit[0]} N" in shown.err
    assert shell("resume", "grown", limit[0], 100_000).code == 0


def test_10_time(shell: Shell) -> None:
    shell.write("settings.yaml", Path("settings.yaml").read_text() + "limits: {max_hours: 0.00005}\n")
    with FaultServer(reply=reply, latency_s=0.1) as server:
        shown = shell.run(server, target=5000)
    assert shown.code == 10
    assert "the time is up" in shown.out
    assert "next: selfgen resume grown" in shown.err


def test_11_saturated_says_what_to_do(shell: Shell) -> None:
    def same(body: dict[str, Any]) -> str:
        if "propose" in str(body.get("response_format")):
            task = {"instruction": "Name a colour of the sea at night.", "kind": "open", "needs_input": False}
            return json.dumps({"tasks": [task]})
        return "A dark blue, nearly black, with white lines."

    shell.write("settings.yaml", Path("settings.yaml").read_text() + "saturation: {window: 4, floor: 0.5}\n")
    with FaultServer(reply=same) as server:
        shown = shell.run(server)
        assert shown.code == 11
        assert "Over the last 4 turns" in shown.out
        assert "More varied seeds" in shown.out
        assert "next: selfgen resume grown --floor 0" in shown.err
        assert shell("resume", "grown", "--floor", 0, "--max-calls", 40).code == 10


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Usage: selfgen"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["run", "--sedes", "x"], "No such option: --sedes"),
        (["run"], "no seeds are named"),
        (["run", "--seeds", ""], "a seed file without a name"),
        (["run", "--seeds", "seeds.jsonl", "--target", "0"], "--target"),
        (["run", "--seeds", "seeds.jsonl", "--target", "many"], "--target"),
        (["run", "--seeds", "seeds.jsonl", "--max-hours", "nan"], "--max-hours"),
        (["run", "--seeds", "seeds.jsonl", "--concurrency", "0"], "--concurrency 0 is no number of calls"),
        (["run", "--seeds", "seeds.jsonl", "--concurrency", "9" * 5000], "is no number of calls"),
        (["run", "--seeds", "seeds.jsonl", "--model", "mock", "--out", "bad name!"], "cannot be the name of a run"),
        (["run", "--seeds", "seeds.jsonl", "--model", "mock", "--out", "../.."], "cannot be the name of a run"),
        (["run", "--seeds", "seeds.jsonl", "--model", "mock", "--out", "-x"], "cannot be the name of a run"),
        (["why", "grown", "t99999.0"], "grown has no draft or record 't99999.0'"),
        (["why", "grown", "t00000.99"], "grown has no draft or record"),
        (["why", "grown", "t-1.0"], "has no draft"),
        (["why", "grown", "first"], "'first' is not the id of a draft"),
        (["show", "grown", "--id", "t1.2.3"], "is not the id of a draft"),
        (["show", "grown", "-n", "0"], "-n"),
        (["export", "grown", "--out", "grown/run.db"], "part of a run"),
        (["init", "new", "--lang", "fr"], "Choose --lang en or --lang zh"),
        *[([word, "nowhere"], "nowhere is not a run folder") for word in
          ("status", "show", "export", "rebuild", "verify", "resume")],
    ],
)  # fmt: skip
def test_64_usage(shell: Shell, grown: str, words: list[str], says: str) -> None:
    before = sorted(os.listdir())
    shown = shell(*words)
    assert shown.code == 64
    assert says in shown.err
    assert not shown.out
    assert sorted(os.listdir()) == before


def test_a_folder_that_is_none_leads_to_those_that_are(shell: Shell, grown: str) -> None:
    assert "Runs are in: grown." in shell("status", ".").err


def test_69_no_server_lists_the_choices(shell: Shell) -> None:
    shown = shell("run", "--seeds", "seeds.jsonl", "--out", "grown")
    assert shown.code == 69
    assert "no model is named and no server runs" in shown.err
    for choice in ("--model mock", "--model vllm:PATH_OR_ID", "--base-url http://HOST:PORT/v1 --model NAME"):
        assert choice in shown.err
    assert shell("run", "--seeds", "seeds.jsonl", "--model", "tiny", "--out", "grown").code == 69
    assert shell("run", "--seeds", "seeds.jsonl", "--base-url", "http://127.0.0.1:9/v1", "--out", "grown").code == 69
    assert not Path("grown").exists()


def test_73_foreign_folder(shell: Shell, server: FaultServer) -> None:
    shell.write("mine/letter.txt", "dear")
    shell.write("file", "dear")
    for out in ("mine", "file", "file/below"):
        shown = shell.run(server, out=out)
        assert shown.code == 73
        assert "Name another folder with --out." in shown.err
    assert os.listdir("mine") == ["letter.txt"]
    assert not server.asked


def test_73_in_use(shell: Shell, server: FaultServer, grown: str) -> None:
    with open("grown/lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write('{"pid": 4711, "host": "elsewhere"}')
        lock.flush()
        for shown in (shell.run(server, target=60), shell("resume", grown), shell("rebuild", grown)):
            assert shown.code == 73
            assert "grown is in use by process 4711 on elsewhere" in shown.err
        assert "at work: process 4711 on elsewhere" in shell("status", grown).out
        assert "not compared: process 4711" in shell("verify", grown).out
    assert not server.asked


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("pragma user_version = 3", "has journal format 3, this selfgen reads format 2"),
        ("pragma application_id = 7", "is not a journal of selfgen"),
        ("update events set body = '[[' where seq = 3", "is damaged"),
        ("delete from events where seq = 3", "does not fit together"),
        ("delete from header where name = 'seeds'", "header is damaged: 'seeds' is missing"),
        ("update header set value = replace(value, '\"target\"', '\"x\"') where name = 'config'", "header is damaged"),
        ("drop table notes", "no such table: notes"),
    ],
)
def test_74_damaged_or_newer_journal(shell: Shell, grown: str, statement: str, says: str) -> None:
    shell.edit(statement)
    for words in (["status"], ["show"], ["export"], ["rebuild"]):
        shown = shell(*words, grown)
        assert shown.code == 74, words
        assert says in shown.err
    assert shell("verify", grown).code == 74


def test_a_run_that_died_while_it_was_made_begins_anew(shell: Shell, server: FaultServer) -> None:
    shell.write("grown/run.db", b"")
    assert shell.run(server).code == 0


def test_a_run_that_heard_nothing_begins_anew(shell: Shell, server: FaultServer) -> None:
    server.faults, server.kinds = 1.0, ("404",)
    assert shell.run(server).code == 78
    server.faults = 0.0
    assert shell.run(server, "--seed", 7).code == 0
    assert shell.run(server, "--seed", 8).code == 78
    assert shell("verify", "grown").code == 0


@pytest.mark.parametrize(
    "statement",
    [
        "update header set value = '{' where name = 'config'",
        "delete from header where name = 'seeds'",
        "delete from header where name = 'config'",
        "delete from events where seq = 3",
        'update events set body = replace(body, \'"text":"\', \'"text":5,"x":"\') where seq = 3',
    ],
)
def test_74_a_damaged_run_does_not_go_on(shell: Shell, server: FaultServer, grown: str, statement: str) -> None:
    assert shell.edit(statement) == 1
    for shown in (shell("status", grown), shell("verify", grown), shell.run(server, target=60)):
        assert shown.code == 74
    assert not server.asked


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_74_no_journal(shell: Shell, grown: str, content: bytes) -> None:
    Path("grown/run.db").write_bytes(content)
    for shown in (shell("status", grown), shell("verify", grown), shell("export", grown)):
        assert shown.code == 74
        assert shown.err.startswith("error: grown/run.db")


def test_75_the_server_goes_away_and_comes_back(shell: Shell) -> None:
    with FaultServer(reply=reply, kinds=("reset",)) as server:

        def tired(body: dict[str, Any]) -> str:
            server.faults = 1.0 if sum(server.answered.values()) >= 15 and not server.met else server.faults
            return reply(body)

        server.reply = tired
        shown = shell.run(server)
        assert shown.code == 75
        assert "The server has been away" in shown.err
        assert "the same command continues" in shown.err
        server.faults = 0.0
        assert shell.run(server).code == 0
        assert all(times == 1 for times in server.answered.values())


def test_75_quota(shell: Shell) -> None:
    with FaultServer(reply=reply, faults=1.0, kinds=("quota",)) as server:
        shown = shell.run(server)
    assert shown.code == 75
    assert "The account is empty" in shown.err


def test_77_key_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(reply=reply, key="right") as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-CANARY")
        shown = shell.run(server)
        assert shown.code == 77
        assert "CANARY" not in shown.all
        monkeypatch.setenv("OPENAI_API_KEY", "right")
        assert shell.run(server).code == 0


def wait_until(server: FaultServer, answered: int) -> None:
    until = time.monotonic() + 30
    while sum(server.answered.values()) < answered and time.monotonic() < until:
        time.sleep(0.01)


def start(shell: Shell, server: FaultServer, answered: int) -> subprocess.Popen[str]:
    child = own_process(shell.folder, *shell.command(server, target=5000))
    wait_until(server, answered)
    return child


def test_130_interrupted_and_what_is_seen_meanwhile(shell: Shell) -> None:
    with FaultServer(reply=reply, latency_s=0.05) as server, start(shell, server, 20) as child:
        assert f"at work: process {child.pid} on" in shell("status", "grown").out
        assert shell("show", "grown").code == 0
        assert f"in use by process {child.pid}" in shell.run(server, target=5000).err
        assert "not compared" in shell("verify", "grown").out
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert child.returncode == 130, err
    assert "interrupted, nothing is lost" in out
    assert "next: selfgen resume grown" in err
    assert "not at work" in shell("status", "grown").out
    assert shell("verify", "grown").code == 0


def test_after_a_kill_all_can_be_seen_and_goes_on(shell: Shell) -> None:
    with FaultServer(reply=reply, latency_s=0.05) as server:
        with start(shell, server, 20) as child:
            child.kill()
            child.communicate()
        shown = shell("status", "grown")
        assert shown.code == 0
        assert "not at work" in shown.out
        assert "next: selfgen resume grown" in shown.err
        assert shell("show", "grown").code == 0
        assert shell("rebuild", "grown").code == 0
        assert shell("verify", "grown").code == 0
        assert shell("resume", "grown", "--target", 20).code == 0
