"""The journal: what is acknowledged is there after any cut, nothing is there twice, and strangers are refused."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.core.work import Answered, CallId, Event, Judged, Measure, Refused, Usage, Verdict
from selfgen.errors import StoreFault
from selfgen.store.events import Row, from_row, to_row
from selfgen.store.journal import Reader, Writer

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.integers(0, 2**40)
calls = st.builds(CallId, numbers, st.integers(0, 9), st.integers(0, 99), st.integers(0, 9))
values = st.one_of(st.floats(allow_nan=False, allow_infinity=False), texts)
measures = st.builds(Measure, texts, values, values, texts, texts)
reasons = st.one_of(st.just(""), texts)
verdicts = st.builds(
    lambda draft, reason, found: Verdict(draft, not reason, reason, tuple(found)), texts, reasons, st.lists(measures)
)
events = st.one_of(
    st.builds(Answered, calls, texts, texts, st.builds(Usage, numbers, numbers, numbers), texts, texts, texts),
    st.builds(Refused, calls, texts, texts),
    st.builds(lambda turn, stage, found: Judged(turn, stage, tuple(found)), numbers, numbers, st.lists(verdicts)),
)


def reply(turn: int, text: str = "hello 你好") -> Answered:
    return Answered(CallId(turn, 0, 0), text, "stop", Usage(10, 5), "m", "sha256:0")


def write(path: Path, batches: Sequence[Sequence[Event]]) -> None:
    done = threading.Semaphore(0)
    writer = Writer(path, linger_s=0)
    for batch in batches:
        writer.submit(batch, lambda _: done.release())
        assert done.acquire(timeout=10)
    writer.close()


def read(path: Path) -> list[Event]:
    reader = Reader(path)
    try:
        return list(reader.events())
    finally:
        reader.close()


@given(events)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert from_row(to_row(event)) == event


def test_a_damaged_row_is_named() -> None:
    for body in ("", "{", "{}", "[1]", "null", '{"text": 1}'):
        for kind in ("answered", "refused"):
            with pytest.raises(StoreFault, match=r"7\.0\.1"):
                from_row(Row(kind, 7, 0, 1, body))


def test_order_header_and_notes_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    wanted = [reply(3), Refused(CallId(1, 2, 0), "content_filter", "no"), Judged(1, 0, (Verdict("t1.0", True, ""),))]
    writer = Writer(path)
    writer.put_header({"config": {"a": 1}, "seeds": ["x"]})
    writer.put_header({"config": {"a": 2}})
    writer.submit(wanted, lambda _: None)
    writer.note("outage", "away")
    writer.close()
    reader = Reader(path)
    assert list(reader.events()) == wanted
    assert reader.header() == {"config": {"a": 2}, "seeds": ["x"]}
    assert [(note.kind, note.text) for note in reader.notes()] == [("outage", "away")]
    assert reader.event(CallId(1, 2, 0)) == wanted[1]
    assert reader.event(CallId(1, 2, 1)) is None
    assert reader.event(CallId(1, 2, 0, 1)) is None
    assert reader.check() == []
    assert len(reader.times()) == 3
    reader.close()


def test_events_are_durable_before_they_are_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    seen: list[list[Event]] = []
    done = threading.Event()

    def acknowledge(_: Sequence[Event]) -> None:
        seen.append(read(path))
        done.set()

    writer = Writer(path)
    writer.submit([reply(0)], acknowledge)
    assert done.wait(10)
    writer.close()
    assert seen == [[reply(0)]]


def test_one_call_cannot_be_journaled_twice(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    faults: list[StoreFault] = []
    acknowledged: list[Event] = []
    writer = Writer(path, linger_s=0)
    writer.watch(faults.append)
    write(tmp_path / "other.db", [[reply(0)]])
    writer.submit([reply(0)], acknowledged.extend)
    writer.submit([reply(0, "again")], acknowledged.extend)
    writer.close()
    assert acknowledged in ([reply(0)], [])  # both may have been gathered into one commit
    assert len(faults) == 1
    assert "UNIQUE" in str(faults[0])
    assert read(path) == acknowledged


def test_a_call_that_is_asked_again_is_journaled_beside_the_first(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    first, second = reply(0), Answered(CallId(0, 0, 0, 1), "whole", "stop", Usage(10, 9), "m", "sha256:1")
    write(path, [[first], [second]])
    assert read(path) == [first, second]
    reader = Reader(path)
    assert reader.event(CallId(0, 0, 0)) == first
    assert reader.event(CallId(0, 0, 0, 1)) == second
    reader.close()
    faults: list[StoreFault] = []
    writer = Writer(path, linger_s=0)
    writer.watch(faults.append)
    writer.submit([second], lambda _: None)
    writer.close()
    assert "UNIQUE" in str(faults[0])


def test_a_damaged_row_of_a_call_that_was_asked_again_is_named() -> None:
    with pytest.raises(StoreFault, match=r"row answered 7\.0\.1\+2 is damaged"):
        from_row(Row("answered", 7, 0, 1, "{}", again=2))


def make_format_1(path: Path, events: Sequence[Event]) -> None:
    """Write a journal as format 1 has it: without the column that tells calls asked again from the first."""
    database = sqlite3.connect(path)
    database.executescript(
        "PRAGMA application_id=0x5E1F6E4; PRAGMA user_version=1;"
        "CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, turn INTEGER NOT NULL,"
        " stage INTEGER NOT NULL, item INTEGER NOT NULL, at REAL NOT NULL, body TEXT NOT NULL,"
        " UNIQUE (turn, stage, item));"
        "CREATE TABLE notes (seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);"
    )
    rows = [(row.kind, row.turn, row.stage, row.item, 5.0, row.body) for row in map(to_row, events)]
    database.executemany("INSERT INTO events (kind, turn, stage, item, at, body) VALUES (?, ?, ?, ?, ?, ?)", rows)
    database.commit()
    database.close()


def test_a_journal_of_format_1_is_read_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    wanted = [reply(3), Refused(CallId(1, 2, 0), "content_filter", "no"), Judged(1, 0, (Verdict("t1.0", True, ""),))]
    make_format_1(path, wanted)
    before = path.read_bytes()
    reader = Reader(path)
    assert list(reader.events()) == wanted
    assert reader.has_events()
    assert reader.times() == [5.0] * 3
    assert reader.event(CallId(1, 2, 0)) == wanted[1]
    assert reader.event(CallId(1, 2, 0, 1)) is None
    assert reader.check() == []
    reader.close()
    with pytest.raises(StoreFault, match="journal format 1, this selfgen writes format 2") as refused:
        Writer(path)
    assert "version that made the run" in str(refused.value.todo)
    assert read(path) == wanted
    assert path.read_bytes()[100:] == before[100:], "only the log mode in the head may differ"


def test_the_log_cut_at_every_frame_and_at_odd_bytes_leaves_a_prefix(tmp_path: Path) -> None:
    """What a power cut leaves: the database and a beginning of its write-ahead log."""
    path = tmp_path / "run.db"
    wanted = [reply(turn, f"text {turn} " * 40) for turn in range(12)]
    done = threading.Semaphore(0)
    writer = Writer(path, linger_s=0)
    for event in wanted:
        writer.submit([event], lambda _: done.release())
        assert done.acquire(timeout=10)
    log = path.with_name("run.db-wal")
    size = log.stat().st_size
    cuts = sorted({0, 1, 31, 32, size, *range(32, size, 4096 + 24), *range(100, size, 1777)})
    found = []
    for cut in cuts:
        copy = tmp_path / f"cut{cut}"
        copy.mkdir()
        shutil.copyfile(path, copy / "run.db")
        (copy / "run.db-wal").write_bytes(log.read_bytes()[:cut])
        try:
            left = read(copy / "run.db")
        except StoreFault:
            left = []  # cut inside the commit that makes the tables: the run had not begun
        assert left == wanted[: len(left)]
        found.append(len(left))
    writer.close()
    assert found == sorted(found)
    assert found[-1] == len(wanted)


@pytest.mark.parametrize("kills", [6])
def test_sigkill_loses_nothing_acknowledged(tmp_path: Path, kills: int) -> None:
    """A child acknowledges on its standard output what is durable, until it is killed."""
    code = (
        "import sys, pathlib\n"
        "from selfgen.core.work import *\n"
        "from selfgen.store.journal import Reader, Writer\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "w = Writer(path, linger_s=0.001)\n"
        "r = Reader(path); start = len(list(r.events())); r.close()\n"
        "def done(events):\n"
        "    for e in events: print(e.id.turn, flush=True)\n"
        "for t in range(start, start + 100000):\n"
        "    w.submit([Answered(CallId(t, 0, 0), 'x' * 500, 'stop', Usage(), 'm', '')], done)\n"
        "    if t % 50 == 0: import time; time.sleep(0.002)\n"
    )
    path = tmp_path / "run.db"
    acknowledged = -1
    for kill in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": "."},
        ) as child:
            assert child.stdout is not None
            lines = [child.stdout.readline() for _ in range(20 + 37 * kill)]
            child.kill()
            rest = child.stdout.read().split("\n")[:-1]
        acknowledged = max(acknowledged, *(int(line) for line in [*lines, *rest] if line.strip()))
        turns = [event.id.turn for event in read(path)]  # type: ignore[union-attr]
        assert turns == list(range(len(turns)))
        assert len(turns) > acknowledged


def test_a_full_disk_is_one_clear_fault_and_loses_nothing(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands in for a full disk: writes beyond it fail."""
    code = (
        "import resource, signal, sys, pathlib, threading\n"
        "from selfgen.core.work import *\n"
        "from selfgen.store.journal import Writer\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "w = Writer(pathlib.Path(sys.argv[1]), linger_s=0)\n"
        "broken = threading.Event(); faults = []\n"
        "w.watch(lambda f: (faults.append(f), broken.set()))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "t = 0\n"
        "while not broken.is_set():\n"
        "    ok = threading.Event()\n"
        "    w.submit([Answered(CallId(t, 0, 0), 'x' * 5000, 'stop', Usage(), 'm', '')], lambda e: ok.set())\n"
        "    while not ok.wait(0.01) and not broken.is_set(): pass\n"
        "    t += ok.is_set()\n"
        "print(t); print(faults[0])\n"
    )
    path = tmp_path / "run.db"
    env = os.environ | {"PYTHONPATH": "."}
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60, env=env)
    count, fault = done.stdout.split("\n", 1)
    assert "cannot write" in fault, done.stderr
    assert "run the same command again" in fault
    assert int(count) > 10
    assert len(read(path)) == int(count)
    write(path, [[reply(10_000)]])
    assert len(read(path)) == int(count) + 1


def test_strangers_and_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="not a run folder"):
        Reader(tmp_path / "run.db")
    text = tmp_path / "text.db"
    text.write_text("not a database, not a database, not a database " * 50)
    with pytest.raises(StoreFault):
        Reader(text)
    foreign = tmp_path / "foreign.db"
    other = sqlite3.connect(foreign)
    other.execute("CREATE TABLE t (x)")
    other.commit()
    other.close()
    for opener in (Reader, Writer):
        with pytest.raises(StoreFault, match="not a journal of selfgen"):
            opener(foreign)
    later = tmp_path / "later.db"
    write(later, [])
    newer = sqlite3.connect(later)
    newer.execute("PRAGMA user_version=99")
    newer.close()
    with pytest.raises(StoreFault, match="format 99"):
        Reader(later)
