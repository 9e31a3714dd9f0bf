"""Settling what a configuration leaves open about models: which server, which model, and what it proves to be able to.

A run that continues has all of it settled in its journal, and asks nobody here but servers that are new to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from selfgen.assemble.advice import warn
from selfgen.assemble.keys import explain_key, host_of, key_for, key_variable
from selfgen.assemble.preflight import PATIENCE_S, check, look_at_all, places_of
from selfgen.config import ModelConfig, RunConfig
from selfgen.errors import BadConfig, NoServer, NotAuthorised, SelfgenError

if TYPE_CHECKING:
    from selfgen.models.lane import Look

OPENAI = "https://api.openai.com/v1"
MOCK = "mock"

_CHOICES = """Choose one:
  try it without any model       --model mock
  a model on this machine        --model vllm:PATH_OR_ID (needs vLLM)
  any OpenAI-compatible server   --base-url http://HOST:PORT/v1 --model NAME (key in OPENAI_API_KEY)"""


@dataclass(frozen=True, slots=True)
class Settled:
    """A configuration with nothing left open, and what was found out about its servers, by place ("MODEL at URL", see
    preflight.place_name). `capabilities` are models.abilities.Capabilities as JSON values; a server that did not answer
    is in neither table, and in `warnings`, which people should read."""

    config: RunConfig
    capabilities: Mapping[str, Mapping[str, Any]]
    looks: Mapping[str, Look]
    warnings: tuple[str, ...] = ()


def settle(config: RunConfig, environment: Mapping[str, str]) -> RunConfig:
    """Return the configuration with every model named and placed, and with `structured` proved. Servers are asked what
    they can do only where something depends on it. Raises as `settle_all` does."""
    placed = place_all(config, environment)
    if "auto" not in (placed.structured, placed.calls.send_seed):
        return placed
    return settle_all(placed, environment).config


def settle_all(
    config: RunConfig, environment: Mapping[str, str], known: Mapping[str, Mapping[str, Any]] | None = None
) -> Settled:
    """Name and place every model, look at every server, and settle what its abilities decide: the least of all servers
    decides. `known` holds capabilities by place from an earlier session: those are not asked for again.

    Raises NoServer with the choices there are, BadConfig for an unknown model, for settings that a server will not have
    and for servers with different models, NotAuthorised for a refused key, Paused for an empty account."""
    placed = place_all(config, environment)
    places = places_of(served_models(placed))
    before = {place.name: known[place.name] for place in places if known and place.name in known}
    unknown = [place for place in places if place.name not in before]
    # Nobody is waited for where others are known: the run has them.
    outcomes = look_at_all(unknown, placed, environment, patience_s=0.0 if before else PATIENCE_S)
    warnings = check(outcomes, [(place, look_from(before[place.name])) for place in places if place.name in before])
    found = {each.place.name: each.found for each in outcomes if each.found}
    capabilities = before | {name: asdict(each) for name, each in found.items()}
    settled = _decide(placed, capabilities)
    told = tuple(line for each in outcomes if each.found for line in warn(each.place.name, each.found, placed))
    return Settled(
        settled, capabilities, {name: look_from(values) for name, values in capabilities.items()}, warnings + told
    )


def served_models(config: RunConfig) -> dict[str, ModelConfig]:
    """Return the models of a configuration that are on servers, by role."""
    models = {"propose": config.propose, "answer": config.answering}
    return {role: model for role, model in models.items() if not is_mock(model)}


def is_mock(model: ModelConfig) -> bool:
    """Tell whether a model is the stand-in, which needs no server."""
    return model.model == MOCK and not model.places


def look_from(capabilities: Mapping[str, Any]) -> Look:
    """Return who was found at a place, from capabilities as JSON values."""
    from selfgen.models.lane import Look

    return Look(**capabilities["look"])


def _decide(config: RunConfig, capabilities: Mapping[str, Mapping[str, Any]]) -> RunConfig:
    """Settle what depends on what servers can do."""
    settled: dict[str, Any] = {}
    if config.structured == "auto":
        proved = {each["structured"] for each in capabilities.values()}
        if any(map(is_mock, (config.propose, config.answering))):
            proved.add("json_schema")
        settled["structured"] = min(proved, key=("off", "json_schema", "grammar").index)
    if config.calls.send_seed == "auto":
        send = "on" if all(each["seeds_well"] for each in capabilities.values()) else "off"
        settled["calls"] = config.calls.model_copy(update={"send_seed": send})
    return config.model_copy(update=settled)


