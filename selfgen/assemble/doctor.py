"""What `selfgen doctor` looks at: this installation, the seeds under every filter, the model server."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from selfgen import __version__, registry
from selfgen.assemble.embedding import build_encoder
from selfgen.assemble.parts import MOCK, build_machine, build_models
from selfgen.assemble.servers import prove, settle
from selfgen.assemble.settings import environment
from selfgen.assemble.source import Source, load_source
from selfgen.config import ModelConfig, RunConfig
from selfgen.core.ports import Filter
from selfgen.core.tasks import Draft, Task
from selfgen.errors import SelfgenError

PAIRS = 500
_FORMS = {
    "grammar": "yes, to a grammar",
    "json_schema": "yes, to a JSON schema",
    "off": "no; replies are read tolerantly",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report. A `note` is worth knowing, a `FAIL` keeps a run from going well."""

    grade: Literal["ok", "note", "FAIL"]
    what: str
    details: tuple[str, ...] = ()
    error: SelfgenError | None = None


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
        if model.model == MOCK and not model.base_url:
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
    try:
        settled = settle(config.model_copy(update={"structured": "off"}), environment)
        for role, model in (("propose", settled.propose), ("answer", settled.answering)):
            if role == "propose" or (model.model, model.base_url) != (settled.propose.model, settled.propose.base_url):
                yield _prove(role, model, settled, environment)
    except SelfgenError as error:
        yield Finding("FAIL", error.what, tuple(error.todo.split("\n")), error)


def _prove(role: str, model: ModelConfig, config: RunConfig, environment: Mapping[str, str]) -> Finding:
    if model.model == MOCK and not model.base_url:
        return Finding("ok", "mock: a stand-in, not a language model; do not train on its data")
    found = prove(model, config, environment)
    details = [
        "keeps to a form: " + _FORMS[found["structured"]],
        "counts tokens: " + ("yes" if found["usage_known"] else "no; token budgets cannot hold"),
        f"context: {found['max_model_len'] or 'not told'}",
    ]
    return Finding("ok", f"{role}: {model.model} at {model.base_url} answers", tuple(details))
