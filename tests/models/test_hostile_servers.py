"""Servers that mean harm, or are broken in ways that look like it: names, counts, headers and pages without measure."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import pairwise
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any, TypeVar

import pytest

from selfgen.core.work import Answered, Ask, CallId, Message, Sampling, Usage
from selfgen.errors import Ambiguous, BadConfig, Overloaded, Paused
from selfgen.models import chat as chat_module
from selfgen.models.abilities import read_limits
from selfgen.models.buckets import Buckets
from selfgen.models.chat import Chat
from selfgen.models.discover import choose_model
from selfgen.models.faults import Reply, clean_label, clean_text, judge, retry_after_s
from selfgen.models.lane import Look
from selfgen.models.offer import MOST_NAMES, offer
from selfgen.models.preflight import Patience, probe
from selfgen.models.wire import MOST_TOKENS, ModelInfo, read_answer, read_models
from tests.quirk_server import Answer, Body, QuirkServer, good_chat, said
from tests.sites import Site, Town, all_good
from tests.virtual_time import HOUR, now, run

CANARY = "gw_CANARY5d41402abc4b2a76"
"""A key in whose form no pattern sees a key."""
ESCAPE = "\x1b]52;c;aGk=\x07"
T = TypeVar("T")


def make_ask(turn: int = 1) -> Ask:
    return Ask(CallId(turn, 0, 0), "propose", (Message("user", "x"),), Sampling(1.0, 1.0, 8), 0, None, "")


def with_chat(step: Callable[[Chat], Awaitable[T]], base_url: str, **settings: Any) -> T:
    async def work() -> T:
        chat = Chat(**{"base_url": base_url, "model": "tiny", "total_s": 10.0, **settings})
        try:
            return await step(chat)
        finally:
            await chat.aclose()

    return asyncio.run(work())


def json_reply(value: Any) -> Reply:
    return Reply(200, {}, json.dumps(value).encode())


# -- keys that come back


def echo(body: Body) -> Answer:
    status, answer = good_chat(body)
    return status, answer | {"model": f"tiny {CANARY}{ESCAPE}", "system_fingerprint": f"fp {CANARY}{ESCAPE}"}


def test_what_a_server_signs_with_never_carries_the_key_into_capabilities() -> None:
    row = {"id": "tiny", "root": f"/r/{CANARY}{ESCAPE}", "owned_by": "vllm"}
    pages = {"/version": (200, {"version": CANARY})}
    with QuirkServer(echo, models=[row], pages=pages) as server:
        found = with_chat(lambda chat: probe(chat, None, Patience(0.0)), server.base_url, key=CANARY)
        look = with_chat(lambda chat: chat.look(), server.base_url, key=CANARY)
        reply = with_chat(lambda chat: chat.send(make_ask()), server.base_url, key=CANARY)
    assert found.look.root.startswith("/r/[key]")
    assert found.look.fingerprint.startswith("fp [key]")
    assert isinstance(reply, Answered)
    assert reply.model == found.served_as == "tiny [key] ]52;c;aGk="
    for shown in (json.dumps(asdict(found)), repr(look), repr(reply)):
        assert "CANARY" not in shown
        assert "\\u001b" not in shown


@pytest.mark.parametrize(
    "said", [CANARY, CANARY.upper(), CANARY[:12], f"{CANARY[:9]}****{CANARY[-4:]}", f"Bearer {CANARY}", f"'{CANARY}'"]
)
def test_a_key_that_is_repeated_in_part_is_hidden_too(said: str) -> None:
    found = judge(Reply(401, {}, f"bad key {said} given".encode()), CallId(0, 0, 0), key=CANARY, now_epoch_s=0.0)
    assert "canary" not in str(found).lower()
    assert "given" in str(found)


def test_words_like_a_short_key_stay() -> None:
    assert clean_text("the model vllm-7b is not here", "vllm-key") == "the model vllm-7b is not here"
    assert clean_label("vllm-0.32.0", "vllm") == "vllm-0.32.0"
    assert clean_label("org/sk-translate-7b", CANARY) == "org/sk-translate-7b"


def test_models_on_offer_do_not_show_the_key() -> None:
    assert "CANARY" not in offer(["a", f"b {CANARY}"], key=CANARY)
    assert read_models(json_reply({"data": [{"id": f"b {CANARY}"}, {"id": "c"}]}), CANARY) == (ModelInfo("c"),)


# -- names and numbers without measure


@pytest.mark.parametrize("name", ["", "a\x1b[2Jb", "a\nb", "x" * 1001, "\ud800", "a\u202eb", "\u200b"])
def test_a_model_that_nobody_can_name_is_none(name: str) -> None:
    assert read_models(json_reply({"data": [{"id": name}, {"id": "模型 a/b:7b"}]})) == (ModelInfo("模型 a/b:7b"),)


def test_of_a_hundred_thousand_models_few_are_named_and_soon() -> None:
    names = [f"organisation-{number}/model-{number}" + "x" * 200 * (number % 2) for number in range(100_000)]
    begun_s = time.perf_counter()
    told = offer(names, "organisation-4/model-4")
    with pytest.raises(BadConfig) as caught:
        choose_model([ModelInfo(name) for name in names], "http://h/v1")
    assert time.perf_counter() - begun_s < 1.0
    assert told.startswith("organisation-4/model-4, ")
    assert told.endswith(f"and {100_000 - MOST_NAMES:,} more")
    assert len(caught.value.todo) < 5000


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 10**400, "completion_tokens": 1},
        {"prompt_tokens": MOST_TOKENS + 1, "completion_tokens": 1},
        {"prompt_tokens": 9, "completion_tokens": 2**70},
    ],
)
def test_absurd_counts_are_no_counts(usage: Any) -> None:
    status, answer = said("x", usage=usage)
    result = read_answer(json_reply(answer), make_ask(), model="m")
    assert isinstance(result, Answered)
    assert result.usage == Usage(1, 1, known=False)
    assert status == 200


@pytest.mark.parametrize("length", [10**400, MOST_TOKENS + 1, -1, 0, 4096.5, "4096", True])
def test_an_absurd_context_is_not_told(length: Any) -> None:
    assert read_models(json_reply({"data": [{"id": "a", "max_model_len": length}]})) == (ModelInfo("a"),)


@pytest.mark.parametrize("limit", ["9" * 5000, "1" + "0" * 400, "-5", "NaN", "0", "1.5", "", "٣"])
def test_an_absurd_limit_is_not_told(limit: str) -> None:
    headers = {"x-ratelimit-limit-requests": limit, "x-ratelimit-limit-tokens": "200000"}
    assert read_limits(headers) == {"tokens": 200_000}
    with QuirkServer(headers={"x-ratelimit-limit-requests": limit.replace("٣", "x")}) as server:
        found = with_chat(lambda chat: probe(chat, None, Patience(0.0)), server.base_url)
    assert found.limits == {}


@pytest.mark.parametrize("text", ["9" * 8000, "1h" * 4000, " " * 8000 + "x", "Wed, " * 1600])
def test_a_header_without_end_costs_no_time(text: str) -> None:
    begun_s = time.perf_counter()
    assert retry_after_s({"retry-after": text}, 1e9) is None
    buckets = Buckets()
    buckets.hear({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": text}, 0.0, 1e9)
    assert time.perf_counter() - begun_s < 0.05


# -- pages that never end


@contextmanager
def trickling(first: bytes, drop: bytes, every_s: float = 0.02) -> Iterator[str]:
    """A server that answers each request with a beginning, and then drop after drop."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.connection.recv(65536)
            try:
                self.wfile.write(first)
                while True:
                    self.wfile.write(drop)
                    time.sleep(every_s)
            except OSError:
                return

    ThreadingTCPServer.allow_reuse_address = True
    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "drop"), [(HEAD, b" "), (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")]
)
def test_a_list_of_models_that_trickles_is_given_up(first: bytes, drop: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "LIST_S", 0.4)
    monkeypatch.setattr(chat_module, "BESIDE_S", 0.4)
    with trickling(first, drop) as base_url:
        begun_s = time.perf_counter()
        with pytest.raises(Ambiguous):
            with_chat(lambda chat: chat.models(), base_url, total_s=900.0)
        assert with_chat(lambda chat: chat.metrics(), base_url, total_s=900.0) is None
        assert with_chat(lambda chat: chat.version(), base_url, total_s=900.0) == ""
        assert time.perf_counter() - begun_s < 3.0


# -- another model, and retries


def test_a_lane_that_signs_with_a_new_name_and_cannot_be_looked_at_adds_nothing() -> None:
    """Answers of a model that took another's place come in while its list is still broken: none may be taken."""

    async def main() -> None:
        site = Site("a")
        town = Town([site], limit=4, patience_s=HOUR)

        async def broken() -> Look:
            raise Overloaded("503 the list is loading")

        town.build(known=site.who, look=broken)
        task = asyncio.create_task(town.answer_all(200))
        await asyncio.sleep(10.0)
        site.signed = "other"
        asked = site.asked
        results = await task
        assert {result.model for result in results if isinstance(result, Answered)} == {"m"}
        assert {type(result) for result in results if not isinstance(result, Answered)} == {Paused}
        assert site.asked - asked < 30

    run(main())


def test_answers_wait_until_a_lane_with_a_new_name_can_be_looked_at() -> None:
    async def main() -> None:
        site = Site("a")
        town = Town([site], limit=4)
        town.build(known=site.who, look=lambda: look())
        mended_s = 0.0

        async def look() -> Look:
            if now() < mended_s:
                raise Overloaded("503 the list is loading")
            return site.who

        task = asyncio.create_task(town.answer_all(100))
        await asyncio.sleep(10.0)
        site.signed, mended_s = "m-2", now() + 60.0
        assert all_good(await task)
        assert town.fleet.counters().gave_up == 0

    run(main())


@pytest.mark.parametrize("wait_s", [0.0, 1e-9, 1e-3])
def test_a_wait_of_almost_nothing_is_no_leave_to_ask_at_once(wait_s: float) -> None:
    """Every third call passes, so that no hold comes: what is refused backs off all the same."""

    async def main() -> None:
        asked: dict[CallId, list[float]] = {}

        def rule(ask: Ask) -> Overloaded | None:
            asked.setdefault(ask.id, []).append(now())
            passes = sum(map(len, asked.values())) % 3 == 0
            return None if passes else Overloaded("429 slow down", retry_after_s=wait_s)

        assert all_good(await Town([Site("a", takes_s=0.001, rule=rule)], limit=4).answer_all(60))
        gaps = [later - before for times in asked.values() for before, later in pairwise(times)]
        assert len(gaps) > 60
        assert min(gaps) > 0.1

    run(main())


# -- proxies of the environment


@pytest.mark.parametrize("proxy", ["garbage://user:geheim@x", "http://[::"])
def test_a_proxy_that_is_none_is_said_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(BadConfig, match="proxy") as caught:
        Chat(base_url="https://host.invalid/v1", model="m", key=CANARY)
    assert "geheim" not in str(caught.value)
    assert caught.value.__suppress_context__
