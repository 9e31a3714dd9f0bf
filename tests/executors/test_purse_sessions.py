"""Machine, stream and purse together, session after session, at a server that does everything to a bill."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from random import Random

import pytest
from world import Run, answer, new_machine

from selfgen.core.budget import Bill, Price, Prices, Spending, bill_vector
from selfgen.core.tally import Policy, Stop
from selfgen.core.work import Answered, Ask, Event, Judged, Refused, Role, Usage
from selfgen.errors import Ambiguous, Overloaded, Paused, StoreFault
from selfgen.executors.purse import OVERHEAD, Purse
from selfgen.executors.stream import Cut, Ending, Stream

PRICES = Prices(Price(Fraction(3), Fraction(12), Fraction(1)), Price(Fraction(1, 2), Fraction(2)), "¥")
ROLES: tuple[Role, ...] = ("propose", "answer")
TIMES = 2
MOST_BYTES = 200
"""The longest prompt of the world is shorter."""


@dataclass
class Books:
    """What the provider will charge, and what a folder knows of it at any time: durable events, and what was written
    down. The one is never more than the other, whenever a kill comes."""

    policy: Policy
    billed: list[int] = field(default_factory=lambda: [0] * 7)
    events: list[Event] = field(default_factory=list)
    written: tuple[Bill, Bill] = (Bill(), Bill())

    def known(self) -> Bill:
        total = [0] * 7
        for event in self.events:
            if not isinstance(event, Judged):
                usage = event.usage if isinstance(event, Answered) else None
                role: Role = "answer" if event.id.stage == 2 else "propose"
                total = [a + b for a, b in zip(total, bill_vector(role, usage), strict=True)]
        return Bill.of(total)

    def charge(self, role: Role, usage: Usage | None) -> None:
        self.billed = [a + b for a, b in zip(self.billed, bill_vector(role, usage), strict=True)]
        bound = (self.known() + self.written[0] + self.written[1]).vector()
        assert all(a <= b for a, b in zip(self.billed, bound, strict=True)), "a kill now would forget it"
        for budget in self.policy.budgets:
            most = max(budget.weigh(bill_vector(role, Usage(MOST_BYTES + OVERHEAD, 400))) for role in ROLES)
            alone = 0 if budget.name == "calls" else most
            assert budget.weigh(self.billed) <= budget.limit + alone


@dataclass
class LateJournal:
    """Events are durable a moment after they were handed in, in that order, as with a disk."""

    books: Books
    waiting: queue.SimpleQueue[tuple[Sequence[Event], Callable[[Sequence[Event]], None]] | None] = field(
        default_factory=queue.SimpleQueue
    )

    def submit(self, events: Sequence[Event], done: Callable[[Sequence[Event]], None]) -> None:
        self.waiting.put((events, done))

    def work(self) -> None:
        """On a thread of its own, until there is None."""
        while (batch := self.waiting.get()) is not None:
            time.sleep(0.001)
            self.books.events.extend(batch[0])
            batch[1](batch[0])

    def watch(self, on_fault: Callable[[StoreFault], None]) -> None: ...

    def note(self, kind: str, text: str) -> None: ...


@dataclass(eq=False)
class Server:
    """A model behind a purse's guard that answers, is late, is busy, hangs and is recalled."""

    chance: Random
    books: Books
    purse: Purse
    slots: int
    out: int = 0
    sent: int = 0
    most: int | None = None
    leave: Callable[[], None] = lambda: None

    async def answer(self, ask: Ask) -> Answered | Refused:
        self.out += 1
        try:
            while True:
                try:
                    async with asyncio.timeout(self.chance.choice([0.0005, 0.01, 0.01])):
                        return await self.purse.guard(self.send)(ask)
                except (Ambiguous, Overloaded, TimeoutError):
                    await asyncio.sleep(0)
        finally:
            self.out -= 1

    async def send(self, ask: Ask) -> Answered | Refused:
        fate = self.chance.random()
        if fate < 0.1:
            raise Overloaded("busy")
        self.sent += 1
        if self.sent == self.most:
            asyncio.get_running_loop().call_soon(self.leave)
        event = answer(ask)
        usage = event.usage if isinstance(event, Answered) else None
        if fate < 0.2:
            self.books.charge(ask.role, usage or Usage())
            raise Ambiguous("late")
        if fate < 0.3:
            self.books.charge(ask.role, usage or Usage())
            await asyncio.sleep(30)
        await asyncio.sleep(self.chance.choice([0, 0.0005]))
        self.books.charge(ask.role, usage)
        return event

    def room(self) -> int:
        return self.slots - self.out

    def state(self) -> str:
        return ""

    async def aclose(self) -> None: ...


