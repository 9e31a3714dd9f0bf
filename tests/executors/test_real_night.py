"""A bad night on real vLLM: a server of our own that must leave nothing behind, engines killed and stopped, servers
lost. Afterwards the same replies, served in peace, must give the same bytes."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from selfgen.assemble.book import open_book
from selfgen.core.machine import Machine
from selfgen.core.work import Answered, Event
from selfgen.store.run_dir import RunDir
from tests.real_server import (
    MODEL,
    QUIET,
    ROOT,
    VLLM,
    RealServer,
    alive,
    children,
    environment,
    lines,
    needs_vllm,
    selfgen,
    start,
    wait_for,
)

NAME = Path(MODEL).name
SEEDS = Path(os.environ.get("SELFGEN_TEST_SEEDS_EN") or ROOT / "seed_tasks" / "general_en.jsonl").resolve()
TARGET = int(os.environ.get("SELFGEN_TEST_TARGET_NIGHT", "200"))
STOPPED_S = 60


def write_config(folder: Path, **places: Any) -> Path:
    """Short replies, held to their form by a grammar: a tiny model alone writes hardly any that can be read."""
    settings = {
        "seeds": [str(SEEDS)],
        "structured": "grammar",
        "saturation": {"floor": 0},
        "calls": {"send_seed": "off"},
        "propose": {"model": NAME, "max_tokens": 400, "temperature": 0.9} | places,
    }
    path = folder / "night.yaml"
    path.write_text(json.dumps(settings))
    return path


# -- a server of our own -----------------------------------------------------------------------------------------------


@pytest.mark.vllm
@needs_vllm
@pytest.mark.timeout(900)
def test_a_vllm_of_our_own_is_gone_when_the_run_is_also_after_sigkill(tmp_path: Path) -> None:
    out, log = tmp_path / "own", tmp_path / "own.log"
    settings = json.loads(write_config(tmp_path).read_text())
    settings["propose"]["model"] = f"vllm:{MODEL}"
    (tmp_path / "own.yaml").write_text(json.dumps(settings))
    command = selfgen("run", "--config", tmp_path / "own.yaml", "--out", out, "--target", 12)
    command += ["--vllm-command", VLLM, "--vllm-args", "--max-model-len 4096"]
    run = start(command, log, **QUIET)
    try:
        wait_for(lambda: len(lines(out / "dataset.jsonl")) >= 3 or run.poll() is not None, 400, log.read_text)
        assert run.poll() is None, log.read_text()
        ours = set(children(run.pid))
        assert len(ours) >= 3, "the guards, the server and its engine"
        run.kill()
        run.wait(20)
        wait_for(lambda: not ours & alive(), 60, lambda: f"left behind: {ours & alive()}")
    finally:
        run.kill()
    again = start(command, log, **QUIET)
    try:
        wait_for(lambda: len(children(again.pid)) >= 3 or again.poll() is not None, 60, log.read_text)
        ours = set()
        while again.poll() is None:
            ours |= set(children(again.pid))
            time.sleep(0.5)
    finally:
        again.kill()
        again.wait(20)
    assert again.returncode == 0, log.read_text()
    assert len(lines(out / "dataset.jsonl")) == 12
    assert (out / "vllm.log").stat().st_size > 0
    assert len(ours) >= 3
    wait_for(lambda: not ours & alive(), 20, lambda: f"left behind: {ours & alive()}")


# -- two servers and three blows ---------------------------------------------------------------------------------------


@pytest.mark.night
@needs_vllm
@pytest.mark.timeout(1500)
def test_a_bad_night_ends_with_the_bytes_of_a_quiet_one(tmp_path: Path) -> None:
    first, second = RealServer(tmp_path, "first"), RealServer(tmp_path, "second")
    out, log = tmp_path / "bad", tmp_path / "bad.log"
    try:
        first.start()
        first.wait()
        second.start()
        second.wait()
        config = write_config(tmp_path, endpoints=[{"url": first.base_url}, {"url": second.base_url}])
        # Few at once, so that the night is long enough for all that is to happen in it.
        run = start(selfgen("run", "--config", config, "--out", out, "--target", TARGET, "--concurrency", 4), log)
        try:
            strike(run, first, second, out, log)
            assert run.wait(900) == 0, log.read_text()
        finally:
            run.kill()
        replies = first.served() + second.served()
    finally:
        first.stop()
        second.stop()
    check_story(out)
    events = answered(out)
    assert events <= replies <= events + 60, f"{replies} replies were given for {events} in the journal"
    quiet = repeat_in_peace(out, tmp_path)
    for name in ("dataset.jsonl", "rejected.jsonl"):
        assert (quiet / name).read_bytes() == (out / name).read_bytes(), name
    assert len(lines(out / "dataset.jsonl")) == TARGET


def strike(run: subprocess.Popen[bytes], first: RealServer, second: RealServer, out: Path, log: Path) -> None:
    """Kill the first one's engine and start the server again; stop the second one's for a minute; then kill it."""

    def reach(records: int) -> None:
        wait_for(
            lambda: len(lines(out / "dataset.jsonl")) >= records or run.poll() is not None,
            400,
            lambda: log.read_text()[-6000:],
        )
        assert run.poll() is None, log.read_text()

    reach(TARGET // 20)
    os.kill(first.engine(), signal.SIGKILL)
    wait_for(first.gone, 60, first.said)
    first.start()
    reach(TARGET // 10)
    engine = second.engine()
    os.kill(engine, signal.SIGSTOP)
    try:
        time.sleep(5)
        assert second.health() == 200, "a stopped engine hides behind a healthy answer"
        time.sleep(STOPPED_S - 5)
    finally:
        os.kill(engine, signal.SIGCONT)
    first.wait()
    reach(TARGET // 3)
    second.stop()


def check_story(out: Path) -> None:
    """The journal's notes say in plain words that servers went away and came back."""
    with closing(sqlite3.connect(out / "run.db")) as database:
        notes = database.execute("SELECT kind, text FROM notes ORDER BY seq").fetchall()
    kinds = [kind for kind, _ in notes]
    assert kinds.count("away") >= 2, notes
    assert "back" in kinds, notes


