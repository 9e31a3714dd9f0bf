"""What judging can be spared: drafts whose turn at a gate has not come are compared with the pool on other threads.

Knows threads and order, and nothing of filters. Nothing here decides anything: a batch that was never looked at ahead
is judged all the same, only slower; and what fails here fails again, and is told, where the batch is judged.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from selfgen.core.tasks import Draft
from selfgen.core.work import Judge

_TOGETHER = 64
"""Drafts that are looked at in one go: many at once cost less each, but nobody should wait long for one of them."""


class Ahead:
    """Threads that call `look` with a stage and drafts, in no order that matters."""

    def __init__(self, look: Callable[[int, Sequence[Draft]], None], threads: int = 0) -> None:
        self._look = look
        self._over = threading.Condition()
        self._waiting: dict[tuple[int, int], Judge] = {}
        self._running: set[tuple[int, int]] = set()
        count = threads or max(1, min(4, (os.cpu_count() or 2) // 2))
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="ahead")

    def put(self, judge: Judge) -> None:
        """Have a batch looked at when there is time."""
        with self._over:
            self._waiting[judge.stage, judge.turn] = judge
        self._pool.submit(self._work)

    def settle(self, judge: Judge) -> None:
        """Its turn has come: wait until the look at this batch is over, or forget about it if it has not begun."""
        key = (judge.stage, judge.turn)
        with self._over:
            self._waiting.pop(key, None)
            self._over.wait_for(lambda: key not in self._running)

    def close(self) -> None:
        """Finish what has begun, and stop."""
        with self._over:
            self._waiting.clear()
        self._pool.shutdown(cancel_futures=True)

    def _work(self) -> None:
        batches = self._take()
        if not batches:
            return
        try:
            self._look(batches[0].stage, [draft for judge in batches for draft in judge.drafts])
        finally:
            with self._over:
                self._running -= {(judge.stage, judge.turn) for judge in batches}
                self._over.notify_all()

    def _take(self) -> list[Judge]:
        """Return batches of one stage, the first ones put, and count them as running."""
        with self._over:
            taken: list[Judge] = []
            drafts = 0
            for judge in list(self._waiting.values()):
                if drafts < _TOGETHER and judge.stage == (taken or [judge])[0].stage:
                    taken.append(judge)
                    drafts += len(judge.drafts)
            for judge in taken:
                del self._waiting[judge.stage, judge.turn]
                self._running.add((judge.stage, judge.turn))
            return taken
