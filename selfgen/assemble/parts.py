"""Objects made from what a run is: the machine, its gates, its models, exporters. Heavy things are imported here, when
they are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from selfgen import registry
from selfgen.assemble.embedding import build_encoder
from selfgen.assemble.source import Source, recipe_of
from selfgen.config import ModelConfig, PricesConfig, RunConfig
from selfgen.core.budget import Price, Prices
from selfgen.core.machine import Machine
from selfgen.core.ports import Exporter
from selfgen.core.tally import Policy
from selfgen.core.tasks import Draft, Task
from selfgen.core.turns import Plan, Rejection
from selfgen.core.work import Sampling, Verdict
from selfgen.errors import BadConfig
from selfgen.store.run_dir import RunDir


class StageGates:
    """The gates of a run by stage. Each has filters and a memory of its own, and begins with the seeds."""

    def __init__(
        self, config: RunConfig, stages: Mapping[int, Sequence[Any]], seeds: Sequence[Task], encoder: Any = None
    ) -> None:
        """`encoder` is that of the semantic filter (see embedding.py), None where it is off."""
        from selfgen.filters import BUILTIN, build_filters
        from selfgen.filters.gate import Gate

        offered = registry.names("filters")
        plugins = {name: registry.load("filters", name) for name in offered.keys() - BUILTIN.keys()}
        chosen = {name: config.filters.get(name, False) for name in plugins} | dict(config.filters)
        self._gates = {}
        for stage, scopes in stages.items():
            gate = Gate(build_filters(config.lang, chosen, scopes=scopes, plugins=plugins, encoder=encoder))
            gate.seed(seeds)
            self._gates[stage] = gate
        self._encoder = encoder

    def judge(self, stage: int, drafts: Sequence[Draft]) -> tuple[Verdict, ...]:
        """Judge drafts at the gate of a stage, and remember what it keeps."""
        return self._gates[stage].judge(drafts)

    def ahead(self, stage: int, drafts: Sequence[Draft]) -> None:
        """Compare drafts with the pool so far, before it is their turn, on any thread."""
        self._gates[stage].ahead(drafts)

    def recall(self, stage: int, drafts: Sequence[Draft], verdicts: Sequence[Verdict]) -> None:
        """Remember what the gate of a stage kept."""
        self._gates[stage].recall(drafts, verdicts)

    def close(self) -> None:
        """Wait for nobody any longer: a batch that needs an embeddings server is judged in the next session."""
        if self._encoder is not None:
            self._encoder.close()


def policy_of(config: RunConfig, grace: int = 0) -> Policy:
    """Return where a run stops; `grace` is how far it went before under other limits. Raises BadConfig for a limit of
    cost without prices."""
    prices, limits = prices_of(config), config.limits
    if limits.max_cost is not None and prices is None:
        raise BadConfig(
            f"max_cost is {limits.max_cost}, and nothing has a price",
            todo="Give the prices of a million tokens, read and written: --prices 0.15:0.60 (`prices` in a file).",
        )
    return Policy(
        target=config.target,
        max_calls=limits.max_calls,
        max_tokens=limits.max_tokens,
        max_cost=None if limits.max_cost is None else Fraction(limits.max_cost),
        prices=prices,
        window=config.saturation.window,
        floor=Fraction(str(config.saturation.floor)),
        grace=grace,
    )


def prices_of(config: RunConfig) -> Prices | None:
    """Return the prices of both roles, None when none are set. Raises BadConfig for two currencies."""
    propose, answer = config.prices, config.answer_prices or config.prices
    if answer.currency not in (propose.currency, PricesConfig().currency):
        what = f"prices are in {propose.currency}, answer_prices in {answer.currency}"
        raise BadConfig(what, todo="Give both in one currency.")
    if not any((propose.prompt, propose.completion, answer.prompt, answer.completion)):
        return None
    return Prices(_price(propose), _price(answer), propose.currency)


def _price(price: PricesConfig) -> Price:
    cached = price.cached_prompt
    return Price(Fraction(price.prompt), Fraction(price.completion), None if cached is None else Fraction(cached))


def build_machine(source: Source, policy: Policy | None = None) -> Machine:
    """Build the machine of a run, at its beginning; `policy` is that of its configuration unless another is given."""
    config = source.config
    plan = Plan(
        run_seed=config.seed,
        sampling={"propose": _sampling(config.propose), "answer": _sampling(config.answering)},
        lag_min=config.lag_min,
        lag_max=max(config.lag_min, config.lag_max),
    )
    return Machine(plan, policy or policy_of(config), recipe_of(source), source.seeds)


def _sampling(model: ModelConfig) -> Sampling:
    return Sampling(model.temperature, model.top_p, model.max_tokens)


def build_gates(
    source: Source, machine: Machine, environment: Mapping[str, str], run: RunDir, *, writable: bool = True
) -> StageGates:
    """Build the gates of a run, knowing the seeds and nothing else. Vectors are taken from beside the run, and kept
    there if it may be written to."""
    config = source.config
    encoder = build_encoder(
        config.filters, environment, run=run, writable=writable, allow_insecure=config.calls.allow_insecure_key
    )
    stages = {index: stage.gate for index, stage in enumerate(machine.recipe.stages) if stage.gate}
    return StageGates(config, stages, source.seeds, encoder)


def build_exporter(name: str) -> Exporter:
    """Build an exporter by name. Raises BadConfig, which lists the names there are."""
    made: Exporter = registry.make(f"exporter {name}", registry.load("exporters", name), {}, {})
    return made


def rejection_row(rejection: Rejection) -> bytes:
    """Return the line of rejected.jsonl for one draft: what it said, who refused it, why, and the numbers."""
    from selfgen.export.records import encode_row

    draft, lineage = rejection.draft, rejection.lineage
    row = {
        "id": draft.id,
        "reason": rejection.reason,
        "stage": rejection.stage,
        "lost": rejection.lost,
        "detail": rejection.detail,
        "instruction": draft.instruction,
        "input": draft.input,
        "output": draft.output,
        "labels": dict(draft.labels),
        "measures": [
            {"filter": m.filter, "value": m.value, "limit": m.limit, "unit": m.unit, "nearest": m.nearest}
            for m in rejection.measures
        ],
        "lineage": {
            "turn": lineage.turn,
            "parents": list(lineage.parents),
            "calls": list(lineage.calls),
            "recipe": lineage.recipe,
        },
    }
    return encode_row(row) + b"\n"
