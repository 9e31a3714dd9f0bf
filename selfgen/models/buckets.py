"""How many requests and tokens a minute: pacing ahead of a server's refusals.

Knows limits from the configuration and those that servers tell in their headers; the smaller of the two holds. Pure
arithmetic on times that are passed in, in seconds of any monotonic clock. Knows no sockets, and nothing of how many
calls run at once (throttle.py).

A bucket fills at limit / 60 s, holds at most its burst (limit / 20, three seconds' worth, and at least 1), and starts
full. A call passes when the bucket holds what it needs, or is full; a call that needs more than a full bucket leaves it
in debt. So what is taken in any 60 s, less what was put back in them, is at most the limit and one burst, or the limit
and the largest call where that is more. The burst is small so that two runs one after the other do not send twice the
limit in one minute, and so that servers which count in windows of ten seconds have nothing to refuse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from selfgen.models.faults import retry_after_s

MINUTE_S = 60.0
BURST = 0.05
EMPTY_WAIT_S = 10.0
"""A reset may mean "full again" or "not empty any more"; longer than this it is believed with a refusal only."""
LARGEST_AMOUNT = 1e15
EPOCH_S = 1e9
"""A reset as large as this is a point in time; a thousand times larger, and it is one in milliseconds."""

HEADERS = {
    "requests": (
        "x-ratelimit-{}-requests",
        "anthropic-ratelimit-requests-{}",
    ),
    "tokens": (
        "x-ratelimit-{}-tokens",
        "anthropic-ratelimit-tokens-{}",
    ),
}
"""OpenAI, Azure and most who follow them; Anthropic, whose "tokens" are those of the tightest of its limits. What a
header calls the limit may be that of a day (Groq): then it is too loose and `remaining` and refusals do the rest."""


class Buckets:
    """Requests and tokens a minute at one endpoint. `rpm`, `tpm`: configured limits; None: only those heard count."""

    def __init__(self, rpm: float | None = None, tpm: float | None = None) -> None:
        self._requests, self._tokens = _Bucket(rpm), _Bucket(tpm)

    @property
    def rpm(self) -> float | None:
        """Requests a minute that hold now; None: no limit is known."""
        return self._requests.limit

    @property
    def tpm(self) -> float | None:
        """Tokens a minute that hold now; None: no limit is known."""
        return self._tokens.limit

    def opens_at_s(self, now_s: float, tokens: float = 0) -> float:
        """Return when a call of so many tokens (prompt and the most it may answer) may start: now or later."""
        return max(now_s, self._requests.opens_at_s(now_s, 1), self._tokens.opens_at_s(now_s, tokens))

    def take(self, now_s: float, tokens: float = 0) -> None:
        """Reserve for one call that starts now."""
        self._requests.take(now_s, 1)
        self._tokens.take(now_s, tokens)

    def settle(self, reserved: float, used: float, now_s: float) -> None:
        """Put back what a call did not use, or take what it used beyond its reserve. An answer without usage settles
        nothing: its reserve is what it may have used."""
        self._tokens.take(now_s, used - reserved)

    def hear(self, headers: Mapping[str, str], now_s: float, now_epoch_s: float) -> None:
        """Learn limits and what remains of them from the headers of any reply. What makes no sense is not heard."""
        said = {name.lower(): value for name, value in headers.items()}
        for bucket, names in ((self._requests, HEADERS["requests"]), (self._tokens, HEADERS["tokens"])):
            for name in names:
                limit, remaining = (_amount(said.get(name.format(what), "")) for what in ("limit", "remaining"))
                if limit is not None and limit >= 1:
                    bucket.hear_limit(limit, now_s)
                if remaining is not None:
                    bucket.hear_remaining(remaining, _reset_s(said.get(name.format("reset"), ""), now_epoch_s), now_s)


class _Bucket:
    """One limit a minute. Without one it is always open."""

    def __init__(self, configured: float | None) -> None:
        if configured is not None and not 0 < configured < math.inf:
            raise ValueError(f"a limit a minute is a positive number, not {configured}")
        self._configured = configured
        self._heard: float | None = None
        self._level = self._burst()
        self._at_s: float | None = None
        self._closed_until_s = -math.inf

    @property
    def limit(self) -> float | None:
        return min((each for each in (self._configured, self._heard) if each is not None), default=None)

    def opens_at_s(self, now_s: float, amount: float) -> float:
        self._fill(now_s)
        wait_s = 0.0
        if self.limit is not None:
            lack = min(amount, self._burst()) - self._level
            # A wait that was slept through must open the door, whatever the last digit says.
            wait_s = lack / self.limit * MINUTE_S if lack > 1e-9 * self.limit else 0.0
        return max(self._closed_until_s, now_s + wait_s)

    def take(self, now_s: float, amount: float) -> None:
        self._fill(now_s)
        if self.limit is not None:
            self._level = min(self._level - amount, self._burst())

    def hear_limit(self, limit: float, now_s: float) -> None:
        """Follow a limit that a server tells. A first limit starts with a full burst, as a configured one does."""
        self._fill(now_s)
        first = self.limit is None
        self._heard = limit
        self._level = self._burst() if first else min(self._level, self._burst())

    def hear_remaining(self, remaining: float, reset_s: float | None, now_s: float) -> None:
        """Correct downwards only: answers come late and out of order, and calls sent since are not counted in."""
        self._fill(now_s)
        self._level = min(self._level, remaining)
        if remaining < 1 and reset_s is not None:
            self._closed_until_s = max(self._closed_until_s, now_s + min(reset_s, EMPTY_WAIT_S))

    def _burst(self) -> float:
        return max(1.0, (self.limit or 0.0) * BURST)

    def _fill(self, now_s: float) -> None:
        passed_s = 0.0 if self._at_s is None else max(0.0, now_s - self._at_s)
        self._level = min(self._level + passed_s * (self.limit or 0.0) / MINUTE_S, self._burst())
        self._at_s = now_s if self._at_s is None else max(self._at_s, now_s)


def _amount(text: str) -> float | None:
    """Read a finite count that is not negative; None for all else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= LARGEST_AMOUNT else None


def _reset_s(text: str, now_epoch_s: float) -> float | None:
    """Read seconds from now: a number, a span such as "6m0s", an HTTP or ISO date, or a point in epoch time."""
    text = text.strip()
    moment = _amount(text)
    if moment is not None and moment >= EPOCH_S:
        moment /= 1000.0 if moment >= 1000 * EPOCH_S else 1.0
        return max(0.0, moment - now_epoch_s)
    try:
        date = datetime.fromisoformat(text) if "T" in text and "-" in text else None
    except (ValueError, OverflowError):
        return None
    if date is not None:
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - now_epoch_s)
    return retry_after_s({"retry-after": text}, now_epoch_s)
