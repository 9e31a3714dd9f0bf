"""The desk of a session, on a clock of its own: what it says, obeys, refuses and tells; and how a view shows it."""

from __future__ import annotations

import io
import json
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from selfgen.assemble.live import Desk
from selfgen.assemble.observe import Observer, Pace, Sample, clean
from selfgen.assemble.orders import SETTABLE, parse_settings, read_changes
from selfgen.assemble.session import Progress
from selfgen.assemble.stall import NO_RECORD_S, NO_SERVER_S, Stall
from selfgen.cli import live as view
from selfgen.cli.live import Log
from selfgen.cli.page import lane_lines, log_line, panel, path_line, rate
from selfgen.config import RunConfig, build
from selfgen.core.budget import Bill, Price, Prices, Spending, Tokens
from selfgen.core.ports import LaneRow
from selfgen.core.replay import NoGates
from selfgen.core.tally import Policy, Stop, TurnCount
from selfgen.core.tasks import Task
from selfgen.core.work import Answered, Ask, Refused, Usage
from selfgen.errors import NotAuthorised, Paused, UsageError
from selfgen.executors.stream import Cut, Ending, Snapshot, Stream
from selfgen.store.control import give, new_order
from selfgen.store.journal import Writer
from selfgen.store.live import Live, read_live
from selfgen.store.run_dir import RunDir
from selfgen.webhooks.texts import say
from tests.core.world import new_machine
from tests.webhooks.ear import SECRET, Ear, listening

LANES = (
    LaneRow("http://a/v1", "", 60, 64, 1000, 5120.4, ((0.0, 16, "start"), (63.0, 64, "a clean round"))),
    LaneRow("http://b/v1", "away since 0:03:10", 0, 16, 10, 0.0, ()),
)


class Pinned:
    """A model whose limit can be set, and that tells what it was set to."""

    def __init__(self) -> None:
        self.pins: list[int | None] = []

    async def answer(self, ask: Ask) -> Answered | Refused:
        raise AssertionError

    def room(self) -> int:
        return 0

    def state(self) -> str:
        return ""

    def pin(self, limit: int | None) -> None:
        self.pins.append(limit)

    async def aclose(self) -> None: ...


@dataclass
class Asked:
    """An executor that writes down what it is asked."""

    what: list[str] = field(default_factory=list)

    def drain(self) -> None:
        self.what.append("drain")

    def abandon(self) -> None:
        self.what.append("abandon")

    def wake(self) -> None:
        self.what.append("wake")


class Office:
    """A run folder, a desk in it, and everything around the desk written down."""

    def __init__(self, folder: Path, environment: dict[str, str], **settings: object) -> None:
        self.run = RunDir(folder / "mine")
        self.run.create()
        self.now_s = 1000.0
        self.notes: list[tuple[str, str]] = []
        self.changes: list[RunConfig] = []
        self.controls, self.model = Asked(), Pinned()
        self.config = build({"propose": {"model": "tiny"}, "lang": "en", "target": 20} | settings, "test")
        self.machine = new_machine(Policy(target=20))
        self.snapshot = Snapshot(3, (), False)
        self.desk = Desk(
            self.run, self.config, environment, self.controls,
            note=lambda kind, text: self.notes.append((kind, text)), change=self.changes.append,
            clock=lambda: self.now_s,
        )  # fmt: skip

    def progress(self) -> Progress:
        last = Task("t1", "Say \x1b[31mred\u202e\nnow. " + "x" * 500, "", "")
        return Progress(self.machine, {"propose": self.model}, self.snapshot, last, 0, Spending())  # type: ignore[dict-item]

    def tick(self, seconds: float = 0.2) -> Live | None:
        self.now_s += seconds
        self.desk.tick(self.progress())
        return read_live(self.run)

    def order(self, action: str, **settings: str) -> tuple[bool, str]:
        live = self.tick()
        assert live is not None
        order = new_order(live.session, action, settings)
        give(self.run, order)
        live = self.tick()
        assert live is not None
        (reply,) = [reply for reply in live.replies if reply.id == order.id]
        assert not self.run.control.exists()
        return reply.obeyed, reply.text


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as ear:
        yield ear


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, {})


