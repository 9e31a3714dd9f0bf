"""`--semantic` in whole runs: an embeddings server is asked once for each text, and its vectors lie beside the run."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.shell import Shell, own_process
from tests.embedding_server import EmbeddingServer


@contextmanager
def serving() -> Iterator[EmbeddingServer]:
    running = EmbeddingServer()
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


@pytest.fixture
def vectors() -> Iterator[EmbeddingServer]:
    with serving() as running:
        yield running


def grow(shell: Shell, wish: str, *more: object) -> list[object]:
    return [
        "run",
        "--seeds",
        "seeds.jsonl",
        "--model",
        "mock",
        "--target",
        8,
        "--semantic",
        wish,
        "--out",
        "grown",
        *more,
    ]


def asked(server: EmbeddingServer) -> Counter[str]:
    return Counter(text for body in server.asked for text in body["input"])


def test_a_resumed_run_asks_for_new_texts_only(shell: Shell, vectors: EmbeddingServer) -> None:
    wish = f"base_url={vectors.base_url},model=m,max=1"
    assert shell(*grow(shell, wish)).code == 0
    first = asked(vectors)
    (kept,) = (shell.folder / "grown" / "vectors").iterdir()
    assert kept.stat().st_size > 8 * (16 + 2 * 3 + 4)
    vectors.asked.clear()
    shown = shell("resume", "grown", "--target", 30)
    assert shown.code == 0, shown.all
    new = asked(vectors)
    assert new
    assert not new.keys() & first.keys()
    assert max(new.values()) == 1


def test_verifying_judges_again_without_the_server(shell: Shell, vectors: EmbeddingServer) -> None:
    assert shell(*grow(shell, f"base_url={vectors.base_url},model=m,max=1")).code == 0
    vectors.asked.clear()
    before = {path: path.read_bytes() for path in (shell.folder / "grown" / "vectors").iterdir()}
    shown = shell("verify", "grown")
    assert shown.code == 0, shown.all
    assert vectors.asked == []
    assert {path: path.read_bytes() for path in (shell.folder / "grown" / "vectors").iterdir()} == before


def test_lost_vectors_are_made_again(shell: Shell, vectors: EmbeddingServer) -> None:
    assert shell(*grow(shell, f"base_url={vectors.base_url},model=m,max=1")).code == 0
    dataset = (shell.folder / "grown" / "dataset.jsonl").read_bytes()
    for path in (shell.folder / "grown" / "vectors").iterdir():
        path.unlink()
    shown = shell("resume", "grown")
    assert shown.code == 0, shown.all
    assert (shell.folder / "grown" / "dataset.jsonl").read_bytes() == dataset


def test_a_run_goes_on_with_another_server_and_not_with_another_model(shell: Shell, vectors: EmbeddingServer) -> None:
    assert shell(*grow(shell, f"base_url={vectors.base_url},model=m,max=1")).code == 0
    vectors.asked.clear()
    with serving() as other:
        moved = f"base_url={other.base_url},model=m,max=1,batch=3,device=cpu,api_key_env=SOME_KEY"
        shown = shell(*grow(shell, moved, "--target", 30))
        assert shown.code == 0, shown.all
        assert "30 records" in shown.all
        assert asked(other)
        assert max(len(body["input"]) for body in other.asked) == 3
        assert vectors.asked == []
        before = (shell.folder / "grown" / "dataset.jsonl").read_bytes()
        for changed in ("model=another,max=1", "model=m,max=0.9", "model=m,max=1,prompt=query"):
            refused = shell(*grow(shell, f"base_url={other.base_url},{changed}", "--target", 40))
            assert refused.code == 78
            assert "filters.semantic" in refused.err
        assert (shell.folder / "grown" / "dataset.jsonl").read_bytes() == before


def test_a_server_that_is_gone_is_needed_for_new_texts_alone(shell: Shell) -> None:
    with serving() as server:
        assert shell(*grow(shell, f"base_url={server.base_url},model=m,max=1")).code == 0
    dataset = (shell.folder / "grown" / "dataset.jsonl").read_bytes()
    (shell.folder / "grown" / "dataset.jsonl").unlink()
    some = json.loads(dataset.splitlines()[0])["id"]
    shutil.move(shell.folder / "grown", shell.folder / "moved")
    for words in (("rebuild",), ("verify",), ("status",), ("show",), ("why", some), ("export", "--format", "alpaca")):
        shown = shell(words[0], "moved", *words[1:])
        assert shown.code == 0, shown.all
    assert (shell.folder / "moved" / "dataset.jsonl").read_bytes() == dataset
    assert shell("resume", "moved").code == 0


def test_a_model_that_does_not_know_the_language_is_told_of(shell: Shell, vectors: EmbeddingServer) -> None:
    shown = shell(*grow(shell, f"base_url={vectors.base_url},model=m,max=1"))
    assert "the embedding model does not know English" in shown.err


def test_a_server_that_is_not_there_ends_the_run_before_it_begins(shell: Shell) -> None:
    shown = shell(*grow(shell, "base_url=ftp://nowhere/v1,model=m"))
    assert shown.code == 78
    assert not (shell.folder / "grown").exists()


def test_without_the_filter_nobody_is_asked(shell: Shell) -> None:
    assert shell(*grow(shell, "off")).code == 0
    assert not (shell.folder / "grown" / "vectors").exists()


def test_an_interrupt_waits_for_no_embeddings_server(shell: Shell, vectors: EmbeddingServer) -> None:
    stuck, over = threading.Event(), threading.Event()

    def delay_s(body: dict[str, object]) -> float:
        if len(vectors.taken) >= 4:
            stuck.set()
            over.wait(60)
        return 0.0

    vectors.delay_s = delay_s
    process = own_process(shell.folder, *grow(shell, f"base_url={vectors.base_url},model=m,max=1", "--target", 300))
    try:
        assert stuck.wait(30)
        time.sleep(0.5)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert time.monotonic() - began < 5
        assert (process.returncode, "nothing is lost" in out + err) == (130, True)
    finally:
        over.set()
        process.kill()
        process.wait()
    shown = shell("resume", "grown", "--target", 20)
    assert shown.code == 0, shown.all
