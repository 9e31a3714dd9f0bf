"""Runs on a vLLM of their own, from the command line: started, used, started again, and gone on every way out."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfgen.assemble import serving
from selfgen.assemble.places import own_servers
from selfgen.assemble.session import Session, World
from selfgen.assemble.settings import gather
from selfgen.assemble.source import load_source
from selfgen.config import build
from selfgen.executors.stream import Cut
from selfgen.models import vllm_hang, vllm_server
from selfgen.store.run_dir import RunDir
from tests.cli.shell import Shell, own_process
from tests.fault_server import FaultServer
from tests.stand_in import reply
from tests.vllm_stand_in import install, is_gone

SETTINGS = """calls: {timeout_s: 5, idle_timeout_s: 5, send_seed: 'on', patience_s: 30, concurrency: 8}
structured: json_schema
"""
PROCESSES = 3
"""Of one start of the stand-in: itself and two children."""


@pytest.fixture
def vllm(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    vllm = install(shell.folder / "bin")
    shell.write("own.yaml", SETTINGS)
    monkeypatch.setenv("STAND_IN_FOLDER", str(shell.folder))
    monkeypatch.setenv("STAND_IN", "reply")
    yield vllm
    for pid in pids(shell):
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)


def pids(shell: Shell) -> list[int]:
    path = shell.folder / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def nothing_is_left(shell: Shell, within_s: float = 20.0) -> bool:
    until = time.monotonic() + within_s
    while not all(map(is_gone, pids(shell))):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def words(vllm: Path, *more: object, target: int = 12) -> list[object]:
    model = f"vllm:{vllm.parent / 'plain'}"
    start = ["run", "--seeds", "seeds.jsonl", "--config", "own.yaml", "--model", model, "--vllm-command", vllm]
    return [*start, "--target", target, "--out", "grown", *more]


def dataset(shell: Shell, run: str = "grown") -> bytes:
    return (shell.folder / run / "dataset.jsonl").read_bytes()


def quiet(shell: Shell, target: int = 12, *more: object) -> bytes:
    """Return the dataset of the same run on a server of somebody else's."""
    names = ("plain", "tuned")
    with FaultServer(reply=reply, models=names) as server:
        start = ["run", "--seeds", "seeds.jsonl", "--config", "own.yaml", "--base-url", server.base_url, *more]
        assert shell(*start, "--model", "plain", "--target", target, "--out", "quiet").code == 0
    return dataset(shell, "quiet")


def header(shell: Shell, run: str = "grown") -> dict[str, str]:
    database = sqlite3.connect(shell.folder / run / "run.db")
    rows = dict(database.execute("SELECT name, value FROM header").fetchall())
    database.close()
    return rows


def notes(shell: Shell, run: str = "grown") -> str:
    database = sqlite3.connect(shell.folder / run / "run.db")
    rows = database.execute("SELECT kind || ': ' || text FROM notes ORDER BY seq").fetchall()
    database.close()
    return "\n".join(text for (text,) in rows)


