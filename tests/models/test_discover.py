"""Finding servers and proving what a model can do, against real loopback servers."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from selfgen.errors import BadConfig, NoServer, NotAuthorised, Paused
from selfgen.models.chat import Chat, ModelInfo
from selfgen.models.discover import (
    WELL_KNOWN,
    Capabilities,
    choose_model,
    find_servers,
    list_models,
    probe,
    secret_word,
)
from tests.fault_server import FaultServer


def probed(server: FaultServer, *, patience_s: float = 0.0, **settings: Any) -> Capabilities:
    async def run() -> Capabilities:
        chat = Chat(**{"base_url": server.base_url, "model": "tiny", "idle_s": 1.0, **settings})
        naps: list[float] = []

        async def nap(seconds: float) -> None:
            naps.append(seconds)

        try:
            return await probe(chat, patience_s=patience_s, clock=lambda: sum(naps), sleep=nap)
        finally:
            await chat.aclose()

    return asyncio.run(run())


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


def test_structured_output_is_proved_by_a_word_that_the_prompt_does_not_hold() -> None:
    with FaultServer(structured=True) as server:
        assert probed(server) == Capabilities("tiny", "tiny", True, "json_schema", True, 4096, True)
        assert secret_word("tiny") not in str(server.bodies[-1]["messages"])
    with FaultServer(structured=False, reply=lambda body: '{"word": "hello"}') as server:
        assert probed(server).structured == "off"


def test_the_word_is_the_same_for_the_same_model() -> None:
    assert secret_word("a") == secret_word("a") != secret_word("b")
    assert secret_word("a").isalpha()


def test_a_server_that_refuses_schemas_still_answers() -> None:
    with FaultServer(script=["400", "ok"]) as server:
        found = probed(server)
        assert (found.structured, found.usage_known) == ("off", True)
        assert [("response_format" in body) for body in server.bodies] == [True, False]


def test_missing_usage_is_noticed() -> None:
    with FaultServer(script=["null_usage"]) as server:
        assert not probed(server).usage_known


def test_an_unknown_model_is_refused_with_those_on_offer() -> None:
    with FaultServer(models=("a", "b")) as server, pytest.raises(BadConfig, match="a, b"):
        probed(server, model="nope")


def test_a_server_that_refuses_every_call_is_set_up_wrongly() -> None:
    with FaultServer(script=["400", "400"]) as server, pytest.raises(BadConfig, match="temperature must be below 2"):
        probed(server)


def test_a_wrong_key_and_an_empty_account() -> None:
    with FaultServer(key="sk-right") as server, pytest.raises(NotAuthorised):
        probed(server, key="sk-wrong")
    with FaultServer(script=["quota"]) as server, pytest.raises(Paused):
        probed(server)


def test_a_server_that_is_loading_is_waited_for() -> None:
    with FaultServer(script=["503", "500", "reset", "429_after"]) as server:
        assert probed(server, patience_s=60.0).structured == "json_schema"
    with FaultServer(script=["503"] * 9) as server, pytest.raises(NoServer):
        probed(server, patience_s=5.0)
