"""How a session stands, as one value (store.live.Live): for the view on its terminal, and for whoever looks in.

Knows no clock, no file and no terminal: times are passed in, in seconds of any monotonic clock.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, deque
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from selfgen.core.budget import Prices, Spending
from selfgen.core.tally import Policy
from selfgen.store.live import Live, Used

if TYPE_CHECKING:
    from selfgen.assemble.session import Progress

WINDOW_S = 30.0
ENOUGH_RECORDS = 20
LONGEST_WINDOW_S = 600.0
SAMPLE_S = 0.5
MOST_REASONS = 5
MOST_STEPS = 8
LONGEST_TEXT = 200
MOST_AMOUNT = Fraction(10**15)


class Sample(NamedTuple):
    """What the tally said at one moment."""

    now_s: float
    kept: int
    drafts: int
    written: int


class Pace:
    """The rate of lately. The window is half a minute, or longer, up to ten minutes, until it holds twenty records: a
    slow run has a rate too, and a fast one is not slow to show a change."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()

    def add(self, sample: Sample) -> None:
        """Take in one sample; of those that follow one another closely the latest counts."""
        samples = self._samples
        if len(samples) > 1 and sample.now_s - samples[-2].now_s < SAMPLE_S:
            samples.pop()
        samples.append(sample)
        while len(samples) > 2 and sample.now_s - samples[0].now_s > LONGEST_WINDOW_S:
            samples.popleft()

    def _ends(self) -> tuple[Sample, Sample]:
        last = first = self._samples[-1]
        for first in reversed(self._samples):
            if last.now_s - first.now_s >= WINDOW_S and last.kept - first.kept >= ENOUGH_RECORDS:
                break
        return first, last

    def rates(self) -> tuple[float, float, float | None]:
        """Return records a second, tokens written a second (0.0 while unknown), and kept over read, None while nothing
        was read in the window."""
        first, last = self._ends()
        seconds, drafts = last.now_s - first.now_s, last.drafts - first.drafts
        acceptance = (last.kept - first.kept) / drafts if drafts else None
        if seconds <= SAMPLE_S:
            return 0.0, 0.0, acceptance
        return (last.kept - first.kept) / seconds, (last.written - first.written) / seconds, acceptance


class Observer:
    """Makes a Live of what a session shows, look after look; `title` is the line above it."""

    def __init__(self, title: str, lang: str, prices: Prices | None) -> None:
        self._title, self._lang, self._prices = title, lang, prices
        self._pace = Pace()
        self._began_s: float | None = None

    def look(self, progress: Progress, now_s: float) -> Live:
        """Return how things stand."""
        machine, snapshot = progress.machine, progress.snapshot
        tally, target = machine.tally, machine.policy.target
        self._began_s = now_s if self._began_s is None else self._began_s
        self._pace.add(Sample(now_s, tally.kept, tally.drafts, tally.completion_tokens))
        records_per_s, tokens_per_s, acceptance = self._pace.rates()
        account, spending = machine.account, progress.spending
        currency = self._prices.currency if self._prices else ""
        return Live(
            title=self._title,
            lang=self._lang,
            target=target,
            kept=min(tally.kept, target),
            drafts=(account.read, account.kept, account.rejected, account.lost, account.in_flight),
            turns_in_flight=machine.turns_in_flight,
            calls=tally.calls,
            calls_in_flight=snapshot.calls_in_flight,
            prompt_tokens=tally.prompt_tokens,
            completion_tokens=tally.completion_tokens,
            records_per_s=records_per_s,
            tokens_per_s=sum(lane.tokens_per_s for lane in snapshot.lanes) or tokens_per_s,
            acceptance=acceptance,
            eta_s=max(0, target - tally.kept) / records_per_s if records_per_s else None,
            cost=_float(self._prices.cost(spending.known.tokens)) if self._prices else None,
            cost_at_most=_float(self._prices.cost(spending.at_most.tokens)) if self._prices else None,
            currency=currency,
            budgets=budgets_of(machine.policy, spending, currency),
            rejected=_most(tally.rejected),
            lost=_most(tally.lost),
            unreadable=_most(tally.faults),
            lanes=snapshot.lanes,
            states=snapshot.states,
            draining=snapshot.draining,
            ended=machine.stop.sentence if machine.stop else "",
            running_s=now_s - self._began_s,
            last=clean(progress.last.instruction) if progress.last else "",
        )


def budgets_of(policy: Policy, spending: Spending, currency: str) -> tuple[Used, ...]:
    """Return the limits that are set, with the most that can have been used of each."""
    spent = spending.at_most.vector()
    return tuple(
        Used(
            f"max_{budget.name}",
            _float(Fraction(budget.weigh(spent), budget.unit)),
            _float(Fraction(budget.limit, budget.unit)),
            currency if budget.name == "cost" else budget.name,
        )
        for budget in policy.budgets
    )


def _float(amount: Fraction) -> float:
    """Return an amount to be shown. What is beyond all money and all tokens comes of a slip in the settings."""
    return float(min(amount, MOST_AMOUNT))


def clean(text: str) -> str:
    """Return model text as one line without control characters, cut."""
    flat = " ".join(text[: 4 * LONGEST_TEXT].split())[:LONGEST_TEXT]
    return "".join("\ufffd" if unicodedata.category(ch) in ("Cc", "Cf", "Cs") else ch for ch in flat)


def _most(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown, rest = ranked[:MOST_REASONS], ranked[MOST_REASONS:]
    return (*shown, *([("others", sum(number for _, number in rest))] if rest else []))
