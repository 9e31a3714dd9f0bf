"""Posting to a real server on this machine: what is sent, what is tried again, and what never shows."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from selfgen.webhooks import post as posting
from selfgen.webhooks.bodies import Message
from selfgen.webhooks.post import BadAddress, Postman, build_hook, post
from tests.webhooks.ear import SECRET, Ear, listening

MESSAGE = Message("done", "mine", "run mine is done", ("3 of 3 records",), {"records": 3})


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as ear:
        yield ear


def no_sleep(seconds: float) -> None: ...


def test_a_message_arrives_as_it_is(ear: Ear) -> None:
    outcome = post(build_hook("HOOK", ear.url, "auto"), MESSAGE, no_sleep)
    assert outcome.trouble == ""
    (path, body, headers), *more = ear.heard
    assert not more
    assert path == f"/hook/{SECRET}?key={SECRET}"
    assert headers["Content-Type"].startswith("application/json")
    assert json.loads(body)["numbers"] == {"records": 3}


@pytest.mark.parametrize(
    ("answers", "trouble", "times"),
    [([503, 429], "", 3), ([500] * 3, "HTTP 500", 3), ([404], "HTTP 404", 1), ([403], "HTTP 403", 1)],
)
def test_what_may_pass_is_tried_twice_more(ear: Ear, answers: list[int], trouble: str, times: int) -> None:
    ear.answers = answers
    assert post(build_hook("HOOK", ear.url, "json"), MESSAGE, no_sleep).trouble == trouble
    assert len(ear.heard) == times


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(ear: Ear, status: int) -> None:
    ear.answers, ear.location = [status], ear.url
    outcome = post(build_hook("HOOK", ear.url, "json"), MESSAGE, no_sleep)
    assert "redirects" in outcome.trouble
    assert len(ear.heard) == 1


def test_a_refusal_behind_http_200_is_told(ear: Ear) -> None:
    ear.reply = b'{"errcode":310000,"errmsg":"keywords not in content"}'
    outcome = post(build_hook("HOOK", ear.url, "dingtalk"), MESSAGE, no_sleep)
    assert outcome.trouble == "it refused: code 310000 keywords not in content"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"http://example.com/{SECRET}", "plain http"),
        (f"ftp://example.com/{SECRET}", "https://"),
        (f"file:///{SECRET}", "https://"),
        (f"hooks.slack.com/{SECRET}", "https://"),
        (f"https://user:{SECRET}@example.com/", "user name"),
        (f"https://example.com/{SECRET} x", "characters"),
        (f"https://example.com/{SECRET}\r\nHost: evil", "characters"),
        (f"https://example.com:port/{SECRET}", "no address"),
        (f"https://[::1/{SECRET}", "no address"),
        (f"https://例子.example/{SECRET}", "characters"),
    ],
)
def test_addresses_that_are_refused(url: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why) as caught:
        build_hook("HOOK", url, "auto")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_address_shows_nowhere(ear: Ear) -> None:
    ear.answers = [500] * 3
    hook = build_hook("HOOK", ear.url, "auto")
    outcome = post(hook, MESSAGE, no_sleep)
    assert SECRET not in repr(hook) + str(hook) + repr(outcome) + hook.title
    assert hook.title == "HOOK (127.0.0.1)"


def test_nobody_there(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    assert post(build_hook("H", "http://127.0.0.1:9/x", "json"), MESSAGE, no_sleep).trouble == "connection refused"
    monkeypatch.setattr(posting, "TIMEOUT_S", 0.05)
    ear.delay_s = 0.3
    assert "no answer within" in post(build_hook("H", ear.url, "json"), MESSAGE, no_sleep).trouble
    assert len(ear.heard) == 3


def test_sending_never_waits_and_the_end_does_not_wait_for_ever(ear: Ear) -> None:
    ear.delay_s = 0.4
    postman = Postman([build_hook("H", ear.url, "json")])
    began = time.monotonic()
    postman.send(MESSAGE)
    assert postman.outcomes() == []
    assert [outcome.trouble for outcome in postman.close(0.05)] == ["no answer until the end"]
    assert time.monotonic() - began < 0.3
    ear.delay_s = 0.0
    postman = Postman([build_hook("A", ear.url, "json"), build_hook("B", ear.url, "json")])
    postman.send(MESSAGE)
    assert sorted(outcome.hook for outcome in postman.close(10)) == ["A (127.0.0.1)", "B (127.0.0.1)"]


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 ", b"x"),
    ],
)
def test_a_reply_that_trickles_is_cut(first: bytes, drop: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "WHOLE_S", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(first)
                while True:
                    connection.sendall(drop)
                    time.sleep(0.01)

        threading.Thread(target=serve, daemon=True).start()
        hook = build_hook("HOOK", f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}", "json")
        begun_s = time.perf_counter()
        outcome = post(hook, MESSAGE)
    assert time.perf_counter() - begun_s < 3.0
    assert outcome.trouble == "no whole answer within 0 s"
