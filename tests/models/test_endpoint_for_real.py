"""Client, retries and limit together, on real time against a real server that fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from selfgen.core.work import Answered, Ask, CallId, Message, Sampling
from selfgen.errors import BadConfig
from selfgen.models.chat import Chat
from selfgen.models.fleet import Fleet
from selfgen.models.hold import Policy
from selfgen.models.lane import Lane
from selfgen.models.retry import Endpoint
from selfgen.models.throttle import Throttle
from tests.fault_kinds import QUIET
from tests.fault_server import FaultServer

BRISK = Policy(backoff_s=0.01, longest_backoff_s=0.1)


def make_ask(turn: int) -> Ask:
    return Ask(CallId(turn, 0, 0), "propose", (Message("user", str(turn)),), Sampling(1, 1, 8), turn, None, "")


def make_endpoint(server: FaultServer, throttle: Throttle) -> Endpoint:
    chat = Chat(base_url=server.base_url, model="tiny", connections=throttle.most, idle_s=0.5)
    return Endpoint(chat.send, throttle=throttle, policy=BRISK, close=chat.aclose)


async def answer_all(endpoint: Endpoint, calls: int) -> list[str]:
    try:
        results = await asyncio.gather(*(endpoint.answer(make_ask(turn)) for turn in range(calls)))
    finally:
        await endpoint.aclose()
    return [result.text if isinstance(result, Answered) else result.kind for result in results]


def test_a_stormy_server_gives_the_same_answers_as_a_quiet_one_and_each_once() -> None:
    with FaultServer() as server:
        quiet = asyncio.run(answer_all(make_endpoint(server, Throttle(start=64, most=64)), 300))
    with FaultServer(faults=0.3, kinds=(*QUIET, "hang"), retry_after="0.05", latency_s=0.01) as server:
        endpoint = make_endpoint(server, Throttle(start=64, most=64, fixed=True))
        assert asyncio.run(answer_all(endpoint, 300)) == quiet
        own = [count for count in server.answered.values() if count]
        assert own == [1] * len(own)
        assert len(own) == 300 + endpoint.counters().canaries
        assert set(server.met) == {*QUIET, "hang"}
        assert endpoint.counters().maybe_billed == sum(server.met[kind] for kind in ("hang", "reset", "cut"))


def test_the_limit_finds_the_slots_of_a_server_that_refuses_more() -> None:
    with FaultServer(slots=24, latency_s=0.01, sigma=0.1) as server:
        endpoint = make_endpoint(server, Throttle(start=8, most=256))
        texts = asyncio.run(answer_all(endpoint, 1200))
        assert all(text.startswith("echo ") for text in texts)
        assert 12 <= endpoint.counters().limit <= 48
        assert server.most_in_flight == 24


def test_a_server_that_crashes_and_comes_back_is_waited_for() -> None:
    with FaultServer(latency_s=0.05) as server:
        endpoint = make_endpoint(server, Throttle(start=16, most=16))

        async def crash() -> list[str]:
            task = asyncio.create_task(answer_all(endpoint, 100))
            await asyncio.sleep(0.12)
            await asyncio.to_thread(server.go_down)
            for _ in range(500):
                if "server away" in endpoint.state():
                    break
                await asyncio.sleep(0.01)
            else:
                raise AssertionError("the crash was not noticed")
            await asyncio.sleep(0.3)
            await asyncio.to_thread(server.come_back)
            return await task

        texts = asyncio.run(crash())
        assert all(text.startswith("echo ") for text in texts)
        assert endpoint.counters().longest_hold_s > 0.2
        assert endpoint.state() == ""


# -- several servers


def make_fleet(servers: list[FaultServer], told: list[str], **policy: float) -> Fleet:
    lanes = []
    for server in servers:
        chat = Chat(base_url=server.base_url, model="tiny", connections=16, idle_s=30.0)
        throttle = Throttle(start=8, most=8, fixed=True)
        lanes.append(
            Lane(server.base_url, chat.send, throttle, look=chat.look, metrics=chat.metrics, close=chat.aclose)
        )
    return Fleet(lanes, replace(BRISK, **policy), tell=lambda kind, sentence: told.append(f"{kind}: {sentence}"))


def test_the_second_of_two_servers_is_killed_and_nothing_is_asked_for_twice() -> None:
    with FaultServer() as server:
        quiet = asyncio.run(answer_all(make_endpoint(server, Throttle(start=64, most=64)), 200))
    told: list[str] = []
    with FaultServer(latency_s=0.03) as first, FaultServer(latency_s=0.03) as second:
        fleet = make_fleet([first, second], told)

        async def kill() -> list[str]:
            task = asyncio.create_task(answer_all(fleet, 200))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(second.go_down)
            return await task

        assert asyncio.run(kill()) == quiet
        assert told[0].startswith(f"away: {second.base_url} is away; its calls go to the others.")
        answered = first.answered + second.answered
        canaries = fleet.counters().canaries
        assert sum(answered.values()) - canaries <= 200
        assert fleet.counters().gave_up == 0
        assert first.answered.total() > second.answered.total() > 0


def test_a_server_that_comes_back_with_another_model_stops_the_run() -> None:
    told: list[str] = []
    with FaultServer(latency_s=0.05) as server:
        fleet = make_fleet([server], told)

        async def swap() -> list[str]:
            task = asyncio.create_task(answer_all(fleet, 400))
            for length in (4096, 2048):
                await asyncio.sleep(0.2)
                await asyncio.to_thread(server.go_down)
                server.max_model_len = length
                await asyncio.to_thread(server.come_back)
            return await task

        with pytest.raises(BadConfig, match="tiny took 4096 tokens, now it takes 2048"):
            asyncio.run(swap())


def test_a_server_that_hangs_gives_its_calls_to_the_other() -> None:
    told: list[str] = []
    with FaultServer(latency_s=0.01) as well, FaultServer(latency_s=0.01, script=["hang"] * 9) as hung:
        fleet = make_fleet([well, hung], told, watchdog_s=0.3, look_s=0.2)
        texts = asyncio.run(answer_all(fleet, 100))
        assert all(text.startswith("echo ") for text in texts)
        assert told[0].startswith(f"watchdog: {hung.base_url} sent no answer for")
        assert "fails a test call too; 8 calls in flight were taken back" in told[0]
        assert fleet.counters().maybe_billed == 8
        assert well.in_flight == 0
