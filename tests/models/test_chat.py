"""The wire client against a real loopback server: every class of failure, every shape of answer, and the key."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Sampling, Schema, Usage
from selfgen.errors import (
    Ambiguous,
    BadConfig,
    CallError,
    CallRejected,
    KeyRefused,
    Overloaded,
    QuotaUsedUp,
    Transient,
)
from selfgen.models.chat import Chat, name_trouble
from selfgen.models.faults import Unreachable
from selfgen.models.lane import ClientLimit, Look
from selfgen.models.wire import ModelInfo
from tests.fault_server import FaultServer
from tests.quirk_server import Answer, Body, QuirkServer, refused, said, written

CANARY = "sk-CANARY-5d41402abc4b2a76"
HASTE = {"hang": {"idle_s": 0.3}}
T = TypeVar("T")


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def make_ask(text: str = "Say something.", schema: Schema | None = None) -> Ask:
    return Ask(CallId(7, 0, 0), "propose", (Message("user", text),), Sampling(0.7, 0.9, 64), 5, schema, "sha256:x")


def with_chat(step: Callable[[Chat], Awaitable[T]], base_url: str, **settings: Any) -> T:
    async def run() -> T:
        chat = Chat(**{"base_url": base_url, "model": "tiny", "idle_s": 5.0, "total_s": 10.0, **settings})
        try:
            return await step(chat)
        finally:
            await chat.aclose()

    return asyncio.run(run())


def send(server: FaultServer, kind: str, **settings: Any) -> Answered | Refused:
    server.script.clear()
    server.script.append(kind)
    return with_chat(lambda chat: chat.send(make_ask()), server.base_url, **settings)


def failure(server: FaultServer, kind: str, **settings: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        send(server, kind, **settings)
    return caught.value


def answer(server: FaultServer, kind: str, **settings: Any) -> Answered:
    result = send(server, kind, **settings)
    assert isinstance(result, Answered)
    return result


def test_a_good_answer_is_read_whole(server: FaultServer) -> None:
    result = answer(server, "ok")
    assert result.text.startswith("echo ")
    assert (result.finish, result.model, result.prompt_digest) == ("stop", "tiny", "sha256:x")
    assert result.usage == Usage(11, 2, 0)
    assert result.id == CallId(7, 0, 0)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("429", Overloaded), ("429_after", Overloaded), ("503", Overloaded), ("529", Overloaded),
        ("402", QuotaUsedUp), ("quota", QuotaUsedUp),
        ("401", KeyRefused), ("403", KeyRefused),
        ("404", CallRejected), ("redirect", CallRejected),
        ("408", Transient), ("409", Transient), ("500", Transient), ("502", Transient), ("504", Transient),
        ("reset", Ambiguous), ("cut", Ambiguous), ("garbage", Ambiguous),
        ("html", Transient), ("html_as_json", Transient),
        ("no_json", Transient), ("deep_json", Transient), ("list", Transient), ("no_choices", Transient),
        ("bad_gzip", Transient), ("cut_gzip", Transient), ("error_200", Transient),
        ("abort", Transient), ("finish_error", Transient),
        ("huge", Transient), ("bomb", Transient), ("error_bomb", Transient),
        ("hang", Ambiguous),
    ],
)  # fmt: skip
def test_each_fault_has_its_class(server: FaultServer, kind: str, expected: type[CallError]) -> None:
    error = failure(server, kind, **HASTE.get(kind, {}))
    assert type(error) is expected
    assert error.what


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("context", "context_length"), ("context_vllm", "context_length"), ("413", "context_length"),
        ("400", "invalid_request"), ("422", "invalid_request"),
        ("filtered", "content_filter"), ("refusal", "content_filter"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_kind(server: FaultServer, kind: str, expected: str) -> None:
    result = send(server, kind)
    assert isinstance(result, Refused)
    assert result.kind == expected
    assert result.detail
    assert len(result.detail) <= 300


def test_retry_after_is_read(server: FaultServer) -> None:
    server.retry_after = "7"
    assert failure(server, "429_after").retry_after_s == 7.0
    assert failure(server, "429").retry_after_s is None


def test_a_404_lists_the_models_on_offer(server: FaultServer) -> None:
    error = failure(server, "ok", model="nope")
    assert isinstance(error, CallRejected)
    assert "nope" in error.what
    assert "tiny" in error.todo


def test_of_many_models_those_like_the_one_asked_for_are_listed() -> None:
    names = [*(f"model-{number}" for number in range(100)), "tiny-chat", "tiny-7b"]
    with FaultServer(models=tuple(names)) as many:
        todo = failure(many, "ok", model="tiny").todo
    assert "tiny-7b" in todo
    assert "tiny-chat" in todo
    assert "and 90 more" in todo
    assert len(todo) < 400


def test_a_404_that_is_not_about_the_model_names_none(server: FaultServer) -> None:
    assert failure(server, "404").todo == "Check --base-url and --model."


def test_shapes_of_answers(server: FaultServer) -> None:
    assert answer(server, "blank").text.startswith("echo ")
    assert answer(server, "gzip").text.startswith("echo ")
    assert answer(server, "parts").text == "in parts"
    assert answer(server, "null").text == ""
    assert answer(server, "reasoning").reasoning == "I think."
    usage = answer(server, "null_usage").usage
    assert not usage.known
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0
    assert answer(server, "cached").usage == Usage(9, 2, 8)


@pytest.mark.parametrize("finish", ["length", "repetition"])
def test_finish_reasons_are_an_open_set(server: FaultServer, finish: str) -> None:
    assert answer(server, finish).finish == finish


def test_the_total_deadline_ends_a_trickle_that_the_idle_deadline_does_not_notice(server: FaultServer) -> None:
    begun = time.monotonic()
    error = failure(server, "trickle", idle_s=5.0, total_s=0.3)
    assert isinstance(error, Ambiguous)
    assert time.monotonic() - begun < 2.0


def test_a_huge_body_is_not_read_to_its_end(server: FaultServer) -> None:
    assert "100000 bytes" in failure(server, "huge", max_body_bytes=100_000).what
    assert "100000 bytes" in failure(server, "bomb", max_body_bytes=100_000).what


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable):
        with_chat(lambda chat: chat.send(make_ask()), f"http://127.0.0.1:{port}/v1")


def test_no_such_host() -> None:
    with pytest.raises(Unreachable):
        with_chat(lambda chat: chat.send(make_ask()), "http://no-such-host.invalid/v1")


def test_a_connection_that_the_server_closed_is_replaced(server: FaultServer) -> None:
    async def twice(chat: Chat) -> list[Answered | Refused]:
        first = await chat.send(make_ask())
        await asyncio.sleep(0.05)
        return [first, await chat.send(make_ask())]

    server.script.extend(["bye", "ok"])
    assert all(isinstance(result, Answered) for result in with_chat(twice, server.base_url))


def test_connections_are_kept_alive(server: FaultServer) -> None:
    async def many(chat: Chat) -> None:
        for _ in range(10):
            await chat.send(make_ask())

    before = server.connections
    with_chat(many, server.base_url)
    assert server.connections == before + 1


def test_the_body_that_is_sent(server: FaultServer) -> None:
    schema = Schema("t", '{"type":"object"}')
    extra = {"top_k": 5, "temperature": 0.1}
    server.script.clear()
    settings: dict[str, Any] = {
        "extra_body": extra,
        "structured": "json_schema",
        "max_tokens_field": "max_completion_tokens",
    }
    with_chat(lambda chat: chat.send(make_ask("你好", schema)), server.base_url, **settings)
    assert server.bodies[-1] == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "你好"}],
        "temperature": 0.1,
        "top_p": 0.9,
        "max_completion_tokens": 64,
        "seed": 5,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "t", "strict": True, "schema": {"type": "object"}},
        },
        "top_k": 5,
    }


def test_a_schema_is_sent_only_where_it_is_proved(server: FaultServer) -> None:
    server.script.clear()
    with_chat(lambda chat: chat.send(make_ask(schema=Schema("t", "{}"))), server.base_url)
    assert "response_format" not in server.bodies[-1]


def test_the_headers_that_are_sent(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-this-host")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-not-for-this-host")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Private: not-for-this-host")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert answer(server, "ok")
    head = server.heads[-1]
    assert "not-for-this-host" not in head
    assert "authorization" not in head.lower()
    assert "stainless" not in head.lower()
    assert answer(server, "ok", key=CANARY)
    assert f"authorization: bearer {CANARY}".lower() in server.heads[-1].lower()


def test_a_prompt_that_is_not_unicode_is_refused_unsent(server: FaultServer) -> None:
    asked = sum(server.asked.values())
    result = with_chat(lambda chat: chat.send(make_ask("\ud800")), server.base_url)
    assert isinstance(result, Refused)
    assert result.kind == "invalid_request"
    assert sum(server.asked.values()) == asked


async def in_flight_becomes(server: FaultServer, count: int) -> bool:
    """Wait until the server has so many calls in flight, for as long as a loaded machine may need."""
    for _ in range(500):
        if server.in_flight == count:
            return True
        await asyncio.sleep(0.01)
    return False


def test_cancelling_ends_the_call_at_the_server(server: FaultServer) -> None:
    async def cancel(chat: Chat) -> None:
        task = asyncio.create_task(chat.send(make_ask()))
        assert await in_flight_becomes(server, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await in_flight_becomes(server, 0)

    server.script.clear()
    server.script.append("hang")
    with_chat(cancel, server.base_url)


def test_models_are_listed(server: FaultServer) -> None:
    assert with_chat(lambda chat: chat.models(), server.base_url) == (ModelInfo("tiny", 4096),)


def test_256_calls_at_once(server: FaultServer) -> None:
    async def many(chat: Chat) -> int:
        return len(await asyncio.gather(*(chat.send(make_ask(f"call {n}")) for n in range(256))))

    server.script.clear()
    server.latency_s = 0.4
    try:
        assert with_chat(many, server.base_url) == 256
    finally:
        server.latency_s = 0.0
    assert server.most_in_flight > 200


# -- who is there


def test_the_headers_of_every_reply_are_heard_in_lower_case(server: FaultServer) -> None:
    heard: list[Mapping[str, str]] = []
    server.retry_after = "7"
    for kind in ("ok", "503", "redirect", "cut", "429_after"):
        try:
            send(server, kind, on_headers=heard.append)
        except CallError:
            continue
    assert len(heard) == 5
    assert all("content-type" in [*each] for each in heard)
    assert heard[-1].get("retry-after") == "7"


def test_a_look_says_who_is_there_and_no_look_is_like_another(server: FaultServer) -> None:
    async def twice(chat: Chat) -> tuple[Look, Look]:
        return await chat.look(), await chat.look()

    server.script.clear()
    assert with_chat(twice, server.base_url) == (Look("tiny", "", 4096), Look("tiny", "", 4096))
    first, second = list(server.bodies)[-2:]
    assert first["messages"] != second["messages"]
    assert (first["max_tokens"], first["temperature"], "seed" in first) == (1, 1.0, False)


def test_a_look_knows_the_weights_and_the_signature() -> None:
    row = {"id": "other", "root": "/models/tiny", "max_model_len": 2048}
    signed = said("ok", system_fingerprint="fp_1", model="tiny-2026")
    with QuirkServer(lambda body: signed, models=[row]) as server:
        look = with_chat(lambda chat: chat.look(), server.base_url)
        assert look == Look("other", "/models/tiny", 2048, "fp_1")
    with QuirkServer(lambda body: signed, models=[row, row | {"id": "another"}]) as server:
        assert with_chat(lambda chat: chat.look(), server.base_url) == Look("tiny-2026", "", None, "fp_1")
    with QuirkServer(lambda body: signed, pages={"/v1/models": refused(403, "not for this key")}) as server:
        assert with_chat(lambda chat: chat.look(), server.base_url) == Look("tiny-2026", "", None, "fp_1")


def test_a_look_gives_room_to_a_model_that_needs_it_and_ends_with_the_rest() -> None:
    def wants_more(body: Body) -> Answer:
        return said("ok") if body["max_tokens"] > 1 else refused(400, "max_tokens is reached before anything is said")

    with QuirkServer(wants_more) as server:
        assert with_chat(lambda chat: chat.look(), server.base_url) == Look("tiny")
    with QuirkServer(lambda body: refused(400, "never")) as server, pytest.raises(CallRejected, match="never"):
        with_chat(lambda chat: chat.look(), server.base_url)


@pytest.mark.parametrize(("kind", "expected"), [("503", Overloaded), ("500", Transient), ("401", KeyRefused)])
def test_a_look_at_a_server_in_trouble(server: FaultServer, kind: str, expected: type[CallError]) -> None:
    server.script.clear()
    server.script.append(kind)
    with pytest.raises(expected):
        with_chat(lambda chat: chat.look(), server.base_url)


def test_pages_beside_the_interface_are_asked_for_without_key() -> None:
    heard: list[Mapping[str, str]] = []
    text = "vllm:num_requests_running 3\n"
    pages = {"/metrics": (200, text), "/version": (200, {"version": "9.9\x1b"})}
    with QuirkServer(key=CANARY, pages=pages) as server:
        settings: dict[str, Any] = {"key": CANARY, "on_headers": heard.append}
        assert with_chat(lambda chat: chat.metrics(), server.base_url, **settings) == text
        assert with_chat(lambda chat: chat.version(), server.base_url, **settings) == "9.9"
        assert heard == []
        assert [each.path for each in server.asked] == ["/metrics", "/version"]
        assert CANARY not in str([each.headers for each in server.asked])


def test_a_server_without_such_pages_has_none(server: FaultServer) -> None:
    assert with_chat(lambda chat: chat.metrics(), server.base_url) is None
    assert with_chat(lambda chat: chat.version(), server.base_url) == ""
    assert with_chat(lambda chat: chat.metrics(), "http://127.0.0.1:9/v1") is None


def test_a_model_without_a_chat_template_is_sent_plain_text() -> None:
    with QuirkServer(None, plain=lambda body: written("yes\n### User: no")) as server:
        result = with_chat(lambda chat: chat.send(make_ask()), server.base_url, completions=True)
    assert isinstance(result, Answered)
    assert (result.text, result.usage) == ("yes", Usage(9, 2))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EADDRNOTAVAIL])
def test_what_this_machine_lacks_is_not_laid_at_the_servers_door(number: int) -> None:
    aim = ConnectionKey("host", 80, False, True, None, None, None)
    error = aiohttp.ClientConnectorError(aim, OSError(number, "out of it"))
    assert isinstance(name_trouble(error), ClientLimit)
    gone = aiohttp.ClientConnectorError(aim, OSError(errno.ECONNREFUSED, "refused"))
    assert isinstance(name_trouble(gone), Unreachable)


# -- the key


def test_a_redirect_is_never_followed_with_the_key() -> None:
    with QuirkServer() as other:
        there = {"Location": f"{other.base_url}/chat/completions"}
        with (
            QuirkServer(lambda body: (307, "elsewhere"), headers=there) as server,
            pytest.raises(CallRejected, match="never follows"),
        ):
            with_chat(lambda chat: chat.send(make_ask()), server.base_url, key=CANARY)
        assert other.asked == []


def everything_said(error: BaseException) -> str:
    """Collect all that an error can show: its text, its representation, its attributes, the whole chain behind it."""
    seen, texts = [error], []
    while seen:
        each = seen.pop()
        texts += [str(each), repr(each), repr(getattr(each, "__dict__", {})), repr(each.args)]
        texts += traceback.format_exception(each)
        seen += [other for other in (each.__cause__, each.__context__) if other is not None]
    return "\n".join(texts)


KEY_KINDS = [
    "401",
    "403",
    "404",
    "400",
    "500",
    "503",
    "reset",
    "cut",
    "hang",
    "html",
    "redirect",
    "bad_gzip",
    "garbage",
    "ok",
]


@pytest.mark.parametrize("kind", KEY_KINDS)
def test_the_key_is_never_shown(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultServer(key="another key") as server:  # the server repeats the key that it refuses
        error = failure(server, "ok", key=CANARY)
        assert isinstance(error, KeyRefused)
        assert "Incorrect API key" in error.what
        assert CANARY not in everything_said(error)
    with FaultServer(key=CANARY) as server:
        if kind == "ok":
            assert CANARY not in repr(answer(server, kind, key=CANARY))
        elif kind == "400":
            assert CANARY not in repr(send(server, kind, key=CANARY))
        else:
            assert CANARY not in everything_said(failure(server, kind, key=CANARY, **HASTE.get(kind, {})))
    assert CANARY not in repr(Chat(base_url="http://127.0.0.1:1", model="m", key=CANARY))
    gc.collect()
    assert CANARY not in caplog.text


def test_a_servers_text_is_made_harmless(server: FaultServer) -> None:
    result = send(server, "evil_text")
    assert isinstance(result, Refused)
    assert "evil" in result.detail
    assert "\x1b" not in result.detail
    assert "\x00" not in result.detail
    assert len(result.detail) == 300


@pytest.mark.parametrize(
    "address",
    ["http://example.com/v1", "http://10.0.0.5:8000/v1", "http://localhost.evil.com", "http://[2001:db8::1]/v1"],
)
def test_a_key_never_travels_in_the_clear(address: str) -> None:
    with pytest.raises(BadConfig) as caught:
        Chat(base_url=address, model="m", key=CANARY)
    assert CANARY not in everything_said(caught.value)
    assert Chat(base_url=address, model="m")
    assert Chat(base_url=address, model="m", key=CANARY, allow_insecure=True)


@pytest.mark.parametrize("address", ["http://localhost:8000", "http://127.8.8.8/v1", "http://[::1]:80/v1"])
def test_this_machine_needs_no_tls(address: str) -> None:
    assert Chat(base_url=address, model="m", key=CANARY)


@pytest.mark.parametrize(
    "address",
    ["", "localhost:8000", "ftp://host/v1", "http://", "http://user:secret@host/v1", "https://host/v1?key=secret",
     "https://host/v1#secret", "http://host:port/v1"],
)  # fmt: skip
def test_bad_addresses(address: str) -> None:
    with pytest.raises(BadConfig) as caught:
        Chat(base_url=address, model="m")
    assert caught.value.todo
    assert "secret" not in everything_said(caught.value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
        ("https://host/api/v3/chat/completions", "https://host/api/v3"),
    ],
)
def test_addresses_are_completed(address: str, expected: str) -> None:
    assert Chat(base_url=address, model="m").base_url == expected


@pytest.mark.parametrize("key", ["sk-1\n", " sk-1", "sk-密", "sk\r\nX-Evil: 1"])
def test_bad_keys(key: str) -> None:
    with pytest.raises(BadConfig) as caught:
        Chat(base_url="https://host/v1", model="m", key=key)
    assert key not in everything_said(caught.value)


def test_bad_extra_body() -> None:
    with pytest.raises(BadConfig, match="stream"):
        Chat(base_url="https://host/v1", model="m", extra_body={"stream": True})
    with pytest.raises(BadConfig, match="max_tokens_field"):
        Chat(base_url="https://host/v1", model="m", max_tokens_field="tokens")
