"""Looking ahead spares work and decides nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from selfgen.core.tasks import Draft
from selfgen.core.work import Judge
from selfgen.executors.ahead import Ahead


def batch(turn: int, stage: int = 0, size: int = 2) -> Judge:
    return Judge(turn, stage, tuple(Draft(f"t{turn}.{number}", f"draft {number}") for number in range(size)))


class Slow:
    """A look that begins when told, and notes what it saw."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()
        self.seen: list[tuple[int, list[str]]] = []

    def __call__(self, stage: int, drafts: Sequence[Draft]) -> None:
        self.begun.set()
        assert self.go.wait(10)
        self.seen.append((stage, [draft.id for draft in drafts]))


def test_a_batch_whose_look_has_begun_is_waited_for() -> None:
    look = Slow()
    ahead = Ahead(look, threads=1)
    ahead.put(batch(1))
    assert look.begun.wait(10)
    threading.Timer(0.05, look.go.set).start()
    ahead.settle(batch(1))
    assert look.seen == [(0, ["t1.0", "t1.1"])]
    ahead.close()


def test_a_batch_whose_look_has_not_begun_is_forgotten_and_those_behind_are_taken_together() -> None:
    look = Slow()
    ahead = Ahead(look, threads=1)
    ahead.put(batch(1))
    assert look.begun.wait(10)
    for turn in (2, 3, 4):
        ahead.put(batch(turn, size=1))
    ahead.put(batch(2, stage=1))
    ahead.settle(batch(3))
    look.go.set()
    ahead.settle(batch(1))
    for judge in (batch(4), batch(2), batch(2, stage=1)):
        while (judge.stage, judge.turn) in ahead._waiting:
            time.sleep(0.001)
        ahead.settle(judge)
    assert look.seen == [(0, ["t1.0", "t1.1"]), (0, ["t2.0", "t4.0"]), (1, ["t2.0", "t2.1"])]
    ahead.close()


def test_a_look_that_fails_leaves_the_batch_to_the_gate_and_the_threads_at_work() -> None:
    failed: list[str] = []

    def fail(stage: int, drafts: Sequence[Draft]) -> None:
        failed.append(drafts[0].id)
        raise ValueError("no")

    ahead = Ahead(fail, threads=2)
    for turn in range(20):
        ahead.put(batch(turn))
        while len(failed) <= turn:
            time.sleep(0.001)
        ahead.settle(batch(turn))
        assert not ahead._running
    ahead.close()
    assert failed == [f"t{turn}.0" for turn in range(20)]


@pytest.mark.parametrize("threads", [1, 3])
def test_closing_finishes_what_has_begun_and_drops_the_rest(threads: int) -> None:
    look = Slow()
    ahead = Ahead(look, threads)
    ahead.put(batch(1))
    assert look.begun.wait(10)
    for turn in range(2, 9):
        ahead.put(batch(turn, stage=turn))
    threading.Timer(0.05, look.go.set).start()
    ahead.close()
    assert len(look.seen) <= threads
    assert (0, ["t1.0", "t1.1"]) in look.seen
