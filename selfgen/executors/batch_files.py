"""The files of batches beside a run: calls on their way out, results on their way in, whole or not at all.

    NAME.jsonl           the calls, as they were handed over; kept until the batch is settled
    NAME.results.jsonl   the results, kept until they are in the journal

Knows disks, and nothing of what the lines mean.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from selfgen.errors import StoreFault

LONGEST_LINE = 16 * 2**20
"""Bytes of one line of results that are looked at; a longer one is no answer to any call of ours."""
_CHUNK = 2**20


class Spool:
    """A folder of batch files. It is made when the first file is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def calls(self, name: str) -> Path:
        """Return where the calls of a batch are."""
        return self.folder / f"{name}.jsonl"

    def results(self, name: str) -> Path:
        """Return where the results of a batch are, once they are whole."""
        return self.folder / f"{name}.results.jsonl"

    def write_calls(self, name: str, lines: Iterable[bytes]) -> None:
        """Write the calls of a batch. Raises StoreFault where the disk does not take them."""
        path = self.calls(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _beside(path).open("wb") as file:
                for line in lines:
                    file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())
            self._put_in_place(path)
        except OSError as error:
            raise _fault(path, error) from error

    async def keep_results(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Write results as they come; they are there when all of them are. What `pieces` raises comes through."""
        path = self.results(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _beside(path).open("wb") as file:
                async for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            self._put_in_place(path)
        except OSError as error:
            raise _fault(path, error) from error

    def clear(self, name: str) -> None:
        """Delete the files of a batch, half written ones too."""
        for path in (self.calls(name), self.results(name)):
            for each in (path, _beside(path)):
                with suppress(OSError):
                    each.unlink()
        with suppress(OSError):
            self.folder.rmdir()

    def sweep(self, names: Collection[str]) -> None:
        """Delete what is left of all other batches. Names hold no dot."""
        if self.folder.is_dir():
            for path in sorted(self.folder.glob("*.jsonl*")):
                if path.name.partition(".")[0] not in names:
                    path.unlink(missing_ok=True)
            with suppress(OSError):
                self.folder.rmdir()

    def _put_in_place(self, path: Path) -> None:
        os.replace(_beside(path), path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # some network file systems cannot do this for folders
                os.fsync(folder)
        finally:
            os.close(folder)


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file that are not blank, b"" for one that is too long to look at."""
    try:
        with path.open("rb") as file:
            while line := file.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    while (rest := file.readline(_CHUNK)) and not rest.endswith(b"\n"):
                        pass
                    yield b""
                elif line.strip():
                    yield line
    except OSError as error:
        raise StoreFault(f"cannot read {path}: {error.strerror}", todo="Check the permissions.") from error


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _fault(path: Path, error: OSError) -> StoreFault:
    todo = "Nothing is lost. Make room on the disk, then give the same command again."
    return StoreFault(f"{path} cannot be written: {error.strerror or error}", todo=todo)
