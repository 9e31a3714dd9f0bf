"""What turns take, and what they may take: tokens by role, prices, and limits on sums of them.

All of it is integers and fractions: a run ends at the same turn wherever and how often its journal is replayed. This
file knows no turns and no calls; tally.py counts the one, executors/purse.py the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from selfgen.core.work import Role, Usage

MILLION = 1_000_000
EARLY = 4
"""Turns that must have retired before their spread says anything; until then no more than so many are in flight."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What models read and wrote, by role, as their servers counted it."""

    propose: Usage = field(default_factory=Usage)
    answer: Usage = field(default_factory=Usage)

    def add(self, role: Role, usage: Usage) -> Tokens:
        """Return the sum with one more call."""
        if role == "propose":
            return Tokens(_sum(self.propose, usage), self.answer)
        return Tokens(self.propose, _sum(self.answer, usage))

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(_sum(self.propose, other.propose), _sum(self.answer, other.answer))

    @property
    def prompt(self) -> int:
        """Tokens read, from a cache or not."""
        return self.propose.prompt_tokens + self.answer.prompt_tokens

    @property
    def cached(self) -> int:
        """Tokens read that the server took from its cache."""
        return self.propose.cached_tokens + self.answer.cached_tokens

    @property
    def completion(self) -> int:
        """Tokens written."""
        return self.propose.completion_tokens + self.answer.completion_tokens

    @property
    def total(self) -> int:
        """Tokens read and written."""
        return self.prompt + self.completion

    @property
    def known(self) -> bool:
        """Tell whether servers counted all of them; the rest are estimates."""
        return self.propose.known and self.answer.known

    def vector(self) -> tuple[int, ...]:
        """Return (read anew, read from the cache, written), of the proposing role, then of the answering one."""
        return (*_parts(self.propose), *_parts(self.answer))


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.cached_tokens + other.cached_tokens,
        one.known and other.known,
    )


def _parts(usage: Usage) -> tuple[int, int, int]:
    """Return what is priced apart. A server that claims more from its cache than it read is not believed."""
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    return usage.prompt_tokens - cached, cached, usage.completion_tokens


@dataclass(frozen=True, slots=True)
class Price:
    """Prices of a million tokens of one model; `cached_prompt` None means that a cache saves nothing."""

    prompt: Fraction = Fraction(0)
    completion: Fraction = Fraction(0)
    cached_prompt: Fraction | None = None

    def parts(self) -> tuple[Fraction, Fraction, Fraction]:
        """Return the prices in the order of `Tokens.vector`."""
        return self.prompt, self.prompt if self.cached_prompt is None else self.cached_prompt, self.completion


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of both roles, in one currency of any kind."""

    propose: Price
    answer: Price
    currency: str = "$"

    def parts(self) -> tuple[Fraction, ...]:
        """Return the prices of a million tokens in the order of `Tokens.vector`."""
        return (*self.propose.parts(), *self.answer.parts())

    def cost(self, tokens: Tokens) -> Fraction:
        """Return what tokens cost, exactly."""
        pairs = zip(self.parts(), tokens.vector(), strict=True)
        return Fraction(sum(price * count for price, count in pairs)) / MILLION


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on a weighted sum of calls and tokens: `weights` are those of (calls, *Tokens.vector()). All of it is in
    whole numbers: money is counted in the `unit`th part of its currency."""

    name: str
    limit: int
    weights: tuple[int, ...]
    unit: int = 1

    def weigh(self, vector: Sequence[int]) -> int:
        """Return what so many calls and tokens use of the budget."""
        return sum(weight * amount for weight, amount in zip(self.weights, vector, strict=True) if weight)


def of_calls(limit: int) -> Budget:
    """Return a limit on calls."""
    return Budget("calls", limit, (1, 0, 0, 0, 0, 0, 0))


def of_tokens(limit: int) -> Budget:
    """Return a limit on tokens read and written."""
    return Budget("tokens", limit, (0, 1, 1, 1, 1, 1, 1))


def of_cost(limit: Fraction, prices: Prices) -> Budget:
    """Return a limit on money. Counted in a fraction of the currency that makes every price a whole number."""
    parts = prices.parts()
    finest = 1
    for price in parts:
        finest *= (price * finest).denominator
    unit = finest * MILLION
    weights = tuple(int(price * finest) for price in parts)
    return Budget("cost", limit.numerator * unit // limit.denominator, (0, *weights), unit)


class Moments:
    """Sums, and sums of products, over retired turns: enough for the mean and the spread of any weighted sum of calls
    and tokens, so that prices may change between sessions and nothing has to be counted again."""

    def __init__(self) -> None:
        self.turns = 0
        self._sums = [0] * 7
        self._products = [[0] * 7 for _ in range(7)]

    def add(self, vector: Sequence[int]) -> None:
        """Take in one turn: (calls, *Tokens.vector())."""
        self.turns += 1
        for i, one in enumerate(vector):
            if one:
                self._sums[i] += one
                row = self._products[i]
                for j, other in enumerate(vector):
                    row[j] += one * other

    def used(self, budget: Budget) -> int:
        """Return what the turns used of a budget."""
        return budget.weigh(self._sums)

    def affords(self, budget: Budget, in_flight: int) -> bool:
        """Tell whether one more turn may start while `in_flight` have.

        It may when what was used, and what these and the new one are expected to take, stays within the limit:
        m turns take m means and no more than twice sqrt(m) standard deviations. Compared as squares, in whole numbers;
        S is what n turns used, Q the sum of its squares, and n * n * variance = n * (n * Q - S * S) / (n - 1)."""
        n, m = self.turns, in_flight + 1
        if n < EARLY and m > min(EARLY, max(1, budget.limit // 10)):
            return False
        if not n:
            return True
        used = self.used(budget)
        room = n * budget.limit - (n + m) * used
        if room < 0 or n == 1:
            return room >= 0
        squares = sum(
            weight * budget.weigh(row) for weight, row in zip(budget.weights, self._products, strict=True) if weight
        )
        return room * room * (n - 1) >= 4 * m * n * (n * squares - used * used)


@dataclass(frozen=True, slots=True)
class Bill:
    """Calls, and the tokens that they took."""

    calls: int = 0
    tokens: Tokens = field(default_factory=Tokens)

    def vector(self) -> tuple[int, ...]:
        """Return (calls, *Tokens.vector()), which budgets weigh."""
        return (self.calls, *self.tokens.vector())

    @classmethod
    def of(cls, vector: Sequence[int], *, known: bool = True) -> Bill:
        """Return the bill of a vector."""
        calls, new, cached, written, answer_new, answer_cached, answer_written = vector
        propose = Usage(new + cached, written, cached, known)
        return cls(calls, Tokens(propose, Usage(answer_new + answer_cached, answer_written, answer_cached, known)))

    def __add__(self, other: Bill) -> Bill:
        return Bill(self.calls + other.calls, self.tokens + other.tokens)


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run has spent: `known` is what servers answered for; what is in `doubtful` may have been billed without an
    answer: calls that timed out or were dropped, and all that was in flight when a session was killed."""

    known: Bill = field(default_factory=Bill)
    doubtful: Bill = field(default_factory=Bill)

    @property
    def at_most(self) -> Bill:
        """All that can have been billed."""
        return self.known + self.doubtful


def bill_vector(role: Role, usage: Usage | None) -> tuple[int, ...]:
    """Return one call as a vector; `usage` None: it took no tokens."""
    parts = _parts(usage) if usage is not None else (0, 0, 0)
    return (1, *parts, 0, 0, 0) if role == "propose" else (1, 0, 0, 0, *parts)
