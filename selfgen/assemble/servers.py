"""Settling what a configuration leaves open about models: which server, which model, and what it proves to be able to.

A run that continues has all of it settled in its journal, and asks nobody here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from selfgen.config import ModelConfig, RunConfig
from selfgen.errors import NoServer, NotAuthorised

OPENAI = "https://api.openai.com/v1"
MOCK = "mock"

_CHOICES = """Choose one:
  try it without any model       --model mock
  a vLLM server on this machine  vllm serve MODEL, then the same command again
  any OpenAI-compatible server   --base-url http://HOST:PORT/v1 --model NAME (key in OPENAI_API_KEY)"""


def settle(config: RunConfig, environment: Mapping[str, str]) -> RunConfig:
    """Return the configuration with every model named and placed, and with `structured` proved.

    Raises NoServer with the choices there are, BadConfig for an unknown model, NotAuthorised for a refused key."""
    try:
        return _settle(config, environment)
    except NotAuthorised as error:
        wanted = config.propose.api_key_env
        if environment.get(wanted):
            raise
        raise NotAuthorised(f"the server wants a key, and {wanted} is not set", todo=f"export {wanted}=...") from error


def _settle(config: RunConfig, environment: Mapping[str, str]) -> RunConfig:
    propose = _place(config.propose, config, environment)
    answering = config.answering
    if not answering.model:
        answering = answering.model_copy(update={"model": propose.model, "base_url": propose.base_url})
    elif not answering.base_url and answering.model != MOCK:
        answering = answering.model_copy(update={"base_url": propose.base_url})
    settled = config.model_copy(update={"propose": propose, "answer": _place(answering, config, environment)})
    if "auto" in (settled.structured, settled.calls.send_seed):
        settled = _prove_all(settled, environment)
    return settled


def _prove_all(config: RunConfig, environment: Mapping[str, str]) -> RunConfig:
    """Settle what servers show when they are asked: whether they keep to a schema, and whether seeds do no harm."""
    found = [prove(model, config, environment) for model in _distinct(config.propose, config.answering)]
    settled: dict[str, Any] = {}
    if config.structured == "auto":
        proved = {each["structured"] for each in found}
        settled["structured"] = min(proved, key=("off", "json_schema", "grammar").index)
    if config.calls.send_seed == "auto":
        send = "on" if all(each["seeds_well"] for each in found) else "off"
        settled["calls"] = config.calls.model_copy(update={"send_seed": send})
    return config.model_copy(update=settled)


def _distinct(*models: ModelConfig) -> list[ModelConfig]:
    by_place = {(model.base_url, model.model): model for model in models}
    return list(by_place.values())


def _place(model: ModelConfig, config: RunConfig, environment: Mapping[str, str]) -> ModelConfig:
    """Name the server and the model of one role."""
    from selfgen.models.discover import choose_model, find_servers, list_models

    if model.model == MOCK and not model.base_url:
        return model
    base_url = model.base_url or environment.get("OPENAI_BASE_URL", "")
    if base_url and model.model:
        return model.model_copy(update={"base_url": base_url})
    if base_url:
        key = environment.get(model.api_key_env, "")
        listed = asyncio.run(list_models(base_url, key, allow_insecure=config.calls.allow_insecure_key))
        return model.model_copy(update={"base_url": base_url, "model": choose_model(listed, base_url)})
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


def prove(model: ModelConfig, config: RunConfig, environment: Mapping[str, str]) -> dict[str, Any]:
    """Ask a model a few small things and return what it proved to be able to: see models.discover.Capabilities."""
    if model.model == MOCK and not model.base_url:
        return {"structured": "json_schema", "usage_known": True, "max_model_len": None, "seeds_well": True}
    return asyncio.run(_prove(model, config, environment))


async def _prove(model: ModelConfig, config: RunConfig, environment: Mapping[str, str]) -> dict[str, Any]:
    from selfgen.models.chat import Chat
    from selfgen.models.discover import probe

    chat = Chat(
        base_url=model.base_url,
        model=model.model,
        key=environment.get(model.api_key_env, ""),
        extra_body=model.extra_body,
        max_tokens_field=model.max_tokens_field,
        send_seed=config.calls.send_seed == "on",
        idle_s=config.calls.idle_timeout_s,
        total_s=config.calls.timeout_s,
        allow_insecure=config.calls.allow_insecure_key,
    )
    try:
        found = await probe(chat)
    finally:
        await chat.aclose()
    return {name: getattr(found, name) for name in ("structured", "usage_known", "max_model_len", "seeds_well")}
