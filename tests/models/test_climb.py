"""Climbing on tokens a second: hand-worked windows, then whole nights before a simulated server."""

from __future__ import annotations

import dataclasses
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.models.climb import GENTLE_S, Climb, Climber, Habits
from selfgen.models.throttle import Throttle
from tests.models.virtual_server import Server, Traits, World

HABITS = Habits(doublings=2, keep=0.995, explore_s=30.0)
SMALL = Traits(seats=64, step_each_s=0.00002)
USUAL = Traits()
CROWDED = Traits(thrash_from=128, thrash=0.01)
FEW = Traits(step_s=0.004, step_each_s=0.002)
"""Two or three answers a second, whatever the limit."""


def climb_on(climber: Climber, rates: dict[int, float], windows: int, start_s: float = 0.0) -> list[int]:
    """Tell a climber one window every ten seconds, of what each limit gives. Returns the limits it went through."""
    limits = [climber.limit]
    for window in range(windows):
        climber.note(rates[climber.limit], start_s + 10.0 * window)
        if climber.limit != limits[-1]:
            limits.append(climber.limit)
    return limits


def test_a_rise_ends_after_two_doublings_without_gain_at_the_smallest_good_limit() -> None:
    rates = {8: 100.0, 16: 190.0, 32: 198.0, 64: 199.0, 128: 195.0}
    assert climb_on(Climber(8, 1000, HABITS), rates, 5) == [8, 16, 32, 64, 128]
    assert climb_on(Climber(8, 1000, HABITS), rates, 6) == [8, 16, 32, 64, 128, 32]


def test_a_dip_is_looked_at_twice() -> None:
    climber = Climber(8, 1000, HABITS)
    climber.note(100, 0.0)
    assert climber.note(80, 10.0) == ""
    assert climber.limit == 16
    climber.note(170, 20.0)
    assert climber.limit == 32


def test_a_lucky_window_does_not_make_the_next_look_bad() -> None:
    """Five times as much from twice as many calls is luck: only twice as much is believed."""
    climber = Climber(8, 1000, HABITS)
    climber.note(100, 0.0)
    climber.note(500, 10.0, sure=False)
    climber.note(280, 20.0)
    assert climber.limit == 64


def test_a_rate_that_is_not_sure_is_nothing_to_come_back_to() -> None:
    climber = Climber(8, 1000, HABITS)
    climber.note(100, 0.0, sure=False)
    for rate in (99, 99.5, 99.5):
        climber.note(rate, 10.0)
    assert climber.limit == 16


def test_a_harmful_level_is_left_at_once() -> None:
    assert climb_on(Climber(8, 1000, HABITS), {8: 100, 16: 190, 32: 120}, 5) == [8, 16, 32, 16]


def test_a_rise_ends_at_the_most() -> None:
    assert climb_on(Climber(8, 20, HABITS), {8: 100, 16: 200, 20: 250}, 3) == [8, 16, 20]


