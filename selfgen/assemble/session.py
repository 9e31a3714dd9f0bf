"""A run folder opened for work: created or continued, locked, folded from its journal, worked on, closed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from selfgen.assemble.parts import build_gates, build_machine, build_models, policy_of, rejection_row
from selfgen.assemble.servers import settle
from selfgen.assemble.source import Source, check_identity, from_header, identity, to_header
from selfgen.config import RunConfig
from selfgen.core.machine import Machine
from selfgen.core.ports import Model
from selfgen.core.replay import replay
from selfgen.core.tasks import Record, Task
from selfgen.core.turns import Retired
from selfgen.core.work import Role
from selfgen.errors import InternalError, SelfgenError, StoreFault
from selfgen.executors.stream import Ending, Snapshot, Stream
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


def read_header(run: RunDir) -> dict[str, Any]:
    """Return the header of a run, {} where none was begun, or where nothing was heard yet: that may begin anew, with
    other settings."""
    if not run.exists or is_blank(run.database):
        return {}
    reader = Reader(run.database)
    try:
        return reader.header() if reader.has_events() else {}
    finally:
        reader.close()


def adopt(config: RunConfig, before: RunConfig) -> RunConfig:
    """Fill in what a configuration leaves open with what the run settled on when it began."""
    settled: dict[str, Any] = {"propose": _adopt_model(config, before, "propose")}
    settled["answer"] = _adopt_model(config, before, "answering")
    if config.structured == "auto":
        settled["structured"] = before.structured
    if config.calls.send_seed == "auto" and settled["propose"].base_url == before.propose.base_url:
        settled["calls"] = config.calls.model_copy(update={"send_seed": before.calls.send_seed})
    return config.model_copy(update=settled)


def _adopt_model(config: RunConfig, before: RunConfig, which: str) -> Any:
    now, then = getattr(config, which), getattr(before, which)
    model = now.model or then.model
    base_url = now.base_url or (then.base_url if model == then.model else "")
    return now.model_copy(update={"model": model, "base_url": base_url})


class Session:
    """One stretch of work on one run. Use it as a context; leaving it makes durable what was received."""

    def __init__(self, run: RunDir, source: Source, environment: Mapping[str, str]) -> None:
        self.run = run
        self.source = source
        self.resumed_with = 0
        self._environment = environment
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
        self.source = self.source.settle(settle(self.source.config, self._environment))
        before = from_header(header).config if header else self.source.config
        policy = replace(policy_of(before, header.get("grace", 0)), target=self.source.config.target)
        self.machine = build_machine(self.source, policy)
        self.run.create()
        self._stack.enter_context(Lock(self.run))
        self._writer = Writer(self.run.database)
        self._stack.callback(self._writer.close)
        self._gates = build_gates(self.source, self.machine, self._environment, self.run)
        self._begin(read_header(self.run))

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
        self._writer.put_header({"config": now["config"], "grace": self.machine.policy.grace})

    def _fold(self) -> None:
        """Replay under the policy of the last session, then go on under this one's: a limit that is narrower now takes
        nothing away, a wider one goes on."""
        reader = Reader(self.run.database)
        try:
            events = reader.events()
            count = replay(self.machine, self._gates, events, self._take)
            self.machine.change_policy(policy_of(self.source.config))
            if retired := self.machine.take_retired():
                self._take(retired)
            self.resumed_with = count + replay(self.machine, self._gates, events, self._take)
        except InternalError as error:
            what = f"{self.run.path}: the journal does not fit together: {error.what}"
            todo = "Restore the run folder from a backup, or start a new run with another --out."
            raise StoreFault(what, todo=todo) from error
        finally:
            reader.close()
        self._derived.publish()

    def _take(self, retired: Sequence[Retired]) -> None:
        self._derived.add(retired)
        for turn in retired:
            if turn.records:
                self._last = turn.records[-1].task

    def work(self, watch: Callable[[Progress], None]) -> Ending:
        """Work until the run ends. Raises what ends it badly; conservation is checked in every case that ends well."""
        if self.machine.stop is not None:
            return self.machine.stop
        models = build_models(self.source.config, self._environment)
        hours = self.source.config.limits.max_hours
        stream = Stream(
            self.machine,
            self._gates,
            models,
            self._writer,
            self._take,
            max_seconds=hours * 3600 if hours else None,
            watch=lambda snapshot: self._on_tick(models, snapshot, watch),
            leave=self._gates.close,
        )
        gc.freeze()
        self._writer.note("started", f"with {self.machine.tally.kept} records")
        ending = stream.run()
        self._writer.note("ended", str(ending.name).lower())
        if not self.machine.account.balanced:
            raise InternalError(f"the account does not add up: {self.machine.account}", todo="Please report this.")
        return ending

    def _on_tick(self, models: Mapping[Role, Model], snapshot: Snapshot, watch: Callable[[Progress], None]) -> None:
        self._derived.flush()
        watch(Progress(self.machine, models, snapshot, self._last, self.resumed_with))


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
