"""What keeps the models of a session busy: the streaming executor or the batch executor, made for one session."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from selfgen.assemble.batching import HeaderLedger, build_backends
from selfgen.assemble.fleets import build_models
from selfgen.assemble.parts import StageGates
from selfgen.assemble.servers import Settled
from selfgen.assemble.serving import Serving
from selfgen.core.machine import Machine
from selfgen.core.ports import HasLanes, Model
from selfgen.core.turns import Retired
from selfgen.core.work import Role
from selfgen.executors.batch import Batch
from selfgen.executors.batch_port import Pace
from selfgen.executors.purse import Purse
from selfgen.executors.stream import Snapshot, Stream
from selfgen.store.journal import Writer
from selfgen.store.run_dir import RunDir

SHOWN_STEPS = 40
"""Changes of a limit that the journal's note at the end of a session tells, the latest ones."""


@dataclass(frozen=True, slots=True)
class Job:
    """What an executor works on; `take` is given turns that retired. At `until_s`, in seconds since 1970, it ends."""

    run: RunDir
    machine: Machine
    gates: StageGates
    writer: Writer
    purse: Purse
    take: Callable[[Sequence[Retired]], None]
    until_s: float | None


def build_executor(
    job: Job,
    settled: Settled,
    serving: Serving,
    watch: Callable[[Snapshot], None],
    *,
    wait: bool,
) -> tuple[Mapping[Role, Model], Stream | Batch]:
    """Return the models and what keeps them busy. A batch has no models to show; without `wait` it is left alone once
    all is submitted."""
    if settled.config.calls.executor == "batch":
        return {}, _build_batch(job, settled, serving.environment, watch, wait)
    limits = settled.config.limits
    models = build_models(
        settled.config, serving.environment, settled.capabilities, hearer=serving.hearer, guard=job.purse.guard
    )
    stream = Stream(
        job.machine,
        job.gates,
        models,
        job.writer,
        job.take,
        max_seconds=limits.max_hours * 3600 if limits.max_hours else None,
        until_s=job.until_s,
        purse=job.purse,
        watch=watch,
        leave=job.gates.close,
    )
    return models, stream


def _build_batch(
    job: Job, settled: Settled, environment: Mapping[str, str], watch: Callable[[Snapshot], None], wait: bool
) -> Batch:
    calls, limits = settled.config.calls, settled.config.limits
    return Batch(
        job.machine,
        job.gates,
        build_backends(settled.config, environment, job.run),
        job.writer,
        job.take,
        ledger=HeaderLedger(job.writer, job.run),
        folder=job.run.batches,
        run=job.run.path.absolute().name,
        batch_size=calls.batch_size,
        pace=Pace(poll_s=calls.batch_poll_s),
        wait=wait,
        max_seconds=limits.max_hours * 3600 if limits.max_hours else None,
        until_s=job.until_s,
        purse=job.purse,
        watch=watch,
        leave=job.gates.close,
    )


def limits_found(models: Mapping[Role, Model]) -> Iterator[str]:
    """Say for each server how many calls at once it was found to take, and by which way: the last steps of it."""
    for model in dict.fromkeys(models.values()):
        for row in model.lane_rows() if isinstance(model, HasLanes) else ():
            steps = [f"{limit} after {seconds:.0f} s ({why})" for seconds, limit, why in row.path[-SHOWN_STEPS:]]
            yield f"{row.name}: {row.limit} calls at once; {', '.join(steps) or 'never changed'}"
