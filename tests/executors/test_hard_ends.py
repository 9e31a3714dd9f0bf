"""Sessions that end badly end at once, with the true reason, and keep what was received."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from selfgen.core.tally import Policy, Stop
from selfgen.core.tasks import Draft
from selfgen.core.work import Answered, Ask, CallId, Measure, Refused, Usage, Verdict
from selfgen.errors import NotAuthorised, SelfgenError, StoreFault
from selfgen.executors.stream import Cut, Snapshot, Stream
from selfgen.store.journal import Reader, Writer
from tests.core.world import answer, new_machine


class Answers:
    """A model of the small world; `sends` may raise, wait or answer."""

    def __init__(self, sends: Callable[[Ask], Answered | Refused] = answer, closes: Exception | None = None) -> None:
        self.sends, self.closes, self.asked = sends, closes, 0

    async def answer(self, ask: Ask) -> Answered | Refused:
        self.asked += 1
        return self.sends(ask)

    def room(self) -> int:
        return 4

    def state(self) -> str:
        return ""

    async def aclose(self) -> None:
        if self.closes:
            raise self.closes


class Away(Answers):
    """A server that never answers, and says so."""

    async def answer(self, ask: Ask) -> Answered | Refused:
        await asyncio.sleep(3600)
        raise AssertionError

    def state(self) -> str:
        return "server away"


class KeepAll:
    """Gates that keep every draft, with a measure that a test may spoil."""

    def __init__(self, value: float = 1.0) -> None:
        self.value = value

    def judge(self, stage: int, drafts: Sequence[Draft]) -> tuple[Verdict, ...]:
        return tuple(Verdict(draft.id, True, "", (Measure("m", self.value, 1.0, "u"),)) for draft in drafts)

    def ahead(self, stage: int, drafts: Sequence[Draft]) -> None: ...

    def recall(self, stage: int, drafts: Sequence[Draft], verdicts: Sequence[Verdict]) -> None: ...


def session(path: Path, model: Answers, gates: KeepAll | None = None, **options: object) -> tuple[Stream, Writer]:
    writer = Writer(path, linger_s=0)
    machine = new_machine(Policy(target=20))
    stream = Stream(
        machine, gates or KeepAll(), {"propose": model, "answer": model}, writer, lambda retired: None, **options
    )  # type: ignore[arg-type]
    return stream, writer


def events_in(path: Path) -> int:
    reader = Reader(path)
    try:
        return len(list(reader.events()))
    finally:
        reader.close()


def test_a_quiet_session_reaches_its_target(tmp_path: Path) -> None:
    stream, writer = session(tmp_path / "run.db", Answers())
    assert stream.run() is Stop.TARGET
    writer.close()
    assert events_in(tmp_path / "run.db") > 20


def test_a_run_does_not_depend_on_the_look_ahead(tmp_path: Path) -> None:
    """A look that fails is spared work that is done at the gate after all."""

    class Failing(KeepAll):
        looked = 0

        def ahead(self, stage: int, drafts: Sequence[Draft]) -> None:
            self.looked += 1
            raise RuntimeError("trouble while looking ahead")

    gates = Failing()
    stream, writer = session(tmp_path / "run.db", Answers(), gates)
    assert stream.run() is Stop.TARGET
    writer.close()
    assert gates.looked > 0


def test_a_verdict_that_cannot_be_written_ends_the_session_and_loses_no_reply(tmp_path: Path) -> None:
    model = Answers()
    stream, writer = session(tmp_path / "run.db", model, KeepAll(float("nan")))
    with pytest.raises(ValueError, match="Out of range"):
        stream.run()
    writer.close()
    assert events_in(tmp_path / "run.db") == model.asked


def test_a_full_disk_ends_the_session_with_its_own_fault(tmp_path: Path) -> None:
    stream, writer = session(tmp_path / "run.db", Answers())
    writer._database.execute("PRAGMA max_page_count=6")
    with pytest.raises(StoreFault, match="full"):
        stream.run()
    writer.close()


@pytest.mark.parametrize("closes", [None, RuntimeError("trouble while closing")])
def test_the_true_error_is_not_hidden_by_the_clean_up(tmp_path: Path, closes: Exception | None) -> None:
    def refuse(ask: Ask) -> Answered | Refused:
        raise NotAuthorised("the key is refused")

    stream, writer = session(tmp_path / "run.db", Answers(refuse, closes))
    with pytest.raises(NotAuthorised):
        stream.run()
    writer.close()


def test_a_view_that_fails_ends_the_session_with_its_error(tmp_path: Path) -> None:
    def spoil(snapshot: Snapshot) -> None:
        raise SelfgenError("the view broke")

    stream, writer = session(tmp_path / "run.db", Away(), watch=spoil)
    with pytest.raises(SelfgenError, match="the view broke"):
        stream.run()
    writer.close()


def test_the_hours_end_a_session_whose_server_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfgen.executors.stream.DRAIN_S", 0.3)
    stream, writer = session(tmp_path / "run.db", Away(), max_seconds=0.1)
    started = time.monotonic()
    assert stream.run() is Cut.TIME
    assert time.monotonic() - started < 10
    writer.close()


def test_events_are_kept_when_the_loop_is_gone(tmp_path: Path) -> None:
    """What was submitted when a session failed becomes durable on closing, though nobody listens any more."""
    stream, writer = session(tmp_path / "run.db", Answers())
    stream.run()
    before = events_in(tmp_path / "run.db")
    late = Answered(CallId(900, 0, 0), "x", "stop", Usage(), "m", "")
    writer.submit((late,), stream._on_durable)
    writer.close()
    assert events_in(tmp_path / "run.db") == before + 1
