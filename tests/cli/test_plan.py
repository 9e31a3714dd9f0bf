"""`selfgen plan`: the mathematics, and what a person sees."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import Run, new_machine

from selfgen.assemble.forecast import Basis, Forecast, Guess, Range, Seen, Way, rates, spread
from selfgen.cli.plan import about
from selfgen.core.budget import Price, Prices
from selfgen.core.tally import Policy
from tests.cli.shell import Shell
from tests.fault_server import FaultServer
from tests.stand_in import reply

PRICES = Prices(Price(Fraction(1), Fraction(2)), Price(Fraction(3), Fraction(4)), "$")
TURN = Seen(5, (8, 900, 100, 300, 200, 0, 100))
seen = st.builds(Seen, st.integers(0, 12), st.tuples(st.integers(1, 20), *(st.integers(0, 5000) for _ in range(6))))
bases = st.builds(
    Basis,
    st.lists(seen, min_size=1, max_size=30).map(tuple),
    st.integers(1, 500),
    grown=st.floats(0, 300),
    calls_per_s=st.none() | st.tuples(st.floats(0.01, 50), st.floats(0.01, 50)),
    guess=st.sampled_from([Guess(), Guess((0.5, 2), (1, 3), (0.4, 1.2))]),
)


def test_equal_turns_leave_only_the_pool_in_doubt() -> None:
    forecast = Forecast(Basis((TURN,) * 16, seeds=1000, calls_per_s=(2.0, 2.0)))
    need = forecast.need(10, PRICES)
    # Two turns bring 10 records; before the first has brought any, four are expected to be needed, and begin.
    assert need.calls.low == pytest.approx(4 * 8, rel=0.02)
    assert need.calls.high == pytest.approx(4 * 8, rel=0.02)
    assert need.tokens.middle == pytest.approx(4 * 1600, rel=0.02)
    assert need.cost is not None
    assert need.cost.middle == pytest.approx(4 * (1000 + 600 + 600 + 400) / 1e6, rel=0.02)
    assert need.hours is not None
    assert need.hours.middle == pytest.approx(4 * 8 / 2 / 3600, rel=0.02)


@given(st.integers(1, 80), st.integers(0, 10**6))
@settings(max_examples=20)
def test_turns_begin_in_a_forecast_as_in_the_machine(target: int, run_seed: int) -> None:
    """Given what each turn of a run brought, the forecast knows how many turns the run began."""
    machine = new_machine(Policy(target=target, window=10**6), run_seed)
    run = Run(machine)
    run.finish()
    begun = machine.tally.turns + machine.turns_in_flight
    turns = tuple(Seen(turn.count.kept, TURN.vector) for turn in run.retired)
    way = Way(tuple(float(turn.kept) for turn in turns), TURN.vector, fall=0.0, pool=1.0, calls_per_s=1.0)
    assert way.turns_begun(target, Basis(turns, 1, lag=machine.plan.lag)) == begun


def test_acceptance_falls_by_up_to_a_fifth_with_each_tenfold() -> None:
    """From 1,000 tasks on to 10,000 a turn brings its 5 records, and then 4 to 5."""
    forecast = Forecast(Basis((TURN,) * 4, seeds=1000 - 10))
    per_record = [forecast.need(10_000 + more, None).calls for more in (0, 100)]
    low, high = (getattr(per_record[1], end) - getattr(per_record[0], end) for end in ("low", "high"))
    assert 160 * 1.0 <= low < 170
    assert 160 * 1.2 < high <= 160 * 1.27


@given(bases, st.integers(1, 5000))
@settings(max_examples=15)
def test_what_a_forecast_says_fits_together(basis: Basis, records: int) -> None:
    forecast = Forecast(basis)
    need, more = forecast.need(records, PRICES), forecast.need(2 * records, PRICES)
    for small, large in ((need.calls, more.calls), (need.tokens, more.tokens), (need.cost, more.cost)):
        assert small is not None
        assert large is not None
        assert small.low <= small.middle <= small.high
        assert large.middle >= small.middle
    bought = forecast.records_for(need.calls.middle, lambda vector: vector[0])
    assert bought.middle > 0.65 * records - 2
    assert (forecast.records_in(1) is None) == (basis.calls_per_s is None) == (need.hours is None)
    assert Forecast(basis).need(records, PRICES) == need


def test_turns_that_brought_nothing_are_taken_to_have_brought_half_a_record() -> None:
    need = Forecast(Basis((Seen(0, TURN.vector),) * 10, seeds=10**9)).need(100, None)
    assert need.calls.middle == pytest.approx(100 * 20 * 8, rel=0.01)


def test_more_varied_turns_make_a_wider_range() -> None:
    even = Forecast(Basis((Seen(4, TURN.vector),) * 12, 100)).need(1000, None).calls
    varied = Forecast(Basis((Seen(0, TURN.vector), Seen(8, TURN.vector)) * 6, 100)).need(1000, None).calls
    assert varied.high - varied.low > 2 * (even.high - even.low)


def test_the_speed_lies_between_the_busy_time_and_all_of_it() -> None:
    """Four at once for ten seconds, and one that drags on to the thirtieth."""
    spans = [(float(start), float(start + 2)) for start in range(0, 10, 2) for _ in range(3)] + [(0.0, 30.0)]
    assert rates(spans) == (16 / 30, pytest.approx((15 + 1 / 3) / 10))
    assert rates([]) is None
    assert rates([(1.0, 1.0)]) is None


def test_a_range_leaves_out_the_outer_tenths() -> None:
    assert spread([float(each) for each in range(101)]) == Range(10.0, 50.0, 90.0)


@pytest.mark.parametrize(
    ("figure", "shown"),
    [(0.0123, "0.012"), (7, "7"), (12.3, "12"), (123, "120"), (1234, "1,200"), (9_960, "10k"), (123_456, "120k"),
     (9_990_000, "10M"), (1.26e9, "1.3G")],
)  # fmt: skip
def test_figures_are_no_more_precise_than_they_are_known(figure: float, shown: str) -> None:
    assert about(figure) == shown


# -- what a person sees ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seeds", "lang"), [("general_en", "en"), ("general_zh", "zh")])
def test_without_a_probe_nobody_is_asked_and_much_is_assumed(shell: Shell, seeds: str, lang: str) -> None:
    shown = shell(
        "plan", "--seeds", seeds, "--model", "somebody", "--base-url", "http://127.0.0.1:9/v1", "--target", 250
    )
    assert shown.code == 0
    assert "no server was asked" in shown.out
    assert f"plan: self-instruct, {lang}" in shown.out
    assert "\n250 " in shown.out
    assert "hours are unknown without a probe" in shown.out
    assert "--probe 16" in shown.err
    assert not Path("runs").exists()


def test_a_probe_asks_whole_turns_and_keeps_nothing(shell: Shell) -> None:
    words = ["--seeds", "seeds.jsonl", "--config", "settings.yaml", "--model", "tiny", "--target", 40]
    with FaultServer(reply=reply, latency_s=0.01) as server:
        before = set(Path().iterdir())
        shown = shell("plan", *words, "--base-url", server.base_url, "--probe", 6, "--prices", "1:2")
        asked = sum(server.answered.values())
    assert shown.code == 0, shown.all
    assert "probe: 6 turns" in shown.out
    assert "its replies are thrown away" in shown.out
    assert "cost $0." in shown.out
    assert "records after 1 h" in shown.out
    assert "6 turns are few" in shown.out
    command = f"selfgen run --seeds seeds.jsonl --model tiny --base-url {server.base_url} --target 40"
    assert f"next: {command} --config settings.yaml --prices 1:2 --max-tokens " in shown.err
    assert set(Path().iterdir()) == before
    assert asked >= 12


def test_a_plan_is_right_about_the_run(shell: Shell) -> None:
    """The same server, the same seeds: calls and tokens of the run within a fifth of the forecast."""
    words = ["--seeds", "seeds.jsonl", "--config", "settings.yaml", "--model", "tiny", "--target", 60]
    with FaultServer(reply=reply) as server:
        plan = json.loads(shell("plan", *words, "--base-url", server.base_url, "--probe", 24, "--json").out)
        assert shell("run", *words, "--base-url", server.base_url, "--out", "grown").code == 0
    need = next(need for need in plan["needs"] if need["records"] == 60)
    ran = shell("status", "grown").out
    calls = int(ran.split("all calls ")[1].split(",")[0])
    read, written = (int(part.split()[0].replace(",", "")) for part in ran.split("tokens ")[1].split(", ")[:2])
    assert need["calls"]["middle"] == pytest.approx(calls, rel=0.2)
    assert need["tokens"]["middle"] == pytest.approx(read + written, rel=0.2)


def test_the_limits_of_the_run_hold_for_its_probe(shell: Shell) -> None:
    words = ["--seeds", "seeds.jsonl", "--config", "settings.yaml", "--model", "tiny", "--probe", 50, "--max-calls", 30]
    with FaultServer(reply=reply) as server:
        shown = shell("plan", *words, "--base-url", server.base_url)
        assert sum(server.answered.values()) <= 30 + 5  # besides the probe, a server is asked what it can do
    assert shown.code == 0
    assert "max_calls ends it first" in shown.out


def test_a_plan_of_the_stand_in_is_measured_and_free(shell: Shell) -> None:
    plan = json.loads(shell("plan", "--seeds", "general_en", "--model", "mock", "--json").out)
    assert plan["measured"]
    assert plan["turns"] == 64
    assert plan["currency"] is None
    assert [need["records"] for need in plan["needs"]] == [100, 1000, 10000]
    assert plan["shortage"] is None


def test_a_probe_that_ends_before_its_first_turn_says_so(shell: Shell) -> None:
    words = ["--seeds", "seeds.jsonl", "--config", "settings.yaml", "--model", "tiny", "--probe", 4, "--max-calls", 1]
    with FaultServer(reply=reply) as server:
        shown = shell("plan", *words, "--base-url", server.base_url)
    assert shown.code == 75
    assert "before one turn was whole" in shown.err


def test_a_plan_starts_no_server(shell: Shell) -> None:
    shown = shell("plan", "--seeds", "seeds.jsonl", "--model", "vllm:somewhere", "--probe", 4)
    assert shown.code == 64
    assert "selfgen serve somewhere" in shown.err
    shown = shell("plan", "--seeds", "seeds.jsonl", "--model", "vllm:somewhere")
    assert shown.code == 0
    assert "next: selfgen serve somewhere " in shown.err


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["--max-calls", 100], "max_calls"),
        (["--max-tokens", 9000], "max_tokens"),
        (["--max-cost", "0.001", "--prices", "1:2"], "max_cost"),
    ],
)
def test_limits_count_without_a_probe_too(shell: Shell, words: list[object], name: str) -> None:
    """They end no look at the stand-in, which costs nothing; but they would end the run."""
    plan = json.loads(shell("plan", "--seeds", "seeds.jsonl", "--model", "somebody", *words, "--json").out)
    assert plan["turns"] == 64
    assert plan["shortage"]["limit"] == name
    assert 0 < plan["shortage"]["records"]["middle"] < 100


def test_a_limit_of_cost_needs_prices_in_a_plan_too(shell: Shell) -> None:
    shown = shell("plan", "--seeds", "seeds.jsonl", "--model", "somebody", "--max-cost", 5)
    assert shown.code == 78
    assert "nothing has a price" in shown.err


def test_several_servers_are_probed_and_named_in_what_comes_next(shell: Shell) -> None:
    more = ["--domain", "the sea", "--concurrency", 4, "--lang", "en", "--max-tokens", 10**6]
    with FaultServer(reply=reply, latency_s=0.01) as one, FaultServer(reply=reply, latency_s=0.01) as other:
        places = ["--base-url", one.base_url, "--base-url", other.base_url]
        words = ["--seeds", "seeds.jsonl", "--config", "settings.yaml", "--model", "tiny", "--target", 30]
        shown = shell("plan", *words, *places, *more, "--probe", 8)
        asked = [sum(server.answered.values()) for server in (one, other)]
    assert shown.code == 0, shown.all
    assert min(asked) > 5
    command = shown.err.split("next: selfgen run ")[1].split("   ")[0]
    for said in (" ".join(places), "--domain 'the sea'", "--concurrency 4", "--lang en"):
        assert said in command
    assert command.count("--max-tokens") == 1
    assert "1000000" not in command
    assert "--probe" not in command


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("words", [["--model", "mock", "--prices", "0.15:0.60"], ["--model", "m"]])
def test_a_plan_fits_a_terminal(shell: Shell, lang: str, words: list[str]) -> None:
    shown = shell("plan", "--seeds", f"general_{lang}", *words, "--target", 5000, "--until", "07:00")
    assert shown.code == 0
    assert max(map(len, shown.out.splitlines())) <= 84
