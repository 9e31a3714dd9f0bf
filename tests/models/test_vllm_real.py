"""The real vLLM: started by `selfgen serve`, proved, and gone when selfgen is SIGKILLed; its engine killed and back.

Needs SELFGEN_TEST_VLLM (a vllm executable) and SELFGEN_TEST_MODEL (the folder of a small chat model)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from selfgen.models.vllm_guard import descendants
from selfgen.models.vllm_server import VllmServer
from tests.vllm_stand_in import is_gone

ROOT = Path(__file__).resolve().parents[2]
VLLM, MODEL = os.environ.get("SELFGEN_TEST_VLLM", ""), os.environ.get("SELFGEN_TEST_MODEL", "")
READY_S = 300
ARGS = ("--max-model-len", "1024")
pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(
        not (VLLM and MODEL), reason="set SELFGEN_TEST_VLLM (executable) and SELFGEN_TEST_MODEL (a folder)"
    ),
    pytest.mark.timeout(3 * READY_S),
]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SELFGEN_", "OPENAI_"))}
    return kept | {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}


def until(happened: Callable[[], object], patience_s: float = READY_S) -> None:
    end_s = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.1)


def titles(pids: Sequence[int]) -> str:
    return " ".join(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in pids)


def test_a_server_dies_with_selfgen(tmp_path: Path) -> None:
    words = ["-m", "selfgen", "serve", MODEL, "--name", "tiny", "--vllm-command", VLLM, "--vllm-args", " ".join(ARGS)]
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=tmp_path, env=environment(), text=True, stdout=subprocess.PIPE, stderr=said
        )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, (tmp_path / "said").read_text()
        body = {"model": "tiny", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}
        request = urllib.request.Request(
            f"{address}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            assert json.load(reply)["usage"]["completion_tokens"] > 0
        below = descendants(process.pid)
        assert "EngineCore" in titles(below)
        assert len(below) >= 4
    finally:
        process.kill()
        process.communicate()
    until(lambda: all(map(is_gone, below)), 30)
    for stage in ("reading the configuration", "loading weights", "allocating the KV cache", "proving it"):
        assert stage in (tmp_path / "said").read_text()


def test_an_engine_that_dies_comes_back_and_a_text_model_is_asked_for_texts(tmp_path: Path) -> None:
    model = tmp_path / "text-only"
    shutil.copytree(MODEL, model, copy_function=shutil.copyfile)
    (model / "chat_template.jinja").unlink(missing_ok=True)
    heard: list[str] = []
    server = VllmServer(
        str(model), log=tmp_path / "vllm.log", environment=environment(), command=VLLM, args=ARGS,
        tell=lambda kind, sentence: heard.append(sentence),
    )  # fmt: skip
    with server:
        server.start()
        server.wait_ready(READY_S)
        assert server.completions
        assert server.pid is not None
        first = descendants(server.pid)
        server.watch()
        os.kill(next(pid for pid in first if "EngineCore" in titles([pid])), signal.SIGKILL)
        until(lambda: any("is back" in sentence for sentence in heard))
        assert all(map(is_gone, first))
        assert "vLLM died (the engine of vLLM died)" in heard[0]
        second = descendants(server.pid)
    assert all(map(is_gone, second))
