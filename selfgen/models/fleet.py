"""Several lanes to one model: calls wait in one queue, go where there is room, and survive any outage but a total one.

Implements core.ports.Model over lanes that ask once (chat.Chat.send, or a stand-in). Who is next is decided in
turns.py, what one lane may take in berth.py, which failures hold it in hold.py, how many calls run at once by its
limit, whether it is still the same model in proof.py, and whom an early refusal blames in doubt.py. Knows no sockets
and no journal.

    Overloaded            the lane's limit is cut; the call waits and is asked again for as long as it takes
    Transient, Ambiguous  the call is asked again, elsewhere at once where it can be; failures in a row hold the lane,
                          and a canary probes it. Only a call that keeps failing while its lanes serve others is given
                          up (Refused "gave_up"). The run pauses once all lanes are held and patience is over
    the rest              closes the lane; where no other is left, it ends the run with a plain message
    another model         ends the run: answers of two models are no one dataset
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from selfgen.core import ports
from selfgen.core.work import Answered, Ask, Refused
from selfgen.errors import (
    Ambiguous,
    CallError,
    CallRejected,
    KeyRefused,
    Overloaded,
    QuotaUsedUp,
    SelfgenError,
)
from selfgen.models.attempts import Call
from selfgen.models.berth import Berth, Lease, estimate_tokens, spares_tokens
from selfgen.models.doubt import DOUBTFUL, Doubt
from selfgen.models.hold import Lasting, Policy, end_of_all, end_of_patience
from selfgen.models.lane import ClientLimit, Counters, Lane, LaneRow, Tell
from selfgen.models.proof import Proofs
from selfgen.models.story import Story
from selfgen.models.turns import Turns
from selfgen.models.watch import Watch


class Fleet:
    """Several servers as the executor sees them: one model. `sleep`, `clock` (monotonic seconds) and `jitter` (in
    [0, 1)) are given from outside, so that hours of outage can be tested in milliseconds; `tell` hears what happens."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        policy: Policy | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        tell: Tell = lambda kind, sentence: None,
    ) -> None:
        if not lanes or len({lane.name for lane in lanes}) < len(lanes):
            raise ValueError("a fleet needs lanes, each with a name of its own")
        self._policy = policy or Policy()
        self._clock, self._sleep, self._jitter = clock, sleep, jitter
        self._berths = tuple(Berth(lane, self._policy, clock()) for lane in lanes)
        self._turns = Turns(self._berths, clock=clock, sleep=sleep)
        self._watch = Watch(self._berths, self, clock=clock, sleep=sleep)
        self._story = Story(self._berths, tell)
        self._proofs = Proofs(self._policy, self._story, revive=self._revive, shut=self._turns.shut)
        self._doubt = Doubt(self._policy.doubted_calls, self._turns.shut)
        self._counts_tokens = any(lane.buckets is not None for lane in lanes)
        self._overloaded = self._transient = self._maybe_billed = self._gave_up = 0
        self._heard_the_end = False

    async def answer(self, ask: Ask) -> Answered | Refused:
        """Answer one call, however long it takes. Raises NoServer, Paused, NotAuthorised or BadConfig: what ends a run.

        Cancelling it gives its slot back at once."""
        call = Call(ask, estimate_tokens(ask) if self._counts_tokens else 0)
        self._doubt.enter()
        try:
            while (result := await self._attempt(call)) is None:
                pass
            await self._doubt.hear(result)
            return result
        except SelfgenError:
            self._heard_the_end = True
            raise
        finally:
            self._doubt.leave()

    def room(self) -> int:
        """Return how many more calls would be sent at once; 1 if only a call can tell more: while no lane is open and
        nobody waits, or when the end has come and nobody has been told."""
        if self._turns.fatal is not None:
            return 0 if self._heard_the_end else 1
        return self._turns.room()

    def state(self) -> str:
        """Return what a person should know now, "" when all is well."""
        if self._turns.fatal is not None:
            return self._turns.fatal.what
        now_s = self._clock()
        said = ((berth.name, berth.sentence(now_s)) for berth in self._berths)
        if len(self._berths) == 1:
            return next(said)[1]
        return "; ".join(f"{name}: {sentence}" for name, sentence in said if sentence)

    def counters(self) -> Counters:
        """Return what happened so far, as a snapshot."""
        return Counters(
            sent=sum(berth.sent for berth in self._berths),
            answered=sum(berth.answered for berth in self._berths),
            overloaded=self._overloaded,
            transient=self._transient,
            maybe_billed=self._maybe_billed,
            gave_up=self._gave_up,
            canaries=self._proofs.canaries,
            in_flight=sum(berth.limit.in_flight for berth in self._berths),
            waiting=self._turns.waiting,
            limit=sum(berth.limit.limit for berth in self._berths if berth.live),
            longest_hold_s=max(berth.health.longest_hold_s for berth in self._berths),
        )

    def lanes(self) -> tuple[LaneRow, ...]:
        """Return a row for each lane, in the order in which they were given."""
        now_s = self._clock()
        return tuple(berth.row(now_s) for berth in self._berths)

    def lane_rows(self) -> tuple[ports.LaneRow, ...]:
        """Return the same rows in the words of the core."""
        return tuple(row.shown(berth.begun_s) for row, berth in zip(self.lanes(), self._berths, strict=True))

    def pin(self, calls: int | None) -> None:
        """Keep to so many calls at once over all lanes, by weight and at least 1 each; None: find the limits again."""
        lanes = [berth for berth in self._berths if berth.live]
        weight = sum(berth.lane.weight for berth in lanes)
        for berth in lanes:
            berth.limit.pin(None if calls is None else max(1, round(calls * berth.lane.weight / weight)))
        self._turns.pump()

    async def aclose(self) -> None:
        """Stop waiting for anything and close the clients behind the lanes."""
        proofs = [berth.proof for berth in self._berths if berth.proof is not None]
        for proof in proofs:
            proof.cancel()
        await asyncio.gather(*self._watch.close(), *self._turns.close(), *proofs, return_exceptions=True)
        closing = [berth.lane.close() for berth in self._berths if berth.lane.close is not None]
        for trouble in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(trouble, BaseException):
                raise trouble

    # -- one attempt

    async def _attempt(self, call: Call) -> Answered | Refused | None:
        """Send the call once when its turn comes. None: it failed in a way that passes, ask again."""
        lease = await self._turns.admit(call.wish())
        berth = lease.berth
        self._watch.begin()
        sent, vouched = False, not call.needs_canary(berth, self._policy)
        scope = asyncio.timeout(None)
        problem: CallError | None = None
        try:
            async with scope:
                berth.hold_scope(scope)
                if not vouched:
                    await self._proofs.prove(berth)
                    vouched = True
                sent = True
                berth.sent += 1
                result = await berth.lane.send(call.ask)
        except CallError as error:
            problem = error
        except TimeoutError:
            if not scope.expired():
                raise
            self._maybe_billed += sent
            return None
        finally:
            berth.drop_scope(scope)
            self._turns.give_back(lease)
        if problem is not None:
            return await self._fail(call, lease, problem, own=vouched)
        if isinstance(result, Answered) and (problem := await self._proofs.vet(berth, result.model)) is not None:
            return await self._fail(call, lease, problem, own=False)
        self._hear(lease, result)
        return await self._take(call, berth, result)

    def _hear(self, lease: Lease, result: Answered | Refused) -> None:
        """Learn what any answer or refusal proves: the lane lives."""
        berth, now_s = lease.berth, self._clock()
        berth.note_end(now_s)
        self._recover(berth, berth.health.succeed)
        if isinstance(result, Answered):
            berth.note_answer(lease, result, now_s)
        else:
            berth.settle(lease, 0, now_s)

    async def _take(self, call: Call, berth: Berth, result: Answered | Refused) -> Answered | Refused | None:
        """Believe an answer or a refusal. None: another lane is asked for a second opinion."""
        if isinstance(result, Refused):
            return None if await self._wants_another_opinion(call, berth, result) else result
        for other in call.refused_by:
            self._contradict(other)
        return result

    async def _fail(self, call: Call, lease: Lease, problem: CallError, *, own: bool) -> Refused | None:
        """Learn from a failure and back off; give the call up where it alone is to blame. Raises what ends the run."""
        berth, now_s = lease.berth, self._clock()
        berth.failures += 1
        berth.note_end(now_s)
        if spares_tokens(problem):
            berth.settle(lease, 0, now_s)
        if isinstance(problem, KeyRefused | CallRejected | QuotaUsedUp):
            self._close_lane(berth, problem)
            return None
        if isinstance(problem, Overloaded | ClientLimit):
            self._overloaded += isinstance(problem, Overloaded)
            call.refusals += 1
            berth.limit.refuse(lease.admitted_at, now_s, problem.retry_after_s)
        if not isinstance(problem, Overloaded):
            self._transient += 1
            self._maybe_billed += isinstance(problem, Ambiguous)
        if isinstance(problem, ClientLimit):
            self._story.own_limit(berth, problem)
        elif own and not isinstance(problem, Overloaded):
            call.note_failure(berth)
        if lease.probe or not isinstance(problem, ClientLimit):
            self._blame(berth, problem, probe=lease.probe)
        if call.is_poison(self._policy):
            self._gave_up += 1
            detail = f"failed {call.failures} times while other calls succeeded: {problem.what}"
            return Refused(call.ask.id, "gave_up", detail)
        await self._pause(call, berth, problem)
        return None

    async def _pause(self, call: Call, berth: Berth, problem: CallError) -> None:
        """Back off before the next attempt, with jitter. A lane that is held or asked for silence has its own schedule,
        and another lane may be asked at once."""
        if self._turns.fatal is not None:
            return
        if berth.health.hold is not None or (problem.retry_after_s or 0.0) >= self._policy.backoff_s:
            call.tried.add(berth)
            return
        others = sum(other.open and other is not berth and other not in call.tried for other in self._berths)
        if not call.may_hurry(berth, others):
            tries = call.refusals if isinstance(problem, Overloaded | ClientLimit) else call.failures
            await self._back_off(tries)

    async def _back_off(self, tries: int) -> None:
        await self._sleep(self._policy.backoff(max(0, tries - 1)) * (0.5 + 0.5 * self._jitter()))

    # -- lanes that go and come

    def _blame(self, berth: Berth, problem: CallError, *, probe: bool) -> None:
        """Count a failure against a lane, and end the run if all lanes have been held for too long."""
        was = berth.health.hold
        now_s = self._clock()
        berth.health.fail(problem, now_s, probe=probe, limit=berth.limit.limit)
        if was is None and (hold := berth.health.hold) is not None:
            self._story.away(berth, hold, now_s)
            self._watch.mind(berth)
        self._check_patience(now_s)

    def _recover(self, berth: Berth, note: Callable[[float], None]) -> None:
        """Count a sign of life for a lane; whoever waits for it is let in."""
        now_s, hold = self._clock(), berth.health.hold
        note(now_s)
        if hold is not None:
            self._story.back(berth, hold, now_s)
            self._turns.pump()

    def _revive(self, berth: Berth) -> None:
        self._recover(berth, berth.health.revive)

    def _check_patience(self, now_s: float) -> None:
        over = end_of_patience([(berth.name, berth.health) for berth in self._berths if berth.live], now_s)
        if over is not None:
            raise self._turns.shut(over)

    def _close_lane(self, berth: Berth, problem: Lasting) -> None:
        """Send nothing more to a lane that no waiting mends. Raises the end of the run where it was the last."""
        if berth.fault is not None:
            return
        berth.fault = problem
        if not any(other.live for other in self._berths):
            faults = [(other.name, other.fault) for other in self._berths if other.fault is not None]
            raise self._turns.shut(end_of_all(faults))
        self._story.closed(berth, problem.what)
        self._turns.pump()
        self._check_patience(self._clock())

    # -- refusals that only one lane gives

    async def _wants_another_opinion(self, call: Call, berth: Berth, result: Refused) -> bool:
        """Tell whether another lane should be asked: this one has accepted nothing so far, so that it may be set up
        wrongly, and would draw all calls to itself by refusing them at once."""
        if berth.proven or result.kind not in DOUBTFUL:
            return False
        again = berth in call.refused_by
        call.refused_by.add(berth)
        berth.refusal = result.detail
        if not any(other.open and other not in call.refused_by for other in self._berths):
            return False
        if again:
            call.refusals += 1
            await self._back_off(call.refusals)
        return True

    def _contradict(self, berth: Berth) -> None:
        """Close a lane that has accepted nothing, once others have accepted several calls that it refused."""
        berth.contradicted += 1
        if berth.live and not berth.proven and berth.contradicted >= self._policy.doubted_calls:
            self._close_lane(berth, CallRejected(f"It refuses calls that others accept: {berth.refusal}"))

    # -- what the watch asks (see watch.Keeper)

    async def prove(self, berth: Berth) -> None:
        """Have a lane show that it lives and is the model that it was."""
        await self._proofs.prove(berth)

    def over(self) -> bool:
        """Tell whether the run has met its end."""
        return self._turns.fatal is not None

    def on_canary_failed(self, berth: Berth, error: CallError) -> None:
        """A held lane did not pass its canary."""
        with suppress(SelfgenError):  # everybody has been turned away with it
            if isinstance(error, KeyRefused | CallRejected | QuotaUsedUp):
                self._close_lane(berth, error)
            else:
                self._blame(berth, error, probe=True)

    def on_hung(self, berth: Berth, error: CallError) -> None:
        """A lane let no call come home, and did not pass a canary: hold it, and ask its calls again elsewhere."""
        now_s = self._clock()
        with suppress(SelfgenError):  # everybody has been turned away with it
            if isinstance(error, KeyRefused | CallRejected | QuotaUsedUp):
                self._close_lane(berth, error)
            else:
                held = berth.health.hold is not None
                berth.health.open(error, now_s)
                self._story.hung(berth, now_s - berth.silent_from_s(), berth.limit.in_flight, error)
                if not held:
                    self._watch.mind(berth)
        berth.recall()

    def on_slow(self, berth: Berth) -> None:
        """A lane let no call come home, but passed a canary."""
        self._story.slow(berth, self._clock() - berth.silent_from_s())
