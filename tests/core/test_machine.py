"""The invariants of the loop, on random schedules, cuts and policies."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import Run, WordRecipe, answer, dataset, new_machine, plan

from selfgen.core.machine import Machine
from selfgen.core.tally import Policy, Stop
from selfgen.core.work import Answered, Ask, CallId, Judge, Judged, Refused, Usage
from selfgen.errors import InternalError

POLICY = Policy(target=30, window=40)


def quiet_run(policy: Policy = POLICY, run_seed: int = 1) -> Run:
    run = Run(new_machine(policy, run_seed))
    run.finish()
    return run


def shuffled_run(run: Run, chance: Random, slots: int) -> Run:
    """Finish `run` with calls answered in random order; batches for the gates keep theirs."""
    calls: list[Ask] = []
    judges: list[Judge] = []
    while run.machine.stop is None:
        for work in run.collect():
            (calls if isinstance(work, Ask) else judges).append(work)  # type: ignore[arg-type]
        window = min(len(calls), slots)
        pick = chance.randint(0, window if judges else window - 1)
        run.do(judges.pop(0) if pick == window else calls.pop(pick))
    return run


schedules = st.randoms(use_true_random=False)


@given(schedules, st.integers(1, 40), st.integers(0, 20))
@settings(deadline=None)
def test_order_of_arrival_cannot_matter(chance: Random, slots: int, run_seed: int) -> None:
    expected = quiet_run(run_seed=run_seed)
    run = shuffled_run(Run(new_machine(POLICY, run_seed)), chance, slots)
    assert dataset(run) == dataset(expected)
    assert run.machine.stop is expected.machine.stop


@given(schedules, st.integers(1, 20))
@settings(deadline=None)
def test_cut_anywhere_and_resume(chance: Random, slots: int) -> None:
    whole = shuffled_run(Run(new_machine(POLICY)), chance, slots)
    cut = chance.randint(0, len(whole.journal))
    alive = Run(new_machine(POLICY))
    alive.replay(whole.journal[:cut])
    again = Run(new_machine(POLICY))
    again.replay(whole.journal[:cut])
    assert again.machine.owed() == alive.machine.owed()
    assert again.gate == alive.gate
    resumed = shuffled_run(again, chance, slots)
    assert dataset(resumed) == dataset(whole)


@given(st.integers(0, 12))
@settings(deadline=None)
def test_replay_owes_what_the_cut_run_owed(rounds: int) -> None:
    live = Run(new_machine(POLICY))
    for _ in range(rounds):
        work = live.collect()
        if not work or live.machine.stop:
            break
        for piece in work:
            live.do(piece)
    resumed = Run(new_machine(POLICY))
    resumed.replay(live.journal)
    assert resumed.machine.owed() == live.machine.owed()
    if live.machine.stop is None:
        first = {ask.id: ask for ask in live.collect() if isinstance(ask, Ask)}
        second = {ask.id: ask for ask in resumed.collect() if isinstance(ask, Ask)}
        assert first == second


def test_a_smaller_target_gives_the_beginning_of_the_larger_dataset() -> None:
    large = [record for turn in quiet_run(Policy(target=30)).retired for record in turn.records]
    for target in (1, 7, 19):
        small = [record for turn in quiet_run(Policy(target=target)).retired for record in turn.records]
        assert small[:target] == large[:target]
        assert len(small) >= target


@given(st.integers(1, 30), st.integers(1, 30))
def test_a_target_may_grow_and_shrink_over_one_journal(first: int, second: int) -> None:
    run = quiet_run(Policy(target=first))
    grown = Run(new_machine(Policy(target=second)))
    grown.replay(run.journal)
    grown.finish()
    assert dataset(grown) == dataset(quiet_run(Policy(target=second)))


def test_a_narrower_budget_replays_what_a_wider_one_started() -> None:
    wide = Run(new_machine(Policy(target=10_000)))
    for _ in range(40):
        for piece in wide.collect():
            wide.do(piece)
    narrow = Run(new_machine(Policy(target=10_000, max_calls=wide.machine.tally.calls + 5)))
    narrow.replay(wide.journal)
    assert 0 < narrow.machine.tally.turns <= wide.machine.tally.turns
    assert dataset(narrow) == dataset(wide)[: len(narrow.retired)]


def test_an_event_that_is_not_owed_raises_and_changes_nothing() -> None:
    run = Run(new_machine(POLICY))
    ask = run.machine.next_ask()
    assert ask is not None
    before = (run.machine.owed(), run.machine.account, run.machine.tally.calls)
    good = answer(ask)
    stray = [
        Answered(CallId(0, 1, 0), "x", "stop", Usage(), "m", ""),
        Answered(CallId(99, 0, 0), "x", "stop", Usage(), "m", ""),
        Answered(ask.id, "w1", "stop", Usage(), "m", "sha256:other"),
        Refused(CallId(0, 0, 1), "content_filter", ""),
        Judged(0, 0, ()),
        Judged(0, 1, ()),
        Judged(7, 2, ()),
    ]
    for event in stray:
        with pytest.raises(InternalError):
            run.machine.feed(event)
        assert (run.machine.owed(), run.machine.account, run.machine.tally.calls) == before
    run.machine.feed(good)
    with pytest.raises(InternalError):
        run.machine.feed(good)


def test_verdicts_must_be_about_the_drafts_that_wait() -> None:
    run = Run(new_machine(POLICY))
    judge = None
    while judge is None:
        ask = run.machine.next_ask()
        assert ask is not None
        run.machine.feed(answer(ask))
        judge = run.machine.next_judge()
    right = run.gate.judge(judge)
    before = run.machine.account
    for wrong in (
        Judged(right.turn, right.stage, right.verdicts[:-1]),
        Judged(right.turn, right.stage, right.verdicts + right.verdicts[:1]),
        Judged(right.turn, right.stage, tuple(type(v)(v.draft, v.kept, "because") for v in right.verdicts)),
    ):
        with pytest.raises(InternalError):
            run.machine.feed(wrong)
        assert run.machine.account == before
    run.machine.feed(right)


@given(st.integers(0, 5_000))
def test_lag_grows_with_the_run_within_its_limits(turn: int) -> None:
    lag = plan(lag_min=16, lag_max=256).lag(turn)
    assert lag == sorted((16, turn // 2, 256))[1]


def test_in_flight_never_passes_the_lag() -> None:
    run = Run(new_machine(Policy(target=60)))
    while run.machine.stop is None:
        for piece in run.collect():
            run.do(piece)
            assert run.machine.turns_in_flight <= 5
    assert run.machine.stop is Stop.TARGET


def test_a_turn_sees_the_pool_of_its_lag_and_no_other() -> None:
    run = quiet_run(Policy(target=60))
    sizes = [0]
    for turn in run.retired:
        sizes.append(sizes[-1] + len(turn.records))
    lag = plan().lag
    for ask in run.asked:
        seen = int(ask.messages[0].content.split()[0])
        assert seen == sizes[max(0, ask.id.turn - lag(ask.id.turn) + 1)]
    assert max(int(ask.messages[0].content.split()[0]) for ask in run.asked) > 0


def test_budgets_stop_the_run_within_what_is_in_flight() -> None:
    for policy, spent in (
        (Policy(target=10_000, max_calls=50), lambda run: run.machine.tally.calls),
        (Policy(target=10_000, max_tokens=900), lambda run: run.machine.tally.tokens),
    ):
        run = quiet_run(policy)
        limit = policy.max_calls or policy.max_tokens
        assert limit is not None
        assert run.machine.stop is Stop.BUDGET
        assert 0.5 * limit <= spent(run) <= 1.6 * limit


def test_a_run_that_finds_nothing_new_is_saturated() -> None:
    run = quiet_run(Policy(target=10_000, window=20, floor=Fraction(1, 20)))
    assert run.machine.stop is Stop.SATURATED
    assert run.machine.tally.recent_acceptance() < Fraction(1, 20)
    assert run.machine.tally.kept < 97


def test_a_recipe_must_end_with_a_gate() -> None:
    class Open(WordRecipe):
        stages = WordRecipe.stages[:2]

    with pytest.raises(InternalError, match="last stage"):
        Machine(plan(), POLICY, Open(), ())
