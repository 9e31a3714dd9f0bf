"""Real vLLM servers for tests that need one: started, hurt, and gone again. Linux only, as vLLM is.

Needs SELFGEN_TEST_VLLM (a vllm executable) and SELFGEN_TEST_MODEL (the folder of a small chat model).
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VLLM, MODEL = os.environ.get("SELFGEN_TEST_VLLM", ""), os.environ.get("SELFGEN_TEST_MODEL", "")
READY_S = 240
QUIET = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
needs_vllm = pytest.mark.skipif(
    not (VLLM and MODEL), reason="set SELFGEN_TEST_VLLM (executable) and SELFGEN_TEST_MODEL (a folder)"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], bool], patience_s: float, why: Callable[[], str]) -> None:
    """Wait until something holds. Fails the test with `why` when patience is over."""
    until = time.monotonic() + patience_s
    while not what():
        if time.monotonic() > until:
            pytest.fail(why())
        time.sleep(0.1)


def alive() -> set[int]:
    """Return the ids of all processes on this machine that have not ended."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if "State:\tZ" not in (place / "status").read_text():
                found.add(int(place.name))
        except OSError:
            continue
    return found


def children(pid: int) -> list[int]:
    """Return all processes below one."""
    below: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        below.setdefault(parent, []).append(int(place.name))
    found, waiting = [], [pid]
    while waiting:
        found += (next_ones := below.get(waiting.pop(), []))
        waiting += next_ones
    return found


class RealServer:
    """`vllm serve` on a port of its own. Its log goes on over restarts."""

    def __init__(self, folder: Path, name: str) -> None:
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and do not wait."""
        command = [VLLM, "serve", MODEL, "--served-model-name", Path(MODEL).name, "--port", str(self.port)]
        with self.log.open("ab") as sink:
            self._process = subprocess.Popen(
                [*command, "--max-model-len", "4096"],
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=os.environ | QUIET,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until it says that it is well."""
        wait_for(self._is_well, READY_S, lambda: f"vllm is not ready:\n{self.said()[-4000:]}")

    def _is_well(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()[-4000:]
        return self.health() == 200

    def health(self) -> int:
        """Return the status of /health, 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.base_url.removesuffix('/v1')}/health", timeout=5) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, OSError):
            return 0

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def served(self) -> int:
        """Return how many chat completions went out in full, over all starts."""
        return len(re.findall(r'"POST /v1/chat/completions HTTP/1\.1" 200', self.said()))

    def engine(self) -> int:
        """Return the process that does the work: the server's child with the most memory."""
        assert self._process is not None
        return max(children(self._process.pid), key=memory_of)

    def gone(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """End the server and all its children, whatever state they are in."""
        if self._process is None:
            return
        for number, patience_s in ((signal.SIGCONT, 0), (signal.SIGTERM, 15), (signal.SIGKILL, 20)):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                break
        self._process.wait(20)


def memory_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError):
        return 0


def selfgen(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "selfgen", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("SELFGEN_", "OPENAI_"))}
    return own | more


def start(arguments: Sequence[str], log: Path, **more: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as sink:
        return subprocess.Popen(
            arguments, cwd=ROOT, env=environment(**more), stdout=sink, stderr=subprocess.STDOUT, start_new_session=True
        )


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