def test_a_word_about_once_a_second_and_none_behind_the_end(office: Office) -> None:
    seen = {live.at for _ in range(26) if (live := office.tick(0.2))}
    assert 4 <= len(seen) <= 6
    live = read_live(office.run)
    assert live is not None
    assert (live.kept, live.target, live.calls_in_flight, live.pid) == (0, 20, 3, os.getpid())
    assert not set(live.last) & set("\x1b\u202e\n")
    assert len(live.last) <= 200
    office.desk.closing(Cut.INTERRUPTED)
    assert os.listdir(office.run.path) == []


def test_stopping(office: Office) -> None:
    assert office.order("drain") == (True, "no new calls; waiting for those in flight")
    assert office.order("abandon") == (True, "stopping at once")
    assert office.controls.what == ["drain", "abandon"]
    assert [kind for kind, _ in office.notes] == ["control", "control"]


def test_setting_concurrency(office: Office) -> None:
    assert office.order("set", concurrency="64") == (True, "concurrency=64")
    assert office.order("set", concurrency="auto") == (True, "concurrency=auto")
    assert office.model.pins == [64, None]
    assert [config.calls.concurrency for config in office.changes] == [64, "auto"]
    assert office.controls.what == ["wake", "wake"]
    assert ("control", "set while at work: concurrency=64") in office.notes


def test_setting_policy(office: Office) -> None:
    office.order("set", target="50", max_calls="900", max_tokens="1000000")
    office.order("set", max_calls="none")
    first, second = office.changes
    assert (first.target, first.limits.max_calls, first.limits.max_tokens) == (50, 900, 1_000_000)
    assert (second.target, second.limits.max_calls, second.limits.max_tokens) == (50, None, 1_000_000)
    assert office.model.pins == []


def test_a_budget_in_money_needs_prices(tmp_path: Path) -> None:
    office = Office(tmp_path, {}, prices={"prompt": 1, "completion": 2})
    assert office.order("set", max_cost="12.50") == (True, "max_cost=12.50")
    assert office.changes[0].limits.max_cost == Decimal("12.50")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"concurrency": "0"}, "calls at once"),
        ({"concurrency": "64; rm -rf /"}, "calls at once"),
        ({"concurrency": "2000"}, "max_concurrency, 1024"),
        ({"max_cost": "5"}, "needs prices"),
        ({"max_cost": "-5"}, "so much money"),
        ({"max_cost": "1e9999"}, "so much money"),
        ({"target": "auto"}, "records wanted"),
        ({"seed": "7"}, "'seed' cannot be set"),
        ({"__class__": "7"}, "cannot be set"),
        ({"max_calls": "900", "max_tokens": "many"}, "so many tokens"),
        ({}, "nothing to set"),
    ],
)
def test_what_a_session_refuses_changes_nothing(office: Office, settings: dict[str, str], why: str) -> None:
    obeyed, text = office.order("set", **settings)
    assert not obeyed
    assert why in text
    assert (office.changes, office.model.pins, office.controls.what) == ([], [], [])


def test_a_target_that_is_there_already_and_a_session_about_to_end(office: Office) -> None:
    office.machine.tally.kept = 7
    assert office.order("set", target="7")[1] == "target=7: the run has 7 records already; stop it to end it there"
    office.machine.tally.kept = 0
    office.snapshot = Snapshot(3, (), True)
    assert office.order("set", target="70") == (False, "the session is about to end")
    assert office.changes == []


def test_a_model_without_a_limit_to_set(office: Office) -> None:
    office.model = object()  # type: ignore[assignment]
    assert "cannot be changed" in office.order("set", concurrency="4")[1]


def test_hostile_files_are_noted_not_too_often_and_never_obeyed(office: Office) -> None:
    for number in range(50):
        office.run.control.write_text(f'{{"id": {number}}}')
        office.tick()
    assert 1 < len(office.notes) <= 20
    assert all(text.startswith("control.json was ignored: ") for _, text in office.notes)
    assert office.controls.what == []


