"""How many calls at once: an adaptive limit for one endpoint.

Pure arithmetic: no clock, no waiting, no sockets; times are passed in, in seconds of any monotonic clock. The rules are
TCP's (slow start, then additive increase, multiplicative decrease) with two guards known from
inspect_ai (growth only when saturated, one cut an episode) and Data Designer (a late failure of a larger limit does
not cut a smaller one again). The limit never changes what a dataset holds, only how fast it comes.
"""

from __future__ import annotations

import math

CUT = 0.75
GROWTH = 0.05
COOLDOWN_S = 2.0


class Throttle:
    """The limit of one endpoint. A round is as many successes as the limit; it is clean if nothing was refused in it,
    saturated if the limit was reached in it.

    A clean, saturated round doubles the limit until the first refusal, later up to the limit that the first cut of
    an episode left behind; above that it adds 5 %, at least 1. `fixed` keeps the limit at `start`.
    """

    def __init__(self, *, start: int = 16, most: int = 256, fixed: bool = False) -> None:
        if not 1 <= start <= most:
            raise ValueError(f"a throttle needs 1 <= start <= most, not {start} and {most}")
        self.most, self.fixed = most, fixed
        self.limit = start
        self.in_flight = 0
        self.cuts = 0
        self._doubles_up_to = most
        self._calm_from_s = -math.inf
        self._episode = False
        self._successes = 0
        self._saturated = False

    def free(self) -> int:
        """Return how many more calls may start now; 0 while a cut is still draining."""
        return max(0, self.limit - self.in_flight)

    def admit(self) -> int:
        """Count one call in. Returns the limit that it was admitted at, to be given back when the call ends."""
        self.in_flight += 1
        self._saturated = self._saturated or self.in_flight >= self.limit
        return self.limit

    def release(self) -> None:
        """Count one call out, whatever became of it."""
        if self.in_flight == 0:
            raise ValueError("no call is in flight")
        self.in_flight -= 1

    def succeed(self, now_s: float) -> None:
        """Learn from an answer. Answers during the cooldown are left over from before the cut and prove nothing."""
        if self.fixed or now_s < self._calm_from_s:
            return
        self._successes += 1
        if self._successes < self.limit:
            return
        self._episode = False
        if self._saturated:
            self.limit = self._grown()
        self._new_round()

    def refuse(self, admitted_at: int, now_s: float, retry_after_s: float | None = None) -> bool:
        """Learn from an overload; tells whether the limit was cut. `admitted_at` is what `admit` returned."""
        self._new_round()
        calm_from_s = now_s + max(COOLDOWN_S, retry_after_s or 0.0)
        if self.fixed or now_s < self._calm_from_s or admitted_at > self.limit:
            self._calm_from_s = max(self._calm_from_s, calm_from_s) if retry_after_s else self._calm_from_s
            return False
        self.limit = max(1, int(self.limit * CUT))
        self.cuts += 1
        self._calm_from_s = calm_from_s
        if not self._episode:
            self._doubles_up_to = self.limit
        self._episode = True
        return True

    def _grown(self) -> int:
        if self.limit < self._doubles_up_to:
            return min(2 * self.limit, self._doubles_up_to)
        return min(self.limit + max(1, int(self.limit * GROWTH)), self.most)

    def _new_round(self) -> None:
        self._successes = 0
        self._saturated = self.in_flight >= self.limit
