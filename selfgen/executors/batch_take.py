"""Taking what came back of a batch: lines become events, events become durable and then feed the machine.

Results are taken in whatever order they stand. What is not about an owed call of the batch is passed over and counted.
Knows no service, no epoch and no wait.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from selfgen.core.batches import Result
from selfgen.core.machine import Machine
from selfgen.core.ports import Journal
from selfgen.core.replay import Sink
from selfgen.core.work import Answered, Event, Judge, Judged, Refused
from selfgen.errors import BadConfig, CallError, SelfgenError, StoreFault
from selfgen.executors.batch_parts import Part
from selfgen.executors.batch_port import Backend
from selfgen.executors.purse import Purse

T = TypeVar("T")

TOGETHER = 256
"""Events that are made durable in one go."""
DOUBTED = 3
"""So many refusals of a session, and nothing else in it, blame the set-up and not the prompts."""


class Desk:
    """Makes events durable, then feeds the machine with them. Belongs to the event loop that it is made in. `early`
    takes turns that stand at a gate before it is their turn."""

    def __init__(self, machine: Machine, journal: Journal, sink: Sink, early: Callable[[Judge], None]) -> None:
        self._machine, self._journal, self._sink, self._early = machine, journal, sink, early
        self._loop = asyncio.get_running_loop()
        self._fault: asyncio.Future[StoreFault] = self._loop.create_future()
        journal.watch(lambda fault: self._on_loop(self._fault, fault))

    async def keep(self, events: Sequence[Event]) -> None:
        """Return when the events are durable and the machine knows of them. Raises the journal's fault."""
        durable: asyncio.Future[Sequence[Event]] = self._loop.create_future()
        self._journal.submit(events, lambda kept: self._on_loop(durable, kept))
        await asyncio.wait((durable, self._fault), return_when=asyncio.FIRST_COMPLETED)
        if self._fault.done():
            raise self._fault.result()
        for event in events:
            self._feed(event)

    def _on_loop(self, future: asyncio.Future[T], value: T) -> None:
        """On the journal's thread: settle a future of the loop."""
        with suppress(RuntimeError):  # the loop has closed in the meantime
            self._loop.call_soon_threadsafe(lambda: None if future.done() else future.set_result(value))

    def _feed(self, event: Event) -> None:
        if self._machine.stop is not None:
            return  # it is in the journal for a larger target; a replay passes over it at this point too
        self._machine.feed(event)
        if early := self._machine.arrived(event.turn if isinstance(event, Judged) else event.id.turn):
            self._early(early)
        if retired := self._machine.take_retired():
            self._sink(retired)


@dataclass(slots=True)
class Taken:
    """What a batch came to. `tries` counts, for each call that is still owed, how often it was tried in vain; `odd`
    what was passed over; `end` is what ends the run, `why` the last thing that went wrong."""

    events: int = 0
    tries: dict[str, int] = field(default_factory=dict)
    odd: Counter[str] = field(default_factory=Counter)
    end: SelfgenError | None = None
    why: str = ""

    def say(self, part: Part) -> str:
        """Say what came of a part: results, lines that were passed over, calls that are still owed and why."""
        strange = "".join(f", {count} {word} lines" for word, count in sorted(self.odd.items()))
        still = f", {len(part.asks)} calls to ask again ({self.why or 'no word of them'})" if part.asks else ""
        return f"{part.id} {part.standing.word}: {self.events} results{strange}{still}"


@dataclass(slots=True)
class Doubt:
    """What a session knows of whether the service takes calls of ours: `proven` once it took one, `refused` counts the
    refusals that were believed before."""

    proven: bool = False
    refused: int = 0


class Taking:
    """Takes the results of one part. Calls that got their event are struck off `part.asks`; what stays is owed."""

    def __init__(
        self,
        desk: Desk,
        part: Part,
        backend: Backend,
        *,
        doubt: Doubt,
        purse: Purse,
        most_tries: int,
        step: Callable[[str], None],
    ) -> None:
        self._desk, self._part, self._backend = desk, part, backend
        self._doubt, self._purse, self._most_tries, self._step = doubt, purse, most_tries, step
        self._taken = Taken()
        self._group: list[Answered | Refused] = []
        self._doubted: list[Refused] = []
        self._seen: set[str] = set()
        self._silent = dict.fromkeys(part.asks, True)

    async def take(self, lines: Iterable[bytes]) -> Taken:
        """Take all lines, then give up the calls that came to nothing too often while others did not. Raises BadConfig
        when the service refused every call of the session as invalid: then nothing of the batch is taken."""
        for line in lines:
            self._hear(self._backend.decode(line, self._part.asks) if line else Result())
            if len(self._group) >= TOGETHER:
                await self._flush()
        self._settle_doubt()
        await self._flush()
        self._count_tries()
        await self._flush()
        return self._taken

    def _hear(self, result: Result) -> None:
        name = result.custom_id
        if not name:
            self._taken.odd["unreadable"] += 1
        elif name in self._seen:
            self._taken.odd["doubled"] += 1
        elif name not in self._part.marks:
            self._taken.odd["unknown"] += 1
        elif name in self._part.asks:  # else it is in the journal since an earlier session
            self._seen.add(name)
            self._sort(name, result)

    def _sort(self, name: str, result: Result) -> None:
        if result.problem is not None:
            self._silent[name] = result.tried
            self._taken.why = result.problem.what
            if not isinstance(result.problem, CallError):
                self._taken.end = self._taken.end or result.problem
        elif isinstance(result.event, Refused) and result.event.kind == "invalid_request" and not self._doubt.proven:
            self._doubted.append(result.event)
        elif result.event is not None:
            self._doubt.proven = True
            self._believe()
            self._group.append(result.event)

    def _believe(self) -> None:
        """Refusals are about their prompts."""
        self._group += self._doubted
        self._doubted.clear()

    def _settle_doubt(self) -> None:
        self._doubt.refused += len(self._doubted)
        if self._doubted and self._doubt.refused >= DOUBTED:
            what = f"The service refused every call so far, {self._doubt.refused} of them: {self._doubted[0].detail}"
            raise BadConfig(what, todo="Check --model, and extra_body and max_tokens_field in the configuration.")
        self._believe()

    async def _flush(self) -> None:
        if not self._group:
            return
        group, self._group = self._group, []
        await self._desk.keep(group)
        for event in group:
            self._purse.settle(self._part.asks.pop(str(event.id)), event)
        self._taken.events += len(group)
        self._step("some journaled")

    def _count_tries(self) -> None:
        """A try counts only where other calls of the batch succeeded: a service that does nothing blames no call."""
        for name, ask in self._part.asks.items():
            tries = self._part.tries.get(name, 0) + (self._silent[name] and self._taken.events > 0)
            if tries >= self._most_tries:
                detail = (
                    f"came to nothing in {tries} batches while other calls succeeded: {self._taken.why or 'silence'}"
                )
                self._group.append(Refused(ask.id, "gave_up", detail))
            elif tries:
                self._taken.tries[name] = tries
