"""What `selfgen plan` does: renders real prompts of real turns, has a model answer them, and makes a forecast of it.

Without a probe the stand-in answers and nothing is sent anywhere; what it cannot know is assumed, and said to be. No
run folder is made, and no reply is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from selfgen.assemble.embedding import build_encoder
from selfgen.assemble.fleets import build_models
from selfgen.assemble.forecast import Basis, Forecast, Guess, Need, Range, Seen, cost_of, rates
from selfgen.assemble.parts import StageGates, build_machine, policy_of, prices_of
from selfgen.assemble.places import own_servers
from selfgen.assemble.servers import Settled, is_mock, settle_all
from selfgen.assemble.source import Source
from selfgen.config import RunConfig
from selfgen.core.budget import Bill, Prices
from selfgen.core.draw import Draw
from selfgen.core.machine import Machine
from selfgen.core.ports import Subject
from selfgen.core.tasks import Task
from selfgen.core.work import CallId
from selfgen.errors import Paused, UsageError
from selfgen.executors.probe import Call, Probe, probe
from selfgen.executors.purse import Purse
from selfgen.executors.until import seconds_to

STAND_IN_TURNS = 64
GROWN_PROMPTS = 64
TARGETS = (100, 1_000, 10_000)
HOURS = (1.0, 2.0, 8.0)
ASSUMED = {
    "en": Guess(read=(0.9, 1.25), written=(1.0, 4.0), kept=(0.4, 1.2)),
    "zh": Guess(read=(0.6, 1.2), written=(0.8, 3.0), kept=(0.4, 1.2)),
}
"""Factors on what the stand-in shows, where no model is asked: tokenizers differ, models write more, and filters
refuse between a little less and a lot more of it."""
NO_END = 10**9


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage in the probe: calls a turn, and tokens a call, by the mean; None where no server counted."""

    name: str
    calls: float
    read: float | None
    written: float | None


@dataclass(frozen=True, slots=True)
class Shortage:
    """The limit that ends the run before its target: its name, and how many records it is likely to leave time or
    money for."""

    limit: str
    records: Range


@dataclass(frozen=True, slots=True)
class Planned:
    """A forecast, and what it stands on. `measured`: by calls to the model of the run, not by the stand-in. `spent` is
    what the probe took, `kept` and `drafts` are what it came to; `warnings` are what its servers are not able to."""

    config: RunConfig
    prices: Prices | None
    measured: bool
    seeds: int
    turns: int
    drafts: int
    kept: int
    seconds: float
    spent: Bill
    stages: tuple[StageRow, ...]
    reasons: Mapping[str, int]
    needs: tuple[Need, ...]
    by_hour: tuple[tuple[float, Range], ...]
    shortage: Shortage | None
    warnings: tuple[str, ...] = ()


def make_plan(
    source: Source,
    environment: Mapping[str, str],
    turns: int | None,
    watch: Callable[[int, int, int], None] = lambda answered, done, turns: None,
) -> Planned:
    """Make a plan from so many turns; None: none of a server, and enough of the stand-in. `watch` hears how many calls
    are answered, and how many turns are done of how many.

    Raises UsageError where a model cannot be asked, Paused where the probe brought nothing to judge by, and all that
    building and asking a model may raise."""
    free = is_mock(source.config.propose) and is_mock(source.config.answering)
    measured = free or bool(turns)
    policy_of(source.config)  # names what is wrong with limits and prices before anybody is asked
    asked = settled = Settled(source.config, {}, {})
    if not measured:
        settled = Settled(_with_stand_in(source.config), {}, {})
    elif not free:
        _refuse_own_servers(source.config)
        asked = settled = settle_all(source.config, environment)
    source = source.settle(settled.config)
    machine = _machine_of(source, turns or STAND_IN_TURNS, limited=measured)
    purse = Purse(lambda: machine.policy.budgets)
    seen = probe(
        machine,
        _gates_of(source, machine, environment),
        build_models(source.config, environment, settled.capabilities, guard=purse.guard),
        purse,
        watch=lambda answered: watch(answered, machine.tally.turns, turns or STAND_IN_TURNS),
    )
    if not seen.turns:
        raise Paused("the probe ended before one turn was whole", todo="Allow it more: a higher limit, or more turns.")
    planned = _conclude(source, machine, seen, purse.spending.at_most, measured)
    return replace(planned, config=asked.config, warnings=asked.warnings)


def _with_stand_in(config: RunConfig) -> RunConfig:
    from selfgen.config import ModelConfig

    roles = {
        "propose": ModelConfig(model="mock", max_tokens=config.propose.max_tokens),
        "answer": ModelConfig(model="mock", max_tokens=config.answering.max_tokens),
    }
    return config.model_copy(update=roles)


def _refuse_own_servers(config: RunConfig) -> None:
    """A plan starts no server: loading a model takes minutes, and would be thrown away with the replies."""
    if own := own_servers(config):
        model = getattr(config, own[0]).vllm.model
        todo = f"Start it with `selfgen serve {model}`, and name its address with --base-url."
        raise UsageError("a probe asks a server that runs, and none runs yet", todo=todo)


