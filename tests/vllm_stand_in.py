"""A stand-in for the `vllm` executable: the log, the processes and the HTTP answers of `vllm serve`, without a model.

A witness: it imports nothing of selfgen. `install` writes an executable that runs this file. What it should do is told
by the environment, in words with commas between (STAND_IN), so that the command line stays what selfgen made of it; or
later by the file `wishes` in STAND_IN_FOLDER:

    fail=NAME      say what vLLM says in that case (FAILURES), and exit as it does
    no_template    refuse chats, complete texts         embeds         refuse both
    stubborn       ignore SIGTERM, children too         hang=N         hang while loading, at stage line N
    key=KEY        ask for that key                     die            die after the first answer
    reply          answer as stand_in.py does           slow=S         take so many seconds for such an answer
    dies=N         die once, in the Nth such call       also=NAME      have another model, too

Two children come with it, as EngineCore and its workers do: one in the same group, one in a session of its own. Who
they are, with which words it was started, and each call's path and key, is in the folder STAND_IN_FOLDER: pids,
argv.json, environ.json, calls.
"""

from __future__ import annotations

import http.server
import itertools
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

STAGES = (
    "(APIServer pid={pid}) INFO 11-21 09:00:01 [api_utils.py:286] non-default args: {{'port': {port}}}",
    "(APIServer pid={pid}) INFO 11-21 09:00:02 [model.py:733] Resolved architecture: PlainForCausalLM",
    "(EngineCore pid={pid}) INFO 11-21 09:00:03 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: x",
    "(EngineCore pid={pid}) INFO 11-21 09:00:04 [gpu_model_runner.py:5040] Starting to load model plain...",
    "\rLoading safetensors checkpoint shards:   0% Completed | 0/4 [00:00<?, ?it/s]"
    "\rLoading safetensors checkpoint shards:  50% Completed | 2/4 [00:01<00:01,  2.10it/s]",
    "(EngineCore pid={pid}) INFO 11-21 09:00:06 [default_loader.py:501] Loading weights took 2.04 seconds",
    "(EngineCore pid={pid}) INFO 11-21 09:00:07 [backends.py:1167] Dynamo bytecode transform time: 3.20 s",
    "(EngineCore pid={pid}) INFO 11-21 09:00:08 [gpu_worker.py:760] Available KV cache memory: 60.20 GiB",
    "\rCapturing CUDA graphs (decode, FULL):  30%|###       | 3/10 [00:00<00:00, 20.1it/s]",
    "(EngineCore pid={pid}) INFO 11-21 09:00:09 [core.py:402] init engine (profile, create kv cache, warmup model) took"
    " 5.04 s",
    "(APIServer pid={pid}) INFO 11-21 09:00:10 [entry.py:140] Starting vLLM server on http://127.0.0.1:{port}",
)
WORKER = "(EngineCore pid=9) ERROR 11-21 09:00:05 [core.py:1100] "
BEFORE = 'Traceback (most recent call last):\n  File "somewhere/engine.py", line 1, in start\n    self.load()\n'
FAILURES = {
    "option": (
        2,
        "usage: vllm [-h] [-v]\n            {serve} ...\nvllm: error: unrecognized arguments: --frobnicate 3",
    ),
    "value": (
        2,
        "usage: vllm serve [model_tag] [options]\nvllm serve: error: argument --max-model-len: invalid int: 'x'",
    ),
    "port": (1, BEFORE + "OSError: [Errno 98] Address already in use"),
    "engine": (1, WORKER + "Exception\n" + BEFORE + "RuntimeError: Engine core initialization failed. See root cause"),
    "unknown": (1, BEFORE + "ValueError: the moon is \x1b[31mnot\x1b[0m right\x07"),
    "silent": (3, ""),
    "killed": (-9, ""),
}


def main() -> None:
    folder = Path(os.environ["STAND_IN_FOLDER"])
    later = folder / "wishes"
    told = later.read_text() if later.exists() else os.environ.get("STAND_IN", "")
    wishes = dict(each.partition("=")[::2] for each in told.split(",") if each)
    (folder / "argv.json").write_text(json.dumps(sys.argv[1:]))
    (folder / "environ.json").write_text(json.dumps(dict(os.environ)))
    name = value_of("--served-model-name")
    if "stubborn" in wishes:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    own = [child(own_session=each, stubborn="stubborn" in wishes) for each in (False, True)]
    with (folder / "pids").open("a") as file:
        file.write("".join(f"{pid}\n" for pid in (os.getpid(), *own)))
    if sys.argv[1] == "run-batch":
        return run_batch(name, float(wishes.get("slow", 0)))
    port = int(value_of("--port"))
    for number, line in enumerate(STAGES):
        sys.stderr.write(line.format(pid=os.getpid(), port=port) + "\n")
        sys.stderr.flush()
        if wishes.get("hang") == str(number):
            time.sleep(600)
        if number == 3 and "fail" in wishes:
            fail(wishes["fail"])
    server = Server(("127.0.0.1", port), Handler)
    server.wishes, server.name = wishes, name
    if "reply" in wishes:
        server.reply = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))["reply"]
    server.serve_forever()


