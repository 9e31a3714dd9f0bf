"""Batch services: the lines of their files, the endpoints over loopback, and run-batch as a child process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Sampling
from selfgen.errors import Ambiguous, BadConfig, CallError, NotAuthorised, Overloaded, Paused, SelfgenError, Transient
from selfgen.models.batch_lines import Lines
from selfgen.models.batches import Batches
from selfgen.models.vllm_batch import VllmBatch
from tests.batch_server import BatchServer

T = TypeVar("T")
KEY = "sk-CANARY-0123456789"
ASK = Ask(
    CallId(4, 1, 2),
    "propose",
    (Message("user", "Name a tree. 说出一种树。"),),
    Sampling(0.5, 1.0, 64),
    7,
    None,
    "sha256:ab",
)
LINES = Lines(model="m", key=KEY)


def result(status: int, body: Any, error: Any = None, name: str = "4.1.2") -> bytes:
    return json.dumps(
        {"custom_id": name, "response": {"status_code": status, "body": body}, "error": error}, ensure_ascii=False
    ).encode("utf-8", "surrogatepass")


def answer(text: str) -> dict[str, Any]:
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    return {"model": "m-1", "choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": usage}


def test_a_line_holds_the_call_as_it_would_be_sent() -> None:
    line = LINES.encode(ASK)
    assert isinstance(line, bytes)
    assert b"\n" not in line
    assert json.loads(line) == {
        "custom_id": "4.1.2", "method": "POST", "url": "/v1/chat/completions",
        "body": {
            "model": "m", "messages": [{"role": "user", "content": "Name a tree. 说出一种树。"}], "temperature": 0.5,
            "top_p": 1.0, "max_tokens": 64, "seed": 7,
        },
    }  # fmt: skip


def test_what_utf8_cannot_carry_is_refused() -> None:
    broken = Ask(ASK.id, "propose", (Message("user", "\ud800"),), ASK.sampling, 7, None, "")
    assert isinstance(LINES.encode(broken), Refused)


def test_an_answer_is_read() -> None:
    event = LINES.decode(result(200, answer("橡树 oak")), {"4.1.2": ASK}).event
    assert isinstance(event, Answered)
    assert (event.id, event.text, event.model, event.prompt_digest) == (ASK.id, "橡树 oak", "m-1", "sha256:ab")
    assert (event.usage.prompt_tokens, event.usage.completion_tokens) == (3, 2)


ERROR = {"error": {"message": "no", "code": None}}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (result(429, ERROR), Overloaded),
        (result(500, ERROR), Transient),
        (result(200, {"choices": []}), Transient),
        (result(200, None), Transient),
        (result(401, ERROR), NotAuthorised),
        (result(404, ERROR), BadConfig),
        (result(429, {"error": {"code": "insufficient_quota"}}), Paused),
        (json.dumps({"custom_id": "4.1.2", "response": None, "error": None}).encode(), Transient),
        (json.dumps({"custom_id": "4.1.2", "response": None, "error": "stream"}).encode(), Transient),
    ],
)
def test_an_error_is_judged_like_that_of_a_call(line: bytes, kind: type[SelfgenError]) -> None:
    found = LINES.decode(line, {"4.1.2": ASK})
    assert type(found.problem) is kind
    assert found.event is None
    assert found.tried
    assert isinstance(found.problem, CallError) == (kind in (Overloaded, Transient))


def test_refusals_are_events_those_of_vllm_too() -> None:
    told = {"error": {"message": "too long", "type": "BadRequestError", "param": "input_tokens", "code": 400}}
    for line in (result(400, told), result(400, None, told)):
        event = LINES.decode(line, {"4.1.2": ASK}).event
        assert isinstance(event, Refused)
        assert event.kind == "context_length"


@pytest.mark.parametrize("code", ["batch_expired", "batch_cancelled"])
def test_a_call_that_never_ran_counts_as_no_try(code: str) -> None:
    line = json.dumps({"custom_id": "4.1.2", "response": None, "error": {"code": code, "message": "late"}}).encode()
    found = LINES.decode(line, {"4.1.2": ASK})
    assert isinstance(found.problem, Transient)
    assert not found.tried


def test_the_key_is_in_no_problem() -> None:
    found = LINES.decode(result(401, {"error": {"message": f"bad key {KEY}"}}), {"4.1.2": ASK})
    assert found.problem is not None
    assert "CANARY" not in str(found.problem)
    assert "[key]" in str(found.problem)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
)


@given(
    st.binary()
    | st.builds(lambda status, body, error: result(status, body, error), st.integers(), json_values, json_values)
)
def test_no_line_is_too_odd(line: bytes) -> None:
    found = LINES.decode(line, {"4.1.2": ASK})
    assert not (found.event and found.problem)
    assert found.custom_id in ("", "4.1.2")


# -- the endpoints -----------------------------------------------------------------------------------------------------


def talk(server: BatchServer, what: Callable[[Batches], Awaitable[T]], **more: Any) -> T:
    async def session() -> T:
        service = Batches(LINES, base_url=server.base_url, key=KEY, **more)
        try:
            return await what(service)
        finally:
            await service.aclose()

    return asyncio.run(session())


def calls(tmp_path: Path, count: int = 1) -> Path:
    path = tmp_path / "selfgen-x.jsonl"
    lines = [{"custom_id": f"{n}.0.0", "body": {"model": "m"}} for n in range(count)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_batch_goes_its_way(tmp_path: Path) -> None:
    async def go(service: Batches) -> list[str]:
        handle = await service.upload("selfgen-x", calls(tmp_path, 3))
        batch = await service.start("selfgen-x", handle)
        words = [(await service.look(batch)).word for _ in range(3)]
        data = b"".join([piece async for piece in service.fetch(batch)])
        assert len(data.splitlines()) == 3
        await service.discard(batch, handle)
        await service.discard(batch, handle)
        return words

    with BatchServer(lambda body: "yes", key=KEY, looks=2) as server:
        assert talk(server, go) == ["in_progress", "in_progress", "completed"]
        assert server.files == {}
        assert server.batches["batch_1"]["metadata"] == {"selfgen": "selfgen-x"}


def test_a_batch_is_found_on_a_later_page(tmp_path: Path) -> None:
    async def go(service: Batches) -> list[str]:
        for n in range(5):
            handle = await service.upload(f"selfgen-{n}", calls(tmp_path))
            await service.start(f"selfgen-{n}", handle)
        found = [await service.find("selfgen-0", ""), await service.find("", "file-1"), await service.find("no", "no")]
        return [*found, await service.find_upload("selfgen-0"), await service.find_upload("selfgen")]

    with BatchServer(lambda body: "yes", page=2) as server:
        assert talk(server, go) == ["batch_1", "batch_1", "", "file-1", ""]


def test_a_list_that_turns_in_circles_ends() -> None:
    with BatchServer(lambda body: "yes") as server:
        server.listing = lambda rows, query: {"data": [{"id": "batch_9"}], "has_more": True}  # type: ignore[method-assign]
        assert talk(server, lambda service: service.find("selfgen-x", "file")) == ""
        assert server.asked.total() == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (503, Overloaded),
        (500, Transient),
        ("reset", CallError),
        (401, NotAuthorised),
        (404, BadConfig),
        (302, BadConfig),
    ],
)
def test_what_passes_and_what_lasts(fault: int | str, kind: type[SelfgenError]) -> None:
    with BatchServer(lambda body: "yes") as server:
        server.meet = lambda method, path: fault
        with pytest.raises(kind) as told:
            talk(server, lambda service: service.start("selfgen-x", "file-1"))
        assert isinstance(told.value, CallError) == (kind in (Overloaded, Transient, CallError))
        assert "CANARY" not in str(told.value)


def test_a_service_that_hangs_is_not_waited_for_for_ever() -> None:
    with BatchServer(lambda body: "yes") as server, server.lock, pytest.raises(Ambiguous):
        talk(server, lambda service: service.look("batch_1"), total_s=0.1)


def test_results_that_are_not_there_yet_are_waited_for(tmp_path: Path) -> None:
    async def go(service: Batches) -> list[bytes]:
        batch = await service.start("selfgen-x", await service.upload("selfgen-x", calls(tmp_path)))
        await service.look(batch)
        return [piece async for piece in service.fetch(batch)]

    with BatchServer(lambda body: "yes", looks=0) as server:
        server.meet = lambda method, path: 404 if path.endswith("/content") else None
        with pytest.raises(Transient, match="not there yet"):
            talk(server, go)


def test_the_environment_says_nothing_to_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ENVIRONMENT")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-ENVIRONMENT")
    heads: list[str] = []
    with BatchServer(lambda body: "yes") as server:
        handler: Any = server.RequestHandlerClass
        monkeypatch.setattr(handler, "log_request", lambda self, *_: heads.append(str(self.headers)))
        talk(server, lambda service: service.find("a", "b"))
    assert len(heads) == 1
    assert "ENVIRONMENT" not in heads[0]
    assert KEY in heads[0]


def test_a_key_does_not_travel_in_the_clear() -> None:
    with pytest.raises(BadConfig, match="in the clear"):
        Batches(LINES, base_url="http://batch.example/v1", key=KEY)


# -- run-batch ---------------------------------------------------------------------------------------------------------

STAND_IN = """
import json, sys, time
words = sys.argv[1:]
assert words[0] == "run-batch" and "--host" not in words and "--port" not in words, words
given = dict(zip(words[1::1], words[2::1]))
print("Running batch:  50% Completed | 1/2 [00:01<00:01, 1.0req/s]", flush=True)
mode = open(given["--model"] + "/mode").read()
if mode == "sleep":
    time.sleep(60)