def test_the_same_order_twice_is_obeyed_once(office: Office) -> None:
    live = office.tick()
    assert live is not None
    order = new_order(live.session, "abandon")
    for _ in range(2):
        give(office.run, order)
        office.tick()
    assert office.controls.what == ["abandon"]


def test_a_disk_that_takes_no_word_is_noted_once(office: Office) -> None:
    office.run.live.mkdir()
    for _ in range(20):
        office.tick(1.0)
    assert len([text for kind, text in office.notes if "live.json cannot be written" in text]) == 1
    office.run.live.rmdir()
    assert office.tick(1.0) is not None


# -- telling elsewhere ------------------------------------------------------------------------------------------------


def hooked(folder: Path, ear: Ear, **more: object) -> Office:
    return Office(folder, {"HOOK": ear.url}, webhooks=[{"url_env": "HOOK", **more}])


@pytest.mark.parametrize(
    ("end", "event", "said"),
    [
        (Stop.TARGET, "done", "The target is reached."),
        (Stop.BUDGET, "done", "The budget is used up."),
        (Stop.SATURATED, "done", "no longer writes enough new tasks"),
        (Cut.BUDGET, "done", "The budget is used up."),
        (Cut.TIME, "paused", "The time of this session is up."),
        (Paused("the quota is used up", todo=""), "paused", "the quota is used up"),
        (NotAuthorised("the key is refused", todo=""), "failed", "the key is refused"),
        (ZeroDivisionError("secret text of a model"), "failed", "ZeroDivisionError"),
    ],
)
def test_each_end_is_told(tmp_path: Path, ear: Ear, end: Ending | BaseException, event: str, said: str) -> None:
    office = hooked(tmp_path, ear)
    office.tick()
    office.desk.closing(end)
    ((_, body, _),) = ear.heard
    message = json.loads(body)
    assert message["event"] == event
    assert any(said in line for line in message["lines"])
    assert "secret text of a model" not in body.decode()
    assert f"selfgen {'show' if end is Stop.TARGET else 'resume'} " in message["lines"][-1]
    assert office.notes[-1] == ("webhook", f"HOOK (127.0.0.1) was told of {event!r}")


@pytest.mark.parametrize("end", [Cut.INTERRUPTED, Cut.SUBMITTED, KeyboardInterrupt(), None])
def test_an_end_that_a_person_made_is_told_to_nobody(tmp_path: Path, ear: Ear, end: Ending | BaseException) -> None:
    office = hooked(tmp_path, ear)
    office.tick()
    office.desk.closing(end)
    assert ear.heard == []


def test_who_does_not_want_to_hear_is_not_told(tmp_path: Path, ear: Ear) -> None:
    office = hooked(tmp_path, ear, on=["failed"])
    office.tick()
    office.desk.closing(Stop.TARGET)
    assert ear.heard == []


def test_trouble_with_webhooks_is_a_note_without_the_address(tmp_path: Path, ear: Ear) -> None:
    ear.answers = [403]
    hooks = [{"url_env": "HOOK"}, {"url_env": "NOT_SET"}, {"url_env": "BAD"}]
    office = Office(tmp_path, {"HOOK": ear.url, "BAD": f"http://example.com/{SECRET}"}, webhooks=hooks)
    office.tick()
    office.desk.closing(Stop.TARGET)
    told = "\n".join(text for _, text in office.notes)
    assert "HOOK (127.0.0.1) was not told of 'done': HTTP 403" in told
    assert "NOT_SET: the environment variable is not set" in told
    assert "BAD: plain http" in told
    assert SECRET not in told


def test_a_stall_is_told_once_and_in_the_language_of_the_run(tmp_path: Path, ear: Ear) -> None:
    office = Office(tmp_path, {"HOOK": ear.url}, lang="zh", webhooks=[{"url_env": "HOOK"}])
    office.snapshot = Snapshot(3, ("http://a is away",), False)
    for _ in range(20):
        office.tick(60.0)
    office.desk.closing(Cut.INTERRUPTED)
    ((_, body, _),) = ear.heard
    message = json.loads(body)
    assert message["event"] == "stalled"
    assert message["lines"][0] == f"{say('no_server', 'zh', 10)} http://a is away"
    assert [kind for kind, _ in office.notes].count("stalled") == 1


