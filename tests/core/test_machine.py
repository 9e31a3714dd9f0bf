"""The invariants of the loop, on random schedules, cuts and policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import Run, WordRecipe, answer, dataset, new_machine, plan

from selfgen.core.machine import Machine
from selfgen.core.tally import Policy, Stop
from selfgen.core.work import Answered, Ask, CallId, Event, Judge, Judged, Refused, Usage
from selfgen.errors import InternalError

POLICY = Policy(target=30, window=40)
ENDS = (
    POLICY,
    Policy(target=10_000, max_calls=41),
    Policy(target=10_000, max_tokens=600),
    Policy(target=10_000, window=20, floor=Fraction(1, 20)),
)
"""One policy for each way in which a run may end; under both budgets turns are still in flight at the end."""


@cache
def quiet_run(policy: Policy = POLICY, run_seed: int = 1) -> Run:
    """Return a finished run that did all work in the order in which it was handed out. For looking at only."""
    run = Run(new_machine(policy, run_seed))
    run.finish()
    return run


def shuffle(run: Run, chance: Random, slots: int) -> Iterator[None]:
    """Finish `run` with its work done in random order, event by event; each gate takes its batches in their order."""
    while run.machine.stop is None:
        run.collect()
        run.do(chance.choice(run.can_do()[:slots]))
        yield


def shuffled_run(run: Run, chance: Random, slots: int) -> Run:
    for _ in shuffle(run, chance, slots):
        pass
    return run


schedules = st.randoms(use_true_random=False)
whole_runs = settings(deadline=None, max_examples=30)


@given(schedules, st.integers(1, 40), st.integers(0, 20), st.sampled_from(ENDS))
@whole_runs
def test_order_of_arrival_cannot_matter(chance: Random, slots: int, run_seed: int, policy: Policy) -> None:
    expected = quiet_run(policy, run_seed)
    run = shuffled_run(Run(new_machine(policy, run_seed)), chance, slots)
    assert dataset(run) == dataset(expected)
    assert run.machine.stop is expected.machine.stop
    assert run.machine.records == expected.machine.records


@given(schedules, st.integers(1, 40), st.sampled_from(ENDS))
@whole_runs
def test_what_starts_depends_on_what_retired_alone(chance: Random, slots: int, policy: Policy) -> None:
    expected = quiet_run(policy).flight
    flight = shuffled_run(Run(new_machine(policy)), chance, slots).flight
    assert {n: flight[n] for n in flight if n in expected} == {n: expected[n] for n in expected if n in flight}


@given(schedules, st.integers(1, 20), st.integers(0, 300), st.sampled_from(ENDS))
@whole_runs
def test_cut_anywhere_and_resume(chance: Random, slots: int, events: int, policy: Policy) -> None:
    live = Run(new_machine(policy))
    for _ in islice(shuffle(live, chance, slots), events):
        pass
    resumed = Run(new_machine(policy))
    resumed.replay(live.journal)
    assert resumed.machine.owed() == live.machine.owed()
    assert resumed.machine.account == live.machine.account
    assert resumed.gate == live.gate
    assert dataset(resumed) == dataset(live)
    if live.machine.stop is None:
        live.collect()
        resumed.collect()
        assert in_order(resumed) == in_order(live)
    assert dataset(shuffled_run(resumed, chance, slots)) == dataset(quiet_run(policy))


def in_order(run: Run) -> list[tuple[int, int, int, object]]:
    """Return the work that is out, in an order of its own."""
    return sorted(
        (work.id.turn, work.id.stage, work.id.item, work)  # no two of one place are out at once
        if isinstance(work, Ask)
        else (work.turn, work.stage, -1, work)
        for work in run.out
    )


@given(schedules, st.integers(1, 40), st.integers(0, 20), st.sampled_from(ENDS))
@settings(deadline=None, max_examples=15)
def test_what_is_shown_ahead_is_what_is_handed_out_later(
    chance: Random, slots: int, run_seed: int, policy: Policy
) -> None:
    """Asked at any time about any turn, it says what stands at a gate, and changes nothing."""
    run, plain = Run(new_machine(policy, run_seed)), Run(new_machine(policy, run_seed))
    shown: dict[tuple[int, int], Judge] = {}
    judged: list[Judge] = []
    while run.machine.stop is None:
        fresh = len(run.out)
        run.collect()
        plain.collect()
        assert run.out == plain.out
        handed = [work for work in run.out[fresh:] if isinstance(work, Judge)]
        assert all(shown.pop((work.turn, work.stage), work) == work for work in handed)
        judged += handed
        before = (run.machine.owed(), run.machine.account, run.machine.tally.turns, run.machine.turns_in_flight)
        for turn in range(-1, run.machine.tally.turns + run.machine.turns_in_flight + 2):
            if early := run.machine.arrived(turn):
                assert early.turn == turn
                assert early not in judged, "handed out already"
                assert shown.setdefault((turn, early.stage), early) == early == run.machine.arrived(turn)
        assert (run.machine.owed(), run.machine.account, run.machine.tally.turns, run.machine.turns_in_flight) == before
        work = chance.choice(run.can_do()[:slots])
        run.do(work)
        plain.do(work)
    assert dataset(run) == dataset(plain)
    if policy is POLICY:
        assert len(judged) > 2


def test_what_waits_for_an_earlier_turn_is_shown_ahead() -> None:
    run = Run(new_machine(POLICY))
    first, second = run.machine.next_ask(), run.machine.next_ask()
    assert first is not None
    assert second is not None
    assert (first.id.turn, second.id.turn) == (0, 1)
    assert run.machine.arrived(1) is None, "not answered yet"
    run.machine.feed(Answered(second.id, "w1 w3", "stop", Usage(), "m", second.prompt_digest))
    early = run.machine.arrived(1)
    assert early is not None
    assert [draft.instruction for draft in early.drafts] == ["w1", "w3"]
    assert run.machine.next_judge() is None
    run.machine.feed(Answered(first.id, "garbage", "stop", Usage(), "m", first.prompt_digest))
    assert run.machine.arrived(1) is None, "its turn has come"
    assert run.machine.next_judge() == early


@given(schedules, st.integers(2, 40), st.sampled_from(ENDS))
@whole_runs
def test_what_comes_home_after_the_end_changes_nothing_but_is_kept(chance: Random, slots: int, policy: Policy) -> None:
    run = shuffled_run(Run(new_machine(policy)), chance, slots)
    ended, end, records = dataset(run), run.machine.stop, list(run.machine.records)
    while run.out:
        run.do(chance.choice(run.can_do()))
        assert run.machine.next_ask() is None
        assert run.machine.next_judge() is None
    assert run.machine.stop is end
    assert run.machine.records == records
    assert dataset(run) == ended
    again = Run(new_machine(policy))
    again.replay(run.journal)
    assert dataset(again) == ended
    grown = Run(new_machine(Policy(target=40)))
    grown.replay(run.journal)
    grown.finish()
    assert dataset(grown) == dataset(quiet_run(Policy(target=40)))


def test_every_call_draws_anew_and_so_does_every_run() -> None:
    asked = quiet_run().asked
    assert len({ask.seed for ask in asked}) == len(asked)
    assert len({record.lineage.parents for record in quiet_run().machine.records}) > 3
    assert dataset(quiet_run(run_seed=1)) != dataset(quiet_run(run_seed=2))


@pytest.mark.parametrize("policy", ENDS, ids=("target", "calls", "tokens", "saturated"))
def test_the_tally_is_what_retired(policy: Policy) -> None:
    run = quiet_run(policy)
    tally, account, turns = run.machine.tally, run.machine.account, len(run.retired)
    retired = [event for event in run.journal if turn_of(event) < turns]
    answers = [event for event in retired if isinstance(event, Answered)]
    assert [turn.turn for turn in run.retired] == list(range(turns)) == list(range(tally.turns))
    assert run.machine.records == [record for turn in run.retired for record in turn.records]
    assert tally.kept == len(run.machine.records)
    lost = [rejection.lost for turn in run.retired for rejection in turn.rejections]
    assert (tally.lost.total(), tally.rejected.total()) == (lost.count(True), lost.count(False))
    assert min(tally.lost.total(), tally.rejected.total(), tally.refused.total()) > 0
    assert tally.calls == len(retired) - sum(isinstance(event, Judged) for event in retired)
    assert tally.refused.total() == sum(isinstance(event, Refused) for event in retired)
    assert tally.tokens == sum(event.usage.prompt_tokens + event.usage.completion_tokens for event in answers)
    assert account.read == tally.drafts + account.in_flight


def turn_of(event: Event) -> int:
    return event.turn if isinstance(event, Judged) else event.id.turn


def test_a_draft_is_made_by_the_replies_to_its_own_calls() -> None:
    run = quiet_run(Policy(target=60))
    texts = {event.id: event.text for event in run.journal if isinstance(event, Answered)}
    for record in run.machine.records:
        turn, item = (int(part) for part in record.task.id[1:].split("."))
        calls = [CallId.parse(call) for call in record.lineage.calls]
        proposed, given, answered = ([call for call in calls if call.stage == stage] for stage in range(3))
        assert calls == [*proposed, *given, *answered]
        assert {(call.turn, call.item) for call in proposed} == {(turn, 0)}
        assert {(call.turn, call.item) for call in given + answered} == {(turn, item)}
        assert texts[proposed[-1]].split()[item] == record.task.instruction
        assert record.task.output == texts[answered[-1]]
        assert record.task.input == (texts[given[-1]] if given else "")


def test_a_smaller_target_gives_the_beginning_of_the_larger_dataset() -> None:
    large = [record for turn in quiet_run(Policy(target=30)).retired for record in turn.records]
    for target in (1, 7, 19):
        small = [record for turn in quiet_run(Policy(target=target)).retired for record in turn.records]
        assert small[:target] == large[:target]
        assert len(small) >= target


@given(st.integers(1, 30), st.integers(1, 30))
@settings(deadline=None)
def test_a_target_may_grow_and_shrink_over_one_journal(first: int, second: int) -> None:
    run = quiet_run(Policy(target=first))
    grown = Run(new_machine(Policy(target=second)))
    grown.replay(run.journal)
    grown.finish()
    assert dataset(grown) == dataset(quiet_run(Policy(target=second)))


def test_a_narrower_budget_replays_what_a_wider_one_started() -> None:
    wide = Run(new_machine(Policy(target=10_000)))
    for _ in range(40):
        wide.work()
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
    stray: list[Event] = [
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
    right = Judged(judge.turn, judge.stage, run.gate.judge(judge.stage, judge.drafts))
    assert len(right.verdicts) > 1
    before = run.machine.account
    for wrong in (
        Judged(right.turn, right.stage, right.verdicts[::-1]),
        Judged(right.turn, right.stage, tuple(replace(verdict, draft="t00099.0") for verdict in right.verdicts)),
        Judged(right.turn, right.stage, right.verdicts[:-1]),
        Judged(right.turn, right.stage, right.verdicts + right.verdicts[:1]),
        Judged(right.turn, right.stage, tuple(replace(verdict, reason="because") for verdict in right.verdicts)),
    ):
        with pytest.raises(InternalError):
            run.machine.feed(wrong)
        assert run.machine.account == before
    run.machine.feed(right)


@given(st.integers(0, 5_000))
def test_lag_grows_with_the_run_within_its_limits(turn: int) -> None:
    lag = plan(lag_min=16, lag_max=256).lag(turn)
    assert lag == sorted((16, 3 * turn // 4, 256))[1]
    assert plan(lag_min=16, lag_max=256).before_3().lag(turn) == sorted((16, turn // 2, 256))[1]


def test_in_flight_never_passes_the_lag() -> None:
    run = quiet_run(Policy(target=60))
    assert run.machine.stop is Stop.TARGET
    assert max(run.flight.values()) == 5
    assert all(count <= plan().lag(turns + count - 1) for turns, count in run.flight.items() if count)


def test_a_turn_sees_the_pool_of_its_lag_and_no_other() -> None:
    lag, pools = plan().lag, set()
    for target in range(1, 61, 3):
        run = quiet_run(Policy(target=target))
        sizes = [0]
        for turn in run.retired:
            sizes.append(sizes[-1] + len(turn.records))
        for ask in run.asked:
            seen = int(ask.messages[0].content.split()[0])
            assert seen == sizes[max(0, ask.id.turn - lag(ask.id.turn) + 1)]
            pools.add(seen)
    assert len(pools) > 20


def test_budgets_stop_the_run_within_what_is_in_flight() -> None:
    by_calls = quiet_run(Policy(target=10_000, max_calls=50)).machine
    by_tokens = quiet_run(Policy(target=10_000, max_tokens=900)).machine
    for machine, spent, limit in ((by_calls, by_calls.tally.calls, 50), (by_tokens, by_tokens.tally.tokens, 900)):
        assert machine.stop is Stop.BUDGET
        assert 0.5 * limit <= spent <= 1.6 * limit


def test_a_run_that_finds_nothing_new_is_saturated() -> None:
    run = quiet_run(Policy(target=10_000, window=20, floor=Fraction(1, 20)))
    assert run.machine.stop is Stop.SATURATED
    assert run.machine.tally.recent_acceptance(20) < Fraction(1, 20)
    assert run.machine.tally.kept < 199


def test_a_recipe_must_end_with_a_gate() -> None:
    class Open(WordRecipe):
        stages = WordRecipe.stages[:2]

    with pytest.raises(InternalError, match="last stage"):
        Machine(plan(), POLICY, Open(), ())


@given(st.lists(st.tuples(st.integers(5, 90), st.integers(1, 60)), min_size=1, max_size=4))
@settings(deadline=None)
def test_a_narrower_policy_takes_nothing_away(sessions: list[tuple[int, int]]) -> None:
    """Sessions with other budgets, one after the other: what retired stays, and the last policy replays to the same."""
    journal: list[Event] = []
    policy = Policy(target=1_000, max_calls=sessions[0][1])
    kept = 0
    for rounds, max_calls in sessions:
        run = Run(new_machine(policy))
        rest = iter(journal)
        run.replay(rest)
        run.machine.change_policy(Policy(target=1_000, max_calls=max_calls))
        run.retired += run.machine.take_retired()
        run.replay(rest)
        policy = run.machine.policy
        for _ in range(rounds):
            if run.machine.stop is None:
                run.collect()
                run.do(run.can_do()[0])
        assert run.machine.tally.kept >= kept
        kept, journal = run.machine.tally.kept, run.journal
        again = Run(new_machine(policy))
        again.replay(iter(journal))
        assert dataset(again) == dataset(run)
