"""A model server with continuous batching, on a virtual clock, and a client that keeps a limit full.

The server: at most `seats` calls run at once, the rest waits in line. A step takes `step_s` and `step_each_s` for every
call that runs, and gives each of them one token; taking a call in stops the others for `prefill_s`. Answer lengths are
log-normal. When the cache of `cache` tokens is full, the newest call is sent back to the line and read anew. A line
of `line` calls is full: refused. `a_minute`: an API that refuses beyond so many calls a minute.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from selfgen.models.buckets import Buckets
from selfgen.models.gauges import Gauges
from selfgen.models.throttle import Limit

MEAN_TOKENS = 200.0
PROMPT_TOKENS = 300.0


@dataclass(frozen=True, slots=True)
class Traits:
    """What a server is like. Throughput is n / (step_s + n * step_each_s) tokens a second for n calls that run; beyond
    `thrash_from` calls each more costs `thrash` of it."""

    seats: int = 256
    step_s: float = 0.025
    step_each_s: float = 0.0002
    prefill_s: float = 0.002
    sigma: float = 0.6
    cache: float = math.inf
    line: float = math.inf
    a_minute: float = math.inf
    thrash_from: float = math.inf
    thrash: float = 0.0

    def step(self, running: int) -> float:
        """Return the seconds of one step."""
        crowd = max(0.0, running - self.thrash_from)
        return (self.step_s + running * self.step_each_s) * (1 + self.thrash * crowd)


@dataclass(slots=True)
class Call:
    number: int
    admitted_at: int
    tokens: float
    prompt: float = PROMPT_TOKENS
    left: float = 0.0
    done_at: float = 0.0
    """Where the server's token count stands when it ends; every running call gets the same number of tokens."""

    def held(self, given: float) -> float:
        """Return the tokens in the cache for it, when the count stands at `given`."""
        return self.prompt + self.left - (self.done_at - given)


class Server:
    """The engine. `advance` moves to the next thing that happens, at most to a given time."""

    def __init__(self, traits: Traits, seed: int = 1) -> None:
        self.traits = traits
        self.now_s = 0.0
        self.generated = 0.0
        self.preemptions = 0
        self.refused = 0
        self._chance = random.Random(seed)
        self._given = 0.0
        self._busy_s = 0.0
        self._line: deque[Call] = deque()
        self._running: dict[int, Call] = {}
        self._ends: list[tuple[float, int]] = []
        self._base = 0.0
        self._allowance = traits.a_minute / 6

    @property
    def waiting(self) -> int:
        return len(self._line)

    @property
    def running(self) -> int:
        return len(self._running)

    def kv_use(self) -> float:
        return (self._base + self.running * self._given) / self.traits.cache

    def gauges(self) -> Gauges:
        return Gauges(self.running, self.waiting, self.kv_use(), self.preemptions, math.floor(self.generated))

    def submit(self, call: Call) -> bool:
        """Take a call into the line; False: refused."""
        self._allowance -= 1
        if self.waiting >= self.traits.line or self._allowance < 0:
            self._allowance += 1
            self.refused += 1
            return False
        mean = math.log(MEAN_TOKENS) - self.traits.sigma**2 / 2
        call.tokens = min(4000.0, max(1.0, self._chance.lognormvariate(mean, self.traits.sigma)))
        call.left = call.tokens
        self._line.append(call)
        return True

    def advance(self, until_s: float) -> Call | None:
        """Move on to the next end of a call, which is returned, or to a time."""
        while self.now_s < until_s - 1e-12:
            self._take_in()
            step_s = self.traits.step(max(1, self.running))
            if self._busy_s > 0:
                self._pass(min(self._busy_s, until_s - self.now_s), 0.0)
                continue
            if not self._running:
                self._pass(until_s - self.now_s, 0.0)
                continue
            left = self._ends[0][0] - self._given
            room = (self.traits.cache - self._base) / self.running - self._given
            wanted = min(left, max(1.0, room)) * step_s
            passed_s = min(wanted, until_s - self.now_s)
            self._pass(passed_s, passed_s / step_s)
            if self.kv_use() >= 1 and self.running > 1:
                self._preempt()
            if self._ends and self._ends[0][0] <= self._given + 1e-9:
                return self._end()
        return None

    def _pass(self, seconds: float, tokens: float) -> None:
        self.now_s += seconds
        self._busy_s = max(0.0, self._busy_s - seconds)
        self._given += tokens
        self.generated += tokens * self.running
        if self.traits.a_minute < math.inf:
            self._allowance = min(self.traits.a_minute / 6, self._allowance + seconds * self.traits.a_minute / 60)

    def _take_in(self) -> None:
        """A step's budget of prompt tokens takes in one call at a time, so a burst comes in slowly."""
        if self._line and self._busy_s <= 0 and self.running < self.traits.seats:
            if self._base + self.running * self._given + self._line[0].prompt > 0.98 * self.traits.cache:
                return
            call = self._line.popleft()
            call.done_at = self._given + call.left
            self._running[call.number] = call
            heapq.heappush(self._ends, (call.done_at, call.number))
            self._base += call.prompt - self._given
            self._busy_s = self.traits.prefill_s * call.prompt / PROMPT_TOKENS

    def _preempt(self) -> None:
        number = next(reversed(self._running))
        call = self._running.pop(number)
        self._ends.remove((call.done_at, number))
        heapq.heapify(self._ends)
        self._base -= call.held(self._given) - self._given
        call.prompt, call.left = call.held(self._given), call.done_at - self._given
        self.preemptions += 1
        self._line.appendleft(call)

    def _end(self) -> Call:
        _, number = heapq.heappop(self._ends)
        call = self._running.pop(number)
        self._base -= call.held(self._given) - self._given
        return call


