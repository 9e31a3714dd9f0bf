"""Whole runs against a real vLLM server, in English and Chinese, killed once in the middle, and checked from outside.

Needs SELFGEN_TEST_VLLM (a vllm executable) and SELFGEN_TEST_MODEL (the folder of a small chat model). Optional:
SELFGEN_TEST_SEEDS_EN and SELFGEN_TEST_SEEDS_ZH (self-instruct files; else the sets that ship), SELFGEN_TEST_TARGET_EN
and SELFGEN_TEST_TARGET_ZH (records wanted). The check of novelty is a witness: it imports nothing of selfgen.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import unicodedata
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from opencc import OpenCC
from rouge_score.rouge_scorer import RougeScorer

ROOT = Path(__file__).resolve().parent.parent.parent
VLLM, MODEL = os.environ.get("SELFGEN_TEST_VLLM", ""), os.environ.get("SELFGEN_TEST_MODEL", "")
LIMIT = 0.7
READY_S = 240
RUN_S = 1500


@dataclass(frozen=True, slots=True)
class Case:
    """One run to make. `seeds` is a self-instruct file."""

    lang: str
    seeds: Path
    target: int


def case(lang: str, target: int) -> Case:
    name = lang.upper()
    seeds = os.environ.get(f"SELFGEN_TEST_SEEDS_{name}") or ROOT / "seed_tasks" / f"general_{lang}.jsonl"
    return Case(lang, Path(seeds).resolve(), int(os.environ.get(f"SELFGEN_TEST_TARGET_{name}") or target))


# -- the server --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server in a process group of its own, wait until it is well, and leave nothing of it behind."""
    log, port = tmp_path_factory.mktemp("vllm") / "server.log", free_port()
    command = [VLLM, "serve", MODEL, "--served-model-name", "tiny-lm", "--port", str(port), "--max-model-len", "4096"]
    quiet = {"VLLM_CPU_KVCACHE_SPACE": "2", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    with log.open("wb") as sink:
        server = subprocess.Popen(
            command, stdout=sink, stderr=subprocess.STDOUT, env=os.environ | quiet, start_new_session=True
        )
    try:
        wait_until_well(server, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        stop_group(server)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_well(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"vllm (exit code {server.poll()}) is not ready after {READY_S} s:\n{tail(log)}")


def stop_group(server: subprocess.Popen[bytes]) -> None:
    """End the server and all its children: asked first, then made to."""
    for number, patience_s in ((signal.SIGTERM, 20), (signal.SIGKILL, 20)):
        try:
            os.killpg(server.pid, number)
            server.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            break
    server.wait(20)


def tail(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")[-4000:]


# -- the run -----------------------------------------------------------------------------------------------------------


def selfgen(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "selfgen", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("SELFGEN_", "OPENAI_"))}


def finish(arguments: Sequence[str], timeout_s: float = RUN_S) -> str:
    """Run a command to its end and return all that it said."""
    done = subprocess.run(
        arguments, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def kill_in_the_middle(arguments: Sequence[str], out: Path, log: Path, target: int) -> list[tuple[object, ...]]:
    """Start a run, SIGKILL it when a quarter of its records are there, and return what its journal holds."""
    until = time.monotonic() + RUN_S
    with log.open("wb") as sink:
        run = subprocess.Popen(arguments, cwd=ROOT, env=environment(), stdout=sink, stderr=subprocess.STDOUT)
    try:
        while len(lines(out / "dataset.jsonl")) < max(1, target // 4):
            assert run.poll() is None, f"it ended before it could be killed:\n{tail(log)}"
            assert time.monotonic() < until, tail(log)
            time.sleep(0.05)
    finally:
        run.kill()
        run.wait(20)
    return journal(out)


def journal(out: Path) -> list[tuple[object, ...]]:
    database = sqlite3.connect(out / "run.db")
    try:
        return database.execute("SELECT * FROM events ORDER BY rowid").fetchall()
    finally:
        database.close()


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


@pytest.mark.vllm
@pytest.mark.skipif(not (VLLM and MODEL), reason="set SELFGEN_TEST_VLLM (executable) and SELFGEN_TEST_MODEL (a folder)")
@pytest.mark.timeout(READY_S + 2 * RUN_S)
@pytest.mark.parametrize("wanted", [case("en", 40), case("zh", 20)], ids=lambda wanted: wanted.lang)
def test_a_run_on_a_real_server(tmp_path: Path, base_url: str, wanted: Case) -> None:
    out = tmp_path / "run"
    arguments = selfgen(
        "run", "--seeds", wanted.seeds, "--base-url", base_url, "--model", "tiny-lm", "--target", wanted.target,
        "--out", out,
    )  # fmt: skip
    before = kill_in_the_middle(arguments, out, tmp_path / "killed.log", wanted.target)
    said = finish(arguments)
    assert "continuing with" in said
    assert journal(out)[: len(before)] == before
    check_account(said)
    assert "FAIL" not in finish(selfgen("verify", out))
    records = [json.loads(line) for line in lines(out / "dataset.jsonl")]
    assert len(records) == wanted.target
    seeds = [json.loads(line)["instruction"] for line in lines(wanted.seeds)]
    instructions = [record["instruction"] for record in records]
    assert all(record["output"].strip() for record in records)
    assert too_close(instructions, seeds, character_similarity) == []
    if wanted.lang == "en":
        # A very small model strays into other scripts; those records the witness above has seen.
        plain = [*filter(is_plain, instructions)]
        assert len(plain) > wanted.target // 4
        assert too_close(plain, [*filter(is_plain, seeds)], rouge_similarity()) == []


def check_account(said: str) -> None:
    """The conservation line stands there, and it adds up."""
    words = r"drafts read ([\d,]+) = kept ([\d,]+) \+ rejected ([\d,]+) \+ lost ([\d,]+) \+ in flight ([\d,]+)"
    found = re.findall(words, said)
    assert len(found) == 1, said
    read, *rest = (int(number.replace(",", "")) for number in found[0])
    assert read == sum(rest) > 0


# -- the witness -------------------------------------------------------------------------------------------------------

Similarity = Callable[[str, str], float]
Pair = tuple[float, str, str]

_T2S = OpenCC("t2s")
_CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_TOKENS = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")


def too_close(records: Sequence[str], seeds: Sequence[str], similarity: Similarity) -> list[Pair]:
    """Compare every record with every seed and with every other record; return the pairs above the limit."""
    pairs = [(record, seed) for record in records for seed in seeds]
    pairs += [(record, other) for index, record in enumerate(records) for other in records[:index]]
    assert len(pairs) >= len(records) * len(seeds) > 0
    scored = ((similarity(one, other), one, other) for one, other in pairs)
    return [pair for pair in scored if pair[0] > LIMIT + 1e-9]


def is_plain(text: str) -> bool:
    """Tell whether all letters and digits are ASCII: rouge-score's own tokenizer does not see others."""
    return all(character.isascii() or not character.isalnum() for character in text)


def rouge_similarity() -> Similarity:
    """ROUGE-L F1 as the rouge-score package computes it, with its own tokenizer."""
    scorer = RougeScorer(["rougeL"])
    return lambda one, other: float(scorer.score(one, other)["rougeL"].fmeasure)


def character_similarity(one: str, other: str) -> float:
    """ROUGE-L F1 over single CJK characters and words of other scripts."""
    first, second = tokens(one), tokens(other)
    return 2 * common_subsequence(first, second) / max(1, len(first) + len(second))


def tokens(text: str) -> list[str]:
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return _TOKENS.findall(_T2S.convert(unicodedata.normalize("NFKC", visible).casefold()))


def common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, by the textbook's table."""
    row = [0] * (len(other) + 1)
    for left in one:
        diagonal = 0
        for column, right in enumerate(other, 1):
            diagonal, row[column] = row[column], diagonal + 1 if left == right else max(row[column], row[column - 1])
    return row[-1]


def test_the_witness_sees_what_is_close() -> None:
    zh = ["请把下面的句子翻译成英文。", "請把下面的句子翻譯成英文!", "推荐三部关于海洋的纪录片。"]
    assert too_close(zh[1:2], zh[:1], character_similarity) == [(1.0, zh[1], zh[0])]
    assert too_close(zh[2:], zh[:2], character_similarity) == []
    en = ["Name three rivers in France.", "Name three rivers in Spain.", "Write a poem about a clock."]
    for similarity in (rouge_similarity(), character_similarity):
        assert [(one, other) for _, one, other in too_close(en[1:], en[:1], similarity)] == [(en[1], en[0])]
    assert common_subsequence("abcbdab", "bdcaba") == 4
