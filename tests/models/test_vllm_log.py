"""Stages from log lines, and lines from a log file that grows."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.models.vllm_log import STARTING, Tail, clean, is_error, message_of, stage_after, stage_of
from tests.vllm_stand_in import STAGES

WORKER = "(Worker_TP1 pid=4711) INFO 11-21 12:30:30 [loader.py:501] "


def lines_of(*pieces: str) -> list[str]:
    return [line for piece in pieces for line in piece.split("\r") if line]


def test_a_whole_start_goes_through_all_stages() -> None:
    told, stage = [], STARTING
    for line in lines_of(*(each.format(pid=7, port=8123) for each in STAGES)):
        after = stage_after(stage, line)
        if after != stage:
            told.append(after.sentence)
        stage = after
    assert told == [
        "reading the configuration",
        "loading weights",
        "loading weights, 0 %",
        "loading weights, 50 %",
        "compiling",
        "allocating the KV cache",
        "capturing CUDA graphs, 30 %",
        "starting the API",
    ]


@pytest.mark.parametrize(
    ("line", "stage"),
    [
        ("Fetching 4 files:  25%|##5       | 1/4 [00:10<00:30, 10.1s/it]", "downloading the model, 25 %"),
        ("model-00001-of-00004.safetensors:  45%|####5     | 2.2G/4.9G", "downloading the model, 45 %"),
        (WORKER + "Starting to load model some/where...", "loading weights"),
        ("Loading pt checkpoint shards:  75% Completed | 3/4 [00:02<00:00]", "loading weights, 75 %"),
        ("Loading safetensors using Runai Model Streamer:   9% Completed | 3/33", "loading weights, 9 %"),
        (WORKER + "[backbone] Starting torch.compile", "compiling"),
        (WORKER + "[backbone] Compiling a graph for compile range (1, 8192) takes 12.10 s", "compiling"),
        (
            WORKER + "GPU KV cache size: 1,052,304 tokens, Maximum concurrency for 16,384 tokens",
            "allocating the KV cache",
        ),
        (WORKER + "Explicitly set (2.0/12.96) GiB for KV cache on node 0.", "allocating the KV cache"),
        ("Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  51%|#####  | 26/51", "capturing CUDA graphs, 51 %"),
        ("INFO:     Application startup complete.", "starting the API"),
    ],
)
def test_lines_and_the_stage_they_mean(line: str, stage: str) -> None:
    assert stage_of([line]).sentence == stage


@pytest.mark.parametrize(
    "line",
    [
        "",
        'INFO:     127.0.0.1:1234 - "POST /v1/chat/completions HTTP/1.1" 200 OK',
        WORKER + "The user wrote: Loading safetensors checkpoint shards:  45% Completed",
        WORKER + "Route: /v1/models, Methods: GET",
        "a text about Compiling a graph",
    ],
)
def test_other_lines_are_no_stage(line: str) -> None:
    assert stage_of([line]) == STARTING


def test_workers_that_lag_do_not_take_a_start_back() -> None:
    both = [
        "Loading safetensors checkpoint shards:  80% Completed | 4/5",
        "Loading safetensors checkpoint shards:  20% Com",
    ]
    assert stage_of(both).share == 0.8
    assert stage_of([*both, WORKER + "Loading weights took 2.0 seconds"]).share == 0.8
    assert stage_of([STAGES[-1].format(pid=1, port=2), *both]).name == "starting the API"


@given(st.lists(st.sampled_from([*lines_of(*STAGES), "Fetching 9 files:  10%|", "nothing"]), max_size=30))
def test_stages_only_go_forward(lines: list[str]) -> None:
    stage = STARTING
    for line in lines:
        after = stage_after(stage, line)
        assert (after.rank, after.share or 0.0) >= (stage.rank, stage.share or 0.0) or after.rank > stage.rank
        stage = after


def test_what_a_line_says() -> None:
    assert message_of("(EngineCore_DP0 pid=12) ERROR 11-21 12:30:30 [core.py:9] Broken (x pid=1)") == "Broken (x pid=1)"
    assert message_of("INFO 11-21 12:30:30 [core.py:9] [backbone] Hi") == "Hi"
    assert message_of("INFO:     Waiting") == "Waiting"
    assert message_of("ValueError: (ERROR) no") == "ValueError: (ERROR) no"
    assert is_error("(EngineCore pid=12) ERROR 11-21 12:30:30 [core.py:9] Broken")
    assert is_error("ERROR:    [Errno 98] error while attempting to bind on address")
    assert not is_error("(EngineCore pid=12) INFO 11-21 12:30:30 [core.py:9] ERROR in the text")
    assert clean("\x1b[1;31mred\x1b[0m \x1b]52;c;abcd\x07bell\x07\x00 é 你好\u202e") == "red bell   é 你好"


def test_a_log_is_read_as_it_grows(tmp_path: Path) -> None:
    log = tmp_path / "vllm.log"
    assert Tail(log, 0).read() == []
    log.write_bytes(b"an older start\n")
    tail = Tail(log, log.stat().st_size)
    with log.open("ab", buffering=0) as file:
        file.write(b"one\r\ntw")
        assert tail.read() == ["one"]
        file.write("o\rthree 你".encode()[:-1])
        assert tail.read() == ["two"]
        file.write("你".encode()[-1:] + b"\r\n\n\nfo")
        assert tail.read() == ["three 你"]
        file.write(b"ur")
    assert tail.finish() == ["four"]
    assert tail.finish() == []
    assert [*tail.lines] == ["one", "two", "three 你", "four"]
    log.write_bytes(b"new\n")
    assert tail.read() == ["new"]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_where_a_log_is_cut_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cuts: list[int]
) -> None:
    log = tmp_path_factory.mktemp("cut") / "log"
    log.write_bytes(data)
    whole = Tail(log, 0).finish()
    log.write_bytes(b"")
    tail = Tail(log, 0)
    found = []
    with log.open("ab", buffering=0) as file:
        for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), None], strict=True):
            file.write(data[start:end])
            found += tail.read()
    assert found + tail.finish() == whole


def test_of_a_log_without_end_the_end_is_read(tmp_path: Path) -> None:
    """Also of one to which somebody keeps writing faster than it is read."""
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.write(b"first\n")
        file.seek(1 << 30)
        file.write(b"\nlast words\n")
    tail = Tail(log, 0)
    begun_s = time.perf_counter()
    found = tail.finish()
    assert time.perf_counter() - begun_s < 20
    assert found[-1] == "last words"
    assert "first" not in found
    assert sum(map(len, found)) < 32 << 20


def test_a_log_that_grows_while_it_is_read_is_left_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x\n")
    tail = Tail(log, 0)
    read = Tail.read

    def grow(self: Tail) -> list[str]:
        with log.open("ab") as file:
            file.write(b"more\n")
        return read(self)

    monkeypatch.setattr(Tail, "read", grow)
    assert len(tail.finish()) < 100
