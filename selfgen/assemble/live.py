"""A session's desk: what it tells while it works (live.json, webhooks), and the orders it takes (control.json).

    tick     a few times a second, on the loop's thread: looks for an order, says how things stand about once a second,
             sees whether the run has stalled
    closing  at the end, good or bad: tells whom it interests, and takes both files away

A desk is a courtesy: a full disk or a deaf webhook at the desk never ends a run. Orders are checked here again; what
makes no sense is noted and ignored.
"""

from __future__ import annotations

import secrets
import shlex
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from selfgen.assemble.hooks import Herald, name_run
from selfgen.assemble.observe import Observer
from selfgen.assemble.orders import Change, read_changes
from selfgen.assemble.parts import prices_of
from selfgen.assemble.stall import Stall
from selfgen.config import RunConfig
from selfgen.core.ports import HasLimit, Model
from selfgen.core.tally import Stop
from selfgen.errors import Paused, SelfgenError, StoreFault, UsageError
from selfgen.executors.stream import Cut, Ending
from selfgen.store.control import BadOrder, Inbox, Order
from selfgen.store.live import Live, Reply, Told, drop_live, put_live, sign
from selfgen.store.run_dir import RunDir
from selfgen.webhooks.texts import Event, Facts, say

if TYPE_CHECKING:
    from selfgen.assemble.session import Progress

PUBLISH_S = 1.0
MOST_STORY = 6
MOST_REPLIES = 8
MOST_BAD_ORDERS = 20
"""After so many files that are no orders nothing more is noted: somebody plays with the folder."""


class Controls(Protocol):
    """What an executor lets a person do while it works, on the loop's thread (executors.stream.Stream)."""

    def drain(self) -> None: ...
    def abandon(self) -> None: ...
    def wake(self) -> None: ...


