"""Finding servers and their models, against real loopback servers."""

from __future__ import annotations

import asyncio
import socket

import pytest

from selfgen.errors import BadConfig, NoServer, NotAuthorised
from selfgen.models.discover import WELL_KNOWN, choose_model, find_servers, list_models
from selfgen.models.wire import ModelInfo
from tests.fault_server import FaultServer


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_servers_are_found_in_the_order_of_preference() -> None:
    assert [name for name, _ in WELL_KNOWN] == ["vLLM", "Ollama", "LM Studio", "llama.cpp", "SGLang"]
    with FaultServer(models=("a", "b")) as late, FaultServer(models=("c",)) as early, FaultServer(models=()) as empty:
        places = [("empty", empty.port), ("nobody", free_port()), ("early", early.port), ("late", late.port)]
        found = asyncio.run(find_servers(places))
    assert [(each.name, each.base_url) for each in found] == [("early", early.base_url), ("late", late.base_url)]
    assert found[1].models == (ModelInfo("a", 4096), ModelInfo("b", 4096))


def test_a_server_that_wants_a_key_or_hangs_is_passed_over() -> None:
    with FaultServer(key="sk-secret") as locked, socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        places = [("locked", locked.port), ("deaf", int(deaf.getsockname()[1]))]
        assert asyncio.run(find_servers(places, timeout_s=0.3)) == ()


def test_models_are_listed_with_their_length() -> None:
    with FaultServer(models=("a", "b"), max_model_len=None, key="sk-right") as server:
        assert asyncio.run(list_models(server.base_url, "sk-right")) == (ModelInfo("a"), ModelInfo("b"))
        with pytest.raises(NotAuthorised):
            asyncio.run(list_models(server.base_url, "sk-wrong"))
        with pytest.raises(BadConfig):
            asyncio.run(list_models(server.base_url.replace("/v1", "/v7"), "sk-right"))
    with pytest.raises(NoServer, match="--base-url"):
        asyncio.run(list_models(f"http://127.0.0.1:{free_port()}/v1"))


def test_the_only_model_is_chosen_and_of_several_none() -> None:
    assert choose_model([ModelInfo("a")], "http://h/v1") == "a"
    with pytest.raises(BadConfig, match="--model: a, b"):
        choose_model([ModelInfo("a"), ModelInfo("b")], "http://h/v1")
    with pytest.raises(BadConfig, match="none"):
        choose_model([], "http://h/v1")
