"""A run folder opened for work: created or continued, locked, folded from its journal, worked on, closed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

from selfgen.assemble.batching import check_batches, settle_unserved
from selfgen.assemble.live import Desk
from selfgen.assemble.parts import build_gates, build_machine, policy_of, prices_of, rejection_row
from selfgen.assemble.places import nowhere, own_servers
from selfgen.assemble.servers import Settled
from selfgen.assemble.serving import Serving, lasting
from selfgen.assemble.source import Source, check_identity, config_header, from_header, identity, to_header
from selfgen.assemble.spent import Expenses, doubtful_in, keeper
from selfgen.assemble.work import Job, build_executor, limits_found
from selfgen.config import RunConfig
from selfgen.core.budget import Spending
from selfgen.core.machine import Machine
from selfgen.core.ports import Model
from selfgen.core.replay import replay
from selfgen.core.tasks import Record, Task
from selfgen.core.turns import Retired
from selfgen.core.work import Role
from selfgen.errors import InternalError, SelfgenError, StoreFault, UsageError
from selfgen.executors.batch_parts import read_parts
from selfgen.executors.purse import Purse, forget
from selfgen.executors.stream import Ending, Snapshot
from selfgen.executors.until import next_at
from selfgen.store.derived import Derived
from selfgen.store.journal import Reader, Writer, is_blank
from selfgen.store.run_dir import Lock, RunDir


@dataclass(frozen=True, slots=True)
class Progress:
    """What a view may show while a session works."""

    machine: Machine
    models: Mapping[Role, Model]
    snapshot: Snapshot
    last: Task | None
    resumed_with: int
    spending: Spending = field(default_factory=Spending)


def read_header(run: RunDir) -> dict[str, Any]:
    """Return the header of a run, {} where none was begun, or where nothing was heard yet and no batch is on its way:
    that may begin anew, with other settings."""
    if not run.exists or is_blank(run.database):
        return {}
    reader = Reader(run.database)
    try:
        header = reader.header()
        return header if reader.has_events() or read_parts(header) else {}
    finally:
        reader.close()


def adopt(config: RunConfig, before: RunConfig) -> RunConfig:
    """Fill in what a configuration leaves open with what the run settled on when it began."""
    settled: dict[str, Any] = {"propose": _adopt_model(config, before, "propose")}
    settled["answer"] = _adopt_model(config, before, "answering")
    if config.structured == "auto":
        settled["structured"] = before.structured
    if config.calls.send_seed == "auto" and _where(config.model_copy(update=settled)) == _where(before):
        settled["calls"] = config.calls.model_copy(update={"send_seed": before.calls.send_seed})
    return config.model_copy(update=settled)


def _where(config: RunConfig) -> list[object]:
    """Return where both models are: what was proved of the servers there holds nowhere else."""
    return [(model.places, model.vllm.model) for model in (config.propose, config.answering)]


def _adopt_model(config: RunConfig, before: RunConfig, which: str) -> Any:
    now, then = getattr(config, which), getattr(before, which)
    model = now.model or then.model
    settled: dict[str, Any] = {"model": model}
    if model == then.model and not (now.base_url or now.endpoints or now.vllm.model):
        told = {name: getattr(now.vllm, name) for name in now.vllm.model_fields_set - {"model"}}
        vllm = then.vllm.model_copy(update=told)
        settled |= {"base_url": then.base_url, "endpoints": then.endpoints, "vllm": vllm}
    return now.model_copy(update=settled)


@dataclass(frozen=True, slots=True)
class World:
    """Who is told what a session does beside its progress: how servers of our own start, and the story of all servers,
    on any thread. Without `wait` a session over batches ends once all is submitted."""

    on_stage: Callable[[Any], None] = lambda stage: None
    tell: Callable[[str, str], None] = lambda kind, sentence: None
    wait: bool = True


class Session:
    """One stretch of work on one run. Use it as a context; leaving it makes durable what was received."""

    def __init__(self, run: RunDir, source: Source, environment: Mapping[str, str], world: World | None = None) -> None:
        self.run = run
        self.source = source
        self.resumed_with = 0
        self._environment = environment
        self._world = world or World()
        self._early: list[tuple[str, str]] = []
        self._note: Callable[[str, str], None] = lambda kind, sentence: self._early.append((kind, sentence))
        # Of the moment when the command was given: a model may load for longer than until then.
        self._until_s = next_at(until) if (until := source.config.limits.until) else None
        self._serving = Serving(run, environment, self._world.on_stage, self._tell)
        self._settled: Settled | None = None
        self._lock: Lock | None = None
        self._stack = ExitStack()
        self._last: Task | None = None

    def __enter__(self) -> Session:
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and getattr(self, "_writer", None) is not None and self._writer.fault is None:
            # What ended the session is what a person should read, whatever happens to the note about it.
            with suppress(SelfgenError):
                self._writer.note("failed", f"{kind.__name__ if kind else ''}: {error}"[:500])
        self._stack.close()

    def _open(self) -> None:
        self._stack.enter_context(_rare_collections())
        header = read_header(self.run)
        if header:
            self.source = self.source.settle(adopt(self.source.config, from_header(header).config))
            check_identity(header["identity"], identity(self.source), self.run.path)
        else:
            self._settle({})
        before = from_header(header).config if header else self.source.config
        policy = replace(policy_of(before, header.get("grace", 0)), target=self.source.config.target)
        self.machine = build_machine(self.source, policy)
        self._take_lock()
        self._writer = Writer(self.run.database)
        self._stack.callback(self._writer.close)
        self._gates = build_gates(self.source, self.machine, self._environment, self.run)
        self._begin(read_header(self.run))
        self._note = self._writer.note
        for kind, sentence in self._early:
            self._note(kind, sentence)

    def _take_lock(self) -> None:
        """Lock the run, until the last server of this session is gone: the next one needs its memory."""
        if self._lock is None:
            self.run.create()
            self._lock = self._stack.enter_context(Lock(self.run))
            self._stack.callback(self._serving.close)

    def _settle(self, before: Mapping[str, Mapping[str, Any]]) -> None:
        """Start the servers that are ours, and look at all of them; `before` is what earlier sessions found."""
        config = self.source.config
        self.run.check()
        check_batches(config)
        if own_servers(config):
            self._take_lock()  # their logs lie in the folder, and two sessions must not start them twice
        if config.calls.executor == "batch" and own_servers(config):
            self._settled = Settled(settle_unserved(config), {}, {})
        else:
            self._settled = self._serving.settle(self._serving.start(config), before)
        for warning in self._settled.warnings:
            self._tell("preflight", warning)
        self.source = self.source.settle(nowhere(self._settled.config))

    def _tell(self, kind: str, sentence: str) -> None:
        """Tell a part of the story, on any thread: to the journal once there is one, and to whoever watches. A journal
        that cannot be written says so by itself."""
        with suppress(StoreFault):
            self._note(kind, sentence)
        self._world.tell(kind, sentence)

    def _begin(self, header: Mapping[str, Any]) -> None:
        """Write the header of a new run, or fold the journal of an old one."""
        now = to_header(self.source)
        if header:
            # Asked again under the lock: another process may have begun the run in the meantime.
            check_identity(header["identity"], now["identity"], self.run.path)
        else:
            self._writer.put_header(now)
        self.run.write_prompts(self.source.templates)
        self._derived = Derived(self.run, self.source.config.target, record_row, rejection_row)
        self._stack.callback(self._derived.close)
        self._fold()
        # Where models are, and how they are called, is kept in `work`, once they were found there.
        unproved = {name: header["config"][name] for name in ("propose", "answer", "calls")} if header else {}
        self._writer.put_header({"config": now["config"] | unproved, "grace": self.machine.policy.grace})

    def _fold(self) -> None:
        """Replay under the policy of the last session, then go on under this one's: a limit that is narrower now takes
        nothing away, a wider one goes on."""
        reader = Reader(self.run.database)
        try:
            expenses = Expenses(self.machine.recipe)
            events = expenses.passing(reader.events())
            count = replay(self.machine, self._gates, events, self._take)
            self.machine.change_policy(policy_of(self.source.config))
            if retired := self.machine.take_retired():
                self._take(retired)
            self.resumed_with = count + replay(self.machine, self._gates, events, self._take)
            for _ in events:
                pass  # what came after the end of the run is paid for too
            self.purse = self._open_purse(Spending(expenses.known, doubtful_in(reader.header())))
        except InternalError as error:
            what = f"{self.run.path}: the journal does not fit together: {error.what}"
            todo = "Restore the run folder from a backup, or start a new run with another --out."
            raise StoreFault(what, todo=todo) from error
        finally:
            reader.close()
        self._derived.publish()

    def _open_purse(self, before: Spending) -> Purse:
        """Return the purse of this session. Where nothing costs and nothing is limited it writes nothing down."""
        matters = prices_of(self.source.config) is not None or self.machine.policy.budgets
        keep = keeper(self._writer.put_header) if matters else forget
        return Purse(lambda: self.machine.policy.budgets, before, keep)

    def _take(self, retired: Sequence[Retired]) -> None:
        self._derived.add(retired)
        for turn in retired:
            if turn.records:
                self._last = turn.records[-1].task

    def prepare(self) -> None:
        """Start and look at the servers of a run that continues, unless it is at its end. Raises what that raises."""
        if self._settled is None and self.machine.stop is None:
            self._refuse_open_batches()
            self._settle(read_header(self.run).get("capabilities", {}))

    def work(self, watch: Callable[[Progress], None]) -> Ending:
        """Work until the run ends. Raises what ends it badly; conservation is checked in every case that ends well."""
        if self.machine.stop is not None:
            return self.machine.stop
        self.prepare()
        assert self._settled is not None
        self._writer.put_header({"capabilities": lasting(self._settled), "config": config_header(self.source.config)})
        gc.freeze()
        self._writer.note("started", f"with {self.machine.tally.kept} records")
        ending = self._execute(self._settled, watch)
        self._writer.note("ended", str(ending.name).lower())
        if not self.machine.account.balanced:
            raise InternalError(f"the account does not add up: {self.machine.account}", todo="Please report this.")
        return ending

    def _refuse_open_batches(self) -> None:
        """Raise UsageError where calls would be paid for twice: they are with a batch service already."""
        parts = [part for part in read_parts(read_header(self.run)) if part.outlives_us]
        if parts and self.source.config.calls.executor != "batch":
            calls = sum(len(part.marks) for part in parts)
            what = f"{calls} calls of this run are with a batch service ({parts[0].place})"
            raise UsageError(what, todo="Go on with --executor batch; when they are home, --executor stream works too.")

    def _execute(self, settled: Settled, watch: Callable[[Progress], None]) -> Ending:
        """Let the executor work, with a desk beside it that says how things stand and takes orders."""
        models, executor = build_executor(
            Job(self.run, self.machine, self._gates, self._writer, self.purse, self._take, self._until_s),
            settled,
            self._serving,
            lambda snapshot: tick(snapshot),
            wait=self._world.wait,
        )
        desk = Desk(
            self.run, self.source.config, self._environment, executor, note=self._writer.note, change=self._change
        )
        self._note = desk.note

        def tick(snapshot: Snapshot) -> None:
            self._serving.check()
            self._derived.flush()
            progress = Progress(self.machine, models, snapshot, self._last, self.resumed_with, self.purse.spending)
            desk.tick(progress)
            watch(progress)

        ending: Ending | BaseException | None = None
        try:
            ending = executor.run()
            return ending
        except BaseException as error:
            ending = error
            raise
        finally:
            self._note = self._writer.note
            try:
                self._close_books(models)
            finally:
                desk.closing(ending)

    def _close_books(self, models: Mapping[Role, Model]) -> None:
        """Write down what is in doubt, and how many calls at once each server was found to take."""
        if self._writer.fault is None:
            self.purse.close()
            with suppress(StoreFault):
                for sentence in limits_found(models):
                    self._writer.note("concurrency", sentence)

    def _change(self, config: RunConfig) -> None:
        """Go on under other limits, while the executor works, on its thread."""
        grace = max(self.machine.policy.grace, self.machine.tally.turns)
        # Durable first: a kill in between must not leave a journal that is wider than its header.
        self._writer.put_header({"config": config_header(config), "grace": grace})
        self._derived.move_target(config.target - self.source.config.target)
        self.source = self.source.settle(config)
        self.machine.change_policy(policy_of(config))
        if self.machine.policy.budgets:
            self.purse.remember(keeper(self._writer.put_header))
        if retired := self.machine.take_retired():
            self._take(retired)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for unreachable cycles seldom: a session makes hardly any, and each search walks through all records."""
    before = gc.get_threshold()
    gc.set_threshold(20_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def record_row(record: Record) -> bytes:
    """Return the line of dataset.jsonl for one record."""
    from selfgen.export.records import build_row, encode_row

    return encode_row(build_row(record)) + b"\n"