class Desk:
    """See the module. `note` writes into the journal; `change` has the session go on under a changed configuration,
    durable on return."""

    def __init__(
        self,
        run: RunDir,
        config: RunConfig,
        environment: Mapping[str, str],
        controls: Controls,
        *,
        note: Callable[[str, str], None],
        change: Callable[[RunConfig], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run, self._config, self._controls = run, config, controls
        self._write_note, self._change, self._clock = note, change, clock
        self._story: deque[Told] = deque(maxlen=MOST_STORY)
        self._replies: deque[Reply] = deque(maxlen=MOST_REPLIES)
        self._session = secrets.token_hex(8)
        self._observer = Observer(title_of(run, config), config.lang, prices_of(config))
        self._inbox = Inbox(run)
        self._bad_orders = 0
        # A batch takes hours to come back: there, silence says nothing.
        self._stall = Stall() if config.calls.executor == "stream" else None
        self._herald = Herald(config, environment, self.note)
        self._live: Live | None = None
        self._progress: Progress | None = None
        self._published_s: float | None = None
        self._trouble = ""

    def note(self, kind: str, text: str) -> None:
        """Write a sentence into the journal, and show it as part of the story: for models that have one to tell.

        A journal that cannot be written says so by itself, when the next event comes."""
        self._story.append(Told(time.time(), kind, text[:400]))
        with suppress(StoreFault):
            self._write_note(kind, text)

    def tick(self, progress: Progress) -> None:
        """Do what is due. Costs one question to the file system, and once a second a small file."""
        now_s = self._clock()
        self._progress = progress
        acted = self._take_order(progress)
        if acted or self._published_s is None or now_s - self._published_s >= PUBLISH_S:
            self._published_s = now_s
            self._live = self._observer.look(progress, now_s)
            self._publish()
            self._see_stall(now_s, progress)
            self._herald.hear()

    def closing(self, end: Ending | BaseException | None) -> None:
        """Tell how the session ended, wait a little for the telling, and leave no file behind. None: it never began."""
        self._inbox.close()
        if (said := _event_of(end, self._config.lang)) and self._progress is not None:
            event, why = said
            self._live = self._observer.look(self._progress, self._clock())
            self._herald.tell(event, self._facts(why, _next(self._run, end)))
        self._herald.close()
        drop_live(self._run)

    # -- orders -----------------------------------------------------------------------------------------------------

    def _take_order(self, progress: Progress) -> bool:
        """Look for an order and obey it. Tells whether there was one."""
        try:
            order = self._inbox.take(self._session)
        except BadOrder as error:
            self._bad_orders += 1
            if self._bad_orders <= MOST_BAD_ORDERS:
                self.note("control", f"{self._run.control.name} was ignored: {error}")
            return False
        if order is None:
            return False
        if all(reply.id != order.id for reply in self._replies):
            self._replies.append(self._obey(order, progress))
        return True

    def _obey(self, order: Order, progress: Progress) -> Reply:
        if order.action == "set":
            try:
                said = self._set(order, progress)
            except UsageError as error:
                return Reply(order.id, False, error.what)
            self.note("control", f"set while at work: {said}")
            return Reply(order.id, True, said)
        if order.action == "abandon":
            self.note("control", "asked to stop at once: calls in flight are dropped")
            self._controls.abandon()
            return Reply(order.id, True, "stopping at once")
        self.note("control", "asked to stop: no new calls, those in flight come home")
        self._controls.drain()
        return Reply(order.id, True, "no new calls; waiting for those in flight")

    def _set(self, order: Order, progress: Progress) -> str:
        """Change settings while at work: all of them, or none. Raises UsageError, which says why not."""
        changes = read_changes(order.settings)
        if progress.snapshot.draining:
            raise UsageError("the session is about to end")
        limited = _limited(progress.models)
        config = self._config
        for change in changes:
            _check(change, config, progress.machine.tally.kept, bool(limited))
            config = change.apply(config)
        self._change(config)
        self._config = config
        for change in changes:
            if change.name == "concurrency":
                for model in limited:
                    model.pin(change.number)
        self._controls.wake()
        return ", ".join(f"{change.name}={change.text}" for change in changes)

    # -- telling ----------------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        """Write live.json. A disk that does not take it is noted once: the journal will meet the same trouble."""
        if self._live is None:
            return
        pid, host = sign()
        live = replace(
            self._live,
            session=self._session,
            pid=pid,
            host=host,
            at=time.time(),
            story=tuple(self._story),
            replies=tuple(self._replies),
        )
        try:
            put_live(self._run, live)
            self._trouble = ""
        except OSError as error:
            if not self._trouble:
                self._trouble = error.strerror or str(error)
                self.note("control", f"{self._run.live.name} cannot be written: {self._trouble}")

    def _see_stall(self, now_s: float, progress: Progress) -> None:
        snapshot = progress.snapshot
        if self._stall is None or snapshot.draining:
            return
        trouble = bool(snapshot.states) and not any(not lane.state for lane in snapshot.lanes)
        if found := self._stall.look(now_s, progress.machine.tally.kept, trouble=trouble):
            word, minutes = found
            self.note("stalled", say(word, "en", minutes))
            states = "; ".join(snapshot.states)
            why = say(word, self._config.lang, minutes)
            self._herald.tell("stalled", self._facts(f"{why} {states}".strip(), f"selfgen status {_quoted(self._run)}"))

    def _facts(self, why: str, command: str) -> Facts:
        assert self._live is not None
        live = self._live
        cost = "" if live.cost is None else f"{live.currency}{live.cost:,.2f}"
        return Facts(
            run=name_run(self._run.path),
            kept=live.kept,
            target=live.target,
            calls=live.calls,
            tokens=live.prompt_tokens + live.completion_tokens,
            hours=live.running_s / 3600,
            cost=cost,
            why=why,
            command=command,
        )


def title_of(run: RunDir, config: RunConfig) -> str:
    """Return the line above a view of a run: folder, recipe, language, models."""
    propose, answer = config.propose.model, config.answering.model
    models = propose if propose == answer else f"{propose} proposes, {answer} answers"
    return f"{run.path}   {config.recipe}  {config.lang}  {models}"


def _limited(models: Mapping[Any, Model]) -> list[HasLimit]:
    return [model for model in dict.fromkeys(models.values()) if isinstance(model, HasLimit)]


def _check(change: Change, config: RunConfig, kept: int, limited: bool) -> None:
    """Raise UsageError for a change that makes sense elsewhere, but not in this session."""
    if change.name == "concurrency":
        if not limited:
            raise UsageError("the calls in flight of this model cannot be changed while it works")
        if change.number is not None and change.number > config.calls.max_concurrency:
            most = config.calls.max_concurrency
            raise UsageError(f"concurrency={change.text} is above calls.max_concurrency, {most}")
    if change.name == "target" and change.number is not None and change.number <= kept:
        raise UsageError(f"target={change.text}: the run has {kept} records already; stop it to end it there")
    if change.name == "max_cost" and prices_of(config) is None:
        raise UsageError("max_cost needs prices, and this run has none")


def _event_of(end: Ending | BaseException | None, lang: str) -> tuple[Event, str] | None:
    """Return what a session's end means to those who listen, and a sentence about it. A session that a person ended,
    or that left a batch with a service, tells nobody."""
    match end:
        case Stop():
            return "done", say(end.word, lang)
        case Cut.BUDGET:
            return "done", say("budget", lang)
        case Cut.TIME:
            return "paused", say("time", lang)
        case Paused():
            return "paused", end.what
        case SelfgenError():
            return "failed", end.what
        case Exception():
            return "failed", type(end).__name__
        case _:
            return None


def _next(run: RunDir, end: Ending | BaseException | None) -> str:
    return f"selfgen {'show' if end is Stop.TARGET else 'resume'} {_quoted(run)}"


def _quoted(run: RunDir) -> str:
    return shlex.quote(str(run.path))
