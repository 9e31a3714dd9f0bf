"""How many calls at once at a server that shows its queue (vLLM with GET /metrics, asked every second or two).

The limit follows the line before the engine: it grows while nobody waits there, and falls by what waits beyond a small
reserve, which keeps the engine from ever being idle. Small servers stop getting faster long before anybody waits, so
growth also ends where the server's own token counter gains nothing by it (climb.py decides that). Refusals cut as they
cut a `Throttle`, and a server whose metrics stop coming is treated as one. Pure: no clock, no sockets.
"""

from __future__ import annotations

import math

from selfgen.models.climb import GENTLE_S, Climber, Habits
from selfgen.models.gauges import Gauges
from selfgen.models.throttle import Throttle

START = 64
LEAST_BAND, BAND = 4.0, 0.1
"""As many may wait, or this share of those that run, before the limit falls."""
LEAST_RESERVE, RESERVE = 2.0, 0.03
"""As many are left waiting: the next to run when one ends between two of our answers."""
SHARED_LEAST = 16
POLLS = 3
TAKEN_IN = 1.01
FULL_CACHE = 0.9
PREEMPTED_CUT = 0.9
PREEMPTED_SHARE = 0.01
PREEMPTED_S = 30.0
SILENT_S = 10.0
MEASURE_S = {True: 4.0, False: 10.0}
"""Seconds of a window while rising, and at rest."""
HABITS = Habits(doublings=2, keep=0.995, explore_s=30.0)
BEYOND = 1.5
"""A limit that outgrew the last line seen by this much is climbing again, and has to gain by it."""
NEAR_SEATS = 0.8


