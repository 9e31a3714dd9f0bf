"""Whether a refused call had a bad prompt, or the set-up is wrong: a question that the first calls answer together.

Knows how many calls are open and which of them were refused. Knows no server, no queue and no clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from selfgen.core.work import Answered, Refused
from selfgen.errors import BadConfig, SelfgenError

DOUBTFUL = frozenset({"invalid_request", "context_length"})
"""Refusals that blame a prompt, but come for every prompt when the set-up is wrong."""


class Doubt:
    """Holds refusals back until one call of this process is accepted. Once every open call has been refused, and at
    least `calls` were, the set-up is blamed: `end` is told so and all who wait get its error. With fewer the refusals
    are believed, but remembered."""

    def __init__(self, calls: int, end: Callable[[SelfgenError], SelfgenError]) -> None:
        self._calls, self._end = calls, end
        self._proven = False
        self._open = self._refused = 0
        self._detail = ""
        self._waiting: list[asyncio.Future[None]] = []

    def enter(self) -> None:
        """Count a call that has begun."""
        self._open += 1

    def leave(self) -> None:
        """Count a call that has ended."""
        self._open -= 1
        self._settle()

    async def hear(self, result: Answered | Refused) -> None:
        """Take note of an outcome; wait with it while it is in doubt. Raises BadConfig."""
        if isinstance(result, Answered) or result.kind not in DOUBTFUL:
            self._proven = self._proven or isinstance(result, Answered) or result.kind != "gave_up"
        elif not self._proven:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            self._refused += 1
            self._detail = result.detail
            self._settle()
            await waiting

    def _settle(self) -> None:
        self._waiting = [waiting for waiting in self._waiting if not waiting.done()]
        if not self._waiting or not (self._proven or len(self._waiting) == self._open):
            return
        error: SelfgenError | None = None
        if not self._proven and self._refused >= self._calls:
            what = f"The server refused each of the first {self._refused} calls: {self._detail}"
            todo = "Check the model's settings: max_tokens against the model's context, and extra_body."
            error = self._end(BadConfig(what, todo=todo))
        for waiting in self._waiting:
            if error is None:
                waiting.set_result(None)
            else:
                waiting.set_exception(error)
