"""The purse on random nights: whatever servers do, no budget is broken, and nothing that may be billed is forgotten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.budget import Bill, Budget, Price, Prices, Spending, bill_vector, of_calls, of_cost, of_tokens
from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Role, Sampling, Usage
from selfgen.errors import Ambiguous, Overloaded
from selfgen.executors.purse import OVERHEAD, PROVEN, BudgetSpent, Purse
from selfgen.executors.until import next_at

PRICES = Prices(Price(Fraction(3), Fraction(12), Fraction(1)), Price(Fraction(1, 2), Fraction(2)), "¥")


def ask(number: int, text: str = "Tell me.", role: Role = "propose", max_tokens: int = 100) -> Ask:
    return Ask(CallId(number, 0, 0), role, (Message("user", text),), Sampling(1, 1, max_tokens), 1, None, "d")


def answered(asked: Ask, usage: Usage) -> Answered:
    return Answered(asked.id, "text", "stop", usage, "m", "d")


@dataclass
class Night:
    """Calls go out through a purse and come home in random order, or not; `billed` is what the provider will charge."""

    chance: Random
    purse: Purse
    slots: int
    more: Iterator[Ask]
    billed: list[int] = field(default_factory=lambda: [0] * 7)
    flight: list[Ask] = field(default_factory=list)
    density: float = 1.0

    def bill(self, role: Role, usage: Usage) -> None:
        for index, amount in enumerate(bill_vector(role, usage)):
            self.billed[index] += amount

    def send(self) -> None:
        while len(self.flight) < self.slots and (each := next(self.more, None)) is not None:
            if not self.purse.reserve(each):
                self.more = chain([each], self.more)
                return
            self.flight.append(each)

    def true_usage(self, each: Ask) -> Usage:
        """Return what a server may count: about so many tokens a byte, and up to the whole room for the reply."""
        size = sum(len(message.content.encode()) for message in each.messages)
        read = int(size * self.density * self.chance.uniform(0.8, 1)) + self.chance.randint(0, OVERHEAD // 2)
        written = self.chance.choice([0, each.sampling.max_tokens, self.chance.randint(0, each.sampling.max_tokens)])
        return Usage(read, written, self.chance.randint(0, read), self.chance.random() < 0.9)

    def step(self) -> None:
        """Let one call in flight end in one of the ways in which calls end."""
        each = self.flight.pop(self.chance.randrange(len(self.flight)))
        fate = self.chance.random()
        if fate < 0.7:
            usage = self.true_usage(each)
            self.bill(each.role, usage)
            self.purse.settle(each, answered(each, usage))
        elif fate < 0.8:
            self.bill(each.role, Usage())
            self.purse.settle(each, Refused(each.id, "content_filter", "no"))
        elif fate < 0.9:
            self.bill(each.role, self.true_usage(each))
            try:
                self.purse.doubt(each)
                self.flight.append(each)
            except BudgetSpent:
                self.more = chain([each], self.more)
        else:
            self.bill(each.role, self.true_usage(each))
            self.purse.lose(each)

    def pass_by(self, steps: int) -> None:
        self.send()
        for _ in range(steps):
            if self.flight:
                self.step()
            self.send()


def asks(chance: Random) -> Iterator[Ask]:
    for number in range(10**6):
        text = chance.choice(["short", "a longer prompt " * 20, "写一条新的任务，" * 30])
        yield ask(number, text, chance.choice(["propose", "answer"]), chance.choice([1, 64, 2048]))


def some_budgets(chance: Random) -> tuple[Budget, ...]:
    every = [
        of_calls(chance.randint(1, 400)),
        of_tokens(chance.randint(1, 200_000)),
        of_cost(Fraction(chance.randint(1, 10**6), 10**6), PRICES),
    ]
    return tuple(chance.sample(every, chance.randint(1, 3)))


def most_of_one(budget: Budget) -> int:
    """Return the most that one of these calls can be billed: it may go out alone before a limit that is not reached."""
    size = max(sum(len(message.content.encode()) for message in each.messages) for each in islice(asks(Random(2)), 99))
    return max(budget.weigh(bill_vector(role, Usage(size + OVERHEAD, 2048))) for role in ROLES)


ROLES: tuple[Role, ...] = ("propose", "answer")
nights = st.builds(Random, st.integers(0, 2**32))


@given(nights, st.integers(1, 300), st.integers(0, 400))
@settings(max_examples=60)
def test_no_budget_is_ever_broken(chance: Random, slots: int, steps: int) -> None:
    budgets = some_budgets(chance)
    night = Night(chance, Purse(lambda: budgets), slots, asks(chance), density=chance.random())
    night.pass_by(steps)
    for budget in budgets:
        assert budget.weigh(night.billed) <= budget.weigh(night.purse.spending.at_most.vector())
        assert budget.weigh(night.billed) <= budget.limit + (budget.name != "calls") * most_of_one(budget)


@given(nights, st.integers(1, 60), st.lists(st.tuples(st.integers(0, 80), st.booleans()), min_size=1, max_size=4))
@settings(max_examples=40)
def test_what_may_be_billed_survives_ends_and_kills(
    chance: Random, slots: int, sessions: list[tuple[int, bool]]
) -> None:
    """After each session the next one knows a bound of all that was billed; known is what was durable."""
    budgets = some_budgets(chance)
    billed, known, written = [0] * 7, Bill(), (Bill(), Bill())

    def keep(doubtful: Bill, mark: Bill) -> None:
        nonlocal written
        written = (doubtful, mark)

    for steps, killed in sessions:
        purse = Purse(lambda: budgets, Spending(known, written[0] + written[1]), keep)
        night = Night(chance, purse, slots, asks(chance), billed=list(billed), density=chance.random())
        night.pass_by(steps)
        for each in night.flight:
            night.bill(each.role, night.true_usage(each))
            if not killed:
                night.purse.lose(each)
        if not killed:
            night.purse.close()
            assert written[0] + written[1] == night.purse.spending.doubtful
        billed, known = night.billed, night.purse.spending.known
        bound = (known + written[0] + written[1]).vector()
        for budget in budgets:
            assert budget.weigh(billed) <= budget.weigh(bound)
            in_flight = len(night.flight) if killed else 0
            assert budget.weigh(billed) <= budget.limit + max(1, in_flight) * most_of_one(budget)


@pytest.mark.parametrize("limit", [1, 2, 7, 300])
def test_exactly_so_many_calls_are_sent(limit: int) -> None:
    sent = []
    purse = Purse(lambda: (of_calls(limit),))
    for each in asks(Random(1)):
        if not purse.reserve(each):
            break
        sent.append(each)
        if len(sent) % 3:
            purse.settle(each, answered(each, Usage(1, 1)))
    assert len(sent) == limit
    assert purse.tight
    assert purse.short_of == of_calls(limit)


@pytest.mark.parametrize(("limit", "fits"), [(-1, False), (0, True), (1, True)])
def test_one_token_below_and_above(limit: int, fits: bool) -> None:
    most = len("Tell me.") + OVERHEAD + 100
    purse = Purse(lambda: (of_tokens(2 * most + limit),))
    assert purse.reserve(ask(1))
    assert purse.reserve(ask(2)) is fits


@pytest.mark.parametrize(("used", "fits"), [(99, True), (100, False), (101, False)])
def test_alone_a_call_goes_out_until_the_limit_is_reached(used: int, fits: bool) -> None:
    purse = Purse(
        lambda: (of_tokens(100),), Spending(Bill.of((1, used - 20, 0, 15, 0, 0, 0)), Bill.of((1, 5, 0, 0, 0, 0, 0)))
    )
    assert purse.reserve(ask(1)) is fits
    assert purse.tight is not fits


def test_a_call_that_does_not_fit_waits_until_others_took_less() -> None:
    purse = Purse(lambda: (of_tokens(300),))
    assert purse.reserve(ask(1))
    assert not purse.reserve(ask(2))
    assert purse.tight
    purse.settle(ask(1), answered(ask(1), Usage(5, 5)))
    assert not purse.tight
    assert purse.reserve(ask(2))
    assert purse.spending == Spending(Bill.of((1, 5, 0, 5, 0, 0, 0)))


def test_prompts_are_taken_for_as_dense_as_servers_count_them() -> None:
    """600 bytes are reserved whole at first; when they are known to be 150 tokens, four times as many calls fit."""
    budgets = (of_tokens(10**9),)
    purse = Purse(lambda: budgets)
    for number in range(PROVEN):
        each = ask(number, "a" * 600)
        assert purse.reserve(each)
        purse.settle(each, answered(each, Usage(150, 1)))
    spent = purse.spending.known.tokens.total
    budgets = (of_tokens(spent + 2 * (100 + OVERHEAD + 188)),)
    assert purse.reserve(ask(98, "a" * 600))
    assert purse.reserve(ask(99, "a" * 600))
    purse.release(ask(99))
    budgets = (of_tokens(spent + 2 * (100 + OVERHEAD + 188) - 1),)
    assert not purse.reserve(ask(99, "a" * 600))


def test_estimates_of_a_server_that_does_not_count_prove_nothing() -> None:
    budgets = (of_tokens(10**9),)
    purse = Purse(lambda: budgets)
    for number in range(2 * PROVEN):
        each = ask(number, "a" * 600)
        purse.reserve(each)
        purse.settle(each, answered(each, Usage(1, 1, known=False)))
    assert not purse.spending.known.tokens.known
    budgets = (of_tokens(purse.spending.known.tokens.total + 2 * (100 + OVERHEAD + 600) - 1),)
    assert purse.reserve(ask(98, "a" * 600))
    assert not purse.reserve(ask(99, "a" * 600))


def guarded(purse: Purse, fate: Callable[[], None]) -> Callable[[Ask], object]:
    async def send(each: Ask) -> Answered:
        fate()
        await asyncio.sleep(30)
        raise AssertionError("nobody waits so long")

    return purse.guard(send)


def raise_(error: BaseException) -> Callable[[], None]:
    def fate() -> None:
        raise error

    return fate


def test_a_timeout_is_in_doubt_and_a_busy_server_is_not() -> None:
    purse = Purse(lambda: (of_tokens(10**6),))
    purse.reserve(ask(1))
    with pytest.raises(Overloaded):
        asyncio.run(guarded(purse, raise_(Overloaded("busy")))(ask(1)))  # type: ignore[arg-type]
    assert purse.spending.doubtful == Bill()
    with pytest.raises(Ambiguous):
        asyncio.run(guarded(purse, raise_(Ambiguous("late")))(ask(1)))  # type: ignore[arg-type]
    assert purse.spending.doubtful.calls == 1
    assert purse.spending.doubtful.tokens.completion == 100


def test_a_timeout_that_leaves_no_room_is_not_asked_again() -> None:
    purse = Purse(lambda: (of_tokens(150),))
    assert purse.reserve(ask(1))
    with pytest.raises(BudgetSpent):
        asyncio.run(guarded(purse, raise_(Ambiguous("late")))(ask(1)))  # type: ignore[arg-type]
    assert purse.tight
    assert purse.short_of == of_tokens(150)
    assert not purse.reserve(ask(1))


def test_a_dropped_call_is_in_doubt() -> None:
    async def drop() -> None:
        task = asyncio.ensure_future(guarded(purse, lambda: None)(ask(1)))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    purse = Purse()
    purse.reserve(ask(1))
    asyncio.run(drop())
    assert purse.spending.doubtful.calls == 1


def test_a_call_that_was_recalled_needs_another_reservation() -> None:
    """A lane that hangs has its calls cancelled and asked again elsewhere: what hung may be billed too."""

    async def recall() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await guarded(purse, lambda: None)(ask(1))  # type: ignore[misc]

    most = len("Tell me.") + OVERHEAD + 100
    purse = Purse(lambda: (of_tokens(3 * most),))
    assert purse.reserve(ask(1))
    asyncio.run(recall())
    assert purse.spending.doubtful.tokens.total == most
    with pytest.raises(Ambiguous):
        asyncio.run(guarded(purse, raise_(Ambiguous("late")))(ask(1)))  # type: ignore[arg-type]
    assert purse.spending.doubtful.tokens.total == 2 * most
    assert not purse.reserve(ask(2)), "the third try of the first call is under way"
    asyncio.run(recall())
    with pytest.raises(BudgetSpent):
        asyncio.run(guarded(purse, lambda: None)(ask(1)))  # type: ignore[arg-type]


def test_an_answer_that_nobody_took_was_billed() -> None:
    """A reply of another model ends the run, and is not kept."""

    async def send(each: Ask) -> Answered:
        return answered(each, Usage(5, 5))

    purse = Purse()
    purse.reserve(ask(1))
    asyncio.run(purse.guard(send)(ask(1)))  # type: ignore[arg-type]
    purse.release(ask(1))
    assert purse.spending.doubtful.calls == 1
    purse.reserve(ask(2))
    event = asyncio.run(purse.guard(send)(ask(2)))  # type: ignore[arg-type]
    purse.settle(ask(2), event)
    purse.release(ask(2))
    assert (purse.spending.known.calls, purse.spending.doubtful.calls) == (1, 1)


def test_what_has_come_home_and_is_not_in_the_journal_is_under_the_mark() -> None:
    """300 calls come home at once and 300 others leave; a kill now forgets the replies to the first."""
    written: list[Bill] = []
    purse = Purse(keep=lambda doubtful, mark: written.append(mark))
    for number in range(300):
        purse.reserve(ask(number))
    for number in range(300):
        purse.settle(ask(number), answered(ask(number), Usage(9, 100)), durable=False)
    for number in range(300, 600):
        purse.reserve(ask(number))
    assert written[-1].calls >= 600
    assert written[-1].tokens.completion >= 60_000
    for number in range(300):
        purse.land(answered(ask(number), Usage(9, 100)))
    marks = len(written)
    for number in range(600, 900):
        purse.reserve(ask(number))
        assert written[-1].calls >= number - 299
    assert len(written) - marks <= 3


def test_a_template_that_writes_much_around_a_short_prompt_is_learned() -> None:
    purse = Purse(lambda: budgets)
    budgets = (of_tokens(10**9),)
    for number in range(PROVEN):
        each = ask(number)
        purse.reserve(each)
        purse.settle(each, answered(each, Usage(408, 1)))
    spent = purse.spending.known.tokens.total
    budgets = (of_tokens(spent + 2 * (408 + 100)),)
    assert purse.reserve(ask(98))
    assert not purse.reserve(ask(99)), "the next prompt may be as long as those before"


def test_limits_that_are_set_while_a_run_works_count_and_are_remembered() -> None:
    written: list[tuple[Bill, Bill]] = []
    budgets: tuple[Budget, ...] = ()
    purse = Purse(lambda: budgets)
    assert all(purse.reserve(ask(number)) for number in range(50))
    purse.settle(ask(0), answered(ask(0), Usage(5, 5)), durable=False)
    purse.doubt(ask(1))
    budgets = (of_calls(4),)
    purse.remember(lambda doubtful, mark: written.append((doubtful, mark)))
    assert purse.reserve(ask(90))
    assert written[-1][0].calls == 1
    assert written[-1][1].calls >= 1
    assert purse.reserve(ask(91)), "one answered, one in doubt, two set aside"
    assert not purse.reserve(ask(92))
    for number in range(2, 50):
        purse.settle(ask(number), answered(ask(number), Usage(5, 5)))
    assert purse.spending.known.calls == 49
    assert purse.spending.doubtful.tokens.completion == 100


def test_marks_are_written_seldom() -> None:
    written = []
    purse = Purse(keep=lambda doubtful, mark: written.append((doubtful, mark)))
    for number in range(300):
        purse.reserve(ask(number))
    for number in range(300, 3000):
        purse.settle(ask(number - 300), answered(ask(number - 300), Usage(3, 3)))
        purse.reserve(ask(number))
    assert len(written) < 40
    assert written[-1][1].calls >= 300


# -- the clock on the wall ---------------------------------------------------------------------------------------------


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(text: str, summer: int = -1) -> float:
    date = time.strptime(text, "%Y-%m-%d %H:%M")
    return time.mktime((*date[:6], 0, 0, summer))


@pytest.mark.parametrize(
    ("now", "clock", "then"),
    [
        ("2026-06-01 23:40", "07:00", "2026-06-02 07:00"),
        ("2026-06-01 06:59", "07:00", "2026-06-01 07:00"),
        ("2026-06-01 07:00", "07:00", "2026-06-02 07:00"),
        ("2026-12-31 23:59", "0:00", "2027-01-01 00:00"),
        ("2026-03-28 22:00", "07:00", "2026-03-29 07:00"),
        ("2026-10-24 22:00", "07:00", "2026-10-25 07:00"),
        ("2026-03-29 01:00", "02:30", "2026-03-29 03:30"),
    ],
)
def test_the_next_time_of_day(berlin: None, now: str, clock: str, then: str) -> None:
    assert next_at(clock, at(now)) == at(then)


def test_a_time_that_comes_twice_is_met_at_its_first_and_then_at_its_second(berlin: None) -> None:
    first, second = at("2026-10-25 02:30", 1), at("2026-10-25 02:30", 0)
    assert second - first == 3600
    assert next_at("02:30", first - 60) == first
    assert next_at("02:30", first) == second
    assert next_at("02:30", second) == at("2026-10-26 02:30")


def test_a_night_of_the_change_has_another_length(berlin: None) -> None:
    assert next_at("07:00", at("2026-03-28 23:00")) - at("2026-03-28 23:00") == 7 * 3600
    assert next_at("07:00", at("2026-10-24 23:00")) - at("2026-10-24 23:00") == 9 * 3600


@given(st.integers(10**9, 2 * 10**9), st.integers(0, 23), st.integers(0, 59))
def test_it_is_always_to_come_and_never_far(now: int, hour: int, minute: int) -> None:
    then = next_at(f"{hour}:{minute:02d}", now)
    assert now < then <= now + 26 * 3600
