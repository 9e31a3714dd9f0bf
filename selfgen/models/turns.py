"""Who may be in flight: one queue, in order of address, before all lanes of a fleet.

A call is let in where a lane may take it (berth.py): up to its limit, not while the server asked for silence, and one
at a time where it is held. Among several, the lane with the fewest calls out over its weight. Knows addresses and
times; knows nothing of what a call is or how it ends.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import count

from selfgen.core.work import CallId
from selfgen.errors import SelfgenError
from selfgen.models.berth import Berth, Lease

SHORTEST_WAIT_S = 0.001
"""An alarm that rings a rounding error too early must not be set again for no time at all."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the queue knows of a call: its address, how often it failed by itself, how many tokens it may use, and the
    lanes that it would rather not see again."""

    address: CallId
    failures: int = 0
    tokens: int = 0
    avoid: Collection[Berth] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the queue. Early addresses go first, so that no early turn is starved and blocks those behind it."""

    wish: Wish
    arrival: int
    turn: asyncio.Future[Lease]

    def __lt__(self, other: _Place) -> bool:
        return (self.wish.address, self.arrival) < (other.wish.address, other.arrival)

    def last_resort(self) -> tuple[bool, int, CallId, int]:
        """Sort those first that have failed least."""
        return self.turn.done(), self.wish.failures, self.wish.address, self.arrival


class Turns:
    """The queue. `sleep` and `clock` (monotonic seconds) come from outside."""

    def __init__(
        self,
        berths: Sequence[Berth],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._berths, self._clock, self._sleep = berths, clock, sleep
        self._queue: list[_Place] = []
        self._arrivals = count()
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_s = math.inf
        self.waiting = 0
        self.fatal: SelfgenError | None = None

    def room(self) -> int:
        """Return how many more calls would be let in now; while no lane is open, 1 if nobody is there to learn more."""
        lanes = [berth for berth in self._berths if berth.open]
        if lanes:
            return max(0, sum(berth.limit.free() for berth in lanes) - self.waiting)
        return max(0, 1 - self.waiting - sum(berth.limit.in_flight for berth in self._berths))

    async def admit(self, wish: Wish) -> Lease:
        """Wait for a turn. Raises what the queue was shut with.

        A cancelled wait leaves nothing behind, even when the turn had just been granted."""
        turn: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, _Place(wish, next(self._arrivals), turn))
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
        lease.berth.release(lease)
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
            place = self._queue[0]
            if place.turn.done():
                heapq.heappop(self._queue)
            elif self.fatal is not None:
                heapq.heappop(self._queue).turn.set_exception(self.fatal)
            elif (berth := self._choose(now_s, place.wish)) is None:
                self._set_alarm(now_s, place.wish.tokens)
                return
            else:
                place = self._take(berth)
                place.turn.set_result(berth.admit(now_s, place.wish.tokens))

    def close(self) -> list[asyncio.Task[None]]:
        """Set no more alarms; returns what is left of them."""
        if self._alarm is None:
            return []
        self._alarm.cancel()
        return [self._alarm]

    def _choose(self, now_s: float, wish: Wish) -> Berth | None:
        """Return the lane for a call: rather not one that it avoids; one that wants a probe before all others, since it
        wants a single one; then by load."""
        best: Berth | None = None
        best_key: tuple[bool, bool, tuple[float, float]] | None = None
        for berth in self._berths:
            if berth.may_start(now_s, wish.tokens):
                key = (berth in wish.avoid, berth.open, berth.load())
                if best_key is None or key < best_key:
                    best, best_key = berth, key
        return best

    def _take(self, berth: Berth) -> _Place:
        """Take the first of the queue; for a held lane, the one that failed least: a bad call must not be the only
        probe."""
        if berth.open:
            return heapq.heappop(self._queue)
        place = min(self._queue, key=_Place.last_resort)
        self._queue.remove(place)
        heapq.heapify(self._queue)
        return place

    def _set_alarm(self, now_s: float, tokens: int) -> None:
        times = (berth.opens_at_s(now_s, tokens) for berth in self._berths if berth.live)
        rings_s = min((time_s for time_s in times if time_s > now_s), default=math.inf)
        if rings_s >= self._alarm_s or rings_s == math.inf:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_s = rings_s
        self._alarm = asyncio.get_running_loop().create_task(self._ring(rings_s - now_s))

    async def _ring(self, wait_s: float) -> None:
        await self._sleep(max(wait_s, SHORTEST_WAIT_S))
        self._alarm, self._alarm_s = None, math.inf
        self.pump()
