"""The batch executor: all owed calls go to a service as files, epoch by epoch, and come back hours later.

    epoch     all calls that the machine owes now, split into parts; results are taken as parts come home, gates judge
              what is due, and when the last part is home the next epoch begins
    ledger    what we are about to do is written down before we do it, so that a process that dies anywhere is followed
              by one that knows where to look: nothing is submitted twice, nothing that was paid for is left behind
    files     calls and results lie beside the run until they are in the journal (batch_files.py)

It decides nothing about the data: the machine takes the same replies from here as from the streaming executor.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

from selfgen.core.machine import Machine
from selfgen.core.ports import Gates, Journal
from selfgen.core.replay import Sink
from selfgen.core.work import Ask, Judged, Refused, Role
from selfgen.errors import BadConfig, InternalError, Paused, SelfgenError
from selfgen.executors.ahead import Ahead
from selfgen.executors.batch_files import Spool, read_lines
from selfgen.executors.batch_parts import PREFIX, Part, in_vain, make_part, read_parts, refusal_of, say, split, stem_of
from selfgen.executors.batch_port import Backend, Ledger, Pace
from selfgen.executors.batch_resume import admit, claim
from selfgen.executors.batch_send import Sender
from selfgen.executors.batch_take import Desk, Doubt, Taking
from selfgen.executors.batch_wait import Left, Waiter, time_is_up
from selfgen.executors.purse import Purse
from selfgen.executors.stream import JUDGE_S, Cut, Ending, Snapshot

FILE_BYTES = 190_000_000
"""Of one file of calls. OpenAI takes 200 MB, and a margin costs nothing."""


class Batch:
    """One session of a run over batches, from the machine as it stands to an ending. `folder` is where files lie
    meanwhile, `run` a short name of the run for people who look at the service. Without `wait` the session ends when
    all that is owed is submitted and nothing has come home. `step` is told each step that is done. `affords` tells how
    many of some calls may be sent, beside the purse. The rest is as in Stream."""

    def __init__(
        self,
        machine: Machine,
        gates: Gates,
        backends: Mapping[Role, Backend],
        journal: Journal,
        sink: Sink,
        *,
        ledger: Ledger,
        folder: Path,
        run: str,
        batch_size: int = 1000,
        file_bytes: int = FILE_BYTES,
        pace: Pace | None = None,
        wait: bool = True,
        max_seconds: float | None = None,
        until_s: float | None = None,
        affords: Callable[[Sequence[Ask]], int] = len,
        purse: Purse | None = None,
        watch: Callable[[Snapshot], None] = lambda snapshot: None,
        leave: Callable[[], None] = lambda: None,
        step: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._machine, self._gates, self._backends = machine, gates, backends
        self._journal, self._sink, self._ledger = journal, sink, ledger
        self._run, self._size, self._file_bytes = run, batch_size, file_bytes
        self._pace, self._wait = pace or Pace(), wait
        self._affords, self._purse = affords, purse or Purse()
        self._max_seconds, self._until_s, self._step = max_seconds, until_s, step
        self._watch, self._leave = watch, leave
        self._spool = Spool(folder)
        self._ahead = Ahead(gates.ahead)
        self._owed: dict[str, Ask] = {}
        self._tries: dict[str, int] = {}
        self._parts: list[Part] = []
        self._crowded = self._fruitless = 0
        self._doubt = Doubt()
        self._cut: Cut | None = None

    def run(self) -> Ending:
        """Work until the run ends, or until there is nothing to do but to wait. Raises what ends it badly."""
        return asyncio.run(self._session())

    # -- the session ------------------------------------------------------------------------------------------------

    async def _session(self) -> Ending:
        self._waiter = Waiter(self._pace, self._journal.note)
        self._sender = Sender(self._backends, self._ledger, self._spool, self._waiter, self._journal.note, self._step)
        self._desk = Desk(self._machine, self._journal, self._sink, self._ahead.put)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupt)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._journal.note("hangup", "the terminal was closed"))
        self._work = asyncio.create_task(self._run_epochs())
        watcher = asyncio.create_task(self._keep_watch())
        try:
            await asyncio.wait((self._work, watcher), return_when=asyncio.FIRST_COMPLETED)
            if watcher.done():
                watcher.result()
            ending = await self._ending()
        except BaseException:
            with suppress(SelfgenError, OSError):  # what ended the session is what a person should read
                await self._close(watcher)
            raise
        await self._close(watcher)
        return ending

    async def _ending(self) -> Ending:
        try:
            return await self._work
        except (Left, Paused, asyncio.CancelledError):
            if self._cut is None:
                raise
        if self._cut is Cut.INTERRUPTED and self._submitted():
            return Cut.SUBMITTED
        return self._cut

    async def _close(self, watcher: asyncio.Task[None]) -> None:
        """End all that is under way, and show the end."""
        watcher.cancel()
        self._work.cancel()
        self._leave()
        await asyncio.gather(watcher, self._work, return_exceptions=True)
        await asyncio.to_thread(self._ahead.close)
        for backend in dict.fromkeys(self._backends.values()):
            await backend.aclose()
        self._watch(self.snapshot())

    def _submitted(self) -> bool:
        """Tell whether a service works for us while we are away."""
        return any(part.id and part.outlives_us for part in self._parts)

    def snapshot(self) -> Snapshot:
        """Return what is going on around the machine."""
        now_s = time.time()
        started = [part for part in self._parts if part.id]
        states = [self._waiter.trouble] if self._waiter.trouble else []
        states += [say(part, now_s) for part in started]
        return Snapshot(sum(len(part.asks) for part in started), tuple(states), self._cut is not None)

    # -- what a person may ask while it works, on the loop's thread ---------------------------------------------------

    def _interrupt(self) -> None:
        if self._cut is Cut.INTERRUPTED:
            self.abandon()
        else:
            self.drain()

    def drain(self) -> None:
        """Submit nothing new, finish the step that is under way, and end. Batches go on at their service."""
        self._cut = Cut.INTERRUPTED
        self._waiter.leave()

    def abandon(self) -> None:
        """End at once; the ledger knows how far it came."""
        self._cut = Cut.INTERRUPTED
        self._work.cancel()

    def wake(self) -> None:
        """See whether there is more to do: a limit or the policy has changed."""
        self._waiter.wake()

    async def _keep_watch(self) -> None:
        started = time.monotonic()
        cut_at: float | None = None
        while True:
            self._watch(self.snapshot())
            await asyncio.sleep(0.2)
            now = time.monotonic()
            if self._cut is None and time_is_up(now - started, self._max_seconds, self._until_s):
                self._cut = Cut.TIME
                self._waiter.leave()
            if self._cut is not None:
                cut_at = cut_at or now
                if now - cut_at > JUDGE_S:
                    self._leave()

    # -- epochs -----------------------------------------------------------------------------------------------------

    async def _run_epochs(self) -> Ending:
        await self._adopt()
        await self._judge_all()
        while self._machine.stop is None:
            self._waiter.check()
            self._collect()
            if not self._parts and not await self._plan():
                return Cut.BUDGET
            await self._send_all()
            if not await self._look_at_all():
                if not self._wait and self._submitted():
                    return Cut.SUBMITTED
                await self._waiter.rest(self._pace.poll_s)
        await self._sender.call_off(self._parts)
        return self._machine.stop

    def _collect(self) -> None:
        while ask := self._machine.next_ask():
            self._owed[str(ask.id)] = ask

    async def _adopt(self) -> None:
        """Take up what an earlier session began."""
        values = self._ledger.all()
        self._numbered = sum(name.startswith(PREFIX) for name in values)
        parts = read_parts(values)
        admit(self._machine, parts)
        self._collect()
        for part in parts:
            self._tries |= part.tries
            if claim(part, self._owed, self._backends):
                self._waiter.heard = self._waiter.heard or bool(part.handle)
                self._parts.append(part)
                for ask in part.asks.values():
                    self._purse.reserve(ask)  # it is on its way, whether there is room for it or not
                continue
            if part.outlives_us and part.handle and part.place == self._backends[part.role].place:
                await self._sender.discard(part)
            self._sender.settle(part)
        self._spool.sweep({part.name for part in self._parts})

    async def _plan(self) -> bool:
        """Begin an epoch: split what is owed and affordable into parts of one backend each. False: nothing is."""
        if self._crowded:
            await self._waiter.rest(self._pace.backoff(self._crowded - 1))
        asks = sorted(self._owed.values(), key=lambda ask: ask.id)
        by_backend: dict[Backend, list[tuple[Ask, int]]] = {}
        refused: list[Refused] = []
        affordable = list(takewhile(self._purse.reserve, asks[: self._affords(asks)]))
        for ask in affordable:
            line = self._backends[ask.role].encode(ask)
            if isinstance(line, Refused):
                refused.append(line)
                self._purse.release(self._owed.pop(str(ask.id)))
            else:
                by_backend.setdefault(self._backends[ask.role], []).append((ask, len(line) + 1))
        for sized in by_backend.values():
            self._parts += [self._make(chunk) for chunk in split(sized, self._size, self._file_bytes)]
        if refused:
            await self._desk.keep(refused)
            await self._judge_all()
        elif not asks:
            raise InternalError("the run has nothing to do and no end", todo="Please report this.")
        return bool(affordable)

    def _make(self, asks: Sequence[Ask]) -> Part:
        self._numbered += 1
        for ask in asks:
            del self._owed[str(ask.id)]
        backend = self._backends[asks[0].role]
        return make_part(stem_of(self._run, self._numbered), asks, backend, self._tries, time.time())

    async def _send_all(self) -> None:
        """Submit what waits. Batches that die with us share one machine: those go one at a time."""
        for part in self._parts:
            self._waiter.check()
            busy = any(each.id and not each.outlives_us for each in self._parts)
            if not part.id and (part.outlives_us or not busy):
                await self._sender.send(part)

    async def _look_at_all(self) -> bool:
        """Look once at every batch, and take those that are home; tell whether there was one."""
        home = False
        for part in [part for part in self._parts if part.id]:
            part.standing = await self._sender.look(part)
            self._step("looked")
            if part.standing.phase != "waiting":
                home = True
                await self._come_home(part, self._backends[part.role])
                await self._judge_all()
                if self._machine.stop is not None:
                    break
        return home

    # -- parts that come home -----------------------------------------------------------------------------------------

    async def _come_home(self, part: Part, backend: Backend) -> None:
        standing = part.standing
        if standing.phase == "over":
            return await self._take(part, backend)
        said = "; ".join(fault.what for fault in standing.faults) or standing.word
        self._journal.note("batch", f"{part.id} is {standing.phase}: {said}"[:500])
        self._close_part(part, {}, keep_calls=standing.phase == "failed")
        if (refusal := refusal_of(part, self._spool.calls(part.name))) is not None:
            raise refusal
        if standing.phase == "crowded":
            self._crowded += 1
            self._size = max(1, min(self._size, len(part.marks)) // 2)
            self._waiter.trouble = f"the service takes no more at once: {said}"
        else:
            self._count_fruitless(said)

    async def _take(self, part: Part, backend: Backend) -> None:
        """Take the results of a batch that is over: safe on our disk first, then in the journal, then deleted."""
        path = await self._sender.fetch(part)
        taking = Taking(
            self._desk,
            part,
            backend,
            doubt=self._doubt,
            purse=self._purse,
            most_tries=self._pace.tries,
            step=self._step,
        )
        try:
            taken = await taking.take(read_lines(path))
        except BadConfig:
            self._close_part(part, {})
            raise
        self._step("journaled")
        self._journal.note("batch", taken.say(part)[:500])
        await self._sender.discard(part)
        self._step("discarded")
        self._close_part(part, taken.tries)
        if taken.end is not None:
            raise taken.end
        if taken.events:
            self._crowded = self._fruitless = 0
            self._waiter.trouble = ""
        else:
            self._count_fruitless(taken.why or f"{part.standing.word}, without results")

    def _close_part(self, part: Part, tries: Mapping[str, int], *, keep_calls: bool = False) -> None:
        """Settle a part; what it left open is owed again."""
        self._parts.remove(part)
        self._owed |= part.asks
        for ask in part.asks.values():
            self._purse.release(ask)
        self._tries |= tries
        self._sender.settle(part, keep_calls=keep_calls)

    def _count_fruitless(self, why: str) -> None:
        self._fruitless += 1
        if self._fruitless >= self._pace.tries:
            raise in_vain(self._fruitless, why)

    # -- gates --------------------------------------------------------------------------------------------------------

    async def _judge_all(self) -> None:
        """Judge what is due, in order. When the session is to end, the next one judges what is left."""
        while self._cut is None and (judge := self._machine.next_judge()):
            await asyncio.to_thread(self._ahead.settle, judge)
            verdicts = await asyncio.to_thread(self._gates.judge, judge.stage, judge.drafts)
            await self._desk.keep((Judged(judge.turn, judge.stage, verdicts),))
            self._step("judged")
