"""Waiting: for the next look at a batch, and for a service that is away. Both end at once when the session is to end.

Knows time and failures that pass. Knows no batch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from selfgen.canon import hash_int
from selfgen.errors import CallError, NoServer
from selfgen.executors.batch_parts import say_span
from selfgen.executors.batch_port import Pace

T = TypeVar("T")


class Left(Exception):
    """The session is to end, and was in the middle of nothing that must be finished."""


class Waiter:
    """Waits on behalf of one session. `heard` tells that the service is known to exist: then it is waited for as long
    as it takes. `trouble` is what a person should know now, "" when all is well."""

    def __init__(self, pace: Pace, note: Callable[[str, str], None]) -> None:
        self.pace = pace
        self.heard = False
        self.trouble = ""
        self._note = note
        self._leaving = False
        self._awake = asyncio.Event()
        self._current: asyncio.Future[object] | None = None
        self._rests = 0

    def leave(self) -> None:
        """End what waits, now and from now on."""
        self._leaving = True
        self.wake()
        if self._current is not None:
            self._current.cancel()

    def wake(self) -> None:
        """End the present rest early."""
        self._awake.set()

    def check(self) -> None:
        """Raise Left when the session is to end."""
        if self._leaving:
            raise Left

    async def rest(self, seconds: float) -> None:
        """Sleep, up to a quarter shorter or longer than asked, so that many runs do not ask in step. Raises Left."""
        self.check()
        self._rests += 1
        share = hash_int("rest", id(self), self._rests) % 1000 / 1000
        with suppress(TimeoutError):
            await asyncio.wait_for(self._awake.wait(), seconds * (0.75 + share / 2))
        self._awake.clear()
        self.check()

    async def persist(self, work: Callable[[], Awaitable[T]], *, whole: bool = False) -> T:
        """Do it until it succeeds, through any outage. Raises Left when the session is to end meanwhile; `whole`: an
        attempt that has begun is finished first. Raises NoServer where nobody was ever heard of."""
        tries, since = 0, time.monotonic()
        while True:
            try:
                result = await (work() if whole else self._interruptibly(work))
            except CallError as problem:
                await self._hold(problem, tries, time.monotonic() - since)
                tries += 1
            else:
                self._recover(time.monotonic() - since)
                return result

    async def _interruptibly(self, work: Callable[[], Awaitable[T]]) -> T:
        self.check()
        current = asyncio.ensure_future(work())
        self._current = current  # type: ignore[assignment]
        try:
            return await current
        except asyncio.CancelledError:
            current.cancel()
            self.check()
            raise
        finally:
            self._current = None

    async def _hold(self, problem: CallError, tries: int, away_s: float) -> None:
        if not self.heard and away_s > self.pace.first_patience_s:
            todo = "Check --base-url, or wait until the service is there."
            raise NoServer(f"No batch service answers (tried for {say_span(away_s)}). {problem.what}", todo=todo)
        if not self.trouble:
            self._note("held", f"the batch service is away: {problem.what}")
        wait_s = max(self.pace.backoff(tries), problem.retry_after_s or 0.0)
        self.trouble = f"batch service away for {say_span(away_s)}, next try in {say_span(wait_s)}: {problem.what}"
        await self.rest(wait_s)

    def _recover(self, away_s: float) -> None:
        self.heard = True
        if self.trouble:
            self._note("back", f"the batch service is back after {say_span(away_s)}")
            self.trouble = ""


def time_is_up(seconds: float, max_seconds: float | None, until_s: float | None) -> bool:
    """Tell whether a session of so many seconds has had its hours, or the clock on the wall says so."""
    if max_seconds is not None and seconds > max_seconds:
        return True
    return until_s is not None and time.time() >= until_s
