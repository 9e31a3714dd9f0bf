"""The folder of results: whole or not at all, and never in the place of what is not ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfgen.errors import CannotCreate, StoreFault, UsageError
from selfgen.store.rows_out import REJECTED, REPAIRS, Folder, check_folder


def fill(out: Path, text: bytes = b"1\n", dataset: str = "dataset.jsonl") -> None:
    with Folder(out) as folder:
        for name in (dataset, REJECTED, REPAIRS):
            folder.open(name)
            folder.add(name, text)
        folder.publish()


def give_up(out: Path, end: type[BaseException]) -> None:
    with Folder(out) as folder:
        folder.open("dataset.jsonl")
        folder.add("dataset.jsonl", b"new\n")
        raise end("now")


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def test_results_appear_at_once_and_alone(tmp_path: Path) -> None:
    with Folder(tmp_path / "a" / "out") as folder:
        folder.open("dataset.jsonl")
        folder.add("dataset.jsonl", b"1\n")
        assert not (tmp_path / "a" / "out").exists()
        folder.publish()
        assert (tmp_path / "a" / "out" / "dataset.jsonl").read_bytes() == b"1\n"
    assert names(tmp_path / "a") == ["out"]


@pytest.mark.parametrize("end", [KeyboardInterrupt, StoreFault])
def test_whatever_ends_the_work_early_leaves_nothing(end: type[BaseException], tmp_path: Path) -> None:
    fill(tmp_path / "out", b"old\n")
    with pytest.raises(end):
        give_up(tmp_path / "out", end)
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "dataset.jsonl").read_bytes() == b"old\n"


def test_new_results_leave_nothing_of_the_old(tmp_path: Path) -> None:
    fill(tmp_path / "out", dataset="dataset.csv")
    fill(tmp_path / "out", b"2\n")
    assert names(tmp_path / "out") == ["dataset.jsonl", REJECTED, REPAIRS]
    assert (tmp_path / "out" / REJECTED).read_bytes() == b"2\n"


def test_which_folders_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("{}")
    (tmp_path / "empty").mkdir()
    check_folder(tmp_path / "empty", [data], force=False)
    check_folder(tmp_path / "new", [data], force=False)
    fill(tmp_path / "old")
    with pytest.raises(CannotCreate, match="results of an earlier"):
        check_folder(tmp_path / "old", [data], force=False)
    check_folder(tmp_path / "old", [data], force=True)
    (tmp_path / "old" / "thesis.tex").write_text("x")
    with pytest.raises(CannotCreate, match=r"other things \(thesis.tex\)"):
        check_folder(tmp_path / "old", [data], force=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "dataset.jsonl").write_text("a dataset of somebody else")
    with pytest.raises(CannotCreate, match="other things"):
        check_folder(tmp_path / "mine", [data], force=True)
    with pytest.raises(CannotCreate, match="is no folder"):
        check_folder(data, [tmp_path / "mine" / "dataset.jsonl"], force=True)
    with pytest.raises(UsageError, match="lies in"):
        check_folder(tmp_path, [data], force=True)


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CannotCreate, match="cannot make a folder"), Folder(tmp_path / "file" / "out"):
        pass
