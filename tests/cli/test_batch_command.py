"""Runs over batches from the command line: submitted, left alone, come back for, and never paid for twice."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfgen.store.live import look
from selfgen.store.run_dir import RunDir
from tests.batch_server import BatchServer
from tests.cli.shell import Shell, Shown, own_process
from tests.fault_server import FaultServer
from tests.stand_in import reply
from tests.vllm_stand_in import install, is_gone

SETTINGS = """calls: {timeout_s: 5, idle_timeout_s: 5, send_seed: 'on', batch_poll_s: 0.02, batch_size: 30}
structured: json_schema
"""
LONG = 10**6


@pytest.fixture
def service(shell: Shell) -> Iterator[BatchServer]:
    shell.write("batch.yaml", SETTINGS)
    with BatchServer(reply) as service:
        yield service


@pytest.fixture
def vllm(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    shell.write("batch.yaml", SETTINGS)
    monkeypatch.setenv("STAND_IN_FOLDER", str(shell.folder))
    yield install(shell.folder / "bin")
    for pid in pids(shell):
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)


def pids(shell: Shell) -> list[int]:
    path = shell.folder / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def words(place: str, *more: object, target: int = 12, out: str = "grown", model: str = "tiny") -> list[object]:
    start = ["run", "--seeds", "seeds.jsonl", "--config", "batch.yaml", "--base-url", place, "--model", model]
    return [*start, "--target", target, "--out", out, *more]


def submit(shell: Shell, service: BatchServer, *more: object, target: int = 12) -> Shown:
    return shell(*words(service.base_url, "--executor", "batch", *more, target=target))


def dataset(shell: Shell, run: str = "grown") -> bytes:
    return (shell.folder / run / "dataset.jsonl").read_bytes()


def streamed(shell: Shell, *more: object, model: str = "tiny", target: int = 12) -> bytes:
    """Return the dataset of the same run over single calls."""
    with FaultServer(reply=reply, models=("tiny", "large", "plain")) as server:
        shown = shell(*words(server.base_url, *more, out="streamed", model=model, target=target))
    assert shown.code == 0, shown.err
    return dataset(shell, "streamed")


def bring_home(service: BatchServer) -> None:
    for batch in service.batches.values():
        batch["looks"] = 0


def paid_once(service: BatchServer) -> bool:
    return len(service.paid) > 20 and set(service.paid.values()) == {1}


def test_a_run_over_batches(shell: Shell, service: BatchServer) -> None:
    shown = submit(shell, service)
    assert shown.code == 0, shown.err
    assert len(service.batches) > 2
    assert paid_once(service)
    assert "servers are back" not in shown.err  # they were never in trouble
    assert dataset(shell) == streamed(shell)
    assert not (shell.folder / "grown" / "batches").exists()
    made = len(service.batches)
    assert submit(shell, service).code == 0  # at its target: nothing is asked of anybody
    assert len(service.batches) == made


def test_submitted_and_come_back_for(shell: Shell, service: BatchServer) -> None:
    service.looks = LONG
    shown = submit(shell, service, "--no-wait")
    assert shown.code == 75, shown.err
    assert "submitted; the same command comes back for the results: 0 records" in shown.out
    assert "next: selfgen resume grown" in shown.err
    assert len(service.batches) > 0
    made = len(service.batches)
    shown = submit(shell, service, "--no-wait")
    assert (shown.code, len(service.batches)) == (75, made)  # nothing is home, nothing is submitted twice
    visits = 0
    while shown.code == 75:
        visits += 1
        assert visits < 50
        bring_home(service)
        shown = submit(shell, service, "--no-wait") if visits % 2 else shell("resume", "grown", "--no-wait")
    assert shown.code == 0, shown.err
    assert visits > 1
    assert paid_once(service)
    assert dataset(shell) == streamed(shell)


def test_no_stream_while_batches_are_out(shell: Shell, service: BatchServer, vllm: Path) -> None:
    service.looks = LONG
    assert submit(shell, service, "--no-wait").code == 75
    before = sum(service.asked.values())
    (vllm.parent / "plain").rename(vllm.parent / "tiny")
    own = ["run", "--seeds", "seeds.jsonl", "--config", "batch.yaml", "--model", f"vllm:{vllm.parent / 'tiny'}"]
    for again in (
        words(service.base_url),
        ["resume", "grown", "--executor", "stream"],
        [*own, "--vllm-command", vllm, "--target", 12, "--out", "grown"],
    ):
        shown = shell(*again)
        assert shown.code == 64, shown.err
        assert "calls of this run are with a batch service" in shown.err
        assert service.base_url in shown.err
        assert "--executor batch" in shown.err
    assert sum(service.asked.values()) == before  # found out before anybody is asked, or started
    assert pids(shell) == []
    bring_home(service)
    service.looks = 0
    shown = shell("resume", "grown")
    assert shown.code == 0, shown.err
    assert paid_once(service)


@pytest.mark.slow
def test_batches_at_another_service_are_waited_for_where_they_are(shell: Shell, service: BatchServer) -> None:
    service.looks = LONG
    assert submit(shell, service, "--no-wait").code == 75
    with BatchServer(reply) as other:
        shown = submit(shell, other)
        assert shown.code == 78
        assert service.base_url in shown.err
        assert other.batches == {}
    bring_home(service)
    service.looks = 0
    assert submit(shell, service).code == 0
    assert paid_once(service)


@pytest.mark.slow
def test_two_models_have_batches_of_their_own(shell: Shell, service: BatchServer) -> None:
    service.names = ("tiny", "large")
    shown = submit(shell, service, "--answer-model", "large")
    assert shown.code == 0, shown.err
    assert {"tiny"} in service.models
    assert {"large"} in service.models
    assert all(len(models) == 1 for models in service.models)
    assert dataset(shell) == streamed(shell, "--answer-model", "large")


def test_a_budget_of_calls_holds(shell: Shell, service: BatchServer) -> None:
    shown = submit(shell, service, "--max-calls", 15, target=40)
    assert shown.code == 10, shown.err
    assert sum(service.paid.values()) <= 15
    assert "--max-calls N" in shown.err
    shown = submit(shell, service, "--max-calls", 1000, target=40)
    assert shown.code == 0, shown.err
    assert paid_once(service)
    assert dataset(shell) == streamed(shell, target=40)


@pytest.mark.parametrize(("fate", "code", "said"), [("unpaid", 75, "account is empty"), ("failed", 78, "was refused")])
def test_a_service_that_will_not(shell: Shell, service: BatchServer, fate: str, code: int, said: str) -> None:
    service.fates.append(fate)
    shown = submit(shell, service)
    assert (shown.code, said in shown.err) == (code, True), shown.err
    assert service.paid == {}
    shown = submit(shell, service)
    assert shown.code == 0, shown.err
    assert paid_once(service)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--model", "mock"], "batches go to one service, and mock is no service"),
        (["--model", "tiny", "--base-url", "http://a:9/v1", "--base-url", "http://b:8/v1"], "tiny has 2 addresses"),
    ],
)
def test_what_takes_no_batches_is_told_before_anything_is_made(shell: Shell, more: list[str], said: str) -> None:
    shown = shell("run", "--seeds", "seeds.jsonl", "--executor", "batch", "--out", "grown", *more)
    assert shown.code == 78
    assert said in shown.err
    assert not (shell.folder / "grown").exists()


@pytest.mark.slow
def test_looking_in_and_interrupting(shell: Shell, service: BatchServer) -> None:
    service.looks = LONG
    process = own_process(shell.folder, *words(service.base_url, "--executor", "batch"))
    try:
        run, until = RunDir(shell.folder / "grown"), time.monotonic() + 30
        while not ((live := look(run).news) and any("in_progress" in state for state in live.states)):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)
        shown = shell("status", "grown")
        assert shown.code == 0
        assert "! batch of " in shown.out
        assert "in_progress for" in shown.out
        seen = json.loads(shell("status", "grown", "--json").out)
        assert (seen["at_work"], seen["lanes"]) == (True, [])
        shown = shell("set", "grown", "concurrency=4")
        assert shown.code != 0
        assert "cannot be changed" in shown.err
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == 75, err
    assert "submitted; the same command comes back for the results" in out
    bring_home(service)
    service.looks = 0
    assert submit(shell, service).code == 0
    assert paid_once(service)


def run_batch(vllm: Path, *more: object) -> list[object]:
    model = f"vllm:{vllm.parent / 'plain'}"
    start = ["run", "--seeds", "seeds.jsonl", "--config", "batch.yaml", "--model", model, "--vllm-command", vllm]
    return [*start, "--executor", "batch", "--target", 6, "--out", "grown", *more]


def test_files_for_a_vllm_of_its_own(shell: Shell, vllm: Path) -> None:
    shown = shell(*run_batch(vllm))
    assert shown.code == 0, shown.err
    assert len(pids(shell)) >= 6
    assert all(map(is_gone, pids(shell)))
    assert dataset(shell) == streamed(shell, model="plain", target=6)
    assert "run-batch" in (shell.folder / "grown" / "vllm.log").read_text()
    assert "127.0.0.1" not in (shell.folder / "grown" / "run.db").read_bytes().decode("latin-1")


@pytest.mark.slow
def test_files_for_two_models_of_its_own(shell: Shell, vllm: Path) -> None:
    (vllm.parent / "plain").rename(vllm.parent / "large")
    install(vllm.parent)
    shown = shell(*run_batch(vllm, "--answer-model", f"vllm:{vllm.parent / 'large'}"))
    assert shown.code == 0, shown.err
    logs = [(shell.folder / "grown" / name).read_text() for name in ("vllm.log", "vllm-answer.log")]
    assert ["plain" in logs[0], "large" in logs[1], "large" in logs[0]] == [True, True, False]


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_files_for_a_vllm_that_is_cut_off(shell: Shell, vllm: Path, number: signal.Signals) -> None:
    process = own_process(shell.folder, *run_batch(vllm), env={"STAND_IN": "slow=0.2"})
    until = time.monotonic() + 20
    while len(pids(shell)) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), err
    until = time.monotonic() + 20
    while not all(map(is_gone, pids(shell))) and time.monotonic() < until:
        time.sleep(0.02)
    assert all(map(is_gone, pids(shell)))
    shown = shell("resume", "grown")
    assert shown.code == 0, shown.err
    assert dataset(shell) == streamed(shell, model="plain", target=6)
