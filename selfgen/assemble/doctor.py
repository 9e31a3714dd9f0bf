"""What `selfgen doctor` looks at: this installation, the seeds under every filter, the model server."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from selfgen import __version__, registry
from selfgen.assemble.advice import advise, ranges, table
from selfgen.assemble.embedding import build_encoder
from selfgen.assemble.fleets import build_models
from selfgen.assemble.parts import build_machine
from selfgen.assemble.places import own_servers
from selfgen.assemble.preflight import Outcome, Place, check_same, look_at_all, places_of
from selfgen.assemble.servers import is_mock, place_all, served_models
from selfgen.assemble.settings import environment
from selfgen.assemble.source import Source, load_source
from selfgen.config import ModelConfig, RunConfig
from selfgen.core.ports import Filter
from selfgen.core.tasks import Draft, Task
from selfgen.errors import NoServer, SelfgenError

if TYPE_CHECKING:
    from selfgen.models.abilities import Capabilities

PAIRS = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report. A `note` is worth knowing, a `FAIL` keeps a run from going well. `rows` are the
    cells of a table below it, `facts` what a script may want of it, as JSON values."""

    grade: Literal["ok", "note", "FAIL"]
    what: str
    details: tuple[str, ...] = ()
    error: SelfgenError | None = None
    rows: tuple[tuple[str, ...], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def examine(config: RunConfig, environment: Mapping[str, str], *, offline: bool) -> Iterator[Finding]:
    """Yield findings as they are made."""
    yield from _installation()
    if config.seeds:
        yield from _seeds(config)
    else:
        yield Finding("note", "no seeds are named: give --seeds to have them checked")
    if offline:
        yield Finding("note", "no server was looked for (--offline)")
    else:
        yield from _server(config, environment)


def _installation() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", f"selfgen {__version__} on Python {version}, {sys.platform}")
    if importlib.util.find_spec("sentence_transformers") is None:
        yield Finding("note", "embedding similarity is not installed: pip install 'selfgen[embed]' if you want it")
    else:
        yield Finding("ok", "sentence-transformers is installed; the semantic filter can be turned on")


def _seeds(config: RunConfig) -> Iterator[Finding]:
    try:
        source = load_source(config)
    except SelfgenError as error:
        yield Finding("FAIL", error.what.split("\n")[0], tuple(error.what.split("\n")[1:20]), error)
        return
    yield Finding("ok", f"{len(source.seeds)} seeds, language {source.config.lang}", source.notices)
    yield _self_similarity(source.seeds)
    yield _against_rouge_score(source.seeds)
    try:
        rehearse(source)
        yield Finding("ok", f"recipe {source.config.recipe}, its prompts and all filters can be built")
        yield from _every_filter(source)
    except SelfgenError as error:
        yield Finding("FAIL", error.what, tuple(error.todo.split("\n")), error)


def rehearse(source: Source) -> None:
    """Build what a run is made of, render its first prompt, and throw all away: a name or an option that is wrong is
    found before anything is made on disk, or asked of a server. Raises BadConfig."""
    config = source.config
    build_machine(source).next_ask()
    first = source.seeds[0]
    for each in _all_filters(config):
        each.prepare([Draft(first.id, first.instruction)])
    for model in (config.propose, config.answering):
        if is_mock(model):
            build_models(config.model_copy(update={"propose": model, "answer": model}), {})


def _all_filters(config: RunConfig) -> list[Filter]:
    """Return a fresh set of the filters that a run has, of both scopes."""
    from selfgen.filters import BUILTIN, build_filters

    names = registry.names("filters").keys() - BUILTIN.keys()
    plugins = {name: registry.load("filters", name) for name in sorted(names)}
    chosen = dict.fromkeys(plugins, False) | dict(config.filters)
    encoder = build_encoder(config.filters, environment(), allow_insecure=config.calls.allow_insecure_key)
    return build_filters(config.lang, chosen, plugins=plugins, encoder=encoder)


def _self_similarity(seeds: Sequence[Task]) -> Finding:
    """Every seed must be seen by the similarity filter: its score with itself is 1, or it has no words at all."""
    from selfgen.filters.rouge import NoveltyIndex

    index = NoveltyIndex("0.7")
    for seed in seeds:
        index.add(seed.id, seed.instruction)
    blind = [s for s in seeds if (near := index.nearest(s.instruction)) is None or near.score != 1]
    if blind:
        return Finding("FAIL", f"{len(blind)} seeds are not like themselves", tuple(s.instruction for s in blind[:5]))
    return Finding("ok", "self-similarity is 1.0 for every seed: the novelty filter sees them all")


def _against_rouge_score(seeds: Sequence[Task]) -> Finding:
    """On plain Latin text our scores are those of the rouge-score package; Chinese it cannot see."""
    from rouge_score.rouge_scorer import RougeScorer

    from selfgen.filters.rouge import NoveltyIndex

    latin = [seed.instruction for seed in seeds if seed.instruction.isascii()]
    if len(latin) < 2:
        return Finding("ok", "rouge-score is not compared: it sees no Chinese, and these seeds have no other text")
    scorer = RougeScorer(["rougeL"])
    worst = 0.0
    pairs = [(latin[i], latin[(7 * i + 1) % len(latin)]) for i in range(min(PAIRS, len(latin)))]
    for one, other in pairs:
        index = NoveltyIndex("0.7")
        index.add("other", other)
        near = index.nearest(one)
        expected = scorer.score(other, one)["rougeL"].fmeasure
        worst = max(worst, abs((float(near.score) if near else 0.0) - expected))
    same = worst < 1e-9
    return Finding("ok" if same else "FAIL", f"ROUGE-L equals rouge-score on {len(pairs)} pairs of seeds")


def _every_filter(source: Source) -> Iterator[Finding]:
    """Run every filter over the seeds, each alone: what a filter says about good tasks says much about the filter."""
    refused: dict[str, list[str]] = {}
    for each in _all_filters(source.config):
        for seed in source.seeds:
            draft = Draft(seed.id, seed.instruction, seed.input, seed.output, seed.labels)
            if each.scope == "task" and not seed.output:
                continue
            each.prepare([draft])
            if reason := each.check(draft).reason:
                refused.setdefault(each.name, []).append(f"{seed.id} {reason}: {seed.instruction}")
            each.remember(draft)
    if not refused:
        yield Finding("ok", "every filter passes every seed")
    for name, examples in refused.items():
        few = len(examples) <= len(source.seeds) / 20
        more = (f"and {len(examples) - 5} more",) if len(examples) > 5 else ()
        what = f"filter {name} would refuse {len(examples)} of {len(source.seeds)} seeds"
        yield Finding("note" if few else "FAIL", what, (*examples[:5], *more))


def _server(config: RunConfig, environment: Mapping[str, str]) -> Iterator[Finding]:
    for role in own_servers(config):
        model = config.propose if role == "propose" else config.answering
        yield Finding(
            "note",
            f"{role}: {model.vllm.model} is served by selfgen itself, and was not looked at",
            (f"selfgen serve {model.vllm.model} starts it; then look at it with --base-url",),
        )
    try:
        places = places_of(_models_elsewhere(config, environment))
        if not places and not own_servers(config):
            yield Finding("ok", "mock: a stand-in, not a language model; do not train on its data")
        # All that a server can do is of interest here, whether a run would use it or not.
        curious = config.model_copy(update={"structured": "auto"}) if config.structured == "off" else config
        outcomes = look_at_all(places, curious, environment)
    except SelfgenError as error:
        yield _failure(error.what, error)
        return
    for role in dict.fromkeys(place.role for place in places):
        yield from _role(role, [each for each in outcomes if each.place.role == role], config)


def _models_elsewhere(config: RunConfig, environment: Mapping[str, str]) -> Mapping[str, ModelConfig]:
    """Return the models that somebody else serves, by role, each with its place."""
    if config.propose.vllm.model:
        answering = config.answering
        elsewhere = answering.model and answering.places and not answering.vllm.model
        return {"answer": answering} if elsewhere else {}
    if config.answering.vllm.model:
        config = config.model_copy(update={"answer": None})
    return served_models(place_all(config, environment))


def _role(role: str, outcomes: Sequence[Outcome], config: RunConfig) -> Iterator[Finding]:
    """Report on the servers of one model."""
    found = [(each.place, each.found) for each in outcomes if each.found]
    if found:
        yield _table(role, found)
        advice: dict[str, list[int]] = {}
        for number, (place, each) in enumerate(found, 1):
            for line in advise(each, place.model, config):
                advice.setdefault(line, []).append(number)
        for line, numbers in advice.items():
            which = f"server {ranges(numbers)} " if 1 < len(found) != len(numbers) else ""
            yield Finding("note", f"{which}{line}")
        try:
            check_same([(place, each.look) for place, each in found])
        except SelfgenError as error:
            yield _failure(error.what, error)
    for outcome in outcomes:
        if outcome.error is None:
            continue
        what = f"{role}: {outcome.place.name}: {outcome.error.what}"
        if found and isinstance(outcome.error, NoServer):
            yield Finding("note", what, ("a run begins without it, and takes it in when it answers",))
        else:
            yield _failure(what, outcome.error)


def _table(role: str, found: Sequence[tuple[Place, Capabilities]]) -> Finding:
    first = found[0][0]
    name = first.endpoint.model or first.model.model
    where = first.endpoint.url if len(found) == 1 else f"{len(found)} servers"
    listed = tuple(f"{number} {place.name}" for number, (place, _) in enumerate(found, 1)) if len(found) > 1 else ()
    return Finding(
        "ok",
        f"{role}: {name} at {where} answers" if len(found) == 1 else f"{role}: {name} answers at {where}",
        listed,
        rows=table([each for _, each in found]),
        facts={place.name: asdict(each) for place, each in found},
    )


def _failure(what: str, error: SelfgenError) -> Finding:
    lines = what.split("\n")
    return Finding("FAIL", lines[0], (*lines[1:], *filter(None, error.todo.split("\n"))), error)
