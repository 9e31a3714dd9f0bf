"""Small files that processes leave for one another in a run folder: replaced in one step, read without trust.

Knows file systems. Does not know what the files say. Nothing here is durable: what is lost with the power was only true
while a process lived.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

MOST_BYTES = 256 * 1024
"""Nobody of ours writes more than this into such a file."""


class Distrusted(Exception):
    """A file in our place that none of us wrote: a link, a pipe, a folder, too large."""


def replace_small(path: Path, data: bytes, aside: str = "new") -> None:
    """Put `data` in the place of `path`: a reader sees the old file or the new one. It may be read and written by whom
    the folder lets in. A link of that name is replaced, not followed. Raises OSError.

    `aside` tells writers apart that may write at the same time."""
    beside = path.with_name(f".{path.name}.{aside}")
    with suppress(FileNotFoundError):
        beside.unlink()  # of a process that was killed
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.fchmod(handle, stat.S_IMODE(path.parent.stat().st_mode) & 0o666)
            with memoryview(data) as rest:
                done = 0
                while done < len(rest):
                    done += os.write(handle, rest[done:])
        finally:
            os.close(handle)
        os.replace(beside, path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


def read_small(path: Path) -> bytes | None:
    """Return what is in a file, None where there is none. Never waits, follows no link.

    Raises Distrusted, which says what is there instead, and OSError for what the file system refuses."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise Distrusted("it is a link") from error
        raise
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise Distrusted("it is no ordinary file")
        if found.st_size > MOST_BYTES:
            raise Distrusted(f"it has {found.st_size:,} bytes")
        return _read_all(handle)
    finally:
        os.close(handle)


def _read_all(handle: int) -> bytes:
    data = b""
    while piece := os.read(handle, MOST_BYTES + 1 - len(data)):
        data += piece
        if len(data) > MOST_BYTES:
            raise Distrusted("it grows while it is read")
    return data


def remove_small(path: Path) -> None:
    """Remove a file if it is there and can be removed; a link itself, never what it leads to."""
    with suppress(OSError):
        path.unlink()


def stamp_of(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is replaced, None where there is none: one question to the file system."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