def test_a_batch_does_not_stall(tmp_path: Path) -> None:
    office = Office(tmp_path, {}, calls={"executor": "batch"})
    for _ in range(20):
        office.tick(600.0)
    assert office.notes == []


def test_stalls_begin_end_and_begin_again() -> None:
    stall = Stall()
    assert stall.look(0.0, 0, trouble=False) is None
    assert stall.look(NO_RECORD_S - 1, 0, trouble=False) is None
    assert stall.look(NO_RECORD_S, 0, trouble=False) == ("no_record", 15)
    assert stall.look(5000.0, 0, trouble=True) is None, "told once"
    assert stall.look(6000.0, 1, trouble=True) is None, "a record ends it"
    assert stall.look(6000.0 + NO_SERVER_S - 1, 1, trouble=True) is None
    assert stall.look(6000.0 + NO_SERVER_S, 1, trouble=True) == ("no_server", 10)


@given(st.lists(st.tuples(st.floats(0, 400), st.booleans(), st.booleans()), max_size=60))
def test_no_stall_where_records_come_and_none_is_told_twice(steps: list[tuple[float, bool, bool]]) -> None:
    stall, now_s, kept, record_s, told = Stall(), 0.0, 0, 0.0, False
    stall.look(now_s, kept, trouble=False)
    for seconds, record, trouble in steps:
        now_s += seconds
        if record:
            kept, record_s, told = kept + 1, now_s, False
        found = stall.look(now_s, kept, trouble=trouble)
        assert not (found and told)
        assert not (found and now_s - record_s < NO_SERVER_S)
        assert found or told or now_s - record_s < NO_RECORD_S
        told = told or found is not None


# -- what is shown ----------------------------------------------------------------------------------------------------


def observed(lanes: tuple[LaneRow, ...] = (), states: tuple[str, ...] = (), prices: Prices | None = None) -> Live:
    machine = new_machine(Policy(target=2000, max_calls=100))
    tokens = Tokens(Usage(1000, 500))
    machine.tally.add(TurnCount(500, (), (), (), (), 20, tokens))
    progress = Progress(machine, {}, Snapshot(60, states, False, lanes), None, 0, Spending(Bill(25, tokens)))
    return Observer("mine   self-instruct", "en", prices).look(progress, 5.0)


def test_the_rate_is_of_half_a_minute_or_of_twenty_records() -> None:
    pace = Pace()
    for second in range(601):
        pace.add(Sample(float(second), second * 10, second * 20, second * 100))
    assert pace.rates() == (10.0, 100.0, 0.5)
    for second in range(601, 631):
        pace.add(Sample(float(second), 6000, 12000 + second, 60000))
    records_per_s, _, acceptance = pace.rates()
    assert records_per_s < 1, "a change shows within half a minute"
    assert acceptance is not None
    slow = Pace()
    for minute in range(60):
        slow.add(Sample(60.0 * minute, minute, 2 * minute, minute))
    assert slow.rates()[0] == pytest.approx(1 / 60), "a slow run has a rate too"


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 50)), min_size=1, max_size=60))
def test_rates_are_finite_and_never_negative(steps: list[tuple[float, int]]) -> None:
    pace, now_s, kept = Pace(), 0.0, 0
    for seconds, more in steps:
        now_s, kept = now_s + seconds, kept + more
        pace.add(Sample(now_s, kept, kept * 2, kept))
        rates = pace.rates()
        assert 0 <= rates[0] < 1e6
        assert rates[2] in (None, 0.5)


