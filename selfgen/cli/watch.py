"""Looking in on a session at work, from any terminal that sees the run folder: as text, as JSON, once or until it ends.

Reads live.json, never the journal: the run does not notice that it is watched.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from selfgen.cli.page import (
    DRAINING_ELSEWHERE,
    budget_line,
    lane_lines,
    log_line,
    pace_line,
    panel,
    path_line,
    reason_lines,
    traffic_line,
)
from selfgen.cli.screen import out, say, tell
from selfgen.cli.words import count, share, span

if TYPE_CHECKING:
    from selfgen.assemble.book import Book
    from selfgen.store.live import Live, Sight
    from selfgen.store.run_dir import RunDir

LOOK_S = 0.5
SCREEN_S = 1.0
JSON_S = 2.0
LINE_S = 10.0
SILENCE_S = 10.0
"""How old the word of a session may be before that is told."""


def silence(sight: Sight) -> str:
    """Return a warning when a session at work has not said anything for a while, "" otherwise."""
    if sight.age_s < SILENCE_S:
        return ""
    return f"no word from the session for {span(sight.age_s)}: it hangs, or was stopped"


def show_page(run: RunDir, sight: Sight, live: Live) -> None:
    """Print how a session at work stands."""
    say(f"{run.path}: {count(live.kept)} of {count(live.target)} records ({share(live.kept, live.target)})", "bold")
    _say(live.title)
    names = ("kept", "rejected", "lost", "in flight")
    parts = (f"{name} {count(number)}" for name, number in zip(names, live.drafts[1:], strict=True))
    _say(f"drafts read {count(live.drafts[0])} = {' + '.join(parts)}")
    for shown in reason_lines(live):
        _say(f"  {shown}")
    _say(pace_line(live))
    _say(traffic_line(live))
    for shown in (*map(budget_line, live.budgets), *lane_lines(live.lanes)):
        _say(shown)
    for lane in live.lanes:
        if lane.path:
            _say(f"  limit of {path_line(lane)}", "dim")
    for told in live.story:
        _say(f"{clock(told.at)}  {told.kind}: {told.text}", "dim")
    for warning in (*live.states, *([DRAINING_ELSEWHERE] if live.draining else []), silence(sight)):
        if warning:
            _say(f"! {warning}", "yellow")
    _say(f"at work: process {who(sight)}", "green")


def _say(shown: str, style: str = "") -> None:
    """Print one line, whatever a file made of it."""
    say(" ".join(shown.splitlines()), style)


def clock(at: float) -> str:
    """Return a time in seconds since 1970 as local date and time; what is no time comes back as a number."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return f"{at:.0f}"


def who(sight: Sight) -> str:
    """Return who is at work, as "PID on HOST"."""
    return sight.holder or (f"{sight.live.pid} on {sight.live.host}" if sight.live else "")


def show_json(run: RunDir, sight: Sight, live: Live) -> None:
    """Print how a run stands as one JSON object in a line, ASCII."""
    shown: dict[str, Any] = {"run": str(run.path), "at_work": sight.at_work, "holder": who(sight) * sight.at_work}
    say(json.dumps(shown | {name: value for name, value in asdict(live).items() if name != "replies"}))


def of_book(book: Book) -> Live:
    """Return how a run stands that nobody works on, from its journal, in the words of a session."""
    from selfgen.assemble.live import title_of
    from selfgen.assemble.observe import Observer
    from selfgen.assemble.parts import prices_of
    from selfgen.assemble.session import Progress
    from selfgen.assemble.spent import read_spending
    from selfgen.executors.stream import Snapshot

    config = book.source.config
    last = book.machine.records[-1].task if book.machine.records else None
    observer = Observer(title_of(book.run, config), config.lang, prices_of(config))
    spending = read_spending(book.run, book.machine.recipe)
    return observer.look(Progress(book.machine, {}, Snapshot(0, (), False), last, 0, spending), 0.0)


def watch(run: RunDir, *, as_json: bool) -> bool:
    """Follow a session until it ends. False when none was at work. A person who leaves (Ctrl-C) does not disturb it."""
    from selfgen.store.live import look

    sight = look(run)
    if not sight.at_work:
        return False
    if as_json:
        _follow(run, sight, JSON_S, lambda seen, live: show_json(run, seen, live))
    elif out().is_terminal:
        _follow_on_screen(run, sight)
    else:
        _follow(run, sight, LINE_S, lambda seen, live: say(_line(seen, live)))
    return True


def _line(sight: Sight, live: Live) -> str:
    told = silence(sight)
    return log_line(live, time.strftime("%H:%M:%S")) + (f"  ! {told}" if told else "")


def _follow(run: RunDir, sight: Sight, every_s: float, show: Callable[[Sight, Live], None]) -> None:
    """Call `show` with what a session says, every so often, until it ends."""
    from selfgen.store.live import look

    due_s = 0.0
    if sight.at_work and sight.news is None:
        tell("the session is still beginning ...", "dim")
    while sight.at_work:
        if sight.news is not None and time.monotonic() >= due_s:
            due_s = time.monotonic() + every_s
            show(sight, sight.news)
        time.sleep(LOOK_S)
        sight = look(run)


def _follow_on_screen(run: RunDir, sight: Sight) -> None:
    from rich.live import Live as Screen

    with Screen(console=out(), auto_refresh=False, transient=True) as screen:

        def show(seen: Sight, live: Live) -> None:
            screen.update(panel(live, out().width, elsewhere=True, silence=silence(seen)), refresh=True)

        _follow(run, sight, SCREEN_S, show)
