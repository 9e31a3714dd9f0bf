"""Settling a configuration on real loopback servers: several of them, their keys, their agreement, all their faults."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from selfgen.assemble.keys import host_of, key_for, key_variable
from selfgen.assemble.preflight import Place, check_same, place_name
from selfgen.assemble.servers import Settled, settle, settle_all
from selfgen.config import RunConfig
from selfgen.errors import BadConfig, NoServer, NotAuthorised
from selfgen.models.lane import Look
from tests.fault_server import FaultServer
from tests.quirk_server import Answer, Body, QuirkServer, good_chat, obey, refused, said

HERE = {"OPENAI_API_KEY": "sk-main", "OTHER_KEY": "sk-other"}


def configured(*urls: str, model: str = "tiny", **more: Any) -> RunConfig:
    place = {"base_url": urls[0]} if len(urls) == 1 else {"endpoints": [{"url": url} for url in urls]}
    return RunConfig.model_validate({"propose": {"model": model, **place}, **more})


def settled(*servers: QuirkServer | FaultServer, **more: Any) -> Settled:
    return settle_all(configured(*(server.base_url for server in servers), **more), {})


def free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


# -- keys


def sent_keys(**model: Any) -> list[str]:
    """Return the key for each place of a model."""
    built = RunConfig.model_validate({"propose": {"model": "m", **model}}).propose
    return [key_for(endpoint, built, HERE) for endpoint in built.places]


@pytest.mark.parametrize(
    ("model", "keys"),
    [
        ({"base_url": "https://api.openai.com/v1"}, ["sk-main"]),
        ({"base_url": "https://api.openai.com/v1", "api_key_env": "OTHER_KEY"}, ["sk-other"]),
        ({"base_url": "https://api.openai.com/v1", "api_key_env": "NOT_SET"}, [""]),
        ({"endpoints": [{"url": "https://a/v1"}]}, ["sk-main"]),
        ({"endpoints": [{"url": "https://a:1/v1"}, {"url": "https://A:2/v1"}]}, ["sk-main", "sk-main"]),
        ({"endpoints": [{"url": "https://a/v1"}, {"url": "https://b/v1"}]}, ["", ""]),
        ({"endpoints": [{"url": "https://a/v1"}, {"url": "https://a.evil/v1"}]}, ["", ""]),
        (
            {"endpoints": [{"url": "https://a/v1"}, {"url": "https://b/v1", "api_key_env": "OTHER_KEY"}]},
            ["sk-main", "sk-other"],
        ),
        (
            {"base_url": "https://a/v1", "endpoints": [{"url": "https://a/v1"}, {"url": "https://b/v1"}]},
            ["sk-main", ""],
        ),
        ({"base_url": "https://a/v1", "endpoints": [{"url": "https://b/v1", "api_key_env": "NOT_SET"}]}, [""]),
    ],
)  # fmt: skip
def test_a_key_belongs_to_one_host(model: dict[str, Any], keys: list[str]) -> None:
    assert sent_keys(**model) == keys


def test_hosts() -> None:
    assert host_of("https://Api.OpenAI.com:443/v1") == host_of("http://api.openai.com./v1") == "api.openai.com"
    assert host_of("http://[::1]:8000/v1") == "::1"
    assert host_of("no address") == host_of("http://[::1") == ""


def test_no_key_is_sent_to_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    with QuirkServer() as one, QuirkServer() as two:
        other_host = two.base_url.replace("127.0.0.1", "localhost")
        config = configured(one.base_url, other_host)
        settle_all(config, HERE)
        assert len(one.asked) > 3
        assert len(two.asked) > 3
        assert "sk-main" not in str([each.headers for each in one.asked + two.asked])
        named = [{"url": one.base_url, "api_key_env": "OTHER_KEY"}, {"url": other_host}]
        settle_all(RunConfig.model_validate({"propose": {"model": "tiny", "endpoints": named}}), HERE)
        assert "sk-other" in str([each.headers for each in one.asked])
        assert "sk-main" not in str([each.headers for each in one.asked])
        assert "sk-other" not in str([each.headers for each in two.asked])
        assert "sk-main" in str([each.headers for each in two.asked])


@pytest.mark.parametrize(
    ("url", "environment", "what", "todo"),
    [
        ("127.0.0.1", {}, "OPENAI_API_KEY is not set", "export OPENAI_API_KEY=..."),
        ("127.0.0.1", {"OPENAI_API_KEY": "sk-wrong"}, "refuses the key", "Set the right key in OPENAI_API_KEY"),
        ("localhost", HERE, "OPENAI_API_KEY is not sent to several hosts", "api_key_env: NAME"),
    ],
)
def test_a_missing_key_is_asked_for_by_the_name_of_its_variable(
    url: str, environment: dict[str, str], what: str, todo: str
) -> None:
    with QuirkServer(key="sk-right") as server:
        second = [] if url == "127.0.0.1" else [server.base_url.replace("127.0.0.1", url)]
        with pytest.raises(NotAuthorised) as caught:
            settle_all(configured(server.base_url, *second), environment)
    assert what in caught.value.what
    assert todo in caught.value.todo
    assert "sk-" not in str(caught.value)


# -- what is settled


def test_all_that_was_found_can_be_stored_and_known_again() -> None:
    row = {"id": "tiny", "root": "/models/tiny", "max_model_len": 4096}
    with QuirkServer(models=[row]) as server:
        first = settled(server)
        name = place_name(first.config.propose.places[0], first.config.propose)
        assert name == f"tiny at {server.base_url}"
        assert (first.config.structured, first.config.calls.send_seed) == ("json_schema", "on")
        assert first.looks == {name: Look("tiny", "/models/tiny", 4096)}
        assert first.warnings == ()
        stored = json.loads(json.dumps(first.capabilities))
        assert stored[name]["structured"] == "json_schema"
        asked = len(server.asked)
        again = settle_all(configured(server.base_url), {}, stored)
        assert len(server.asked) == asked
    assert (again.config, again.looks) == (first.config, first.looks)


def test_settle_asks_only_where_something_depends_on_it() -> None:
    with QuirkServer() as server:
        fixed = configured(server.base_url, structured="off", calls={"send_seed": "off"})
        assert settle(fixed, {}).propose.model == "tiny"
        assert server.asked == []
        assert settle(configured(server.base_url), {}).structured == "json_schema"


def test_the_only_model_is_taken_from_the_first_server_that_answers() -> None:
    with QuirkServer() as server:
        assert settle(configured(free_address(), server.base_url, model=""), {}).propose.model == "tiny"
    with pytest.raises(NoServer):
        settle(configured(free_address(), free_address(), model=""), {})


def test_the_answering_model_is_where_the_proposing_one_is() -> None:
    with QuirkServer() as one, QuirkServer(models=[{"id": "tiny"}, {"id": "big"}]) as two:
        with pytest.raises(BadConfig, match="the servers of big do not have the same model"):
            settled(one, two, answer={"model": "big"})
        found = settled(two, answer={"model": "big"})
    assert found.config.answering.base_url == two.base_url
    assert list(found.looks) == [f"tiny at {two.base_url}", f"big at {two.base_url}"]


def test_mock_needs_no_server() -> None:
    found = settle_all(RunConfig.model_validate({"propose": {"model": "mock"}}), {})
    assert (found.config.structured, found.config.calls.send_seed) == ("json_schema", "on")
    assert not found.capabilities


# -- several servers


def no_seed(body: Body) -> Answer:
    return refused(400, "seed is unsupported") if "seed" in body else good_chat(body)


def test_the_least_able_server_decides() -> None:
    with QuirkServer() as able, QuirkServer(lambda body: said("never")) as free, QuirkServer(no_seed) as seedless:
        assert settled(able, free).config.structured == "off"
        assert settled(able, seedless).config.structured == "json_schema"
        assert settled(able, free).config.calls.send_seed == "on"
        assert settled(able, seedless).config.calls.send_seed == "off"


def test_a_server_that_is_not_there_is_left_out_with_a_warning() -> None:
    with QuirkServer() as server:
        away = free_address()
        found = settle_all(configured(away, server.base_url), {})
    assert list(found.looks) == [f"tiny at {server.base_url}"]
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith(f"tiny at {away} is left out until it answers.")


def test_a_server_that_hangs_is_not_waited_for_when_another_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfgen.assemble.preflight.LATE_S", 0.3)
    with QuirkServer() as server, FaultServer(script=["hang"]) as deaf:
        found = settled(deaf, server)
    assert list(found.looks) == [f"tiny at {server.base_url}"]
    assert "does not answer, 0.3 s after another server did" in found.warnings[0]


def test_a_server_that_joins_a_run_may_be_away() -> None:
    with QuirkServer() as server:
        known = settled(server).capabilities
        asked = len(server.asked)
        found = settle_all(configured(server.base_url, free_address()), {}, known)
        assert len(server.asked) == asked
    assert len(found.looks) == len(found.warnings) == 1


def test_all_faults_are_found_in_one_go() -> None:
    picky = QuirkServer(lambda body: refused(400, "temperature must be 1", param="temperature"))
    with QuirkServer() as good, QuirkServer(key="sk-x") as locked, picky, FaultServer(models=("a", "b")) as other:
        urls = [each.base_url for each in (good, locked, picky, other)]
        with pytest.raises(BadConfig) as caught:
            settle_all(configured(*urls), {})
    lines = caught.value.what.split("\n")
    assert [line.split(": ")[0] for line in lines] == [f"tiny at {url}" for url in urls[1:]]
    assert "OPENAI_API_KEY is not set" in lines[0]
    assert "temperature must be 1" in lines[1]
    assert "Valid aliases: a, b" in lines[2]
    for part in ("export OPENAI_API_KEY", "Set temperature: 1", "a, b"):
        assert part in caught.value.todo


def test_faults_of_one_kind_keep_their_exit_code() -> None:
    with QuirkServer(key="sk-x") as one, QuirkServer(key="sk-y") as two, pytest.raises(NotAuthorised) as caught:
        settled(one, two)
    assert caught.value.what.count("OPENAI_API_KEY is not set") == 2
    assert caught.value.todo == "export OPENAI_API_KEY=..."


def row(**more: Any) -> Body:
    return {"id": "tiny", "root": "/models/tiny-7b", "max_model_len": 4096, **more}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (row(), True),
        (row(root="/home/me/tiny-7b/"), True),
        (row(root="me/tiny-7b"), True),
        ({"id": "tiny"}, True),
        (row(root="/models/tiny-70b"), False),
        (row(max_model_len=2048), False),
    ],
)
def test_servers_of_one_model_have_the_same_one(other: Body, same: bool) -> None:
    with QuirkServer(models=[row()]) as one, QuirkServer(models=[other]) as two:
        if same:
            assert len(settled(one, two).looks) == 2
            return
        with pytest.raises(BadConfig, match="do not have the same model") as caught:
            settled(one, two)
    assert caught.value.what.count("tiny") >= 2
    assert one.base_url in caught.value.what
    assert two.base_url in caught.value.what


def test_an_alias_is_no_other_model() -> None:
    endpoints = [{"url": "http://a/v1"}, {"url": "http://b/v1", "model": "tiny-b"}]
    model = RunConfig.model_validate({"propose": {"model": "tiny", "endpoints": endpoints}}).propose
    one, two = (Place("propose", model, endpoint) for endpoint in model.places)
    check_same([(one, Look("tiny")), (two, Look("tiny-b"))])
    with pytest.raises(BadConfig):
        check_same([(one, Look("tiny")), (Place("propose", model, model.places[0]), Look("large"))])
    with pytest.raises(BadConfig):
        check_same([(one, Look("tiny", "/x/1")), (two, Look("tiny-b", "/x/2"))])


def test_two_roles_on_one_server_are_looked_at_once() -> None:
    with QuirkServer() as server:
        settled(server, answer={"model": "tiny", "max_tokens": 777})
        assert len(server.bodies) == 5
        assert max(body["max_tokens"] for body in server.bodies) == 2048


# -- what must be heard


def short_sighted(body: Body) -> Answer:
    words = sum(len(message["content"].split()) for message in body["messages"])
    return said(obey(body) or "word", prompt_tokens=min(words, 1024))


def test_prompts_that_are_cut_are_told_before_the_run() -> None:
    with QuirkServer(short_sighted) as server:
        told = settled(server).warnings
    assert len(told) == 1
    assert f"tiny at {server.base_url} cuts long prompts without a word: of 3,000 words it read 1,024 tokens" in told[0]


def test_a_form_that_is_set_and_not_kept_is_told() -> None:
    with QuirkServer(lambda body: said("never", usage={})) as server:
        told = settled(server, structured="json_schema").warnings
        assert len(told) == 1
        assert "does not keep to structured: json_schema" in told[0]
        assert settled(server, structured="off").warnings == ()


def test_the_variable_of_an_endpoint_is_its_own() -> None:
    endpoints = [{"url": "https://a/v1", "api_key_env": "OTHER_KEY"}]
    model = RunConfig.model_validate({"propose": {"model": "m", "endpoints": endpoints}}).propose
    assert key_variable(model.places[0], model) == "OTHER_KEY"
