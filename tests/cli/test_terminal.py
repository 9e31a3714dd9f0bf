"""Where output goes: pipes that close, terminals that are narrow, have no colour, speak another code, or are gone."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.cli.shell import SETTINGS, Shell, clean_environment, own_process
from tests.fault_server import FaultServer
from tests.stand_in import reply

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COLUMNS = 60


def typed(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Have bash run a command, in which `selfgen` is this one."""
    selfgen = f'selfgen() {{ {sys.executable} -m selfgen "$@"; }}; '
    return subprocess.run(
        ["bash", "-c", selfgen + command], cwd=folder, capture_output=True, text=True, timeout=60,
        env=clean_environment() | env,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(finished: Path) -> Path:
    return finished.parent


@pytest.mark.parametrize(
    "command",
    ["show grown -n 1000", "export grown --out -", "why grown t00000.0"],
)
def test_a_reader_may_leave(folder: Path, command: str) -> None:
    done = typed(f"selfgen {command} | head -1; echo ${{PIPESTATUS[@]}}", folder)
    assert done.stdout.splitlines()[1:] == ["0 0"]
    assert "rror" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_a_closed_stream_and_another_code(folder: Path) -> None:
    done = typed(
        "selfgen show grown > /dev/full; echo $?; selfgen show grown -n 1 >&-; echo $?;"
        "selfgen show grown 2>&- | tail -1;"
        "mkdir -p 运行; cp -r grown/* 运行; PYTHONUTF8=0 PYTHONIOENCODING=ascii selfgen status 运行; echo $?",
        folder,
    )
    shutil.rmtree(folder / "运行")
    assert done.stdout.splitlines()[:3] == ["74", "0", "10 of 40 records"]
    assert done.stdout.splitlines()[-1] == "0"
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_streams_are_apart_and_without_colour(shell: Shell, server: FaultServer, grown: str) -> None:
    shown = shell("show", grown, "-n", 1)
    assert "next: " not in shown.out
    assert "next: " in shown.err
    shown = shell.run(server, target=5, out="other")
    assert "similarity: " in shown.err
    assert "similarity: " not in shown.out
    assert "\x1b" not in shown.all


def test_log_lines_where_there_is_no_terminal(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfgen.cli.live.LOG_EVERY_S", 0.0)
    with FaultServer(reply=reply, latency_s=0.01) as server:
        shown = shell.run(server)
    lines = [line for line in shown.err.splitlines() if "  ETA " in line]
    assert lines
    assert all(re.match(r"\d\d:\d\d:\d\d  kept \d+/12 \(\d+%\)  rate ", line) for line in lines)


def chinese(body: dict[str, Any]) -> str:
    """Answer as the stand-in does, with instructions that begin with fifty cells of Chinese."""
    return reply(body).replace('"instruction": "', '"instruction": "给住在很远很远的地方的一位老朋友和他的家人写信 ')


def on_a_terminal(folder: Path, words: list[str], **env: str) -> tuple[int, str]:
    """Run a command on a terminal of COLUMNS by 24 and return its exit code and every byte that it wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-m", "selfgen", *words], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
        env=clean_environment() | {"TERM": "xterm-256color"} | env,
    )  # fmt: skip
    os.close(theirs)
    written = bytearray()
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    return child.wait(timeout=30), written.decode()


@pytest.mark.parametrize("no_colour", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_narrow_terminal_shows_a_panel(shell: Shell, no_colour: bool) -> None:
    shell.write("settings.yaml", SETTINGS + "filters: {language: false, answer_language: false, rouge: false}\n")
    with FaultServer(reply=chinese, latency_s=0.08) as server:
        words = shell.command(server, "--concurrency", 4)
        code, written = on_a_terminal(shell.folder, words, **({"NO_COLOR": "1"} if no_colour else {}))
    assert code == 0, written
    panel = written[: written.index("the target is reached")]
    frames = [frame for frame in re.split(r"(?=grown   self-instruct)", panel) if "acceptance now" in frame]
    assert len(frames) > 2
    lines = [ANSI.sub("", line) for frame in frames for line in re.split(r"[\r\n]+", frame)]
    assert max(map(cell_len, lines)) <= COLUMNS
    last = [line for line in lines if line.startswith("last ") and "很远" in line]
    assert last
    assert max(map(cell_len, last)) > COLUMNS - 3
    assert any(re.search(r"\d+ of 12 records", line) for line in lines)
    colours = [mark for mark in COLOUR.findall(written) if re.search(r"\[(?:\d+;)*[349][0-7]", mark)]
    assert bool(colours) is not no_colour


def test_a_run_outlives_its_terminal(shell: Shell) -> None:
    with FaultServer(reply=reply, latency_s=0.05) as server:
        child = own_process(shell.folder, *shell.command(server, "--max-calls", 40, target=5000))
        assert child.stdout is not None
        assert child.stderr is not None
        child.stderr.readline()
        child.stdout.close()
        child.stderr.close()
        assert child.wait(timeout=30) == 10
    assert "ended: budget" in shell("status", "grown").out
