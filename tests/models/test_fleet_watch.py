"""What goes on beside the calls: the watchdog, metrics, and the lag of this process."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from selfgen.core.work import Answered, Ask, Refused, Usage
from selfgen.errors import BadConfig, KeyRefused, NotAuthorised, Paused, Transient
from selfgen.models.fleet import Fleet
from selfgen.models.gauges import Gauges
from selfgen.models.lane import Lane, Look
from selfgen.models.throttle import Throttle
from tests.sites import Site, Town, all_good, make_ask
from tests.virtual_time import HOUR, now, run


class Ear(Throttle):
    """A real limit that writes down what it hears."""

    def __init__(self) -> None:
        super().__init__(start=4, most=4, fixed=True)
        self.heard: list[tuple[float, Gauges]] = []
        self.lags: list[float] = []

    def observe(self, gauges: Gauges, now_s: float) -> None:
        self.heard.append((now_s, gauges))

    def lag(self, seconds: float, now_s: float) -> None:
        self.lags.append(seconds)


# -- the watchdog


def test_a_hung_lane_is_found_and_its_calls_are_asked_elsewhere() -> None:
    async def main() -> None:
        town = Town([Site("a", [(50.0, "hung"), (700.0, "up")], takes_s=4.0), Site("b", takes_s=4.0)], limit=4)
        task = asyncio.create_task(town.answer_all(800))
        await asyncio.sleep(400.0)
        assert town.kinds() == ["watchdog"]
        assert town.told[0][1].startswith("a sent no answer for 3 min and fails a test call too; 4 calls in flight")
        assert town.fleet.lanes()[0].in_flight == 0
        assert town.fleet.counters().maybe_billed == 4
        assert all_good(await task)
        assert town.kinds() == ["watchdog", "back"]
        assert max(town.sites[0].ask_times) >= 700.0
        assert town.sites[0].most_looks_out == 1
        counts = town.books.sent.values()
        assert sorted(counts)[-5:] == [1, 2, 2, 2, 2]
        assert town.books.twice_at_once == []

    run(main())


def test_the_only_lane_hangs_and_everything_goes_on_after_it_wakes() -> None:
    async def main() -> None:
        town = Town([Site("a", [(50.0, "hung"), (900.0, "up")])], limit=4)
        task = asyncio.create_task(town.answer_all(400))
        await asyncio.sleep(600.0)
        assert "server away" in town.fleet.state()
        assert "A test call got no answer within 30 s." in town.fleet.state()
        assert all_good(await task)
        assert town.fleet.counters().gave_up == 0
        assert now() < 960.0 + 60.0
        assert town.sites[0].looks < 40

    run(main())


def test_a_hung_lane_that_never_wakes_ends_in_a_pause() -> None:
    async def main() -> None:
        town = Town([Site("a", [(50.0, "hung")])], limit=4)
        results = await town.answer_all(400)
        assert {type(result) for result in results if not isinstance(result, Answered)} == {Paused}
        assert 50 + 180 + HOUR <= now() < 50 + 180 + HOUR + 120

    run(main())


def test_a_lane_that_is_held_already_gives_its_hung_calls_back_too() -> None:
    async def main() -> None:
        site = Site("a", [(60.0, "down"), (700.0, "up")])
        town = Town([site], limit=4)
        hung: list[Ask] = []

        async def send(ask: Ask) -> Answered | Refused:
            if ask.id.turn == 100 and not hung:
                hung.append(ask)
                await asyncio.Event().wait()
            return await site.send(ask)

        fleet = town.build(send=send)
        task = asyncio.create_task(town.answer_all(300))
        await asyncio.sleep(150.0)
        assert (town.kinds(), fleet.lanes()[0].in_flight) == (["away"], 1)
        await asyncio.sleep(150.0)
        assert (town.kinds(), fleet.lanes()[0].in_flight) == (["away", "watchdog"], 0)
        assert all_good(await task)
        assert town.kinds() == ["away", "watchdog", "back"]
        assert fleet.counters().maybe_billed == 1

    run(main())


def test_a_slow_lane_is_asked_and_told_once_and_left_alone() -> None:
    async def main() -> None:
        town = Town([Site("a")], limit=2)

        async def send(ask: Ask) -> Answered | Refused:
            await asyncio.sleep(2000.0)
            return Answered(ask.id, "", "stop", Usage(1, 1), "m", "")

        town.build(send=send)
        assert all_good(await town.answer_all(2))
        assert town.told == [("slow", "a is slow, but alive: no answer for 3 min, 2 calls in flight")]
        asked = town.sites[0].look_times
        assert asked == pytest.approx([180.0, 360.0, 720.0, 1440.0], abs=2.0)
        assert town.fleet.counters().maybe_billed == 0

    run(main())


def test_silence_is_measured_against_what_is_usual() -> None:
    async def main() -> None:
        town = Town([Site("a", takes_s=100.0)], limit=2)
        assert all_good(await town.answer_all(10))
        town.sites[0].takes_s = 290.0
        assert all_good(await town.answer_all(2, first=10))
        assert town.sites[0].looks == 0
        town.sites[0].takes_s = 1000.0
        assert all_good(await town.answer_all(2, first=12))
        assert town.sites[0].looks >= 1

    run(main())


def test_a_busy_server_is_not_a_hung_one() -> None:
    async def main() -> None:
        site = Site("a", [(1.0, "busy")])

        async def send(ask: Ask) -> Answered | Refused:
            await asyncio.sleep(600.0)
            return Answered(ask.id, "", "stop", Usage(1, 1), "m", "")

        town = Town([site], limit=2)
        town.build(send=send)
        assert all_good(await town.answer_all(2))
        assert town.kinds() == []
        assert site.looks == 2

    run(main())


def test_a_hung_lane_that_refuses_the_key_of_its_canary_is_closed() -> None:
    async def main() -> None:
        site = Site("a", [(50.0, "hung")])
        town = Town([site, Site("b", takes_s=5.0)], limit=2)

        async def look() -> Look:
            raise KeyRefused("401 bad key")

        town.lanes[0] = replace(town.lanes[0], look=look)
        town.build()
        assert all_good(await town.answer_all(220))
        assert town.fleet.lanes()[0].state == "closed"
        assert "closed" in town.kinds()

    run(main())


def test_a_key_that_is_refused_on_return_ends_the_run_of_an_only_lane() -> None:
    async def main() -> None:
        town = Town([Site("a", [(5.0, "down"), (50.0, "no_key")])], limit=2)
        results = await town.answer_all(100)
        assert {type(result) for result in results if not isinstance(result, Answered)} == {NotAuthorised}
        assert now() < 120

    run(main())


def test_a_hung_lane_that_wakes_as_another_model_stops_the_run() -> None:
    async def main() -> None:
        site = Site("a", [(50.0, "hung"), (400.0, "up")])
        town = Town([site, Site("b", takes_s=5.0)], limit=2)
        town.build(known=site.who)
        task = asyncio.create_task(town.answer_all(400))
        await asyncio.sleep(300.0)
        site.who = Look("other")
        results = await task
        assert {type(result) for result in results if not isinstance(result, Answered)} == {BadConfig}
        assert not [time for time in site.ask_times if time > 60.0]

    run(main())


# -- metrics and lag

PAGE = """vllm:num_requests_running{model_name="m"} 3.0
vllm:num_requests_waiting{model_name="m"} 1.0
"""


def lane(name: str, site: Site, ear: Ear, page: list[str | Exception | None]) -> Lane:
    async def metrics() -> str | None:
        said = page[0]
        if isinstance(said, Exception):
            raise said
        return said

    return Lane(name, site.send, ear, metrics=metrics)


def test_metrics_reach_the_limit_while_calls_are_in_flight() -> None:
    async def main() -> None:
        ears = [Ear(), Ear(), Ear()]
        town = Town([Site("a"), Site("b"), Site("c")])
        town.lanes = [
            lane("a", town.sites[0], ears[0], [PAGE]),
            lane("b", town.sites[1], ears[1], [Transient("500")]),
            lane("c", town.sites[2], ears[2], [None]),
        ]
        town.build()
        assert all_good(await town.answer_all(120))
        assert now() == 10.0
        assert [len(ear.heard) for ear in ears] == [7, 0, 0]
        assert ears[0].heard[0][1].running == 3.0
        assert ears[0].heard[0][1].waiting == 1.0
        await asyncio.sleep(100.0)
        assert len(ears[0].heard) <= 8
        assert town.told == []

    run(main())


def test_metrics_that_hang_hold_up_nothing() -> None:
    async def main() -> None:
        ear = Ear()
        town = Town([Site("a")])

        async def metrics() -> str | None:
            await asyncio.Event().wait()
            return None

        town.lanes = [Lane("a", town.sites[0].send, ear, metrics=metrics)]
        town.build()
        assert all_good(await town.answer_all(80))
        assert now() == 20.0
        await town.fleet.aclose()

    run(main())


def test_lag_of_this_process_reaches_every_limit() -> None:
    async def main() -> None:
        ears = [Ear(), Ear()]
        late_s = 0.0

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(seconds + late_s)

        sites = [Site("a", takes_s=2.0), Site("b", takes_s=2.0)]
        lanes = [Lane(site.name, site.send, ear) for site, ear in zip(sites, ears, strict=True)]
        fleet = Fleet(lanes, clock=now, sleep=sleep)
        await asyncio.gather(fleet.answer(make_ask(0)), fleet.answer(make_ask(1)))
        assert {round(lag, 6) for ear in ears for lag in ear.lags} == {0.0}
        assert len(ears[0].lags) == pytest.approx(20, abs=1)
        late_s = 0.3
        await asyncio.gather(fleet.answer(make_ask(2)), fleet.answer(make_ask(3)))
        assert round(ears[1].lags[-1], 6) == 0.3
        await fleet.aclose()

    run(main())
