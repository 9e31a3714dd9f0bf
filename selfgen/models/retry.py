"""An endpoint: calls wait here for their turn, are asked again by class of failure, and survive an outage.

Implements core.ports.Model over any `send` that asks once (chat.Chat.send, or a stand-in). Which failures hold the
endpoint is decided in hold.py, how many calls run at once in throttle.py, who is next in turns.py, and whom an early
refusal blames in doubt.py. Knows no sockets and no journal.

    Overloaded            the limit is cut; the call waits and is asked again for as long as it takes
    Transient, Ambiguous  the call backs off and is asked again; failures in a row hold the endpoint, and then one call
                          at a time probes while the others wait. Only a call that keeps failing while others succeed
                          is given up (Refused "gave_up")
    the rest              ends the run with a plain message
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Sampling
from selfgen.errors import (
    Ambiguous,
    BadConfig,
    CallError,
    CallRejected,
    KeyRefused,
    NotAuthorised,
    Overloaded,
    Paused,
    QuotaUsedUp,
    SelfgenError,
)
from selfgen.models.doubt import Doubt
from selfgen.models.hold import Health, Policy, say_span
from selfgen.models.throttle import Throttle
from selfgen.models.turns import Lease, Turns

Send = Callable[[Ask], Awaitable[Answered | Refused]]
QUIET_S = 60.0
CANARY = CallId(-1, 0, 0)
"""The address of probing calls; the machine owes no such call."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What an endpoint did so far. `maybe_billed`: calls that may have been paid for without an answer."""

    sent: int
    answered: int
    overloaded: int
    transient: int
    maybe_billed: int
    gave_up: int
    canaries: int
    in_flight: int
    waiting: int
    limit: int
    longest_hold_s: float


@dataclass(slots=True)
class _Call:
    """One call on its way. `credited` counts the own failures that had a success elsewhere before them."""

    ask: Ask
    refusals: int = 0
    failures: int = 0
    credited: int = 0
    successes_seen: int = 0

    def note_failure(self, successes: int) -> None:
        if self.failures == 0 or successes > self.successes_seen:
            self.credited += 1
        self.failures += 1
        self.successes_seen = successes


