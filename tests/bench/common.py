"""What benches share: the slot server as a process, seeds of any number, runs as child processes, plain tables."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.slot_server import words

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def slot_server(slots: int, mean_ms: float, sigma: float) -> Iterator[str]:
    """Run the server in a process of its own; yields its base URL."""
    command = [sys.executable, "-m", "tests.bench.slot_server", "--slots", str(slots)]
    command += ["--mean-ms", str(mean_ms), "--sigma", str(sigma)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


def stats(base_url: str) -> dict[str, float]:
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/stats") as reply:
        return dict(json.load(reply))


def stats_of(base_urls: Sequence[str]) -> dict[str, float]:
    """Return the stats of several servers as if they were one; `now` is the mean of their clocks."""
    each = [stats(base_url) for base_url in base_urls]
    return {name: sum(one[name] for one in each) / (len(each) if name == "now" else 1) for name in each[0]}


def watch(
    process: subprocess.Popen[str], base_urls: str | Sequence[str], enough: float = math.inf
) -> list[dict[str, float]]:
    """Ask for the servers' stats ten times a second, until a process ends or so many calls more have been served."""
    urls = [base_urls] if isinstance(base_urls, str) else base_urls
    samples = [stats_of(urls)]
    before = samples[0]["served"]
    while is_running(process) and samples[-1]["served"] - before < enough:
        time.sleep(0.1)
        samples.append(stats_of(urls))
    return [sample | {"served": sample["served"] - before} for sample in samples]


def middle(samples: Sequence[dict[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the samples where a fifth and where four fifths of all calls had been served."""
    served = samples[-1]["served"]
    first, last = (next(each for each in samples if each["served"] >= served * part / 5) for part in (1, 4))
    return first, last


def write_seeds(path: Path, count: int) -> None:
    """Write seeds of Zipfian words, all new to one another."""
    chance = random.Random(11)
    with path.open("w") as file:
        for number in range(count):
            task = {
                "instruction": f"Explain {words(chance, 9 + number % 7)}.",
                "input": "",
                "output": words(chance, 30),
            }
            file.write(json.dumps(task) + "\n")


@dataclass(frozen=True)
class Done:
    """A finished run: processor seconds of the child (user and system), wall seconds, its output."""

    cpu_s: float
    wall_s: float
    output: str


def start_selfgen(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "selfgen", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
    )


def is_running(process: subprocess.Popen[str]) -> bool:
    """Tell whether a child runs, without taking its exit status: `wait` wants what it used."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def wait(process: subprocess.Popen[str], started: float, status: int = 0) -> Done:
    assert process.stdout is not None
    output = process.stdout.read()
    _, ended, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(ended)
    assert process.returncode == status, output
    return Done(usage.ru_utime + usage.ru_stime, time.monotonic() - started, output)


def selfgen(*arguments: object) -> Done:
    started = time.monotonic()
    return wait(start_selfgen(*arguments), started)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    print(title)
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row) + " |")


def count_events(run: Path) -> dict[str, int]:
    import sqlite3

    database = sqlite3.connect(run / "run.db")
    found = dict(database.execute("SELECT kind, count(*) FROM events GROUP BY kind"))
    database.close()
    return found
