"""Numbers as words: counts, spans of time, shares, money. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from selfgen.core.machine import Machine
    from selfgen.core.tally import Prices, Tally


def count(number: int) -> str:
    """Return 12,345."""
    return f"{number:,}"


def share(part: float, whole: float) -> str:
    """Return a percentage, "-" of nothing."""
    return f"{100 * part / whole:.0f}%" if whole else "-"


def span(seconds: float) -> str:
    """Return 0:00:07, 1:02:03 or 2d 03:04."""
    whole = int(seconds)
    if whole >= 86_400:
        return f"{whole // 86_400}d {whole % 86_400 // 3600:02d}:{whole % 3600 // 60:02d}"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def reasons(counts: Mapping[str, int], most: int = 0) -> str:
    """Return "near_duplicate 52, too_short 3", the most frequent first, at most `most` of them where given."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = ", ".join(f"{name} {count(number)}" for name, number in (ranked[:most] if most else ranked))
    return shown + (f" and {len(ranked) - most} more" if most and len(ranked) > most else "")


def money(cost: Fraction, prices: Prices) -> str:
    """Return a cost with its currency. What is beyond all money is named as such: it comes of a slip in the prices."""
    if cost >= 10**15:
        return f"{prices.currency}1,000,000,000,000,000 or more"
    return f"{prices.currency}{float(cost):,.4f}" if cost < 1 else f"{prices.currency}{float(cost):,.2f}"


def cost_of(tally: Tally, prices: Prices | None) -> str:
    """Return what the tokens of retired turns cost, "" where no prices are set."""
    return money(prices.cost(tally.prompt_tokens, tally.completion_tokens), prices) if prices else ""


def account_lines(machine: Machine, target: int) -> list[str]:
    """Return the conservation account: every draft that was read, and what became of it."""
    tally, account = machine.tally, machine.account
    lines = [
        f"drafts read {count(account.read)} = kept {count(account.kept)} + rejected {count(account.rejected)}"
        f" + lost {count(account.lost)} + in flight {count(account.in_flight)}"
    ]
    if account.kept > target:
        lines.append(
            f"  kept: {count(target)} in the dataset, {count(account.kept - target)} waiting for a larger --target"
        )
    if tally.rejected:
        lines.append(f"  rejected: {reasons(tally.rejected)}")
    if tally.lost:
        lines.append(f"  lost: {reasons(tally.lost)}")
    faults = f", unreadable in part or whole: {reasons(tally.faults)}" if tally.faults else ""
    refused = f", refused: {reasons(tally.refused)}" if tally.refused else ""
    lines.append(f"calls {count(tally.calls)} in {count(tally.turns)} turns{faults}{refused}")
    return lines


def token_line(tally: Tally, prices: Prices | None) -> str:
    """Return tokens and cost of retired turns in one line."""
    cost = cost_of(tally, prices)
    unknown = (
        f" ({count(tally.unknown_usage)} turns estimated: the server does not count)" if tally.unknown_usage else ""
    )
    spent = f", cost {cost}" if cost else ""
    return f"tokens {count(tally.prompt_tokens)} read, {count(tally.completion_tokens)} written{unknown}{spent}"