def _machine_of(source: Source, turns: int, *, limited: bool) -> Machine:
    """Return the machine of the run that is planned, as it begins, for its first turns and to no other end but, where
    somebody is asked who may cost something, the limits of the run."""
    policy = replace(policy_of(source.config), target=NO_END, window=NO_END, max_turns=turns)
    if not limited:
        policy = replace(policy, max_calls=None, max_tokens=None, max_cost=None)
    return build_machine(source, policy)


def _gates_of(source: Source, machine: Machine, environment: Mapping[str, str]) -> StageGates:
    config = source.config
    encoder = build_encoder(config.filters, environment, allow_insecure=config.calls.allow_insecure_key)
    stages = {index: stage.gate for index, stage in enumerate(machine.recipe.stages) if stage.gate}
    return StageGates(config, stages, source.seeds, encoder)


def _conclude(source: Source, machine: Machine, seen: Probe, spent: Bill, measured: bool) -> Planned:
    config, tally, prices = source.config, machine.tally, prices_of(source.config)
    turns = tuple(Seen(turn.count.kept, (turn.count.calls, *turn.count.tokens.vector())) for turn in seen.turns)
    basis = Basis(
        turns,
        seeds=len(source.seeds),
        grown=_grown(source, machine, seen.calls),
        lag=machine.plan.lag,
        calls_per_s=rates([(call.began_s, call.ended_s) for call in seen.calls]) if measured else None,
        guess=Guess() if measured else ASSUMED[config.lang],
    )
    forecast = Forecast(basis)
    targets = sorted({*TARGETS, config.target})
    by_hour = [(hours, records) for hours in HOURS if (records := forecast.records_in(hours)) is not None]
    return Planned(
        config=config,
        prices=prices,
        measured=measured,
        seeds=len(source.seeds),
        turns=tally.turns,
        drafts=tally.drafts,
        kept=tally.kept,
        seconds=max(call.ended_s for call in seen.calls) - min(call.began_s for call in seen.calls),
        spent=spent,
        stages=tuple(_stage_row(name.name, index, seen) for index, name in enumerate(machine.recipe.stages)),
        reasons=dict(tally.rejected + tally.lost + tally.faults),
        needs=tuple(forecast.need(target, prices) for target in targets),
        by_hour=tuple(by_hour),
        shortage=_shortage(config, forecast, prices),
    )


def _grown(source: Source, machine: Machine, calls: Sequence[Call]) -> float:
    """Return how many tokens longer proposing prompts are that show records too than the first ones, which had none to
    show: rendered with the records that there are, and measured in tokens by the byte as the server counted."""
    first = [call for call in calls if call.stage == 0 and call.usage is not None and call.usage.prompt_tokens]
    if not first or not machine.records:
        return 0.0
    pool = [record.task for record in machine.records]
    sizes = [_prompt_bytes(source, machine, pool, machine.tally.turns + turn) for turn in range(GROWN_PROMPTS)]
    size = sum(call.prompt_bytes for call in first) / len(first)
    density = sum(call.usage.prompt_tokens for call in first if call.usage) / sum(call.prompt_bytes for call in first)
    return (sum(sizes) / len(sizes) - size) * density


def _prompt_bytes(source: Source, machine: Machine, pool: Sequence[Task], turn: int) -> int:
    draw = Draw(source.config.seed, CallId(turn, 0, 0))
    subject = Subject(turn, 0, source.seeds, pool, draw)
    return sum(len(message.content.encode("utf-8", "replace")) for message in machine.recipe.ask(subject).messages)


def _stage_row(name: str, stage: int, seen: Probe) -> StageRow:
    numbers = {turn.turn for turn in seen.turns}
    calls = [call for call in seen.calls if call.stage == stage and call.turn in numbers]
    counted = [call.usage for call in calls if call.usage is not None]
    read = sum(usage.prompt_tokens for usage in counted) / len(counted) if counted else None
    written = sum(usage.completion_tokens for usage in counted) / len(counted) if counted else None
    return StageRow(name, len(calls) / len(numbers), read, written)


def _shortage(config: RunConfig, forecast: Forecast, prices: Prices | None) -> Shortage | None:
    """Return the limit that is likely to be reached first, if the target is not."""
    limits = config.limits
    hours = [each for each in (limits.max_hours, seconds_to(limits.until) / 3600 if limits.until else None) if each]
    found = []
    if limits.max_calls is not None:
        found.append(Shortage("max_calls", forecast.records_for(limits.max_calls, lambda vector: vector[0])))
    if limits.max_tokens is not None:
        found.append(Shortage("max_tokens", forecast.records_for(limits.max_tokens, lambda vector: sum(vector[1:]))))
    if limits.max_cost is not None and prices is not None:
        known = prices
        bought = forecast.records_for(float(limits.max_cost), lambda vector: cost_of(vector, known))
        found.append(Shortage("max_cost", bought))
    if hours and (records := forecast.records_in(min(hours))) is not None:
        found.append(Shortage("until" if limits.until and hours[-1] == min(hours) else "max_hours", records))
    short = [each for each in found if each.records.middle < config.target]
    return min(short, key=lambda each: each.records.middle, default=None)
