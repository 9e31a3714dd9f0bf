"""The files that are derived from a journal: dataset.jsonl and rejected.jsonl. They may be deleted; `rebuild` writes
them again, byte for byte. How a row looks is not known here.

While a run works they grow as turns retire, so that a person can follow them with `tail -f`.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from selfgen.core.tasks import Record
from selfgen.core.turns import Rejection, Retired
from selfgen.errors import StoreFault
from selfgen.store.run_dir import RunDir


class Derived:
    """Writes both files from the beginning, replacing what was there. The dataset ends at `target` records."""

    def __init__(
        self,
        run: RunDir,
        target: int,
        record_row: Callable[[Record], bytes],
        rejection_row: Callable[[Rejection], bytes],
    ) -> None:
        self._run = run
        self._room = target
        self._record_row = record_row
        self._rejection_row = rejection_row
        self._files = [_open_beside(path) for path in (run.dataset, run.rejected)]

    def add(self, turns: Sequence[Retired]) -> None:
        """Write what retired turns brought. Raises StoreFault when the disk is full."""
        dataset, rejected = self._files
        records = [record for turn in turns for record in turn.records][: self._room]
        self._room -= len(records)
        with _naming(self._run.path):
            dataset.write(b"".join(map(self._record_row, records)))
            rejected.write(b"".join(self._rejection_row(r) for turn in turns for r in turn.rejections))

    def move_target(self, records: int) -> None:
        """Have the dataset end so many records later, or sooner; not before what is written already."""
        self._room = max(0, self._room + records)

    def flush(self) -> None:
        """Let others see what was added; now and then is enough, the journal has it all."""
        with _naming(self._run.path):
            for file in self._files:
                file.flush()

    def publish(self) -> None:
        """Put the files in the place of older ones; what is added later grows them there."""
        with _naming(self._run.path):
            for path in (self._run.dataset, self._run.rejected):
                _beside(path).replace(path)

    def close(self) -> None:
        """Close both files."""
        with _naming(self._run.path):
            for file in self._files:
                file.close()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _open_beside(path: Path) -> io.BufferedWriter:
    with _naming(path):
        return _beside(path).open("wb")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise StoreFault(
            f"{path}: cannot write: {'the disk is full' if full else error.strerror}",
            todo="Everything up to here is safe. Make room on the disk, then run the same command again to continue.",
        ) from error
