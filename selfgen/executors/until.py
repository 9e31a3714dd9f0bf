"""When the clock on the wall shows a time of day next. Knows the time zone of this machine, and no dates of its own."""

from __future__ import annotations

import time


def next_at(clock: str, now_s: float | None = None) -> float:
    """Return when a clock here shows HH:MM next, in seconds since 1970: always later than `now_s`, by default now.

    Where clocks are put back and show it twice it is the first of the two that is still to come; a time that they jump
    over when they are put forward counts as an hour later."""
    hour, minute = map(int, clock.split(":"))
    now_s = time.time() if now_s is None else now_s
    today = time.localtime(now_s)
    for day in range(3):
        date = (today.tm_year, today.tm_mon, today.tm_mday + day, hour, minute, 0, 0, 0)
        both = [time.mktime((*date, summer)) for summer in (0, 1)]
        shown = [at for at in both if time.localtime(at)[3:5] == (hour, minute)]
        later = [at for at in shown or [max(both)] if at > now_s]
        if later:
            return min(later)
    raise AssertionError("three days without a morning")


def seconds_to(clock: str) -> float:
    """Return how long it is from now until a clock here shows HH:MM."""
    now_s = time.time()
    return next_at(clock, now_s) - now_s
