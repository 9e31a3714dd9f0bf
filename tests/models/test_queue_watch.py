"""Following a server's own queue: hand-made looks at it, then whole runs before a simulated server."""

from __future__ import annotations

import dataclasses
import math
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.models.gauges import Gauges
from selfgen.models.queue_watch import PREEMPTED_S, SHARED_LEAST, SILENT_S, QueueWatch
from selfgen.models.throttle import Limit, Throttle
from tests.models.virtual_server import Server, Traits, World

USUAL = Traits()
SMALL = Traits(seats=64, step_each_s=0.00002)
TINY = Traits(seats=8, step_each_s=0.00002)
FLAT = Traits(step_s=0.004, step_each_s=0.002)
LARGE = Traits(seats=400, step_s=0.03, step_each_s=0.00001, prefill_s=0.0005)
SLOW_READER = Traits(step_s=0.1, step_each_s=0.002, prefill_s=0.1)
FULL_CACHE = Traits(seats=512, step_each_s=0.00005, cache=60_000)
KINDS = {
    "256 seats": (USUAL, (256,)),
    "64 seats": (SMALL, (64,)),
    "8 seats": (TINY, (8,)),
    "no gain above 64": (FLAT, (64, 256)),
    "400 seats": (LARGE, (400,)),
    "reads slowly": (SLOW_READER, (64, 256)),
    "small cache": (FULL_CACHE, (72, 96, 136)),
}
"""Servers, and the fixed limits that are the best for them or near it."""


@cache
def best_fixed(traits: Traits, limits: tuple[int, ...] = (256,)) -> float:
    """Return the tokens a second of the best fixed limit, by trying."""
    speeds = []
    for limit in limits:
        world = World(Throttle(start=limit, most=limit, fixed=True), Server(traits))
        speeds.append(world.run(200).speed(60, 200))
    return max(speeds)


def fill(limit: Limit) -> None:
    while limit.free():
        limit.admit()


def look(
    limit: QueueWatch,
    seconds: int,
    *,
    running: float,
    waiting: float,
    first_s: int = 0,
    speed: float = 100.0,
    kv_use: float = 0.1,
    preemptions: float = 0.0,
) -> None:
    """Show the same queue every second to a limit that is kept full."""
    for second in range(first_s, first_s + seconds):
        fill(limit)
        limit.observe(Gauges(running, waiting, kv_use, preemptions, speed * second), second)


def drain(limit: QueueWatch) -> None:
    while limit.in_flight > limit.limit:
        limit.release()


def test_it_starts_with_64_or_the_most() -> None:
    assert (QueueWatch().limit, QueueWatch(most=20).limit, QueueWatch(start=100, most=200).limit) == (64, 20, 100)


def test_a_long_line_in_three_looks_takes_away_what_waits_beyond_a_reserve() -> None:
    limit = QueueWatch(start=100, most=200)
    look(limit, 3, running=60, waiting=40)
    assert limit.limit == 100
    look(limit, 1, running=60, waiting=40, first_s=3)
    assert limit.limit == 62
    assert limit.path[-1].why == "calls wait in the server's line"
    assert limit.cuts == 0


def test_a_line_that_is_still_draining_cuts_once() -> None:
    limit = QueueWatch(start=100, most=200)
    look(limit, 4, running=60, waiting=40)
    look(limit, 20, running=60, waiting=35, first_s=4)
    assert limit.limit == 62
    drain(limit)
    look(limit, 20, running=60, waiting=2, first_s=24)
    assert limit.limit == 62


def test_newcomers_that_are_being_taken_in_are_no_line() -> None:
    limit = QueueWatch(start=100, most=100)
    for second in range(8):
        fill(limit)
        limit.observe(Gauges(10.0 * second, 100 - 10.0 * second, 0.1, 0, 0), second)
    assert limit.limit == 100


def test_a_short_line_is_welcome() -> None:
    limit = QueueWatch(start=62, most=200)
    look(limit, 100, running=60, waiting=2)
    assert limit.limit == 62


def test_a_line_that_ends_lets_it_grow_gently_and_then_it_must_gain_again() -> None:
    limit = QueueWatch(start=100, most=1000)
    look(limit, 10, running=95, waiting=5)
    look(limit, 12, running=100, waiting=0, first_s=10)
    assert 103 <= limit.limit <= 125
    assert limit.path[-1].why == "nobody waits in the server's line"
    look(limit, 300, running=100, waiting=0, first_s=22)
    assert limit.limit <= 1000


def test_the_line_of_others_is_shared_out_and_leaves_us_something() -> None:
    limit = QueueWatch(start=64, most=200)
    for first_s in range(0, 200, 10):
        look(limit, 5, running=60, waiting=400, first_s=first_s)
        drain(limit)
    assert limit.limit == SHARED_LEAST


def test_it_doubles_while_tokens_a_second_grow_and_nobody_waits() -> None:
    limit = QueueWatch(start=16, most=1000)
    tokens = 0.0
    for second in range(30):
        fill(limit)
        limit.observe(Gauges(limit.limit, 0, 0.1, 0, tokens), second)
        tokens += 10 * limit.limit
    assert [step.limit for step in limit.path] == [32, 64, 128, 256, 512]


