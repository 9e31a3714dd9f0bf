"""Who may be in flight: the queue before one endpoint.

Calls are let in up to the limit (throttle.py), none while the server asked for silence, and one at a time while it is
held (hold.py). Knows addresses and times; knows nothing of what a call is or how it ends.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

from selfgen.core.work import CallId
from selfgen.errors import SelfgenError
from selfgen.models.hold import Health
from selfgen.models.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to be in flight: the limit that it was given at, and whether it probes a held endpoint."""

    admitted_at: int
    probe: bool


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """A place in the queue. Early addresses go first, so that no early turn is starved and blocks those behind it."""

    address: CallId
    arrival: int
    failures: int
    turn: asyncio.Future[Lease]


class Turns:
    """The queue. `sleep` and `clock` (monotonic seconds) come from outside."""

    def __init__(
        self,
        *,
        throttle: Throttle,
        health: Health,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._throttle, self._health, self._clock, self._sleep = throttle, health, clock, sleep
        self._queue: list[_Place] = []
        self._arrivals = count()
        self._alarm: asyncio.Task[None] | None = None
        self._probes = 0
        self.waiting = 0
        self.busy_since_s = clock()
        self.fatal: SelfgenError | None = None

    def room(self) -> int:
        """Return how many more calls would be let in now; while held, 1 if nobody is there to probe."""
        if self.fatal is not None:
            return 0
        limit = self._throttle.limit if self._health.hold is None else 1
        return max(0, limit - self._throttle.in_flight - self.waiting)

    async def admit(self, address: CallId, failures: int) -> Lease:
        """Wait for a turn; `failures` are those that the call had itself. Raises what the queue was shut with.

        A cancelled wait leaves nothing behind, even when the turn had just been granted."""
        turn: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, _Place(address, next(self._arrivals), failures, turn))
        self.waiting += 1
        try:
            self.pump()
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back(turn.result())
            raise
        finally:
            self.waiting -= 1

    def give_back(self, lease: Lease) -> None:
        """Free a slot. Who comes next is decided once the outcome has been learned from, hence not right now."""
        self._throttle.release()
        self._probes -= lease.probe
        asyncio.get_running_loop().call_soon(self.pump)

    def shut(self, error: SelfgenError) -> SelfgenError:
        """Turn everybody away with `error` from now on. The first error stays and is returned."""
        self.fatal = self.fatal or error
        self.pump()
        return self.fatal

    def pump(self) -> None:
        """Let in whoever may start now; set an alarm where time alone is in the way."""
        now_s = self._clock()
        while self._queue:
            if self.fatal is not None:
                turn = heapq.heappop(self._queue).turn
                if not turn.done():
                    turn.set_exception(self.fatal)
            elif not self._may_start(now_s):
                break
            else:
                turn = self._next()
                if not turn.done():
                    turn.set_result(self._lease(now_s))
        if self._queue and self._alarm is None and now_s < self._health.opens_at_s():
            self._alarm = asyncio.get_running_loop().create_task(self._ring(self._health.opens_at_s() - now_s))

    def close(self) -> None:
        """Set no more alarms."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _may_start(self, now_s: float) -> bool:
        if now_s < self._health.opens_at_s():
            return False
        return self._probes == 0 if self._health.hold is not None else self._throttle.free() > 0

    def _next(self) -> asyncio.Future[Lease]:
        """Take the first of the queue; while held, the one that failed least: a bad call must not be the only probe."""
        if self._health.hold is None:
            return heapq.heappop(self._queue).turn
        place = min(self._queue, key=lambda each: (each.turn.done(), each.failures, each.address, each.arrival))
        self._queue.remove(place)
        heapq.heapify(self._queue)
        return place.turn

    def _lease(self, now_s: float) -> Lease:
        probe = self._health.hold is not None
        if self._throttle.in_flight == 0:
            self.busy_since_s = now_s
        self._probes += probe
        return Lease(self._throttle.admit(), probe)

    async def _ring(self, wait_s: float) -> None:
        await self._sleep(wait_s)
        self._alarm = None
        self.pump()
