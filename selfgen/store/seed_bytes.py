"""From a path to the bytes of a text file: opening, unpacking gzip, and turning away what is no text at all.

Knows file systems and magic numbers. Does not know lines or formats.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from selfgen.store.seed_findings import Findings

MAX_FILE_BYTES = 512 * 1024 * 1024
"""Above this no file is read in one piece (unpacked size): a gzip bomb must not fill the memory."""

_CHUNK = 1024 * 1024
_GZIP = b"\x1f\x8b"
_AS_TEXT = "export it as JSONL or CSV first"
_UNPACK = "unpack it first"
_SAVE_CSV = "save the sheet as 'CSV UTF-8'"
_SAVE_UTF8 = "save it as UTF-8"

# (offset, magic bytes, what the file is, what to do); the first match counts, so longer ones come first.
_MAGIC = (
    (0, b"\xff\xfe\x00\x00", "UTF-32 text", _SAVE_UTF8),
    (0, b"\x00\x00\xfe\xff", "UTF-32 text", _SAVE_UTF8),
    (0, b"\xff\xfe", "UTF-16 text", f"{_SAVE_UTF8} (in Excel: 'CSV UTF-8')"),
    (0, b"\xfe\xff", "UTF-16 text", f"{_SAVE_UTF8} (in Excel: 'CSV UTF-8')"),
    (0, b"PAR1", "a Parquet file", _AS_TEXT),
    (0, b"ARROW1\x00\x00", "an Arrow file", _AS_TEXT),
    (0, b"\xff\xff\xff\xff\x10\x00\x00\x00", "an Arrow stream", _AS_TEXT),
    (0, b"SQLite format 3\x00", "an SQLite database", _AS_TEXT),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (xls, doc)", _SAVE_CSV),
    (0, b"%PDF-", "a PDF document", "copy its text into a text file"),
    (0, b"\x89PNG", "an image", "seeds are text"),
    (0, b"\xff\xd8\xff", "an image", "seeds are text"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (4, b"1AY&SY", "a bzip2 archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, _GZIP, "gzip inside gzip", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
)


class Readable(Protocol):
    """What bytes are read from: a file, or gzip that is being unpacked."""

    def read(self, size: int, /) -> bytes: ...
    def readline(self, size: int, /) -> bytes: ...


def load_bytes(path: Path, found: Findings, limit: int = MAX_FILE_BYTES) -> bytearray:
    """Return the unpacked bytes of a text file; nothing, and a fault, for what is no readable text file.

    Gzip is recognised by its content. `limit` is in bytes, after unpacking."""
    data = bytearray()
    with open_bytes(path, found) as handle:
        if handle is not None:
            data = read_whole(handle, found, limit)
    if found.faulty():
        return bytearray()
    if data and (binary := recognise_binary(data)):
        found.fault_whole(1, binary)
        return bytearray()
    if not data:
        found.fault_whole(1, "the file is empty")
    return data


@contextmanager
def open_bytes(path: Path, found: Findings) -> Iterator[Readable | None]:
    """Yield the unpacked bytes of a file as a stream, None where it cannot be opened or its name lies.

    What the file system or gzip says against it, within the block too, becomes a fault and ends the block."""
    with ExitStack() as stack:
        try:
            opened = _open(path, found, stack)
        except OSError as error:
            found.fault_whole(0, _word_os_error(error))
            opened = None
        except ValueError:
            found.fault_whole(0, "no file can have this name")
            opened = None
        try:
            yield opened
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            found.fault_whole(1, f"broken gzip data, perhaps a download that was cut ({error})")
        except OSError as error:
            found.fault_whole(0, _word_os_error(error))


def _open(path: Path, found: Findings, stack: ExitStack) -> Readable | None:
    handle = stack.enter_context(path.open("rb"))
    head = handle.peek(2)
    if head[:2] == _GZIP:
        return stack.enter_context(gzip.open(handle))
    if path.suffix.lower() == ".gz" and head:
        found.fault_whole(1, "its name ends in .gz, but it is not gzip data: give it another name")
        return None
    return handle


def read_whole(
    handle: Readable,
    found: Findings,
    limit: int = MAX_FILE_BYTES,
    *,
    todo: str = "too much for seeds, give a part of it",
) -> bytearray:
    """Return all that is left of a stream; nothing, and a fault, where that is more than `limit` bytes."""
    data = bytearray()
    while chunk := handle.read(_CHUNK):
        data += chunk
        if len(data) > limit:
            found.fault_whole(0, f"over {limit // 1024**2:,} MiB of text: {todo}")
            return bytearray()
    return data


def _word_os_error(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case IsADirectoryError():
            return "this is a folder: name the files in it"
        case PermissionError():
            return "it may not be read: permission denied"
        case _:
            return f"it cannot be read: {error.strerror or error}"


def recognise_binary(data: bytes | bytearray) -> str:
    """Return what a file that begins with `data` is and what to do, "" for what may be text."""
    for offset, magic, what, todo in _MAGIC:
        if data.startswith(magic, offset):
            return f"this is {what}: {todo}"
    if data.startswith(b"PK\x03\x04"):
        office = b"xl/" in data or b"[Content_Types].xml" in data
        return f"this is an Excel or Office file: {_SAVE_CSV}" if office else f"this is a zip archive: {_UNPACK}"
    head = bytes(data[:8192])
    if head.count(0) * 3 > len(head):
        return f"this is UTF-16 text without a mark, or no text: {_SAVE_UTF8}"
    if len(head.translate(None, bytes(set(range(32)) - set(b"\t\n\f\r")))) < 0.7 * len(head):
        return f"this is no text file: {_AS_TEXT}"
    return ""
