"""Vectors beside a run: kept, found again, and cut anywhere without harm."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from selfgen.errors import StoreFault
from selfgen.store.run_dir import RunDir
from selfgen.store.vectors import VectorFile

ROWS = [("one", b"1111"), ("二", b"2222"), ("three", b"3333"), ("", b"4444")]


def opened(path: Path, owner: str = "model a", *, writable: bool = True) -> VectorFile:
    path.mkdir(exist_ok=True)
    return VectorFile(RunDir(path), owner, writable=writable)


def filled(path: Path) -> VectorFile:
    file = opened(path)
    file.put(ROWS[:2])
    file.put(ROWS[2:])
    return file


def kept(file: VectorFile) -> list[bytes | None]:
    return [file.get(text) for text, _ in ROWS]


def test_what_was_put_is_found_in_this_session_and_the_next(tmp_path: Path) -> None:
    file = filled(tmp_path / "run")
    everything = [vector for _, vector in ROWS]
    assert kept(file) == everything
    assert file.get("four") is None
    file.close()
    again = opened(tmp_path / "run")
    assert kept(again) == everything
    again.put([("four", b"5555")])
    assert (again.get("four"), len(again)) == (b"5555", 5)
    assert kept(opened(tmp_path / "run")) == everything


def test_nothing_is_made_before_the_first_vector_and_none_where_a_run_is_only_read(tmp_path: Path) -> None:
    opened(tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []
    reader = opened(tmp_path / "run", writable=False)
    reader.put(ROWS)
    assert list((tmp_path / "run").iterdir()) == []
    assert kept(reader) == [None] * 4


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 400))
@example(cut=41)  # the header, without the end of its line
def test_a_file_cut_anywhere_gives_what_is_whole_and_takes_more(tmp_path: Path, cut: int) -> None:
    folder = tmp_path / "run"
    for old in folder.glob("vectors/*"):
        old.unlink()
    file = filled(folder)
    file.close()
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[:cut])
    again = opened(folder)
    found = kept(again)
    step = 16 + 4 + 4
    header = len(whole) - step * len(ROWS)
    expected = max(0, min(len(ROWS), (cut - header) // step))
    assert found == [vector for _, vector in ROWS[:expected]] + [None] * (len(ROWS) - expected)
    again.put(ROWS)
    assert kept(again) == kept(opened(folder)) == [vector for _, vector in ROWS]


@pytest.mark.parametrize("place", range(24))
def test_a_damaged_record_is_passed_over_and_the_others_stay(tmp_path: Path, place: int) -> None:
    file = filled(tmp_path / "run")
    file.close()
    data = bytearray(file.path.read_bytes())
    data[len(data) - 2 * 24 + place] ^= 0x10
    file.path.write_bytes(data)
    assert kept(opened(tmp_path / "run")) == [b"1111", b"2222", None, b"4444"]


def header(size: int) -> bytes:
    return b'{"bytes":%d,"owner":"model a","vectors":1}\n' % size


@pytest.mark.parametrize("header", [b"", b"{}", b"[]\n", b"not json\n", header(0), header(-4), header(10**15)])
def test_a_file_of_another_form_is_replaced(tmp_path: Path, header: bytes) -> None:
    file = filled(tmp_path / "run")
    file.close()
    file.path.write_bytes(header + b"x" * 100)
    again = opened(tmp_path / "run")
    assert kept(again) == [None] * 4
    again.put(ROWS)
    assert kept(opened(tmp_path / "run")) == [vector for _, vector in ROWS]


def test_each_owner_has_vectors_of_its_own(tmp_path: Path) -> None:
    one, other = filled(tmp_path / "run"), opened(tmp_path / "run", "model b")
    assert kept(other) == [None] * 4
    other.put([("one", b"bbbbbb")])
    assert (one.get("one"), other.get("one")) == (b"1111", b"bbbbbb")


def test_vectors_of_another_length_begin_the_file_anew(tmp_path: Path) -> None:
    file = filled(tmp_path / "run")
    file.put([("one", b"longer")])
    assert kept(file) == [b"longer", None, None, None]
    assert kept(opened(tmp_path / "run")) == [b"longer", None, None, None]


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run" / "vectors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreFault, match="is a link"):
        opened(tmp_path / "run")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "vectors").write_text("in the way")
    with pytest.raises(StoreFault, match=r"vectors.*cannot be"):
        opened(tmp_path / "run").put(ROWS)


def test_whoever_forgets_the_file_lets_go_of_it(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        filled(tmp_path / "run")
    assert len(os.listdir("/proc/self/fd")) == before


def test_threads_that_put_and_get_at_once_lose_nothing(tmp_path: Path) -> None:
    file = opened(tmp_path / "run")
    lost: list[str] = []

    def work(name: str) -> None:
        for number in range(60):
            file.put([(f"{name}{number}", f"{name}{number:04}".encode())])
            lost.extend(text for n in range(0, number, 7) if file.get(text := f"{name}{n}") != f"{name}{n:04}".encode())

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = opened(tmp_path / "run")
    assert (lost, len(again)) == ([], 240)
    assert all(again.get(f"{name}{n}") == f"{name}{n:04}".encode() for name in "abcd" for n in range(60))
