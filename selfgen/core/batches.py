"""What a batch service says, as values: how a batch stands, and what one line of its results means.

A batch is a file of calls that somebody works through in any order. Knows no service, no file and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfgen.core.work import Answered, Refused
from selfgen.errors import SelfgenError

Phase = Literal["waiting", "over", "failed", "unpaid", "crowded", "lost"]
"""waiting: look again later. over: there are results, perhaps not for every call. failed: nothing ran, and the same
batch would fail again. unpaid: nothing ran, because the account is empty. crowded: nothing ran, because too much is
queued already. lost: it died and left nothing."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """What a service finds wrong with a batch. `line` counts from 1 in the file of calls; 0 means the whole file."""

    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a batch stands. `word` is the service's own; `done`, `failed` and `total` count calls, as far as it says."""

    phase: Phase
    word: str
    done: int = 0
    failed: int = 0
    total: int = 0
    faults: tuple[LineFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What one line of results means. No `custom_id`: the line cannot be read. An event ends the call; with a problem
    it is still owed: a CallError passes, any other problem ends the run. `tried` is False where the call never ran."""

    custom_id: str = ""
    event: Answered | Refused | None = None
    problem: SelfgenError | None = None
    tried: bool = True
