"""The embeddings client against a real loopback server: batches, every class of failure, odd answers, and the key."""

from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from selfgen.errors import BadConfig, NoServer, NotAuthorised, Paused, SelfgenError
from selfgen.models.embeddings import Embeddings
from tests.embedding_server import Answer, EmbeddingServer, rows

KEY = "sk-CANARY-7c9e6679f3b5"


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    running = EmbeddingServer()
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.naps = 0.0, list[float]()

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@contextmanager
def client(base_url: str, **settings: Any) -> Iterator[tuple[Embeddings, Clock]]:
    clock = Clock()
    made = Embeddings(base_url=base_url, model="m", sleep=clock.sleep, clock=lambda: clock.now, **settings)
    try:
        yield made, clock
    finally:
        made.close()


def test_texts_are_sent_in_batches_and_come_back_in_order(server: EmbeddingServer) -> None:
    texts = [f"文{'本' * n}" for n in range(5)]
    with client(server.base_url, batch=2) as (encoder, clock):
        assert [vector[0] for vector in encoder.encode(texts)] == [1.0, 2.0, 3.0, 4.0, 5.0]
        assert encoder.encode([]) == []
    assert [body["input"] for body in server.asked] == [texts[:2], texts[2:4], texts[4:]]
    assert {(body["model"], body["encoding_format"]) for body in server.asked} == {("m", "float")}
    assert {head["path"] for head in server.heads} == {"/v1/embeddings"}
    assert clock.naps == []


def test_rows_may_come_in_any_order(server: EmbeddingServer) -> None:
    server.script.append((200, {}, {"data": rows(["a", "bb", "ccc"])[::-1]}))
    with client(server.base_url) as (encoder, _):
        assert [vector[0] for vector in encoder.encode(["a", "bb", "ccc"])] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, {"error": "broken"}),
        (503, {}, b""),
        (429, {}, {"error": {"message": "slow down"}}),
        (200, {}, b"<html>"),
        (200, {}, {"data": []}),
        (200, {}, {"data": [{"index": 0}]}),
        (200, {}, {"data": [{"index": 1, "embedding": [1.0]}]}),
        (200, {}, {"data": [{"index": 0, "embedding": "AAAA"}]}),
        (200, {}, []),
        (200, {}, {"object": "list"}),
    ],
)
def test_what_may_pass_is_asked_again_with_growing_waits(server: EmbeddingServer, answer: Answer) -> None:
    server.script.extend([answer] * 3)
    with client(server.base_url) as (encoder, clock):
        assert encoder.encode(["abc"]) == [[3.0, 1.0, 0.5]]
    assert len(server.asked) == 4
    assert clock.naps == [0.25, 0.5, 1.0]


def test_a_server_that_says_how_long_is_waited_for(server: EmbeddingServer) -> None:
    server.script.append((429, {"Retry-After": "7"}, {"error": {"message": "slow down"}}))
    with client(server.base_url) as (encoder, clock):
        encoder.encode(["abc"])
    assert clock.naps == [7.0]


def test_a_server_that_stays_away_pauses_the_run(server: EmbeddingServer) -> None:
    with client(server.base_url) as (encoder, clock):
        encoder.encode(["abc"])
        server.script.extend([(503, {}, b"")] * 100)
        with pytest.raises(Paused, match=r"stays away.*503"):
            encoder.encode(["abc"])
        assert 60 < clock.now <= 120


def test_a_server_that_was_never_there_is_not_waited_for_long() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with client(f"http://127.0.0.1:{taken.getsockname()[1]}/v1") as (encoder, clock):
            with pytest.raises(NoServer, match=r"does not answer.*No connection"):
                encoder.encode(["abc"])
            assert 5 < clock.now <= 10


def test_a_server_that_hangs_is_asked_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        with client(place, timeout_s=0.05, patience_s=0.5) as (encoder, clock):
            with pytest.raises(NoServer, match="did not answer in time"):
                encoder.encode(["abc"])
            assert clock.naps == [0.25]


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ((401, {}, {"error": {"message": f"bad key {KEY}"}}), NotAuthorised, "refuses the key"),
        ((403, {}, {}), NotAuthorised, "refuses the key"),
        ((404, {}, {"error": {"message": "no model m"}}), BadConfig, "404 no model m"),
        ((400, {}, {"error": {"message": "too long"}}), BadConfig, "refuses the texts: 400 too long"),
        ((307, {"Location": "http://elsewhere/v1"}, {}), BadConfig, "sends us on to http://elsewhere"),
        ((402, {}, {}), Paused, "account is empty"),
    ],
)
def test_what_lasts_ends_at_once_with_one_clear_message(
    server: EmbeddingServer, answer: Answer, error: type[SelfgenError], message: str
) -> None:
    server.script.append(answer)
    with client(server.base_url, key=KEY) as (encoder, clock), pytest.raises(error, match=message) as caught:
        encoder.encode(["abc"])
    assert len(server.asked) == 1
    assert clock.naps == []
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(encoder)
    assert server.heads[0]["Authorization"] == f"Bearer {KEY}"


def test_vectors_of_another_length_than_before_are_refused(server: EmbeddingServer) -> None:
    with client(server.base_url) as (encoder, _):
        encoder.encode(["abc"])
        server.script.append((200, {}, {"data": [{"index": 0, "embedding": [1.0]}]}))
        with pytest.raises(BadConfig, match="vectors of 1 and 3 numbers for m"):
            encoder.encode(["abc"])


def test_empty_vectors_are_refused(server: EmbeddingServer) -> None:
    server.script.append((200, {}, {"data": [{"index": 0, "embedding": []}]}))
    with client(server.base_url) as (encoder, _), pytest.raises(BadConfig, match="vectors of 0 numbers"):
        encoder.encode(["abc"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": "http://192.0.2.7:8000/v1", "key": KEY}, "in the clear"),
        ({"base_url": "ftp://there/v1"}, "must begin with http"),
        ({"base_url": "http://localhost/v1?key=1"}, "more than host and path"),
        ({"base_url": "http://localhost/v1", "key": "sk-with a line\n"}, "key holds blanks"),
    ],
)
def test_an_address_or_key_that_must_not_be_used_is_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        Embeddings(model="m", **settings)


def _open(make: Callable[[], Embeddings]) -> str:
    encoder = make()
    try:
        return encoder.base_url
    finally:
        encoder.close()


def test_innocent_addresses_pass() -> None:
    assert _open(lambda: Embeddings(base_url="http://127.0.0.1:8000", model="m", key=KEY)) == "http://127.0.0.1:8000/v1"
    insecure = {"base_url": "http://192.0.2.7:8000/v1", "key": KEY, "allow_insecure": True}
    assert _open(lambda: Embeddings(model="m", **insecure)) == "http://192.0.2.7:8000/v1"  # type: ignore[arg-type]
