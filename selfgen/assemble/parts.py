"""Objects made from what a run is: the machine, its gates, its models, exporters. Heavy things are imported here, when
they are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from selfgen import registry
from selfgen.assemble.embedding import build_encoder
from selfgen.assemble.source import Source, recipe_of
from selfgen.config import ModelConfig, RunConfig
from selfgen.core.machine import Machine
from selfgen.core.ports import Exporter, Model
from selfgen.core.tally import Policy, Prices
from selfgen.core.tasks import Draft, Task
from selfgen.core.turns import Plan, Rejection
from selfgen.core.work import Role, Sampling, Verdict
from selfgen.store.run_dir import RunDir

MOCK = "mock"


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
    """Return where a run stops; `grace` is how far it went before under other limits."""
    return Policy(
        target=config.target,
        max_calls=config.limits.max_calls,
        max_tokens=config.limits.max_tokens,
        window=config.saturation.window,
        floor=Fraction(str(config.saturation.floor)),
        grace=grace,
    )


def prices_of(config: RunConfig) -> Prices | None:
    """Return the prices, None when none are set."""
    prices = config.prices
    if not prices.prompt and not prices.completion:
        return None
    return Prices(Fraction(prices.prompt), Fraction(prices.completion), prices.currency)


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


def build_models(config: RunConfig, environment: Mapping[str, str]) -> dict[Role, Model]:
    """Build the model of each role; roles that speak to the same model share one."""
    propose = _build_model(config, config.propose, environment)
    same = _place(config.answering) == _place(config.propose)
    return {"propose": propose, "answer": propose if same else _build_model(config, config.answering, environment)}


def _place(model: ModelConfig) -> dict[str, Any]:
    return model.model_dump(exclude={"temperature", "top_p", "max_tokens"})


def _build_model(config: RunConfig, model: ModelConfig, environment: Mapping[str, str]) -> Model:
    if model.model == MOCK and not model.base_url:
        return _build_mock(config, model)
    return _build_server(config, model, environment)


def _build_mock(config: RunConfig, model: ModelConfig) -> Model:
    from selfgen.models.mock import Mock

    limit = config.calls.max_concurrency if config.calls.concurrency == "auto" else config.calls.concurrency
    made: Model = registry.make(
        "model mock", Mock, {"lang": config.lang, "concurrency": min(limit, 256)}, model.options
    )
    return made


def _build_server(config: RunConfig, model: ModelConfig, environment: Mapping[str, str]) -> Model:
    from selfgen.models.chat import Chat
    from selfgen.models.hold import Policy as Patience
    from selfgen.models.retry import Endpoint
    from selfgen.models.throttle import Throttle

    calls = config.calls
    chat = Chat(
        base_url=model.base_url,
        model=model.model,
        key=environment.get(model.api_key_env, ""),
        structured="off" if config.structured == "auto" else config.structured,
        extra_body=model.extra_body,
        max_tokens_field=model.max_tokens_field,
        send_seed=calls.send_seed == "on",
        connections=calls.max_concurrency if calls.concurrency == "auto" else calls.concurrency,
        idle_s=calls.idle_timeout_s,
        total_s=calls.timeout_s,
        allow_insecure=calls.allow_insecure_key,
    )
    if calls.concurrency == "auto":
        throttle = Throttle(start=min(16, calls.max_concurrency), most=calls.max_concurrency)
    else:
        throttle = Throttle(start=calls.concurrency, most=calls.concurrency, fixed=True)
    return Endpoint(chat.send, throttle=throttle, policy=Patience(patience_s=calls.patience_s), close=chat.aclose)


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
