"""`vllm run-batch`: a file of calls in, a file of results out, no server and no network. For rooms without either.

vLLM is spawned, never imported, below the guard of a server of our own (vllm_guard.py), so that it never outlives us.
It writes its results when all calls are done, so a batch that is cut off leaves nothing, costs nothing but time, and is
asked again; small batches lose less, large ones start vLLM less often. One batch runs at a time.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from selfgen.core.batches import LineFault, Result, Standing
from selfgen.core.work import Ask, Refused
from selfgen.errors import SelfgenError, StoreFault
from selfgen.models import vllm_guard
from selfgen.models.batch_lines import Lines
from selfgen.models.vllm_command import MAX_MODEL_LEN, clean_environment, prepare
from selfgen.models.vllm_faults import KILLED, Start, explain
from selfgen.models.vllm_log import STARTING, Stage, Tail, stage_after

STOP_S = 10.0
_PIECE = 2**20
_PROGRESS = re.compile(r"Running batch:.*?\| (\d+)/(\d+) ")
_SERVER_ONLY = {"--host": 2, "--port": 2, "--disable-uvicorn-access-log": 1}
"""Options that only a server has, with the words that each takes."""
_KILLS = frozenset({KILLED, 128 + signal.SIGTERM, -signal.SIGKILL, -signal.SIGTERM})


class VllmBatch:
    """One model that is started anew for every batch; implements Backend of executors/batch_port.py.

    `model` is a folder or a hub id, `log` the file that all output goes to. The calls must name the model as `name`
    says. Raises BadConfig or NoServer for what can be known beforehand (see vllm_command.prepare)."""

    outlives_us = False

    def __init__(
        self,
        lines: Lines,
        model: str,
        *,
        log: Path,
        environment: Mapping[str, str],
        command: str = "",
        args: Sequence[str] = (),
        tokens: int = MAX_MODEL_LEN,
        secrets: Sequence[str] = (),
        stop_s: float = STOP_S,
    ) -> None:
        launch = prepare(model, environment, name=lines.model, command=command, args=args, port=1, tokens=tokens)
        at = launch.words.index("serve")
        self._head = launch.words[:at]
        self._tail_words = ("--model", launch.words[at + 1], *_without_server(launch.words[at + 2 :], args))
        self.notes = launch.notes
        self._lines, self._model, self._log = lines, model, log.absolute()
        self._environment = clean_environment(environment, secrets)
        self._stop_s = stop_s
        self._process: subprocess.Popen[bytes] | None = None
        self._held = -1
        self._running, self._out = "", Path()
        self._tail = Tail(self._log, 0)
        self._stage: Stage = STARTING
        self._done = (0, 0)

    def __repr__(self) -> str:
        return f"VllmBatch(model={self._model!r})"

    @property
    def place(self) -> str:
        """The command and the model."""
        return f"vllm run-batch ({self._model})"

    def encode(self, ask: Ask) -> bytes | Refused:
        """Return the line of one call."""
        return self._lines.encode(ask)

    def decode(self, line: bytes, asks: Mapping[str, Ask]) -> Result:
        """Read one line of results."""
        return self._lines.decode(line, asks)

    async def upload(self, name: str, path: Path) -> str:
        """Return the file's path: vLLM reads it where it is."""
        return str(path.absolute())

    async def find_upload(self, name: str) -> str:
        """Nothing is handed over that would have to be found."""
        return ""

    async def start(self, name: str, handle: str) -> str:
        """Start vLLM on a file of calls. Raises StoreFault for a log that cannot be written."""
        self._end()
        words = [*self._head, "run-batch", "-i", handle, "-o", str(_out(handle)), *self._tail_words]
        with suppress(FileNotFoundError):
            _out(handle).unlink()
        link, held = os.pipe()
        guard = [sys.executable, "-I", "-S", str(Path(vllm_guard.__file__)), str(link), str(self._stop_s), "--"]
        try:
            sink = self._open_log(shlex.join(words))
            try:
                self._process = subprocess.Popen(
                    [*guard, *words], env=self._environment, pass_fds=(link,), start_new_session=True,
                    stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                )  # fmt: skip
            finally:
                os.close(sink)
        except BaseException:
            os.close(held)
            raise
        finally:
            os.close(link)
        self._held, self._running, self._out = held, name, _out(handle)
        self._stage, self._done = STARTING, (0, 0)
        return name

    async def find(self, name: str, handle: str) -> str:
        """A batch of an earlier process is gone."""
        return ""

    async def look(self, batch: str) -> Standing:
        """Return how far vLLM is, from its log; over when it ended well, failed when it ended by itself with an error,
        lost when it was killed."""
        if self._process is None or batch != self._running:
            return Standing("lost", "gone")
        for line in self._tail.read():
            self._stage = stage_after(self._stage, line)
            if found := _PROGRESS.search(line):
                self._done = (int(found[1]), int(found[2]))
        code = self._process.poll()
        if code is None:
            done, total = self._done
            return Standing("waiting", "running" if total else self._stage.sentence, done, 0, total)
        await asyncio.to_thread(self._end)
        if code == 0 and self._out.exists():
            return Standing("over", "completed")
        self._tail.finish()
        fault = LineFault(0, str(self._explain(128 - code if code < 0 else code)))
        return Standing("lost" if code in _KILLS else "failed", f"exit code {code}", faults=(fault,))

    async def fetch(self, batch: str) -> AsyncIterator[bytes]:
        """Yield the file of results."""
        with self._out.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    async def cancel(self, batch: str) -> None:
        """End vLLM. What it has done is lost."""
        await asyncio.to_thread(self._end)

    async def discard(self, batch: str, handle: str) -> None:
        """Delete the file of results that vLLM wrote."""
        with suppress(FileNotFoundError):
            _out(handle).unlink()

    async def aclose(self) -> None:
        """End vLLM and wait for it."""
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        """Close the pipe, which asks the guard to end everything, and wait for it."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1
        if self._process is not None:
            try:
                self._process.wait(self._stop_s + 2 * (vllm_guard.ASK_S + vllm_guard.MAKE_S))
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGKILL)  # the keeper below it does the rest
                self._process.wait()
            self._process = None

    def _open_log(self, shown: str) -> int:
        """Open the log for appending, and begin to read it at its end."""
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            sink = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(sink, f"== selfgen starts: {shown}\n".encode("utf-8", "replace"))
            self._tail = Tail(self._log, os.fstat(sink).st_size)
        except OSError as error:
            raise StoreFault(f"{self._log}: {error.strerror}", todo="The log of vLLM goes there; make room.") from error
        return sink

    def _explain(self, code: int) -> SelfgenError:
        return explain([*self._tail.lines], code, Start(self._model, 0, shlex.quote(self._head[0]), self._log))


def _out(handle: str) -> Path:
    """Return where vLLM writes the results of a file of calls. Not beside our own names for whole files."""
    return Path(handle + ".vllm")


def _without_server(words: Sequence[str], args: Sequence[str]) -> list[str]:
    """Return the options of `vllm serve` that run-batch has too: `words` without ours for a server, then the user's."""
    ours, kept = list(words[: len(words) - len(args)]), []
    while ours:
        skip = _SERVER_ONLY.get(ours[0], 0)
        kept += [] if skip else ours[:1]
        del ours[: max(1, skip)]
    return [*kept, *args]
