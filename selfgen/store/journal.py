"""The journal: every event of a run, in one SQLite file. The only home of sqlite3.

    header   what the run is (its identity and resolved settings) and the latest policy, as canonical JSON texts by name
    events   what the outside world said, in the order in which it became durable; (turn, stage, item, again) is unique
    notes    what happened around the run, for people: starts, stops, outages. Decides nothing.

WAL with synchronous=FULL: a commit that returned survives power loss. One writer thread commits whatever has gathered
(group commit), so many calls share one fsync; a writer that finds work waits `linger_s` for more before it commits.
Journal first, then act: `submit` promises to call back with the events only after their commit.
"""

from __future__ import annotations

import json
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfgen.canon import canonical_json
from selfgen.core.work import CallId, Event
from selfgen.errors import StoreFault
from selfgen.store.events import Row, from_row, to_row

FORMAT = 2
"""Version of the tables. A reader refuses what it does not know; a change brings a migration or a clear refusal."""
READABLE = (1, FORMAT)
"""Formats that can be read. In format 1 no call was asked again, and there is no column `again`."""

_TABLES = """
CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, turn INTEGER NOT NULL, stage INTEGER NOT NULL, item INTEGER NOT NULL,
    again INTEGER NOT NULL, at REAL NOT NULL, body TEXT NOT NULL, UNIQUE (turn, stage, item, again)
);
CREATE TABLE notes (seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
"""
_APPLICATION_ID = 0x5E1F6E4  # marks the file as ours for `file` and for refusals


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened around the run, with the time in seconds since 1970."""

    at: float
    kind: str
    text: str


def _fault(path: Path, error: sqlite3.Error) -> StoreFault:
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return StoreFault(
            f"{path}: cannot write: {text}",
            todo="Everything up to here is safe. Free some disk space, then run the same command again to continue.",
        )
    if "locked" in text or "busy" in text:
        what = f"{path}: another program is writing to it"
        return StoreFault(what, todo="Close that program (sqlite3?), then run the same command again; nothing is lost.")
    if "readonly" in text or "unable to open" in text:
        return StoreFault(f"{path}: {text}", todo="Check the permissions of the run folder.")
    return StoreFault(f"{path}: {text}", todo="Restore the run folder from a backup, or start a new run with --out.")


def _connect(path: Path, *, write: bool) -> sqlite3.Connection:
    mode = "mode=rwc" if write else "mode=ro"
    if not write and not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists():
        # Reading a WAL database needs a shared-memory file beside it, which cannot be made here; nobody writes either.
        mode = "immutable=1"
    database = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, check_same_thread=False, timeout=10)
    database.isolation_level = None
    database.execute("PRAGMA trusted_schema=OFF")
    if write:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
    return database


def _check_format(path: Path, database: sqlite3.Connection, *, write: bool) -> int:
    """Return the journal's format. Raises StoreFault for one that cannot be read, or written where that is wanted."""
    owner = database.execute("PRAGMA application_id").fetchone()[0]
    found = database.execute("PRAGMA user_version").fetchone()[0]
    if owner != _APPLICATION_ID:
        raise StoreFault(f"{path} is not a journal of selfgen", todo="Name a folder that `selfgen run` made.")
    if found not in READABLE or (write and found != FORMAT):
        verb = "writes" if write and found in READABLE else "reads"
        raise StoreFault(
            f"{path} has journal format {found}, this selfgen {verb} format {FORMAT}",
            todo="Use the selfgen version that made the run, or start a new run with another --out.",
        )
    return int(found)


def is_blank(path: Path) -> bool:
    """Tell whether the file's maker died before its tables were there: a run that never began."""
    try:
        with closing(_connect(path, write=False)) as database:
            tables = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
            return not tables and database.execute("PRAGMA application_id").fetchone()[0] == 0
    except sqlite3.Error as error:
        raise _fault(path, error) from error


