"""What goes on beside the calls of a fleet: canaries to lanes that are held, a watchdog, metrics, and our own lag.

Tasks begin with the first call and end with `close`. They ask and measure; what follows from it is decided in fleet.py.
Knows no queue and no call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from selfgen.errors import CallError, Overloaded, SelfgenError
from selfgen.models.berth import Berth
from selfgen.models.lane import ClientLimit
from selfgen.models.turns import SHORTEST_WAIT_S

LAG_S = 0.1
"""A sleep of this length is measured again and again: what it takes longer is the lag of this process."""
POLL_S = 1.5
POLL_DEADLINE_S = 5.0
NO_METRICS_S = 60.0
"""A server without metrics is asked again after this long: it may have been replaced."""


class Keeper(Protocol):
    """Who decides: the fleet. `prove` raises CallError where a lane does not pass, any other SelfgenError where the run
    is over."""

    def over(self) -> bool: ...
    async def prove(self, berth: Berth) -> None: ...
    def on_canary_failed(self, berth: Berth, error: CallError) -> None: ...
    def on_hung(self, berth: Berth, error: CallError) -> None: ...
    def on_slow(self, berth: Berth) -> None: ...


class Watch:
    """The tasks of one fleet. `sleep` and `clock` (monotonic seconds) come from outside."""

    def __init__(
        self,
        berths: Sequence[Berth],
        keeper: Keeper,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._berths, self._keeper, self._clock, self._sleep = berths, keeper, clock, sleep
        self._busy = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._minders: dict[Berth, asyncio.Task[None]] = {}
        self._asking: set[Berth] = set()
        self._polled_from_s: dict[Berth, float] = {}
        self._begun = False

    def begin(self) -> None:
        """Start what runs all the time; called with every call."""
        if self._begun:
            if not self._busy.is_set():
                self._busy.set()
            return
        self._begun = True
        self._busy.set()
        self._spawn(self._tick())
        if any(berth.lane.metrics for berth in self._berths):
            self._spawn(self._poll_all())

    def mind(self, berth: Berth) -> None:
        """Send canaries to a lane that is held, until it passes. Without a `look`, real calls have to do."""
        if berth.lane.look is None:
            return
        if (minder := self._minders.get(berth)) is not None:
            minder.cancel()  # of a hold that is over
        self._minders[berth] = self._spawn(self._mind(berth))

    def close(self) -> list[asyncio.Task[None]]:
        """Stop everything; returns the tasks to wait for."""
        self._begun = True
        for task in self._tasks:
            task.cancel()
        return list(self._tasks)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()  # raises what must not be lost into the loop's handler

    # -- held lanes

    async def _mind(self, berth: Berth) -> None:
        while berth.live and berth.health.hold is not None and not self._keeper.over():
            wait_s = berth.health.opens_at_s() - self._clock()
            if wait_s > 0:
                await self._sleep(max(wait_s, SHORTEST_WAIT_S))
                continue
            try:
                await self._keeper.prove(berth)
            except CallError as error:
                self._keeper.on_canary_failed(berth, error)
            except SelfgenError:
                return

    # -- our own lag, and the watchdog

    async def _tick(self) -> None:
        while not self._keeper.over():
            if not any(berth.limit.in_flight for berth in self._berths):
                self._busy.clear()
                await self._busy.wait()
            begun_s = self._clock()
            await self._sleep(LAG_S)
            now_s = self._clock()
            for berth in self._berths:
                berth.limit.lag(max(0.0, now_s - begun_s - LAG_S), now_s)
                self._check(berth, now_s)

    def _check(self, berth: Berth, now_s: float) -> None:
        """Ask a lane that has been silent for too long whether it lives; calls come home in vain where it is held."""
        silence_s = now_s - berth.silent_from_s()
        if not berth.limit.in_flight or berth.lane.look is None or silence_s < berth.policy.watchdog_s:
            return
        if berth in self._asking or silence_s < berth.allowed_silence_s():
            return
        hold = berth.health.hold
        if hold is None or not berth.live:
            self._asking.add(berth)
            self._spawn(self._ask(berth))
        elif hold.tries and not isinstance(hold.cause, Overloaded):
            self._keeper.on_hung(berth, hold.cause)

    async def _ask(self, berth: Berth) -> None:
        progress_s = berth.progress_s
        try:
            await self._keeper.prove(berth)
        except CallError as error:
            if berth.progress_s != progress_s:
                return
            if not isinstance(error, Overloaded | ClientLimit):
                self._keeper.on_hung(berth, error)
            berth.asked_alive += 1
        except SelfgenError:
            return
        else:
            if berth.progress_s == progress_s:
                berth.asked_alive += 1
                if berth.asked_alive == 1:
                    self._keeper.on_slow(berth)
        finally:
            self._asking.discard(berth)

    # -- metrics

    async def _poll_all(self) -> None:
        while not self._keeper.over():
            await self._busy.wait()
            now_s = self._clock()
            busy = (berth for berth in self._berths if berth.live and berth.limit.in_flight)
            due = [berth for berth in busy if now_s >= self._polled_from_s.get(berth, now_s)]
            await asyncio.gather(*map(self._poll, due))
            await self._sleep(POLL_S)

    async def _poll(self, berth: Berth) -> None:
        """Show a lane's own figures to its limit. That they cannot be had is no outage."""
        from selfgen.models.gauges import read_gauges

        if berth.lane.metrics is None:
            return
        try:
            async with asyncio.timeout(POLL_DEADLINE_S):
                text = await berth.lane.metrics()
        except (CallError, TimeoutError, OSError):
            return
        gauges = read_gauges(text) if text is not None else None
        if gauges is None:
            self._polled_from_s[berth] = self._clock() + NO_METRICS_S
        else:
            berth.limit.observe(gauges, self._clock())
