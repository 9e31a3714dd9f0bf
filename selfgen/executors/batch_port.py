"""What the batch executor expects of the world: a service that takes files of calls, and a place for its intents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from selfgen.core.batches import Result, Standing
from selfgen.core.work import Ask, Refused


class Backend(Protocol):
    """Works through files of calls. What passes (an outage, overload) is raised as a CallError and waited out by the
    executor; any other SelfgenError ends the run. A batch goes by two keys: the name that we give it, and the id that
    the service gives it."""

    @property
    def place(self) -> str:
        """Where and with what model its batches run, for people, and to notice that a resumed run means another."""
        ...

    @property
    def outlives_us(self) -> bool:
        """Whether a batch goes on, and is paid for, when this process ends. If not, batches run one at a time, and one
        that was begun by an earlier process is gone."""
        ...

    def encode(self, ask: Ask) -> bytes | Refused:
        """Return the line of one call, without its line break, or why it can never be sent."""
        ...

    def decode(self, line: bytes, asks: Mapping[str, Ask]) -> Result:
        """Read one line of results; `asks` are the calls that it may be about, by custom_id. Never raises."""
        ...

    async def upload(self, name: str, path: Path) -> str:
        """Hand over a file of calls, and return the service's handle of it. Costs nothing."""
        ...

    async def find_upload(self, name: str) -> str:
        """Return the handle of a file that was handed over under this name, "" if there is none."""
        ...

    async def start(self, name: str, handle: str) -> str:
        """Begin the batch of a file, and return its id. From here on it is paid for."""
        ...

    async def find(self, name: str, handle: str) -> str:
        """Return the id of the batch that was begun under this name or of this file, "" if there is none."""
        ...

    async def look(self, batch: str) -> Standing:
        """Return how a batch stands."""
        ...

    def fetch(self, batch: str) -> AsyncIterator[bytes]:
        """Yield all results of a batch that is over, errors among them, in pieces of any size."""
        ...

    async def cancel(self, batch: str) -> None:
        """Stop a batch. What it has done stays, and can be fetched when it is over."""
        ...

    async def discard(self, batch: str, handle: str) -> None:
        """Delete the files that the service keeps for a batch."""
        ...

    async def aclose(self) -> None: ...


class Ledger(Protocol):
    """Keeps small JSON values by name, durable when `put` returns. `all` may hold names of others too."""

    def put(self, name: str, value: Mapping[str, Any]) -> None: ...
    def all(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """Times, in seconds. `visible_s`: how long after it was begun a batch may be missing in the service's list.
    `first_patience_s`: how long a service that was never heard of may be away; one that was is waited for. `tries`:
    how often one call, or batches in a row, may come to nothing."""

    poll_s: float = 30.0
    backoff_s: float = 1.0
    longest_backoff_s: float = 300.0
    first_patience_s: float = 60.0
    visible_s: float = 20.0
    tries: int = 5

    def backoff(self, tries: int) -> float:
        """Return the wait after so many failures in a row."""
        return min(self.longest_backoff_s, self.backoff_s * 2.0 ** min(tries, 40))
