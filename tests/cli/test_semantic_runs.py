"""`--semantic` in whole runs: an embeddings server is asked once for each text, and its vectors lie beside the run."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.cli.shell import Shell
from tests.embedding_server import EmbeddingServer


@pytest.fixture
def vectors() -> Iterator[EmbeddingServer]:
    running = EmbeddingServer()
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


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
