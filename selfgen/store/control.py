"""control.json: how a command asks a session at work for something, also from another container that shares the folder.

    command   writes an order, with an id and the name of the session that it is meant for, in one step
    session   looks now and then (one question to the file system), takes the order away, and answers in live.json
    command   waits for the answer; an order that another command's has pushed out is given again

An order says what to do in words that are checked on both sides. It is data: nothing in it is ever run.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from selfgen.errors import CannotCreate, StoreFault
from selfgen.store.live import Live, Reply, Sight, look
from selfgen.store.run_dir import RunDir
from selfgen.store.small import Distrusted, read_small, remove_small, replace_small, stamp_of

ACTIONS = ("drain", "abandon", "set")
"""End when calls in flight are home; end at once; change settings."""
POLL_S = 0.1
GIVE_AGAIN_S = 1.5
"""After this long an order that is neither answered nor there any more is given again."""
MOST_SETTINGS = 16

_ID = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Order:
    """What a session is asked to do: one of ACTIONS, with names and values where it is `set`."""

    id: str
    session: str
    action: str
    settings: Mapping[str, str]


class BadOrder(Exception):
    """Something in the place of an order that is none; says what."""


def new_order(session: str, action: str, settings: Mapping[str, str] | None = None) -> Order:
    """Return an order with an id of its own."""
    return Order(secrets.token_hex(8), session, action, dict(settings or {}))


def give(run: RunDir, order: Order) -> None:
    """Leave an order in the run folder. Raises StoreFault when it cannot be written there."""
    values = {"id": order.id, "session": order.session, "action": order.action, "settings": dict(order.settings)}
    try:
        replace_small(run.control, json.dumps(values, ensure_ascii=False).encode(), order.id)
    except (OSError, UnicodeEncodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not valid text"
        todo = "Ask whoever owns the folder, or send the process SIGTERM: it drains."
        raise StoreFault(f"{run.control} cannot be written: {reason}", todo=todo) from error


class Inbox:
    """The session's side: takes orders away as they come. One question to the file system a look."""

    def __init__(self, run: RunDir) -> None:
        """What lies there already was meant for an earlier session."""
        self._path = run.control
        remove_small(self._path)
        self._seen = stamp_of(self._path)

    def take(self, session: str) -> Order | None:
        """Return the order that has come, None when there is none. Raises BadOrder, once for each file, for one that
        makes no sense or is meant for another session."""
        stamp = stamp_of(self._path)
        if stamp is None or stamp == self._seen:
            self._seen = stamp
            return None
        self._seen = stamp
        try:
            data = read_small(self._path)
        except (Distrusted, OSError) as error:
            raise BadOrder(str(error)) from error
        finally:
            remove_small(self._path)
        if data is None:
            return None
        order = read_order(data)
        if order.session != session:
            raise BadOrder("it is meant for another session")
        return order

    def close(self) -> None:
        """Take away what comes too late."""
        remove_small(self._path)


def read_order(data: bytes) -> Order:
    """Read an order. Raises BadOrder; never trusts that a command of ours wrote it."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadOrder("it is not JSON") from error
    if not isinstance(values, dict) or values.keys() != {"id", "session", "action", "settings"}:
        raise BadOrder("it has other fields than an order")
    id, session, action, settings = (values[name] for name in ("id", "session", "action", "settings"))
    if not (isinstance(id, str) and _ID.fullmatch(id) and isinstance(session, str)):
        raise BadOrder("its id is none")
    if action not in ACTIONS:
        raise BadOrder("it asks for something that does not exist")
    if not isinstance(settings, dict) or len(settings) > MOST_SETTINGS:
        raise BadOrder("its settings are none")
    if not all(isinstance(value, str) and len(name) <= 40 and len(value) <= 40 for name, value in settings.items()):
        raise BadOrder("its settings are none")
    return Order(id, session, action, settings)


def reply_to(order: Order, live: Live | None) -> Reply | None:
    """Return the answer to an order, None while there is none."""
    return next((reply for reply in live.replies if reply.id == order.id), None) if live else None


def wait_for_session(run: RunDir, patience_s: float, tell: Callable[[str], None]) -> Sight:
    """Wait until the session at work has spoken once: one that begins reads its journal first.

    Returns at once when nobody is at work. Raises CannotCreate when it stays silent."""
    deadline = time.monotonic() + patience_s
    told = False
    while (sight := look(run)).at_work and sight.live is None:
        if not told:
            tell("the session is still beginning ...")
            told = True
        if time.monotonic() > deadline:
            raise _silent(run, sight)
        time.sleep(POLL_S)
    return sight


def send(run: RunDir, order: Order, patience_s: float) -> Reply | None:
    """Give an order and wait for the answer; None when the session ended in the meantime.

    Raises CannotCreate when the session does not answer."""
    give(run, order)
    given = time.monotonic()
    deadline = given + patience_s
    while True:
        sight = look(run)
        if reply := reply_to(order, sight.live):
            return reply
        if not sight.at_work or (sight.live and sight.live.session != order.session):
            remove_small(run.control)
            return None
        now = time.monotonic()
        if now > deadline:
            remove_small(run.control)
            raise _silent(run, sight)
        if now - given > GIVE_AGAIN_S and stamp_of(run.control) is None:
            give(run, order)
            given = now
        time.sleep(POLL_S)


def _silent(run: RunDir, sight: Sight) -> CannotCreate:
    who = sight.holder or (f"{sight.live.pid} on {sight.live.host}" if sight.live else "unknown")
    return CannotCreate(
        f"{run.path} is in use by process {who}, which does not answer",
        todo="It may hang, be stopped, or be another version: send that process SIGTERM, or SIGKILL; nothing is lost.",
    )
