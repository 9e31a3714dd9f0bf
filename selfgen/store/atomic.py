"""Files that are there whole or not at all, whenever the power fails.

Knows file systems. Does not know what is written.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from selfgen.errors import StoreFault

_CHUNK = 256 * 1024


def write_atomic(path: Path, pieces: Iterable[bytes]) -> None:
    """Write all pieces to a new file beside `path`, make it durable, and put it in the place of `path` in one step.

    Until then `path` stays as it was, also when `pieces` raises or the process dies. A link is followed, and the mode
    of a file that is replaced is kept. Raises StoreFault where the disk is full, nothing may be written there, or
    `path` is no ordinary file; what `pieces` raises comes through as it is."""
    with _naming(path):
        place = _find_place(path)
        handle = _create_beside(place)
    temporary = Path(handle.name)
    try:
        with handle:
            for chunk in _merge(pieces):
                with _naming(path):
                    _write_all(handle, chunk)
            with _naming(path):
                _settle(handle, place)
        with _naming(path):
            os.replace(temporary, place)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    with _naming(path):
        _sync_folder(place.parent)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn what the file system says into a StoreFault that names the file as the person knows it."""
    try:
        yield
    except OSError as error:
        raise StoreFault(f"{path} cannot be written: {_word_error(error)}", todo=_advise(error)) from error


def _word_error(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "the disk is full"
        case errno.EACCES | errno.EPERM:
            return "permission denied"
        case errno.EROFS:
            return "the disk is read-only"
        case errno.ENOENT | errno.ENOTDIR:
            return "its folder does not exist"
        case errno.EISDIR:
            return "there is a folder of this name"
        case errno.EFBIG:
            return "the file is larger than this disk or this process allows"
        case _:
            return error.strerror or str(error)


def _advise(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room on the disk and give the same command again; nothing is lost."
    return "Choose another place, or correct this one, and give the same command again; nothing is lost."


def _find_place(path: Path) -> Path:
    place = Path(os.path.realpath(path))
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if place.exists() and not place.is_file():
        raise OSError(errno.EINVAL, "it is no ordinary file")
    return place


def _create_beside(place: Path) -> io.FileIO:
    """Open a new file without a buffer, so that closing it after a full disk has nothing left to write."""
    number = 0
    while True:
        temporary = place.with_name(f".{place.name[:50]}.{os.getpid()}-{number}.tmp")
        try:
            return io.FileIO(temporary, "xb")
        except FileExistsError:
            number += 1


def _merge(pieces: Iterable[bytes]) -> Iterator[bytearray]:
    """Yield the same bytes in larger chunks."""
    chunk = bytearray()
    for piece in pieces:
        chunk += piece
        if len(chunk) >= _CHUNK:
            yield chunk
            chunk = bytearray()
    if chunk:
        yield chunk


def _write_all(handle: io.FileIO, chunk: bytearray) -> None:
    with memoryview(chunk) as rest:
        done = 0
        while done < len(rest):
            done += handle.write(rest[done:])


def _settle(handle: io.FileIO, place: Path) -> None:
    with suppress(FileNotFoundError):
        os.fchmod(handle.fileno(), stat.S_IMODE(place.stat().st_mode))
    os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the new name durable. Some network file systems cannot do this for folders, and say EINVAL."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(handle)
