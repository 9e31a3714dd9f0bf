"""The models of a run, made from its configuration and from what preflight found out: a fleet of lanes for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from selfgen import registry
from selfgen.assemble.keys import key_for
from selfgen.assemble.places import is_own
from selfgen.assemble.preflight import place_name
from selfgen.assemble.servers import is_mock, look_from
from selfgen.config import EndpointConfig, ModelConfig, RunConfig
from selfgen.core.ports import Model
from selfgen.core.work import Role

if TYPE_CHECKING:
    from selfgen.models.lane import Send, Tell
    from selfgen.models.open_lane import Manner, Server

Known = Mapping[str, Mapping[str, Any]]
"""What preflight found out, by place: models.abilities.Capabilities as JSON values."""


def build_models(
    config: RunConfig,
    environment: Mapping[str, str],
    known: Known | None = None,
    *,
    hearer: Callable[[ModelConfig], Tell] = lambda model: lambda kind, sentence: None,
    guard: Callable[[Send], Send] = lambda send: send,
) -> dict[Role, Model]:
    """Build the model of each role; roles that speak to the same model share one. `hearer` names who hears the story
    of a model's servers, `guard` stands before each attempt."""
    propose = _build(config, config.propose, environment, known or {}, hearer, guard)
    if _served(config.answering) == _served(config.propose):
        return {"propose": propose, "answer": propose}
    return {"propose": propose, "answer": _build(config, config.answering, environment, known or {}, hearer, guard)}


def _served(model: ModelConfig) -> dict[str, Any]:
    """Return what two roles must have in common to share a model: all but how it samples."""
    return model.model_dump(exclude={"temperature", "top_p", "max_tokens"})


def _build(
    config: RunConfig,
    model: ModelConfig,
    environment: Mapping[str, str],
    known: Known,
    hearer: Callable[[ModelConfig], Tell],
    guard: Callable[[Send], Send],
) -> Model:
    if is_mock(model):
        return _build_mock(config, model)
    from selfgen.models.fleet import Fleet
    from selfgen.models.hold import Policy
    from selfgen.models.open_lane import open_lane

    servers = [describe(config, model, endpoint, environment, known) for endpoint in model.places]
    lanes = [open_lane(server, guard) for server in servers]
    return Fleet(lanes, Policy(patience_s=config.calls.patience_s), tell=hearer(model))


def _build_mock(config: RunConfig, model: ModelConfig) -> Model:
    from selfgen.models.mock import Mock

    limit = config.calls.max_concurrency if config.calls.concurrency == "auto" else config.calls.concurrency
    options = {"lang": config.lang, "concurrency": min(limit, 256)}
    made: Model = registry.make("model mock", Mock, options, model.options)
    return made


def describe(
    config: RunConfig, model: ModelConfig, endpoint: EndpointConfig, environment: Mapping[str, str], known: Known
) -> Server:
    """Return all that is known of one server of a model. One that was not there to be asked is taken to be like the
    others, until it answers."""
    from selfgen.models.open_lane import Server

    calls, found = config.calls, known.get(place_name(endpoint, model), {})
    found = found or next((known[name] for each in model.places if (name := place_name(each, model)) in known), {})
    key = key_for(endpoint, model, environment)
    return Server(
        name=endpoint.url,
        base_url=endpoint.url,
        model=endpoint.model or model.model,
        key=key,
        manner=_manner(endpoint, found, bool(key)),
        pinned=None if calls.concurrency == "auto" else _share(calls.concurrency, endpoint, model),
        most=calls.max_concurrency,
        weight=endpoint.weight,
        rpm=endpoint.rpm,
        tpm=endpoint.tpm,
        known=look_from(known[name]) if (name := place_name(endpoint, model)) in known else None,
        completions=bool(found.get("completions")),
        structured="off" if config.structured == "auto" else config.structured,
        extra_body=model.extra_body,
        max_tokens_field=model.max_tokens_field,
        send_seed=calls.send_seed == "on",
        idle_s=calls.idle_timeout_s,
        total_s=calls.timeout_s,
        allow_insecure=calls.allow_insecure_key,
    )


def _manner(endpoint: EndpointConfig, found: Mapping[str, Any], has_key: bool) -> Manner:
    """Tell how a server shows how much it takes: vLLM by its queue, a hosted API by what it grants an account."""
    if is_own(endpoint) or found.get("version"):
        return "queue"
    if found.get("limits") or (has_key and endpoint.url.startswith("https:")):
        return "account"
    return "unknown"


def _share(calls: int, endpoint: EndpointConfig, model: ModelConfig) -> int:
    """Return a server's part of a number of calls that a person set for all of them, at least one."""
    return max(1, round(calls * endpoint.weight / sum(each.weight for each in model.places)))