def test_at_rest_it_tries_more_and_less_and_less_and_less_often() -> None:
    rates = {32: 100.0, 64: 100.0, 24: 80.0}
    climber = Climber(32, 1000, HABITS)
    climber.rest(32, 0.0)
    changes, now_s = [], 0.0
    for _ in range(80):
        now_s += 10.0
        if climber.note(rates[climber.limit], now_s):
            changes.append((now_s, climber.limit))
    assert [limit for _, limit in changes] == [64, 32, 24, 32, 64, 32, 24, 32]
    pauses = [changes[at + 1][0] - changes[at][0] for at in (1, 3, 5)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 3 * pauses[0]


def test_a_probe_that_gains_rises_on_and_one_that_costs_nothing_stays() -> None:
    up = Climber(32, 1000, HABITS)
    up.rest(32, 0.0)
    assert climb_on(up, {32: 100, 64: 150, 128: 151, 256: 151}, 6, 30.0) == [32, 64, 128, 256, 64]
    down = Climber(32, 32, HABITS)
    down.rest(32, 0.0)
    assert climb_on(down, {32: 100, 24: 100}, 4, 30.0) == [32, 24, 32, 24]


def test_a_server_that_slows_down_meanwhile_is_no_loss_of_the_probe() -> None:
    """Before 100, the probe 96, after 90: the mean of both sides is 95, so three quarters do as well."""
    climber = Climber(32, 32, HABITS)
    climber.rest(32, 0.0)
    for rate in (100.0, 96.0, 90.0):
        climber.note(rate, 40.0)
    assert climber.limit == 24


def test_a_harmful_probe_is_followed_by_a_smaller_one() -> None:
    climber = Climber(32, 1000, HABITS)
    climber.rest(32, 0.0)
    limits = climb_on(climber, {32: 100, 64: 50, 24: 80, 40: 99}, 60, 30.0)
    assert limits[:6] == [32, 64, 32, 24, 32, 40]


@pytest.mark.parametrize("allowed", [True, False])
def test_nothing_rises_where_it_may_not(allowed: bool) -> None:
    climber = Climber(8, 1000, HABITS)
    for window in range(4):
        climber.note(100.0 * 1.5**window, 10.0 * window, may_rise=allowed)
    assert (climber.limit > 8) == allowed


@cache
def best_fixed(traits: Traits) -> float:
    """Return the tokens a second of the best fixed limit, by trying."""
    speeds = []
    for limit in (64, 128, 256):
        world = World(Throttle(start=limit, most=limit, fixed=True), Server(traits), polls=False)
        speeds.append(world.run(200).speed(100, 200))
    return max(speeds)


@pytest.mark.parametrize("sigma", [0.6, 1.2])
@pytest.mark.parametrize("traits", [SMALL, USUAL, CROWDED, FEW], ids=["64 seats", "256 seats", "gets worse", "few"])
def test_it_finds_the_best_and_stays_there(traits: Traits, sigma: float) -> None:
    traits = dataclasses.replace(traits, sigma=sigma)
    best = best_fixed(traits)
    trace = World(Climb(most=1024), Server(traits), polls=False).run(700)
    assert trace.seconds_to(0.9 * best) <= 100
    assert trace.speed(350, 700) >= (0.95 if sigma < 1 else 0.9) * best
    assert trace.refused == 0


@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_few_answers_are_waited_for(seed: int) -> None:
    """Two answers a second tell little in minutes: it may end some per cent short."""
    trace = World(Climb(most=1024), Server(FEW, seed), polls=False).run(700)
    assert trace.speed(350, 700) >= 0.93 * best_fixed(FEW)


def test_a_fixed_limit_of_the_start_would_be_far_from_it() -> None:
    world = World(Throttle(start=16, most=16, fixed=True), Server(USUAL), polls=False)
    assert world.run(100).speed(50, 100) < 0.5 * best_fixed(USUAL)


def test_noise_does_not_drive_it_up_for_ever() -> None:
    """A night before a server where nothing above 64 helps: it comes down again whenever luck took it up."""
    traits = dataclasses.replace(SMALL, sigma=1.2)
    trace = World(Climb(most=100_000), Server(traits), polls=False).run(2400)
    assert max(trace.limits) < 5000
    assert sorted(trace.limits)[len(trace.limits) // 2] <= 1024
    assert trace.speed(1200, 2400) >= 0.9 * best_fixed(SMALL)


def test_an_idle_client_decides_nothing() -> None:
    world = World(Climb(start=32, most=1024), Server(USUAL), demand=16, polls=False)
    assert set(world.run(300).limits) == {32}


def test_lag_decides_nothing() -> None:
    world = World(Climb(start=32, most=1024), Server(USUAL), lag_s=0.2, polls=False)
    assert set(world.run(300).limits) == {32}
    assert world.limit.cuts == 0


def test_a_pin_is_exact() -> None:
    limit = Climb(start=16, most=1024)
    limit.pin(100)
    world = World(limit, Server(USUAL), polls=False)
    assert set(world.run(100).limits) == {100}
    limit.pin(None)
    assert world.run(100).limits[-1] > 100


def test_answers_without_tokens_count_as_one() -> None:
    limit = Climb(start=4, most=100)
    now_s = 0.0
    for _ in range(400):
        while limit.free():
            limit.admit()
        now_s += 0.5
        limit.release()
        limit.succeed(now_s)
    assert limit.path[0].limit == 8


def test_refusals_cut_and_it_comes_back_as_a_throttle_does() -> None:
    limit = Climb(start=16, most=1024)
    world = World(limit, Server(Traits(a_minute=600)), polls=False)
    trace = world.run(600)
    assert limit.cuts > 0
    assert trace.answered >= 0.93 * 6000
    assert trace.refused <= 0.01 * trace.answered


def test_long_after_the_last_refusal_it_climbs_again() -> None:
    limit = Climb(start=16, most=1024)
    assert limit.refuse(limit.admit(), 0.0)
    limit.release()
    world = World(limit, Server(SMALL), polls=False)
    world.run(int(GENTLE_S) + 1)
    grown = limit.limit
    assert grown > 64
    world.run(400)
    assert {"trying more", "trying less"} & {step.why for step in limit.path}


@settings(deadline=None, max_examples=15)
@given(
    seats=st.integers(1, 300),
    line=st.sampled_from([float("inf"), 5.0, 50.0]),
    sigma=st.sampled_from([0.0, 0.6, 1.2]),
    start=st.integers(1, 64),
    most=st.integers(64, 400),
    seed=st.integers(0, 99),
)
def test_invariants_before_any_server(seats: int, line: float, sigma: float, start: int, most: int, seed: int) -> None:
    limit = Climb(start=start, most=most)
    world = World(limit, Server(Traits(seats=seats, line=line, sigma=sigma), seed), polls=False)
    trace = world.run(120)
    assert all(1 <= each <= most for each in trace.limits)
    assert limit.cuts <= trace.refused
    for before, after in zip(trace.in_flight, trace.in_flight[1:], strict=False):
        assert after <= max(before, most)
    assert [step.limit for step in limit.path][-1:] == ([limit.limit] if limit.path else [])
