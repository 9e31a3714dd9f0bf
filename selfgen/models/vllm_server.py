"""The life of a vLLM server of our own: started, proved ready, watched, started again after a death, and stopped.

vLLM is spawned, never imported. It runs below a guard (vllm_guard.py) that ends it when this process is gone, in a
session of its own, so that a Ctrl-C in the terminal reaches us alone and calls in flight can come home first. Its
output goes straight into the log file: nobody has to be there to read it. Knows processes, ports and the log; which
options are given is the business of vllm_command.py, what failures mean that of vllm_faults.py.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType

from selfgen.errors import BadConfig, NoServer, SelfgenError, StoreFault
from selfgen.models import vllm_guard
from selfgen.models.hold import say_span
from selfgen.models.vllm_command import MAX_MODEL_LEN, clean_environment, prepare
from selfgen.models.vllm_faults import Start, explain, port_taken
from selfgen.models.vllm_log import PROVING, STARTING, Stage, Tail, stage_after
from selfgen.models.vllm_ports import free_port, is_free, listens
from selfgen.models.vllm_proof import Proof, Prove, prove

LOG_BYTES = 16_000_000
"""A log that is longer when the server starts makes room for a new one, and is kept as .1."""
LOOK_S, WATCH_S = 0.1, 0.5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
PROOF_S, LOOKING_PROOF_S = 120.0, 5.0
"""The first generation of a server may compile; one that came back is asked again every few seconds."""
Tell = Callable[[str, str], None]


class VllmServer:
    """A vLLM server. `with VllmServer(...) as server: server.start(); server.wait_ready(60)`.

    `model`: a folder or a hub id. `restarts`: how often it is started again after a death. `tell(kind, sentence)` hears
    its story, on whichever thread `tick` runs; it must not wait or raise. `completions`: it proved to have no chat
    template. Raises BadConfig or NoServer for what can be known without starting it (see vllm_command.prepare)."""

    def __init__(
        self,
        model: str,
        *,
        log: Path,
        environment: Mapping[str, str],
        name: str = "",
        command: str = "",
        args: Sequence[str] = (),
        port: int = 0,
        restarts: int = 3,
        tokens: int = MAX_MODEL_LEN,
        secrets: Sequence[str] = (),
        stop_s: float = 10.0,
        tell: Tell = lambda kind, sentence: None,
        clock: Callable[[], float] = time.monotonic,
        prove: Prove = prove,
    ) -> None:
        self.launch = prepare(
            model, environment, name=name, command=command, args=args, port=port or free_port(), tokens=tokens
        )
        self.log = log.absolute()
        self.restarts = restarts
        self.completions = False
        self.stage = STARTING
        self._environment = clean_environment(environment, secrets, model=self.launch.model)
        self._stop_s, self._tell, self._clock, self._prove = stop_s, tell, clock, prove
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._held = -1
        self._tail = Tail(self.log, 0)
        self._state = "new"
        self._since_s = self._again_s = 0.0
        self._used = 0
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """Return the address for OpenAI-compatible calls. It stays the same over restarts."""
        return self.launch.base_url

    @property
    def name(self) -> str:
        """Return what the server calls the model."""
        return self.launch.name

    @property
    def key(self) -> str:
        """Return the key that the server asks for, "" for none. It is the user's own, for this server alone."""
        return self.launch.key

    @property
    def pid(self) -> int | None:
        """Return the process below which all of the server is, None where none is."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def given_up(self) -> bool:
        """Tell whether the server is dead and will not be started again."""
        return self._state == "given up"

    def alive(self) -> bool:
        """Tell whether its processes are there. Whether it answers, only a generation shows."""
        return self.pid is not None

    def __enter__(self) -> VllmServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- start, readiness, stop ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the server and return at once. Raises BadConfig for a port that is taken, StoreFault for a log that
        cannot be written."""
        with self._lock:
            if self.alive():
                return
            if not is_free(self.launch.port):
                what, todo = port_taken(self.launch.port)
                raise BadConfig(what, todo=todo)
            self._over.clear()
            self._spawn()
            self._state, self._since_s = "starting", self._clock()

    def wait_ready(self, timeout_s: float, on_stage: Callable[[Stage], None] = lambda stage: None) -> None:
        """Wait until the server generates a token; `on_stage` hears of each new stage. On any failure the server is
        stopped. Raises what vllm_faults.explain makes of its end, or NoServer when the time is up."""
        try:
            self._wait_ready(self._clock() + timeout_s, on_stage)
        except BaseException:
            self.stop()
            raise

    def _wait_ready(self, until_s: float, on_stage: Callable[[Stage], None]) -> None:
        shown: Stage | None = None
        while True:
            self._read_log()
            if self.stage != shown:
                shown = self.stage
                on_stage(shown)
            if not self.alive():
                raise self._explain()
            left_s = until_s - self._clock()
            if left_s <= 0:
                what = (
                    f"vLLM is not ready after {say_span(self._clock() - self._since_s)}; it was {self.stage.sentence}"
                )
                raise NoServer(what, todo=f"Look into {self.log}, or allow it more time (vllm.start_s).")
            if listens(self.launch.host, self.launch.port):
                if self.stage != PROVING:
                    self.stage = PROVING
                    continue
                if self._proved(self._prove(self.launch, min(PROOF_S, left_s))):
                    return
            self._over.wait(min(LOOK_S, left_s))

    def stop(self) -> None:
        """End the server and all that it started: asked first, then made to. May be called at any time, also twice."""
        self._over.set()
        with self._lock:
            self._state = "stopped"
            self._end()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()
            self._watcher = None

    def restart(self) -> bool:
        """End a server that hangs, and start it again on its port. Returns False when its restarts are used up."""
        with self._lock:
            if self._state not in ("ready", "coming back", "pausing"):
                return False
            self._end()
            if self._used >= self.restarts:
                self._give_up("it does not answer")
                return False
            self._start_again()
            return True

    # -- watching ------------------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Look at the server twice a second from now on, on a thread: restarts need nobody's attention that way,
        however busy or blocked the event loop, a preflight or a batch is."""
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="vllm", daemon=True)
            self._watcher.start()

    def _watch(self) -> None:
        while not self._over.wait(WATCH_S) and not self.given_up:
            self.tick()

    def tick(self) -> None:
        """Look once: notice a death, start again when the pause is over, notice the return. `watch` calls this."""
        with self._lock:
            now_s = self._clock()
            if self._state == "pausing" and now_s >= self._again_s:
                # A server whose guard was killed may still be on its way out.
                if is_free(self.launch.port) or now_s >= self._again_s + LONGEST_PAUSE_S:
                    self._start_again()
            elif self._state in ("ready", "coming back") and not self.alive():
                self._read_log()
                self._mourn(self._explain())
        if self._state != "coming back" or not self.alive():
            return
        self._read_log()
        if listens(self.launch.host, self.launch.port):
            # Outside the lock: a stop need not wait for a server that does not answer.
            self._come_back()

    def _come_back(self) -> None:
        fault = proof = None
        try:
            proof = self._prove(self.launch, LOOKING_PROOF_S)
        except SelfgenError as error:
            fault = error
        with self._lock:
            if self._state == "coming back" and fault is not None:
                self._mourn(fault)
            elif self._state == "coming back" and self._proved(proof):
                self._tell("vllm", f"vLLM is back after {say_span(self._clock() - self._since_s)}")

    def _mourn(self, cause: SelfgenError) -> None:
        """Take in a death, or a start that failed: pause before the next one, longer each time, or give up."""
        self._end()
        first = cause.what.splitlines()[0].rstrip(":")
        if self._used >= self.restarts:
            self._give_up(first)
            return
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**self._used)
        if self._state == "ready":
            self._since_s = self._clock()
        self._state, self._again_s = "pausing", self._clock() + pause_s
        self._tell("vllm", f"vLLM died ({first}); it is started again in {say_span(pause_s)}")

    def _start_again(self) -> None:
        self._used += 1
        if self._state == "ready":
            self._since_s = self._clock()
        self._state = "coming back"
        self._tell("vllm", f"starting vLLM again on port {self.launch.port} ({self._used} of {self.restarts} restarts)")
        try:
            self._spawn()
        except SelfgenError as error:
            self._mourn(error)

    def _give_up(self, cause: str) -> None:
        self._state = "given up"
        often = f"its {self.restarts} restarts are used up" if self.restarts else "restarts are off"
        self._tell("vllm", f"vLLM died ({cause}), and {often}: see {self.log}")

    # -- the process ---------------------------------------------------------------------------------------------------

    def _spawn(self) -> None:
        """Start guard and server. The guard gets the reading end of a pipe; the writing end stays here alone.

        Raises StoreFault for a log that cannot be written, NoServer where the system has no room for a process."""
        sink = self._open_log()
        try:
            link, held = os.pipe()
            guard = [sys.executable, "-I", "-S", vllm_guard.__file__, str(link), str(self._stop_s), "--"]
            try:
                self._process = subprocess.Popen(
                    [*guard, *self.launch.words], env=self._environment, pass_fds=(link,), start_new_session=True,
                    stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                )  # fmt: skip
            except BaseException:
                os.close(held)
                raise
            finally:
                os.close(link)
        except OSError as error:
            raise NoServer(f"cannot start a process: {error.strerror}", todo="See `ulimit -n -u`.") from error
        finally:
            os.close(sink)
        self._held = held
        _held_here().add(held)
        self.stage = STARTING

    def _open_log(self) -> int:
        """Open the log for appending, with a line of ours that dates this start. Raises StoreFault."""
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
                self.log.replace(self.log.with_name(self.log.name + ".1"))
            sink = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            head = f"== {time.strftime('%Y-%m-%d %H:%M:%S %z')} selfgen starts: {self.launch.shown()}\n"
            with suppress(OSError):
                os.write(sink, head.encode("utf-8", "replace"))  # on a full disk the failure of vLLM itself says more
            self._tail = Tail(self.log, os.fstat(sink).st_size)
        except OSError as error:
            raise StoreFault(f"{self.log}: {error.strerror}", todo="The log of vLLM goes there; make room.") from error
        return sink

    def _end(self) -> None:
        """Close the pipe, which asks the guard to end everything, and wait for it."""
        if self._process is None:
            return
        if self._held >= 0:
            _held_here().discard(self._held)
            os.close(self._held)
            self._held = -1
        try:
            self._process.wait(self._stop_s + 2 * (vllm_guard.ASK_S + vllm_guard.MAKE_S))
        except subprocess.TimeoutExpired:
            # The keeper below it does the rest.
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def _read_log(self) -> None:
        for line in self._tail.read():
            self.stage = stage_after(self.stage, line)

    def _explain(self) -> SelfgenError:
        self._tail.finish()
        code = self._process.poll() if self._process else None
        start = Start(self.launch.model, self.launch.port, shlex.quote(self.launch.words[0]), self.log)
        # Where the guard itself was killed there is no exit code of vLLM's: a negative one is the guard's.
        return explain([*self._tail.lines], 128 - code if code is not None and code < 0 else code, start)

    def _proved(self, proof: Proof | None) -> bool:
        if proof is not None:
            self._state, self.completions = "ready", proof == "completions"
        return proof is not None


@cache
def _held_here() -> set[int]:
    """Return the writing ends that this process holds. A fork of it must not hold them as well, or the guard would wait
    for the fork's end too (a program that is started does not inherit them)."""
    held: set[int] = set()

    def let_go() -> None:
        while held:
            os.close(held.pop())

    os.register_at_fork(after_in_child=let_go)
    return held