def test_a_server_that_starts_anew_while_it_rises_is_no_loss() -> None:
    limit = QueueWatch(start=16, most=1000)
    tokens = 1e6
    for second in range(30):
        tokens = 0.0 if second == 8 else tokens + 10 * limit.limit
        fill(limit)
        limit.observe(Gauges(limit.limit, 0, 0.1, 0, tokens), second)
    limits = [step.limit for step in limit.path]
    assert limits == sorted(limits)
    assert limits[-1] >= 128


def test_after_a_refusal_it_does_not_double() -> None:
    limit = QueueWatch(start=64, most=1000)
    assert limit.refuse(limit.admit(), 0.0)
    limit.release()
    for second in range(100):
        look(limit, 1, running=limit.limit, waiting=0, first_s=second, speed=1000)
    assert limit.limit == 48
    for second in range(100, 110):
        for _ in range(48):
            limit.release()
            limit.succeed(second, 10)
        look(limit, 1, running=48, waiting=0, first_s=second, speed=1000)
    assert 48 < limit.limit < 96


@pytest.mark.parametrize("kv_use", [0.89, 0.91])
def test_a_full_cache_stops_growth(kv_use: float) -> None:
    limit = QueueWatch(start=16, most=1000)
    look(limit, 8, running=16, waiting=0, kv_use=kv_use)
    assert (limit.limit > 16) == (kv_use < 0.9)


def test_preemptions_take_a_tenth_and_stop_growth_for_a_while() -> None:
    limit = QueueWatch(start=100, most=1000)
    look(limit, 2, running=90, waiting=0)
    look(limit, 1, running=90, waiting=0, first_s=2, preemptions=5)
    assert limit.limit == 90
    drain(limit)
    look(limit, int(PREEMPTED_S) - 1, running=90, waiting=0, first_s=3, preemptions=5)
    assert limit.limit == 90
    look(limit, 10, running=90, waiting=0, first_s=2 + int(PREEMPTED_S), preemptions=5)
    assert limit.limit > 90


