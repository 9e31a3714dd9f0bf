"""Several servers on virtual time: calls go where somebody answers, and a lane that goes down costs no attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from selfgen.core.ports import Model
from selfgen.core.work import Answered, Ask, CallId, Refused
from selfgen.errors import BadConfig, CallError, NoServer, NotAuthorised, Paused, SelfgenError, Transient
from selfgen.models.buckets import Buckets
from selfgen.models.lane import Lane, Look
from selfgen.models.throttle import Throttle
from tests.sites import Site, Town, all_good, make_ask
from tests.virtual_time import HOUR, now, run


def test_a_fleet_is_a_model() -> None:
    async def main() -> Model:
        return Town([Site("a"), Site("b")]).fleet

    assert run(main())


@pytest.mark.parametrize("lanes", [[], ["a", "a"]])
def test_a_fleet_needs_lanes_with_names_of_their_own(lanes: list[str]) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="name of its own"):
            Town([Site(name) for name in lanes])

    run(main())


@pytest.mark.parametrize("weight", [0.0, -1.0, float("inf"), float("nan")])
def test_a_weight_is_a_positive_number(weight: float) -> None:
    with pytest.raises(ValueError, match="weight above 0"):
        Lane("a", Site("a").send, Throttle(), weight)


def test_calls_are_shared_out_in_order() -> None:
    async def main() -> None:
        town = Town([Site("a"), Site("b")], limit=4)
        assert town.fleet.room() == 8
        assert all_good(await town.answer_all(40))
        assert now() == 5.0
        assert [site.asked for site in town.sites] == [20, 20]
        assert [site.most_in_flight for site in town.sites] == [4, 4]
        assert town.told == []
        assert town.fleet.state() == ""

    run(main())


def test_early_addresses_go_first() -> None:
    async def main() -> None:
        town = Town([Site("a"), Site("b")], limit=1)
        late = asyncio.create_task(town.answer_all(6, first=10))
        await asyncio.sleep(0.5)
        early = asyncio.create_task(town.answer_all(2))
        await asyncio.gather(late, early)
        order = [call.turn for call in town.books.sent]
        assert order == [10, 11, 0, 1, 12, 13, 14, 15]

    run(main())


def test_calls_go_by_outstanding_over_weight() -> None:
    async def main() -> None:
        town = Town([Site("a"), Site("b")], limit=64)
        town.lanes[0] = replace(town.lanes[0], weight=3.0)
        town.build()
        assert all_good(await town.answer_all(40))
        assert [site.asked for site in town.sites] == [30, 10]

    run(main())


def test_a_slow_server_gets_fewer_calls() -> None:
    async def main() -> None:
        town = Town([Site("slow", takes_s=9.0), Site("fast", takes_s=1.0)], limit=4)
        assert all_good(await town.answer_all(200))
        slow, fast = (site.asked for site in town.sites)
        assert 5 * slow < fast

    run(main())


# -- lanes that go and come


@pytest.mark.parametrize("mood", ["down", "broken", "busy", "silent"])
@pytest.mark.parametrize("look", [True, False])
def test_one_of_two_goes_away_and_comes_back(mood: str, look: bool) -> None:
    async def main() -> None:
        away = Site("http://a:8000", [(10.0, mood), (200.0, "up")], takes_s=2.0)
        town = Town([away, Site("http://b:8000", takes_s=4.0)], limit=4, look=look)
        task = asyncio.create_task(town.answer_all(450))
        await asyncio.sleep(100.0)
        row = town.fleet.lanes()[0]
        assert (row.state, row.in_flight) == ("held", 0)
        assert "http://a:8000:" in town.fleet.state()
        assert "http://b:8000:" not in town.fleet.state()
        assert away.asked < 40 + 30
        assert all_good(await task)
        assert town.kinds() == ["away", "back"]
        assert "http://a:8000" in town.told[0][1]
        assert "its calls go to the others" in town.told[0][1]
        assert "http://a:8000 is back after" in town.told[1][1]
        assert town.fleet.lanes()[0].state == "open"
        assert max(away.ask_times) > 230.0
        assert town.fleet.counters().gave_up == 0
        if look:
            assert away.most_looks_out == 1
            assert not [time for time in away.ask_times if 30.0 < time < 200.0]

    run(main())


def test_a_call_whose_lane_is_down_goes_elsewhere_at_once() -> None:
    async def main() -> None:
        town = Town([Site("a", [(0.0, "down")]), Site("b")], limit=4)
        assert all_good(await town.answer_all(8))
        assert now() == 2.0
        assert town.books.sent[CallId(0, 0, 0)] <= 2

    run(main())


def test_a_lane_that_is_down_costs_no_attempt_however_often() -> None:
    async def main() -> None:
        flaps = [(float(at), mood) for n in range(40) for at, mood in ((20 * n + 5, "broken"), (20 * n + 10, "up"))]
        town = Town([Site("a", flaps), Site("b", takes_s=3.0)], limit=2, own_attempts=3)
        results = await town.answer_all(600)
        assert all_good(results)
        assert town.fleet.counters().gave_up == 0

    run(main())


def test_a_poison_call_is_given_up_while_its_lanes_serve_others() -> None:
    async def main() -> None:
        def rule(ask: Ask) -> CallError | None:
            return Transient("500 it crashes the tokenizer") if ask.id.turn == 0 else None

        town = Town([Site("a", rule=rule), Site("b", rule=rule)], limit=2)
        results = await town.answer_all(800)
        assert isinstance(results[0], Refused)
        assert results[0].kind == "gave_up"
        assert all_good(results[1:])
        assert 12 <= town.books.sent[CallId(0, 0, 0)] <= 14
        assert town.kinds() == []

    run(main())


def test_a_poison_call_all_alone_is_found_out_by_canaries() -> None:
    async def main() -> None:
        town = Town([Site("a", rule=lambda ask: Transient("500"))], limit=1)
        results = await town.answer_all(1)
        assert isinstance(results[0], Refused)
        assert results[0].kind == "gave_up"
        assert now() < 600
        assert town.sites[0].looks >= 7

    run(main())


def test_all_down_is_a_hold_and_no_failure() -> None:
    async def main() -> None:
        sites = [Site("a", [(10.0, "down"), (3000.0, "up")]), Site("b", [(20.0, "broken"), (3200.0, "up")])]
        town = Town(sites, limit=2)
        task = asyncio.create_task(town.answer_all(900))
        await asyncio.sleep(1500.0)
        assert not task.done()
        assert town.fleet.room() == 0
        assert "a: server away" in town.fleet.state()
        assert "b: server away" in town.fleet.state()
        assert all_good(await task)
        assert [kind for kind in town.kinds() if kind != "slow"] == ["away", "away", "back", "back"]
        assert "no server answers; waiting, next try in" in town.told[1][1]
        assert town.fleet.counters().sent < 900 + 20

    run(main())


def test_a_lane_may_stay_away_for_longer_than_patience_while_another_serves() -> None:
    async def main() -> None:
        town = Town([Site("a", [(10.0, "down")]), Site("b", takes_s=60.0)], limit=2)
        assert all_good(await town.answer_all(200))
        assert now() > 1.4 * HOUR
        assert town.kinds() == ["away"]

    run(main())


@pytest.mark.parametrize("look", [True, False])
def test_patience_counts_from_when_the_last_lane_went(look: bool) -> None:
    async def main() -> None:
        sites = [Site("a", [(10.0, "down")]), Site("b", [(1000.0, "down")], takes_s=9.0)]
        town = Town(sites, limit=2, look=look)
        results = await town.answer_all(400)
        ends = [result for result in results if not isinstance(result, Answered)]
        assert {type(end) for end in ends} == {Paused}
        assert 1000 + HOUR <= now() <= 1000 + HOUR + 31
        assert "All 2 servers have been away for 1 h" in str(ends[0])
        assert "a: Connection refused." in str(ends[0])
        assert "b: Connection refused." in str(ends[0])
        assert town.fleet.room() == 0
        assert sites[0].looks + sites[0].asked < 10 + 20 + 5000 / 30 + 20  # never a hot loop

    run(main())


def test_servers_that_were_never_there_are_not_waited_for_long() -> None:
    async def main() -> None:
        town = Town([Site("a", [(0.0, "down")]), Site("b", [(0.0, "down")])])
        results = await town.answer_all(3)
        assert {type(result) for result in results} == {NoServer}
        assert 60 <= now() < 91

    run(main())


def test_an_end_that_nobody_waited_for_is_still_heard() -> None:
    async def main() -> None:
        town = Town([Site("a", [(5.0, "down")])], limit=1)
        assert all_good(await town.answer_all(2))
        await asyncio.sleep(6.0)
        task = asyncio.create_task(town.fleet.answer(make_ask(9)))
        await asyncio.sleep(60.0)
        assert (town.kinds(), town.fleet.room()) == (["away"], 0)
        task.cancel()
        await asyncio.sleep(2 * HOUR)
        assert town.fleet.room() == 1
        with pytest.raises(Paused):
            await town.fleet.answer(make_ask(10))
        assert town.fleet.room() == 0

    run(main())


def test_a_lane_that_passes_canaries_and_fails_calls_is_away_all_the_same() -> None:
    async def main() -> None:
        site = Site("a", rule=lambda ask: Transient("500 grammar") if now() > 20 else None)
        town = Town([site], limit=8, own_attempts=10**6)
        results = await town.answer_all(400)
        assert sum(isinstance(result, Answered) for result in results) == 160
        assert {type(result) for result in results[160:]} == {Paused}
        assert HOUR < now() < 2 * HOUR

    run(main())


# -- who answers


def test_another_model_behind_the_same_address_stops_the_run() -> None:
    async def main() -> None:
        site = Site("http://a:8000", [(10.0, "down"), (60.0, "up")])
        town = Town([site, Site("http://b:8000")], limit=2)
        town.build(known=site.who)
        task = asyncio.create_task(town.answer_all(500))
        await asyncio.sleep(30.0)
        site.who = Look("other", "/models/other", 4096, "build-1")
        ends = [result for result in await task if not isinstance(result, Answered)]
        assert {type(end) for end in ends} == {BadConfig}
        assert "http://a:8000 serves another model than before: the model was m, now it is other" in str(ends[0])
        assert "The same command continues" in str(ends[0])
        assert not [time for time in site.ask_times if time >= 60.0]  # it was asked for nothing
        assert now() < 120

    run(main())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"root": "/models/tuned"}, "m was /models/m, now it is /models/tuned"),
        ({"max_model_len": 2048}, "m took 4096 tokens, now it takes 2048"),
    ],
)
def test_other_weights_or_another_context_are_another_model(change: dict[str, Any], said: str) -> None:
    before = Look("m", "/models/m", 4096, "build-1")
    assert before.differs(replace(before, **change)) == said
    assert before.differs(replace(before, fingerprint="build-2")) == ""
    assert before.differs(Look("m")) == ""
    assert Look("m").differs(before) == ""


def test_the_first_canary_is_believed_and_the_second_compared() -> None:
    async def main() -> None:
        site = Site("a", [(10.0, "down"), (20.0, "up"), (60.0, "down"), (70.0, "up")])
        town = Town([site], limit=2)
        task = asyncio.create_task(town.answer_all(500))
        await asyncio.sleep(65.0)
        assert not task.done()
        site.who = replace(site.who, max_model_len=8192)
        results = await task
        assert {type(result) for result in results if not isinstance(result, Answered)} == {BadConfig}

    run(main())


def test_a_new_fingerprint_is_told_and_the_run_goes_on() -> None:
    async def main() -> None:
        site = Site("a", [(10.0, "down"), (60.0, "up"), (90.0, "down"), (100.0, "up")])
        town = Town([site], limit=2)
        town.build(known=site.who)
        site.who = replace(site.who, fingerprint="build-2")
        assert all_good(await town.answer_all(200))
        assert town.kinds() == ["away", "changed", "back", "away", "back"]
        assert "build-2, before build-1" in town.told[1][1]

    run(main())


def test_a_new_name_in_answers_is_told_once_where_the_model_is_the_same() -> None:
    async def main() -> None:
        site = Site("a")
        town = Town([site], limit=2)
        town.build(known=site.who)
        task = asyncio.create_task(town.answer_all(60))
        await asyncio.sleep(10.0)
        site.signed = "m-2026-08-01"
        assert all_good(await task)
        assert town.told == [("changed", "a signs answers as m-2026-08-01, before as m")]
        assert site.looks == 1

    run(main())


def test_a_new_name_and_another_model_stop_the_run_before_an_answer_is_taken() -> None:
    async def main() -> None:
        site = Site("a")
        town = Town([site], limit=2)
        town.build(known=site.who)
        task = asyncio.create_task(town.answer_all(60))
        await asyncio.sleep(10.0)
        site.signed, site.who = "other", Look("other", "", None, "")
        results = await task
        assert {result.model for result in results if isinstance(result, Answered)} == {"m"}
        assert {type(result) for result in results if not isinstance(result, Answered)} == {BadConfig}

    run(main())


# -- what lasts


@pytest.mark.parametrize(("mood", "end"), [("no_key", NotAuthorised), ("no_model", BadConfig), ("empty", Paused)])
def test_what_lasts_closes_one_lane_and_ends_the_run_on_all(mood: str, end: type[SelfgenError]) -> None:
    async def main() -> None:
        town = Town([Site("a", [(5.0, mood)]), Site("b", [(50.0, mood)])], limit=2)
        task = asyncio.create_task(town.answer_all(400))
        await asyncio.sleep(30.0)
        assert town.kinds() == ["closed"]
        assert "a is closed until the next start, the others go on." in town.told[0][1]
        assert town.fleet.lanes()[0].state == "closed"
        assert town.fleet.state().startswith("a: closed: 40")
        assert town.fleet.counters().limit == 2
        results = await task
        ends = [result for result in results if not isinstance(result, Answered)]
        assert {type(each) for each in ends} == {end}
        assert "a: 40" in str(ends[0])
        assert "b: 40" in str(ends[0])
        assert max(town.sites[0].ask_times) < 7.0
        assert town.sites[0].looks == 0

    run(main())


def test_a_key_and_a_quota_on_two_lanes_pause_the_run() -> None:
    async def main() -> None:
        town = Town([Site("a", [(5.0, "empty")]), Site("b", [(9.0, "no_key")])], limit=2)
        results = await town.answer_all(100)
        assert {type(result) for result in results if not isinstance(result, Answered)} == {Paused}

    run(main())


def test_a_lane_that_refuses_what_others_accept_does_not_swallow_the_calls() -> None:
    async def main() -> None:
        town = Town([Site("a", [(0.0, "refusing")], takes_s=0.01), Site("b", takes_s=5.0)], limit=2)
        assert all_good(await town.answer_all(100))
        assert town.kinds() == ["closed"]
        assert "It refuses calls that others accept: 400 unknown parameter" in town.told[0][1]

    run(main())


def test_a_call_that_all_lanes_refuse_is_refused() -> None:
    async def main() -> None:
        def rule(ask: Ask) -> Refused | None:
            return Refused(ask.id, "context_length", "400 too long") if ask.id.turn % 5 == 0 else None

        town = Town([Site("a", rule=rule), Site("b", rule=rule)], limit=2)
        results = await town.answer_all(100)
        assert [isinstance(result, Refused) for result in results] == [turn % 5 == 0 for turn in range(100)]
        assert town.told == []
        assert sum(town.books.sent.values()) < 105  # second opinions are for lanes that have accepted nothing

    run(main())


def test_when_every_lane_refuses_every_first_call_the_set_up_is_wrong() -> None:
    async def main() -> None:
        town = Town([Site("a", [(0.0, "refusing")]), Site("b", [(0.0, "refusing")])], limit=2)
        results = await town.answer_all(20)
        assert {type(result) for result in results} == {BadConfig}

    run(main())


# -- our own limits


def test_our_own_limit_is_not_blamed_on_the_server() -> None:
    async def main() -> None:
        town = Town([Site("a", [(5.0, "files"), (40.0, "up")])], limit=8)
        throttle = Throttle(start=8, most=8)
        town.build(limit=throttle)
        task = asyncio.create_task(town.answer_all(200))
        await asyncio.sleep(20.0)
        assert town.fleet.lanes()[0].state == "open"
        assert throttle.cuts > 0
        assert all_good(await task)
        assert town.kinds() == ["client"]
        assert "Too many open files" in town.told[0][1]
        assert town.fleet.counters().longest_hold_s == 0.0

    run(main())


# -- buckets


def test_requests_a_minute_pace_a_lane_and_the_others_take_what_it_cannot() -> None:
    async def main() -> None:
        town = Town([Site("a"), Site("b")], limit=64)
        town.lanes[0] = replace(town.lanes[0], buckets=Buckets(rpm=60))
        town.lanes[1] = replace(town.lanes[1], limit=Throttle(start=2, most=2, fixed=True))
        town.build()
        assert all_good(await town.answer_all(400))
        paced, free = town.sites
        assert 120 <= now() <= 150
        minutes = [sum(start <= time < start + 60 for time in paced.ask_times) for start in range(0, 120, 10)]
        assert max(minutes) <= 60 + 3
        assert free.asked > 230

    run(main())


def test_tokens_are_reserved_and_settled() -> None:
    async def main() -> None:
        town = Town([Site("a")], limit=64)
        town.lanes[0] = replace(town.lanes[0], buckets=Buckets(tpm=1500))
        town.build()
        assert all_good(await town.answer_all(100))  # each reserves 8 and a bit, and uses 15
        assert 100 * 15 / 1500 * 60 - 10 < now() < 100 * 15 / 1500 * 60 + 10

    run(main())


def test_a_silence_that_one_lane_asks_for_is_its_own() -> None:
    async def main() -> None:
        town = Town([Site("a", [(5.0, "busy_20"), (6.5, "up")]), Site("b")], limit=2)
        assert all_good(await town.answer_all(100))
        paused = [time for time in town.sites[0].ask_times if 6.5 < time < 26.0]
        assert paused == []
        assert max(town.sites[0].ask_times) >= 26.0
        assert len([time for time in town.sites[1].ask_times if 6.5 < time < 26.0]) >= 36

    run(main())


# -- rows and ends


def test_a_pinned_number_is_shared_out_by_weight_and_taken_up_at_once() -> None:
    async def main() -> None:
        town = Town([Site("a"), Site("b")])
        heavy, light = Throttle(start=1, most=64), Throttle(start=1, most=64)
        town.lanes = [
            replace(town.lanes[0], limit=heavy, weight=3.0),
            replace(town.lanes[1], limit=light),
        ]
        fleet = town.build()
        task = asyncio.create_task(town.answer_all(100))
        await asyncio.sleep(0.5)
        fleet.pin(16)
        await asyncio.sleep(0.1)
        assert (heavy.limit, light.limit, fleet.counters().in_flight) == (12, 4, 16)
        fleet.pin(1)
        assert (heavy.limit, light.limit) == (1, 1)
        fleet.pin(None)
        assert all_good(await task)
        assert heavy.limit > 1

    run(main())


def test_rows_tell_what_each_lane_does() -> None:
    async def main() -> None:
        town = Town([Site("a"), Site("b")], limit=4)
        task = asyncio.create_task(town.answer_all(2000))
        await asyncio.sleep(90.5)
        rows = town.fleet.lanes()
        assert [row.name for row in rows] == ["a", "b"]
        assert [(row.state, row.in_flight, row.limit, row.why) for row in rows] == [("open", 4, 4, "")] * 2
        assert rows[0].answered == 90 * 4
        assert rows[0].tokens_s == pytest.approx(4 * 5, rel=0.05)
        counters = town.fleet.counters()
        assert (counters.sent, counters.answered, counters.in_flight) == (91 * 8, 90 * 8, 8)
        await task
        assert town.fleet.lanes()[1].sent == 1000

    run(main())


def test_closing_leaves_no_task_behind() -> None:
    async def main() -> list[str]:
        closed: list[str] = []

        def closing(name: str, fail: bool) -> Callable[[], Any]:
            async def close() -> None:
                closed.append(name)
                if fail:
                    raise OSError("no")

            return close

        async def metrics() -> str | None:
            return None

        town = Town([Site("a", [(0.0, "down")]), Site("b", [(0.0, "hung")])])
        town.lanes = [replace(lane, close=closing(lane.name, lane.name == "a"), metrics=metrics) for lane in town.lanes]
        fleet = town.build()
        task = asyncio.create_task(fleet.answer(make_ask(0)))
        await asyncio.sleep(200.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with pytest.raises(OSError, match="no"):
            await fleet.aclose()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return closed

    assert run(main()) == ["a", "b"]
