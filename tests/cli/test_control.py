"""Speaking to a run at work, from another process: looking in, changing, stopping; signals; telling elsewhere."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfgen.store.live import look
from selfgen.store.run_dir import RunDir
from tests.cli.shell import Shell, clean_environment, own_process
from tests.webhooks.ear import SECRET, listening

SLOW = "propose: {model: mock, options: {latency_s: %s}}\ncalls: {concurrency: 8}\n%s\n"
RUN = ("run", "--seeds", "seeds.jsonl", "--config", "slow.yaml", "--lang", "en", "--out", "grown")


@contextmanager
def at_work(
    shell: Shell, *more: object, latency_s: float = 0.05, kept: int = 0, target: int = 100_000
) -> Iterator[subprocess.Popen[str]]:
    """A run in a process of its own that has said something, with at least so many records."""
    shell.write("slow.yaml", SLOW % (latency_s, ""))
    child = own_process(shell.folder, *RUN, "--target", target, *more)
    try:
        await_record(shell, child, kept)
        yield child
        child.wait(timeout=20)
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def await_record(shell: Shell, child: subprocess.Popen[str], kept: int) -> None:
    run = RunDir(shell.folder / "grown")
    deadline = time.monotonic() + 60
    while not ((live := look(run).news) and live.kept >= kept):
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline, "nothing is said"
        time.sleep(0.02)


def files(shell: Shell) -> set[str]:
    return {path.name for path in (shell.folder / "grown").iterdir() if path.name.endswith(".json")}


def test_looking_in_setting_and_stopping(shell: Shell) -> None:
    with at_work(shell, kept=5) as child:
        shown = shell("status", "grown")
        assert f"at work: process {child.pid} on" in shown.out
        assert "of 100,000 records" in shown.out
        assert "running 0:0" in shown.out
        (line,) = shell("status", "grown", "--json").out.splitlines()
        said = json.loads(line)
        assert (said["at_work"], said["target"], said["run"]) == (True, 100_000, "grown")
        assert said["kept"] >= 5
        shown = shell("set", "grown", "concurrency=2", "max_calls=50000")
        assert shown.out == "grown: concurrency=2, max_calls=50000\n", shown.err
        refused = shell("set", "grown", "concurrency=9999")
        assert refused.code == 64
        assert "max_concurrency" in refused.err
        shell.write("grown/control.json", "[" * 5000)
        shown = shell("stop", "grown")
        assert shown.code == 0
        assert "stopped: " in shown.out
        assert "next: selfgen resume grown" in shown.err
    assert child.returncode == 130
    assert files(shell) == set()
    shown = shell("status", "grown")
    assert "control: asked to stop" in shown.out
    assert "not at work" in shown.out
    assert shell("verify", "grown").code == 0


def test_a_target_set_while_at_work_is_where_the_run_ends(shell: Shell) -> None:
    with at_work(shell, latency_s=0.1, kept=1) as child:
        target = 150 + json.loads(shell("status", "grown", "--json").out)["kept"]
        assert shell("set", "grown", f"target={target}").code == 0
        child.wait(timeout=30)
    assert child.returncode == 0
    rows = (shell.folder / "grown" / "dataset.jsonl").read_bytes()
    assert rows.count(b"\n") == target
    assert f"{target} of {target} records" in shell("status", "grown").out
    assert shell("verify", "grown").code == 0
    again = shell(*RUN, "--target", target + 10)
    assert again.code == 0, again.all
    assert (shell.folder / "grown" / "dataset.jsonl").read_bytes().startswith(rows)


def test_stop_now_does_not_wait_for_anybody_and_a_watcher_sees_the_end(shell: Shell) -> None:
    with at_work(shell, latency_s=500) as child:
        watcher = own_process(shell.folder, "status", "grown", "--watch", "--json")
        assert watcher.stdout is not None
        first = json.loads(watcher.stdout.readline())
        assert shell("stop", "grown", "--no-wait").code == 0
        assert child.poll() is None, "calls in flight are waited for"
        assert "no new calls" in shell("status", "grown").out
        assert shell("stop", "grown", "--now").code == 0
        rest = [json.loads(line) for line in watcher.communicate(timeout=20)[0].splitlines()]
    assert child.returncode == 130
    assert files(shell) == set()
    assert (first["at_work"], rest[-1]["at_work"], watcher.returncode) == (True, False, 0)


def test_nobody_at_work(shell: Shell, grown: str) -> None:
    shown = shell("stop", grown)
    assert (shown.code, shown.out) == (0, "grown is not at work; there is nothing to stop\n")
    shown = shell("set", grown, "target=50")
    assert shown.code == 64
    assert "selfgen resume grown" in shown.err
    shown = shell("set", grown, "temperature=2")
    assert shown.code == 64
    assert "concurrency" in shown.err
    assert "max_cost" in shown.err
    shown = shell("status", grown, "--watch")
    assert "40 of 40 records" in shown.out
    said = json.loads(shell("status", grown, "--watch", "--json").out)
    assert (said["at_work"], said["kept"], said["ended"]) == (False, 40, "the target is reached")
    assert shell("stop", "nowhere").code == 64


@pytest.mark.parametrize("second", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_first_signal_drains_and_a_second_leaves_at_once(shell: Shell, second: int) -> None:
    with at_work(shell, latency_s=500) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        child.stderr.close()
        child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 20
        while not ((live := look(RunDir(shell.folder / "grown")).news) and live.draining):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert child.poll() is None, "calls in flight are waited for"
        child.send_signal(second)
        assert child.wait(timeout=15) == 130
    assert "ended: interrupted" in shell("status", "grown").out


def test_a_run_outlives_the_terminal_that_it_was_started_on(shell: Shell) -> None:
    shell.write("slow.yaml", SLOW % (0.05, ""))
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "selfgen", *RUN, "--target", "40"], cwd=shell.folder, stdin=theirs, stdout=theirs,
        stderr=theirs, env=clean_environment() | {"TERM": "xterm"}, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    run = RunDir(shell.folder / "grown")
    while not look(run).news:
        os.read(ours, 65536)
    os.close(ours)  # the kernel sends SIGHUP, and every write fails from now on
    assert child.wait(timeout=30) == 0
    shown = shell("status", "grown").out
    assert "hangup: the terminal was closed" in shown
    assert "40 of 40 records" in shown


def test_a_finished_run_is_told_elsewhere_and_no_secret_shows(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as ear:
        monkeypatch.setenv("HOOK", ear.url)
        monkeypatch.setenv("NOBODY", f"http://127.0.0.1:9/{SECRET}")
        shell.write("slow.yaml", SLOW % (0, "webhooks: [{url_env: HOOK}, {url_env: NOBODY}, {url_env: UNSET}]"))
        shown = shell(*RUN, "--target", 10)
        assert shown.code == 0
        ((_, body, _),) = ear.heard
        message = json.loads(body)
        assert message["title"] == "selfgen: run grown is done"
        assert message["numbers"]["records"] == 10
        story = shell("status", "grown").out
        test = shell("notify", "--config", "slow.yaml")
        assert test.code == 69
        assert "HOOK (127.0.0.1): sent" in test.out
        assert "NOBODY (127.0.0.1): connection refused" in test.out
        assert "UNSET: the environment variable is not set" in test.out
        assert "2 of 3 webhooks" in test.err
        assert json.loads(ear.heard[-1][1])["event"] == "test"
    assert "webhook: NOBODY (127.0.0.1) was not told of 'done': connection refused" in story
    assert SECRET not in shown.all + story + test.all
    assert all(SECRET.encode() not in path.read_bytes() for path in Path("grown").rglob("*") if path.is_file())


def test_a_configuration_without_webhooks(shell: Shell) -> None:
    shown = shell("notify", "--config", "settings.yaml")
    assert shown.code == 78
    assert "webhooks: [{url_env: " in shown.err
