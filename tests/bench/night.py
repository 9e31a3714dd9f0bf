"""A night of faults: what happened, how the run ended, which attempts brought no answer, and how much time was lost.

`python -m tests.bench.night`. Hours pass on a virtual clock, before scripted servers; what a wire can bring goes
through the real client to a real loopback server. "wasted" counts calls and canaries that were sent and not answered;
"lost" is the time beyond that of a quiet run and the fault itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from selfgen.core.work import Answered, Ask, Refused
from selfgen.errors import CallError, Overloaded, QuotaUsedUp, SelfgenError
from selfgen.models.chat import Chat
from selfgen.models.fleet import Fleet
from selfgen.models.hold import Policy
from selfgen.models.lane import Lane, Look
from selfgen.models.throttle import Throttle
from tests.bench.common import table
from tests.fault_server import FaultServer
from tests.sites import Result, Site, Town, make_ask
from tests.virtual_time import HOUR, now, run

CALLS = 400
BEGINS_S = 5.0
BRISK = Policy(backoff_s=0.01, longest_backoff_s=0.1)


@dataclass(frozen=True)
class Outcome:
    """One fault. `lost_s` is None where the run ended early; `story` is what the fleet told."""

    what: str
    ended: str
    answered: int
    asked: int
    wasted: int
    lost_s: float | None
    story: tuple[str, ...]
    peers: str = "not measured"


def end_of_run(results: list[Result]) -> str:
    """Say how a run ended, by the first call that heard of it."""
    for result in results:
        if isinstance(result, SelfgenError):
            return f"{type(result).__name__}: {str(result).splitlines()[0]}"
    refused = sum(isinstance(result, Refused) for result in results)
    return f"complete, {refused} refused" if refused else "complete"


# -- hours, on the virtual clock


def live_through(
    what: str,
    mood: str = "up",
    lasts_s: float = 0.0,
    *,
    rule: Callable[[Ask], CallError | None] = lambda ask: None,
    change: Callable[[Site], None] = lambda site: None,
    calls: int = CALLS,
    peers: str = "not measured",
) -> Outcome:
    """Run `calls` calls of 2 s on one server that falls into a mood after 5 s, for `lasts_s`."""

    async def main(table: list[tuple[float, str]]) -> tuple[list[Result], Site, Town, float]:
        site = Site("http://gpu:8000", table, takes_s=2.0, rule=rule if table else lambda ask: None)
        town = Town([site])
        throttle = Throttle(start=16, most=64)
        fleet = town.build(limit=throttle, known=site.who)
        task = asyncio.create_task(town.answer_all(calls))
        if table:
            await asyncio.sleep(BEGINS_S + lasts_s / 2)
            change(site)
        results = await task
        ended_s = now()
        await fleet.aclose()
        return results, site, town, ended_s

    quiet_s = run(main([]))[3]
    results, site, town, ended_s = run(main([(BEGINS_S, mood), (BEGINS_S + lasts_s, "up")]))
    ended = end_of_run(results)
    answered = sum(isinstance(result, Answered) for result in results)
    return Outcome(
        what=what,
        ended=ended,
        answered=answered,
        asked=site.asked + site.looks,
        wasted=town.books.wasted + site.looks_failed,
        lost_s=ended_s - quiet_s - lasts_s if answered == calls else None,
        story=tuple(sentence for _, sentence in town.told),
        peers=peers,
    )


def run_out_of_quota() -> Outcome:
    """Answer 100 calls, then say that the account is empty."""
    answered = 0

    def rule(ask: Ask) -> CallError | None:
        nonlocal answered
        answered += 1
        return QuotaUsedUp("402 Insufficient Balance") if answered > 100 else None

    return live_through("quota used up at call 100", rule=rule)


def refuse_for_25_s() -> Outcome:
    """The one storm of which there is a figure of a peer: 200 rows, 429 for the first 25 s."""

    def rule(ask: Ask) -> CallError | None:
        return Overloaded("429 slow down", retry_after_s=1.0) if now() < BEGINS_S + 25 else None

    peers = "Data Designer 0.9: 168 wasted, 200 of 200; curator 0.1: 110 calls for 10 rows in 5.5 s, then it fails"
    return live_through("429 for 25 s, 200 calls", lasts_s=25.0, rule=rule, calls=200, peers=peers)


def swap(site: Site) -> None:
    site.who = Look("other-model", "/models/other", 4096, "build-1")


def hours() -> list[Outcome]:
    """Live through all that takes long."""
    return [
        refuse_for_25_s(),
        live_through("3 h of 429, Retry-After 20 s", "busy_20", 3 * HOUR),
        live_through("3 h of 503, no Retry-After", "busy", 3 * HOUR),
        run_out_of_quota(),
        live_through("a hang of 20 min behind a healthy /health", "hung", 1200.0),
        live_through("50 min of refused connections", "down", 3000.0),
        live_through("another model behind the same URL", "down", 120.0, change=swap),
    ]


# -- what a wire can bring, through the real client


def meet(kind: str, what: str, times: int, *, calls: int = 30, peers: str = "not measured") -> Outcome:
    """Let a fault of the loopback server befall `times` of the first requests."""

    async def main(server: FaultServer) -> tuple[list[Result], list[str], float]:
        told: list[str] = []
        chat = Chat(base_url=server.base_url, model="tiny", idle_s=1.0, total_s=5.0)
        throttle = Throttle(start=4, most=4, fixed=True)
        lane = Lane(server.base_url, chat.send, throttle, look=chat.look, close=chat.aclose)
        fleet = Fleet([lane], BRISK, tell=lambda _, sentence: told.append(sentence))
        begun_s = time.monotonic()
        tasks = [asyncio.create_task(fleet.answer(make_ask(turn))) for turn in range(calls)]
        results = list(await asyncio.gather(*tasks, return_exceptions=True))
        took_s = time.monotonic() - begun_s
        await fleet.aclose()
        return results, told, took_s

    with FaultServer(latency_s=0.01, sigma=0.0) as server:
        quiet_s = asyncio.run(main(server))[2]
    with FaultServer(latency_s=0.01, sigma=0.0, script=[kind] * times) as server:
        results, told, took_s = asyncio.run(main(server))
        asked, given = sum(server.asked.values()), sum(server.answered.values())
    answered = sum(isinstance(result, Answered) for result in results)
    lost_s = took_s - quiet_s if answered == calls else None
    return Outcome(what, end_of_run(results), answered, asked, asked - given, lost_s, tuple(told), peers)


def wires() -> list[Outcome]:
    """Meet all that comes over a wire."""
    return [
        meet("redirect", "redirects to another host", 10),
        meet("html", "HTML with status 200, 5 times", 5),
        meet("null_usage", "usage missing, 10 times", 10),
        meet("blank", "blank lines to keep alive, 10 times", 10),
        meet("huge", "a body without end, 2 times", 2),
        meet("bomb", "a gzip bomb, 3 times", 3),
    ]


def main() -> None:
    rows = [
        (
            each.what, each.ended[:60], each.answered, each.asked, each.wasted,
            "-" if each.lost_s is None else f"{each.lost_s:.1f}", each.peers,
        )
        for each in (*hours(), *wires())
    ]  # fmt: skip
    names = ("what happened", "how the run ended", "answered", "sent", "wasted", "s lost", "peers, measured")
    table("A night of faults", names, rows)


if __name__ == "__main__":
    main()