@dataclass(slots=True)
class Trace:
    """What happened: the server's token count, the limit and the calls in flight at every second."""

    tokens: list[float] = field(default_factory=list)
    limits: list[int] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)
    answered: int = 0
    refused: int = 0

    def speed(self, first_s: int, last_s: int) -> float:
        """Return tokens a second between two seconds."""
        return (self.tokens[last_s] - self.tokens[first_s]) / (last_s - first_s)

    def seconds_to(self, speed: float, over_s: int = 5) -> float:
        """Return the first second from which on so many seconds went at this speed or above; inf: never."""
        for first_s in range(len(self.tokens) - over_s):
            if self.speed(first_s, first_s + over_s) >= speed:
                return float(first_s)
        return math.inf


@dataclass(slots=True)
class World:
    """A limit, the server behind it, and a client that has always `demand` calls to make. `polls`: whether the server
    tells its gauges. `each_second` may change anything."""

    limit: Limit
    server: Server
    demand: float = math.inf
    polls: bool = True
    lag_s: float = 0.0
    retry_after_s: float | None = None
    buckets: Buckets | None = None
    each_second: Callable[[World], None] | None = None
    trace: Trace = field(default_factory=Trace)
    _numbers: count[int] = field(default_factory=count)
    _blocked_until_s: float = 0.0

    def run(self, seconds: int) -> Trace:
        """Run on for so many seconds."""
        for _ in range(seconds):
            self._look()
            self._live(float(len(self.trace.tokens)))
        self._look()
        return self.trace

    def _live(self, until_s: float) -> None:
        while self.server.now_s < until_s - 1e-12:
            opens_s = self._fill()
            call = self.server.advance(min(until_s, max(opens_s, self.server.now_s + 1e-6)))
            if call is not None:
                self.limit.release()
                self.trace.answered += 1
                self.limit.succeed(self.server.now_s, round(call.tokens))
                if self.buckets is not None:
                    self.buckets.settle(MEAN_TOKENS, call.tokens, self.server.now_s)

    def _fill(self) -> float:
        """Send what may be sent. Returns when more may be."""
        now_s = self.server.now_s
        while self.limit.free() > 0 and self.limit.in_flight < self.demand and now_s >= self._blocked_until_s:
            if self.buckets is not None:
                opens_s = self.buckets.opens_at_s(now_s, MEAN_TOKENS)
                if opens_s > now_s:
                    return opens_s
                self.buckets.take(now_s, MEAN_TOKENS)
            call = Call(next(self._numbers), self.limit.admit(), 0.0)
            if not self.server.submit(call):
                self.limit.release()
                self.trace.refused += 1
                self.limit.refuse(call.admitted_at, now_s, self.retry_after_s)
                self._blocked_until_s = now_s + (self.retry_after_s or 0.5)
        return self._blocked_until_s if self._blocked_until_s > now_s else math.inf

    def _look(self) -> None:
        now_s = self.server.now_s
        if self.each_second is not None:
            self.each_second(self)
        self.limit.lag(self.lag_s, now_s)
        if self.polls:
            self.limit.observe(self.server.gauges(), now_s)
        self.trace.tokens.append(self.server.generated)
        self.trace.limits.append(self.limit.limit)
        self.trace.in_flight.append(self.limit.in_flight)
