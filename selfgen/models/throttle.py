"""How many calls at once: what every limit offers, and the adaptive limit of an endpoint that tells nothing of itself.

Pure arithmetic: no clock, no waiting, no sockets; times are passed in, in seconds of any monotonic clock. The rules are
TCP's (slow start, then additive increase, multiplicative decrease) with two guards known from
inspect_ai (growth only when saturated, one cut an episode) and Data Designer (a late failure of a larger limit does
not cut a smaller one again). The limit never changes what a dataset holds, only how fast it comes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from selfgen.models.gauges import Gauges

CUT = 0.75
GROWTH = 0.05
COOLDOWN_S = 2.0
LAG_S = 0.05
"""An event loop that is this late is itself what is slow: the server's answers prove nothing then."""
LAG_COUNTS_S = 10.0
"""How long a report of lag counts when no other follows it."""
PATH_ENDS = 500


@dataclass(frozen=True, slots=True)
class Step:
    """The limit changed: when, to what, and why in plain words."""

    now_s: float
    limit: int
    why: str


class Limit(Protocol):
    """How many calls one endpoint is given at once. A call is admitted, released, and then its end is told: `succeed`,
    `refuse` for an overload, nothing for any other failure."""

    limit: int
    most: int
    in_flight: int
    cuts: int
    path: list[Step]

    def free(self) -> int:
        """Return how many more calls may start now; 0 while a cut is still draining."""
        ...

    def admit(self) -> int:
        """Count one call in. Returns the limit that it was admitted at, to be given back when the call ends."""
        ...

    def release(self) -> None:
        """Count one call out, whatever became of it."""
        ...

    def succeed(self, now_s: float, tokens: int = 0) -> None:
        """Learn from an answer of so many tokens."""
        ...

    def refuse(self, admitted_at: int, now_s: float, retry_after_s: float | None = None) -> bool:
        """Learn from an overload; tells whether the limit was cut. `admitted_at` is what `admit` returned."""
        ...

    def observe(self, gauges: Gauges, now_s: float) -> None:
        """Learn what the server says of its own queue."""
        ...

    def lag(self, seconds: float, now_s: float) -> None:
        """Learn how late this process's own event loop is. Stops growth, never cuts."""
        ...

    def pin(self, limit: int | None) -> None:
        """Keep the limit at a number that a person chose (`most` bounds it); None: find it again from here."""
        ...


class Throttle:
    """The limit of one endpoint. A round is as many successes as the limit; it is clean if nothing was refused in it,
    saturated if the limit was reached in it.

    A clean, saturated round doubles the limit until the first refusal, later up to the limit that the first cut of
    an episode left behind; above that it adds 5 %, at least 1. `fixed` pins the limit at `start`.
    """

    def __init__(self, *, start: int = 16, most: int = 256, fixed: bool = False) -> None:
        if not 1 <= start <= most:
            raise ValueError(f"a throttle needs 1 <= start <= most, not {start} and {most}")
        self.most = most
        self.limit = start
        self.in_flight = 0
        self.cuts = 0
        self.pinned = start if fixed else None
        self.path: list[Step] = []
        self._now_s = 0.0
        self._doubles_up_to = most
        self._calm_from_s = -math.inf
        self._lag_until_s = -math.inf
        self._episode = False
        self._successes = 0
        self._saturated = False

    def free(self) -> int:
        return max(0, self.limit - self.in_flight)

    def admit(self) -> int:
        self.in_flight += 1
        self._saturated = self._saturated or self.in_flight >= self.limit
        return self.limit

    def release(self) -> None:
        """Raises ValueError where none is in flight."""
        if self.in_flight == 0:
            raise ValueError("no call is in flight")
        self.in_flight -= 1

    def succeed(self, now_s: float, tokens: int = 0) -> None:
        """Answers during the cooldown are left over from before the cut and prove nothing."""
        self._now_s = now_s
        if self.pinned is not None or now_s < self._calm_from_s:
            return
        self._successes += 1
        if self._successes < self.limit:
            return
        self._episode = False
        if self._saturated and not self._is_late(now_s):
            self._change(self._grown(), now_s, "all answers of a full round came")
        self._new_round()

    def refuse(self, admitted_at: int, now_s: float, retry_after_s: float | None = None) -> bool:
        self._now_s = now_s
        self._new_round()
        calm_from_s = now_s + max(COOLDOWN_S, retry_after_s or 0.0)
        if self.pinned is not None or now_s < self._calm_from_s or admitted_at > self.limit:
            self._calm_from_s = max(self._calm_from_s, calm_from_s) if retry_after_s else self._calm_from_s
            return False
        self._change(max(1, int(self.limit * CUT)), now_s, "the server refused a call as too many")
        self.cuts += 1
        self._calm_from_s = calm_from_s
        if not self._episode:
            self._doubles_up_to = self.limit
        self._episode = True
        return True

    def observe(self, gauges: Gauges, now_s: float) -> None:
        """Of no use here: this limit is for servers whose queue nobody sees."""

    def lag(self, seconds: float, now_s: float) -> None:
        self._now_s = now_s
        self._lag_until_s = now_s + LAG_COUNTS_S if seconds > LAG_S else -math.inf

    def pin(self, limit: int | None) -> None:
        """Raises ValueError below 1. The step is dated with the last time that this limit heard of."""
        if limit is not None and limit < 1:
            raise ValueError(f"a limit is at least 1, not {limit}")
        self.pinned = None if limit is None else min(limit, self.most)
        if self.pinned is not None:
            self._change(self.pinned, self._now_s, "set by hand")
        else:
            self._doubles_up_to = self.most
            self._episode = False
        self._new_round()

    def _is_late(self, now_s: float) -> bool:
        return now_s < self._lag_until_s

    def _change(self, limit: int, now_s: float, why: str) -> None:
        """Set the limit and write it down. A long path keeps its first and its last steps."""
        if limit == self.limit:
            return
        self.limit = limit
        self.path.append(Step(now_s, limit, why))
        if len(self.path) > 2 * PATH_ENDS:
            del self.path[PATH_ENDS]

    def _grown(self) -> int:
        if self.limit < self._doubles_up_to:
            return min(2 * self.limit, self._doubles_up_to)
        return min(self.limit + max(1, int(self.limit * GROWTH)), self.most)

    def _new_round(self) -> None:
        self._successes = 0
        self._saturated = self.in_flight >= self.limit
