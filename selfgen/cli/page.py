"""How a session stands, as text: a panel for terminals, one line for logs. The same for the session's own terminal and
for whoever looks in. Knows no clock and no file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from selfgen.cli.screen import cut, line, text
from selfgen.cli.words import count, money, share, span

if TYPE_CHECKING:
    from rich.console import RenderableType

    from selfgen.core.ports import LaneRow
    from selfgen.store.live import Live, Used

DRAINING = "no new calls; waiting for those in flight. Ctrl-C again leaves at once."
DRAINING_ELSEWHERE = "no new calls; waiting for those in flight. `selfgen stop --now` leaves at once."
MOST_LANES = 16


def rate(per_second: float) -> str:
    """Return records a second, a minute or an hour, whichever can be read."""
    if per_second >= 1 or per_second == 0:
        return f"{per_second:.1f}/s"
    return f"{per_second * 60:.1f}/min" if per_second >= 1 / 60 else f"{per_second * 3600:.1f}/h"


def eta(live: Live) -> str:
    """Return the time that is left by the rate of lately, "?" while unknown."""
    return "?" if live.eta_s is None else span(live.eta_s)


def acceptance(live: Live) -> str:
    """Return the share of drafts that was kept lately, "?" while unknown."""
    return "?" if live.acceptance is None else share(live.acceptance, 1)


def cost(live: Live) -> str:
    """Return what was spent, and what may have been billed besides; "" where no prices are set."""
    if live.cost is None:
        return ""
    known = amount(live.cost, live.currency)
    at_most = amount(live.cost_at_most, live.currency, up=True) if live.cost_at_most is not None else known
    return f"{known} known, {at_most} at most" if (live.cost_at_most or 0.0) > live.cost else known


def amount(cost: float, currency: str, *, up: bool = False) -> str:
    """Return an amount of money."""
    from fractions import Fraction

    return money(Fraction(cost), currency, up=up)


def counts(rows: Sequence[tuple[str, int]], most: int = 0) -> str:
    """Return "near_duplicate 52, too_short 3"."""
    return ", ".join(f"{name} {count(number)}" for name, number in (rows[:most] if most else rows))


def budget_line(used: Used) -> str:
    """Return how much of a limit is used."""
    if used.unit in ("calls", "tokens"):
        spent, limit = count(int(used.used)), count(int(used.limit))
    else:
        spent, limit = amount(used.used, used.unit), amount(used.limit, used.unit)
    return f"{used.name} {spent} of {limit} ({share(used.used, used.limit)})"


def log_line(live: Live, clock: str) -> str:
    """Return one line for a log; `clock` is the time of day."""
    parts = [
        clock,
        f"kept {count(live.kept)}/{count(live.target)} ({share(live.kept, live.target)})",
        f"rate {rate(live.records_per_s)}",
        f"ETA {eta(live)}",
        f"acceptance {acceptance(live)}",
        f"in flight {live.calls_in_flight}" + (f"/{limit_of(live.lanes)}" if live.lanes else ""),
        f"tokens {count(live.prompt_tokens + live.completion_tokens)}",
    ]
    if spent := cost(live):
        parts.append(f"cost {spent}")
    if live.rejected:
        parts.append(f"rejected {counts(live.rejected, 3)}")
    parts += [f"! {state}" for state in live.states]
    if live.draining and not live.ended:
        parts.append("! no new calls")
    return "  ".join(map(line, parts))


def limit_of(lanes: Sequence[LaneRow]) -> int:
    """Return how many calls all servers may have at once."""
    return sum(lane.limit for lane in lanes)


def lane_lines(lanes: Sequence[LaneRow]) -> Iterator[str]:
    """Yield a line for each server: calls in flight and limit, its speed, its state, and where the limit came from."""
    for lane in lanes[:MOST_LANES]:
        where = f"; {origin(lane)}" if lane.path else ""
        state = f"  ! {lane.state}" if lane.state else ""
        yield f"{lane.name}  {lane.in_flight}/{lane.limit} calls  {lane.tokens_per_s:,.0f} tokens/s{where}{state}"
    if len(lanes) > MOST_LANES:
        yield f"and {len(lanes) - MOST_LANES} servers more"


def origin(lane: LaneRow) -> str:
    """Return when and why the limit of a server last changed."""
    at_s, limit, why = lane.path[-1]
    return f"limit {limit} since {span(max(0.0, at_s))}: {why}"


def path_line(lane: LaneRow) -> str:
    """Return the way that a limit took: 0:00:00 16 (start), 0:00:04 32 (...)."""
    return f"{lane.name}: " + ", ".join(f"{span(max(0.0, at_s))} {limit} ({why})" for at_s, limit, why in lane.path)


def reason_lines(live: Live) -> Iterator[str]:
    """Yield what was refused, lost and unreadable, with reasons."""
    for label, rows in (("rejected", live.rejected), ("lost", live.lost), ("unreadable", live.unreadable)):
        if rows:
            yield f"{label} {count(sum(number for _, number in rows))}: {counts(rows)}"


def pace_line(live: Live) -> str:
    """Return rate, time left, acceptance and time at work."""
    shown = f"rate {rate(live.records_per_s)}  ETA {eta(live)}  acceptance now {acceptance(live)}"
    return f"{shown}  running {span(live.running_s)}"


def traffic_line(live: Live) -> str:
    """Return calls, turns, tokens and cost."""
    spent = cost(live)
    return (
        f"calls in flight {live.calls_in_flight}  turns in flight {live.turns_in_flight}"
        f"  tokens {count(live.prompt_tokens)} read {count(live.completion_tokens)} written"
        f" ({live.tokens_per_s:,.0f}/s)" + (f"  cost {spent}" if spent else "")
    )


def panel(live: Live, width: int, *, elsewhere: bool = False, silence: str = "") -> RenderableType:
    """Return the panel. `elsewhere`: the session works on another terminal; then its story is shown too, and that it
    has been silent, where it has."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 2))
    head.add_row(
        ProgressBar(total=live.target, completed=live.kept, width=min(40, max(10, width - 50))),
        text(f"{count(live.kept)} of {count(live.target)} records  {share(live.kept, live.target)}"),
    )
    rows: list[RenderableType] = [
        text(cut(live.title, width), "bold"),
        head,
        text(cut(pace_line(live), width)),
        text(cut(traffic_line(live), width), "dim"),
    ]
    rows += [text(line(budget_line(used), width), "dim") for used in live.budgets]
    rows += [text(cut(shown, width), "dim") for shown in lane_lines(live.lanes)]
    rows += [text(line(shown, width), "dim") for shown in reason_lines(live)]
    if live.last:
        rows.append(Text("last ", style="dim") + text(line(live.last, width - 5)))
    if elsewhere:
        rows += [text(line(f"{told.kind}: {told.text}", width), "dim") for told in live.story]
    rows += [text(line(f"! {warning}", width), "yellow") for warning in (*live.states, silence) if warning]
    if live.draining and not live.ended:
        rows.append(text(line(DRAINING_ELSEWHERE if elsewhere else DRAINING, width), "yellow"))
    return Group(*rows)
