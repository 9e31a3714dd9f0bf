"""The streaming executor: keeps the models busy with owed calls, one asyncio loop, and a few helper threads.

    loop            sends calls while a model has room, feeds the machine with events once they are durable
    journal thread  (store) commits events in groups, then calls back
    gate thread     judges batches in the order in which they come out of the machine
    ahead threads   compare drafts with the pool before it is their turn, so that the gate has little left to do

It decides nothing about the data: any order in which it does its work leads to the same dataset.
"""

from __future__ import annotations

import asyncio
import queue
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from selfgen.core.machine import Machine
from selfgen.core.ports import Gates, HasLanes, Journal, LaneRow, Model
from selfgen.core.replay import Sink
from selfgen.core.tally import Stop
from selfgen.core.work import Ask, Event, Judge, Judged, Role
from selfgen.errors import InternalError, Paused, SelfgenError
from selfgen.executors.ahead import Ahead
from selfgen.executors.purse import BudgetSpent, Purse


class Cut(Enum):
    """Ways in which a run ends for now, though the machine has more to do."""

    INTERRUPTED = "interrupted"
    TIME = "time"
    BUDGET = "budget"
    SUBMITTED = "submitted"


Ending = Stop | Cut

SWITCH_S = 0.0005
"""How long a thread may keep the others from Python: the loop, which feeds the servers, waits no longer for a gate."""
DRAIN_S = 15.0
"""How long calls in flight may still come home when the run has reached its end; they are paid for."""
JUDGE_S = 0.3
"""How long judging may go on when no call is in flight any more; the next session judges what is left."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the world around the machine looks like now: calls out at the models, and what they say of themselves."""

    calls_in_flight: int
    states: tuple[str, ...]
    draining: bool
    lanes: tuple[LaneRow, ...] = ()


