"""What a person sees while a run works: a panel on a terminal, a log line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from selfgen.assemble.session import Progress
from selfgen.cli.screen import cut, line, text
from selfgen.cli.words import cost_of, count, reasons, share, span
from selfgen.core.tally import Prices

LOG_EVERY_S = 5.0
WINDOW_S = 30.0


class Pace:
    """The rate now: records and drafts over the last half minute, from samples of the tally."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int, int]] = deque()

    def add(self, now_s: float, kept: int, drafts: int) -> None:
        """Take in one sample."""
        self._samples.append((now_s, kept, drafts))
        while len(self._samples) > 2 and now_s - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()

    def per_second(self) -> float:
        """Return records a second, 0.0 while unknown."""
        (first, kept, _), (last, now_kept, _) = self._samples[0], self._samples[-1]
        return (now_kept - kept) / (last - first) if last - first > 0.5 else 0.0

    def acceptance(self) -> float | None:
        """Return kept over read in the window, None while nothing was read in it."""
        drafts = self._samples[-1][2] - self._samples[0][2]
        return (self._samples[-1][1] - self._samples[0][1]) / drafts if drafts else None


class View(AbstractContextManager["View"]):
    """Shows progress. Use `watch` as the session's watcher."""

    def __init__(self, console: Console, title: str, target: int, prices: Prices | None) -> None:
        self._console, self._title, self._target, self._prices = console, title, target, prices
        self._pace = Pace()
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._started = self._logged = time.monotonic()
        self._show: Callable[[Progress], None] = self._draw if self._live else self._log

    def __enter__(self) -> View:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            with suppress(OSError):
                self._live.stop()

    def watch(self, progress: Progress) -> None:
        """Take in how things stand, and show it when it is time."""
        tally = progress.machine.tally
        self._pace.add(time.monotonic(), tally.kept, tally.drafts)
        # A terminal that is gone, or a log that nobody reads any more, does not end a run.
        with suppress(OSError):
            self._show(progress)

    def _eta(self, progress: Progress) -> str:
        rate = self._pace.per_second()
        return span(max(0, self._target - progress.machine.tally.kept) / rate) if rate > 0 else "?"

    def _rate(self) -> str:
        rate = self._pace.per_second()
        return f"{rate:.1f}/s" if rate >= 1 or rate == 0 else f"{rate * 60:.1f}/min"

    def _acceptance(self) -> str:
        acceptance = self._pace.acceptance()
        return "?" if acceptance is None else share(acceptance, 1)

    def _log(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._logged < LOG_EVERY_S:
            return
        self._logged = now
        tally = progress.machine.tally
        parts = [
            time.strftime("%H:%M:%S"),
            f"kept {count(tally.kept)}/{count(self._target)} ({share(tally.kept, self._target)})",
            f"rate {self._rate()}",
            f"ETA {self._eta(progress)}",
            f"acceptance {self._acceptance()}",
            f"in flight {progress.snapshot.calls_in_flight}",
            f"tokens {count(tally.tokens)}",
        ]
        if cost := cost_of(tally, self._prices):
            parts.append(f"cost {cost}")
        if tally.rejected:
            parts.append(f"rejected {reasons(tally.rejected, 3)}")
        parts += [f"! {state}" for state in progress.snapshot.states]
        self._console.print(text("  ".join(map(line, parts))))

    def _draw(self, progress: Progress) -> None:
        assert self._live is not None
        self._live.update(self._panel(progress), refresh=True)

    def _panel(self, progress: Progress) -> RenderableType:
        tally = progress.machine.tally
        width = self._console.width
        head = Table.grid(padding=(0, 2))
        head.add_row(
            ProgressBar(
                total=self._target, completed=min(tally.kept, self._target), width=min(40, max(10, width - 50))
            ),
            text(f"{count(tally.kept)} of {count(self._target)} records  {share(tally.kept, self._target)}"),
        )
        rows: list[RenderableType] = [
            text(cut(self._title, width), "bold"),
            head,
            text(
                cut(
                    f"rate {self._rate()}  ETA {self._eta(progress)}  acceptance now {self._acceptance()}"
                    f"  running {span(time.monotonic() - self._started)}",
                    width,
                )
            ),
            text(cut(self._traffic(progress), width), "dim"),
        ]
        for label, counts in (("rejected", tally.rejected), ("lost", tally.lost), ("unreadable", tally.faults)):
            if counts:
                rows.append(text(line(f"{label} {count(counts.total())}: {reasons(counts, 5)}", width), "dim"))
        if progress.last:
            rows.append(Text("last ", style="dim") + text(line(progress.last.instruction, width - 5)))
        rows += [text(line(f"! {state}", width), "yellow") for state in progress.snapshot.states]
        if progress.snapshot.draining and progress.machine.stop is None:
            what = "no new calls; waiting for those in flight. Ctrl-C again leaves at once."
            rows.append(text(line(what, width), "yellow"))
        return Group(*rows)

    def _traffic(self, progress: Progress) -> str:
        tally = progress.machine.tally
        cost = cost_of(tally, self._prices)
        return (
            f"calls in flight {progress.snapshot.calls_in_flight}  turns in flight {progress.machine.turns_in_flight}"
            f"  tokens {count(tally.prompt_tokens)} read {count(tally.completion_tokens)} written"
            + (f"  cost {cost}" if cost else "")
        )
