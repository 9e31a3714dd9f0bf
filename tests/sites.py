"""Servers that exist in virtual time only: each follows a timetable of moods, and keeps an eye on who asks it for what.

A `Site` is a witness like the fault server, one floor below: at the level of a `send` that asks once. A `Town` is some
sites and a fleet before them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Sampling, Usage
from selfgen.errors import Ambiguous, CallError, CallRejected, KeyRefused, Overloaded, QuotaUsedUp, Transient
from selfgen.models.faults import Unreachable
from selfgen.models.fleet import Fleet
from selfgen.models.hold import Policy
from selfgen.models.lane import ClientLimit, Lane, Look
from selfgen.models.throttle import Throttle
from tests.virtual_time import now

MOODS: dict[str, Callable[[], CallError]] = {
    "down": lambda: Unreachable("Connection refused."),
    "broken": lambda: Transient("500 EngineCore encountered an issue."),
    "silent": lambda: Ambiguous("The server sent nothing for too long."),
    "busy": lambda: Overloaded("503 The engine is currently busy."),
    "busy_20": lambda: Overloaded("429 slow down", retry_after_s=20.0),
    "no_key": lambda: KeyRefused("401 bad key"),
    "no_model": lambda: CallRejected("404 no such model"),
    "empty": lambda: QuotaUsedUp("402 the account is empty"),
    "files": lambda: ClientLimit("Too many open files."),
}
"""How a call fails in each mood. Besides: "up" answers, "hung" answers nobody for as long as the mood lasts, and
"refusing" refuses every call as invalid."""
AT_ONCE = ("down", "files")


def make_ask(turn: int, text: str = "") -> Ask:
    return Ask(CallId(turn, 0, 0), "propose", (Message("user", text or str(turn)),), Sampling(1, 1, 8), 0, None, "")


@dataclass
class Books:
    """What all sites of one test write down together."""

    sent: Counter[CallId] = field(default_factory=Counter)
    answered: Counter[CallId] = field(default_factory=Counter)
    out: set[CallId] = field(default_factory=set)
    twice_at_once: list[CallId] = field(default_factory=list)
    wasted: int = 0


class Site:
    """One server. `timetable` gives its moods as (from second, mood), "up" before the first; calls take `takes_s`."""

    def __init__(
        self,
        name: str,
        timetable: Sequence[tuple[float, str]] = (),
        *,
        takes_s: float = 1.0,
        books: Books | None = None,
        model: str = "m",
        rule: Callable[[Ask], CallError | Refused | None] = lambda ask: None,
    ) -> None:
        self.name, self.timetable, self.takes_s, self.model, self.rule = name, list(timetable), takes_s, model, rule
        self.books = books or Books()
        self.who = Look(model, f"/models/{model}", 4096, "build-1")
        self.signed = model
        self.in_flight = self.most_in_flight = self.asked = self.answered = 0
        self.looks = self.looks_failed = self.looks_out = self.most_looks_out = 0
        self.look_times: list[float] = []
        self.ask_times: list[float] = []

    def mood(self) -> str:
        return next((mood for from_s, mood in reversed(self.timetable) if now() >= from_s), "up")

    async def outcome(self, takes_s: float) -> CallError | None:
        """Live through one request: wait, and say how it failed."""
        mood = self.mood()
        while mood == "hung":
            await asyncio.sleep(0.5)
            mood = self.mood()
        if mood not in AT_ONCE:
            await asyncio.sleep(takes_s)
        return MOODS[mood]() if mood in MOODS else None

    async def send(self, ask: Ask) -> Answered | Refused:
        books = self.books
        books.sent[ask.id] += 1
        self.asked += 1
        self.ask_times.append(now())
        if ask.id in books.out and ask.id.turn >= 0:
            books.twice_at_once.append(ask.id)
        books.out.add(ask.id)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        books.wasted += 1
        try:
            problem: CallError | Refused | None = await self.outcome(self.takes_s) or self.rule(ask)
            if self.mood() == "refusing":
                problem = Refused(ask.id, "invalid_request", "400 unknown parameter")
            if isinstance(problem, CallError):
                raise problem
            books.wasted -= 1
            books.answered[ask.id] += 1
            self.answered += 1
            return problem or Answered(ask.id, f"answer {ask.id}", "stop", Usage(10, 5), self.signed, "")
        finally:
            self.in_flight -= 1
            books.out.discard(ask.id)

    async def look(self) -> Look:
        self.looks += 1
        self.looks_out += 1
        self.look_times.append(now())
        self.most_looks_out = max(self.most_looks_out, self.looks_out)
        self.looks_failed += 1
        try:
            problem = await self.outcome(min(1.0, self.takes_s))
            if problem is not None:
                raise problem
            self.looks_failed -= 1
            return self.who
        finally:
            self.looks_out -= 1


Result = Answered | Refused | BaseException


class Town:
    """Some sites, the fleet before them, and what it told."""

    def __init__(self, sites: Sequence[Site], *, limit: int = 4, look: bool = True, **policy: Any) -> None:
        self.sites = sites
        self.told: list[tuple[str, str]] = []
        self.books = Books()
        for site in sites:
            site.books = self.books
        self.lanes = [
            Lane(site.name, site.send, Throttle(start=limit, most=limit, fixed=True), look=site.look if look else None)
            for site in sites
        ]
        self.policy = Policy(**policy)
        self.fleet = self.build()

    def build(self, **changes: Any) -> Fleet:
        lanes = [replace(lane, **changes) for lane in self.lanes]
        self.fleet = Fleet(
            lanes, self.policy, clock=now, jitter=lambda: 0.5, tell=lambda *story: self.told.append(story)
        )
        return self.fleet

    async def answer_all(self, calls: int, *, first: int = 0) -> list[Result]:
        tasks = [asyncio.create_task(self.fleet.answer(make_ask(turn))) for turn in range(first, first + calls)]
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told]


def all_good(results: Sequence[Result]) -> bool:
    return all(isinstance(result, Answered) for result in results)
