"""`selfgen doctor` on models: the table of what they can do, the advice, and what a script gets of it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from selfgen.assemble.advice import advise, ranges, table
from selfgen.cli.checks import as_options, layout
from selfgen.config import ModelConfig, RunConfig
from selfgen.models.abilities import Capabilities
from selfgen.models.lane import Look
from tests.cli.shell import Shell
from tests.fault_server import FaultServer
from tests.quirk_server import QuirkServer, refused, said


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def able(**changes: Any) -> Capabilities:
    good: dict[str, Any] = {
        "model": "tiny", "look": Look("tiny", max_model_len=32_768), "listed": True, "served_as": "tiny", "version": "",
        "completions": False, "structured": "json_schema", "seeds_well": True, "seed": "exact", "n": True,
        "usage_known": True, "thinks": False, "finished": True, "exposed": False, "long_prompt": "untried",
        "long_prompt_tokens": None,
    }  # fmt: skip
    return Capabilities(**{**good, **changes})


def cells(shown: str) -> dict[str, str]:
    """Return the rows of a table of one column."""
    rows = [line.strip().partition("  ") for line in shown.splitlines() if line.startswith("       ")]
    return {name: value.strip() for name, _, value in rows}


def test_one_server_is_shown_as_a_table(shell: Shell) -> None:
    with QuirkServer(headers={"x-ratelimit-limit-requests": "500"}) as server:
        shown = shell("doctor", "--base-url", server.base_url)
    assert shown.code == 0
    assert f"ok   propose: tiny at {server.base_url} answers" in shown.out
    assert cells(shown.out) == {
        "answers as": "tiny", "software": "not told", "context": "not told", "protocol": "chat",
        "keeps to a form": "to a JSON schema", "thinks first": "no", "counts tokens": "yes",
        "seeds": "same seed, same text", "two replies a call": "yes", "rate limits": "500 requests",
        "3,000-word prompt": "kept, counted as 3,005",
    }  # fmt: skip


def test_servers_that_can_do_the_same_share_a_column(shell: Shell) -> None:
    with QuirkServer() as one, QuirkServer() as two, QuirkServer(lambda body: said("word")) as odd:
        words = [word for each in (one, odd, two) for word in ("--base-url", each.base_url)]
        shown = shell("doctor", "--model", "tiny", *words)
    assert shown.code == 0
    assert "propose: tiny answers at 3 servers" in shown.out
    assert f"2 tiny at {odd.base_url}" in shown.out
    lines = shown.out.splitlines()
    assert next(line.split() for line in lines if line.lstrip().startswith("server ")) == ["server", "1,3", "2"]
    assert any(line.split("  ")[-1].strip() == "no" and "keeps to a form" in line for line in lines)
    assert "note server 2 does not keep to a form" in shown.out
    assert all(cell_len(line) <= 80 for line in lines if line.startswith("       ") and " at " not in line)


def test_a_server_that_is_away_is_a_note_and_a_wrong_one_a_failure(shell: Shell) -> None:
    away = f"http://127.0.0.1:{free_port()}/v1"
    with QuirkServer() as server, QuirkServer(key="sk-x") as locked:
        shown = shell("doctor", "--model", "tiny", "--base-url", server.base_url, "--base-url", away)
        assert shown.code == 0
        assert f"note propose: tiny at {away}: No model server answers" in shown.out
        shown = shell("doctor", "--model", "tiny", "--base-url", server.base_url, "--base-url", locked.base_url)
        assert shown.code == 77
        assert f"FAIL propose: tiny at {locked.base_url}: the server wants a key" in shown.out
        assert "export OPENAI_API_KEY=..." in shown.out
        assert "answers" in shown.out


def test_servers_with_different_models_fail(shell: Shell) -> None:
    rows = [{"id": "tiny", "root": root} for root in ("/models/a", "/models/b")]
    with QuirkServer(models=rows[:1]) as one, QuirkServer(models=rows[1:]) as two:
        shown = shell("doctor", "--model", "tiny", "--base-url", one.base_url, "--base-url", two.base_url)
    assert shown.code == 78
    assert "FAIL the servers of tiny do not have the same model:" in shown.out
    assert f"{two.base_url}: tiny (/models/b)" in shown.out


def test_a_setting_that_the_server_will_not_have_fails(shell: Shell) -> None:
    with QuirkServer(lambda body: refused(400, "no top_p here", param="top_p")) as server:
        shown = shell("doctor", "--base-url", server.base_url)
    assert shown.code == 78
    assert "no top_p here" in shown.out
    assert "Set top_p: 1 for this model." in shown.out


def test_both_models_of_a_run_are_looked_at(shell: Shell) -> None:
    with QuirkServer(models=[{"id": "tiny"}, {"id": "big"}]) as server:
        shell.write("two.yaml", f"propose: {{model: tiny, base_url: '{server.base_url}'}}\nanswer: {{model: big}}\n")
        shown = shell("doctor", "--config", "two.yaml")
    assert f"propose: tiny at {server.base_url} answers" in shown.out
    assert f"answer: big at {server.base_url} answers" in shown.out


def test_a_server_of_ones_own_is_started_by_another_command(shell: Shell) -> None:
    (shell.folder / "weights").mkdir()
    shown = shell("doctor", "--model", "vllm:./weights")
    assert shown.code == 0
    assert "was not looked at" in shown.out
    assert "selfgen serve" in shown.out


def test_mock_is_no_server(shell: Shell) -> None:
    assert "ok   mock: a stand-in" in shell("doctor", "--model", "mock").out


def test_json_for_scripts(shell: Shell) -> None:
    with QuirkServer() as server:
        shown = shell("doctor", "--base-url", server.base_url, "--json")
        told = json.loads(shown.out)
        assert (shown.code, told["exit_code"]) == (0, 0)
        found = [each["capabilities"] for each in told["findings"] if each["capabilities"]]
        assert [*found[0]] == [f"tiny at {server.base_url}"]
        assert found[0][f"tiny at {server.base_url}"]["structured"] == "json_schema"
    with FaultServer(key="sk-x") as locked:
        shown = shell("doctor", "--base-url", locked.base_url, "--model", "tiny", "--json")
    told = json.loads(shown.out)
    assert (shown.code, told["exit_code"]) == (77, 77)
    assert told["findings"][-1]["grade"] == "FAIL"
    assert told["findings"][-1]["todo"] == "export OPENAI_API_KEY=..."


def test_the_next_command_names_every_server() -> None:
    words = as_options(["mine.jsonl"], None, "tiny", ["http://a/v1", "http://b/v1"])
    assert words == [
        "--seeds", "mine.jsonl", "--model", "tiny", "--base-url", "http://a/v1", "--base-url", "http://b/v1",
    ]  # fmt: skip
    assert as_options(None, Path("my.yaml"), None, None) == ["--config", "my.yaml"]


# -- advice


def advice(room: int = 2048, **changes: Any) -> list[str]:
    return [*advise(able(**changes), ModelConfig(max_tokens=room), RunConfig())]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"structured": "off"}, "does not keep to a form"),
        ({"usage_known": False}, "does not count tokens: budgets are estimates"),
        ({"thinks": True}, "thinks before it answers: set max_tokens to 4,096 or more"),
        ({"finished": False}, "does not come to an end by itself"),
        ({"completions": True}, "has no chat template"),
        ({"seed": "refused"}, "takes no seeds"),
        ({"exposed": True}, "lets anybody on the network put it to sleep"),
        ({"long_prompt": "cut", "long_prompt_tokens": 2048}, "it read 2,048 tokens"),
        ({"long_prompt": "refused"}, "refuses a prompt of 3,000 words"),
        ({"look": Look("tiny", max_model_len=2048)}, "context 2,048: prompts of self-instruct need about 2,560 tokens"),
        ({"look": Look("tiny", max_model_len=4096)}, "set max_tokens to 1,536 or less"),
    ],
)
def test_each_lack_has_its_advice(changes: dict[str, Any], says: str) -> None:
    assert len(advice(**changes)) == 1
    assert says in advice(**changes)[0]


def test_where_nothing_lacks_nothing_is_said() -> None:
    assert advice() == []
    assert advice(4096, thinks=True) == []
    assert advice(look=Look("tiny")) == []
    assert advice(n=None, seed="untried", limits={"tokens": 9}, version="9") == []


# -- the table


def test_numbers_are_written_short() -> None:
    assert [ranges(numbers) for numbers in ([1], [1, 2, 3], [1, 3, 4, 9])] == ["1", "1-3", "1,3-4,9"]


def test_rows_that_say_nothing_are_left_out() -> None:
    names = [row[0] for row in table([able(seed="untried")])]
    assert "seeds" not in names
    assert "server" not in names
    both = table([able(), able(long_prompt="cut", long_prompt_tokens=7)])
    assert both[0] == ("server", "1", "2")
    assert both[-1] == ("3,000-word prompt", "not tried", "cut, counted as 7")


def test_a_wide_table_is_cut_into_narrow_ones() -> None:
    rows = [("server", *map(str, range(1, 6))), ("answers as", *["很长的名字" * 9] * 5), ("seeds", *["x"] * 5)]
    lines = layout(rows)
    assert len(lines) == 6
    assert max(map(cell_len, lines)) <= 73
    assert lines[0].split() == ["server", "1", "2", "3"]
    assert lines[3].split() == ["server", "4", "5"]
    assert "…" in lines[1]
    assert layout([]) == []
