"""Where models are: `vllm:PATH_OR_ID` and several servers, as a person names them, made into settings.

A model keeps its name wherever it is served: that of the folder, or the id. So a run that a vLLM of its own began may
go on with `--base-url` on another machine, and the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selfgen.config import EndpointConfig, ModelConfig, RunConfig
from selfgen.errors import BadConfig

OWN = "vllm:"
"""What stands before a model that selfgen is to serve by itself."""
OWN_KEY = "SELFGEN_OWN_SERVER_KEY_"
"""What the name begins with under which the key of such a server is handed on, within this process, and by which its
address is told from others."""


def unfold(config: RunConfig, folder: Path | None = None) -> RunConfig:
    """Return the configuration with every `vllm:` spelled out. Paths count from `folder`, else from here."""
    changed: dict[str, Any] = {"propose": unfold_model(config.propose, folder)}
    if config.answer is not None:
        changed["answer"] = unfold_model(config.answer, folder)
    return config.model_copy(update=changed)


def unfold_model(model: ModelConfig, folder: Path | None = None) -> ModelConfig:
    """Make `vllm:NAME`, or the long form (`vllm: {model: NAME}`, with a name of one's own beside it), into a model name
    and a server to start. Raises BadConfig for a name that is empty, for a folder that is not there, and for a server
    to start beside one that runs."""
    short = model.model.startswith(OWN)
    named = model.model.removeprefix(OWN).strip() if short else model.vllm.model
    if not (short or named):
        return model
    if not named:
        raise BadConfig("vllm: names no model", todo="Write vllm:PATH or vllm:ORGANISATION/NAME.")
    if model.base_url or model.endpoints:
        what = f"{OWN}{named} starts a server, and an address of another is given as well"
        todo = "Leave out the address (--base-url, SELFGEN_BASE_URL, a file), or write the model's name without vllm:."
        raise BadConfig(what, todo=todo)
    place = ((folder or Path()) / Path(named).expanduser()).resolve()
    if place.is_dir():
        name, source = place.name, str(place)
    elif named.startswith((".", "/", "~")):
        raise BadConfig(f"there is no folder {named}", todo="Name the folder that holds the model's config.json.")
    else:
        name = source = named
    name = name if short else model.model or name
    return model.model_copy(update={"model": name, "vllm": model.vllm.model_copy(update={"model": source})})


def addresses(urls: Sequence[str] | None) -> dict[str, Any]:
    """Return what one or several `--base-url` set: the address, or the endpoints. Whatever was set before gives way."""
    if not urls:
        return {}
    if len(urls) == 1:
        return {"base_url": urls[0], "endpoints": []}
    return {"base_url": "", "endpoints": [{"url": url} for url in urls]}


def own_servers(config: RunConfig) -> list[str]:
    """Return the names of roles whose model selfgen serves by itself; the answering role only if it is another."""
    roles = ["propose"] if config.propose.vllm.model else []
    other = config.answering.vllm.model
    return roles + (["answer"] if other and other != config.propose.vllm.model else [])


def at(config: RunConfig, role: str, base_url: str, served_as: str = "") -> RunConfig:
    """Return the configuration with the server of a role at an address; a role that shares its model goes along.
    `served_as`: what the server calls the model. The key for it, if any, is the one at `key_name(role)`."""
    model: ModelConfig = config.propose if role == "propose" else config.answering
    placed: dict[str, Any] = {}
    for name, each in (("propose", config.propose), ("answer", config.answering)):
        if each.vllm.model == model.vllm.model:
            alias = served_as if served_as != each.model else ""
            place = EndpointConfig(url=base_url, model=alias, api_key_env=key_name(role))
            placed[name] = each.model_copy(update={"model": each.model or served_as, "endpoints": (place,)})
    return config.model_copy(update=placed)


def key_name(role: str) -> str:
    """Return where the key of the server is that was started for a role. No other key is sent to it."""
    return OWN_KEY + role.upper()


def is_own(place: EndpointConfig) -> bool:
    """Tell whether an address is that of a server which selfgen started."""
    return place.api_key_env.startswith(OWN_KEY)


def nowhere(config: RunConfig) -> RunConfig:
    """Return the configuration without the addresses of servers that lived for one session, whichever model was asked
    for there, and without the keys that a person gave them: those are for no file."""
    placed: dict[str, Any] = {}
    for name, each in (("propose", config.propose), ("answer", config.answer)):
        if each is not None:
            kept = tuple(place for place in each.endpoints if not is_own(place))
            vllm = each.vllm.model_copy(update={"args": without_keys(each.vllm.args)})
            placed[name] = each.model_copy(update={"endpoints": kept, "vllm": vllm})
    return config.model_copy(update=placed)


def without_keys(args: Sequence[str]) -> tuple[str, ...]:
    """Return arguments of vLLM without --api-key, --hf-token and what follows them. VLLM_API_KEY and HF_TOKEN do the
    same from the environment, and lie nowhere."""
    kept: list[str] = []
    dropping = False
    for word in args:
        if word.startswith("-"):
            name = word.partition("=")[0]
            dropping = len(name) > 4 and any(secret.startswith(name) for secret in ("--api-key", "--hf-token"))
            if dropping:
                continue
        if not dropping:
            kept.append(word)
    return tuple(kept)


def move(model: ModelConfig, urls: Sequence[str]) -> ModelConfig:
    """Return a model that is served elsewhere from now on."""
    changed: dict[str, Any] = {"base_url": "", "endpoints": (), "vllm": model.vllm.model_copy(update={"model": ""})}
    return ModelConfig.model_validate(model.model_copy(update=changed).model_dump() | addresses(urls))