def wait_for_records(shell: Shell, process: subprocess.Popen[str], count: int) -> None:
    path = shell.folder / "grown" / "dataset.jsonl"
    until = time.monotonic() + 30
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_run_reaches_its_target_and_leaves_nothing(shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-host")
    shown = shell(*words(vllm))
    assert shown.code == 0, shown.err
    assert "proving it by a generation" in shown.err
    assert "stopping vLLM" in shown.err
    assert len(pids(shell)) == PROCESSES
    assert all(map(is_gone, pids(shell)))
    assert (shell.folder / "grown" / "vllm.log").stat().st_size > 500
    assert dataset(shell) == quiet(shell)
    calls = (shell.folder / "calls").read_text()
    assert "/v1/chat/completions None" in calls
    assert "sk-of-another-host" not in calls
    kept = json.dumps(header(shell))
    assert "127.0.0.1" not in kept
    assert "OWN_SERVER_KEY" not in kept

    shown = shell(*words(vllm))  # at its target: nothing is started
    assert (shown.code, len(pids(shell))) == (0, PROCESSES)
    assert shell("resume", "grown").code == 0
    assert len(pids(shell)) == PROCESSES

    shown = shell("resume", "grown", "--target", 16)
    assert shown.code == 0, shown.err
    assert len(pids(shell)) == 2 * PROCESSES
    assert nothing_is_left(shell)
    assert dataset(shell).count(b"\n") == 16


def test_a_death_in_the_middle_costs_nothing(shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "reply,dies=12")
    monkeypatch.setattr(vllm_server, "FIRST_PAUSE_S", 0.1)
    shown = shell(*words(vllm))
    assert shown.code == 0, shown.err
    assert (shell.folder / "died").exists()
    assert len(pids(shell)) == 2 * PROCESSES
    assert all(map(is_gone, pids(shell)))
    assert dataset(shell) == quiet(shell)
    for sentence in ("vLLM died", "starting vLLM again", "vLLM is back after"):
        assert sentence in shown.err
        assert f"vllm: {sentence}" in notes(shell)


def test_a_death_for_good_ends_the_run_at_once(shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "reply,dies=12")
    shell.write("own.yaml", SETTINGS + "propose: {vllm: {restarts: 0}}\n")
    began = time.monotonic()
    shown = shell(*words(vllm))
    assert shown.code == 75, shown.err
    assert "vLLM is dead, and its restarts are used up" in shown.err
    assert time.monotonic() - began < 20  # and not after the patience that a server of somebody else's has
    assert all(map(is_gone, pids(shell)))
    shown = shell(*words(vllm))
    assert shown.code == 0, shown.err
    assert dataset(shell) == quiet(shell)


def test_killed_in_the_middle(shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"STAND_IN": "reply,slow=0.1"}
    process = own_process(shell.folder, *words(vllm), env=slow)
    wait_for_records(shell, process, 3)
    process.kill()
    process.communicate()
    assert len(pids(shell)) == PROCESSES
    assert nothing_is_left(shell)
    shown = shell("resume", "grown")
    assert shown.code == 0, shown.err
    assert all(map(is_gone, pids(shell)))
    assert dataset(shell) == quiet(shell)


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_stopped_while_the_model_loads(shell: Shell, vllm: Path, number: signal.Signals) -> None:
    process = own_process(shell.folder, *words(vllm), env={"STAND_IN": "reply,hang=4"})
    until = time.monotonic() + 20
    while len(pids(shell)) < PROCESSES and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGTERM), err
    assert "Traceback" not in err
    assert len(pids(shell)) == PROCESSES
    assert nothing_is_left(shell)
    shown = shell(*words(vllm))
    assert shown.code == 0, shown.err


@pytest.mark.slow
def test_a_model_moves_from_a_server_of_its_own_and_back(shell: Shell, vllm: Path) -> None:
    assert shell(*words(vllm, target=6)).code == 0
    with FaultServer(reply=reply, models=("plain",)) as server:
        shown = shell("resume", "grown", "--target", 9, "--base-url", server.base_url)
        assert shown.code == 0, shown.err
        assert len(pids(shell)) == PROCESSES
        assert server.base_url in header(shell)["config"]
    shown = shell(*words(vllm))
    assert shown.code == 0, shown.err
    assert len(pids(shell)) == 2 * PROCESSES
    assert "http" not in header(shell)["config"]
    assert dataset(shell) == quiet(shell)


def test_another_model_of_the_same_server_answers(shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "reply,also=tuned")
    shown = shell(*words(vllm, "--answer-model", "tuned", target=6))
    assert shown.code == 0, shown.err
    assert "127.0.0.1" not in json.dumps(header(shell))
    shown = shell("resume", "grown", "--target", 12)
    assert shown.code == 0, shown.err
    assert len(pids(shell)) == 2 * PROCESSES
    assert dataset(shell) == quiet(shell, 12, "--answer-model", "tuned")


@pytest.mark.slow
def test_another_server_of_its_own_answers(shell: Shell, vllm: Path) -> None:
    (vllm.parent / "plain").rename(vllm.parent / "tuned")
    install(vllm.parent)
    answers = f"vllm:{vllm.parent / 'tuned'}"
    shown = shell(*words(vllm, "--answer-model", answers, "--vllm-args", "--dtype auto"))
    assert shown.code == 0, shown.err
    assert len(pids(shell)) == 2 * PROCESSES
    assert all(map(is_gone, pids(shell)))
    logs = [(shell.folder / "grown" / name).read_text() for name in ("vllm.log", "vllm-answer.log")]
    assert all("--dtype auto" in log for log in logs)
    assert dataset(shell) == quiet(shell, 12, "--answer-model", "tuned")


def test_a_model_without_a_chat_template_completes(shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "reply,no_template")
    shown = shell(*words(vllm, target=4))
    assert shown.code == 0, shown.err
    assert "plain has no chat template: it is asked to complete texts" in shown.err
    assert "vllm: plain has no chat template" in notes(shell)  # said before there was a journal
    calls = (shell.folder / "calls").read_text().splitlines()
    assert calls[-1].startswith("/v1/completions ")
    assert sum(call.startswith("/v1/completions ") for call in calls) > 8


