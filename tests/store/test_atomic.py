"""A file is written whole or not at all."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.errors import StoreFault
from selfgen.store.atomic import write_atomic


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]


@given(st.lists(st.binary(max_size=400_000), max_size=4))
def test_all_pieces_arrive_in_order(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    path = tmp_path_factory.getbasetemp() / "pieces.bin"
    write_atomic(path, pieces)
    assert path.read_bytes() == b"".join(pieces)


def test_a_file_is_replaced_with_its_mode_and_through_its_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_atomic(link, [b"new"])
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert real.stat().st_mode & 0o777 == 0o640
    assert not leftovers(tmp_path)


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        write_atomic(tmp_path / "数据.jsonl", [b"x"])
    finally:
        os.umask(mask)
    assert (tmp_path / "数据.jsonl").stat().st_mode & 0o777 == 0o644


def test_what_the_pieces_raise_comes_through_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old")

    def pieces() -> Iterator[bytes]:
        yield b"x" * 1_000_000
        raise ConnectionResetError("not about this file")

    with pytest.raises(ConnectionResetError):
        write_atomic(path, pieces())
    assert path.read_bytes() == b"old"
    assert not leftovers(tmp_path)


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old")

    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * 300_000
            assert path.read_bytes() == b"old"

    write_atomic(path, pieces())
    assert path.stat().st_size == 900_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_device_is_no_place_for_a_dataset() -> None:
    with pytest.raises(StoreFault, match="/dev/full cannot be written: it is no ordinary file"):
        write_atomic(Path("/dev/full"), [b"x"])


def test_a_folder_and_a_missing_folder_are_named_plainly(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="there is a folder of this name"):
        write_atomic(tmp_path, [b"x"])
    with pytest.raises(StoreFault, match="its folder does not exist") as caught:
        write_atomic(tmp_path / "none" / "a.jsonl", [b"x"])
    assert caught.value.exit_code == 74
    assert caught.value.todo


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission_is_named_plainly(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreFault, match="permission denied"):
            write_atomic(tmp_path / "a.jsonl", [b"x"])
    finally:
        tmp_path.chmod(0o700)


def test_a_file_that_grows_too_large_leaves_the_old_one(tmp_path: Path) -> None:
    """A limit on the file size fails in the middle of a write, as a full disk does."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    try:
        with pytest.raises(StoreFault, match="larger than this disk or this process allows"):
            write_atomic(path, [b"x" * 300_000] * 4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == b"old"
    assert not leftovers(tmp_path)


KILLED = """
import sys, time
from pathlib import Path
from selfgen.store.atomic import write_atomic

def pieces():
    while True:
        yield b"x" * 300_000
        print("more", flush=True)
        time.sleep(0.01)

write_atomic(Path(sys.argv[1]), pieces())
"""


def test_a_killed_writer_leaves_the_old_file_and_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old")
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], cwd=root, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"more\n"
        writer.kill()
        writer.wait()
    assert path.read_bytes() == b"old"
    write_atomic(path, [b"new"])
    assert path.read_bytes() == b"new"
