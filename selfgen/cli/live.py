"""What a person sees while a run works: a panel on a terminal, now and then a log line elsewhere."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live as Screen

from selfgen.assemble.observe import Observer
from selfgen.assemble.session import Progress
from selfgen.cli.page import amount, eta, limit_of, log_line, panel
from selfgen.cli.screen import line, text
from selfgen.cli.words import count, share, span

if TYPE_CHECKING:
    from selfgen.core.budget import Prices
    from selfgen.store.live import Live

LOG_EVERY_S = 30.0
FIRST_LOG_S = 5.0
HOUR_S = 3600.0


class View(AbstractContextManager["View"]):
    """Shows progress. Use `watch` as the session's watcher."""

    def __init__(self, console: Console, title: str, target: int, prices: Prices | None) -> None:
        """`target` is that of the machine's policy while a session works, which may change."""
        self._console = console
        self._observer = Observer(title, "", prices)
        self._screen = Screen(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._log = Log(console)

    def __enter__(self) -> View:
        if self._screen:
            self._screen.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._screen:
            with suppress(OSError):
                self._screen.stop()

    def watch(self, progress: Progress) -> None:
        """Take in how things stand, and show it when it is time."""
        now_s = time.monotonic()
        live = self._observer.look(progress, now_s)
        # A terminal that is gone, or a log that nobody reads any more, does not end a run.
        with suppress(OSError):
            if self._screen:
                self._screen.update(panel(live, self._console.width), refresh=True)
            else:
                self._log.take(live, now_s)


class Log:
    """Log lines: one every half minute, one when servers get into trouble or out of it, and a summary every hour."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_s: float | None = None
        self._troubled = False
        self._hour = Hour()

    def take(self, live: Live, now_s: float) -> None:
        """Take in how things stand, and print a line when it is time. Raises OSError."""
        if self._next_s is None:
            self._next_s = now_s + min(FIRST_LOG_S, LOG_EVERY_S)
        troubled = in_trouble(live)
        turned, self._troubled = troubled is not self._troubled, troubled
        if now_s >= self._next_s or turned:
            self._next_s = now_s + LOG_EVERY_S
            self._print(log_line(live, time.strftime("%H:%M:%S")) + ("  servers are back" * (turned and not troubled)))
        if summary := self._hour.take(live, now_s):
            self._print(f"{time.strftime('%H:%M:%S')}  {summary}")

    def _print(self, shown: str) -> None:
        self._console.print(text(shown))


def in_trouble(live: Live) -> bool:
    """Tell whether servers are in trouble. Batches, which have no lanes, say how they stand in the same words."""
    return bool(live.states and live.lanes)


class Hour:
    """Sums up each hour of a session in a line. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._first: Live | None = None
        self._began_s = self._last_s = 0.0
        self._number = 0
        self._trouble_s = 0.0

    def take(self, live: Live, now_s: float) -> str:
        """Take in how things stand. Returns the summary when an hour is over, "" otherwise."""
        if self._first is None:
            self._first, self._began_s, self._last_s = live, now_s, now_s
        if in_trouble(live):
            self._trouble_s += now_s - self._last_s
        self._last_s = now_s
        if now_s - self._began_s < HOUR_S:
            return ""
        self._number += 1
        shown = self._sum_up(self._first, live)
        self._first, self._began_s, self._trouble_s = live, now_s, 0.0
        return shown

    def _sum_up(self, first: Live, live: Live) -> str:
        records, drafts = live.kept - first.kept, sum(live.drafts[1:4]) - sum(first.drafts[1:4])
        parts = [
            f"{count(records)} records",
            f"{share(records, drafts)} of {count(drafts)} drafts kept",
            f"{count(live.calls - first.calls)} calls",
            f"{count(live.completion_tokens - first.completion_tokens)} tokens written",
        ]
        if live.cost is not None and first.cost is not None:
            parts.append(f"cost {amount(live.cost - first.cost, live.currency)}")
        if live.lanes:
            parts.append(f"limit {limit_of(live.lanes)}")
        if self._trouble_s:
            parts.append(f"servers in trouble for {span(self._trouble_s)}")
        parts.append(f"now {count(live.kept)} of {count(live.target)}, ETA {eta(live)}")
        return line(f"hour {self._number}: {', '.join(parts)}")