@pytest.mark.slow
def test_a_name_and_a_key_of_its_own(shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "reply,key=sk-mine")
    shown = shell(*words(vllm, "--vllm-args", "--api-key sk-mine --served-model-name small", target=4))
    assert shown.code == 0, shown.err
    assert "/v1/chat/completions Bearer sk-mine" in (shell.folder / "calls").read_text()
    config = json.loads(header(shell)["config"])
    assert (config["propose"]["model"], config["propose"]["endpoints"]) == ("plain", [])
    shown = shell("resume", "grown", "--target", 6)
    assert shown.code == 0, shown.err


@pytest.mark.slow
def test_a_failed_start_leaves_a_folder_for_the_next_one(
    shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "fail=option")
    shown = shell(*words(vllm, "--vllm-args", "--frobnicate 3"))
    assert shown.code == 78
    assert "vLLM does not know --frobnicate 3" in shown.err
    monkeypatch.setattr(vllm_server, "LOG_BYTES", 10)
    assert shell(*words(vllm, "--vllm-args", "--frobnicate 3")).code == 78
    assert (shell.folder / "grown" / "vllm.log.1").exists()
    monkeypatch.setenv("STAND_IN", "reply")
    shown = shell(*words(vllm, target=4))
    assert shown.code == 0, shown.err
    assert nothing_is_left(shell)


def test_one_that_hangs_is_started_again(shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_hang, "HANGS_S", 0.1)
    monkeypatch.setattr(vllm_server, "WATCH_S", 0.05)
    model = {"model": f"vllm:{vllm.parent / 'plain'}", "vllm": {"command": str(vllm)}}
    shell.write("hang.yaml", json.dumps({"seeds": ["seeds.jsonl"], "propose": model}))
    heard: list[str] = []
    run = RunDir(shell.folder / "grown")
    mine = serving.Serving(run, os.environ, lambda stage: None, lambda kind, sentence: heard.append(sentence))
    try:
        config = mine.start(gather(shell.folder / "hang.yaml", {}))
        hear = mine.hearer(config.propose)
        hear("slow", "it is slow")
        hear("watchdog", "no answer")
        hear("back", "it came back by itself")
        time.sleep(0.3)
        assert len(pids(shell)) == PROCESSES
        hear("watchdog", "no answer")
        hear("watchdog", "no answer yet")
        until = time.monotonic() + 20
        while not any("is back after" in sentence for sentence in heard) and time.monotonic() < until:
            time.sleep(0.02)
        assert len(pids(shell)) == 2 * PROCESSES
        assert [sentence for sentence in heard if "hangs" in sentence] == ["vLLM hangs; it is ended, and started again"]
        elsewhere = build({"propose": {"model": "plain", "base_url": "http://127.0.0.1:9/v1"}}, "test")
        mine.hearer(elsewhere.propose)("watchdog", "somebody else's hangs")
        time.sleep(0.3)
        assert len(pids(shell)) == 2 * PROCESSES
    finally:
        mine.close()
    assert all(map(is_gone, pids(shell)))


def test_until_counts_from_the_command_and_not_from_when_the_model_is_there(
    shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "reply,slow=0.4")
    real, shift = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + shift[0])

    def load_for_long(stage: object) -> None:
        shift[0] = 600.0

    model = {"model": f"vllm:{vllm.parent / 'plain'}", "vllm": {"command": str(vllm)}}
    until = time.strftime("%H:%M", time.localtime(real() + 120))
    settings = {"seeds": ["seeds.jsonl"], "propose": model, "limits": {"until": until}, "structured": "json_schema"}
    source = load_source(gather(shell.write("until.yaml", json.dumps(settings)), {}))
    with Session(RunDir(shell.folder / "grown"), source, os.environ, World(on_stage=load_for_long)) as session:
        assert session.work(lambda progress: None) is Cut.TIME
    assert nothing_is_left(shell)


def test_the_long_form_in_a_file(shell: Shell, vllm: Path) -> None:
    shell.write("long.yaml", "propose: {vllm: {model: bin/plain}}\n")
    config = gather(shell.folder / "long.yaml", {})
    assert (config.propose.model, config.propose.vllm.model) == ("plain", str(vllm.parent / "plain"))
    assert own_servers(config) == ["propose"]
    shell.write("long.yaml", "propose: {model: mine, vllm: {model: bin/plain}}\n")
    assert gather(shell.folder / "long.yaml", {}).propose.model == "mine"
