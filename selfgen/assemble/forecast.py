"""The mathematics of `selfgen plan`: from a few turns to what a whole run will take, with a range. Pure.

A forecast is made many times over, each time from turns drawn anew out of those that were seen (a bootstrap) and from
what must be assumed drawn anew out of its range; what lies between the first and the last tenth of them is the range.

    records    a turn brings what turns brought, less as the pool grows: acceptance falls by 0 to 20 % with each tenfold
               of tasks (seeds and records) that a draft must differ from
    turns      as many as bring the target, and those that have begun by then: they begin as the machine has them begin
    tokens     what turns took, prompts corrected for the records that later ones show
    hours      at the calls a second that were seen
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from selfgen.canon import hash_int
from selfgen.core.budget import Prices
from selfgen.core.turns import Plan

DRAWS = 200
FALL = (0.0, -math.log10(0.8))
"""Exponents of acceptance over the size of the pool: from no fall at all to a fifth with each tenfold."""
LOW, HIGH = 0.1, 0.9
SIMULATED = 200
"""Turns after which how many are in flight at the end no longer depends on how many there were."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One turn as it went, as numbers: records, and (calls, *Tokens.vector())."""

    kept: int
    vector: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """What is not measured: each a range of factors on what was seen, drawn evenly on a logarithmic scale; (1, 1) is a
    measurement. `read` and `written` are on tokens, `kept` is on records."""

    read: tuple[float, float] = (1.0, 1.0)
    written: tuple[float, float] = (1.0, 1.0)
    kept: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a forecast stands on. `grown` is what prompts that show records have over those seen, in tokens a turn;
    `calls_per_s` are two bounds of the speed (see `rates`), None where no server was timed."""

    turns: tuple[Seen, ...]
    seeds: int
    grown: float = 0.0
    lag: Callable[[int], int] = Plan(0, {}).lag
    calls_per_s: tuple[float, float] | None = None
    guess: Guess = field(default_factory=Guess)


@dataclass(frozen=True, slots=True)
class Range:
    """A figure that is not known: what is likely, and what it likely lies between."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Need:
    """What a number of records takes. `cost` is None without prices, `hours` where no server was timed."""

    records: int
    calls: Range
    tokens: Range
    cost: Range | None
    hours: Range | None


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which it may be: what a turn brings at the size of pool that was seen, what it takes, and how much
    acceptance falls."""

    yields: tuple[float, ...]
    vector: tuple[float, ...]
    fall: float
    pool: float
    calls_per_s: float

    @property
    def kept(self) -> float:
        """Records of a turn, by the mean."""
        return sum(self.yields) / len(self.yields)

    def turns_for(self, records: float, seeds: int) -> float:
        """Return how many turns bring so many records: the integral of 1 over what a turn brings at each size."""
        power = 1 + self.fall
        start, end = seeds / self.pool, (seeds + records) / self.pool
        return float(self.pool / (self.kept * power) * (end**power - start**power))

    def turns_paid(self, records: int, basis: Basis) -> float:
        """Return how many turns have begun when so many records are there, and are paid for."""
        few = min(records, int(self.kept * SIMULATED) + 1)
        return self.turns_for(records, basis.seeds) + self.turns_begun(few, basis) - self.turns_for(few, basis.seeds)

    def turns_begun(self, target: int, basis: Basis) -> int:
        """Do what the machine does about starts and ends (core.machine, core.tally), turn after turn."""
        kept, done, begun = 0.0, 0, 0
        while kept < target and done < 3 * SIMULATED:
            a_turn = (kept + 12) / (done + 4)
            while done >= begun - basis.lag(begun) + 1 and kept + a_turn * (begun - done) < target:
                begun += 1
            kept += self.yields[done % len(self.yields)] * ((basis.seeds + kept) / self.pool) ** -self.fall
            done += 1
        return max(begun, done)

    def records_after(self, turns: float, seeds: int) -> float:
        """Return how many records so many turns bring: the inverse of `turns_for`."""
        power = 1 + self.fall
        start = seeds / self.pool
        return float(self.pool * (turns * self.kept * power / self.pool + start**power) ** (1 / power) - seeds)


class Forecast:
    """See the module. Deterministic: the same basis makes the same forecast."""

    def __init__(self, basis: Basis) -> None:
        self._basis = basis
        self._draws = tuple(_draw(basis, number) for number in range(DRAWS))

    def need(self, records: int, prices: Prices | None) -> Need:
        """Return what so many records will take."""
        paid = [(draw, draw.turns_paid(records, self._basis)) for draw in self._draws]
        timed = self._basis.calls_per_s is not None
        return Need(
            records,
            calls=spread([turns * draw.vector[0] for draw, turns in paid]),
            tokens=spread([turns * sum(draw.vector[1:]) for draw, turns in paid]),
            cost=spread([turns * cost_of(draw.vector, prices) for draw, turns in paid]) if prices else None,
            hours=spread([turns * draw.vector[0] / draw.calls_per_s / 3600 for draw, turns in paid]) if timed else None,
        )

    def records_in(self, hours: float) -> Range | None:
        """Return how many records come in so many hours; None where no server was timed."""
        if self._basis.calls_per_s is None:
            return None
        turns = [(draw, 3600 * hours * draw.calls_per_s / draw.vector[0]) for draw in self._draws]
        return spread([draw.records_after(count, self._basis.seeds) for draw, count in turns])

    def records_for(self, limit: float, weigh: Callable[[Sequence[float]], float]) -> Range:
        """Return how many records a budget buys; `weigh` is what a vector of calls and tokens uses of it."""
        return spread(
            [draw.records_after(limit / max(weigh(draw.vector), 1e-12), self._basis.seeds) for draw in self._draws]
        )


def cost_of(vector: Sequence[float], prices: Prices) -> float:
    """Return what calls and tokens cost, where tokens are means and not whole."""
    return sum(float(price) * count for price, count in zip(prices.parts(), vector[1:], strict=True)) / 1e6


def spread(figures: Sequence[float]) -> Range:
    """Return the middle and the range of figures."""
    ranked = sorted(figures)
    low, middle, high = (ranked[round(share * (len(ranked) - 1))] for share in (LOW, 0.5, HIGH))
    return Range(low, middle, high)


def _draw(basis: Basis, number: int) -> Way:
    """Draw one way in which it may be. Turns of which none brought a record are taken to have brought half a one."""
    count = len(basis.turns)
    chosen = [basis.turns[hash_int("plan", number, place) % count] for place in range(count)]
    guess = basis.guess
    read, written = _factor(guess.read, number, "read"), _factor(guess.written, number, "written")
    means = [sum(column) / count for column in zip(*(turn.vector for turn in chosen), strict=True)]
    calls, new, cached, out, answer_new, answer_cached, answer_out = means
    vector = (
        calls,
        (new + basis.grown) * read,
        cached * read,
        out * written,
        answer_new * read,
        answer_cached * read,
        answer_out * written,
    )
    factor = _factor(guess.kept, number, "kept")
    brought = any(turn.kept for turn in chosen)
    yields = tuple((turn.kept if brought else 0.5 / count) * factor for turn in chosen)
    records = sum(turn.kept for turn in basis.turns)
    fall = FALL[0] + (FALL[1] - FALL[0]) * _share(number, "fall")
    speed = _factor(basis.calls_per_s, number, "speed") if basis.calls_per_s else 0.0
    return Way(yields, vector, fall, basis.seeds + records / 2, speed)


def _factor(bounds: tuple[float, float], number: int, purpose: str) -> float:
    low, high = bounds
    return float(low * (high / low) ** _share(number, purpose))


def _share(number: int, purpose: str) -> float:
    return hash_int("plan", purpose, number) % (1 << 52) / (1 << 52)


def rates(spans: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return two bounds of calls a second, from when calls began and ended; None where no time passed.

    One is over all the time, the slow end of a probe too; the other over the time until fewer than half of the most at
    once were out, where calls that were out then count by the part that was done."""
    if not spans:
        return None
    edges = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    out = most = 0
    levels = []
    for at, step in edges:
        out += step
        most = max(most, out)
        levels.append((at, out))
    first, end = edges[0][0], edges[-1][0]
    last = max(at for at, level in levels if 2 * (level + 1) >= most)
    done = sum((min(ended, last) - began) / max(ended - began, 1e-9) for began, ended in spans if began < last)
    if first >= last:
        return None
    over_all, busy = len(spans) / (end - first), done / (last - first)
    return min(over_all, busy), max(over_all, busy)
