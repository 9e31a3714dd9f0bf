"""The folder of results that `clean` makes: there whole or not at all.

Everything is written into a hidden folder beside the place it is meant for, and takes that place in one step at the
end. Knows file systems, and the names of the files; does not know what stands in them.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from selfgen.errors import CannotCreate, StoreFault, UsageError
from selfgen.store.atomic import write_atomic

DATASET = "dataset"
REJECTED = "rejected.jsonl"
REPAIRS = "repairs.jsonl"
REPORT = "report.md"


def check_folder(out: Path, inputs: Iterable[Path], *, force: bool) -> None:
    """Raise unless results may go to `out`: UsageError where an input lies in it, CannotCreate where it holds anything
    but results of `clean`, or such results and no `force`."""
    place = out.resolve()
    for path in inputs:
        if path.resolve().parent == place:
            raise UsageError(f"{path} lies in {out}, which would be replaced", todo="Name another folder with --out.")
    if out.exists() and not out.is_dir():
        raise CannotCreate(f"{out} is there, and is no folder", todo="Name another folder with --out.")
    try:
        names = sorted(item.name for item in out.iterdir()) if out.exists() else []
    except OSError as error:
        raise CannotCreate(f"{out} cannot be read: {error.strerror}", todo="Check its permissions.") from error
    strangers = [name for name in names if not _is_ours(name)]
    if strangers or (names and REPAIRS not in names):
        shown = ", ".join((strangers or names)[:3])
        raise CannotCreate(f"{out} holds other things ({shown})", todo="Name another folder with --out.")
    if names and not force:
        raise CannotCreate(
            f"{out} holds results of an earlier `selfgen clean`",
            todo="Replace them with --force, or name another folder with --out.",
        )


def _is_ours(name: str) -> bool:
    return name in (REJECTED, REPAIRS, REPORT) or name.rpartition(".")[0] == DATASET


class Folder:
    """Results in the making. Without `publish`, leaving the block leaves nothing behind."""

    def __init__(self, out: Path) -> None:
        self.path = out
        place = out.resolve()
        self._hidden = place.parent / f".{place.name[:80]}.{os.getpid()}.tmp"
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> Folder:
        try:
            self._hidden.parent.mkdir(parents=True, exist_ok=True)
            self._hidden.mkdir()
        except OSError as error:
            raise CannotCreate(
                f"cannot make a folder in {self._hidden.parent}: {error.strerror}",
                todo="Name another folder with --out.",
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        shutil.rmtree(self._hidden, ignore_errors=True)

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
        write_atomic(self._hidden / name, pieces)

    def publish(self) -> None:
        """Make all files durable and put them in their place, with nothing of earlier results left beside them."""
        for name, file in self._files.items():
            with self._naming(name):
                file.flush()
                os.fsync(file.fileno())
                file.close()
        with self._naming(""):
            if not self.path.exists():
                self._hidden.rename(self.path)
                return
            made = {item.name for item in self._hidden.iterdir()}
            for name in made:
                os.replace(self._hidden / name, self.path / name)
            for item in list(self.path.iterdir()):
                if _is_ours(item.name) and item.name not in made:
                    item.unlink()

    @contextmanager
    def _naming(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            why = "the disk is full" if full else error.strerror or error
            raise StoreFault(
                f"{self.path / name} cannot be written: {why}",
                todo="Make room on the disk or name another place with --out, and give the same command again; "
                "nothing was left behind.",
            ) from error
