"""The limit on calls at once: hand-worked examples, and invariants under any history."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.models.gauges import Gauges
from selfgen.models.throttle import COOLDOWN_S, LAG_COUNTS_S, PATH_ENDS, Throttle
from selfgen.models.throttle import Step as PathStep


def clean_round(throttle: Throttle, now_s: float) -> None:
    """Fill the limit, then let every call succeed."""
    size = throttle.limit
    for _ in range(throttle.free()):
        throttle.admit()
    for _ in range(size):
        throttle.release()
        throttle.succeed(now_s)


def refuse_one(throttle: Throttle, now_s: float, retry_after_s: float | None = None) -> bool:
    admitted_at = throttle.admit()
    throttle.release()
    return throttle.refuse(admitted_at, now_s, retry_after_s)


def test_slow_start_then_a_cut_then_five_percent() -> None:
    throttle = Throttle(start=16, most=1000)
    limits = []
    for _ in range(4):
        clean_round(throttle, 0.0)
        limits.append(throttle.limit)
    assert limits == [32, 64, 128, 256]
    assert refuse_one(throttle, 1.0)
    assert throttle.limit == 192
    clean_round(throttle, 10.0)
    assert throttle.limit == 201
    clean_round(throttle, 11.0)
    assert throttle.limit == 211


def test_growth_is_at_least_one_and_never_past_the_most() -> None:
    throttle = Throttle(start=4, most=5)
    assert refuse_one(throttle, 0.0)
    assert throttle.limit == 3
    limits = []
    for now_s in range(10, 14):
        clean_round(throttle, now_s)
        limits.append(throttle.limit)
    assert limits == [4, 5, 5, 5]


def test_a_burst_of_refusals_is_one_episode() -> None:
    throttle = Throttle(start=64, most=64)
    burst = [throttle.admit() for _ in range(64)]
    cuts = []
    for at, admitted_at in enumerate(burst):
        throttle.release()
        cuts.append(throttle.refuse(admitted_at, at * 1.0))
    assert cuts == [True] + [False] * 63  # those admitted at 64 prove nothing against 48, however late they fail
    assert throttle.limit == 48


def test_no_second_cut_in_the_cooldown() -> None:
    throttle = Throttle(start=64, most=64)
    assert refuse_one(throttle, 0.0)
    assert not refuse_one(throttle, COOLDOWN_S - 0.01)
    assert refuse_one(throttle, COOLDOWN_S)
    assert throttle.limit == 36


def test_retry_after_lengthens_the_cooldown() -> None:
    throttle = Throttle(start=64, most=64)
    assert refuse_one(throttle, 0.0, 30.0)
    assert not refuse_one(throttle, 29.0)
    assert refuse_one(throttle, 30.0)


def test_answers_in_the_cooldown_do_not_grow_the_limit() -> None:
    throttle = Throttle(start=4, most=64)
    refuse_one(throttle, 0.0)
    clean_round(throttle, 1.0)
    assert throttle.limit == 3
    clean_round(throttle, 2.0)
    assert throttle.limit == 4


def test_after_a_long_overload_the_limit_comes_back_by_doubling() -> None:
    throttle = Throttle(start=100, most=200)
    for step in range(30):
        refuse_one(throttle, step * 10.0)
    assert throttle.limit == 1
    limits = []
    for step in range(8):
        clean_round(throttle, 1000.0 + step)
        limits.append(throttle.limit)
    assert limits == [2, 4, 8, 16, 32, 64, 75, 78]  # up to the first cut's 75, from there carefully


def test_an_idle_limit_does_not_grow() -> None:
    throttle = Throttle(start=16, most=64)
    for _ in range(500):
        throttle.admit()
        throttle.release()
        throttle.succeed(0.0)
    assert throttle.limit == 16


def test_fixed_stays_fixed() -> None:
    throttle = Throttle(start=7, most=7, fixed=True)
    clean_round(throttle, 0.0)
    assert not refuse_one(throttle, 5.0)
    clean_round(throttle, 50.0)
    assert throttle.limit == 7


def test_the_path_says_when_to_what_and_why() -> None:
    throttle = Throttle(start=4, most=100)
    clean_round(throttle, 3.0)
    refuse_one(throttle, 5.0)
    throttle.pin(50)
    assert throttle.path == [
        PathStep(3.0, 8, "all answers of a full round came"),
        PathStep(5.0, 6, "the server refused a call as too many"),
        PathStep(5.0, 50, "set by hand"),
    ]


def test_a_long_path_keeps_both_ends() -> None:
    throttle = Throttle(start=1, most=3)
    for turn in range(3000):
        throttle.pin(1 + turn % 2)
    assert len(throttle.path) == 2 * PATH_ENDS
    clean_round(throttle, 1.0)
    assert throttle.path[-1].limit == throttle.limit


def test_lag_stops_growth_until_it_is_calm_again_and_never_cuts() -> None:
    throttle = Throttle(start=4, most=100)
    throttle.lag(0.06, 0.0)
    clean_round(throttle, 1.0)
    assert throttle.limit == 4
    throttle.lag(0.04, 2.0)
    clean_round(throttle, 3.0)
    assert throttle.limit == 8
    throttle.lag(9.0, 4.0)
    clean_round(throttle, 4.0 + LAG_COUNTS_S)  # nobody looked again: an old report says nothing of now
    assert throttle.limit == 16


def test_a_pin_is_exact_until_it_is_taken_out() -> None:
    throttle = Throttle(start=16, most=100)
    throttle.pin(37)
    clean_round(throttle, 0.0)
    assert not refuse_one(throttle, 10.0)
    assert throttle.limit == 37
    throttle.pin(None)
    clean_round(throttle, 20.0)
    assert throttle.limit == 74


def test_a_pin_stays_within_the_most() -> None:
    throttle = Throttle(start=16, most=100)
    throttle.pin(1000)
    assert throttle.limit == 100
    with pytest.raises(ValueError, match="at least 1"):
        throttle.pin(0)


def test_a_fixed_limit_can_be_let_go() -> None:
    throttle = Throttle(start=8, most=100, fixed=True)
    throttle.pin(None)
    clean_round(throttle, 0.0)
    assert throttle.limit == 16


def test_what_a_server_shows_changes_nothing_here() -> None:
    throttle = Throttle(start=8, most=100)
    for second in range(20):
        throttle.observe(Gauges(1, 1000, 1.0, 50.0 * second, 0), second)
    assert (throttle.limit, throttle.path) == (8, [])


@pytest.mark.parametrize(("start", "most"), [(0, 5), (6, 5), (-1, 3)])
def test_bad_limits_are_refused(start: int, most: int) -> None:
    with pytest.raises(ValueError, match="start"):
        Throttle(start=start, most=most)


def test_releasing_twice_is_noticed() -> None:
    throttle = Throttle()
    throttle.admit()
    throttle.release()
    with pytest.raises(ValueError, match="in flight"):
        throttle.release()


Step = tuple[str, int, float]
STEPS = st.lists(
    st.tuples(st.sampled_from(["admit", "ok", "busy", "busy_after", "drop"]), st.integers(0, 9), st.floats(0, 5)),
    max_size=150,
)


@settings(deadline=None)
@given(start=st.integers(1, 40), room=st.integers(0, 60), fixed=st.booleans(), steps=STEPS)
def test_invariants_under_any_history(start: int, room: int, fixed: bool, steps: list[Step]) -> None:
    throttle = Throttle(start=start, most=start + room, fixed=fixed)
    leases: list[int] = []
    now_s, last_cut_s, reached = 0.0, -COOLDOWN_S, False
    for what, pick, passed in steps:
        now_s += passed
        before = throttle.limit
        if what == "admit":
            for _ in range(min(pick + 1, throttle.free())):
                leases.append(throttle.admit())
            reached = reached or throttle.in_flight >= throttle.limit
        elif leases:
            admitted_at = leases.pop(pick % len(leases))
            throttle.release()
            if what == "ok":
                throttle.succeed(now_s)
            elif what != "drop" and throttle.refuse(admitted_at, now_s, 3.0 if what == "busy_after" else None):
                assert admitted_at <= before  # a late failure of a larger limit cuts nothing
                assert now_s - last_cut_s >= COOLDOWN_S  # one cut an episode
                last_cut_s = now_s
        assert throttle.in_flight == len(leases)
        assert 1 <= throttle.limit <= throttle.most
        assert throttle.limit <= 2 * before
        assert not (fixed and throttle.limit != start)
        if throttle.limit > before:
            assert what == "ok"
            assert reached  # growth only where the limit was felt
            reached = throttle.in_flight >= throttle.limit
        if throttle.limit < before:
            assert throttle.limit == max(1, int(before * 0.75))


@settings(deadline=None)
@given(steps=STEPS)
def test_whatever_happened_calm_brings_the_limit_back(steps: list[Step]) -> None:
    throttle = Throttle(start=8, most=20)
    now_s = 0.0
    for what, _, passed in steps:
        now_s += passed
        if what.startswith("busy"):
            refuse_one(throttle, now_s)
        else:
            clean_round(throttle, now_s)
    for _ in range(40):
        clean_round(throttle, now_s + 100.0)
    assert throttle.limit == 20
