"""Run folders: their names, what they refuse, and the lock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from selfgen.errors import CannotCreate, UsageError
from selfgen.store.run_dir import Lock, RunDir, is_held

HOLD = (
    "import pathlib, sys, time\n"
    "from selfgen.store.run_dir import Lock, RunDir\n"
    "with Lock(RunDir(pathlib.Path(sys.argv[1]))):\n"
    "    print('held', flush=True); time.sleep(60)\n"
)


@pytest.mark.parametrize("name", ["..", "-x", ".hidden", "a b", "x" * 200, "a\nb", "\u202eabc", "a;b", "$(x)"])
def test_names_that_are_no_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        RunDir(tmp_path / name)


@pytest.mark.parametrize("name", ["a", "run-1", "general_zh.v2", "客服", "9"])
def test_names_that_are_fine(tmp_path: Path, name: str) -> None:
    run = RunDir(tmp_path / name)
    run.create()
    assert run.path.is_dir()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    folder.mkdir()
    (folder / "photo.jpg").touch()
    with pytest.raises(CannotCreate, match=r"photo\.jpg"):
        RunDir(folder).create()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(CannotCreate):
        RunDir(tmp_path / "x").create()


def test_the_lock_refuses_a_second_process_and_dies_with_the_first(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "r")
    run.create()
    env = os.environ | {"PYTHONPATH": "."}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)], stdout=subprocess.PIPE, text=True, env=env
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "held\n"
        with pytest.raises(CannotCreate, match=f"in use by process {one.pid} on "), Lock(run):
            pass
        assert is_held(run).startswith(f"{one.pid} on ")
        one.send_signal(signal.SIGKILL)
        one.wait()
        with Lock(run):
            assert is_held(run).startswith(f"{os.getpid()} on ")
    assert is_held(run) == ""
