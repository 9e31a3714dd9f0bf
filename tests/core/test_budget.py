"""Budgets of the machine: exact sums, the same end in every order, and no expected overshoot."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import sqrt
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import SEEDS, Run, WordRecipe, dataset, new_machine, plan

from selfgen.core.budget import (
    EARLY,
    Bill,
    Budget,
    Moments,
    Price,
    Prices,
    Spending,
    Tokens,
    bill_vector,
    of_calls,
    of_cost,
    of_tokens,
)
from selfgen.core.machine import Machine
from selfgen.core.ports import Stage
from selfgen.core.tally import Policy, Stop
from selfgen.core.work import Answered, Ask, Event, Judge, Judged, Usage
from selfgen.errors import InternalError

amounts = st.fractions(min_value=0, max_value=100, max_denominator=1000)
price_of_one = st.builds(Price, amounts, amounts, st.none() | amounts)
some_prices = st.builds(Prices, price_of_one, price_of_one)
usages = st.builds(Usage, st.integers(0, 9000), st.integers(0, 4000), st.integers(0, 12_000), known=st.booleans())
some_tokens = st.builds(Tokens, usages, usages)

PRICES = Prices(Price(Fraction(3, 20), Fraction(3, 5), Fraction(3, 40)), Price(Fraction(1), Fraction(4)), "$")


def test_a_cost_is_exact_and_what_is_cached_is_cheaper() -> None:
    tokens = Tokens(Usage(1000, 100, 400), Usage(10, 1))
    assert PRICES.cost(tokens) == Fraction(600 * 150 + 400 * 75 + 100 * 600 + 10 * 1000 + 4 * 1000, 1000 * 10**6)


def test_a_server_that_claims_more_cached_than_read_is_not_believed() -> None:
    assert Tokens(Usage(10, 5, 99)).vector() == (0, 10, 5, 0, 0, 0)


@given(some_tokens, some_tokens)
def test_tokens_add_up_by_role(one: Tokens, other: Tokens) -> None:
    both = one + other
    assert both == one.add("propose", other.propose).add("answer", other.answer)
    assert both.total == one.total + other.total == both.prompt + both.completion
    assert both.known == (one.known and other.known)


@given(st.sampled_from(["propose", "answer"]), usages)
def test_a_call_is_the_same_as_a_vector_and_as_a_bill(role: str, usage: Usage) -> None:
    vector = bill_vector(role, usage)  # type: ignore[arg-type]
    assert vector == Bill(1, Tokens().add(role, usage)).vector()  # type: ignore[arg-type]
    assert Bill.of(vector).vector() == vector
    assert sum(bill_vector("answer", None)) == 1


@given(some_prices, some_tokens, st.fractions(min_value=Fraction(1, 10_000), max_value=2, max_denominator=10**5))
def test_a_budget_of_money_says_what_exact_fractions_say(prices: Prices, tokens: Tokens, limit: Fraction) -> None:
    budget = of_cost(limit, prices)
    used = budget.weigh(Bill(7, tokens).vector())
    assert (used <= budget.limit) == (prices.cost(tokens) <= limit)
    assert Fraction(used, budget.unit) == prices.cost(tokens)
    assert Fraction(budget.limit, budget.unit) <= limit < Fraction(budget.limit + 1, budget.unit)


@given(
    st.lists(st.tuples(st.integers(1, 30), some_tokens), min_size=EARLY, max_size=12),
    st.integers(0, 300),
    st.sampled_from([Fraction(1, 2), Fraction(99, 100), Fraction(101, 100), Fraction(2)]),
    some_prices,
)
@settings(max_examples=30)
def test_a_turn_starts_when_mean_and_spread_leave_room(
    turns: list[tuple[int, Tokens]], in_flight: int, times: Fraction, prices: Prices
) -> None:
    moments = Moments()
    for calls, tokens in turns:
        moments.add(Bill(calls, tokens).vector())
    for budget in (of_calls(1), of_tokens(1), of_cost(Fraction(1), prices)):
        each = [budget.weigh(Bill(calls, tokens).vector()) for calls, tokens in turns]
        mean = Fraction(sum(each), len(each))
        spread = sqrt(sum((one - mean) ** 2 for one in each) / (len(each) - 1))
        expected = float(sum(each) + mean * (in_flight + 1)) + 2 * spread * sqrt(in_flight + 1)
        near = replace(budget, limit=int(expected * times))
        if abs(expected - near.limit) > 1e-9 * (expected + near.limit):
            assert moments.affords(near, in_flight) == (expected < near.limit)
        assert moments.used(budget) == sum(each)


def test_without_experience_few_turns_are_in_flight() -> None:
    moments = Moments()
    assert [moments.affords(of_tokens(10**9), n) for n in (0, 3, 4)] == [True, True, False]
    assert [moments.affords(of_calls(9), n) for n in (0, 1)] == [True, False]


def test_a_limit_of_money_needs_prices() -> None:
    with pytest.raises(InternalError, match="without prices"):
        Policy(target=1, max_cost=Fraction(1))


class OneCall(WordRecipe):
    """One call a turn, as with a recipe that asks for whole tasks at once."""

    stages = (Stage("propose", "propose", ("instruction", "task")),)


class PlainRun(Run):
    """A run whose replies are all well."""

    def do(self, work: Ask | Judge) -> None:
        if isinstance(work, Judge):
            return super().do(work)
        self.out.remove(work)
        self.tell(Answered(work.id, f"w{work.seed}", "stop", Usage(7, 3), "m", work.prompt_digest))


@given(st.integers(1, 60))
@settings(max_examples=20)
def test_a_budget_of_exactly_so_many_calls_is_used_to_the_last(limit: int) -> None:
    run = PlainRun(Machine(plan(), Policy(target=10**6, max_calls=limit, window=10**6), OneCall(), SEEDS))
    run.finish()
    assert run.machine.stop is Stop.BUDGET
    assert run.machine.tally.calls == limit == len(run.asked)


def policies(chance: Random) -> Policy:
    """Return a policy with one to three budgets of random size."""
    limits = {
        "max_calls": chance.randint(5, 200),
        "max_tokens": chance.randint(60, 3000),
        "max_cost": Fraction(chance.randint(1, 900), 10**6),
    }
    kept = chance.sample(sorted(limits), chance.randint(1, 3))
    return Policy(target=10**6, window=10**6, prices=PRICES, **{name: limits[name] for name in kept})  # type: ignore[arg-type]


def finish_in_any_order(run: Run, chance: Random, slots: int) -> Run:
    while run.machine.stop is None:
        run.collect()
        run.do(chance.choice(run.can_do()[:slots]))
    return run


schedules = st.randoms(use_true_random=False)


@given(schedules, st.integers(1, 300), st.integers(0, 50))
@settings(max_examples=30)
def test_the_end_is_the_same_in_every_order(chance: Random, slots: int, run_seed: int) -> None:
    policy = policies(chance)
    quiet = Run(new_machine(policy, run_seed))
    quiet.finish()
    other = finish_in_any_order(Run(new_machine(policy, run_seed)), chance, slots)
    assert other.machine.stop is quiet.machine.stop is Stop.BUDGET
    assert dataset(other) == dataset(quiet)
    assert other.machine.tally.spent == quiet.machine.tally.spent


@given(schedules, st.integers(1, 50), st.integers(2, 9))
@settings(max_examples=20)
def test_a_larger_budget_later_is_the_larger_budget_at_once(chance: Random, slots: int, times: int) -> None:
    small = Policy(target=10**6, window=10**6, max_cost=Fraction(1, 2000), prices=PRICES)
    large = Policy(target=10**6, window=10**6, max_cost=Fraction(times, 2000), prices=PRICES)
    first = finish_in_any_order(Run(new_machine(small)), chance, slots)
    rest = iter(first.journal)
    second = Run(new_machine(small))
    second.replay(rest)
    second.machine.change_policy(large)
    second.retired += second.machine.take_retired()
    second.replay(rest)
    finish_in_any_order(second, chance, slots)
    at_once = Run(new_machine(large))
    at_once.finish()
    shorter, longer = sorted((dataset(second), dataset(at_once)), key=len)
    assert longer[: len(shorter)] == shorter
    # What the first budget kept back for turns in flight may shift the last turn or two, never the content.
    assert len(longer) - len(shorter) <= 5


def test_on_the_whole_budgets_are_neither_broken_nor_left_over() -> None:
    shares = []
    for run_seed in range(20):
        machine = new_machine(Policy(target=10**6, window=10**6, max_tokens=1500), run_seed)
        run = Run(machine)
        run.finish()
        shares.append(machine.tally.tokens / 1500)
    assert max(shares) < 1.02
    assert sum(shares) / len(shares) > 0.95


def test_prices_may_change_between_sessions() -> None:
    run = Run(new_machine(Policy(target=10**6, window=10**6, max_cost=Fraction(1, 2000), prices=PRICES)))
    run.finish()
    cheap = Prices(Price(Fraction(1, 1000)), Price(Fraction(1, 1000)))
    before = run.machine.tally.turns
    run.machine.change_policy(Policy(target=10**6, window=10**6, max_cost=Fraction(1, 2000), prices=cheap))
    assert run.machine.stop is None
    for _ in range(20):
        run.work()
    assert run.machine.tally.turns > before


def test_the_tally_counts_by_role() -> None:
    run = Run(new_machine(Policy(target=20)))
    run.finish()
    answers: list[Event] = [event for event in run.journal if not isinstance(event, Judged)]
    spent = run.machine.tally.spent
    assert spent.propose.prompt_tokens > 0
    assert spent.answer.prompt_tokens > 0
    assert spent.total <= sum(e.usage.prompt_tokens + e.usage.completion_tokens for e in answers if hasattr(e, "usage"))


def test_what_is_in_doubt_is_part_of_the_bound_alone() -> None:
    spending = Spending(Bill(3, Tokens(Usage(5, 2))), Bill(1, Tokens(Usage(0, 0), Usage(7, 1))))
    assert spending.at_most == Bill(4, Tokens(Usage(5, 2), Usage(7, 1)))
    assert Budget("calls", 4, (1, 0, 0, 0, 0, 0, 0)).weigh(spending.at_most.vector()) == 4
