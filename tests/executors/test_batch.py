"""The batch executor over a loopback service: the same bytes as streaming, and nothing paid twice, wherever it dies."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.tally import Stop
from selfgen.executors import batch_take
from tests.batch_server import BatchServer
from tests.executors.batch_runs import Died, Night, reply, streamed

STEPS = (
    "planned", "calls written", "intended", "uploaded", "upload recorded", "started", "id recorded", "looked",
    "fetched", "some journaled", "journaled", "discarded", "settled", "judged",
)  # fmt: skip
"""All steps that the executor names, in the order in which a batch meets them first."""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The dataset of the streaming executor with the same replies."""
    with BatchServer(reply) as server:
        return streamed(tmp_path_factory.mktemp("stream"), server)


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make events durable two at a time, so that a batch of four can die between them."""
    monkeypatch.setattr(batch_take, "TOGETHER", 2)


class DieAt:
    """Dies at the given occurrence of a step, once."""

    def __init__(self, name: str, occurrence: int) -> None:
        self.name, self.left = name, occurrence

    def __call__(self, name: str) -> None:
        self.left -= name == self.name
        if name == self.name and self.left == 0:
            raise Died(name)


def test_it_ends_with_the_same_bytes_as_streaming(tmp_path: Path, expected: list[str]) -> None:
    with BatchServer(reply) as server:
        night = Night(tmp_path, server)
        states: list[str] = []
        assert (
            night.session(lambda name: states.extend(night.batch.snapshot().states if night.batch else ()))
            is Stop.TARGET
        )
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}
        assert {"m"} in server.models
        assert {"n"} in server.models
        assert all(len(models) == 1 for models in server.models), "a file may hold calls of one model only"
        assert server.files == {}, "files are left at the service"
    assert tuple(dict.fromkeys(night.steps)) == STEPS
    assert not (tmp_path / "batches").exists()
    assert {value["state"] for value in night.ledger().values()} == {"settled"}
    assert any(state.startswith("batch of 2 calls: in_progress for 0 s, 2 done") for state in states)


def test_roles_of_one_model_share_files(tmp_path: Path) -> None:
    with BatchServer(reply) as server:
        night = Night(tmp_path, server, two_models=False, options={"batch_size": 1000})
        assert night.session() is Stop.TARGET
        assert night.dataset() == streamed(tmp_path, server, two_models=False)
        mixed = [value["calls"] for value in night.ledger().values()]
        assert len(mixed) == night.steps.count("planned") >= 4


@pytest.mark.parametrize(
    "occurrence", [2, pytest.param(1, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", STEPS)
def test_killed_at_each_step_it_pays_for_nothing_twice(
    tmp_path: Path, expected: list[str], name: str, occurrence: int
) -> None:
    with BatchServer(reply, key="sk-CANARY-0123456789") as server:
        night = Night(tmp_path, server)
        with pytest.raises(Died, match=name):
            night.session(DieAt(name, occurrence))
        before = night.events()
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}
        assert server.files == {}
        assert night.events()[: len(before)] == before
    assert not (tmp_path / "batches").exists()


@pytest.mark.parametrize("name", ["started", pytest.param("fetched", marks=pytest.mark.slow)])
def test_a_process_that_is_gone_is_followed_by_one_that_knows(tmp_path: Path, expected: list[str], name: str) -> None:
    """The same with a real end of a real process: nothing is flushed, nothing is closed."""
    with BatchServer(reply) as server:
        night = Night(tmp_path, server)
        child = os.fork()
        if child == 0:
            die = DieAt(name, 2)
            try:
                night.session(lambda step: die(step))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}


def test_a_batch_that_is_listed_late_is_found_all_the_same(tmp_path: Path, expected: list[str]) -> None:
    with BatchServer(reply) as server:
        night = Night(tmp_path, server)
        with pytest.raises(Died):
            night.session(DieAt("started", 2))
        server.unlisted = 1
        assert night.session() is Stop.TARGET
        assert server.unlisted == 0
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}
        assert "adopted" in night.notes()


def test_a_service_that_drops_metadata_is_known_by_its_files(tmp_path: Path, expected: list[str]) -> None:
    with BatchServer(reply) as server:
        server.metadata = False
        night = Night(tmp_path, server)
        with pytest.raises(Died):
            night.session(DieAt("started", 2))
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}


FAULTS = (503, 429, 500, "reset", "deaf")


def any_night(folder: Path, expected: list[str], seed: int) -> None:
    """A service that fails a tenth of all requests, batches with all kinds of fates, a process that dies often."""
    chance = random.Random(seed)
    with BatchServer(reply, looks=chance.randrange(3)) as server:
        server.chance = chance
        server.meet = lambda method, path: chance.choice(FAULTS) if chance.random() < 0.1 else None
        server.fates.extend(chance.choices(["completed", "expired", "cancelled", "crowded", "silent"], k=10))
        night = Night(folder, server)

        def step(name: str) -> None:
            if chance.random() < 0.03:
                raise Died(name)

        for _ in range(40):
            try:
                if night.session(step, wait=chance.random() < 0.7) is Stop.TARGET:
                    break
            except Died:
                continue
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}
        assert {value["state"] for value in night.ledger().values()} == {"settled"}


@pytest.mark.parametrize("seed", [1])
def test_whatever_the_service_does_and_wherever_it_dies(tmp_path: Path, expected: list[str], seed: int) -> None:
    any_night(tmp_path, expected, seed)


@pytest.mark.slow
@pytest.mark.timeout(600)
@given(seed=st.integers(3, 10**6))
@settings(max_examples=15, derandomize=True)
def test_any_night_ends_with_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, expected: list[str], seed: int
) -> None:
    any_night(tmp_path_factory.mktemp("night"), expected, seed)
