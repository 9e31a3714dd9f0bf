"""The endpoint on virtual time: hours of overload and outage pass in milliseconds, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.ports import Model
from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Sampling, Usage
from selfgen.errors import (
    Ambiguous,
    BadConfig,
    CallError,
    CallRejected,
    KeyRefused,
    NoServer,
    NotAuthorised,
    Overloaded,
    Paused,
    QuotaUsedUp,
    SelfgenError,
    Transient,
)
from selfgen.models.faults import Unreachable
from selfgen.models.hold import Policy
from selfgen.models.retry import Endpoint
from selfgen.models.throttle import Throttle
from tests.virtual_time import HOUR, now, run


def make_ask(turn: int) -> Ask:
    return Ask(CallId(turn, 0, 0), "propose", (Message("user", str(turn)),), Sampling(1, 1, 8), 0, None, "")


def good(ask: Ask) -> Answered:
    return Answered(ask.id, f"answer {ask.id}", "stop", Usage(), "m", ask.prompt_digest)


class World:
    """A server that follows a rule: the rule sees the call, and how often it was asked, and raises or returns None."""

    def __init__(self, rule: Callable[[Ask, int], CallError | Refused | None], takes_s: float = 1.0) -> None:
        self.rule, self.takes_s = rule, takes_s
        self.asked: Counter[CallId] = Counter()
        self.times: list[float] = []
        self.in_flight = self.most_in_flight = 0

    async def send(self, ask: Ask) -> Answered | Refused:
        self.asked[ask.id] += 1
        self.times.append(now())
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            outcome = self.rule(ask, self.asked[ask.id])
            if isinstance(outcome, Unreachable):
                raise outcome
            await asyncio.sleep(self.takes_s)
            if isinstance(outcome, CallError):
                raise outcome
            return outcome or good(ask)
        finally:
            self.in_flight -= 1


def make_endpoint(send: Callable[[Ask], Awaitable[Answered | Refused]], limit: int = 8, **more: Any) -> Endpoint:
    policy = Policy(**more)
    return Endpoint(send, throttle=Throttle(start=limit, most=limit), policy=policy, clock=now, jitter=lambda: 0.5)


async def answer_all(endpoint: Endpoint, calls: int) -> list[Answered | Refused | BaseException]:
    tasks = [asyncio.create_task(endpoint.answer(make_ask(turn))) for turn in range(calls)]
    return list(await asyncio.gather(*tasks, return_exceptions=True))


def all_good(results: list[Answered | Refused | BaseException]) -> bool:
    return [getattr(result, "text", None) for result in results] == [
        f"answer {turn}.0.0" for turn in range(len(results))
    ]


def test_an_endpoint_is_a_model() -> None:
    async def main() -> Model:
        return make_endpoint(World(lambda ask, nth: None).send)

    assert run(main())


def test_calls_are_answered_within_the_limit_in_order() -> None:
    async def main() -> None:
        world = World(lambda ask, nth: None)
        endpoint = make_endpoint(world.send, limit=4)
        assert endpoint.room() == 4
        assert all_good(await answer_all(endpoint, 20))
        assert world.most_in_flight == 4
        assert list(world.asked) == [CallId(turn, 0, 0) for turn in range(20)]
        assert now() == 5.0
        counters = endpoint.counters()
        assert (counters.sent, counters.answered, counters.in_flight, counters.waiting) == (20, 20, 0, 0)
        assert endpoint.state() == ""

    run(main())


@pytest.mark.parametrize("retry_after_s", [None, 0.0, 20.0])
def test_three_hours_of_overload_lose_nothing(retry_after_s: float | None) -> None:
    async def main() -> None:
        world = World(lambda ask, nth: Overloaded("busy", retry_after_s=retry_after_s) if now() < 3 * HOUR else None)
        endpoint = make_endpoint(world.send)
        task = asyncio.create_task(answer_all(endpoint, 40))
        await asyncio.sleep(HOUR)
        assert "asks us to wait" in endpoint.state()
        assert endpoint.counters().limit == 1
        assert all_good(await task)
        assert 3 * HOUR < now() < 3 * HOUR + 200
        counters = endpoint.counters()
        assert counters.maybe_billed == counters.transient == counters.gave_up == 0
        assert counters.longest_hold_s > 2.9 * HOUR
        assert counters.overloaded < 700  # a busy server is not pestered: about one call in 30 s
        assert endpoint.state() == ""

    run(main())


def test_retry_after_silences_the_whole_endpoint() -> None:
    async def main() -> None:
        busy = Overloaded("busy", retry_after_s=100.0)
        world = World(lambda ask, nth: busy if ask.id.turn == 0 and nth == 1 else None, takes_s=0.5)
        endpoint = make_endpoint(world.send, limit=1)
        assert all_good(await answer_all(endpoint, 5))
        assert world.times[0] == 0.0
        assert world.times[1] == 100.5
        assert world.asked[CallId(0, 0, 0)] == 2

    run(main())


def test_an_overload_sleeps_without_a_slot() -> None:
    async def main() -> None:
        world = World(lambda ask, nth: Overloaded("busy") if ask.id.turn == 0 and nth < 8 else None, takes_s=0.01)
        endpoint = make_endpoint(world.send, limit=1)
        results = [asyncio.create_task(endpoint.answer(make_ask(turn))) for turn in range(50)]
        await asyncio.gather(*results[1:])
        assert now() < 2.0
        assert not results[0].done()
        await results[0]

    run(main())


def outage(begin_s: float, end_s: float, error: Callable[[], CallError]) -> Callable[[Ask, int], CallError | None]:
    return lambda ask, nth: error() if begin_s <= now() < end_s else None


@pytest.mark.parametrize("error", [Transient, Ambiguous, Unreachable])
def test_an_outage_is_waited_out_and_uses_no_attempt_up(error: type[CallError]) -> None:
    async def main() -> None:
        world = World(outage(10.0, 3000.0, lambda: error("gone")))
        endpoint = make_endpoint(world.send)
        task = asyncio.create_task(answer_all(endpoint, 160))
        await asyncio.sleep(1500.0)
        assert "server away for" in endpoint.state()
        assert "gone" in endpoint.state()
        assert endpoint.counters().in_flight <= 1  # one probe at a time
        assert endpoint.room() == 0
        sent = endpoint.counters().sent
        assert all_good(await task)
        assert now() < 3000.0 + 60.0
        assert sent < 160 + 80  # probes come 30 s apart
        counters = endpoint.counters()
        assert counters.gave_up == 0
        assert 2900 < counters.longest_hold_s < 3100
        assert counters.maybe_billed == (counters.transient if error is Ambiguous else 0)
        assert counters.transient > 0

    run(main())


def test_patience_ends_in_a_pause_that_all_hear() -> None:
    async def main() -> None:
        world = World(outage(10.0, 9 * HOUR, lambda: Unreachable("refused")))
        endpoint = make_endpoint(world.send)
        results = await answer_all(endpoint, 200)
        assert sum(isinstance(result, Answered) for result in results) == 80
        assert {type(result) for result in results[80:]} == {Paused}
        assert 10 + HOUR <= now() < 10 + HOUR + 31
        assert endpoint.room() == 0
        assert "away for 1 h" in endpoint.state()
        with pytest.raises(Paused, match="continues"):
            await endpoint.answer(make_ask(999))

    run(main())


def test_a_server_that_was_never_there_is_not_waited_for_long() -> None:
    async def main() -> None:
        endpoint = make_endpoint(World(outage(0, 9 * HOUR, lambda: Unreachable("refused"))).send)
        results = await answer_all(endpoint, 3)
        assert {type(result) for result in results} == {NoServer}
        assert 60.0 <= now() < 61.0
        assert "--base-url" in str(results[0])

    run(main())


def test_a_server_that_starts_late_is_waited_for() -> None:
    async def main() -> None:
        endpoint = make_endpoint(World(outage(0, 50.0, lambda: Unreachable("refused"))).send)
        assert all_good(await answer_all(endpoint, 3))
        assert now() <= 63.0

    run(main())


def test_an_overload_too_has_its_patience() -> None:
    async def main() -> None:
        endpoint = make_endpoint(World(lambda ask, nth: Overloaded("busy")).send)
        results = await answer_all(endpoint, 3)
        assert {type(result) for result in results} == {Paused}
        assert "too busy for 6 h" in str(results[0])

    run(main())


@pytest.mark.parametrize(
    ("problem", "expected", "todo"),
    [
        (KeyRefused("no"), NotAuthorised, "key"),
        (CallRejected("no"), BadConfig, "--model"),
        (CallRejected("no", todo="Models: a, b"), BadConfig, "a, b"),
        (QuotaUsedUp("empty"), Paused, "continues"),
    ],
)
def test_what_lasts_ends_the_run_at_once(problem: CallError, expected: type[SelfgenError], todo: str) -> None:
    async def main() -> None:
        world = World(lambda ask, nth: problem if ask.id.turn == 3 else None)
        endpoint = make_endpoint(world.send, limit=4)
        results = await answer_all(endpoint, 20)
        assert isinstance(results[3], expected)
        assert todo in str(results[3])
        assert all(isinstance(result, Answered) for result in results[:3])  # in flight at that moment: still counted
        assert {type(result) for result in results[4:]} == {expected}
        assert sum(world.asked.values()) == 4

    run(main())


def poison(ask: Ask, nth: int) -> CallError | None:
    return Transient("500 it crashes the tokenizer") if ask.id.turn == 0 else None


def test_a_poison_call_is_given_up_while_others_go_on() -> None:
    async def main() -> None:
        world = World(poison, takes_s=0.1)
        endpoint = make_endpoint(world.send, limit=2)
        task = asyncio.create_task(endpoint.answer(make_ask(0)))
        turn = 0
        while not task.done():
            turn += 1
            assert isinstance(await endpoint.answer(make_ask(turn)), Answered)
        result = task.result()
        assert isinstance(result, Refused)
        assert result.kind == "gave_up"
        assert "it crashes the tokenizer" in result.detail
        assert world.asked[CallId(0, 0, 0)] == 12
        assert endpoint.counters().gave_up == 1
        assert endpoint.counters().canaries == 0

    run(main())


def test_a_poison_call_that_is_all_alone_is_found_out_by_canaries() -> None:
    async def main() -> None:
        world = World(poison, takes_s=0.1)
        endpoint = make_endpoint(world.send, limit=1)
        result = await endpoint.answer(make_ask(0))
        assert isinstance(result, Refused)
        assert result.kind == "gave_up"
        assert world.asked[CallId(0, 0, 0)] == 16  # 5 that prove nothing against it but 1, and 11 after a canary each
        assert endpoint.counters().canaries == 11
        assert now() < 600
        assert isinstance(await endpoint.answer(make_ask(1)), Answered)

    run(main())


def test_an_outage_is_never_blamed_on_a_call() -> None:
    async def main() -> None:
        world = World(outage(0.0, 3000.0, lambda: Transient("500")))
        endpoint = make_endpoint(world.send, limit=1)
        assert isinstance(await endpoint.answer(make_ask(0)), Answered)
        assert endpoint.counters().transient > 100

    run(main())


def test_a_poison_call_does_not_keep_a_held_endpoint_shut() -> None:
    async def main() -> None:
        world = World(lambda ask, nth: poison(ask, nth) or outage(1.0, 300.0, lambda: Transient("500"))(ask, nth))
        endpoint = make_endpoint(world.send, limit=2)
        results = await answer_all(endpoint, 30)
        assert isinstance(results[0], Refused)
        assert all(isinstance(result, Answered) for result in results[1:])
        assert 300 < now() < 1500

    run(main())


def test_a_held_endpoint_is_not_probed_by_the_worst_call_alone() -> None:
    async def main() -> None:
        world = World(lambda ask, nth: poison(ask, nth) or outage(1.0, 100.0, lambda: Transient("500"))(ask, nth))
        endpoint = make_endpoint(world.send, limit=2, canary_after=10**6)
        tasks = [asyncio.create_task(endpoint.answer(make_ask(turn))) for turn in range(30)]
        results = await asyncio.gather(*tasks[1:])
        assert all(isinstance(result, Answered) for result in results)
        assert now() < 200.0
        tasks[0].cancel()

    run(main())


def test_a_failed_canary_is_no_failure_of_the_call_behind_it() -> None:
    async def main() -> None:
        asked: Counter[int] = Counter()
        others: list[asyncio.Task[Answered | Refused]] = []

        async def send(ask: Ask) -> Answered | Refused:
            asked[ask.id.turn] += 1
            if ask.id.turn <= 0:  # the poison call and the canaries fail, each while another call succeeds
                others.append(asyncio.create_task(endpoint.answer(make_ask(len(others) + 1))))
                await asyncio.sleep(1.0)
                raise Transient("500")
            await asyncio.sleep(0.1)
            return good(ask)

        endpoint = make_endpoint(send, limit=2)
        result = await endpoint.answer(make_ask(0))
        assert isinstance(result, Refused)
        assert asked[0] == 12
        assert asked[-1] == endpoint.counters().canaries > 0
        await asyncio.gather(*others)

    run(main())


def test_a_server_that_spoke_once_is_waited_for_longer_when_it_goes() -> None:
    async def main() -> None:
        world = World(
            lambda ask, nth: Transient("502") if nth == 1 else outage(0, 900, lambda: Unreachable("no"))(ask, 1)
        )
        endpoint = make_endpoint(world.send)
        assert all_good(await answer_all(endpoint, 3))
        assert now() > 900.0

    run(main())


def test_calls_that_were_in_flight_when_the_server_went_do_not_put_the_first_probe_off() -> None:
    async def main() -> None:
        world = World(outage(0.0, 0.5, lambda: Transient("500")))
        endpoint = make_endpoint(world.send, limit=8)
        assert all_good(await answer_all(endpoint, 8))
        assert world.times[:9] == [0.0] * 8 + [1.25]

    run(main())


def test_one_refused_connection_is_proof_enough() -> None:
    async def main() -> None:
        world = World(outage(0.0, 0.2, lambda: Unreachable("refused")))
        endpoint = make_endpoint(world.send, limit=1)
        assert all_good(await answer_all(endpoint, 4))
        assert world.times[:2] == [0.0, 0.25]

    run(main())


# -- first refusals


def refused(ask: Ask) -> Refused:
    return Refused(ask.id, "invalid_request", "400 max_tokens is too large")


def test_when_all_first_calls_are_refused_the_set_up_is_wrong() -> None:
    async def main() -> None:
        world = World(lambda ask, nth: refused(ask))
        endpoint = make_endpoint(world.send, limit=8)
        results = await answer_all(endpoint, 20)
        assert {type(result) for result in results} == {BadConfig}
        assert "max_tokens is too large" in str(results[0])

    run(main())


def test_refused_prompts_among_good_ones_are_refused() -> None:
    async def main() -> None:
        world = World(lambda ask, nth: refused(ask) if ask.id.turn < 5 else None)
        endpoint = make_endpoint(world.send, limit=8)
        results = await answer_all(endpoint, 20)
        assert [type(result) for result in results] == [Refused] * 5 + [Answered] * 15

    run(main())


def test_one_at_a_time_the_third_refusal_decides() -> None:
    async def main() -> None:
        endpoint = make_endpoint(World(lambda ask, nth: refused(ask)).send, limit=1)
        assert isinstance(await endpoint.answer(make_ask(0)), Refused)
        assert isinstance(await endpoint.answer(make_ask(1)), Refused)
        with pytest.raises(BadConfig, match="first 3 calls"):
            await endpoint.answer(make_ask(2))

    run(main())


def test_a_content_filter_is_no_doubt_about_the_set_up() -> None:
    async def main() -> None:
        endpoint = make_endpoint(World(lambda ask, nth: Refused(ask.id, "content_filter", "no")).send)
        results = await answer_all(endpoint, 10)
        assert {type(result) for result in results} == {Refused}

    run(main())


# -- cancelling, silence


def test_a_cancelled_call_gives_its_slot_back_wherever_it_was() -> None:
    async def main() -> None:
        world = World(lambda ask, nth: Transient("500") if ask.id.turn == 9 else None, takes_s=10.0)
        endpoint = make_endpoint(world.send, limit=2)
        tasks = [asyncio.create_task(endpoint.answer(make_ask(turn))) for turn in (9, 1, 2, 3)]
        await asyncio.sleep(10.1)  # 9 backs off, 1 is answered, 2 and 3 are in flight
        waiting = [asyncio.create_task(endpoint.answer(make_ask(turn))) for turn in (4, 5)]
        await asyncio.sleep(0)
        assert endpoint.counters().in_flight == 2
        assert endpoint.counters().waiting == 2
        for task in [tasks[0], tasks[2], waiting[0]]:
            task.cancel()
        results = await asyncio.gather(*tasks, *waiting, return_exceptions=True)
        kinds = [type(result) for result in results]
        gone = asyncio.CancelledError
        assert kinds == [gone, Answered, gone, Answered, gone, Answered]
        counters = endpoint.counters()
        assert (counters.in_flight, counters.waiting, endpoint.room()) == (0, 0, 2)

    run(main())


def test_a_call_cancelled_in_the_moment_of_its_turn_leaks_nothing() -> None:
    async def main() -> None:
        world = World(lambda ask, nth: None)
        endpoint = make_endpoint(world.send, limit=1)
        first = asyncio.create_task(endpoint.answer(make_ask(0)))
        second = asyncio.create_task(endpoint.answer(make_ask(1)))
        first.add_done_callback(lambda _: second.cancel())
        await first
        await asyncio.gather(second, return_exceptions=True)
        assert second.cancelled()
        assert isinstance(await asyncio.wait_for(endpoint.answer(make_ask(2)), 5.0), Answered)

    run(main())


def test_silence_is_mentioned() -> None:
    async def main() -> None:
        endpoint = make_endpoint(World(lambda ask, nth: None, takes_s=500.0).send, limit=3)
        task = asyncio.create_task(answer_all(endpoint, 3))
        await asyncio.sleep(59.0)
        assert endpoint.state() == ""
        await asyncio.sleep(100.0)
        assert endpoint.state() == "no answer for 2 min, 3 calls in flight"
        assert all_good(await task)

    run(main())


def test_closing_closes_the_client_and_sets_no_alarm() -> None:
    async def main() -> list[str]:
        closed: list[str] = []

        async def close() -> None:
            closed.append("client")

        world = World(outage(0.0, HOUR, lambda: Unreachable("refused")))
        endpoint = Endpoint(world.send, throttle=Throttle(), clock=now, close=close)
        task = asyncio.create_task(endpoint.answer(make_ask(0)))
        await asyncio.sleep(5.0)
        task.cancel()
        await endpoint.aclose()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task(), task} - {task if task.done() else None}
        return closed

    assert run(main()) == ["client"]


FAULTS: list[Callable[[], CallError | None]] = [
    lambda: None,
    lambda: Transient("500"),
    lambda: Ambiguous("slow"),
    lambda: Unreachable("refused"),
    lambda: Overloaded("busy"),
    lambda: Overloaded("busy", retry_after_s=3.0),
]


@settings(max_examples=60, deadline=None)
@given(
    fates=st.lists(st.integers(0, len(FAULTS) - 1), max_size=60),
    calls=st.integers(1, 25),
    limit=st.integers(1, 10),
    cancelled=st.sets(st.integers(0, 24), max_size=5),
)
def test_any_storm_that_ends_leaves_every_call_answered_once(
    fates: list[int], calls: int, limit: int, cancelled: set[int]
) -> None:
    async def main() -> None:
        storm = iter(fates)
        world = World(lambda ask, nth: FAULTS[next(storm, 0)](), takes_s=0.5)
        endpoint = make_endpoint(world.send, limit=limit, first_patience_s=HOUR)
        tasks = [asyncio.create_task(endpoint.answer(make_ask(turn))) for turn in range(calls)]
        await asyncio.sleep(0.7)
        for turn in cancelled & set(range(calls)):
            tasks[turn].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for turn, result in enumerate(results):
            assert isinstance(result, Answered) or (turn in cancelled and isinstance(result, asyncio.CancelledError))
        await asyncio.sleep(0)
        counters = endpoint.counters()
        assert (counters.in_flight, counters.waiting) == (0, 0)
        assert world.most_in_flight <= limit
        assert counters.sent + counters.canaries == sum(world.asked.values())
        assert endpoint.state() == "" or "wait" in endpoint.state() or "away" in endpoint.state()

    run(main())
