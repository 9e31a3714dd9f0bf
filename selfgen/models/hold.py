"""When an endpoint is held: a pure account of failures in a row, probes, and patience.

Knows which failures mean that the server is away, and how long to wait for it. Knows no clock (times are passed in, in
seconds of any monotonic clock), no sockets and no queue: retry.py has those.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from selfgen.errors import CallError, NoServer, Overloaded, Paused, SelfgenError
from selfgen.models.faults import Unreachable


@dataclass(frozen=True, slots=True)
class Policy:
    """The figures of the retry rules. An endpoint is held after `failures_to_hold` failures with no success between
    (a refused connection alone suffices; an overload needs a whole round of refusals).

    `patience_s` bounds a hold by an outage, `overload_patience_s` one by a server that is there but busy,
    `first_patience_s` the wait for a server that was never heard of since the process began. `own_attempts`: so often
    one call may fail, with others succeeding between, before it is given up. `canary_after`: from so many own failures
    on, a call that nobody else vouches for is preceded by a small call that must succeed. `doubted_calls`: so many
    first calls must all be refused as invalid before the set-up is blamed.
    """

    backoff_s: float = 0.25
    longest_backoff_s: float = 30.0
    failures_to_hold: int = 5
    patience_s: float = 3600.0
    overload_patience_s: float = 6 * 3600.0
    first_patience_s: float = 60.0
    own_attempts: int = 12
    canary_after: int = 5
    doubted_calls: int = 3

    def backoff(self, tries: int) -> float:
        """Return the wait after `tries` earlier failures, in seconds, without jitter."""
        return min(self.longest_backoff_s, self.backoff_s * 2.0 ** min(tries, 40))


@dataclass(frozen=True, slots=True)
class Hold:
    """An endpoint that is held: since when, how many probes failed, when the next may go, and why."""

    since_s: float
    tries: int
    next_try_s: float
    cause: CallError


class Health:
    """What the last outcomes say about one endpoint."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.hold: Hold | None = None
        self.successes = 0
        self.longest_hold_s = 0.0
        self._heard = False
        self._streak = 0
        self._streak_from_s = 0.0
        self._quiet_until_s = -math.inf

    def opens_at_s(self) -> float:
        """Return the time before which nothing may be sent."""
        return self._quiet_until_s if self.hold is None else max(self.hold.next_try_s, self._quiet_until_s)

    def succeed(self, now_s: float) -> None:
        """The server answered: nobody is held any more. A wait that the server asked for still stands."""
        self._heard = True
        self.successes += 1
        self._streak = 0
        if self.hold is not None:
            self.longest_hold_s = max(self.longest_hold_s, now_s - self.hold.since_s)
            self.hold = None

    def fail(self, error: CallError, now_s: float, *, probe: bool, limit: int) -> None:
        """Learn from an Overloaded, Transient or Ambiguous call. While held, only a probe moves the next try."""
        self._heard = self._heard or not isinstance(error, Unreachable)
        if error.retry_after_s:
            self._quiet_until_s = max(self._quiet_until_s, now_s + error.retry_after_s)
        if self.hold is not None:
            self.longest_hold_s = max(self.longest_hold_s, now_s - self.hold.since_s)
            if probe:
                tries = self.hold.tries + 1
                self.hold = self._next(replace(self.hold, tries=tries, cause=error), now_s)
            return
        if self._streak == 0:
            self._streak_from_s = now_s
        self._streak += 1
        if self._streak >= self._needed(error, limit):
            self.hold = self._next(Hold(self._streak_from_s, 0, now_s, error), now_s)

    def end(self, now_s: float) -> SelfgenError | None:
        """Return what ends the run once patience is over, else None."""
        hold = self.hold
        if hold is None or now_s - hold.since_s < self._patience(hold.cause):
            return None
        held = say_span(now_s - hold.since_s)
        if not self._heard:
            todo = "Start the server, or give the address of a running one with --base-url."
            return NoServer(f"No server answers (tried for {held}). {hold.cause.what}", todo=todo)
        todo = "Nothing is lost. When the server is back, the same command continues."
        how = "too busy" if isinstance(hold.cause, Overloaded) else "away"
        return Paused(f"The server has been {how} for {held}. {hold.cause.what}", todo=todo)

    def sentence(self, now_s: float) -> str:
        """Return what a person should know, "" when all is well."""
        wait = say_span(max(0.0, self.opens_at_s() - now_s))
        if self.hold is not None and not isinstance(self.hold.cause, Overloaded):
            away = say_span(now_s - self.hold.since_s)
            return f"server away for {away}, next try in {wait}: {self.hold.cause.what}"
        if self.hold is not None or now_s < self._quiet_until_s:
            return f"the server asks us to wait, next try in {wait}"
        return ""

    def _needed(self, error: CallError, limit: int) -> int:
        if isinstance(error, Unreachable):
            return 1
        return max(self.policy.failures_to_hold, limit if isinstance(error, Overloaded) else 0)

    def _next(self, hold: Hold, now_s: float) -> Hold:
        """Set the next try, not beyond the end of patience: the last probe is made right then."""
        wait_s = min(self.policy.backoff(hold.tries), hold.since_s + self._patience(hold.cause) - now_s)
        return replace(hold, next_try_s=now_s + max(0.0, wait_s))

    def _patience(self, cause: CallError) -> float:
        if isinstance(cause, Overloaded):
            return self.policy.overload_patience_s
        return self.policy.patience_s if self._heard else self.policy.first_patience_s


def say_span(seconds: float) -> str:
    """Say a span of time in at most two units: "8 s", "3 min", "1 h 5 min"."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
