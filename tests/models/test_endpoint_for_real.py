"""Client, retries and limit together, on real time against a real server that fails."""

from __future__ import annotations

import asyncio

from selfgen.core.work import Answered, Ask, CallId, Message, Sampling
from selfgen.models.chat import Chat
from selfgen.models.hold import Policy
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
        assert endpoint.counters().maybe_billed == server.met["hang"]


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
