"""Limits as a person sets them: read, held, shown, and widened again."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from fractions import Fraction
from pathlib import Path

import pytest
from world import WordRecipe

from selfgen.assemble.spent import Expenses
from selfgen.cli.words import cost_of, money, spent_lines
from selfgen.core.budget import Bill, Price, Prices, Spending, Tokens
from selfgen.core.work import Answered, CallId, Judged, Refused, Usage
from tests.cli.shell import Shell, own_process
from tests.fault_server import FaultServer
from tests.stand_in import reply

PRICES = Prices(Price(Fraction(3, 20), Fraction(3, 5)), Price(Fraction(3, 20), Fraction(3, 5)), "$")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--max-cost", "5"], "max_cost is 5, and nothing has a price"),
        (["--max-cost", "five", "--prices", "1:2"], "--max-cost five is no amount of money"),
        (["--max-cost", "0", "--prices", "1:2"], "--max-cost 0 is no amount of money"),
        (["--max-cost", "1e9", "--prices", "1:2"], "--max-cost 1e9 is no amount of money"),
        (["--prices", "1"], "--prices 1 are no prices"),
        (["--prices", "1:2:3:4"], "are no prices"),
        (["--prices", "-1:2"], "are no prices"),
        (["--prices", "1:"], "are no prices"),
        (["--answer-prices", "x:y"], "--answer-prices x:y are no prices"),
        (["--until", "25:00"], "--until 25:00 is no time of day"),
        (["--until", "7"], "--until 7 is no time of day"),
    ],
)
def test_what_makes_no_sense_is_named_before_anything_is_made(shell: Shell, words: list[str], says: str) -> None:
    shown = shell("run", "--seeds", "seeds.jsonl", "--model", "mock", "--out", "grown", *words)
    assert shown.code in (64, 78)
    assert says in shown.err
    assert not Path("grown").exists()


def test_two_currencies_are_refused(shell: Shell) -> None:
    shell.write("settings.yaml", "prices: {prompt: 1, currency: CNY}\nanswer_prices: {prompt: 2, currency: EUR}\n")
    shown = shell("run", "--seeds", "seeds.jsonl", "--config", "settings.yaml", "--model", "mock", "--out", "grown")
    assert shown.code == 78
    assert "prices are in CNY, answer_prices in EUR" in shown.err


def spent(text: str) -> tuple[int, int]:
    found = re.search(r"tokens ([\d,]+) read.*?, ([\d,]+) written", text)
    assert found
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_money_ends_a_run_and_more_of_it_goes_on(shell: Shell, lang: str) -> None:
    words = ["--seeds", f"general_{lang}", "--model", "mock", "--target", 10_000, "--prices", "0.15:0.60"]
    shown = shell("run", *words, "--max-cost", "0.01", "--currency", "CNY", "--out", "grown")
    assert shown.code == 10
    assert "the budget is used up" in shown.out
    read, written = spent(shown.out)
    cost = PRICES.cost(Tokens(Usage(read, written)))
    assert Fraction("0.007") < cost < Fraction("0.011")
    assert f"cost {money(cost, 'CNY')}" in shown.out
    assert re.search(r"used CNY 0\.0\d+ of CNY 0\.0100", shown.out)
    assert "next: selfgen resume grown --max-cost N" in shown.err
    small = Path("grown/dataset.jsonl").read_bytes()
    assert shell("resume", "grown", "--max-cost", "0.02").code == 10
    larger = Path("grown/dataset.jsonl").read_bytes()
    assert larger.startswith(small)
    assert len(larger) > len(small)
    at_once = shell("run", *words, "--max-cost", "0.02", "--out", "whole")
    assert at_once.code == 10
    whole = Path("whole/dataset.jsonl").read_bytes()
    assert whole.startswith(small)
    assert whole.startswith(larger) or larger.startswith(whole)
    assert shell("verify", "grown").code == 0


def test_the_same_budget_again_spends_nothing_more(shell: Shell, server: FaultServer) -> None:
    assert shell.run(server, "--max-calls", 20, target=5000).code == 10
    asked = sum(server.answered.values())
    assert asked <= 20
    again = shell.run(server, "--max-calls", 20, target=5000)
    assert again.code == 10
    assert sum(server.answered.values()) == asked


def test_a_budget_ends_a_run_in_the_same_place_whatever_the_concurrency(shell: Shell) -> None:
    with FaultServer(reply=reply, latency_s=0.002, sigma=1.0) as server:
        for number in (2, 16):
            out = f"run-{number}"
            words = ["--concurrency", number, "--max-tokens", 8_000, "--out", out]
            assert shell.run(server, *words, target=5000).code == 10
    data = sorted((Path(f"run-{n}/dataset.jsonl").read_bytes() for n in (2, 16)), key=len)
    assert data[0]
    assert data[1].startswith(data[0])


def test_calls_in_flight_at_a_kill_may_have_been_billed(shell: Shell) -> None:
    with FaultServer(reply=reply, latency_s=0.2) as server:
        command = shell.command(server, "--prices", "1:2", "--max-cost", "100", target=5000)
        with own_process(shell.folder, *command) as child:
            until = time.monotonic() + 30
            while sum(server.answered.values()) < 12 and time.monotonic() < until:
                time.sleep(0.01)
            child.kill()
            child.communicate()
        shown = shell("status", "grown")
        assert re.search(r"cost \$\d+\.\d+ known, \$\d+\.\d+ at most", shown.out), shown.out
        assert re.search(r"up to \d+ calls and [\d,]+ tokens more may have been billed without an answer", shown.out)
        database = sqlite3.connect("grown/run.db")
        kept = json.loads(database.execute("SELECT value FROM header WHERE name = 'spending'").fetchone()[0])
        database.close()
        assert kept["mark"][0] >= 8  # as many calls as were out at once
        assert kept["doubtful"] == [0] * 7
        assert shell("resume", "grown", "--target", 12).code == 0
        assert "at most" in shell("status", "grown").out


def test_without_prices_and_limits_nothing_is_written_down(shell: Shell, server: FaultServer) -> None:
    assert shell.run(server).code == 0
    database = sqlite3.connect("grown/run.db")
    assert database.execute("SELECT count(*) FROM header WHERE name = 'spending'").fetchone() == (0,)
    database.close()
    assert "at most" not in shell("status", "grown").out


def test_a_damaged_note_of_spending_is_named(shell: Shell, server: FaultServer) -> None:
    assert shell.run(server, "--prices", "1:2").code == 0
    shell.edit("update header set value = '{\"doubtful\":3}' where name = 'spending'")
    shown = shell("status", "grown")
    assert shown.code == 74
    assert "the journal's header is damaged: spending" in shown.err


def test_until_is_of_this_session_and_not_kept(shell: Shell) -> None:
    soon = time.strftime("%H:%M", time.localtime(time.time() + 60))
    if time.localtime().tm_sec < 2:
        time.sleep(2)
    with FaultServer(reply=reply) as server:
        assert shell.run(server, "--until", soon).code == 0
    database = sqlite3.connect("grown/run.db")
    config = json.loads(database.execute("SELECT value FROM header WHERE name = 'config'").fetchone()[0])
    database.close()
    assert config["limits"]["until"] == ""


def test_every_call_of_a_journal_is_paid_for_also_those_that_were_asked_again() -> None:
    first = Answered(CallId(0, 0, 0), "", "length", Usage(5, 7), "m", "d")
    again = Answered(CallId(0, 0, 0, 1), "w", "stop", Usage(6, 8), "m", "d")
    answer = Answered(CallId(0, 2, 0), "x", "stop", Usage(1, 2, known=False), "m", "d")
    events = [first, again, answer, Refused(CallId(0, 2, 1), "content_filter", ""), Judged(0, 0, ())]
    expenses = Expenses(WordRecipe())
    assert list(expenses.passing(events)) == events
    assert expenses.known == Bill(4, Tokens(Usage(11, 15, known=False), Usage(1, 2, known=False)))


# -- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "currency", "shown"),
    [
        (Fraction(1, 3), "$", "$0.3333"),
        (Fraction(12345, 10), "¥", "¥1,234.50"),
        (Fraction(5), "CNY", "CNY 5.00"),
        (Fraction(0), "", "0.0000"),
        (Fraction(10**15), "€", "€1,000,000,000,000,000 or more"),
    ],
)
def test_money_in_words(cost: Fraction, currency: str, shown: str) -> None:
    assert money(cost, currency) == shown


def test_a_bound_is_rounded_up_and_shown_where_it_differs() -> None:
    known = Bill(10, Tokens(Usage(1_000_000, 0)))
    doubtful = Bill(1, Tokens(Usage(1, 1)))
    assert cost_of(Spending(known), PRICES) == "$0.1500"
    assert cost_of(Spending(known, doubtful), PRICES) == "$0.1500 known, $0.1501 at most"
    assert cost_of(Spending(known, doubtful), None) == ""


def test_tokens_by_role_and_from_the_cache() -> None:
    tokens = Tokens(Usage(1000, 200, 250), Usage(1000, 300, known=False))
    assert spent_lines(Spending(Bill(3, tokens)), None) == [
        "all calls 3, tokens 2,000 read (12% from the cache), 500 written,"
        " in part estimated: the server does not count",
        "  to propose 1,000 read, 200 written; to answer 1,000 read, 300 written",
    ]
