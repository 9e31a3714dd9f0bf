"""live.json: what a session at work says of itself, about once a second, for whoever looks in.

It holds numbers, reasons, the names of servers and one instruction, cut; no prompts, no keys. It is replaced in one
step and never synced: the journal is the truth, this is a view of it that costs nothing. Who reads it tells a session
at work from one that died by the lock, and by the time where the lock is on another machine.
"""

from __future__ import annotations

import json
import math
import os
import socket
import time
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from selfgen.core.ports import LaneRow
from selfgen.store.run_dir import RunDir, is_held
from selfgen.store.small import Distrusted, read_small, remove_small, replace_small

FORMAT = 1
MOST_COUNT = 10**40
"""No count is larger; a target may be silly."""
FRESH_S = 15.0
"""How old a word from another machine may be, whose lock perhaps does not show here. Clocks differ a little."""


@dataclass(frozen=True, slots=True)
class Used:
    """A limit of the run and what is used of it; `unit` is "calls", "tokens" or a currency."""

    name: str
    used: float
    limit: float
    unit: str


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence of the run's story, with the time in seconds since 1970."""

    at: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of an order (see control.py): obeyed, or not and why."""

    id: str
    obeyed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Live:
    """How a session stands. Counts are of the whole run; rates are of lately, 0.0 while unknown; spans in seconds.

    `drafts` is the account: read, kept, rejected, lost and in flight. `rejected`, `lost` and `unreadable` are reasons
    with their counts. `cost` is None without prices; `cost_at_most` holds what may have been billed without an answer
    too. What stands after `last` says who writes this, and when."""

    title: str
    lang: str
    target: int
    kept: int
    drafts: tuple[int, int, int, int, int]
    turns_in_flight: int
    calls: int
    calls_in_flight: int
    prompt_tokens: int
    completion_tokens: int
    records_per_s: float
    tokens_per_s: float
    acceptance: float | None
    eta_s: float | None
    cost: float | None
    cost_at_most: float | None
    currency: str
    budgets: tuple[Used, ...]
    rejected: tuple[tuple[str, int], ...]
    lost: tuple[tuple[str, int], ...]
    unreadable: tuple[tuple[str, int], ...]
    lanes: tuple[LaneRow, ...]
    states: tuple[str, ...]
    draining: bool
    ended: str
    running_s: float
    last: str
    session: str = ""
    pid: int = 0
    host: str = ""
    at: float = 0.0
    story: tuple[Told, ...] = ()
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at a run folder tells. `holder` is who holds the lock, "" when nobody does here."""

    holder: str
    live: Live | None
    age_s: float

    @property
    def at_work(self) -> bool:
        """Tell whether a session is at work on the run, here or on a machine that shares the folder."""
        if self.holder or self.live is None:
            return bool(self.holder)
        return self.live.host != socket.gethostname() and abs(self.age_s) < FRESH_S

    @property
    def news(self) -> Live | None:
        """What a session at work last said; None when none is at work, or when it has not spoken yet."""
        return self.live if self.at_work else None


def put_live(run: RunDir, live: Live) -> None:
    """Write live.json. Raises OSError."""
    text = json.dumps({"format": FORMAT} | asdict(live), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    replace_small(run.live, text.encode("utf-8", "replace"))


def drop_live(run: RunDir) -> None:
    """Remove live.json: nobody is at work any more."""
    remove_small(run.live)


def look(run: RunDir) -> Sight:
    """See who is at work on a run and what it says. A file that makes no sense counts as none."""
    holder = is_held(run)
    live = read_live(run)
    if live is not None and holder and not _of_holder(live, holder):
        live = None  # of a session before this one, which was killed
    return Sight(holder, live, time.time() - live.at if live else 0.0)


def _of_holder(live: Live, holder: str) -> bool:
    return f"{live.pid} on {live.host}" == holder


def read_live(run: RunDir) -> Live | None:
    """Return what live.json says, None where it is not there or not ours."""
    try:
        data = read_small(run.live)
        if data is None:
            return None
        values = json.loads(data)
        if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
            return None
        live: Live = _decode(Live, values)
    except (Distrusted, OSError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
        return None
    return live


def sign() -> tuple[int, str]:
    """Return process and machine as the lock names them."""
    return os.getpid(), socket.gethostname()


def _decode(kind: Any, value: Any) -> Any:
    """Return a JSON value as the type that a field says. Raises ValueError for anything else."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _decode_fields(kind, value)
    if get_origin(kind) is tuple:
        return _decode_row(get_args(kind), value)
    if isinstance(kind, UnionType):
        return None if value is None else _decode(get_args(kind)[0], value)
    if kind is float and type(value) in (int, float):
        return _decode_float(value)
    if type(value) is not kind or (kind is int and abs(value) >= MOST_COUNT):
        raise ValueError(f"{value!r} is no {kind}")
    return value


def _decode_float(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _decode_fields(kind: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no table")
    hints = _hints_of(kind)
    return kind(**{field.name: _decode(hints[field.name], value[field.name]) for field in fields(kind)})


@cache
def _hints_of(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode_row(kinds: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no list")
    if kinds[-1] is Ellipsis:
        return tuple(_decode(kinds[0], each) for each in value)
    return tuple(_decode(kind, each) for kind, each in zip(kinds, value, strict=True))
