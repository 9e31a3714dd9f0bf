"""The purse: no call is sent that may go over a budget. The machine plans by what turns took (core.budget.Moments); the
purse counts what is billed, call by call, and is the brake for all that nobody foresaw.

    reserve   before a call is sent: the most that it can be billed, from the size of its prompt and the room for its
              reply; a call that does not fit waits until others have settled for less. One call alone may go out as
              long as the limit is not reached: else the last turns, which seldom take the most, would never end
    settle    when it is answered: what it really took
    doubt     an attempt that may have been billed without an answer: its reservation stays spent, and asking again
              needs another one

What was in doubt survives the session through `keep`, and so does all that is in flight or not yet in the journal,
should the session be killed: before that is more than was ever written down, a larger mark is (a write for each quarter
more, not one a call).
Knows no prices (budgets weigh), no journal and no clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from selfgen.core.budget import Bill, Budget, Spending, bill_vector
from selfgen.core.work import Answered, Ask, CallId, Event, Judged, Refused, Role, Usage
from selfgen.errors import Ambiguous

Send = Callable[[Ask], Awaitable[Answered | Refused]]

OVERHEAD = 64
"""Tokens that a chat template may add to a prompt."""
PROVEN = 16
"""Prompts whose tokens a server has counted before their proportion to bytes is believed."""
MARGIN = (5, 4)
"""A prompt is taken for at most so much denser than the densest before it; and a mark for so much more than needed."""


class BudgetSpent(Exception):
    """A call that failed is not asked again: another attempt may go over a budget. It stays owed."""


Keep = Callable[[Bill, Bill], None]
"""Makes durable what may have been billed without an answer: so far, and by the most that is in flight."""


def forget(doubtful: Bill, mark: Bill) -> None:
    """Keep nothing: for runs without prices and limits."""


class Density:
    """How many tokens a byte of prompt takes, at most: one (no tokenizer makes more of UTF-8) until servers have
    counted enough prompts of a role, then what the densest of those took, and a margin."""

    def __init__(self) -> None:
        self._seen: dict[Role, int] = {}
        self._densest: dict[Role, tuple[int, int]] = {}

    def learn(self, role: Role, size: int, tokens: int) -> None:
        """Take in one prompt: its bytes, and the tokens that the server counted."""
        self._seen[role] = self._seen.get(role, 0) + 1
        most, of = self._densest.get(role, (0, 1))
        if tokens * of > most * size:
            self._densest[role] = (tokens, size)

    def most(self, role: Role, size: int) -> int:
        """Return the most tokens that a prompt of so many bytes may take."""
        if self._seen.get(role, 0) < PROVEN:
            return size + OVERHEAD
        tokens, of = self._densest[role]
        # A template that writes much around a short prompt makes more than a token of each of its bytes.
        return min(size * -(-tokens // of), -(-size * tokens * MARGIN[0] // (of * MARGIN[1]))) + OVERHEAD


class Purse:
    """See the module. `budgets` returns the limits on the whole run, which may change while it works; `spending` is
    what earlier sessions left."""

    def __init__(
        self,
        budgets: Callable[[], Sequence[Budget]] = tuple,
        spending: Spending | None = None,
        keep: Keep = forget,
    ) -> None:
        before = spending or Spending()
        self._budgets = budgets
        self._keep = keep
        self._known = list(before.known.vector())
        self._counted = before.known.tokens.known
        self._doubtful = list(before.doubtful.vector())
        self._kept = list(self._doubtful)
        self._held = [0] * 7
        self._holds: dict[CallId, tuple[tuple[int, ...], int]] = {}
        self._answered: set[CallId] = set()
        self._afloat = [0] * 7
        self._landing: dict[CallId, tuple[int, ...]] = {}
        self._mark = [0] * 7
        self._density = Density()
        self.short_of: Budget | None = None
        self.tight = False

    @property
    def spending(self) -> Spending:
        """What was spent so far, without what is in flight."""
        return Spending(Bill.of(self._known, known=self._counted), Bill.of(self._doubtful))

    def reserve(self, ask: Ask) -> bool:
        """Set aside the most that one attempt of a call may be billed; False where that does not fit any more. Then the
        purse is `tight` until something has settled. Without limits and a record nothing is worked out."""
        if self._keep is forget and not self._budgets():
            self._holds[ask.id] = (_ZERO, 0)
            self.tight = False
            return True
        hold, size = self._most(ask)
        if not self._fits(hold, alone=not self._holds):
            return False
        self._holds[ask.id] = (hold, size)
        _add(self._held, hold)
        self._raise_mark()
        return True

    def settle(self, ask: Ask, event: Answered | Refused, *, durable: bool = True) -> None:
        """Take in what a call came to: the tokens of its reply, or none where it was refused. What is not durable yet
        would be forgotten in a kill: say when it has landed."""
        usage = event.usage if isinstance(event, Answered) else None
        size = self._let_go(ask.id)
        vector = bill_vector(ask.role, usage)
        _add(self._known, vector)
        if not durable and self._keep is not forget:
            self._landing[ask.id] = vector
            _add(self._afloat, vector)
        if usage is not None:
            self._counted = self._counted and usage.known
            if usage.known and usage.prompt_tokens and size:
                self._density.learn(ask.role, size, usage.prompt_tokens)

    def land(self, event: Event) -> None:
        """Hear that an event is in the journal."""
        if not isinstance(event, Judged) and (vector := self._landing.pop(event.id, None)) is not None:
            _add(self._afloat, vector, -1)

    def release(self, ask: Ask) -> None:
        """Give back what was set aside for a call that is not under way any more; nothing where all is settled. An
        answer that nobody took was billed all the same."""
        if ask.id in self._answered:
            self.lose(ask)
        self._let_go(ask.id)

    def doubt(self, ask: Ask) -> None:
        """Count an attempt as spent that may have been billed without an answer. Raises BudgetSpent when there is no
        room for another one."""
        self._spend(ask)
        if not self._fits(_ZERO, alone=self._holds.keys() <= {ask.id}):
            self._let_go(ask.id)
            self.tight = True
            raise BudgetSpent
        self._raise_mark()

    def lose(self, ask: Ask) -> None:
        """Count a call as spent that was dropped on its way."""
        self._spend(ask)
        self._let_go(ask.id)

    def close(self) -> None:
        """Write down what is in doubt at the end of a session, in which nothing is in flight any more."""
        if self._doubtful != self._kept or any(self._mark):
            self._mark = [0] * 7
            self._write()

    def remember(self, keep: Keep) -> None:
        """From now on write down what may have been billed: limits were set while the run works."""
        if self._keep is forget:
            self._keep = keep

    def guard(self, send: Send) -> Send:
        """Return `send` with an eye on attempts that end without an answer and may have been billed: those that timed
        out, and those that were dropped. What a server turns away, or what never reached one, is not. Raises
        BudgetSpent where a call that was dropped, to be sent anew, does not fit any more."""

        async def attempt(ask: Ask) -> Answered | Refused:
            if ask.id not in self._holds and not self.reserve(ask):
                raise BudgetSpent
            try:
                event = await send(ask)
                if isinstance(event, Answered):
                    self._answered.add(ask.id)
                return event
            except Ambiguous:
                self.doubt(ask)
                raise
            except asyncio.CancelledError:
                self.lose(ask)
                raise

        return attempt

    def _most(self, ask: Ask) -> tuple[tuple[int, ...], int]:
        """Return the most that one attempt of a call may be billed, and the bytes of its prompt."""
        size = sum(len(message.content.encode("utf-8", "replace")) for message in ask.messages)
        return bill_vector(ask.role, Usage(self._density.most(ask.role, size), ask.sampling.max_tokens)), size

    def _spend(self, ask: Ask) -> None:
        """Take what is set aside for a call as spent, and leave it set aside."""
        if ask.id in self._holds:
            hold, _ = self._holds[ask.id]
            _add(self._doubtful, self._most(ask)[0] if hold is _ZERO else hold)

    def _used(self, budget: Budget) -> int:
        return budget.weigh(self._known) + budget.weigh(self._doubtful)

    def _fits(self, more: Sequence[int], *, alone: bool) -> bool:
        """Tell whether all budgets hold with what is spent, set aside and `more`, or for a call that is alone whether
        none is used up; note the first that forbids it."""
        over = (each for each in self._budgets() if self._forbids(each, more, alone))
        self.short_of = next(over, None)
        self.tight = self.short_of is not None
        return not self.tight

    def _forbids(self, budget: Budget, more: Sequence[int], alone: bool) -> bool:
        used = self._used(budget)
        return used >= budget.limit if alone else used + budget.weigh(self._held) + budget.weigh(more) > budget.limit

    def _let_go(self, call: CallId) -> int:
        """Take a reservation back, and return the bytes of its prompt."""
        if call not in self._holds:
            return 0
        hold, size = self._holds.pop(call)
        self._answered.discard(call)
        self.tight = False
        if hold is not _ZERO:
            _add(self._held, hold, -1)
        return size

    def _raise_mark(self) -> None:
        """See to it that what is written down covers all that may be billed without our hearing of it."""
        out = [held + afloat for held, afloat in zip(self._held, self._afloat, strict=True)]
        sums = zip(out, self._doubtful, self._kept, self._mark, strict=True)
        if any(amount + now - kept > mark for amount, now, kept, mark in sums):
            pairs = zip(out, self._mark, strict=True)
            self._mark = [max(mark, -(-amount * MARGIN[0] // MARGIN[1])) for amount, mark in pairs]
            self._write()

    def _write(self) -> None:
        self._kept = list(self._doubtful)
        self._keep(Bill.of(self._doubtful), Bill.of(self._mark))


def _add(sums: list[int], vector: Sequence[int], sign: int = 1) -> None:
    for index, amount in enumerate(vector):
        sums[index] += sign * amount


_ZERO = (0,) * 7
