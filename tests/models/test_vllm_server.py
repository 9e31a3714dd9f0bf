"""The life of a server: start, proof, death, return, stop; and that nothing is left of it, however selfgen ends.

With the stand-in of tests/vllm_stand_in.py, which has children as vLLM has them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from selfgen.errors import BadConfig, NoServer, SelfgenError, StoreFault
from selfgen.models import vllm_server
from selfgen.models.vllm_ports import PORTS, free_port, is_free
from selfgen.models.vllm_server import VllmServer
from tests.vllm_stand_in import install, is_gone

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


class House:
    """A folder with a stand-in for vLLM, servers made in it, and what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vllm = install(folder / "bin")
        self.model = str(folder / "bin" / "plain")
        self.log = folder / "run" / "vllm.log"
        self.heard: list[str] = []
        self.now_s: float | None = None
        self._servers: list[VllmServer] = []

    def environment(self, wishes: str) -> dict[str, str]:
        path = f"{self.vllm.parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "STAND_IN": wishes, "STAND_IN_FOLDER": str(self.folder)}

    def server(self, wishes: str = "", **options: Any) -> VllmServer:
        if self.now_s is not None:
            options["clock"] = lambda: self.now_s
        server = VllmServer(
            self.model, log=self.log, environment=self.environment(wishes) | options.pop("more", {}),
            tell=lambda kind, sentence: self.heard.append(sentence), **options,
        )  # fmt: skip
        self._servers.append(server)
        return server

    def ready(self, wishes: str = "", **options: Any) -> VllmServer:
        server = self.server(wishes, **options)
        server.start()
        server.wait_ready(30)
        return server

    def pids(self) -> list[int]:
        """The stand-in and its two children, of each start."""
        path = self.folder / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def close(self) -> None:
        for server in self._servers:
            server.stop()
        for pid in self.pids():
            if not is_gone(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def until(happened: Callable[[], object], patience_s: float = 20.0) -> None:
    end_s = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.02)


def all_gone(house: House, starts: int = 1) -> bool:
    pids = house.pids()
    assert len(pids) == 3 * starts
    return all(is_gone(pid) for pid in pids)


def keepers_of(server: VllmServer) -> tuple[int, int]:
    """Return guard and keeper."""
    guard = server.pid
    assert guard is not None
    below = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
    return guard, int(below[0])


# -- start and stop ----------------------------------------------------------------------------------------------------


def test_a_server_from_start_to_stop(house: House) -> None:
    told: list[str] = []
    server = house.server("key=k", args=["--api-key", "k"], more={"OPENAI_API_KEY": "secret", "HF_TOKEN": "t"})
    with server:
        assert not server.alive()
        server.start()
        server.start()
        assert server.alive()
        server.wait_ready(30, lambda stage: told.append(stage.name))
        assert not server.completions
        assert server.launch.port in PORTS
        assert told[0] == "starting vLLM"
        assert told[-1] == "proving it by a generation"
        assert not any(is_gone(pid) for pid in house.pids())
        assert os.getsid(house.pids()[0]) != os.getsid(0)
    assert not server.alive()
    assert all_gone(house)
    server.stop()
    words = house.read("argv.json")
    assert words[:2] == ["serve", house.model]
    assert words.count("--port") == words.count("--served-model-name") == 1
    seen = house.read("environ.json")
    assert seen["HF_TOKEN"] == "t"
    assert seen["VLLM_NO_USAGE_STATS"] == seen["DO_NOT_TRACK"] == "1"
    assert "OPENAI_API_KEY" not in seen
    log = house.log.read_text()
    assert log.startswith("== 20")
    assert "selfgen starts:" in log
    assert "--api-key ..." in log
    assert "Resolved architecture" in log


def test_a_log_is_appended_and_makes_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for starts in (1, 2):
        house.ready().stop()
        assert house.log.read_text().count("selfgen starts:") == starts
    monkeypatch.setattr(vllm_server, "LOG_BYTES", 100)
    house.ready().stop()
    assert house.log.read_text().count("selfgen starts:") == 1
    assert house.log.with_name("vllm.log.1").read_text().count("selfgen starts:") == 2


def test_a_log_that_cannot_be_written(house: House) -> None:
    house.log.mkdir(parents=True)
    server = house.server()
    with pytest.raises(StoreFault, match=r"vllm\.log"):
        server.start()
    assert house.pids() == []
    assert not server.alive()


def test_a_tokenizer_without_a_chat_template(house: House) -> None:
    assert house.ready("no_template").completions


@linux
def test_processes_that_mind_no_signal_are_killed(house: House) -> None:
    server = house.ready("stubborn", stop_s=0.2)
    started_s = time.monotonic()
    server.stop()
    assert all_gone(house)
    assert time.monotonic() - started_s < 10


