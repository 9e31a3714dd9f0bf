"""`selfgen serve` as a person sees it: stages, the address, the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfgen.models import vllm_server
from tests.cli.shell import Shell, own_process
from tests.cli.test_terminal import ANSI, on_a_terminal
from tests.vllm_stand_in import install, is_gone


@pytest.fixture
def vllm(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    vllm = install(shell.folder / "bin")
    monkeypatch.setenv("STAND_IN_FOLDER", str(shell.folder))
    yield vllm
    for pid in pids(shell):
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)


def pids(shell: Shell) -> list[int]:
    path = shell.folder / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def serving(shell: Shell, vllm: Path, *more: str) -> tuple[subprocess.Popen[str], str]:
    """Start `selfgen serve` and return it with the address that it printed."""
    process = own_process(shell.folder, "serve", vllm.parent / "plain", "--vllm-command", vllm, *more)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def said_until(process: subprocess.Popen[str], word: str) -> str:
    """Read what a process says on its second stream, up to the line with a word."""
    assert process.stderr is not None
    lines: list[str] = []
    while not lines or (lines[-1] and word not in lines[-1]):
        lines.append(process.stderr.readline())
    return "".join(lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_a_server_until_it_is_asked_to_stop(shell: Shell, vllm: Path, number: signal.Signals) -> None:
    process, address = serving(shell, vllm, "--name", "mine", "--vllm-args", "--dtype auto")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", address)
    with urllib.request.urlopen(f"{address}/models", timeout=5) as reply:
        assert b'"id": "mine"' in reply.read()
    err = said_until(process, "next: ")
    process.send_signal(number)
    out, more = process.communicate(timeout=30)
    err += more
    assert (process.returncode, out) == (0, ""), err
    assert "Traceback" not in err
    stages = re.findall(r"^\d\d:\d\d:\d\d  (.+)$", err, re.MULTILINE)
    assert stages[0] == "starting vLLM"
    assert stages[-1] == "proving it by a generation"
    assert f"next: selfgen run --seeds general_en --base-url {address} --model mine" in err
    assert "nothing of it is left" in err
    assert len(pids(shell)) == 3
    assert all(map(is_gone, pids(shell)))
    assert "--dtype auto" in (shell.folder / "vllm.log").read_text()


def test_a_terminal_shows_one_moving_line(shell: Shell, vllm: Path) -> None:
    words = ["serve", str(vllm.parent / "plain"), "--vllm-command", str(vllm), "--log", "logs/one.log"]
    code, written = on_a_terminal(shell.folder, words, STAND_IN="fail=killed", STAND_IN_FOLDER=str(shell.folder))
    assert code == 69
    shown = ANSI.sub("", written)
    assert re.search(r"[\u2800-\u28ff] starting vLLM", shown)
    assert "vLLM was killed by signal 9" in shown
    assert (shell.folder / "logs" / "one.log").exists()


def test_a_start_that_fails(shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = vllm.parent / "plain"
    monkeypatch.setenv("STAND_IN", "fail=option")
    shown = shell("serve", plain, "--vllm-command", vllm, "--vllm-args", "--frobnicate 3")
    assert shown.code == 78
    assert "error: vLLM does not know --frobnicate 3" in shown.err
    assert "Its log: " in shown.err
    assert shown.out == ""
    assert all(map(is_gone, pids(shell)))


def test_what_needs_no_start_to_be_refused(shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = vllm.parent / "plain"
    monkeypatch.setenv("PATH", str(shell.folder))
    for code, words, said in (
        (69, [plain], "pip install vllm"),
        (78, [plain, "--vllm-command", "nowhere/vllm"], "nowhere/vllm is no executable"),
        (78, ["./nowhere", "--vllm-command", vllm], "there is no model at './nowhere'"),
        (78, ["vllm:./nowhere", "--vllm-command", vllm], "there is no model at './nowhere'"),
        (64, [plain, "--vllm-args", "--a 'b"], "no closing quotation"),
        (64, [plain, "--port", "70000"], "65535"),
        (64, [], "model"),
    ):
        shown = shell("serve", *words)
        assert shown.code == code, shown.err
        assert said in shown.err
    assert pids(shell) == []


def test_a_server_that_does_not_come_back_ends_the_command(
    shell: Shell, vllm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "die")
    monkeypatch.setattr(vllm_server, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(vllm_server, "WATCH_S", 0.02)
    shown = shell("serve", vllm.parent / "plain", "--vllm-command", vllm)
    assert shown.code == 69
    assert shown.out.startswith("http://127.0.0.1:")
    assert "starting vLLM again on port" in shown.err
    assert "(3 of 3 restarts)" in shown.err
    assert "its 3 restarts are used up" in shown.err
    assert "error: vLLM does not come back" in shown.err
    assert len(pids(shell)) == 3 * 4
    assert all(map(is_gone, pids(shell)))