class Reader:
    """Reads a journal, also while a run writes it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise StoreFault(f"{path.parent} is not a run folder: there is no {path.name}", todo="Name a run folder.")
        self._path = path
        try:
            self._database = _connect(path, write=False)
            found = _check_format(path, self._database, write=False)
        except sqlite3.Error as error:
            raise _fault(path, error) from error
        self._again = "again" if found == FORMAT else "0"
        self._row = f"kind, turn, stage, item, body, {self._again}"

    def header(self) -> dict[str, Any]:
        """Return the header, JSON decoded."""
        rows = list(self._rows("SELECT name, value FROM header ORDER BY name"))
        try:
            return {name: json.loads(value) for name, value in rows}
        except ValueError as error:
            todo = "Restore the run folder from a backup, or start a new run with --out."
            raise StoreFault(f"{self._path}: the journal's header is damaged: {error}", todo=todo) from error

    def events(self) -> Iterator[Event]:
        """Return all events in the order of the journal."""
        return (from_row(Row(*row)) for row in self._rows(f"SELECT {self._row} FROM events ORDER BY seq"))

    def has_events(self) -> bool:
        """Tell whether anything was ever heard of the world."""
        return next(self._rows("SELECT 1 FROM events LIMIT 1"), None) is not None

    def event(self, call: CallId) -> Event | None:
        """Return one event by its address."""
        sql = f"SELECT {self._row} FROM events WHERE turn=? AND stage=? AND item=? AND {self._again}=?"
        rows = self._rows(sql, call.turn, call.stage, call.item, call.again)
        return next((from_row(Row(*row)) for row in rows), None)

    def times(self) -> list[float]:
        """Return when each event became durable, in seconds since 1970."""
        return [at for (at,) in self._rows("SELECT at FROM events ORDER BY seq")]

    def notes(self) -> list[Note]:
        """Return all notes in order."""
        return [Note(*row) for row in self._rows("SELECT at, kind, text FROM notes ORDER BY seq")]

    def check(self) -> list[str]:
        """Return what SQLite finds wrong with the file; nothing when it is whole."""
        return [text for (text,) in self._rows("PRAGMA integrity_check") if text != "ok"]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _rows(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        try:
            # Through map: a cursor itself would be closed with this generator, and complain after its database.
            yield from map(tuple, self._database.execute(sql, values))
        except sqlite3.Error as error:
            raise _fault(self._path, error) from error


@dataclass(frozen=True, slots=True)
class _Batch:
    events: Sequence[Event]
    rows: Sequence[Row]
    done: Callable[[Sequence[Event]], None]


class Writer:
    """Appends to a journal from one thread of its own. After a fault nothing more is written; `fault` tells why."""

    def __init__(self, path: Path, *, linger_s: float = 0.01) -> None:
        self._path = path
        self._linger_s = linger_s
        self._queue: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._on_fault: Callable[[StoreFault], None] = lambda fault: None
        self._lock = threading.Lock()
        self.fault: StoreFault | None = None
        try:
            self._database = _connect(path, write=True)
            if self._database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
                self._database.executescript(
                    f"BEGIN; PRAGMA application_id={_APPLICATION_ID}; PRAGMA user_version={FORMAT}; {_TABLES} COMMIT;"
                )
            _check_format(path, self._database, write=True)
        except sqlite3.Error as error:
            raise _fault(path, error) from error
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def put_header(self, values: Mapping[str, Any]) -> None:
        """Set header values, durable on return."""
        rows = [(name, canonical_json(value)) for name, value in values.items()]
        self._transact("INSERT INTO header VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value=excluded.value", rows)

    def note(self, kind: str, text: str) -> None:
        """Write a note, durable on return."""
        self._transact("INSERT INTO notes (at, kind, text) VALUES (?, ?, ?)", [(time.time(), kind, text)])

    def submit(self, events: Sequence[Event], done: Callable[[Sequence[Event]], None]) -> None:
        """Append events; `done` is called on the writer's thread once they are durable, never if they are not.

        Rows are made here, so that an event that cannot be written fails its sender and not its neighbours."""
        self._queue.put(_Batch(events, [to_row(event) for event in events], done))

    def watch(self, on_fault: Callable[[StoreFault], None]) -> None:
        """Name who is told, on the writer's thread, when writing fails."""
        self._on_fault = on_fault

    def close(self) -> None:
        """Write what was submitted, then close the file."""
        self._queue.put(None)
        self._thread.join()
        with self._lock:  # a note may be on its way, from a thread that outlives us
            self._database.close()

    def _transact(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            with self._lock:
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    self._database.executemany(sql, rows)
                    self._database.execute("COMMIT")
                except BaseException:
                    if self._database.in_transaction:
                        self._database.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            raise _fault(self._path, error) from error
        except UnicodeEncodeError as error:
            raise StoreFault(
                f"{self._path}: a text is not valid Unicode: {error}", todo="Please report this."
            ) from error

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batches, last = self._gather(first)
            try:
                self._commit([row for batch in batches for row in batch.rows])
            except StoreFault as fault:
                self.fault = fault
                self._on_fault(fault)
                return
            for batch in batches:
                batch.done(batch.events)
            if last:
                return

    def _gather(self, first: _Batch) -> tuple[list[_Batch], bool]:
        """Take what has come in, after a short wait for company; tell whether the end was among it."""
        if self._linger_s:
            time.sleep(self._linger_s)
        batches = [first]
        while not self._queue.empty():
            more = self._queue.get()
            if more is None:
                return batches, True
            batches.append(more)
        return batches, False

    def _commit(self, rows: Sequence[Row]) -> None:
        now = time.time()
        values = [(row.kind, row.turn, row.stage, row.item, row.again, now, row.body) for row in rows]
        self._transact(
            "INSERT INTO events (kind, turn, stage, item, again, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)", values
        )
