"""What batch services do to batches and to their results, and what the batch executor makes of it."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selfgen.core.budget import of_calls
from selfgen.core.tally import Policy, Stop
from selfgen.core.work import Answered, Prompt, Refused
from selfgen.errors import BadConfig, NoServer, NotAuthorised, Paused, StoreFault
from selfgen.executors import batch_files
from selfgen.executors.batch_port import Pace
from selfgen.executors.purse import Purse
from selfgen.executors.stream import Cut
from tests.batch_server import BatchServer, Body
from tests.executors.batch_runs import FAST, Died, Night, reply, streamed
from tests.executors.test_batch import DieAt


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    with BatchServer(reply) as server:
        return streamed(tmp_path_factory.mktemp("stream"), server)


def test_what_a_batch_leaves_open_is_asked_again(tmp_path: Path, expected: list[str]) -> None:
    fates = ["expired", "cancelled", "silent", "crowded"]
    with BatchServer(reply) as server:
        server.fates.extend(["completed", *fates])
        night = Night(tmp_path, server)
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}
        assert {*fates} < {batch["fate"] for batch in server.batches.values()}
        told = night.notes()
    assert "is crowded: token_limit_exceeded: no good" in told
    assert told.count("to ask again (batch_expired: too late)") == 2
    assert "0 results, 4 calls to ask again (no word of them)" in told or "0 results, 3 calls to ask again" in told


def test_a_batch_that_is_refused_names_file_and_line(tmp_path: Path, expected: list[str]) -> None:
    with BatchServer(reply) as server:
        server.fates.extend(["completed", "failed"])
        night = Night(tmp_path, server)
        with pytest.raises(
            BadConfig, match=r"batches/selfgen-test-0002-\w+\.jsonl:2: invalid_json_line: no good"
        ) as told:
            night.session()
        named = Path(str(told.value).split("\n")[1].partition(":2:")[0])
        assert json.loads(named.read_text().splitlines()[1])["method"] == "POST"
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}


def test_an_empty_account_pauses_the_run(tmp_path: Path, expected: list[str]) -> None:
    with BatchServer(reply) as server:
        server.fates.extend(["completed", "unpaid"])
        night = Night(tmp_path, server)
        with pytest.raises(Paused, match="account is empty"):
            night.session()
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected


def say(status: int, **error: str) -> Callable[[str, Body], Body]:
    """Replace a result by an error."""

    def change(name: str, row: Body) -> Body:
        response = {"status_code": status, "request_id": "q", "body": {"error": error}}
        return {**row, "response": response, "error": {"code": str(status), "message": "see response"}}

    return change


class Sometimes:
    """Changes the first `times` results of calls whose names are in `names`."""

    def __init__(self, names: set[str], times: int, change: Callable[[str, Body], Any]) -> None:
        self.names, self.times, self.change = names, times, change
        self.hits = 0

    def __call__(self, name: str, row: Body) -> Any:
        if name in self.names and self.hits < self.times:
            self.hits += 1
            return self.change(name, row)
        return row


ODD: tuple[Callable[[str, Body], Any], ...] = (
    say(500, message="engine"),
    say(429, message="slow down"),
    lambda name, row: None,
    lambda name, row: b"{ not json",
    lambda name, row: b"[" * 100_000,
    lambda name, row: b"[1, 2]",
    lambda name, row: {**row, "response": {"status_code": 200, "body": None}},
    lambda name, row: {**row, "response": "odd", "error": {"code": "odd"}},
    lambda name, row: {**row, "custom_id": "99.0.0"},
    lambda name, row: {**row, "custom_id": 7},
)


def test_a_line_that_is_no_answer_leaves_its_call_owed(tmp_path: Path, expected: list[str]) -> None:
    met: dict[str, int] = {}

    def line(name: str, row: Body) -> Any:
        """Spoil the first answer to each call, each in another way."""
        if name in met or len(met) >= 2 * len(ODD):
            return row
        met[name] = len(met) % len(ODD)
        return ODD[met[name]](name, row)

    with BatchServer(reply) as server:
        server.line = line
        night = Night(tmp_path, server)
        assert night.session() is Stop.TARGET
        assert set(met.values()) == set(range(len(ODD)))
        assert night.dataset() == expected


def test_a_line_that_is_too_long_is_passed_over(
    tmp_path: Path, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_files, "LONGEST_LINE", 4096)
    monkeypatch.setattr(batch_files, "_CHUNK", 100)
    with BatchServer(reply) as server:
        server.line = Sometimes({"1.0.0"}, 1, lambda name, row: {**row, "more": "x" * 10_000})
        night = Night(tmp_path, server)
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert "1 unreadable lines" in night.notes()


def test_doubled_and_foreign_lines_are_passed_over_and_told(tmp_path: Path, expected: list[str]) -> None:
    def twice(name: str, row: Body) -> bytes:
        other = json.loads(json.dumps(row).replace('"content": "', '"content": "other '))
        foreign = {**other, "custom_id": "77.1.0"}
        return b"\n".join(json.dumps(each).encode() for each in (foreign, row, other))

    with BatchServer(reply) as server:
        server.line = Sometimes({"0.0.0", "1.0.0"}, 2, twice)
        night = Night(tmp_path, server)
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert "2 doubled lines, 2 unknown lines" in night.notes()


def test_a_call_that_never_works_while_others_do_is_given_up(tmp_path: Path) -> None:
    with BatchServer(reply) as server:
        server.line = Sometimes({"1.0.0"}, 99, say(500, message="poison"))
        night = Night(tmp_path, server, options={"pace": Pace(**{**as_dict(FAST), "tries": 2})})
        assert night.session() is Stop.TARGET
        given_up = [event for event in night.events() if isinstance(event, Refused)]
        assert [(str(event.id), event.kind) for event in given_up] == [("1.0.0", "gave_up")]
        assert "poison" in given_up[0].detail


def as_dict(pace: Pace) -> dict[str, Any]:
    return {name: getattr(pace, name) for name in Pace.__dataclass_fields__}


def test_batches_that_bring_nothing_blame_no_call_and_pause(tmp_path: Path) -> None:
    with BatchServer(reply) as server:
        server.line = say(503, message="all is down")
        night = Night(tmp_path, server)
        with pytest.raises(Paused, match=r"5 batches in a row came to nothing.*all is down"):
            night.session()
        assert night.events() == []


def test_a_request_that_is_refused_is_an_event(tmp_path: Path) -> None:
    with BatchServer(reply) as server:
        server.line = Sometimes({"1.0.0"}, 99, say(400, message="too long", code="context_length_exceeded"))
        night = Night(tmp_path, server)
        assert night.session() is Stop.TARGET
        refused = [event for event in night.events() if isinstance(event, Refused)]
        assert [(str(event.id), event.kind) for event in refused][:1] == [("1.0.0", "context_length")]


def test_a_service_that_refuses_every_call_blames_the_set_up(tmp_path: Path) -> None:
    with BatchServer(reply) as server:
        server.line = say(400, message="top_k is no field", param="top_k")
        night = Night(tmp_path, server)
        with pytest.raises(BadConfig, match=r"refused every call so far, \d of them: 400 top_k is no field"):
            night.session()
        refused = [event for event in night.events() if isinstance(event, Refused)]
        assert len(refused) < 3, "the calls of the batch that proved it are still owed"


def test_a_faulty_set_up_ends_the_run_after_what_was_good_is_kept(tmp_path: Path, expected: list[str]) -> None:
    with BatchServer(reply) as server:
        server.line = Sometimes({"1.0.0"}, 1, say(404, message="no model of this name"))
        night = Night(tmp_path, server)
        with pytest.raises(BadConfig, match="no model of this name"):
            night.session()
        assert [str(event.id) for event in night.events() if isinstance(event, Answered)] == ["0.0.0"]
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}


# -- the service itself ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [503, "deaf", *(pytest.param(each, marks=pytest.mark.slow) for each in (429, 500, "reset"))]
)
def test_an_outage_is_waited_out(tmp_path: Path, expected: list[str], fault: int | str) -> None:
    left = {"POST /files": 2, "POST /batches": 2, "GET /batches/batch_2": 3, "GET /files": 1, "GET /batches": 1}

    def meet(method: str, path: str) -> int | str | None:
        left[f"{method} {path}"] = left.get(f"{method} {path}", 0) - 1
        return fault if left[f"{method} {path}"] >= 0 else None

    with BatchServer(reply) as server:
        server.meet = meet
        night = Night(tmp_path, server)
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}
        assert "held: the batch service is away" in night.notes()
        assert "back: the batch service is back" in night.notes()


def test_nobody_there_is_said_soon(tmp_path: Path) -> None:
    server = BatchServer(reply)
    server.server_close()
    with pytest.raises(NoServer, match="No batch service answers"):
        Night(tmp_path, server).session()


def test_a_refused_key_ends_the_run_in_plain_words(tmp_path: Path) -> None:
    with BatchServer(reply, key="sk-another") as server:
        with pytest.raises(NotAuthorised, match="refuses the key") as told:
            Night(tmp_path, server).session()
        assert "CANARY" not in str(told.value)


def test_a_batch_of_another_account_stops_the_run(tmp_path: Path) -> None:
    with BatchServer(reply) as server:
        night = Night(tmp_path, server)
        assert night.session(wait=False) is Cut.SUBMITTED
        server.batches.clear()
        with pytest.raises(BadConfig, match="does not show batch batch_1") as told:
            night.session()
        assert "another key" in told.value.todo


def test_a_run_that_moved_is_sent_back_to_its_batch(tmp_path: Path) -> None:
    with BatchServer(reply) as server, BatchServer(reply) as other:
        night = Night(tmp_path, server)
        assert night.session(wait=False) is Cut.SUBMITTED
        night.server = other
        with pytest.raises(BadConfig, match="a batch of this run"):
            night.session()
        assert other.asked == {}


def test_a_batch_that_asks_something_else_is_not_taken(tmp_path: Path) -> None:
    with BatchServer(reply) as server:
        night = Night(tmp_path, server)
        assert night.session(wait=False) is Cut.SUBMITTED
        import world

        class Other(world.WordRecipe):
            def ask(self, subject: Any) -> Prompt:
                return Prompt(tuple(super().ask(subject).messages) * 2)

        with pytest.raises(StoreFault, match="asks something else"):
            night.session(recipe=Other())


# -- leaving and coming back -------------------------------------------------------------------------------------------


def test_submit_and_exit_then_come_back(tmp_path: Path, expected: list[str]) -> None:
    with BatchServer(reply, looks=2) as server:
        night = Night(tmp_path, server)
        endings = [night.session(wait=False)]
        while endings[-1] is Cut.SUBMITTED:
            endings.append(night.session(wait=False))
        assert endings[-1] is Stop.TARGET
        assert len(endings) > 10
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_waiting_leaves_the_batches_at_work(
    tmp_path: Path, expected: list[str], number: signal.Signals
) -> None:
    with BatchServer(reply, looks=10**6) as server:
        night = Night(tmp_path, server, options={"pace": Pace(**{**as_dict(FAST), "poll_s": 60.0})})
        timer = threading.Timer(0.3, os.kill, (os.getpid(), number))
        timer.start()
        assert night.session() is Cut.SUBMITTED
        timer.join()
        for batch in server.batches.values():
            batch["looks"] = 0
        server.looks = 0
        assert night.session(pace=FAST) is Stop.TARGET
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}


def test_a_time_limit_ends_the_session(tmp_path: Path) -> None:
    with BatchServer(reply, looks=10**6) as server:
        assert Night(tmp_path, server).session(max_seconds=0.3) is Cut.TIME


def test_the_budget_cuts_a_batch_and_ends_the_session(tmp_path: Path, expected: list[str]) -> None:
    purse = Purse(lambda: (of_calls(3),))
    with BatchServer(reply) as server:
        night = Night(tmp_path, server)
        assert night.session(purse=purse) is Cut.BUDGET
        assert server.paid.total() == 3
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected
        assert set(server.paid.values()) == {1}


def test_at_the_target_what_still_runs_is_cancelled_and_taken_later(tmp_path: Path) -> None:
    with BatchServer(reply) as server:
        make = server.make

        def make_slowly(wish: Body) -> Body:
            """Have calls of even turns take their time."""
            call = json.loads(server.files[wish["input_file_id"]][1].splitlines()[0])["custom_id"]
            batch = make(wish)
            batch["looks"] = 9 * (1 - int(call.partition(".")[0]) % 2)
            return batch

        server.make = make_slowly  # type: ignore[method-assign]
        night = Night(tmp_path, server, Policy(target=8), options={"batch_size": 1})
        assert night.session() is Stop.TARGET
        cancelled = [batch for batch in server.batches.values() if batch["fate"] == "cancelled"]
        assert cancelled
        assert "the run needs no more" in night.notes()
        first = night.dataset()
        night.policy = Policy(target=11)
        assert night.session() is Stop.TARGET
        assert night.dataset()[: len(first)] == first
        assert set(server.paid.values()) == {1}
        assert cancelled[0]["status"] == "cancelled", "nobody came back for it"


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path, expected: list[str]) -> None:
    with BatchServer(reply) as server:
        night = Night(tmp_path, server)
        (tmp_path / "batches").write_text("a file is in the way")
        with pytest.raises(StoreFault, match="cannot be written"):
            night.session()
        (tmp_path / "batches").unlink()
        assert night.session() is Stop.TARGET
        assert night.dataset() == expected


def test_the_key_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    with BatchServer(reply, key="sk-CANARY-0123456789") as server:
        night = Night(tmp_path, server)
        with pytest.raises(Died):
            night.session(DieAt("fetched", 2))
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert len(files) >= 3
        assert not any(b"CANARY" in path.read_bytes() for path in files)
