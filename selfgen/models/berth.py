"""A lane at work: what is in flight on it, what came of its calls, and whether it may take one more.

Knows one lane alone. Knows no queue (turns.py), no other lane (fleet.py), and sends nothing by itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from selfgen.core.work import Answered, Ask
from selfgen.errors import CallError, Overloaded
from selfgen.models.faults import Unreachable
from selfgen.models.hold import Health, Lasting, Policy, say_span
from selfgen.models.lane import Lane, LaneRow, LaneState, Look

RECENT = 400
"""So many durations make the 99th percentile."""
RATE_S = 60
QUIET_S = 60.0
"""Silence of so long is mentioned."""
TEXT_BYTES_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to be in flight on one lane: since when, the limit that it was given at, whether it probes a held lane,
    and the tokens that were reserved for it."""

    berth: Berth
    begun_s: float
    admitted_at: int
    probe: bool
    tokens: int


class Berth:
    """One lane of a fleet. Times are monotonic seconds, passed in."""

    def __init__(self, lane: Lane, policy: Policy, now_s: float) -> None:
        self.lane, self.name, self.limit, self.buckets = lane, lane.name, lane.limit, lane.buckets
        self.policy = policy
        self.health = Health(policy)
        self.fault: Lasting | None = None
        self.probes = 0
        self.sent = self.answered = self.failures = 0
        self.begun_s = self.busy_since_s = self.progress_s = now_s
        self.known: Look | None = lane.known
        self.models: set[str] = set()
        self.proof: asyncio.Task[None] | None = None
        self.proven = False
        self.contradicted = 0
        self.refusal = ""
        self.asked_alive = 0
        self._scopes: set[asyncio.Timeout] = set()
        self._durations: deque[float] = deque(maxlen=RECENT)
        self._tokens: deque[tuple[int, int]] = deque()

    # -- who may come in

    @property
    def live(self) -> bool:
        """Whether it is of any use, now or later."""
        return self.fault is None

    @property
    def open(self) -> bool:
        return self.fault is None and self.health.hold is None

    def may_start(self, now_s: float, tokens: int) -> bool:
        """Tell whether one more call may start. A held lane takes one real call as its probe where it has no `look`."""
        if self.fault is not None or now_s < self.health.opens_at_s():
            return False
        if self.health.hold is not None:
            return self.lane.look is None and not self.probes and self.limit.in_flight < self.limit.most
        return self.limit.free() > 0 and (self.buckets is None or self.buckets.opens_at_s(now_s, tokens) <= now_s)

    def opens_at_s(self, now_s: float, tokens: int) -> float:
        """Return the time before which a call of so many tokens cannot start, where time alone is in the way."""
        opens_s = self.health.opens_at_s()
        return max(opens_s, self.buckets.opens_at_s(now_s, tokens)) if self.buckets is not None else opens_s

    def load(self) -> tuple[float, float]:
        """Return what the next call would make of it: outstanding calls over weight, then calls so far over weight."""
        return (self.limit.in_flight + 1) / self.lane.weight, self.sent / self.lane.weight

    def admit(self, now_s: float, tokens: int) -> Lease:
        """Take one call in."""
        if self.limit.in_flight == 0:
            self.busy_since_s = now_s
        probe = self.health.hold is not None
        self.probes += probe
        if self.buckets is not None:
            self.buckets.take(now_s, tokens)
        return Lease(self, now_s, self.limit.admit(), probe, tokens)

    def release(self, lease: Lease) -> None:
        """Let one call out, whatever became of it."""
        self.limit.release()
        self.probes -= lease.probe

    # -- what is in flight

    def hold_scope(self, scope: asyncio.Timeout) -> None:
        """Remember how to recall a call that is in flight."""
        self._scopes.add(scope)

    def drop_scope(self, scope: asyncio.Timeout) -> None:
        self._scopes.discard(scope)

    def recall(self) -> None:
        """Cancel every call in flight; each of them sees its own deadline passed at once."""
        now_s = asyncio.get_running_loop().time()
        for scope in self._scopes:
            if scope.when() is None:
                scope.reschedule(now_s)

    # -- what came of it

    def note_answer(self, lease: Lease, answer: Answered, now_s: float) -> None:
        """Learn from a reply: a sign of life, its tokens and its time."""
        used = answer.usage
        self.answered += 1
        self.proven = True
        self.limit.succeed(now_s, used.completion_tokens)
        self._durations.append(now_s - lease.begun_s)
        second = int(now_s)
        if self._tokens and self._tokens[-1][0] == second:
            self._tokens[-1] = (second, self._tokens[-1][1] + used.completion_tokens)
        else:
            self._tokens.append((second, used.completion_tokens))
            self._forget(second)
        if used.known:
            self.settle(lease, used.prompt_tokens + used.completion_tokens, now_s)

    def settle(self, lease: Lease, used: int, now_s: float) -> None:
        """Correct what was reserved in the buckets."""
        if self.buckets is not None:
            self.buckets.settle(lease.tokens, used, now_s)

    def note_end(self, now_s: float) -> None:
        """A call came home, with or without an answer: the lane moves."""
        self.progress_s = now_s
        self.asked_alive = 0

    def silent_from_s(self) -> float:
        """Return since when no call has come home although some are out."""
        return max(self.progress_s, self.busy_since_s)

    def allowed_silence_s(self) -> float:
        """Return how long that may last: max(watchdog, 3 x p99), twice as long after each sign of life asked for."""
        recent = sorted(self._durations)
        p99_s = recent[int(0.99 * (len(recent) - 1))] if recent else 0.0
        return float(max(self.policy.watchdog_s, 3 * p99_s) * 2.0 ** min(self.asked_alive, 10))

    def end_proof(self, proof: asyncio.Task[None]) -> None:
        """Forget a canary that is over. Who asked for it has heard of its error; if nobody did any more, so be it."""
        self.proof = None
        if not proof.cancelled():
            proof.exception()

    def sentence(self, now_s: float) -> str:
        """Return what a person should know, "" when all is well."""
        if self.fault is not None:
            return f"closed: {self.fault.what}"
        said = self.health.sentence(now_s)
        silence_s = now_s - self.silent_from_s()
        if not said and self.limit.in_flight and silence_s > QUIET_S:
            return f"no answer for {say_span(silence_s)}, {self.limit.in_flight} calls in flight"
        return said

    def row(self, now_s: float) -> LaneRow:
        """Return the lane as a status view shows it."""
        self._forget(int(now_s))
        state: LaneState = "closed" if self.fault else "held" if self.health.hold else "open"
        return LaneRow(
            name=self.name,
            state=state,
            in_flight=self.limit.in_flight,
            limit=self.limit.limit,
            sent=self.sent,
            answered=self.answered,
            failures=self.failures,
            tokens_s=sum(tokens for _, tokens in self._tokens) / min(RATE_S, max(1.0, now_s - self.begun_s)),
            path=tuple(self.limit.path),
            why=self.sentence(now_s),
        )

    def _forget(self, second: int) -> None:
        while self._tokens and self._tokens[0][0] <= second - RATE_S:
            self._tokens.popleft()


def estimate_tokens(ask: Ask) -> int:
    """Guess what a call will use at most, to be settled when the server has counted: a token for four bytes of prompt,
    and all the room that the reply has."""
    prompt_bytes = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in ask.messages)
    return prompt_bytes // TEXT_BYTES_A_TOKEN + ask.sampling.max_tokens


def spares_tokens(problem: CallError) -> bool:
    """Tell whether a failed call cannot have used any tokens: the server said no, or heard nothing."""
    return isinstance(problem, Overloaded | Unreachable)
