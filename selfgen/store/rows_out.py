"""The folder of results that `clean` makes: there whole or not at all.

Everything is written into a hidden folder beside the place it is meant for, and takes that place in one step at the
end; or within that place where it is a folder already, which may be another disk than what is above it. A lock keeps
two processes from making results for one place, and tells what a killed one left from what a living one needs. Knows
file systems, and the names of the files; does not know what stands in them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from zlib import crc32

from selfgen.errors import CannotCreate, StoreFault, UsageError

DATASET = "dataset"
REJECTED = "rejected.jsonl"
REPAIRS = "repairs.jsonl"
REPORT = "report.md"

_ANOTHER = "Name another folder with --out."
_FULL = (errno.ENOSPC, errno.EDQUOT)
_HIDDEN = ".clean.tmp"
_LOCK = ".clean.lock"


def check_folder(out: Path, inputs: Iterable[Path], *, force: bool) -> None:
    """Raise unless results may go to `out`: UsageError where an input lies in it, CannotCreate where it holds anything
    but results of `clean`, or such results and no `force`."""
    place = _resolve(out)
    for path in inputs:
        if place in (_resolve(path).parent, _resolve(path.parent)):
            raise UsageError(f"{path} lies in {out}, which would be replaced", todo=_ANOTHER)
    try:
        if place.exists() and not place.is_dir():
            raise CannotCreate(f"{out} is there, and is no folder", todo=_ANOTHER)
        items = sorted(place.iterdir()) if place.exists() else []
        items = [item for item in items if item.name not in (_HIDDEN, _LOCK)]
        strangers = [item.name for item in items if not _is_ours(item.name) or item.is_dir()]
    except OSError as error:
        raise CannotCreate(f"{out} cannot be read: {error.strerror}", todo=_ANOTHER) from error
    names = [item.name for item in items]
    if strangers or (names and REPAIRS not in names):
        shown = ", ".join((strangers or names)[:3])
        raise CannotCreate(f"{out} holds other things ({shown})", todo=_ANOTHER)
    if names and not force:
        raise CannotCreate(
            f"{out} holds results of an earlier `selfgen clean`",
            todo="Replace them with --force, or name another folder with --out.",
        )


def _resolve(path: Path) -> Path:
    """Return where a path leads. Links that lead to one another lead nowhere."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise CannotCreate(f"{path} leads nowhere: {error}", todo=_ANOTHER) from error


def _is_ours(name: str) -> bool:
    return name in (REJECTED, REPAIRS, REPORT) or name.rpartition(".")[0] == DATASET


class Folder:
    """Results in the making. Without `publish`, leaving the block leaves nothing behind."""

    def __init__(self, out: Path) -> None:
        self.path = out
        self.published = False
        self._place = _resolve(out)
        self._is_within = self._place.is_dir()
        if self._is_within:
            self._hidden, lock = self._place / _HIDDEN, self._place / _LOCK
        else:
            base = f".{self._place.name[:50]}.{crc32(os.fsencode(self._place.name)):08x}"
            self._hidden, lock = self._place.with_name(f"{base}.tmp"), self._place.with_name(f"{base}.lock")
        self._lock = _Lock(lock)
        self._made: list[Path] = []
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> Folder:
        """Raises CannotCreate where no folder can be made, or another process makes results for this place."""
        try:
            self._make()
        except OSError as error:
            self._leave()
            if error.errno in _FULL:
                raise _word_fault(str(self.path), error) from error
            raise CannotCreate(
                f"cannot make a folder in {self._hidden.parent}: {error.strerror}", todo=_ANOTHER
            ) from error
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def open(self, name: str) -> None:
        """Begin a file that `add` grows; one without any line is there too."""
        with self._naming(name):
            self._files[name] = (self._hidden / name).open("wb")

    def add(self, name: str, line: bytes) -> None:
        """Write more of a file. Raises StoreFault when the disk is full."""
        with self._naming(name):
            self._files[name].write(line)

    def reopen(self, name: str) -> BinaryIO:
        """Return a file that `add` has grown, to be read from its beginning."""
        with self._naming(name):
            self._files.pop(name).close()
            return (self._hidden / name).open("rb")

    def drop(self, name: str) -> None:
        """Take away a file that was of use on the way only."""
        with self._naming(name):
            (self._hidden / name).unlink()

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a whole file."""
        self.open(name)
        for piece in pieces:
            self.add(name, piece)

    def settle(self) -> None:
        """Make all files durable. This can take long, and ends the writing."""
        for name, file in self._files.items():
            with self._naming(name):
                file.flush()
                os.fsync(file.fileno())
                file.close()
        self._files.clear()

    def publish(self) -> None:
        """Put all files in their place, with nothing of earlier results left beside them; this takes no time."""
        self.settle()
        with self._naming(""):
            self._put()
        self.published = True

    def _put(self) -> None:
        if not self._is_within:
            self._hidden.rename(self._place)
            return
        made = {item.name for item in self._hidden.iterdir()}
        for name in made:
            os.replace(self._hidden / name, self._place / name)
        for item in list(self._place.iterdir()):
            if _is_ours(item.name) and item.name not in made:
                item.unlink()

    def _make(self) -> None:
        """Make the hidden folder. What a killed process left of it goes."""
        above = self._hidden.parent
        self._made = [folder for folder in (above, *above.parents) if not folder.exists()]
        above.mkdir(parents=True, exist_ok=True)
        if not self._lock.take():
            raise CannotCreate(
                f"another `selfgen clean` makes results for {self.path} now",
                todo="Wait until it is done, or name another folder with --out.",
            )
        if self._hidden.exists():
            shutil.rmtree(self._hidden)
        self._hidden.mkdir()

    def _leave(self) -> None:
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        if self._lock.held:
            shutil.rmtree(self._hidden, ignore_errors=True)
            self._lock.drop()
        if not self.published:
            for folder in self._made:
                with suppress(OSError):
                    folder.rmdir()

    @contextmanager
    def _naming(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _word_fault(str(self.path / name), error) from error


class _Lock:
    """A file that is there while a process works; the kernel lets go of it, also after kill -9."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    @property
    def held(self) -> bool:
        """Tell whether this process has it."""
        return self._file >= 0

    def take(self) -> bool:
        """Return whether it was to be had."""
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Its holder may have taken the file away between our opening and locking it.
                if os.path.samestat(os.fstat(file), self._path.stat()):
                    self._file = file
                    return True
            except BlockingIOError:
                return False
            except FileNotFoundError:
                continue
            finally:
                if self._file != file:
                    os.close(file)

    def drop(self) -> None:
        """Let go of it."""
        with suppress(OSError):
            self._path.unlink()
        os.close(self._file)
        self._file = -1


def _word_fault(what: str, error: OSError) -> StoreFault:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            why, todo = "the disk is full", "Make room on the disk, or name another place with --out"
        case errno.EFBIG:
            why = "the file is larger than this disk or this process allows"
            todo = "Name another place with --out, or raise the limit"
        case _:
            why, todo = error.strerror or str(error), "Correct this, or name another place with --out"
    return StoreFault(
        f"{what} cannot be written: {why}", todo=f"{todo}, and give the same command again; nothing was left behind."
    )
