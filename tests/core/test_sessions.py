"""A run over many sessions: every one may have other limits, be changed while it works, and end anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import Run, answer, dataset, new_machine

from selfgen.core.budget import Price, Prices, Tokens
from selfgen.core.tally import Policy, Stop, Tally, TurnCount
from selfgen.core.work import Ask, Event, Judge

DEAR = Prices(Price(Fraction(1), Fraction(5), Fraction(1, 2)), Price(Fraction(3), Fraction(2)))
CHEAP = Prices(Price(Fraction(1, 9)), Price(Fraction(1, 7), Fraction(1, 3)))


def some_policy(chance: Random, least: int = 1) -> Policy:
    """Return a policy with any limits, or with none; `least` is the smallest target."""
    limits = {
        "max_calls": chance.randint(1, 300),
        "max_tokens": chance.randint(10, 4000),
        "max_cost": Fraction(chance.randint(1, 2000), 10**6),
    }
    kept = chance.sample(sorted(limits), chance.choice([0, 1, 1, 2, 3]))
    return Policy(
        target=least + chance.choice([0, 2, 10, 60, 10**6]),
        window=chance.choice([4, 16, 64]),
        floor=chance.choice([Fraction(0), Fraction(1, 50), Fraction(1, 4)]),
        prices=chance.choice([DEAR, CHEAP]),
        **{name: limits[name] for name in kept},  # type: ignore[arg-type]
    )


@dataclass
class Life:
    """A run as its folder keeps it: the journal, and the policy with its grace that the header tells."""

    chance: Random
    run_seed: int
    policy: Policy
    slots: int
    restless: float = 0.02
    journal: list[Event] = field(default_factory=list)

    def open(self, policy: Policy) -> Run:
        """Fold the journal under the policy of the session before, then go on under another."""
        run = Run(new_machine(replace(self.policy, target=policy.target), self.run_seed))
        rest = iter(self.journal)
        run.replay(rest)
        run.machine.change_policy(policy)
        run.retired += run.machine.take_retired()
        run.replay(rest)
        self.policy = run.machine.policy
        return run

    def work(self, run: Run, steps: int) -> None:
        """Do some of the work in any order. What comes home after the end is durable and not fed."""
        journaled = len(run.journal)
        for _ in range(steps):
            if run.machine.stop is not None:
                break
            run.collect()
            if self.chance.random() < self.restless:
                run.machine.change_policy(some_policy(self.chance, run.machine.tally.kept + 1))
                run.retired += run.machine.take_retired()
                self.policy = run.machine.policy
            else:
                run.do(self.chance.choice(run.can_do()[: self.slots]))
        self.journal += run.journal[journaled:]
        if run.machine.stop is not None:
            late = [work for work in run.out if isinstance(work, Ask)]
            self.journal += [answer(ask) for ask in self.chance.sample(late, self.chance.randint(0, len(late)))]

    def read(self) -> Run:
        """Fold the journal as whoever looks into the folder does."""
        book = Run(new_machine(self.policy, self.run_seed))
        book.replay(iter(self.journal))
        return book


@given(st.integers(0, 2**32), st.integers(0, 5), st.integers(1, 40), st.lists(st.integers(0, 150), max_size=5))
@settings(max_examples=80, deadline=None)
def test_whoever_reads_the_journal_sees_what_the_session_saw(
    chance: int, run_seed: int, slots: int, sessions: list[int]
) -> None:
    random = Random(chance)
    life = Life(random, run_seed, some_policy(random), slots)
    for steps in sessions:
        run = life.open(some_policy(random))
        life.work(run, steps)
        book = life.read()
        assert dataset(book) == dataset(run)
        assert book.machine.tally.spent == run.machine.tally.spent
        if run.machine.stop is not None:
            assert book.machine.stop is run.machine.stop
        else:  # turns of which nothing was heard are not known to have started
            assert book.machine.stop in (None, Stop.BUDGET)
            assert book.machine.stop is None or not book.machine.turns_in_flight
        same = life.open(replace(life.policy, grace=0))
        assert dataset(same) == dataset(run), "the same limits again change nothing"
        if run.machine.stop is not None:
            assert same.machine.stop is run.machine.stop


def turn_of(work: Ask | Judge) -> int:
    return work.id.turn if isinstance(work, Ask) else work.turn


@pytest.mark.parametrize("more", range(1, 30, 2))
def test_a_little_more_of_a_budget_ends_where_it_ended_for_whoever_reads_it(more: int) -> None:
    """Between the two ends a turn or two was begun, and none that nobody could afford."""
    policy = Policy(target=10**6, window=10**6, max_calls=40)
    life = Life(Random(0), 1, policy, 5, restless=0)
    life.work(life.open(policy), 10**4)
    run = life.open(replace(policy, max_calls=40 + more))
    life.work(run, 10**4)
    book = life.read()
    assert book.machine.stop is run.machine.stop is Stop.BUDGET
    assert book.machine.turns_in_flight == run.machine.turns_in_flight
    assert dataset(book) == dataset(run)


@pytest.mark.parametrize("steps", range(30, 90, 7))
def test_what_had_begun_before_a_budget_was_cut_is_read_to_its_end(steps: int) -> None:
    """When the limit came, turns were in flight of which nothing had been heard yet."""
    run = Run(new_machine(Policy(target=10**6, window=10**6)))
    for _ in range(steps):
        run.collect()
        run.do(min(run.can_do(), key=turn_of))
    tally = run.machine.tally
    run.machine.change_policy(Policy(target=10**6, window=10**6, max_calls=tally.calls + 12))
    cut_at = tally.turns
    while run.machine.stop is None:
        run.collect()
        run.do(min(run.can_do(), key=turn_of))
    assert tally.turns > cut_at
    book = Run(new_machine(run.machine.policy))
    book.replay(iter(run.journal))
    assert dataset(book) == dataset(run)
    assert book.machine.stop is run.machine.stop


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12), st.integers(1, 14))
def test_acceptance_is_that_of_the_last_turns(turns: list[tuple[int, int]], window: int) -> None:
    tally = Tally()
    for kept, refused in turns:
        tally.add(TurnCount(kept, ("x",) * refused, (), (), (), 1, Tokens()))
    last = turns[-window:]
    drafts = sum(max(1, kept + refused) for kept, refused in last)
    expected = Fraction(sum(kept for kept, _ in last), drafts) if last else Fraction(1)
    assert tally.recent_acceptance(window) == expected
    at, above = (Policy(target=10**6, window=window, floor=expected + more) for more in (0, Fraction(1, 10**6)))
    assert tally.stop(at) is None
    assert tally.stop(above) is (Stop.SATURATED if len(turns) >= window else None)
