"""Whole runs against a real loopback server: the same bytes whatever the concurrency, the faults and the kills, and no
acknowledged reply asked for twice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fault_server import FaultServer
from tests.stand_in import reply

ROOT = Path(__file__).resolve().parent.parent.parent
TOPICS = ("gardens", "bridges", "old maps of Peru", "bees", "clocks and how they tick", "snow", "tea", "chess")
SEEDS = [f'{{"instruction": "Tell me about {topic} in one sentence.", "output": "It is {topic}."}}' for topic in TOPICS]
FAULTS = ("429", "500", "503", "reset", "cut", "html", "hang")
TARGET = 60


def command(out: Path, base_url: str, *more: object, target: int = TARGET) -> list[str]:
    seeds = out.parent / "seeds.jsonl"
    seeds.write_text("\n".join(SEEDS))
    config = out.parent / "config.yaml"
    config.write_text("calls: {timeout_s: 2, idle_timeout_s: 1, send_seed: 'on'}\nstructured: json_schema\n")
    arguments = ["run", "--seeds", seeds, "--config", config, "--base-url", base_url, "--model", "tiny"]
    return [sys.executable, "-m", "selfgen", *map(str, [*arguments, "--target", target, "--out", out, *more])]


def run(arguments: list[str]) -> str:
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def derived(out: Path) -> tuple[bytes, bytes]:
    return (out / "dataset.jsonl").read_bytes(), (out / "rejected.jsonl").read_bytes()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    out = tmp_path_factory.mktemp("quiet") / "run"
    with FaultServer(reply=reply) as server:
        run(command(out, server.base_url))
    dataset, rejected = derived(out)
    assert dataset.count(b"\n") == TARGET
    assert b"near_duplicate" in rejected
    return dataset, rejected


@pytest.mark.parametrize("concurrency", [1, pytest.param(16, marks=pytest.mark.slow), 128])
def test_the_same_bytes_at_any_concurrency(tmp_path: Path, quiet: tuple[bytes, bytes], concurrency: int) -> None:
    out = tmp_path / "run"
    with FaultServer(reply=reply, latency_s=0.004, sigma=1.2, seed=concurrency) as server:
        run(command(out, server.base_url, "--concurrency", concurrency))
    assert derived(out) == quiet


def test_the_same_bytes_with_a_fifth_of_faults(tmp_path: Path, quiet: tuple[bytes, bytes]) -> None:
    out = tmp_path / "run"
    with FaultServer(reply=reply, faults=0.2, kinds=FAULTS) as server:
        run(command(out, server.base_url))
        assert sum(server.met.values()) > 20
        assert acknowledged_once(out, server)
    assert derived(out) == quiet


def acknowledged_once(out: Path, server: FaultServer) -> bool:
    """No body was answered in full more often than it is in the journal, except those whose run was cut meanwhile."""
    database = sqlite3.connect(out / "run.db")
    journaled = database.execute("SELECT count(*) FROM events WHERE kind = 'answered'").fetchone()[0]
    database.close()
    assert len(server.answered) >= journaled > TARGET
    return max(server.answered.values()) == 1


def durable_texts(out: Path) -> set[str]:
    """Return the replies in the journal, as a reader sees them."""
    if not (out / "run.db").exists():
        return set()
    database = sqlite3.connect(out / "run.db")
    rows = database.execute("SELECT json_extract(body, '$.text') FROM events WHERE kind = 'answered'").fetchall()
    database.close()
    return {text for (text,) in rows}


def kill_and_resume(tmp_path: Path, kills: int, quiet: tuple[bytes, bytes]) -> None:
    """Kill at random moments and continue with the same command: what was durable is never served again."""
    out, chance = tmp_path / "run", random.Random(kills)
    served: list[str] = []
    cuts: list[tuple[int, set[str]]] = []
    hits = 0

    def note(body: dict[str, Any]) -> str:
        served.append(reply(body))
        return served[-1]

    # Slow enough that the run is still at work when the last kill comes.
    latency_s = 0.005 * kills + 0.02
    with FaultServer(reply=note, latency_s=latency_s, sigma=0.8, faults=0.05, kinds=("429", "500", "reset")) as server:
        arguments = command(out, server.base_url, "--concurrency", 4)
        for _ in range(kills):
            with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
                wait_for_work(server, child)
                time.sleep(chance.uniform(0.0, 0.15))
                child.send_signal(signal.SIGKILL)
                hits += child.wait() == -signal.SIGKILL
            cuts.append((len(served), durable_texts(out)))
        run(arguments)
    assert hits == kills, "a kill came when the run was over"
    assert len(cuts[-1][1]) > 10
    for served_before, durable in cuts:
        assert not durable & set(served[served_before:]), "a durable reply was asked for again"
    assert derived(out) == quiet


def wait_for_work(server: FaultServer, child: subprocess.Popen[Any]) -> None:
    """Wait until the child has had more answers than its look at the server takes, a long one at first and a short one
    later, so that every kill hits it at work."""
    already, until = sum(server.answered.values()), time.monotonic() + 20
    wanted = already + (3 if already else 10)
    while sum(server.answered.values()) < wanted and time.monotonic() < until and child.poll() is None:
        time.sleep(0.005)


def test_killed_thrice_it_ends_with_the_same_bytes(tmp_path: Path, quiet: tuple[bytes, bytes]) -> None:
    kill_and_resume(tmp_path, 3, quiet)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_twenty_times_it_ends_with_the_same_bytes(tmp_path: Path, quiet: tuple[bytes, bytes]) -> None:
    kill_and_resume(tmp_path, 20, quiet)


def test_an_interrupted_run_drains_and_continues(tmp_path: Path, quiet: tuple[bytes, bytes]) -> None:
    out = tmp_path / "run"
    with FaultServer(reply=reply, latency_s=0.05) as server:
        arguments = command(out, server.base_url, "--concurrency", 4)
        with subprocess.Popen(
            arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as child:
            wait_for_work(server, child)
            child.send_signal(signal.SIGINT)
            output, _ = child.communicate(timeout=30)
        assert child.returncode == 130, output
        assert "interrupted, nothing is lost" in output
        asked = len(server.asked)
        assert all(count == 1 for count in server.answered.values())
        run(arguments)
        assert len(server.asked) > asked
        assert all(count == 1 for count in server.answered.values())
    assert derived(out) == quiet


@pytest.mark.slow
def test_a_larger_target_keeps_the_beginning(tmp_path: Path, quiet: tuple[bytes, bytes]) -> None:
    out = tmp_path / "run"
    with FaultServer(reply=reply) as server:
        run(command(out, server.base_url, target=20))
        first = derived(out)[0]
        assert first.count(b"\n") == 20
        run(command(out, server.base_url))
        assert all(count == 1 for count in server.answered.values())
    assert derived(out) == quiet
    assert quiet[0].startswith(first)


def test_the_key_is_nowhere_in_the_run_folder(tmp_path: Path) -> None:
    out, canary = tmp_path / "run", "sk-CANARY-0123456789abcdef"
    with FaultServer(reply=reply, key=canary, faults=0.1, kinds=("401", "500")) as server:
        done = subprocess.run(
            command(out, server.base_url, target=5), cwd=ROOT, capture_output=True, timeout=100,
            env=os.environ | {"OPENAI_API_KEY": canary},
        )  # fmt: skip
    assert done.returncode in (0, 77), done.stderr
    files = [path.read_bytes() for path in out.rglob("*") if path.is_file()] if out.exists() else []
    assert not any(b"CANARY" in data for data in [done.stdout, done.stderr, *files])