def test_budgets_cost_and_servers_are_shown() -> None:
    prices = Prices(Price(), Price(), "€")
    live = observed(LANES, ("http://b/v1 is away",), prices)
    assert [(used.name, used.used, used.limit) for used in live.budgets] == [("max_calls", 25.0, 100.0)]
    assert live.tokens_per_s == 5120.4
    assert list(lane_lines(live.lanes)) == [
        "http://a/v1  60/64 calls  5,120 tokens/s; limit 64 since 0:01:03: a clean round",
        "http://b/v1  0/16 calls  0 tokens/s  ! away since 0:03:10",
    ]
    assert path_line(LANES[0]) == "http://a/v1: 0:00:00 16 (start), 0:01:03 64 (a clean round)"
    line = log_line(live, "12:00:00")
    assert line.startswith("12:00:00  kept 500/2,000 (25%)  rate 0.0/s  ETA ?  acceptance ?  in flight 60/80  ")
    assert "tokens 1,500" in line
    assert "cost €0.00" in line
    assert line.endswith("! http://b/v1 is away")
    console = Console(file=io.StringIO(), width=200, force_terminal=True, color_system=None)
    console.print(panel(live, 200, elsewhere=True))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "max_calls 25 of 100 (25%)" in shown
    assert "60/64 calls" in shown
    assert [rate(value) for value in (0.0, 12.34, 0.5, 0.001)] == ["0.0/s", "12.3/s", "30.0/min", "3.6/h"]


class Spread(Pinned):
    """A model over several servers."""

    def lane_rows(self) -> tuple[LaneRow, ...]:
        return LANES


def test_an_executor_shows_the_servers_of_each_model_once(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run.db")
    spread, other = Spread(), Pinned()
    shown = []
    for models in ({"propose": spread, "answer": spread}, {"propose": other, "answer": spread}):
        stream = Stream(new_machine(Policy(target=1)), NoGates(), models, writer, lambda retired: None)  # type: ignore[arg-type]
        shown.append(stream.snapshot().lanes)
    writer.close()
    assert shown == [LANES, LANES]


def log() -> tuple[Log, io.StringIO]:
    written = io.StringIO()
    return Log(Console(file=written, width=400)), written


def test_a_calm_log(monkeypatch: pytest.MonkeyPatch) -> None:
    logged, written = log()
    good, bad = observed(LANES), observed(LANES, ("http://b/v1 is away",))
    for second in range(0, 3700):
        logged.take(bad if 1000 <= second < 1040 else good, second / 1)
    lines = written.getvalue().splitlines()
    plain = [line for line in lines if "  ETA " in line]
    assert 120 <= len(plain) <= 130, "one every half minute, and one for each turn"
    assert sum("servers are back" in line for line in plain) == 1
    assert sum("! http://b/v1 is away" in line for line in plain) == 2
    (hour,) = [line for line in lines if "hour 1: " in line]
    assert "hour 1: 0 records, " in hour
    assert "servers in trouble for 0:00:40" in hour
    assert "limit 80" in hour
    assert hour.endswith("now 500 of 2,000, ETA ?")


def test_hours_count_what_came_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "LOG_EVERY_S", 1e9)
    logged, written = log()
    for half in range(5):
        live = replace(observed(), kept=100 * half, drafts=(400 * half, 100 * half, 100 * half, 0, 200 * half))
        logged.take(replace(live, completion_tokens=1000 * half), 1800.0 * half)
    hours = [line for line in written.getvalue().splitlines() if "hour " in line]
    assert len(hours) == 2
    for number, line in enumerate(hours, 1):
        assert f"hour {number}: 200 records, 50% of 400 drafts kept, 0 calls, 2,000 tokens written" in line


@given(st.text())
def test_model_text_is_one_clean_line(text: str) -> None:
    assert not {unicodedata.category(ch) for ch in clean(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


# -- settings as they are typed ---------------------------------------------------------------------------------------


def test_settings_as_typed() -> None:
    words = ["concurrency=auto", "max-calls=5", " target = 7 "]
    assert parse_settings(words) == {"concurrency": "auto", "max_calls": "5", "target": "7"}
    assert set(SETTABLE) == {change.name for change in read_changes(dict.fromkeys(SETTABLE, "5"))}


@pytest.mark.parametrize("words", [["concurrency"], ["=5"], ["x=1"], []])
def test_words_that_are_no_settings_list_those_there_are(words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(words)
    assert all(name in caught.value.todo for name in SETTABLE)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_slips_through(name: str, value: str) -> None:
    for each in (name, *SETTABLE):
        try:
            (change,) = read_changes({each: value})
        except UsageError:
            continue
        config = change.apply(RunConfig())
        assert RunConfig.model_validate(config.model_dump()) == config
