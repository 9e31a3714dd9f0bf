"""What a person sees of cleaning: progress where it takes time, the funnel, and what to type next."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from selfgen.cli.screen import err, line, next_step, say, tell, text
from selfgen.cli.words import count, span

if TYPE_CHECKING:
    from rich.live import Live

    from selfgen.assemble.clean_counts import Counts, Outcome
    from selfgen.assemble.cleaning import Cleaner

PATIENCE_S = 2.0
"""What takes no longer shows no progress."""

_LOG_EVERY_S = 5.0
_DRAW_EVERY_S = 0.2
_LOOK_EVERY = 64
_FAULTS_SHOWN = 5


class View(AbstractContextManager["View"]):
    """Shows how far the work is: a line that moves on a terminal, a log line now and then elsewhere."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._live: Live | None = None
        self._started = time.monotonic()
        self._next = self._started + PATIENCE_S

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            with suppress(OSError):
                self._live.stop()

    def follow(self, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
        """Hand outcomes on, with a look at the clock now and then."""
        for number, outcome in enumerate(outcomes):
            if number % _LOOK_EVERY == 0 and time.monotonic() >= self._next:
                # A terminal that is gone does not end the work.
                with suppress(OSError):
                    self._show()
            yield outcome

    def _show(self) -> None:
        now = time.monotonic()
        counts = self._counts
        shown = text(
            f"{count(counts.read)} rows read, {count(counts.kept)} kept"
            f"  ({count(round(counts.read / (now - self._started)))} rows/s, {span(now - self._started)})"
        )
        if not err().is_terminal:
            err().print(shown)
            self._next = now + _LOG_EVERY_S
            return
        if self._live is None:
            from rich.live import Live

            self._live = Live(console=err(), auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(shown, refresh=True)
        self._next = now + _DRAW_EVERY_S


def show_counts(counts: Counts, seconds: float) -> None:
    """Print the funnel: what was read, what became of it, for which reasons and by which filters."""
    from selfgen.assemble.clean_report import rate

    def row(name: str, number: int, more: str = "", style: str = "") -> None:
        share = rate(number, counts.read)
        say(f"{name:<28}{count(number):>12}{share:>10}{'   ' + more if more else ''}", style)

    row("rows read", counts.read, f"in {seconds:.1f} s", "bold")
    row("unreadable", counts.unreadable)
    row("rejected", counts.rejected.total())
    for (reason, filter), number in sorted(counts.rejected.items(), key=lambda pair: (-pair[1], pair[0])):
        row(f"  {line(reason)}", number, f"filter {line(filter)}" if filter != reason else "")
    row("kept", counts.kept, style="bold")
    row("repaired (kept or not)", counts.repaired)
    for rule, number in sorted(counts.repairs.items(), key=lambda pair: (-pair[1], pair[0])):
        row(f"  {rule}", number)
    if len(counts.languages) > 1:
        shares = (f"{name} {rate(number, counts.read)}" for name, number in counts.languages.most_common())
        say(f"{'languages':<28}{', '.join(shares)}")
    say(counts.account, "dim")
    for reason, filter, number in counts.greedy():
        what = f"{line(reason)} took {rate(number, counts.read)} of the rows"
        tell(f"note: {what}: read some of them before you believe it, or use --off {line(filter)}", "yellow")
    for notice, number in counts.notices.items():
        tell(f"note: {notice}" + (f" ({count(number)} times)" if number > 1 else ""), "dim")
    for fault in counts.faults[:_FAULTS_SHOWN]:
        tell(f"unreadable: {line(str(fault))}", "yellow")
    if counts.unreadable > _FAULTS_SHOWN:
        tell(f"unreadable: and {count(counts.unreadable - _FAULTS_SHOWN)} more", "yellow")


def show_results(out: Path, dataset: str, cleaner: Cleaner) -> None:
    """Tell where the results are, and what to do with them. What has an instruction or an id twice can be no
    seeds."""
    from selfgen.store.rows_out import REJECTED, REPORT

    counts = cleaner.counts
    say(f"{count(counts.kept)} {'row' if counts.kept == 1 else 'rows'} in {out / dataset}", "bold")
    if (out / REPORT).exists():
        next_step(f"less {shlex.quote(str(out / REPORT))}", "what was found, with examples")
    if counts.rejected or counts.unreadable:
        next_step(f"less {shlex.quote(str(out / REJECTED))}", "every row that was dropped, and why")
    if counts.kept > 1 and cleaner.distinct:
        seeds = shlex.quote(str(out / dataset))
        name = re.sub(r"[^A-Za-z0-9\u3400-\u9fff._-]+", "-", out.absolute().name).strip("-._")[:80] or "cleaned"
        next_step(f"selfgen run --seeds {seeds} --model mock --target 200 --out runs/{name}", "try them as seeds")
