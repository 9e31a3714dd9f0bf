"""Where models are: `vllm:PATH_OR_ID` and several servers, as a person names them, made into settings.

A model keeps its name wherever it is served: that of the folder, or the id. So a run that a vLLM of its own began may
go on with `--base-url` on another machine, and the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selfgen.config import ModelConfig, RunConfig
from selfgen.errors import BadConfig

OWN = "vllm:"
"""What stands before a model that selfgen is to serve by itself."""
OWN_KEY = "SELFGEN_OWN_SERVER_KEY_"
"""What the name begins with under which the key of such a server is handed on, within this process."""


def unfold(config: RunConfig, folder: Path | None = None) -> RunConfig:
    """Return the configuration with every `vllm:` spelled out. Paths count from `folder`, else from here."""
    changed: dict[str, Any] = {"propose": unfold_model(config.propose, folder)}
    if config.answer is not None:
        changed["answer"] = unfold_model(config.answer, folder)
    return config.model_copy(update=changed)


def unfold_model(model: ModelConfig, folder: Path | None = None) -> ModelConfig:
    """Make `vllm:NAME` into a model name and a server to start. Raises BadConfig for a name that is empty, for a folder
    that is not there, and for a server to start beside one that runs."""
    if not model.model.startswith(OWN):
        return model
    named = model.model.removeprefix(OWN).strip()
    if not named:
        raise BadConfig("vllm: names no model", todo="Write vllm:PATH or vllm:ORGANISATION/NAME.")
    if model.base_url or model.endpoints:
        what = f"{model.model} starts a server, and an address of another is given as well"
        raise BadConfig(what, todo="Leave out the address, or write the model's name without vllm:.")
    place = ((folder or Path()) / Path(named).expanduser()).resolve()
    if place.is_dir():
        name, source = place.name, str(place)
    elif named.startswith((".", "/", "~")):
        raise BadConfig(f"there is no folder {named}", todo="Name the folder that holds the model's config.json.")
    else:
        name = source = named
    return model.model_copy(update={"model": name, "vllm": model.vllm.model_copy(update={"model": source})})


def addresses(urls: Sequence[str] | None) -> dict[str, Any]:
    """Return what one or several `--base-url` set: the address, or the endpoints."""
    if not urls:
        return {}
    if len(urls) == 1:
        return {"base_url": urls[0]}
    return {"endpoints": [{"url": url} for url in urls]}


def own_servers(config: RunConfig) -> list[str]:
    """Return the names of roles whose model selfgen serves by itself; the answering role only if it is another."""
    roles = ["propose"] if config.propose.vllm.model else []
    other = config.answering.vllm.model
    return roles + (["answer"] if other and other != config.propose.vllm.model else [])


def at(config: RunConfig, role: str, base_url: str) -> RunConfig:
    """Return the configuration with the server of a role at an address; a role that shares its model goes along."""
    model: ModelConfig = config.propose if role == "propose" else config.answering
    placed: dict[str, Any] = {}
    for name, each in (("propose", config.propose), ("answer", config.answering)):
        if each.vllm.model == model.vllm.model:
            placed[name] = each.model_copy(update={"base_url": base_url})
    return config.model_copy(update=placed)


def nowhere(config: RunConfig) -> RunConfig:
    """Return the configuration without the addresses and keys of servers that lived for one session."""
    placed: dict[str, Any] = {}
    for name, each in (("propose", config.propose), ("answer", config.answer)):
        if each is not None and each.vllm.model:
            key = ModelConfig().api_key_env if each.api_key_env.startswith(OWN_KEY) else each.api_key_env
            placed[name] = each.model_copy(update={"base_url": "", "api_key_env": key})
    return config.model_copy(update=placed)


def move(model: ModelConfig, urls: Sequence[str]) -> ModelConfig:
    """Return a model that is served elsewhere from now on."""
    changed: dict[str, Any] = {"base_url": "", "endpoints": (), "vllm": model.vllm.model_copy(update={"model": ""})}
    return ModelConfig.model_validate(model.model_copy(update=changed).model_dump() | addresses(urls))
