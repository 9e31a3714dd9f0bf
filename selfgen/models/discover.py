"""Which model servers are there, and which models they have.

Knows the ports that local servers use. What a model can do is found out by preflight.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from selfgen.errors import BadConfig, CallError
from selfgen.models.chat import Chat
from selfgen.models.offer import offer
from selfgen.models.preflight import explain
from selfgen.models.wire import ModelInfo

WELL_KNOWN = (("vLLM", 8000), ("Ollama", 11434), ("LM Studio", 1234), ("llama.cpp", 8080), ("SGLang", 30000))
"""Local servers and their usual ports, in order of preference."""


@dataclass(frozen=True, slots=True)
class Found:
    """A server that answered: the usual name for its port, its address and its models."""

    name: str
    base_url: str
    models: tuple[ModelInfo, ...]


async def find_servers(
    places: Sequence[tuple[str, int]] = WELL_KNOWN, *, host: str = "127.0.0.1", timeout_s: float = 1.0
) -> tuple[Found, ...]:
    """Look at all places at once; return those that list models, in the order of `places`."""
    looks = [_look(name, f"http://{host}:{port}/v1", timeout_s) for name, port in places]
    return tuple(found for found in await asyncio.gather(*looks) if found is not None)


async def _look(name: str, base_url: str, timeout_s: float) -> Found | None:
    chat = Chat(base_url=base_url, model="", connect_s=timeout_s, idle_s=timeout_s, total_s=timeout_s)
    try:
        models = await chat.models()
    except CallError:
        return None
    finally:
        await chat.aclose()
    return Found(name, chat.base_url, models) if models else None


async def list_models(base_url: str, key: str = "", *, allow_insecure: bool = False) -> tuple[ModelInfo, ...]:
    """Return the models of one server. Raises NoServer, NotAuthorised or BadConfig."""
    chat = Chat(base_url=base_url, model="", key=key, idle_s=30.0, total_s=30.0, allow_insecure=allow_insecure)
    try:
        return await chat.models()
    except CallError as error:
        raise explain(error, chat.base_url) from None
    finally:
        await chat.aclose()


def choose_model(models: Sequence[ModelInfo], base_url: str) -> str:
    """Return the only model of a server. Raises BadConfig where there are several, and lists them."""
    if len(models) == 1:
        return models[0].id
    raise BadConfig(
        f"The server at {base_url} has {len(models)} models.",
        todo=f"Choose with --model: {offer([model.id for model in models])}",
    )