def place_all(config: RunConfig, environment: Mapping[str, str]) -> RunConfig:
    """Return the configuration with every model named and placed. The answering model is where the proposing one is,
    unless it is somewhere else."""
    propose = _place(config.propose, config, environment)
    answering = config.answering
    if not (answering.model or answering.places):
        answering = answering.model_copy(update={"model": propose.model} | _place_of(propose))
    elif not (answering.places or answering.model == MOCK):
        same = answering.model == propose.model
        answering = answering.model_copy(update=_place_of(propose, aliases=same))
    answering = _place(answering, config, environment)
    _keep_keys_apart(propose, answering, environment)
    return config.model_copy(update={"propose": propose, "answer": answering})


def _keep_keys_apart(propose: ModelConfig, answer: ModelConfig, environment: Mapping[str, str]) -> None:
    """Raise BadConfig where the key in one variable would go to two hosts, one for each model."""
    hosts: dict[str, set[str]] = {}
    for model in (propose, answer):
        for endpoint in model.places:
            name, host = key_variable(endpoint, model), host_of(endpoint.url)
            if name and environment.get(name) and not _is_here(host):
                hosts.setdefault(name, set()).add(host)
    for name, several in hosts.items():
        if len(several) > 1:
            what = f"the key in {name} would go to {' and '.join(sorted(several))}"
            todo = "Name another variable for one of them in the configuration: answer: {api_key_env: NAME}."
            raise BadConfig(what, todo=todo)


def _is_here(host: str) -> bool:
    from selfgen.models.address import is_loopback

    return is_loopback(host)


def _place_of(model: ModelConfig, *, aliases: bool = True) -> dict[str, Any]:
    """Return where a model is, as settings of another; the names that servers have for it only if it is the same."""
    endpoints = model.endpoints
    if not aliases:
        endpoints = tuple(each.model_copy(update={"model": ""}) for each in endpoints)
    return {"base_url": model.base_url, "endpoints": endpoints}


def _place(model: ModelConfig, config: RunConfig, environment: Mapping[str, str]) -> ModelConfig:
    """Name the server and the model of one role."""
    from selfgen.models.discover import choose_model, find_servers

    if is_mock(model):
        return model
    if not model.places and (base_url := environment.get("OPENAI_BASE_URL", "")):
        model = model.model_copy(update={"base_url": base_url})
    if model.places and not model.model:
        return model.model_copy(update={"model": _only_model(model, config, environment)})
    if model.places:
        return model
    for found in asyncio.run(find_servers()):
        names = [row.id for row in found.models]
        if not model.model or model.model in names:
            name = model.model or choose_model(found.models, found.base_url)
            return model.model_copy(update={"base_url": found.base_url, "model": name})
    if model.model and environment.get(model.api_key_env):
        return model.model_copy(update={"base_url": OPENAI})
    what = (
        f"no server on this machine offers {model.model!r}" if model.model else "no model is named and no server runs"
    )
    raise NoServer(what, todo=_CHOICES)


def _only_model(model: ModelConfig, config: RunConfig, environment: Mapping[str, str]) -> str:
    """Return the name of the only model on a server of several that have it, or of one. Servers that do not answer are
    passed over while another may. Raises BadConfig where a server has several."""
    from selfgen.models.discover import choose_model, list_models

    problem: SelfgenError | None = None
    for endpoint in model.places:
        if endpoint.model:
            return endpoint.model
        key = key_for(endpoint, model, environment)
        try:
            listed = asyncio.run(list_models(endpoint.url, key, allow_insecure=config.calls.allow_insecure_key))
            return choose_model(listed, endpoint.url)
        except NotAuthorised as error:
            raise explain_key(error, endpoint, model, environment) from None
        except NoServer as error:
            problem = problem or error
    raise problem or NoServer("no server is named", todo=_CHOICES)