def run_batch(name: str, slow_s: float) -> None:
    """Work through a file of calls as stand_in.py answers, `slow_s` for each of them."""
    reply = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))["reply"]
    calls = [json.loads(line) for line in Path(value_of("-i")).read_text().splitlines()]
    rows = []
    for number, call in enumerate(calls, 1):
        time.sleep(slow_s)
        sys.stderr.write(
            f"Running batch: {number * 100 // len(calls)}% Completed | {number}/{len(calls)} [00:01<00:00]\n"
        )
        sys.stderr.flush()
        text, body = reply(call["body"]), call["body"]
        assert body["model"] == name
        said = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 7, "completion_tokens": len(text.split())}
        answer = {"status_code": 200, "body": {"model": name, "choices": [said], "usage": usage}}
        rows.append({"id": "r", "custom_id": call["custom_id"], "response": answer, "error": None})
    Path(value_of("-o")).write_text("".join(json.dumps(row) + "\n" for row in rows))
    os._exit(0)


def value_of(option: str) -> str:
    """Return the value of an option, as argparse would: the last one counts."""
    values = [sys.argv[place + 1] for place, word in enumerate(sys.argv) if word == option]
    values += [word.partition("=")[2] for word in sys.argv if word.startswith(f"{option}=")]
    return values[-1]


def child(*, own_session: bool, stubborn: bool) -> int:
    """Start a process that waits, and outlives its parent."""
    signals = "signal.signal(signal.SIGTERM, signal.SIG_IGN); " if stubborn else ""
    wait = f"import signal, time; {signals}print(flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", wait], stdout=subprocess.PIPE, start_new_session=own_session
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process.pid


def fail(name: str) -> None:
    code, words = FAILURES[name]
    sys.stderr.write(words + ("\n" if words else ""))
    sys.stderr.flush()
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


class Server(http.server.ThreadingHTTPServer):
    wishes: dict[str, str]
    name: str
    reply: Any = None
    allow_reuse_address = True
    request_queue_size = 128
    count = itertools.count(1)


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        listed = {"id": self.server.name, "object": "model", "owned_by": "vllm", "max_model_len": 2048}
        self.answer(200, {"object": "list", "data": [listed]})

    def do_POST(self) -> None:
        wishes = self.server.wishes
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with (Path(os.environ["STAND_IN_FOLDER"]) / "calls").open("a") as file:
            file.write(f"{self.path} {self.headers.get('Authorization')}\n")
        if wishes.get("key", "") and self.headers.get("Authorization") != f"Bearer {wishes['key']}":
            self.answer(401, {"error": "Unauthorized"})
        elif body.get("model") not in (self.server.name, wishes.get("also", self.server.name)):
            self.refuse(404, f"The model `{body.get('model')}` does not exist.")
        elif "embeds" in wishes:
            self.refuse(404, "The model does not support Chat Completions API")
        elif "no_template" in wishes and "chat" in self.path:
            self.refuse(400, "default chat template is no longer allowed, so you must provide a chat template")
        elif self.server.reply and body["max_tokens"] > 1:
            self.reply(body)
        else:
            part = {"message": {"role": "assistant", "content": "a"}} if "chat" in self.path else {"text": "a"}
            usage = {"prompt_tokens": 1, "completion_tokens": body["max_tokens"]}
            self.answer(200, {"choices": [{"index": 0, "finish_reason": "length", **part}], "usage": usage})
            if "die" in wishes:
                self.wfile.flush()
                os._exit(1)

    def reply(self, body: Any) -> None:
        """Answer one call of a run; to a schema that allows one word only, with that word."""
        wishes, died = self.server.wishes, Path(os.environ["STAND_IN_FOLDER"]) / "died"
        form = (body.get("response_format") or {}).get("json_schema", {}).get("schema", {}).get("properties", {})
        fixed = {name: each["enum"][0] for name, each in form.items() if "enum" in each}
        text = json.dumps(fixed) if form and len(fixed) == len(form) else self.server.reply(body)
        time.sleep(float(wishes.get("slow", 0)))
        if next(self.server.count) >= int(wishes.get("dies", 10**9)) and not died.exists():
            died.touch()
            os._exit(1)
        part = {"message": {"role": "assistant", "content": text}} if "chat" in self.path else {"text": text}
        usage = {"prompt_tokens": 11, "completion_tokens": len(text.split())}
        named = {"model": body["model"], "usage": usage}
        self.answer(200, {"choices": [{"index": 0, "finish_reason": "stop", **part}], **named})

    def refuse(self, status: int, message: str) -> None:
        self.answer(status, {"error": {"message": message, "type": "BadRequestError", "code": status}})

    def answer(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None: ...


def install(folder: Path) -> Path:
    """Write an executable named vllm into a folder, and a model beside it. Returns the executable."""
    folder.mkdir(parents=True, exist_ok=True)
    vllm = folder / "vllm"
    vllm.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{Path(__file__).resolve()}" "$@"\n')
    vllm.chmod(0o755)
    model = folder / "plain"
    model.mkdir(exist_ok=True)
    (model / "config.json").write_text('{"max_position_embeddings": 4096}')
    return vllm


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


if __name__ == "__main__":
    main()
