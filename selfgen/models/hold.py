"""When a lane is held: a pure account of failures in a row, probes, and patience.

Knows which failures mean that the server is away, how long to wait for it, and what ends a run. Knows no clock (times
are passed in, in seconds of any monotonic clock), no sockets and no queue: fleet.py has those.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from selfgen.errors import (
    BadConfig,
    CallError,
    CallRejected,
    KeyRefused,
    NoServer,
    NotAuthorised,
    Overloaded,
    Paused,
    QuotaUsedUp,
    SelfgenError,
)
from selfgen.models.faults import Unreachable

Lasting = KeyRefused | CallRejected | QuotaUsedUp
"""What no waiting mends."""
RELAPSE_S = 1200.0
"""A lane that passed its canary and fails again within this time, without one real answer between, was never well. It
is longer than one call may take."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The figures of the retry rules. A lane is held after `failures_to_hold` failures with no success between
    (a refused connection alone suffices; an overload needs a whole round of refusals).

    `patience_s` bounds a hold by an outage, `overload_patience_s` one by a server that is there but busy,
    `first_patience_s` the wait for a server that was never heard of since the process began. `own_attempts`: so often
    one call may fail, with others succeeding between, before it is given up. `canary_after`: from so many own failures
    on, a call that nobody else vouches for is preceded by a small call that must succeed. `doubted_calls`: so many
    first calls must all be refused as invalid before the set-up is blamed. `watchdog_s`: after so long without a call
    coming home, or three times the 99th percentile, a lane is asked whether it lives; `look_s` bounds that question.
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
    watchdog_s: float = 180.0
    look_s: float = 30.0

    def backoff(self, tries: int) -> float:
        """Return the wait after `tries` earlier failures, in seconds, without jitter."""
        return min(self.longest_backoff_s, self.backoff_s * 2.0 ** min(tries, 40))


@dataclass(frozen=True, slots=True)
class Hold:
    """A lane that is held: since when, how many probes failed, when the next may go, and why."""

    since_s: float
    tries: int
    next_try_s: float
    cause: CallError


class Health:
    """What the last outcomes say about one lane."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.hold: Hold | None = None
        self.successes = 0
        self.longest_hold_s = 0.0
        self.heard = False
        self._past: tuple[Hold, float] | None = None
        self._streak = 0
        self._streak_from_s = 0.0
        self._quiet_until_s = -math.inf

    def opens_at_s(self) -> float:
        """Return the time before which nothing may be sent."""
        return self._quiet_until_s if self.hold is None else max(self.hold.next_try_s, self._quiet_until_s)

    def succeed(self, now_s: float) -> None:
        """The server answered: nobody is held any more. A wait that the server asked for still stands."""
        self._recover(now_s)
        self._past = None

    def revive(self, now_s: float) -> None:
        """The server passed a canary. Should real calls fail as before, it is the same outage that goes on."""
        if self.hold is not None:
            self._past = (self.hold, now_s)
        self._recover(now_s)

    def open(self, error: CallError, now_s: float) -> None:
        """Hold the lane at once, whatever the streak."""
        if self.hold is None:
            self.hold = self._next(Hold(now_s, 0, now_s, error), now_s)

    def fail(self, error: CallError, now_s: float, *, probe: bool, limit: int) -> None:
        """Learn from an Overloaded, Transient or Ambiguous call. While held, only a probe moves the next try."""
        self.heard = self.heard or not isinstance(error, Unreachable)
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
            self.hold = self._next(self._begin(error, now_s), now_s)

    def patience(self, cause: CallError) -> float:
        """Return for how many seconds such a failure is put up with here."""
        if isinstance(cause, Overloaded):
            return self.policy.overload_patience_s
        return self.policy.patience_s if self.heard else self.policy.first_patience_s

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

    def _recover(self, now_s: float) -> None:
        self.heard = True
        self.successes += 1
        self._streak = 0
        if self.hold is not None:
            self.longest_hold_s = max(self.longest_hold_s, now_s - self.hold.since_s)
            self.hold = None

    def _begin(self, error: CallError, now_s: float) -> Hold:
        if self._past is not None:
            past, revived_s = self._past
            if self._streak_from_s - revived_s < RELAPSE_S:
                return Hold(past.since_s, past.tries + 1, now_s, error)
        return Hold(self._streak_from_s, 0, now_s, error)

    def _next(self, hold: Hold, now_s: float) -> Hold:
        """Set the next try, not beyond the end of patience: the last probe is made right then."""
        wait_s = self.policy.backoff(hold.tries)
        left_s = hold.since_s + self.patience(hold.cause) - now_s
        return replace(hold, next_try_s=now_s + (min(wait_s, left_s) if left_s > 0 else wait_s))


def end_of_patience(lanes: Sequence[tuple[str, Health]], now_s: float) -> SelfgenError | None:
    """Return what ends the run: every lane is held, and has been for longer than any of them is waited for."""
    held = [(name, health, health.hold) for name, health in lanes if health.hold is not None]
    if not held or len(held) < len(lanes):
        return None
    away_s = now_s - max(hold.since_s for _, _, hold in held)
    if away_s < max(health.patience(hold.cause) for _, health, hold in held):
        return None
    several, span = len(held) > 1, say_span(away_s)
    causes = " ".join(f"{name}: {hold.cause.what}" if several else hold.cause.what for name, _, hold in held)
    if not any(health.heard for _, health in lanes):
        todo = "Start the server, or give the address of a running one with --base-url."
        return NoServer(f"No server answers (tried for {span}). {causes}", todo=todo)
    todo = f"Nothing is lost. When {'one of them' if several else 'the server'} is back, the same command continues."
    how = "too busy" if all(isinstance(hold.cause, Overloaded) for _, _, hold in held) else "away"
    who = f"All {len(held)} servers have" if several else "The server has"
    return Paused(f"{who} been {how} for {span}. {causes}", todo=todo)


def end_of(problem: Lasting) -> SelfgenError:
    """Say what a person should do about a failure that lasts."""
    match problem:
        case KeyRefused():
            return NotAuthorised(problem.what, todo="Set the right key, then run the same command again.")
        case QuotaUsedUp():
            todo = "Nothing is lost. Top the account up; the same command continues."
            return Paused(problem.what, todo=todo)
        case CallRejected():
            return BadConfig(problem.what, todo=problem.todo or "Check --base-url and --model.")


def end_of_all(faults: Sequence[tuple[str, Lasting]]) -> SelfgenError:
    """Say what ended the last of all lanes; a used-up quota comes first, since the run can go on when it is filled."""
    last = faults[-1][1]
    if len(faults) == 1:
        return end_of(last)
    first = next((fault for _, fault in faults if isinstance(fault, QuotaUsedUp)), last)
    return end_of(type(first)(" ".join(f"{name}: {fault.what}" for name, fault in faults), todo=first.todo))


def say_span(seconds: float) -> str:
    """Say a span of time in at most two units: "8 s", "3 min", "1 h 5 min"."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
