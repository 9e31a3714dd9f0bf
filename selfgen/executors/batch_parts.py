"""Parts: the files into which the owed calls of an epoch are split, and what the ledger holds about each.

Knows no service and no disk. A part goes through these states, each durable before the next is begun:

    intended    its calls and its name stand in the ledger; the service knows nothing of it, or has at most its file
    uploaded    `handle`: the service has the file; a batch of it may exist, though we have not heard of it
    started     `id`: the batch exists and is paid for
    settled     its results are in the journal; the calls that it left open are owed as before
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from selfgen.core.batches import Standing
from selfgen.core.work import Ask, CallId, Role
from selfgen.errors import BadConfig, Paused, SelfgenError, StoreFault
from selfgen.executors.batch_port import Backend

PREFIX = "batch:"
UNSENT = Standing("waiting", "not sent")
MARK = 12
"""Hex digits of a prompt's digest that the ledger keeps: enough to notice that a call now asks for something else."""


@dataclass(slots=True)
class Part:
    """One batch of ours. `asks` holds what is still owed of its `marks` (custom_id: end of the prompt's digest).
    `role` names the backend; `tries` counts, by custom_id, how often a call came to nothing before."""

    name: str
    role: Role
    place: str
    outlives_us: bool
    marks: dict[str, str]
    tries: dict[str, int]
    begun_s: float
    asks: dict[str, Ask] = field(default_factory=dict)
    handle: str = ""
    id: str = ""
    recorded: bool = False
    standing: Standing = UNSENT

    def to_value(self) -> dict[str, Any]:
        """Return what the ledger keeps of a part that is on its way."""
        return {
            "state": "started" if self.id else "uploaded" if self.handle else "intended",
            "role": self.role,
            "place": self.place,
            "outlives_us": self.outlives_us,
            "calls": self.marks,
            "tries": self.tries,
            "begun_s": self.begun_s,
            "handle": self.handle,
            "id": self.id,
        }

    def settled(self) -> dict[str, Any]:
        """Return what the ledger keeps of a part that is over."""
        return {"state": "settled", "calls": len(self.marks), "id": self.id, "word": self.standing.word}


def stem_of(run: str, number: int) -> str:
    """Return the beginning of a name, for people: letters, digits and dashes, which every service and disk takes."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in run)
    return f"selfgen-{plain[:24]}-{number:04d}"


def make_part(stem: str, asks: Sequence[Ask], backend: Backend, tries: Mapping[str, int], now_s: float) -> Part:
    """Return a new part. Its name is no other's: one run may be copied and go on twice at the same service."""
    return Part(
        name=f"{stem}-{secrets.token_hex(4)}",
        role=asks[0].role,
        place=backend.place,
        outlives_us=backend.outlives_us,
        marks={str(ask.id): mark_of(ask) for ask in asks},
        tries={name: tries[name] for ask in asks if (name := str(ask.id)) in tries},
        begun_s=now_s,
        asks={str(ask.id): ask for ask in asks},
    )


def read_parts(values: Mapping[str, Any]) -> list[Part]:
    """Return the parts of a ledger that are not settled, oldest first. Raises StoreFault for a damaged one."""
    parts = []
    for name, value in values.items():
        if name.startswith(PREFIX) and value.get("state") != "settled":
            try:
                parts.append(_read(name.removeprefix(PREFIX), value))
            except (KeyError, TypeError, ValueError) as error:
                what = f"the journal's entry {name} is damaged: {error!r}"
                raise StoreFault(what, todo="Restore the run folder from a backup.") from error
    return sorted(parts, key=lambda part: (part.begun_s, part.name))


def _read(name: str, value: Mapping[str, Any]) -> Part:
    return Part(
        name=name,
        role=cast(Role, value["role"]),
        place=str(value["place"]),
        outlives_us=bool(value["outlives_us"]),
        marks={str(call): str(mark) for call, mark in value["calls"].items()},
        tries={str(call): int(count) for call, count in value["tries"].items()},
        begun_s=float(value["begun_s"]),
        handle=str(value["handle"]),
        id=str(value["id"]),
        recorded=True,
    )


def newest_turn(part: Part) -> int:
    """Return the latest turn that a part has a call of."""
    return max(CallId.parse(call).turn for call in part.marks)


def mark_of(ask: Ask) -> str:
    """Return the end of the digest of all that is sent for a call."""
    return ask.prompt_digest[-MARK:]


def split(asks: Iterable[tuple[Ask, int]], most: int, most_bytes: int) -> Iterator[list[Ask]]:
    """Split calls, each with the bytes of its line, into files of at most `most` lines and `most_bytes` bytes.

    A line that is longer than a file may be stands alone: the service will say so."""
    part: list[Ask] = []
    size = 0
    for ask, length in asks:
        if part and (len(part) >= most or size + length > most_bytes):
            yield part
            part, size = [], 0
        part.append(ask)
        size += length
    if part:
        yield part


def say(part: Part, now_s: float) -> str:
    """Say how a part stands: "batch of 1,000 calls: in_progress for 2 h, 412 done, 3 failed"."""
    standing = part.standing
    counts = {"done": standing.done, "failed": standing.failed}
    told = "".join(f", {count:,} {word}" for word, count in counts.items() if count)
    return f"batch of {len(part.marks):,} calls: {standing.word} for {say_span(now_s - part.begun_s)}{told}"


def refusal_of(part: Part, calls: Path) -> SelfgenError | None:
    """Return what ends a run whose batch was refused before it began, naming lines of its file; None if it was not."""
    standing = part.standing
    if standing.phase == "unpaid":
        said = "; ".join(fault.what for fault in standing.faults)
        return Paused(f"The account is empty: {said}", todo="Top the account up; the same command continues.")
    if standing.phase != "failed":
        return None
    lines = [f"{calls}:{fault.line}: {fault.what}" if fault.line else fault.what for fault in standing.faults[:10]]
    what = "\n".join([f"batch {part.id} was refused ({standing.word})", *lines])
    return BadConfig(what, todo="Correct what it names, then give the same command again; nothing is lost.")


def in_vain(batches: int, why: str) -> Paused:
    """Return what ends a session in which nothing comes of batches any more."""
    todo = "Nothing is lost. When the service works again, the same command continues."
    return Paused(f"{batches} batches in a row came to nothing. The last: {why}", todo=todo)


def say_span(seconds: float) -> str:
    """Say a span of time in one or two units: "8 s", "3 min", "1 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
