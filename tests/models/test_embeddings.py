"""The embeddings client against a real loopback server: batches, every class of failure, odd answers, and the key."""

from __future__ import annotations

import base64
import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from selfgen.errors import BadConfig, NoServer, NotAuthorised, Paused, SelfgenError
from selfgen.models import embeddings as module
from selfgen.models.embeddings import Embeddings
from tests.embedding_server import Answer, EmbeddingServer, rows

KEY = "sk-CANARY-7c9e6679f3b5"


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    yield from _serve(EmbeddingServer())


S = TypeVar("S", bound=EmbeddingServer)


def _serve(running: S) -> Iterator[S]:
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
        (200, {}, {"data": [{"index": 0, "embedding": [10**400]}]}),
        (200, {}, b'{"data": [{"index": Infinity, "embedding": [1.0]}]}'),
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
            with pytest.raises(NoServer, match=r"gives no vectors.*No connection"):
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
        ((401, {}, {"error": {"message": f"bad key {KEY}"}}), NotAuthorised, r"refuses the key[^\n]*\n.*api_key_env"),
        ((403, {}, {}), NotAuthorised, "refuses the key"),
        ((404, {}, {"error": {"message": "no model m"}}), BadConfig, "404 no model m\nCheck base_url and model of the"),
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


def test_vectors_in_base64_are_read(server: EmbeddingServer) -> None:
    packed = base64.b64encode(struct.pack("<3f", 1.0, -0.5, 2.0)).decode()
    server.script.append((200, {}, {"data": [{"index": 0, "embedding": packed}]}))
    with client(server.base_url) as (encoder, clock):
        assert encoder.encode(["abc"]) == [[1.0, -0.5, 2.0]]
    assert clock.naps == []


class Narrow(EmbeddingServer):
    """Takes texts of at most `longest` characters, and `most` of them at once."""

    longest, most = 200, 64

    def answer(self, body: dict[str, Any]) -> Answer | None:
        if len(body["input"]) > self.most:
            return 422, {}, {"error": "batch size > maximum allowed batch size"}
        if max(map(len, body["input"])) > self.longest:
            return 400, {}, {"error": {"message": "maximum context length", "param": "input_tokens"}}
        return None


@pytest.fixture
def narrow() -> Iterator[Narrow]:
    yield from _serve(Narrow())


def test_a_text_that_is_too_long_is_cut_and_the_others_stay_as_they_are(narrow: Narrow) -> None:
    texts = ["short", "本" * 500, "of middling length" * 10, "x" * 201]
    with client(narrow.base_url) as (encoder, clock):
        together = encoder.encode(texts)
        alone = [encoder.encode([text])[0] for text in texts]
    assert [vector[0] for vector in together] == [5.0, 157.0, 180.0, 150.0]
    assert alone == together
    assert clock.naps == []


def test_texts_that_are_too_many_at_once_are_asked_for_in_halves(narrow: Narrow) -> None:
    narrow.most = 3
    with client(narrow.base_url) as (encoder, _):
        vectors = encoder.encode(["x" * n for n in range(1, 11)])
    assert [vector[0] for vector in vectors] == [float(n) for n in range(1, 11)]
    assert max(len(body["input"]) for body in narrow.taken) == 3


def test_a_text_that_is_refused_at_any_length_ends_the_run(narrow: Narrow) -> None:
    narrow.longest = 0
    with (
        client(narrow.base_url) as (encoder, _),
        pytest.raises(BadConfig, match="refuses the texts: 400 maximum"),
    ):
        encoder.encode(["a long text " * 50, "another"])
    assert len(narrow.asked) < 16


def test_texts_that_take_too_long_together_are_asked_for_in_halves(server: EmbeddingServer) -> None:
    with client(server.base_url, timeout_s=0.2) as (encoder, clock):
        encoder.encode(["warm"])
        server.delay_s = lambda body: 0.6 if len(body["input"]) > 2 else 0.0
        assert [vector[0] for vector in encoder.encode(["a", "bb", "ccc", "dddd"])] == [1.0, 2.0, 3.0, 4.0]
        assert clock.naps == []


def test_a_byte_now_and_then_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not stop.wait(0.02):
                try:
                    connection.sendall(b" ")
                except OSError:
                    break
            connection.close()

        thread = threading.Thread(target=drip)
        thread.start()
        place = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        began = time.monotonic()
        slow = pytest.raises(NoServer, match=r"did not answer in time[^\n]*\n.*smaller batch")
        with client(place, timeout_s=0.3, patience_s=0.1) as (encoder, _), slow:
            encoder.encode(["abc"])
        assert time.monotonic() - began < 2
        stop.set()
        thread.join()


def test_an_answer_without_end_is_not_kept(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_ANSWER", 10_000)
    server.script.append((200, {}, b"x" * 100_000))
    with client(server.base_url) as (encoder, _), pytest.raises(BadConfig, match="longer than 10,000 bytes"):
        encoder.encode(["abc"])


def _in_vain(encoder: Embeddings) -> Callable[[], float]:
    """Ask on another thread; return what waits for the end of it, and says how long that took."""
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            encoder.encode(["abc"])
        except SelfgenError as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.15)
    assert thread.is_alive()

    def end() -> float:
        began = time.monotonic()
        thread.join(10)
        assert [type(error) for error in caught] == [Paused]
        assert "not waited for any longer" in str(caught[0])
        return time.monotonic() - began

    return end


def test_closing_ends_the_wait_for_an_answer_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        encoder = Embeddings(base_url=f"http://127.0.0.1:{silent.getsockname()[1]}/v1", model="m")
        ends = [_in_vain(encoder), _in_vain(encoder)]
        encoder.close()
        assert sum(end() for end in ends) < 0.5
        with pytest.raises(Paused, match="not waited for any longer"):
            encoder.encode(["abc"])
        encoder.close()


def test_closing_ends_the_wait_between_two_requests_at_once(server: EmbeddingServer) -> None:
    server.script.append((429, {"Retry-After": "8"}, {}))
    encoder = Embeddings(base_url=server.base_url, model="m")
    end = _in_vain(encoder)
    encoder.close()
    assert end() < 0.5
    assert len(server.asked) == 1


def test_whoever_asks_after_a_failing_server_was_waited_for_waits_no_second_time(server: EmbeddingServer) -> None:
    with client(server.base_url) as (encoder, clock):
        encoder.encode(["abc"])
        server.script.extend([(503, {}, b"")] * 100)
        for asked in range(2):
            before = clock.now
            with pytest.raises(Paused, match="stays away"):
                encoder.encode(["abc"])
            assert (clock.now - before > 60) is (asked == 0)
        server.script.clear()
        assert encoder.encode(["abc"]) == [[3.0, 1.0, 0.5]]
        server.script.append((503, {}, b""))
        assert encoder.encode(["abc"]) == [[3.0, 1.0, 0.5]]
