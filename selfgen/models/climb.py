"""How many calls at once at a server that tells nothing: uphill on the output tokens a second that come back.

`Climber` decides from one number a window and knows nothing of calls; `Climb` measures the windows from answers alone.
Pure: no clock, no sockets.

Doubling is what is tried, because it shows: a server near its best gains a few per cent by it, and a step of a tenth
gains less than the noise of any window that a person would wait for. Too many calls only wait in the server's line,
too few leave it idle; so in doubt the limit stays, and it falls where less does as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from selfgen.models.throttle import Throttle

GAIN = 1.03
"""A rise goes on while it gains this; a probe upwards must gain it to be kept."""
CLEAR_GAIN = 1.15
CLEAR_RISE = 1.3
CLEAR_HARM = 0.75
"""A probe downwards is kept where it costs less than this."""
CLEAR_LOSS = 0.9
NEAR_BEST = 0.98
LESS = 0.75
"""A probe downwards."""
SMALL_STRIDE = 1.25
"""The next probe upwards after one that did harm."""
LONGEST_EXPLORE_S = 600.0
CHANGED = 0.25
"""A rate that moves by more than this at the same limit tells that the work has changed."""
GENTLE_S = 600.0
"""After a refusal the limit grows as a `Throttle` does for so long: a server that says no needs no other sign, and a
doubling would come as a burst that it refuses again."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What depends on how noisy the rates are, and how long a window takes. A rise must gain over so many `doublings`;
    a probe downwards is kept where it has `keep` of the rate; at rest it explores after `explore_s`, less and less
    often while that finds nothing."""

    doublings: int
    keep: float
    explore_s: float


class Climber:
    """Which limit to try next. It is told the rate of every window that was measured at its limit.

    rise   double while it gains, then go to the smallest limit that came near the best
    rest   stay; now and then probe
    probe  try twice as many, or three quarters, for one window
    back   measure where it rested once more: a probe counts against the mean of before and after, so that a server
           that gets slower or faster meanwhile does not decide
    """

    def __init__(self, limit: int, most: int, habits: Habits) -> None:
        self.limit, self.most, self._habits = limit, most, habits
        self._phase = "rise"
        self._levels: list[tuple[int, float]] = []
        self._sure: set[int] = set()
        self._doubted: float | None = None
        self._rest, self._rate, self._where, self._probed = limit, 0.0, limit, 0.0
        self._upwards, self._stride = False, 2.0
        self._interval_s, self._explore_s = habits.explore_s, math.inf

    @property
    def is_rising(self) -> bool:
        return self._phase == "rise"

    def is_clear(self, rate: float, turnovers: float) -> bool:
        """Tell whether a rate leaves no doubt when the limit was served so many times, so that nobody needs to wait for
        more of it: a rise beyond all noise, the first rate of all, or a probe that does harm."""
        if self._phase == "probe":
            return turnovers >= 0.5 and rate < CLEAR_HARM * self._rate
        if self._phase != "rise":
            return False
        last = self._levels[-1][1] if self._levels else 0.0
        return turnovers >= (0.5 if last and rate > CLEAR_RISE * last else 1.5) and rate > CLEAR_GAIN * last

    def note(self, rate: float, now_s: float, *, may_rise: bool = True, sure: bool = True) -> str:
        """Learn the rate of a window and set the limit for the next. Returns why it changed, "" where it did not. A
        rate that is not `sure` was enough to go on, and is nothing to come back to."""
        before = self.limit
        if sure:
            self._sure.add(self.limit)
        else:
            self._sure.discard(self.limit)
        top = self.most if may_rise else self.limit
        why = {"rise": self._on_rise, "rest": self._on_rest, "probe": self._on_probe, "back": self._on_back}[
            self._phase
        ](rate, now_s, top)
        return why if self.limit != before else ""

    def rise(self, limit: int) -> None:
        """Start over from here."""
        self.limit, self._phase, self._levels, self._doubted = limit, "rise", [], None

    def rest(self, limit: int, now_s: float) -> None:
        """Stay here until it is time to explore."""
        self.limit, self._phase, self._rest, self._rate = limit, "rest", limit, 0.0
        self._explore_s = now_s + self._interval_s

    def near_best(self, limit: int, rate: float) -> int:
        """Return the smallest limit of the last rise that comes near the best of it and of this one."""
        levels = [*((limit, rate) for limit, rate in self._levels if limit in self._sure), (limit, rate)]
        floor = NEAR_BEST * max(rate for _, rate in levels)
        return min(limit for limit, rate in levels if rate >= floor)

    def _on_rise(self, rate: float, now_s: float, top: int) -> str:
        if self._doubted is not None:
            rate = (rate + self._doubted) / 2
        if self._levels:  # twice the calls do at most twice as much: the rest is luck, and would make the next look bad
            limit, last = self._levels[-1]
            rate = min(rate, last * self.limit / limit)
        rates = [*(each for _, each in self._levels), rate]
        behind = self._habits.doublings + 1
        harm = len(rates) > 1 and rate < CLEAR_LOSS * rates[-2]
        stuck = harm or (len(rates) >= behind and rate < GAIN * rates[-behind])
        if stuck and self._doubted is None:
            self._doubted = rate  # newcomers slow a server down for a while: look twice before turning round
            return ""
        self._doubted = None
        if not stuck and top > self.limit:
            self._levels.append((self.limit, rate))
            self.limit = min(2 * self.limit, top)
            return "more calls, more tokens a second"
        if harm:
            self._sure.add(self._levels[-1][0])
            self._upwards, self._stride = True, SMALL_STRIDE
        best = self.near_best(self.limit, rate)
        self._levels = []
        self.rest(best, now_s)
        return "more calls brought no more tokens a second"

    def _on_rest(self, rate: float, now_s: float, top: int) -> str:
        if self._rate and abs(rate / self._rate - 1) > CHANGED:
            self._interval_s = self._habits.explore_s
            self._explore_s = min(self._explore_s, now_s + self._interval_s)
        self._rate = rate
        if now_s < self._explore_s:
            return ""
        self._upwards = not self._upwards
        up, down = min(math.ceil(self._stride * self._rest), top), int(self._rest * LESS)
        if self._upwards and up < 1.1 * self._rest:
            self._upwards = False
        if not self._upwards and down < 1:
            return ""
        self.limit, self._phase = (up if self._upwards else down), "probe"
        return "trying more" if self._upwards else "trying less"

    def _on_probe(self, rate: float, now_s: float, top: int) -> str:
        self._probed, self._where = rate, self.limit
        if self._upwards and rate > CLEAR_GAIN * self._rate:
            return self._accept(now_s)
        if rate < CLEAR_LOSS * self._rate:
            return self._reject(now_s)
        self.limit, self._phase = self._rest, "back"
        return "back, to compare"

    def _on_back(self, rate: float, now_s: float, top: int) -> str:
        before = (self._rate + rate) / 2
        self._rate = rate
        if self._probed >= (GAIN if self._upwards else self._habits.keep) * before:
            return self._accept(now_s)
        return self._reject(now_s)

    def _accept(self, now_s: float) -> str:
        self._interval_s = self._habits.explore_s
        if not self._upwards:
            self.rest(int(self._rest * LESS), now_s)
            return "fewer calls do as well"
        resting, rate = self._rest, self._rate
        self._stride = 2.0
        self.rise(self._where)
        self._levels = [(resting, rate)]
        return "more calls, more tokens a second"

    def _reject(self, now_s: float) -> str:
        if self._upwards:
            harm = self._probed < CLEAR_LOSS * self._rate
            self._stride = SMALL_STRIDE if harm else 2.0
        self._interval_s = min(2 * self._interval_s, LONGEST_EXPLORE_S)
        rate = self._rate
        self.rest(self._rest, now_s)
        self._rate = rate
        return "more calls brought no more" if self._upwards else "fewer calls did less"


SETTLE_S = 5.0
SHORTEST_S = {True: 10.0, False: 20.0}
"""Seconds of a window while rising, and at rest."""
ANSWERS = 48.0
"""A window of ANSWERS * sqrt(limit) answers has about 3 % of noise where lengths differ mildly, and 9 % where they
differ wildly: its tokens are known but for those of the calls that overlap its ends, 2 * limit of them."""
LONGEST_S = 120.0
HABITS = Habits(doublings=2, keep=1.0, explore_s=120.0)
IDLE_SHARE = 0.25


class Climb(Throttle):
    """The limit of a server without metrics and without rate headers. Refusals cut it as they cut a `Throttle`.

    A window opens when the limit has been served once since it changed (half of it while rising: what comes back early
    makes a rise look smaller, never larger). It closes when it leaves no doubt, or when enough answers came. A window
    counts only where the limit was reached all the time: a quarter of it ending with nobody following closes it without
    a verdict."""

    def __init__(self, *, start: int = 16, most: int = 256, fixed: bool = False) -> None:
        super().__init__(start=start, most=most, fixed=fixed)
        self._climber = Climber(start, most, HABITS)
        self._ended = 0
        self._tokens = 0
        self._changed_s: float | None = None
        self._opened_s: float | None = None
        self._since_full = 0
        self._gentle_until_s = -math.inf

    def admit(self) -> int:
        admitted_at = super().admit()
        if self.in_flight >= self.limit:
            self._since_full = 0
        return admitted_at

    def succeed(self, now_s: float, tokens: int = 0) -> None:
        """An answer that tells no tokens counts as one: then calls a second are what is climbed."""
        self._now_s = now_s
        self._since_full = 0 if self.in_flight >= self.limit else self._since_full + 1
        if self.pinned is not None:
            return
        if now_s < self._gentle_until_s:
            super().succeed(now_s)
            return
        if self._climber.limit != self.limit:
            self._climber.rest(self.limit, now_s)
        idle = self._since_full > max(4, IDLE_SHARE * self.limit)
        if now_s < self._calm_from_s or self._is_late(now_s) or idle or self.in_flight > self.limit:
            self._close()
            return
        self._ended += 1
        if self._opened_s is None:
            self._settle(now_s)
            return
        self._tokens += max(1, tokens)
        seconds = now_s - self._opened_s
        if seconds > 0 and self._is_enough(seconds):
            self._judge(self._tokens / seconds, now_s)

    def refuse(self, admitted_at: int, now_s: float, retry_after_s: float | None = None) -> bool:
        cut = super().refuse(admitted_at, now_s, retry_after_s)
        self._gentle_until_s = now_s + GENTLE_S
        self._close()
        return cut

    def pin(self, limit: int | None) -> None:
        super().pin(limit)
        self._climber = Climber(self.limit, self.most, HABITS)
        self._gentle_until_s = -math.inf
        self._close()

    def _settle(self, now_s: float) -> None:
        """Wait until the change of the limit can be seen in what comes back."""
        self._changed_s = now_s if self._changed_s is None else self._changed_s
        share = 0.5 if self._climber.is_rising else 1.0
        if self._ended >= share * self.limit and now_s >= self._changed_s + SETTLE_S:
            self._ended, self._tokens, self._opened_s = 0, 0, now_s

    def _is_enough(self, seconds: float) -> bool:
        if self._climber.is_clear(self._tokens / seconds, self._ended / self.limit):
            return seconds >= SETTLE_S
        long = seconds >= SHORTEST_S[self._climber.is_rising]
        return (long and self._is_full()) or seconds >= LONGEST_S

    def _is_full(self) -> bool:
        return self._ended >= ANSWERS * math.sqrt(self.limit)

    def _judge(self, rate: float, now_s: float) -> None:
        why = self._climber.note(rate, now_s, sure=self._is_full())
        self._change(self._climber.limit, now_s, why)
        self._close()
        if not why:
            self._opened_s = now_s

    def _close(self) -> None:
        self._ended, self._tokens, self._changed_s, self._opened_s = 0, 0, None, None