class QueueWatch(Throttle):
    """The limit of one server that shows its queue.

    rise      double, once a window, while tokens a second grow and nobody waits
    queue     somebody waits: the server runs as many as it can. Stay at that, with a reserve
    rest      more calls gain nothing, though nobody waits: stay at the smallest limit near the best, and explore
    """

    def __init__(self, *, start: int | None = None, most: int = 1024, fixed: bool = False) -> None:
        super().__init__(start=min(START, most) if start is None else start, most=most, fixed=fixed)
        self._seen_s: float | None = None
        self._last: Gauges | None = None
        self._last_s = -math.inf
        self._peak = 0
        self._window: tuple[float, float] | None = None
        self._queued_at: int | None = None
        self._start_over()

    def admit(self) -> int:
        admitted_at = super().admit()
        self._peak = max(self._peak, self.in_flight)
        return admitted_at

    def succeed(self, now_s: float, tokens: int = 0) -> None:
        """Answers decide where the server shows no queue, and, while nobody waits, where it counts no tokens or refused
        calls."""
        self._now_s = now_s
        self._seen_s = now_s if self._seen_s is None else self._seen_s
        silent = now_s - self._seen_s > SILENT_S
        uncounted = self._last is not None and self._last.generation_tokens is None
        if silent or ((uncounted or now_s < self._gentle_until_s) and self._may_grow(now_s)):
            super().succeed(now_s, tokens)

    def refuse(self, admitted_at: int, now_s: float, retry_after_s: float | None = None) -> bool:
        self._gentle_until_s = now_s + GENTLE_S
        self._climber.rest(self.limit, now_s)
        self._window, self._queued_at = None, None
        return super().refuse(admitted_at, now_s, retry_after_s)

    def observe(self, gauges: Gauges, now_s: float) -> None:
        """One look. Looks without the number of calls that run and wait do not count."""
        self._now_s = now_s
        if gauges.running is None or gauges.waiting is None or now_s <= self._last_s:
            return
        if self._seen_s is not None and now_s - self._seen_s > SILENT_S:
            self._start_over()
        last, self._last, self._last_s, self._seen_s = self._last, gauges, now_s, now_s
        saturated, self._peak = self._peak >= self.limit, self.in_flight
        if self.pinned is not None or last is None or now_s < self._calm_from_s:
            self._window = None
        elif not self._eases(last, gauges, now_s):
            self._count_waiting(last, gauges)
            steady = saturated and self.in_flight <= self.limit and not takes_in(last, gauges)
            if steady and not self._is_late(now_s):
                self._grow(gauges, now_s)
            else:
                self._window = None

    def pin(self, limit: int | None) -> None:
        super().pin(limit)
        self._start_over()

    def _start_over(self) -> None:
        self._climber = Climber(self.limit, self.most, HABITS)
        self._window, self._queued_at = None, None
        self._long, self._some, self._none = 0, 0, 0
        self._judged = False
        self._no_growth_until_s = -math.inf
        self._gentle_until_s = -math.inf

    def _eases(self, last: Gauges, now: Gauges, now_s: float) -> bool:
        """Lower the limit where the server thrashes, or where the line is long. Calls above an earlier cut must have
        drained before the next one: the line is theirs."""
        running, waiting = now.running or 0.0, now.waiting or 0.0
        draining = self.in_flight > self.limit
        preempted = max(0.0, (now.preemptions or 0.0) - (last.preemptions or 0.0))
        if preempted > max(1.0, PREEMPTED_SHARE * running) and not draining:
            self._no_growth_until_s = now_s + PREEMPTED_S
            self._ease(int(self.limit * PREEMPTED_CUT), now_s, "the server's cache is too full, it starts calls over")
            return True
        short = waiting <= max(LEAST_BAND, BAND * running)
        self._long = 0 if short or takes_in(last, now) else self._long + 1
        if self._long < POLLS or draining:
            return False
        ours = min(1.0, self.in_flight / (running + waiting))
        reserve = max(LEAST_RESERVE, RESERVE * running)
        # Who yields to a line that others keep full ends with nothing.
        least = min(self.limit, SHARED_LEAST) if ours < 0.5 else 1
        eased = math.ceil(self.limit - ours * (waiting - reserve))
        self._ease(max(least, eased), now_s, "calls wait in the server's line")
        return True

    def _ease(self, limit: int, now_s: float, why: str) -> None:
        self._change(max(1, min(limit, self.limit)), now_s, why)
        self._window, self._long = None, 0
        self._queue()

    def _queue(self) -> None:
        """Note that somebody waits at this limit."""
        if self._queued_at is None:
            self._judged, self._window = False, None
        self._queued_at = self.limit
        self._some, self._none = 0, 0

    def _count_waiting(self, last: Gauges, now: Gauges) -> None:
        """Notice a line, and its end. Newcomers that are just being taken in are no line."""
        self._some = self._some + 1 if (now.waiting or 0.0) > 0 and not takes_in(last, now) else 0
        self._none = self._none + 1 if now.waiting == 0 else 0
        if self._some >= POLLS and self.in_flight <= self.limit:
            self._queue()

    def _may_grow(self, now_s: float) -> bool:
        last = self._last
        full = last is not None and ((last.waiting or 0.0) > 0 or (last.kv_use or 0.0) >= FULL_CACHE)
        return not full and now_s >= self._no_growth_until_s

    def _grow(self, gauges: Gauges, now_s: float) -> None:
        """Measure a window; between windows, follow the queue."""
        rate = self._measure(gauges, now_s)
        if now_s < self._gentle_until_s:
            self._climber.rest(self.limit, now_s)
        elif self._queued_at is not None:
            self._follow(self._queued_at, rate, now_s)
        elif self._climber.limit != self.limit:
            self._climber.rest(self.limit, now_s)
        elif rate is not None:
            why = self._climber.note(rate, now_s, may_rise=self._may_grow(now_s))
            self._move(self._climber.limit, now_s, why)

    def _follow(self, queued_at: int, rate: float | None, now_s: float) -> None:
        """Stay where somebody waits; grow gently where nobody does any more. The first window tells whether so many
        calls are worth it."""
        if rate is not None and not self._judged:
            self._judged = True
            enough = self._climber.near_best(self.limit, rate)
            if enough < NEAR_SEATS * self.limit:
                self._queued_at = None
                self._climber.rest(enough, now_s)
                self._move(enough, now_s, "fewer calls do as well")
        elif self._none >= 2 and self._may_grow(now_s) and self.limit < self.most:
            self._none = 0
            grown = self.limit + max(1, int(RESERVE * self.limit))
            self._change(min(grown, self.most), now_s, "nobody waits in the server's line")
            if self.limit > BEYOND * queued_at:
                self._queued_at, self._window = None, None
                self._climber.rise(self.limit)

    def _move(self, limit: int, now_s: float, why: str) -> None:
        if limit != self.limit:
            self._change(limit, now_s, why)
            self._window = None

    def _measure(self, gauges: Gauges, now_s: float) -> float | None:
        """Return tokens a second when a window closes; None before, and where the server counts no tokens."""
        tokens = gauges.generation_tokens
        if tokens is None:
            return None
        if self._window is None or tokens < self._window[1]:
            self._window = (now_s, tokens)
            return None
        seconds = now_s - self._window[0]
        if seconds < MEASURE_S[self._climber.is_rising]:
            return None
        rate = (tokens - self._window[1]) / seconds
        self._window = (now_s, tokens)
        return rate


def takes_in(last: Gauges, now: Gauges) -> bool:
    """Tell whether a server is busy reading prompts: somebody waits, and more run than at the last look."""
    return (now.waiting or 0.0) > 0 and (now.running or 0.0) > TAKEN_IN * (last.running or 0.0) + 1
