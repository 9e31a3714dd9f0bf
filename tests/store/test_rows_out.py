"""The folder of results: whole or not at all, and never in the place of what is not ours."""

from __future__ import annotations

import os
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


def give_up_quietly(out: Path) -> None:
    with pytest.raises(StoreFault):
        give_up(out, StoreFault)


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


def test_two_at_once_never_share_a_place(tmp_path: Path) -> None:
    with Folder(tmp_path / "out"):
        with pytest.raises(CannotCreate, match="another `selfgen clean` makes results"):
            fill(tmp_path / "out")
        fill(tmp_path / "elsewhere")
    assert names(tmp_path) == ["elsewhere"]
    fill(tmp_path / "out")


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        folder = Folder(tmp_path / "out").__enter__()
        folder.open("half.tmp")
        os._exit(0)
    os.waitpid(child, 0)
    assert len(names(tmp_path)) == 2
    fill(tmp_path / "out")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["dataset.jsonl", REJECTED, REPAIRS]


def test_a_folder_that_is_there_is_all_that_is_touched(tmp_path: Path) -> None:
    """It may be a disk of its own: nothing could be moved there from beside it."""
    (tmp_path / "out").mkdir()
    with Folder(tmp_path / "out") as folder:
        assert names(tmp_path) == ["out"]
        check_folder(tmp_path / "out", [], force=False)
        folder.open(REPAIRS)
        with pytest.raises(CannotCreate, match="another"):
            fill(tmp_path / "out")
        folder.publish()
    assert names(tmp_path / "out") == [REPAIRS]
    give_up_quietly(tmp_path / "out")
    assert names(tmp_path / "out") == [REPAIRS]


def test_a_folder_that_comes_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    with Folder(tmp_path / "out") as folder:
        folder.open(REPAIRS)
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / REPAIRS).write_text("of somebody else")
        with pytest.raises(StoreFault, match="out cannot be written: Directory not empty"):
            folder.publish()
    assert (tmp_path / "out" / REPAIRS).read_text() == "of somebody else"
    assert names(tmp_path) == ["out"]


def test_folders_on_the_way_go_too(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    give_up_quietly(tmp_path / "a" / "b" / "c" / "out")
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == []


def test_a_link_leads_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("not yet there")
    check_folder(tmp_path / "link", [], force=False)
    fill(tmp_path / "link")
    assert (tmp_path / "not yet there" / "dataset.jsonl").read_bytes() == b"1\n"
    fill(tmp_path / "link", b"2\n")
    assert (tmp_path / "not yet there" / "dataset.jsonl").read_bytes() == b"2\n"
    assert (tmp_path / "link").is_symlink()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(CannotCreate, match="leads nowhere"):
        check_folder(tmp_path / "loop", [], force=False)


@pytest.mark.parametrize("name", ["中" * 84, "n" * 250, "a\nb", "\udcff"])
def test_any_name_that_the_disk_takes(name: str, tmp_path: Path) -> None:
    fill(tmp_path / name)
    assert names(tmp_path) == [name]


def test_a_name_that_no_disk_takes(tmp_path: Path) -> None:
    with pytest.raises(CannotCreate, match="File name too long"):
        check_folder(tmp_path / ("n" * 300), [], force=False)


def test_a_file_that_cannot_grow_is_named_as_the_person_knows_it(tmp_path: Path) -> None:
    """/dev/full stands in for a full disk."""
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with Folder(tmp_path / "out") as folder:
        folder.open("report.md")
        folder._files["report.md"].close()
        folder._files["report.md"] = open("/dev/full", "wb")  # noqa: SIM115
        with pytest.raises(StoreFault, match=r"out/report.md cannot be written: the disk is full"):
            folder.add("report.md", b"x" * 1_000_000)
    assert names(tmp_path) == []


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
    fill(tmp_path / "linked")
    (tmp_path / "linked" / "dataset.csv").symlink_to(data)
    with pytest.raises(UsageError, match="lies in"):
        check_folder(tmp_path / "linked", [tmp_path / "linked" / "dataset.csv"], force=True)
    fill(tmp_path / "deep")
    (tmp_path / "deep" / "dataset.d").mkdir()
    with pytest.raises(CannotCreate, match=r"other things \(dataset.d\)"):
        check_folder(tmp_path / "deep", [data], force=True)


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CannotCreate, match="cannot make a folder"), Folder(tmp_path / "file" / "out"):
        pass
