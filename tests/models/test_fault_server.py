"""The witness itself: its counts and its chances must be right, or the tests that lean on it prove nothing."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fault_kinds import FATES, QUIET
from tests.fault_server import FaultServer, digest_of

ROOT = Path(__file__).parents[2]


def ask(base_url: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    host = base_url.removeprefix("http://").removesuffix("/v1")
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def body(text: str) -> dict[str, Any]:
    return {"model": "tiny", "messages": [{"role": "user", "content": text}]}


def test_answers_are_a_pure_function_of_the_body() -> None:
    with FaultServer() as one, FaultServer(seed=9) as other:
        texts = [
            ask(url, body(text))[1]["choices"][0]["message"]["content"]
            for text in "aab"
            for url in (one.base_url, other.base_url)
        ]
    assert len(set(texts)) == 2
    assert texts[0] == texts[1] == texts[2] == texts[3]


def test_counts_of_asked_and_answered() -> None:
    with FaultServer(script=["500", "ok", "429", "html", "ok"]) as server:
        assert [ask(server.base_url, body(text))[0] for text in ("a", "a", "b")] == [500, 200, 429]
        with pytest.raises(json.JSONDecodeError):
            ask(server.base_url, body("b"))
        ask(server.base_url, body("b"))
        assert server.asked == {digest_of(body("a")): 2, digest_of(body("b")): 3}
        assert server.answered == {digest_of(body("a")): 1, digest_of(body("b")): 1}
        assert server.met == {"500": 1, "429": 1, "html": 1}
        assert server.in_flight == 0


def test_chance_depends_on_the_request_and_not_on_its_arrival() -> None:
    kinds = ("429", "500", "503")

    def storm(order: list[str], workers: int) -> tuple[Counter[str], Counter[str]]:
        with FaultServer(faults=0.3, kinds=kinds, seed=5) as server:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(lambda text: ask(server.base_url, body(text)), order))
            return server.met, server.answered

    texts = [str(number) for number in range(150)]
    met, answered = storm(texts, 1)
    assert (met, answered) == storm(texts[::-1], 8)
    assert set(met) == set(kinds)
    assert 25 <= sum(met.values()) <= 65
    assert sum(met.values()) + sum(answered.values()) == 150


def test_a_full_server_refuses() -> None:
    with FaultServer(slots=2, latency_s=0.8, sigma=0.0) as server:
        with ThreadPoolExecutor(6) as pool:
            statuses = [status for status, _ in pool.map(lambda n: ask(server.base_url, body(str(n))), range(6))]
        assert sorted(statuses) == [200, 200, 503, 503, 503, 503]
        assert server.most_in_flight == 2


def test_a_server_that_goes_down_and_comes_back() -> None:
    with FaultServer() as server:
        server.go_down()
        with pytest.raises(ConnectionRefusedError):
            ask(server.base_url, body("a"))
        server.come_back()
        assert ask(server.base_url, body("a"))[0] == 200


def test_quiet_kinds_exist_and_need_no_deadline() -> None:
    assert set(QUIET) <= set(FATES)
    assert "hang" not in QUIET


def test_as_a_program_it_outlives_its_clients_and_tells_its_counts() -> None:
    command = [sys.executable, "-m", "tests.fault_server", "--models", "a,tiny", "--latency-ms", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base_url = process.stdout.readline().split()[-1]
            assert ask(base_url, body("x"))[0] == 200
            root = base_url.removesuffix("/v1")
            control = urllib.request.Request(f"{root}/control", json.dumps({"script": ["500"]}).encode())
            urllib.request.urlopen(control, timeout=5).close()
            assert ask(base_url, body("x"))[0] == 500
            with urllib.request.urlopen(f"{root}/stats", timeout=5) as page:
                stats = json.load(page)
            assert stats["asked"] == {digest_of(body("x")): 2}
            assert stats["answered"] == {digest_of(body("x")): 1}
        finally:
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 0
            assert time.monotonic() - begun < 3
