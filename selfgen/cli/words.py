"""Numbers as words: counts, spans of time, shares, money. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from selfgen.core.budget import Budget, Prices, Spending
    from selfgen.core.machine import Machine
    from selfgen.core.work import Usage


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


def money(cost: Fraction, currency: str, *, up: bool = False) -> str:
    """Return a cost with its currency, rounded to what a person wants to know, `up` for a bound. What is beyond all
    money is named as such: it comes of a slip in the prices."""
    if cost >= 10**15:
        return f"{sign(currency)}1,000,000,000,000,000 or more"
    places = 4 if cost < 1 else 2
    parts = cost * 10**places
    whole = -(-parts // 1) if up else round(parts)
    return f"{sign(currency)}{whole // 10**places:,}.{whole % 10**places:0{places}d}"


def sign(currency: str) -> str:
    """Return a currency as it stands before a number: a code has a space behind it, a sign has not."""
    return f"{currency} " if currency[-1:].isalnum() else currency


def cost_of(spending: Spending, prices: Prices | None) -> str:
    """Return what a run cost, "" where no prices are set: "$1.23", or "$1.23 known, $1.31 at most" where calls may have
    been billed without an answer."""
    if prices is None:
        return ""
    known = money(prices.cost(spending.known.tokens), prices.currency)
    at_most = money(prices.cost(spending.at_most.tokens), prices.currency, up=True)
    in_doubt = spending.doubtful.tokens.total > 0 and at_most != known
    return f"{known} known, {at_most} at most" if in_doubt else known


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
    lines.append(f"finished turns {count(tally.turns)}, with {count(tally.calls)} calls{faults}{refused}")
    return lines


def spent_lines(spending: Spending, prices: Prices | None) -> list[str]:
    """Return what a run spent in all its sessions: tokens, by role where there are two, and their cost."""
    tokens, doubtful = spending.known.tokens, spending.doubtful
    cached = f" ({share(tokens.cached, tokens.prompt)} from the cache)" if tokens.cached else ""
    estimated = "" if tokens.known else ", in part estimated: the server does not count"
    cost = f", cost {money}" if (money := cost_of(spending, prices)) else ""
    spent = f"tokens {count(tokens.prompt)} read{cached}, {count(tokens.completion)} written{estimated}{cost}"
    lines = [f"all calls {count(spending.known.calls)}, {spent}"]
    if tokens.answer.prompt_tokens:
        lines.append(f"  to propose {_read_written(tokens.propose)}; to answer {_read_written(tokens.answer)}")
    if doubtful.calls:
        lines.append(
            f"  up to {count(doubtful.calls)} calls and {count(doubtful.tokens.total)} tokens more may have been billed"
            " without an answer"
        )
    return lines


def _read_written(usage: Usage) -> str:
    return f"{count(usage.prompt_tokens)} read, {count(usage.completion_tokens)} written"


def budget_words(budget: Budget, used: int, currency: str) -> str:
    """Return "1,234 of 5,000 tokens", or "$4.98 of $5.00"."""
    from fractions import Fraction

    if budget.name != "cost":
        return f"{count(used)} of {count(budget.limit)} {budget.name}"
    spent, limit = (money(Fraction(amount, budget.unit), currency) for amount in (used, budget.limit))
    return f"{spent} of {limit}"
