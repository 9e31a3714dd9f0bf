"""Runs on several servers, and on servers that go, come and change, from the command line: the bytes stay the same."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from selfgen.assemble.fleets import describe
from selfgen.assemble.servers import place_all
from selfgen.assemble.session import adopt
from selfgen.assemble.settings import gather
from selfgen.cli.places import moved
from selfgen.config import EndpointConfig, build
from selfgen.core.work import Ask, CallId, Message, Sampling
from selfgen.models.open_lane import Server, open_lane
from tests.cli.shell import Shell, Shown
from tests.fault_server import FaultServer
from tests.stand_in import reply

PATIENT = """calls: {timeout_s: 5, idle_timeout_s: 5, send_seed: 'on', patience_s: 30, concurrency: 8}
structured: json_schema
"""


def serving(*models: str, port: int = 0, latency_s: float = 0.0, length: int = 4096) -> FaultServer:
    names = models or ("tiny",)
    return FaultServer(reply=reply, models=names, port=port, latency_s=latency_s, max_model_len=length)


def grow(
    shell: Shell, *servers: FaultServer, target: int = 12, out: str = "grown", more: tuple[object, ...] = ()
) -> Shown:
    shell.write("patient.yaml", PATIENT)
    urls = [word for server in servers for word in ("--base-url", server.base_url)]
    words = ["run", "--seeds", "seeds.jsonl", "--config", "patient.yaml", "--model", "tiny", "--target", target]
    return shell(*words, "--out", out, *urls, *more)


def dataset(shell: Shell, run: str = "grown") -> bytes:
    return (shell.folder / run / "dataset.jsonl").read_bytes()


def quiet(shell: Shell, target: int = 12) -> bytes:
    """Return the dataset of the same run on one server that nothing happens to."""
    with serving() as server:
        assert grow(shell, server, target=target, out="quiet").code == 0
    return dataset(shell, "quiet")


def answered(server: FaultServer) -> int:
    """Return how many calls of the run a server answered: bodies with room for a reply."""
    return sum(body.get("max_tokens", 0) > 1000 for body in server.bodies)


@contextmanager
def meanwhile(due: Callable[[], bool], act: Callable[[], None]) -> Iterator[None]:
    """Do something on a thread once it is due."""
    over = threading.Event()

    def wait() -> None:
        while not due() and not over.wait(0.002):
            pass
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_both_are_used(shell: Shell) -> None:
    with serving(latency_s=0.02) as one, serving(latency_s=0.02) as two:
        shown = grow(shell, one, two)
        assert shown.code == 0, shown.err
        assert min(answered(one), answered(two)) > 8
    assert dataset(shell) == quiet(shell)


def test_one_goes_down_in_the_middle(shell: Shell) -> None:
    with serving(latency_s=0.03) as one, serving(latency_s=0.03) as two:
        before = answered(two) + 15
        with meanwhile(lambda: answered(two) > before, two.go_down):
            shown = grow(shell, one, two, target=24)
        assert two.down
        assert shown.code == 0, shown.err
        assert f"{two.base_url} is away; its calls go to the others" in shown.err
    assert dataset(shell) == quiet(shell, 24)


def test_one_that_is_away_at_first_joins_later(shell: Shell) -> None:
    with serving(latency_s=0.05) as one, serving(latency_s=0.05) as two:
        two.go_down()
        with meanwhile(lambda: answered(one) > 15, two.come_back):
            shown = grow(shell, one, two, target=40)
        assert shown.code == 0, shown.err
        assert "is left out until it answers" in shown.err
        assert answered(two) > 4
    assert dataset(shell) == quiet(shell, 40)


def test_all_away_is_waited_for(shell: Shell) -> None:
    with serving(latency_s=0.03) as one, serving(latency_s=0.03) as two:

        def pause() -> None:
            one.go_down()
            two.go_down()
            time.sleep(0.3)
            two.come_back()

        with meanwhile(lambda: answered(two) > 12, pause):
            shown = grow(shell, one, two, target=24)
        assert shown.code == 0, shown.err
        assert "no server answers; waiting" in shown.err
    assert dataset(shell) == quiet(shell, 24)


def test_another_model_behind_the_same_address_is_refused(shell: Shell) -> None:
    with serving() as one:
        assert grow(shell, one).code == 0
        port = one.port
    before = dataset(shell)
    with serving(port=port, length=2048) as other:
        shown = shell("resume", "grown", "--target", 20)
        assert shown.code == 78
        assert "has another model than when the run began: tiny took 4096 tokens, now it takes 2048" in shown.err
        assert answered(other) == 0
    with serving("large", port=port):
        shown = shell("resume", "grown", "--target", 20)
        assert shown.code == 78
        assert f"Models on http://127.0.0.1:{port}/v1: large." in shown.err
    with serving("large") as elsewhere:
        assert shell("resume", "grown", "--target", 20, "--base-url", elsewhere.base_url).code == 78
    assert dataset(shell).startswith(before)
    with serving(port=port):  # a place where the model was not found is not kept
        shown = shell("resume", "grown", "--target", 20)
        assert shown.code == 0, shown.err


def test_an_address_twice(shell: Shell) -> None:
    with serving() as one:
        shown = grow(shell, one, one)
        assert shown.code == 78
        assert f"{one.base_url} is named twice" in shown.err
        shown = shell("run", "--seeds", "seeds.jsonl", "--base-url", one.base_url, "--base-url", one.base_url + "/")
        assert shown.code == 78


def test_the_command_line_wins_over_a_file(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    several = shell.write("several.yaml", "propose: {endpoints: [{url: 'http://a/v1'}, {url: 'http://b/v1'}]}\n")
    single = shell.write("single.yaml", "propose: {base_url: 'http://a/v1'}\n")
    for file, urls in ((several, ["http://c/v1"]), (single, ["http://c/v1", "http://d/v1"]), (single, ["http://c/v1"])):
        config = gather(file, {"propose": moved(build({}, "test"), urls).propose.model_dump()})
        assert [place.url for place in config.propose.places] == urls
    monkeypatch.setenv("SELFGEN_BASE_URL", "http://e/v1")
    assert [place.url for place in gather(several, {}).propose.places] == ["http://e/v1"]
    with serving() as one:
        monkeypatch.delenv("SELFGEN_BASE_URL")
        words = ["run", "--seeds", "seeds.jsonl", "--config", several, "--base-url", one.base_url, "--model", "tiny"]
        shown = shell(*words, "--target", 4, "--out", "grown")
        assert shown.code == 0, shown.err


def test_two_models_of_one_server_move_together(shell: Shell) -> None:
    with serving("tiny", "large") as one:
        assert grow(shell, one, target=6, more=("--answer-model", "large")).code == 0
    with serving("tiny", "large") as other:
        shown = shell("resume", "grown", "--target", 10, "--base-url", other.base_url)
        assert shown.code == 0, shown.err
        assert {body["model"] for body in other.bodies} == {"tiny", "large"}


def test_two_models_that_were_apart_stay_apart() -> None:
    apart = {"propose": {"model": "a", "base_url": "http://a/v1"}, "answer": {"model": "b", "base_url": "http://b/v1"}}
    config = moved(build(apart, "test"), ["http://c/v1"])
    assert (config.propose.base_url, config.answering.base_url) == ("http://c/v1", "http://b/v1")


def test_an_answering_server_without_a_name_of_a_model(shell: Shell) -> None:
    with serving() as one, serving("large") as other:
        shown = grow(shell, one, target=6, more=("--answer-base-url", other.base_url))
        assert shown.code == 0, shown.err
        assert answered(other) > 4
        assert {body["model"] for body in other.bodies} == {"large"}
        config = build({"propose": {"model": "tiny", "base_url": one.base_url}, "answer": {"temperature": 0.5}}, "t")
        assert place_all(config, {}).answering.base_url == one.base_url


def test_whether_seeds_are_sent_is_found_out_where_the_model_is_now() -> None:
    before = build({"propose": {"model": "a", "base_url": "http://a/v1"}, "calls": {"send_seed": "on"}}, "test")
    same = build({"propose": {"model": "a", "base_url": "http://a/v1"}}, "test")
    assert adopt(same, before).calls.send_seed == "on"
    assert adopt(build({"propose": {"model": "a"}}, "test"), before).calls.send_seed == "on"
    for place in ({"endpoints": [{"url": "http://c/v1"}]}, {"vllm": {"model": "x/a"}}, {"base_url": "http://b/v1"}):
        elsewhere = build({"propose": {"model": "a", **place}}, "test")
        assert adopt(elsewhere, before).calls.send_seed == "auto"
    several = [{"url": "http://a/v1"}, {"url": "http://b/v1"}]
    before = build({"propose": {"model": "a", "endpoints": several}, "calls": {"send_seed": "on"}}, "test")
    own = build({"propose": {"model": "a", "vllm": {"model": "x/a"}}}, "test")
    assert adopt(own, before).calls.send_seed == "auto"
    assert moved(before, ["http://c/v1"]).calls.send_seed == "auto"
    assert moved(before, []).calls.send_seed == "on"


def test_a_run_goes_on_where_its_model_was_and_as_it_is_told_now() -> None:
    served = {"model": "x/a", "command": "old", "args": ["--seed", "1"]}
    before = build({"propose": {"model": "a", "vllm": served}}, "test")
    now = build({"propose": {"vllm": {"args": ["--seed", "2"]}}}, "test")
    adopted = adopt(now, before).propose.vllm
    assert (adopted.model, adopted.command, adopted.args) == ("x/a", "old", ("--seed", "2"))
    assert adopt(build({}, "test"), before).propose == before.propose
    other = adopt(build({"propose": {"model": "b"}}, "test"), before)
    assert (other.propose.vllm.model, other.propose.places) == ("", ())


def test_a_pinned_number_of_calls_can_be_raised() -> None:
    async def most_at_once(pinned: int, later: int) -> int:
        server = serving(latency_s=0.2)
        await server.open()
        lane = open_lane(Server("one", server.base_url, "tiny", pinned=pinned))
        lane.limit.pin(later)
        asks = [
            Ask(CallId(turn, 0, 0), "propose", (Message("user", f"{turn}"),), Sampling(1.0, 1.0, 8), turn, None, "")
            for turn in range(later)
        ]
        await asyncio.gather(*map(lane.send, asks))
        assert lane.close is not None
        await lane.close()
        await server.close()
        return server.most_in_flight

    assert asyncio.run(most_at_once(2, 8)) == 8


def test_a_late_server_is_taken_to_be_like_the_others() -> None:
    urls = ("http://a/v1", "http://b/v1")
    config = build({"propose": {"model": "m", "endpoints": [{"url": url} for url in urls]}}, "test")
    look = {"model": "m", "root": "", "max_model_len": 4096, "fingerprint": ""}
    known = {"m at http://a/v1": {"completions": True, "version": "0.32.0", "look": look}}
    for url in urls:
        server = describe(config, config.propose, EndpointConfig(url=url), {}, known)
        assert (server.completions, server.manner) == (True, "queue")
        assert (server.known is not None) == (url == urls[0])


def test_servers_are_in_the_header(shell: Shell) -> None:
    with serving() as one, serving() as two:
        assert grow(shell, one, two, target=4).code == 0
        database = sqlite3.connect(shell.folder / "grown" / "run.db")
        (kept,) = database.execute("SELECT value FROM header WHERE name='capabilities'").fetchone()
        database.close()
        assert sorted(json.loads(kept)) == sorted([f"tiny at {one.base_url}", f"tiny at {two.base_url}"])