def test_the_server_may_be_stopped_from_another_thread_while_it_loads(house: House) -> None:
    server = house.server("hang=3")
    server.start()
    until(house.pids)
    stopper = threading.Timer(0.1, server.stop)
    stopper.start()
    with pytest.raises(NoServer):
        server.wait_ready(30)
    stopper.join()
    assert all_gone(house)


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "kind", "words"),
    [
        ("fail=option", BadConfig, "does not know --frobnicate 3"),
        ("fail=value", BadConfig, "cannot use --max-model-len"),
        ("fail=port", BadConfig, "is taken"),
        ("fail=engine", NoServer, "exit code 1:\n  Exception\n  RuntimeError: Engine core initialization failed"),
        ("fail=unknown", NoServer, "ValueError: the moon is not right"),
        ("fail=silent", NoServer, "exit code 3"),
        ("fail=killed", NoServer, "killed by signal 9"),
        ("embeds", BadConfig, "does not answer a short call: The model does not support Chat"),
        ("key=k", BadConfig, "refuses the key"),
    ],
)
def test_a_start_that_fails_says_why_and_leaves_nothing(
    house: House, wishes: str, kind: type[SelfgenError], words: str
) -> None:
    server = house.server(wishes)
    server.start()
    with pytest.raises(kind) as caught:
        server.wait_ready(30)
    assert words in caught.value.what
    assert "\x1b" not in str(caught.value)
    assert caught.value.todo
    assert not server.alive()
    assert all_gone(house)


def test_a_start_that_takes_too_long(house: House) -> None:
    server = house.server("hang=4")
    server.start()
    with pytest.raises(NoServer, match=r"not ready after .* it was loading weights, 50 %"):
        server.wait_ready(1.0)
    assert all_gone(house)


def test_a_port_that_is_taken(house: House) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(BadConfig, match=f"port {port} is taken"):
            house.server(port=port).start()
    assert house.pids() == []
    assert is_free(free_port())


def test_an_executable_that_cannot_run(house: House) -> None:
    house.vllm.write_text("#!/nowhere/python\n")
    server = house.server()
    server.start()
    with pytest.raises(NoServer, match="cannot be started: No such file") as caught:
        server.wait_ready(30)
    assert "pip install vllm" in caught.value.todo


# -- no orphan ---------------------------------------------------------------------------------------------------------

PARENT = """
import json, os, sys, time
from pathlib import Path
from selfgen.models.vllm_server import VllmServer
model, log, how = sys.argv[1:]
server = VllmServer(model, log=Path(log), environment=os.environ, stop_s=1)
server.start()
server.wait_ready(30)
server.watch()
if how == "fork" and os.fork() == 0:
    os.close(1)
    time.sleep(30)
if how == "spawn":
    import subprocess
    subprocess.Popen(["sleep", "30"], close_fds=False, stdout=subprocess.DEVNULL)
print(server.pid, flush=True)
if how == "exit":
    sys.exit(3)
if how == "raise":
    raise ValueError("something else")
time.sleep(60)
"""


def parent(house: House, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, house.model, str(house.log), how], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env=house.environment("") | {"PYTHONPATH": str(ROOT)}, start_new_session=True,
    )  # fmt: skip


@linux
@pytest.mark.parametrize(
    "how", ["kill", "exit", "fork", *(pytest.param(how, marks=pytest.mark.slow) for how in ("term", "raise", "spawn"))]
)
def test_nothing_outlives_a_process_that_ends_somehow(house: House, how: str) -> None:
    process = parent(house, how)
    assert process.stdout is not None
    guard = int(process.stdout.readline())
    try:
        assert len(house.pids()) == 3
        if how in ("kill", "fork", "spawn"):
            process.kill()
        elif how == "term":
            process.terminate()
        process.wait(timeout=20)
        until(lambda: all_gone(house) and is_gone(guard))
    finally:
        os.killpg(process.pid, signal.SIGKILL) if how in ("fork", "spawn") else None
        process.stdout.close()


@linux
@pytest.mark.parametrize("which", [0, 1])
def test_nothing_outlives_a_guard_that_is_killed(house: House, which: int) -> None:
    server = house.ready(restarts=0, stop_s=1)
    both = keepers_of(server)
    os.kill(both[which], signal.SIGKILL)
    until(lambda: all_gone(house) and all(map(is_gone, both)))
    server.tick()
    assert server.given_up
    assert "killed by signal 9" in house.heard[-1]