def answered(out: Path) -> int:
    with closing(sqlite3.connect(out / "run.db")) as database:
        return int(database.execute("SELECT count(*) FROM events WHERE kind = 'answered'").fetchone()[0])


# -- the same replies in peace -----------------------------------------------------------------------------------------


def repeat_in_peace(bad: Path, folder: Path) -> Path:
    """Run again with a server that says what the real ones said, and return the new run folder."""
    said: dict[str, Answered] = {}

    def look(machine: Machine, event: Event) -> None:
        if isinstance(event, Answered):
            ask = machine.render(event.id)
            said[key([[each.role, each.content] for each in ask.messages], ask.sampling.max_tokens)] = event

    open_book(RunDir(bad), look)
    out = folder / "quiet"
    with quiet_server(said) as base_url:
        config = write_config(folder, base_url=base_url)
        done = subprocess.run(
            selfgen("run", "--config", config, "--out", out, "--target", TARGET, "--concurrency", 8),
            cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def proof(body: Any) -> str:
    """Keep to the grammar of a probe, which allows nothing but a word that was made up."""
    words = re.findall(r"[a-z]{12}", body.get("structured_outputs", {}).get("grammar", ""))
    return json.dumps({word: word for word in words[:1]}) if words else "ok"


def key(messages: list[list[str]], max_tokens: int) -> str:
    return json.dumps([messages, max_tokens], ensure_ascii=False)


@contextmanager
def quiet_server(said: dict[str, Answered]) -> Iterator[str]:
    """Answer from a table; what is not in it is a probe, or a call that no longer matters: that one waits for ever."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.endswith("/models"):
                self._send({"object": "list", "data": [{"id": NAME, "object": "model", "max_model_len": 4096}]})
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            messages = [[each["role"], each["content"]] for each in body["messages"]]
            reply = said.get(key(messages, body["max_tokens"]))
            if reply is None and body["max_tokens"] >= 400:
                over.wait(60)
                self.close_connection = True
                return
            text, finish, usage = proof(body), "stop", (5, 1)
            if reply is not None:
                text, finish = reply.text, reply.finish
                usage = (reply.usage.prompt_tokens, reply.usage.completion_tokens)
            counted = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
            message = {"role": "assistant", "content": text, "reasoning": reply.reasoning if reply else ""}
            choice = {"index": 0, "message": message, "finish_reason": finish}
            self._send({"id": "q", "object": "chat.completion", "model": NAME, "choices": [choice], "usage": counted})

        def _send(self, value: Any) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