class Stream:
    """One session of a run, from the machine as it stands to an ending. `watch` is called a few times a second, `leave`
    when judging should wait for nobody any longer: what it raises then is no reason for the end."""

    def __init__(
        self,
        machine: Machine,
        gates: Gates,
        models: Mapping[Role, Model],
        journal: Journal,
        sink: Sink,
        *,
        max_seconds: float | None = None,
        until_s: float | None = None,
        purse: Purse | None = None,
        watch: Callable[[Snapshot], None] = lambda snapshot: None,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        self._machine = machine
        self._gates = gates
        self._models = models
        self._journal = journal
        self._sink = sink
        self._max_seconds = max_seconds
        self._until_s = until_s
        self._purse = purse or Purse()
        self._watch = watch
        self._leave = leave
        self._ready: deque[Ask] = deque()
        self._launched: Counter[Model] = Counter()
        self._calls: set[asyncio.Task[None]] = set()
        self._undurable = 0
        self._durable: deque[Event] = deque()
        self._ahead = Ahead(gates.ahead)
        self._to_judge: queue.SimpleQueue[Judge | None] = queue.SimpleQueue()
        self._cut: Cut | None = None
        self._error: BaseException | None = None
        self._woken = False

    def run(self) -> Ending:
        """Work until the run ends. Raises what ends it badly, after everything received has been made durable."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        try:
            return asyncio.run(self._session())
        finally:
            sys.setswitchinterval(before)

    # -- the session ------------------------------------------------------------------------------------------------

    async def _session(self) -> Ending:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._loop.set_exception_handler(self._on_loop_error)
        self._journal.watch(lambda fault: self._tell(lambda: self._fail(fault)))
        self._listen()
        judge = threading.Thread(target=self._judge, name="gate", daemon=True)
        judge.start()
        watcher = asyncio.create_task(self._keep_watch())
        watcher.add_done_callback(self._on_watcher_done)
        try:
            self._pump()
            await self._over.wait()
        finally:
            watcher.cancel()
            self._leave()
            self._to_judge.put(None)
            await asyncio.to_thread(judge.join)
            await asyncio.to_thread(self._ahead.close)
            await self._close()
        if self._error is not None and not (isinstance(self._error, Paused) and self._cut is not None):
            raise self._error
        return self._machine.stop or self._cut or Cut.INTERRUPTED

    async def _close(self) -> None:
        """Close the models and show the end. Trouble in here never hides what ended the session."""
        for model in set(self._models.values()):
            try:
                await model.aclose()
            except Exception as error:
                self._error = self._error or error
        try:
            self._watch(self.snapshot())
        except Exception as error:
            self._error = self._error or error

    def _on_watcher_done(self, watcher: asyncio.Task[None]) -> None:
        if not watcher.cancelled() and (error := watcher.exception()):
            self._fail(error)

    def snapshot(self) -> Snapshot:
        """Return what is going on around the machine."""
        models = dict.fromkeys(self._models.values())
        states = tuple(state for model in models if (state := model.state()))
        lanes = tuple(row for model in models if isinstance(model, HasLanes) for row in model.lane_rows())
        return Snapshot(len(self._calls), states, self._draining, lanes)

    @property
    def _draining(self) -> bool:
        return self._cut is not None or self._error is not None or self._machine.stop is not None

    def _listen(self) -> None:
        """First signal: no new calls, those in flight come home. Second: leave at once. A hangup is survived."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._interrupt)
        self._loop.add_signal_handler(signal.SIGHUP, lambda: self._journal.note("hangup", "the terminal was closed"))

    def _interrupt(self) -> None:
        if self._cut is Cut.INTERRUPTED:
            self.abandon()
        else:
            self.drain()

    def drain(self) -> None:
        """Send nothing new, let the calls in flight come home, and end. This and the next two: on the loop's thread."""
        self._cut = Cut.INTERRUPTED
        self._pump()

    def abandon(self) -> None:
        """End at once: calls in flight are dropped, what was received is kept."""
        self._drop_calls()
        self.drain()

    def wake(self) -> None:
        """See whether there is more to do: a limit or the policy has changed."""
        self._pump()

    async def _keep_watch(self) -> None:
        started = time.monotonic()
        draining_from: float | None = None
        while True:
            self._watch(self.snapshot())
            await asyncio.sleep(0.2)
            now = time.monotonic()
            if self._cut is None and self._time_is_up(now - started):
                self._cut = Cut.TIME
                self._pump()
            if self._draining:
                draining_from = draining_from or now
                if now - draining_from > JUDGE_S and not self._calls:
                    self._leave()
                if now - draining_from > DRAIN_S and self._waits_in_vain():
                    self._drop_calls()

    def _time_is_up(self, seconds: float) -> bool:
        """Tell whether a session of so many seconds has had its hours, or the clock on the wall says so."""
        hours_up = self._max_seconds is not None and seconds > self._max_seconds
        return hours_up or (self._until_s is not None and time.time() >= self._until_s)

    def _waits_in_vain(self) -> bool:
        """Tell whether what is in flight is of no use to the run, or will not come home."""
        shown = self.snapshot()
        well = any(lane.in_flight and not lane.state for lane in shown.lanes) if shown.lanes else not shown.states
        return self._machine.stop is not None or not well

    # -- sending ----------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Hand out all work that can be done now, and see whether the session is over."""
        while judge := self._machine.next_judge():
            self._undurable += 1
            self._to_judge.put(judge)
        if not self._draining:
            self._send()
        if self._calls or self._undurable:
            return
        if self._draining:
            self._over.set()
        elif self._purse.tight:
            self._cut = Cut.BUDGET
            self._over.set()
        elif not self._ready:
            self._fail(InternalError("the run has nothing to do and no end", todo="Please report this."))

    def _send(self) -> None:
        for _ in range(len(self._ready)):
            self._send_or_keep(self._ready.popleft())
        while (
            not self._purse.tight
            and any(map(self._has_room, self._models.values()))
            and (ask := self._machine.next_ask())
        ):
            self._send_or_keep(ask)

    def _has_room(self, model: Model) -> bool:
        """Tell whether a model takes one more call, those counted that were launched and have not reached it yet."""
        return model.room() > self._launched[model]

    def _send_or_keep(self, ask: Ask) -> None:
        model = self._models[ask.role]
        if not self._has_room(model) or not self._purse.reserve(ask):
            self._ready.append(ask)
            return
        self._launched[model] += 1
        call = self._loop.create_task(self._call(model, ask))
        self._calls.add(call)
        call.add_done_callback(self._on_call_done)

    async def _call(self, model: Model, ask: Ask) -> None:
        self._launched[model] -= 1
        try:
            event = await model.answer(ask)
            self._purse.settle(ask, event, durable=False)
        except BudgetSpent:
            self._ready.append(ask)
            return
        finally:
            self._purse.release(ask)
        self._undurable += 1
        self._journal.submit((event,), self._on_durable)

    def _on_call_done(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        if not call.cancelled() and (error := call.exception()):
            self._fail(error)
        self._pump()

    def _drop_calls(self) -> None:
        for call in self._calls:
            call.cancel()

    # -- events -----------------------------------------------------------------------------------------------------

    def _on_durable(self, events: Sequence[Event]) -> None:
        """On the journal's thread: leave the events for the loop, and wake it once for all of them."""
        self._durable.extend(events)
        if not self._woken:
            self._woken = True
            self._tell(self._take_durable)

    def _take_durable(self) -> None:
        self._woken = False
        while self._durable:
            self._undurable -= 1
            self._feed(self._durable.popleft())
        self._pump()

    def _feed(self, event: Event) -> None:
        self._purse.land(event)
        if self._error is not None or self._machine.stop is not None:
            return  # it is in the journal for a larger target; a replay passes over it at this point too
        try:
            self._machine.feed(event)
            if early := self._machine.arrived(event.turn if isinstance(event, Judged) else event.id.turn):
                self._ahead.put(early)
            if retired := self._machine.take_retired():
                self._sink(retired)
        except SelfgenError as error:
            self._fail(error)

    def _judge(self) -> None:
        """On the gate's thread: judge in order until told to stop."""
        while (judge := self._to_judge.get()) is not None:
            if self._error is not None:
                continue
            try:
                self._ahead.settle(judge)
                verdicts = self._gates.judge(judge.stage, judge.drafts)
                self._journal.submit((Judged(judge.turn, judge.stage, verdicts),), self._on_durable)
            except BaseException as error:
                self._tell(lambda error=error: self._fail(error))  # type: ignore[misc]
                return

    # -- ends -------------------------------------------------------------------------------------------------------

    def _tell(self, what: Callable[[], None]) -> None:
        """From another thread: have the loop do something, unless it is gone."""
        with suppress(RuntimeError):  # the loop has closed in the meantime
            self._loop.call_soon_threadsafe(what)

    def _fail(self, error: BaseException) -> None:
        """End the session badly: nothing new is sent, calls in flight are dropped, what was received is kept."""
        if self._error is None:
            self._error = error
            self._drop_calls()
        self._loop.call_soon(self._leave_after_failure)

    def _leave_after_failure(self) -> None:
        if not self._calls:
            self._over.set()
        else:
            self._loop.call_later(0.05, self._leave_after_failure)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._fail(context.get("exception") or InternalError(str(context.get("message"))))