@linux
def test_vllm_is_told_when_both_guards_are_killed(house: House) -> None:
    server = house.ready()
    both = keepers_of(server)
    for pid in both:
        os.kill(pid, signal.SIGKILL)
    until(lambda: is_gone(house.pids()[0]))


@linux
def test_a_guard_may_be_asked_to_stop(house: House) -> None:
    server = house.ready()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGTERM)
    until(lambda: not server.alive())
    assert all_gone(house)


def test_what_the_terminal_sends_does_not_reach_the_server(house: House) -> None:
    server = house.ready()
    guard = server.pid
    assert guard is not None
    os.kill(guard, signal.SIGINT)
    os.kill(guard, signal.SIGHUP)
    assert os.getpgid(guard) == guard != os.getpgid(0)
    assert os.getpgid(house.pids()[0]) not in (guard, os.getpgid(0))
    assert server.alive()


# -- death and return --------------------------------------------------------------------------------------------------


@linux
def test_a_server_that_dies_comes_back_with_growing_pauses_until_it_is_given_up(house: House) -> None:
    house.now_s = 100.0
    server = house.ready(restarts=2)
    port = server.launch.port
    for restart, pause_s in ((1, 2.0), (2, 4.0)):
        os.kill(house.pids()[-3], signal.SIGKILL)
        until(lambda: not server.alive())
        server.tick()
        assert f"is started again in {pause_s:.0f} s" in house.heard[-1]
        assert "signal 9" in house.heard[-1]
        house.now_s += pause_s - 0.1
        server.tick()
        assert not server.alive()
        house.now_s += 0.1
        server.tick()
        assert server.alive()
        assert house.heard[-1] == f"starting vLLM again on port {port} ({restart} of 2 restarts)"
        house.now_s += 30
        until(lambda: server.tick() or "is back" in house.heard[-1])
        assert house.heard[-1] == f"vLLM is back after {30 + pause_s:.0f} s"
        assert all(is_gone(pid) for pid in house.pids()[:-3])
    os.kill(house.pids()[-3], signal.SIGKILL)
    until(lambda: not server.alive())
    assert not server.given_up
    server.tick()
    assert server.given_up
    assert "its 2 restarts are used up" in house.heard[-1]
    heard = len(house.heard)
    house.now_s += 1000
    server.tick()
    assert len(house.heard) == heard
    assert not server.restart()
    assert all_gone(house, starts=3)


def test_a_server_that_hangs_is_started_again_on_its_port(house: House) -> None:
    server = house.ready(restarts=1)
    assert server.restart()
    assert len([pid for pid in house.pids()[:3] if is_gone(pid)]) == 3
    until(lambda: server.tick() or any("is back" in each for each in house.heard))
    assert house.log.read_text().count(f"--port {server.launch.port}") == 2
    assert not server.restart()
    assert server.given_up
    assert not server.alive()


def test_a_watched_server_needs_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_server, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(vllm_server, "WATCH_S", 0.02)
    server = house.ready(restarts=1)
    server.watch()
    server.watch()
    os.kill(house.pids()[0], signal.SIGKILL)
    until(lambda: any("is back" in each for each in house.heard))
    os.kill(house.pids()[-3], signal.SIGTERM)
    until(lambda: server.given_up)
    assert [each.partition("LM ")[2].split()[0] for each in house.heard] == ["died", "again", "is", "died"]
    server.stop()
    assert not any(thread.name == "vllm" for thread in threading.enumerate())


def test_a_server_that_comes_back_as_another_is_not_taken(house: House) -> None:
    house.now_s = 0.0
    server = house.ready(restarts=1)
    (house.folder / "wishes").write_text("embeds")
    os.kill(house.pids()[0], signal.SIGKILL)
    until(lambda: not server.alive())
    server.tick()
    house.now_s += 2
    until(lambda: server.tick() or server.given_up)
    assert "does not answer a short call" in house.heard[-1]
    assert len(house.heard) == 3
    assert all_gone(house, starts=2)


def test_a_restart_that_cannot_be_made_counts_as_one(house: House) -> None:
    house.now_s = 0.0
    server = house.ready(restarts=1)
    os.kill(house.pids()[0], signal.SIGKILL)
    until(lambda: not server.alive())
    server.tick()
    house.log.unlink()
    house.log.mkdir()
    house.now_s += 2
    server.tick()
    assert server.given_up
    assert "Is a directory" in house.heard[-1]


def test_a_stop_ends_the_restarts_too(house: House) -> None:
    house.now_s = 0.0
    server = house.ready()
    os.kill(house.pids()[0], signal.SIGKILL)
    until(lambda: not server.alive())
    server.tick()
    server.stop()
    house.now_s += 1000
    server.tick()
    assert not server.alive()
    assert all_gone(house)
