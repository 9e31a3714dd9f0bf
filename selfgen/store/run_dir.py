"""A run folder: its layout, its lock, and the names that are allowed for it.

run.db          the truth          prompts/  the templates as used       seeds.jsonl  the seeds as used
lock            flock, held while a process works on the run; the kernel lets go of it, also after kill -9
dataset.jsonl   rejected.jsonl     derived from run.db, rebuilt byte for byte by `selfgen rebuild`
live.json       what a session at work says of itself     control.json   what it is asked to do (live.py, control.py)
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from selfgen.errors import CannotCreate, StoreFault, UsageError

_ELSEWHERE = "Name another folder with --out."
_NAME = re.compile(r"[A-Za-z0-9\u3400-\u9fff][A-Za-z0-9\u3400-\u9fff._-]{0,79}")


class RunDir:
    """Paths of one run. Making one touches nothing on disk."""

    def __init__(self, path: Path) -> None:
        if not _NAME.fullmatch(path.absolute().name):
            raise UsageError(
                f"{path.name!r} cannot be the name of a run folder",
                todo="Use letters, digits, '.', '_' and '-', and begin with a letter or a digit.",
            )
        self.path = path
        self.database = path / "run.db"
        self.dataset = path / "dataset.jsonl"
        self.rejected = path / "rejected.jsonl"
        self.prompts = path / "prompts"
        self.seeds = path / "seeds.jsonl"
        self.live = path / "live.json"
        self.control = path / "control.json"
        self.batches = path / "batches"

    def log_of(self, role: str) -> Path:
        """Return the file for the log of a server that was started for a role."""
        return self.path / ("vllm.log" if role == "propose" else f"vllm-{role}.log")

    @property
    def exists(self) -> bool:
        """Tell whether a run was begun here."""
        return self.database.exists()

    def check(self) -> None:
        """Raise CannotCreate when something else is in the way of the folder: known before anybody is asked for
        anything."""
        if self.path.is_symlink() and not self.path.exists():
            raise CannotCreate(f"cannot make {self.path}: a link that leads nowhere", todo=_ELSEWHERE)
        if self.path.exists():
            self._refuse_strangers()
        above = next(place for place in self.path.absolute().parents if place.exists())
        if not above.is_dir():
            raise CannotCreate(f"cannot make {self.path}: {above} is no folder", todo=_ELSEWHERE)

    def create(self) -> None:
        """Make the folder. Raises CannotCreate when something else is in the way."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotCreate(f"cannot make {self.path}: {error.strerror}", todo=_ELSEWHERE) from error
        self._refuse_strangers()

    def _refuse_strangers(self) -> None:
        if not self.path.is_dir():
            raise CannotCreate(f"cannot make {self.path}: File exists", todo=_ELSEWHERE)
        logs = [self.log_of(role).name for role in ("propose", "answer")]
        ours = {"lock", *logs, *(f"{log}.1" for log in logs)}
        strangers = [item.name for item in self.path.iterdir() if item.name not in ours]
        if strangers and not self.exists:
            raise CannotCreate(
                f"{self.path} holds other things ({', '.join(sorted(strangers)[:3])}) and no run", todo=_ELSEWHERE
            )

    def write_prompts(self, sources: Mapping[str, str]) -> None:
        """Keep the templates as used, for people to read; the journal holds the copy that counts."""
        for name, text in sources.items():
            target = self.prompts / name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            except OSError as error:
                raise StoreFault(f"cannot write {target}: {error.strerror}", todo="Free some disk space.") from error


class Lock:
    """Holds a run for this process. Raises CannotCreate naming the holder when another process has it."""

    def __init__(self, run: RunDir) -> None:
        self._path = run.path / "lock"
        self._file = -1

    def __enter__(self) -> Lock:
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise CannotCreate(f"cannot open {self._path}: {error.strerror}", todo="Check the permissions.") from error
        try:
            self._take()
        except OSError as error:
            holder = read_holder(self._path)
            os.close(self._file)
            raise CannotCreate(
                f"{self._path.parent} is in use by process {holder}",
                todo="Wait for it, stop it, or name another folder with --out.",
            ) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode())
        return self

    def _take(self) -> None:
        """Take the lock, with a little patience: `selfgen status` holds it for a moment when it looks."""
        for _ in range(10):
            with suppress(BlockingIOError):
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            time.sleep(0.05)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __exit__(self, *error: object) -> None:
        os.close(self._file)


def read_holder(path: Path) -> str:
    """Return "PID on HOST" as the lock file tells it."""
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"{holder['pid']} on {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"


def is_held(run: RunDir) -> str:
    """Return who holds the run now, "" when nobody does."""
    path = run.path / "lock"
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return read_holder(path)
    finally:
        os.close(file)
    return ""