def test_one_preemption_is_no_storm() -> None:
    limit = QueueWatch(start=100, most=100)
    for second in range(10):
        look(limit, 1, running=100, waiting=0, first_s=second, preemptions=float(second // 3))
    assert limit.limit == 100


def test_preemptions_of_a_server_that_starts_anew_are_not_counted_backwards() -> None:
    limit = QueueWatch(start=100, most=100)
    look(limit, 3, running=90, waiting=0, preemptions=50)
    look(limit, 20, running=90, waiting=0, preemptions=0)
    assert limit.limit == 100


def test_looks_that_say_nothing_are_not_counted() -> None:
    limit = QueueWatch(start=100, most=200)
    for second in range(20):
        fill(limit)
        limit.observe(Gauges(running=None, waiting=80), second)
        limit.observe(Gauges(kv_use=1.0), second)
    assert limit.path == []


@pytest.mark.parametrize("waiting", [0, 3])
def test_without_a_token_counter_it_grows_while_nobody_waits(waiting: float) -> None:
    limit = QueueWatch(start=16, most=1000)
    for second in range(5):
        fill(limit)
        limit.observe(Gauges(running=16, waiting=waiting), second)
        for _ in range(limit.limit):
            limit.release()
            limit.succeed(second)
    assert (limit.limit > 64) == (waiting == 0)
    assert (limit.limit == 16) == (waiting == 3)


def test_without_metrics_it_grows_like_a_throttle() -> None:
    trace = World(QueueWatch(most=1024), Server(USUAL), polls=False).run(100)
    assert trace.limits[int(SILENT_S)] == 64
    assert trace.speed(70, 100) >= 0.95 * best_fixed(USUAL)


def test_metrics_that_stop_and_come_back() -> None:
    def blink(world: World) -> None:
        world.polls = not 100 <= world.server.now_s < 200

    trace = World(QueueWatch(most=1024), Server(USUAL), each_second=blink).run(300)
    assert trace.limits[90] == 264
    assert max(trace.limits[150:200]) > 300
    assert trace.limits[290] <= 1.1 * 256 + 1
    assert trace.speed(50, 300) >= 0.97 * best_fixed(USUAL)


@pytest.mark.parametrize("sigma", [0.6, 1.2])
@pytest.mark.parametrize("kind", list(KINDS))
def test_it_converges_in_half_a_minute_and_stays_at_the_best(kind: str, sigma: float) -> None:
    traits, limits = KINDS[kind]
    traits = dataclasses.replace(traits, sigma=sigma)
    best = best_fixed(traits, limits)
    trace = World(QueueWatch(most=1024), Server(traits)).run(200)
    assert trace.seconds_to(0.9 * best) <= 40
    assert trace.speed(60, 200) >= (0.95 if sigma < 1 else 0.92) * best
    assert trace.refused == 0


def test_where_calls_wait_it_stays_in_a_small_band_above_the_seats() -> None:
    trace = World(QueueWatch(most=1024), Server(USUAL)).run(300)
    assert all(256 < limit <= 282 for limit in trace.limits[30:])


def test_where_more_gains_nothing_it_does_not_fill_the_seats() -> None:
    trace = World(QueueWatch(most=1024), Server(FLAT)).run(300)
    assert sorted(trace.limits)[150] <= 128


def test_where_calls_wait_but_gain_nothing_it_comes_back() -> None:
    limit = QueueWatch(most=1024)
    trace = World(limit, Server(dataclasses.replace(FLAT, seats=200))).run(100)
    assert max(trace.limits) == 256
    assert "fewer calls do as well" in [step.why for step in limit.path]
    assert sorted(trace.limits)[50] <= 128


def test_a_server_that_changes_is_followed() -> None:
    def change(world: World) -> None:
        seats = 256 if world.server.now_s < 100 else 64 if world.server.now_s < 200 else 300
        world.server.traits = dataclasses.replace(LARGE, seats=seats)

    limit = QueueWatch(most=1024)
    trace = World(limit, Server(LARGE), each_second=change).run(320)
    assert 256 <= trace.limits[90] <= 282
    assert 64 <= trace.limits[180] <= 71
    assert trace.limits[310] >= 300


def test_a_server_that_refuses_is_not_flooded() -> None:
    limit = QueueWatch(most=1024)
    trace = World(limit, Server(Traits(line=64))).run(300)
    assert 0 < trace.refused <= 10
    assert trace.speed(150, 300) >= 0.95 * best_fixed(USUAL)


def test_a_burst_of_refusals_is_one_cut() -> None:
    limit = QueueWatch(start=64, most=64)
    burst = [limit.admit() for _ in range(64)]
    cuts = []
    for at, admitted_at in enumerate(burst):
        limit.release()
        cuts.append(limit.refuse(admitted_at, at * 1.0))
    assert cuts == [True] + [False] * 63
    assert limit.limit == 48


def test_an_idle_client_and_lag_decide_nothing() -> None:
    idle = World(QueueWatch(most=1024), Server(USUAL), demand=30)
    assert set(idle.run(200).limits) == {64}
    late = World(QueueWatch(most=1024), Server(USUAL), lag_s=0.2)
    assert set(late.run(200).limits) == {64}


def test_a_pin_is_exact_and_can_be_taken_out() -> None:
    limit = QueueWatch(most=1024)
    world = World(limit, Server(USUAL))
    world.run(30)
    limit.pin(500)
    assert set(world.run(60).limits[31:]) == {500}
    limit.pin(None)
    assert world.run(60).limits[-1] <= 282


@settings(deadline=None, max_examples=20)
@given(
    seats=st.integers(1, 300),
    line=st.sampled_from([math.inf, 5.0, 50.0]),
    cache_tokens=st.sampled_from([math.inf, 20_000.0]),
    sigma=st.sampled_from([0.0, 0.6, 1.2]),
    most=st.integers(1, 400),
    seed=st.integers(0, 99),
)
def test_invariants_before_any_server(
    seats: int, line: float, cache_tokens: float, sigma: float, most: int, seed: int
) -> None:
    limit = QueueWatch(most=most)
    traits = Traits(seats=seats, line=line, sigma=sigma, cache=cache_tokens)
    world = World(limit, Server(traits, seed))
    before = 0

    def watch(world: World) -> None:
        nonlocal before
        assert 1 <= world.limit.limit <= most
        assert world.limit.in_flight <= max(before, most)
        before = world.limit.in_flight

    world.each_second = watch
    trace = world.run(90)
    assert limit.cuts <= trace.refused
    assert trace.answered > 0


LOOKS = st.lists(
    st.tuples(
        st.sampled_from(["look", "fill", "end", "refuse", "lag", "calm"]),
        st.integers(0, 500),
        st.integers(0, 500),
        st.floats(0, 1),
        st.floats(0, 20),
    ),
    max_size=120,
)


@settings(deadline=None)
@given(most=st.integers(1, 300), looks=LOOKS)
def test_invariants_under_any_history(most: int, looks: list[tuple[str, int, int, float, float]]) -> None:
    limit = QueueWatch(most=most)
    admitted: list[int] = []
    now_s, tokens = 0.0, 0.0
    for what, running, waiting, share, passed_s in looks:
        now_s += passed_s
        tokens += running * passed_s
        before = limit.limit
        if what == "fill":
            while limit.free():
                admitted.append(limit.admit())
        elif what == "look":
            limit.observe(Gauges(running, waiting, share, float(waiting // 50), tokens), now_s)
        elif what in ("lag", "calm"):
            limit.lag(0.1 if what == "lag" else 0.0, now_s)
            assert limit.limit == before
        elif admitted:
            admitted_at = admitted.pop()
            limit.release()
            if what == "end":
                limit.succeed(now_s, 10)
                assert limit.limit >= before
            elif limit.refuse(admitted_at, now_s):
                assert admitted_at <= before
        assert 1 <= limit.limit <= most
        assert limit.in_flight == len(admitted)