if mode == "fail":
    print("ValueError: this model has no ears", flush=True)
    sys.exit(1)
with open(given["-o"], "w") as out:
    for line in open(given["-i"]):
        row = json.loads(line)
        body = {"model": row["body"]["model"], "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
        print(json.dumps({"custom_id": row["custom_id"], "response": {"status_code": 200, "body": body}}), file=out)
"""


def run_batch(tmp_path: Path, mode: str) -> tuple[VllmBatch, Path]:
    """Return a backend whose vllm is a script that behaves as `mode` says, and a file with one call."""
    model, script = tmp_path / "model", tmp_path / "vllm"
    model.mkdir(exist_ok=True)
    (model / "config.json").write_text("{}")
    (model / "mode").write_text(mode)
    script.write_text(f"#!{sys.executable}\n{STAND_IN}")
    script.chmod(0o755)
    line = LINES.encode(ASK)
    assert isinstance(line, bytes)
    path = tmp_path / "selfgen-x.jsonl"
    path.write_bytes(line + b"\n")
    backend = VllmBatch(LINES, str(model), log=tmp_path / "vllm.log", environment=os.environ, command=str(script))
    return backend, path


async def run_to_its_end(backend: VllmBatch, path: Path) -> tuple[Any, bytes]:
    batch = await backend.start("selfgen-x", await backend.upload("selfgen-x", path))
    while (standing := await backend.look(batch)).phase == "waiting":
        await asyncio.sleep(0.02)
    data = b"".join([piece async for piece in backend.fetch(batch)]) if standing.phase == "over" else b""
    await backend.discard(batch, str(path))
    await backend.aclose()
    return standing, data


def test_run_batch_reads_a_file_and_writes_one(tmp_path: Path) -> None:
    backend, path = run_batch(tmp_path, "work")
    standing, data = asyncio.run(run_to_its_end(backend, path))
    assert standing.phase == "over", standing
    event = backend.decode(data.strip(), {"4.1.2": ASK}).event
    assert isinstance(event, Answered)
    assert event.text == "hi"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model", "selfgen-x.jsonl", "vllm", "vllm.log"]


def test_run_batch_that_fails_says_why(tmp_path: Path) -> None:
    backend, path = run_batch(tmp_path, "fail")
    standing, _ = asyncio.run(run_to_its_end(backend, path))
    assert standing.phase == "failed"
    assert "this model has no ears" in standing.faults[0].what


def test_run_batch_ends_with_us_and_leaves_nothing(tmp_path: Path) -> None:
    async def go() -> None:
        backend, path = run_batch(tmp_path, "sleep")
        batch = await backend.start("selfgen-x", await backend.upload("selfgen-x", path))
        while not (standing := await backend.look(batch)).total:
            await asyncio.sleep(0.02)
        assert (standing.phase, standing.done, standing.total) == ("waiting", 1, 2)
        await backend.aclose()
        assert (await backend.look(batch)).phase == "lost"

    asyncio.run(asyncio.wait_for(go(), 30))
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(str(tmp_path).encode() in line for line in running)
