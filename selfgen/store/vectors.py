"""Vectors beside a run, so that no text is encoded twice: a file that may be lost at any time and is rebuilt.

    line 1   JSON: what this is, whose vectors they are (`owner`), how many bytes a vector has
    then     16 bytes of the text's digest, the vector, 4 bytes of CRC; appended, never changed

A record that was torn or damaged is passed over, as if it had never been written; a file of another owner is replaced.
Knows texts and bytes, no models and no numbers.
"""

from __future__ import annotations

import json
import os
import threading
import weakref
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from selfgen.canon import canonical_json, digest_bytes
from selfgen.errors import StoreFault
from selfgen.store.atomic import write_atomic
from selfgen.store.run_dir import RunDir

_FORM = 1
_KEY = 16
_CRC = 4
_LONGEST_HEADER = 4096
_LONGEST = 2**17  # bytes of a vector; what claims more is not ours, and must not be believed when memory is asked for
_CHUNK = 1024  # records read at a time


class VectorFile:
    """Bytes by text, kept in `vectors/` of a run folder for one owner: a model, and how it is asked.

    Whoever writes holds the run's lock; with `writable` False nothing on disk is touched. May be used on several
    threads. Raises StoreFault where the file cannot be read or written."""

    def __init__(self, run: RunDir, owner: str, *, writable: bool = True) -> None:
        self._owner, self._writable = owner, writable
        self.path = run.path / "vectors" / f"{digest_bytes(owner.encode('utf-8', 'replace'))[7:23]}.f16"
        self._places: dict[bytes, int] = {}
        self._size = 0
        self._end = 0
        self._file = -1
        self._closing: weakref.finalize[[int], VectorFile] | None = None
        self._using = threading.Lock()
        with self._naming():
            self._refuse_links()
            if self.path.is_file():
                self._open(os.O_RDWR if writable else os.O_RDONLY)
                self._read_all()

    def __len__(self) -> int:
        return len(self._places)

    def get(self, text: str) -> bytes | None:
        """Return the vector of a text, None where it is not kept."""
        with self._using, self._naming():
            place = self._places.get(_key(text))
            return None if place is None else os.pread(self._file, self._size, place)

    def put(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Keep vectors of one length. Those of another length than before begin the file anew: the model changed."""
        if not rows or not self._writable:
            return
        with self._using, self._naming():
            if len(rows[0][1]) != self._size:
                self._begin(len(rows[0][1]))
            data = b"".join(map(_record, rows))
            os.ftruncate(self._file, self._end)  # what a kill left of a record
            os.lseek(self._file, self._end, os.SEEK_SET)
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
            step = _KEY + self._size + _CRC
            for number, (text, _) in enumerate(rows):
                self._places[_key(text)] = self._end + number * step + _KEY
            self._end += len(data)

    def close(self) -> None:
        """Let go of the file; so does whoever forgets this object."""
        if self._closing is not None:
            self._closing()

    def _open(self, flags: int) -> None:
        self._file = os.open(self.path, flags)
        self._closing = weakref.finalize(self, os.close, self._file)

    def _begin(self, size: int) -> None:
        """Put an empty file in the place of what is there."""
        self.close()
        self.path.parent.mkdir(exist_ok=True)
        header = canonical_json({"vectors": _FORM, "owner": self._owner, "bytes": size}).encode() + b"\n"
        write_atomic(self.path, [header])
        self._open(os.O_RDWR)
        self._places, self._size, self._end = {}, size, len(header)

    def _read_all(self) -> None:
        """Find every whole record. A header that is not ours leaves the file to be replaced by the first `put`."""
        head, whole, _ = os.pread(self._file, _LONGEST_HEADER, 0).partition(b"\n")
        try:
            header = json.loads(head) if whole else {}
            mine = header["vectors"] == _FORM and header["owner"] == self._owner
            size = header["bytes"] if mine else 0
        except (ValueError, LookupError, TypeError):
            return
        if not isinstance(size, int) or not 0 < size <= _LONGEST:
            return
        self._size = size
        self._end = start = len(head) + 1
        step = _KEY + size + _CRC
        while data := os.pread(self._file, step * _CHUNK, start):
            for place in range(0, len(data) - step + 1, step):
                record = data[place : place + step]
                if zlib.crc32(record[:-_CRC]).to_bytes(_CRC, "little") == record[-_CRC:]:
                    self._places[record[:_KEY]] = start + place + _KEY
                self._end = start + place + step
            start += len(data)

    def _refuse_links(self) -> None:
        """A run folder from elsewhere may hold links to files of its receiver."""
        for path in (self.path.parent, self.path):
            if path.is_symlink():
                raise StoreFault(f"{path} is a link", todo="Remove it; what it is for is rebuilt.")

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreFault(
                f"{self.path} cannot be used: {error.strerror or error}",
                todo="Make room on the disk, or remove the folder vectors; it is rebuilt.",
            ) from error


def _key(text: str) -> bytes:
    return bytes.fromhex(digest_bytes(text.encode("utf-8", "surrogatepass")).removeprefix("sha256:"))[:_KEY]


def _record(row: tuple[str, bytes]) -> bytes:
    body = _key(row[0]) + row[1]
    return body + zlib.crc32(body).to_bytes(_CRC, "little")
