"""Runs of the version before calls could be asked again: they can be looked into, and not gone on with."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.shell import Shell

OLD = """
PRAGMA application_id=0x5E1F6E4; PRAGMA user_version=1;
CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, turn INTEGER NOT NULL, stage INTEGER NOT NULL, item INTEGER NOT NULL,
    at REAL NOT NULL, body TEXT NOT NULL, UNIQUE (turn, stage, item)
);
CREATE TABLE notes (seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
"""


def make_old(run: Path) -> None:
    """Turn a run into what the version before would have left: journal format 1, behaviour 2."""
    made = run / "run.db"
    old = run / "old.db"
    with closing(sqlite3.connect(made)) as new, closing(sqlite3.connect(old)) as database:
        database.executescript(OLD)
        header = dict(new.execute("SELECT name, value FROM header"))
        header["identity"] = json.dumps(json.loads(header["identity"]) | {"behaviour": 2})
        header["selfgen"] = json.dumps("0.0.9")
        database.executemany("INSERT INTO header VALUES (?, ?)", header.items())
        events = list(new.execute("SELECT kind, turn, stage, item, again, at, body FROM events ORDER BY seq"))
        assert not any(row[4] for row in events), "in this run nothing was asked again"
        sql = "INSERT INTO events (kind, turn, stage, item, at, body) VALUES (?, ?, ?, ?, ?, ?)"
        database.executemany(sql, [(*row[:4], *row[5:]) for row in events])
        database.commit()
    for path in run.glob("run.db*"):
        path.unlink()
    old.rename(made)


@pytest.fixture
def old(shell: Shell) -> str:
    """A run of format 1 with 30 records; the same run as this version made it is beside it."""
    Path("whole.yaml").write_text("propose: {model: mock, options: {cut_rate: 0, malformed_rate: 0}}\n")
    shown = shell("run", "--config", "whole.yaml", "--seeds", "general_zh", "--target", 30, "--out", "new")
    assert shown.code == 0, shown.all
    shutil.copytree("new", "old")
    make_old(Path("old"))
    return "old"


def test_it_can_be_looked_into(shell: Shell, old: str) -> None:
    assert "30 of 30 records" in shell("status", old).out
    assert "made by selfgen 0.0.9" in shell("status", old).out
    for command in (("show", old, "-n", 30), ("show", old, "--rejected")):
        shown = shell(*command)
        assert shown.code == 0
        assert shown.out.replace("old", "new") == shell(*(("new" if word == old else word) for word in command)).out
    first = json.loads(Path("old/dataset.jsonl").read_text().splitlines()[0])
    told = shell("why", old, first["id"])
    assert "was kept: turn 0" in told.out
    assert f"call {first['lineage']['calls'][0]}: prompt" in told.out


def test_it_can_be_exported_and_rebuilt(shell: Shell, old: str) -> None:
    assert shell("export", old, "--format", "alpaca", "--out", "old.json").code == 0
    assert shell("export", "new", "--format", "alpaca", "--out", "new.json").code == 0
    assert Path("old.json").read_bytes() == Path("new.json").read_bytes()
    Path("old/dataset.jsonl").unlink()
    assert shell("rebuild", old).code == 0
    assert Path("old/dataset.jsonl").read_bytes() == Path("new/dataset.jsonl").read_bytes()


def test_verify_says_that_another_version_made_it(shell: Shell, old: str) -> None:
    shown = shell("verify", old)
    assert shown.code == 74
    failed = [line for line in shown.out.splitlines() if line.startswith("FAIL")]
    assert len(failed) == 1, shown.out
    assert "another version made it: selfgen 0.0.9 (behaviour 2)" in failed[0]


@pytest.mark.parametrize("command", [("resume", "old"), ("run", "--config", "whole.yaml", "--out", "old")])
def test_it_is_not_gone_on_with(shell: Shell, old: str, command: tuple[str, ...]) -> None:
    before = Path("old/run.db").read_bytes()
    more = ("--target", 40) if command[0] == "resume" else ("--seeds", "general_zh", "--target", 40)
    shown = shell(*command, *more)
    assert shown.code == 78, shown.all
    assert "behaviour: 2 -> 3" in shown.err
    assert "Continue it with the selfgen version that made it (`selfgen status old` names it)" in shown.err
    assert Path("old/run.db").read_bytes() == before


def test_replies_that_are_read_otherwise_now_are_said_to_be_of_another_version(shell: Shell, old: str) -> None:
    with closing(sqlite3.connect("old/run.db")) as database:
        database.execute("DELETE FROM events WHERE kind = 'judged' AND turn = 0 AND stage = 0")
        database.commit()
    shown = shell("show", old)
    assert shown.code == 74
    assert "made by selfgen 0.0.9, whose replies this version reads otherwise" in shown.err
    assert "Use selfgen 0.0.9 for this run" in shown.err
