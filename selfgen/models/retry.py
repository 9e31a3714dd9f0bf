"""An endpoint: one server that is waited for and asked again. A fleet of one lane.

See fleet.py for the rules.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from selfgen.models.fleet import Fleet
from selfgen.models.hold import Policy, end_of
from selfgen.models.lane import Lane, Send
from selfgen.models.throttle import Limit

__all__ = ["Endpoint", "end_of"]


class Endpoint(Fleet):
    """One model server as the executor sees it; `close` is called by `aclose`."""

    def __init__(
        self,
        send: Send,
        *,
        throttle: Limit,
        policy: Policy | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        lane = Lane("the server", send, throttle, close=close)
        super().__init__([lane], policy, clock=clock, sleep=sleep, jitter=jitter)
