"""Output tokens a second of a run beside `vllm bench serve`, on one real server with the same prompts and lengths.

A run finds its concurrency by itself. Then `vllm bench serve` sends the very prompts of that run, each with the length
that its reply had, at several fixed concurrencies. The first round of either only warms the server's caches.

Needs SELFGEN_TEST_VLLM (the executable), SELFGEN_TEST_MODEL (a small model) and SELFGEN_TEST_SEEDS_EN (seeds);
vLLM's bench needs pandas beside it (`pip install 'vllm[bench]'`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from selfgen.assemble.book import open_book
from selfgen.core.machine import Machine
from selfgen.core.tally import Stop
from selfgen.core.work import Answered, Event
from selfgen.store.journal import Reader
from selfgen.store.run_dir import RunDir
from tests.bench.common import start_selfgen, table, wait

CALLS = 600
FIXED = (64, 128, 256)
TOKENS = {"propose": 600, "answer": 300}


@contextmanager
def served(vllm: str, model: str, folder: Path) -> Iterator[str]:
    """Run `selfgen serve`; yields the base URL once it is ready."""
    import re

    command = [sys.executable, "-m", "selfgen", "serve", model, "--vllm-command", vllm, "--log", str(folder / "v.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(r"http://127\.0\.0\.1:\d+/v1", line):
                    yield found.group()
                    return
            raise RuntimeError("the server did not start")
        finally:
            process.terminate()


def grow(folder: Path, base_url: str, model: str, seeds: str) -> RunDir:
    """Run selfgen with free text, as bench serve sends it."""
    sampling = {role: {"max_tokens": most, "temperature": 0.9} for role, most in TOKENS.items()}
    sampling["propose"] |= {"model": model, "base_url": base_url}
    sampling["answer"] |= {"model": model, "base_url": base_url}
    settings = {"seeds": [seeds], "structured": "off", "target": 100_000, "saturation": {"floor": 0}} | sampling
    (folder / "run.json").write_text(json.dumps(settings))
    command = ["run", "--config", folder / "run.json", "--out", folder / "run", "--max-calls", CALLS]
    started = time.monotonic()
    wait(start_selfgen(*command), started, status=Stop.BUDGET.exit_code)
    return RunDir(folder / "run")


def calls_of(run: RunDir) -> list[tuple[str, int]]:
    """Return every prompt that was answered, and the tokens of its reply."""
    calls: list[tuple[str, int]] = []

    def look(machine: Machine, event: Event) -> None:
        if isinstance(event, Answered):
            messages = machine.render(event.id).messages
            calls.append(("\n\n".join(each.content for each in messages), event.usage.completion_tokens))

    open_book(run, look)
    return calls


def rates_of(run: RunDir) -> tuple[float, float, float]:
    """Return output tokens a second of a run from the first call to the last reply, the same between a third and
    nineteen twentieths of its replies, when the limit has found itself and the end has not begun; and its seconds."""
    with closing(Reader(run.database)) as reader:
        began = next(note.at for note in reader.notes() if note.kind == "started")
        timed = zip(reader.times(), reader.events(), strict=True)
        written = [(at, event.usage.completion_tokens) for at, event in timed if isinstance(event, Answered)]
    seconds = written[-1][0] - began
    middle = written[len(written) // 3 : len(written) * 19 // 20]
    settled = sum(tokens for _, tokens in middle[1:]) / (middle[-1][0] - middle[0][0])
    return sum(tokens for _, tokens in written) / seconds, settled, seconds


def bench(vllm: str, base_url: str, place: str, calls: list[tuple[str, int]], concurrency: int) -> float:
    """Return output tokens a second of `vllm bench serve` for these calls to the model in a folder."""
    model, tokenizer = Path(place).name, place
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [json.dumps({"prompt": prompt, "output_tokens": max(1, tokens)}) for prompt, tokens in calls]
        (folder / "prompts.jsonl").write_text("\n".join(rows) + "\n")
        command = [vllm, "bench", "serve", "--backend", "openai-chat", "--base-url", base_url.removesuffix("/v1")]
        command += ["--endpoint", "/v1/chat/completions", "--model", model, "--tokenizer", tokenizer, "--ignore-eos"]
        command += ["--dataset-name", "custom", "--dataset-path", str(folder / "prompts.jsonl"), "--skip-chat-template"]
        command += ["--custom-output-len", "-1", "--num-prompts", str(len(calls)), "--no-oversample", "--disable-tqdm"]
        command += ["--max-concurrency", str(concurrency), "--temperature", "0.9", "--save-result"]
        command += ["--result-dir", str(folder), "--result-filename", "result.json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
        if done.returncode:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        return float(json.loads((folder / "result.json").read_text())["output_throughput"])


def path_of(run: RunDir) -> str:
    """Return the limits that the run went through, as its last note about them says."""
    with closing(Reader(run.database)) as reader:
        return " ".join(note.text for note in reader.notes() if note.kind == "concurrency")


def main() -> None:
    missing = [name for name in ("VLLM", "MODEL", "SEEDS_EN") if not os.environ.get(f"SELFGEN_TEST_{name}")]
    if missing:
        print("not measured: set " + ", ".join(f"SELFGEN_TEST_{name}" for name in missing))
        return
    vllm, place, seeds = (os.environ[f"SELFGEN_TEST_{name}"] for name in ("VLLM", "MODEL", "SEEDS_EN"))
    model = Path(place).name
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(vllm, place, folder) as base_url:
            run = grow(folder, base_url, model, seeds)
            calls = calls_of(run)
            ours, settled, seconds = rates_of(run)
            rows: list[tuple[object, ...]] = []
            for fixed in FIXED:
                started = time.monotonic()
                theirs = bench(vllm, base_url, place, calls, fixed)
                rows.append((f"vllm bench serve, {fixed} at once", theirs, time.monotonic() - started, ours / theirs))
            best = max(float(str(row[1])) for row in rows)
            rows.append(("selfgen run, concurrency found by itself", ours, seconds, 1.0))
            rows.append(("  the same, once it is found", settled, "", ""))
        title = f"Output tokens a second, {len(calls)} calls of {sum(tokens for _, tokens in calls)} tokens"
        table(title, ("driver", "tokens/s", "seconds", "selfgen / this"), rows)
        print(f"selfgen / the best fixed concurrency: {ours / best:.3f}, once it is found {settled / best:.3f}")
        print(path_of(run))


if __name__ == "__main__":
    main()