class Endpoint:
    """One model server as the executor sees it. `sleep`, `clock` (monotonic seconds) and `jitter` (in [0, 1)) are given
    from outside, so that hours of outage can be tested in milliseconds; `close` is called by `aclose`."""

    def __init__(
        self,
        send: Send,
        *,
        throttle: Throttle,
        policy: Policy | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._send, self._throttle, self._policy = send, throttle, policy or Policy()
        self._clock, self._sleep, self._jitter, self._close = clock, sleep, jitter, close
        self._health = Health(self._policy)
        self._turns = Turns(throttle=throttle, health=self._health, clock=clock, sleep=sleep)
        self._sent = self._answered = self._overloaded = self._transient = 0
        self._maybe_billed = self._gave_up = self._canaries = 0
        self._progress_s = clock()
        self._doubt = Doubt(self._policy.doubted_calls, self._turns.shut)

    async def answer(self, ask: Ask) -> Answered | Refused:
        """Answer one call, however long it takes. Raises NoServer, Paused, NotAuthorised or BadConfig: what ends a run.

        Cancelling it gives its slot back at once."""
        call = _Call(ask)
        self._doubt.enter()
        try:
            while (result := await self._attempt(call)) is None:
                pass
            await self._doubt.hear(result)
            return result
        finally:
            self._doubt.leave()

    def room(self) -> int:
        """Return how many more calls would be sent at once; while held, 1 if nobody is there to probe."""
        return self._turns.room()

    def state(self) -> str:
        """Return what a person should know now, "" when all is well."""
        now_s = self._clock()
        if self._turns.fatal is not None:
            return self._turns.fatal.what
        silence_s = now_s - max(self._progress_s, self._turns.busy_since_s)
        said = self._health.sentence(now_s)
        if not said and self._throttle.in_flight and silence_s > QUIET_S:
            return f"no answer for {say_span(silence_s)}, {self._throttle.in_flight} calls in flight"
        return said

    def counters(self) -> Counters:
        """Return what happened so far, as a snapshot."""
        return Counters(
            sent=self._sent,
            answered=self._answered,
            overloaded=self._overloaded,
            transient=self._transient,
            maybe_billed=self._maybe_billed,
            gave_up=self._gave_up,
            canaries=self._canaries,
            in_flight=self._throttle.in_flight,
            waiting=self._turns.waiting,
            limit=self._throttle.limit,
            longest_hold_s=self._health.longest_hold_s,
        )

    async def aclose(self) -> None:
        """Stop waiting for anything and close the client behind `send`."""
        self._turns.close()
        if self._close is not None:
            await self._close()

    async def _attempt(self, call: _Call) -> Answered | Refused | None:
        """Send the call once when its turn comes. None: it failed in a way that passes, ask again."""
        lease = await self._turns.admit(call.ask.id, call.failures)
        vouched = not self._needs_canary(call)
        try:
            if not vouched:
                await self._send_canary()
                vouched = True
            self._sent += 1
            result = await self._send(call.ask)
        except CallError as error:
            problem = error
        else:
            self._succeed()
            return result
        finally:
            self._turns.give_back(lease)
        self._learn(call, problem, lease, own=vouched)
        if call.credited >= self._policy.own_attempts:
            self._gave_up += 1
            detail = f"failed {call.failures} times while other calls succeeded: {problem.what}"
            return Refused(call.ask.id, "gave_up", detail)
        await self._pause(call, problem)
        return None

    def _succeed(self) -> None:
        now_s = self._progress_s = self._clock()
        self._answered += 1
        self._health.succeed(now_s)
        self._throttle.succeed(now_s)

    def _learn(self, call: _Call, problem: CallError, lease: Lease, *, own: bool) -> None:
        """Count one failure, and end the run if it is of the lasting kind or has lasted too long."""
        now_s = self._clock()
        if isinstance(problem, KeyRefused | CallRejected | QuotaUsedUp):
            raise self._turns.shut(end_of(problem))
        if isinstance(problem, Overloaded):
            self._overloaded += 1
            call.refusals += 1
            self._throttle.refuse(lease.admitted_at, now_s, problem.retry_after_s)
        else:
            self._transient += 1
            self._maybe_billed += isinstance(problem, Ambiguous)
            if own:
                call.note_failure(self._health.successes)
        self._health.fail(problem, now_s, probe=lease.probe, limit=self._throttle.limit)
        over = self._health.end(now_s)
        if over is not None:
            raise self._turns.shut(over)

    async def _pause(self, call: _Call, problem: CallError) -> None:
        """Back off before the next attempt, with jitter. A held endpoint has its own schedule."""
        if self._health.hold is not None or problem.retry_after_s:
            return
        tries = call.refusals if isinstance(problem, Overloaded) else call.failures
        await self._sleep(self._policy.backoff(max(0, tries - 1)) * (0.5 + 0.5 * self._jitter()))

    def _needs_canary(self, call: _Call) -> bool:
        """Tell whether nobody else has succeeded since this call failed: is it the call, or is it the server?"""
        return call.failures >= self._policy.canary_after and call.successes_seen == self._health.successes

    async def _send_canary(self) -> None:
        """Ask for next to nothing. Each canary has a text of its own, so that no cache answers."""
        self._canaries += 1
        message = Message("user", f"Say ok. ({self._canaries})")
        canary = Ask(CANARY, "propose", (message,), Sampling(0.0, 1.0, 16), self._canaries, None, "")
        await self._send(canary)
        self._health.succeed(self._clock())


def end_of(problem: KeyRefused | CallRejected | QuotaUsedUp) -> SelfgenError:
    """Say what a person should do about a failure that lasts."""
    match problem:
        case KeyRefused():
            return NotAuthorised(problem.what, todo="Set the right key, then run the same command again.")
        case QuotaUsedUp():
            todo = "Nothing is lost. Top the account up; the same command continues."
            return Paused(problem.what, todo=todo)
        case CallRejected():
            return BadConfig(problem.what, todo=problem.todo or "Check --base-url and --model.")