def session(books: Books, chance: Random, slots: int, run_seed: int, killed: bool) -> Ending:
    """Work as a session of a run does: fold the journal, go on, and perhaps be dropped on the way."""
    run = Run(new_machine(books.policy, run_seed))
    run.replay(iter(list(books.events)))

    def keep(doubtful: Bill, mark: Bill) -> None:
        books.written = (doubtful, mark)

    purse = Purse(
        lambda: run.machine.policy.budgets, Spending(books.known(), books.written[0] + books.written[1]), keep
    )
    if run.machine.stop is not None:
        return run.machine.stop
    server = Server(chance, books, purse, slots, most=chance.randint(1, 100) if killed else None)
    models: dict[Role, Server] = dict.fromkeys(ROLES, server)
    journal = LateJournal(books)
    stream = Stream(run.machine, run.gate, models, journal, lambda turns: None, purse=purse)
    server.leave = stream.abandon
    disk = threading.Thread(target=journal.work)
    disk.start()
    try:
        ending = stream.run()
    finally:
        journal.waiting.put(None)
        disk.join()
    if not killed:
        purse.close()
        assert books.written[0] + books.written[1] == purse.spending.doubtful
    return ending


UNENDING = Policy(target=10**6, window=10**6)


@pytest.mark.parametrize("slots", [1, 16, 300])
@pytest.mark.parametrize(
    "policy",
    [
        Policy(target=12),
        replace(UNENDING, max_calls=1),
        replace(UNENDING, max_calls=60),
        replace(UNENDING, max_tokens=50),
        replace(UNENDING, max_tokens=9000),
        replace(UNENDING, max_cost=Fraction(2, 1000), max_calls=90, prices=PRICES),
    ],
    ids=["no-limit", "1-call", "60-calls", "50-tokens", "9000-tokens", "cost-and-calls"],
)
def test_no_session_ends_badly_or_costs_more_than_is_known(policy: Policy, slots: int) -> None:
    for number in range(TIMES):
        chance, books = Random(number), Books(policy)
        for _ in range(number % 3):
            session(books, chance, slots, number, killed=True)
        ending = session(books, chance, slots, number, killed=False)
        assert ending in ((Stop.BUDGET, Cut.BUDGET) if policy.budgets else (Stop.TARGET,))


@dataclass(eq=False)
class Calm:
    """A model that answers at once, but for what `fate` does with a call."""

    purse: Purse
    fate: Callable[[Ask], None]
    slots: int = 16
    out: int = 0

    async def answer(self, ask: Ask) -> Answered | Refused:
        self.out += 1
        try:
            event = await self.purse.guard(self.send)(ask)
            if event.id.turn == 3:
                self.fate(ask)
            return event
        finally:
            self.out -= 1

    async def send(self, ask: Ask) -> Answered | Refused:
        await asyncio.sleep(0.001)
        if ask.id.turn < 3:
            self.fate(ask)
        return answer(ask)

    def room(self) -> int:
        return self.slots - self.out

    def state(self) -> str:
        return ""

    async def aclose(self) -> None: ...


def work(run: Run, model: Calm, books: Books) -> Ending:
    journal = LateJournal(books)
    models: dict[Role, Calm] = dict.fromkeys(ROLES, model)
    disk = threading.Thread(target=journal.work)
    disk.start()
    try:
        return Stream(run.machine, run.gate, models, journal, lambda turns: None, purse=model.purse).run()
    finally:
        journal.waiting.put(None)
        disk.join()


def test_a_call_for_which_there_was_no_more_room_is_asked_when_others_took_less() -> None:
    """The first call is late, and its second attempt does not fit beside the three that are out with it."""
    asks = iter(new_machine(UNENDING).next_ask, None)
    most = sum(len(ask.messages[0].content) + OVERHEAD + ask.sampling.max_tokens for ask in islice(asks, 4))
    policy = replace(UNENDING, max_tokens=most + 10)
    run, books, sent = Run(new_machine(policy)), Books(policy), []

    def late_once(ask: Ask) -> None:
        sent.append(str(ask.id))
        if sent == ["0.0.0"]:
            raise Ambiguous("late")

    work(run, Calm(Purse(lambda: run.machine.policy.budgets), late_once), books)
    assert sent.count("0.0.0") == 2
    assert any(not isinstance(event, Judged) and str(event.id) == "0.0.0" for event in books.events)


def test_what_was_billed_and_thrown_away_at_the_end_is_in_doubt() -> None:
    """As with a server behind which another model turns up: its answer is billed, and not taken."""
    run, books = Run(new_machine(UNENDING)), Books(UNENDING)

    def end(ask: Ask) -> None:
        if ask.id.turn == 3:
            raise Paused("another model")

    purse = Purse(keep=lambda doubtful, mark: None)
    with pytest.raises(Paused):
        work(run, Calm(purse, end), books)
    assert purse.spending.doubtful.calls >= 1


def test_a_mark_does_not_grow_with_the_run() -> None:
    run, marks = Run(new_machine(Policy(target=60))), []
    purse = Purse(keep=lambda doubtful, mark: marks.append(mark.calls))
    work(run, Calm(purse, lambda ask: None, slots=2), Books(run.machine.policy))
    assert run.machine.tally.calls > 150
    assert max(marks) < 40
