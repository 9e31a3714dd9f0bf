"""`init` and `doctor`: the first things that a newcomer types."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from selfgen.assemble.settings import gather, shipped_seeds
from selfgen.config import RunConfig
from tests.cli.shell import Shell
from tests.fault_server import FaultServer

COMMENTED = re.compile(r"# ( *(?:[a-z_]+:(?: .*)?|- .*))")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_init_writes_a_configuration_that_loads(shell: Shell, lang: str) -> None:
    shown = shell("init", "new", "--lang", lang)
    assert shown.code == 0
    assert sorted(os.listdir("new")) == ["prompts", "seeds.jsonl", "selfgen.yaml"]
    assert "next: selfgen doctor --config new/selfgen.yaml" in shown.err
    config = gather(Path("new/selfgen.yaml"), {})
    assert config.lang == lang
    assert config.seeds == ("new/seeds.jsonl",)
    shown = shell("doctor", "--config", "new/selfgen.yaml", "--offline")
    assert shown.code == 0, shown.out
    assert f"language {lang}" in shown.out


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_commented_line_may_be_uncommented(shell: Shell, lang: str) -> None:
    shell("init", "new", "--lang", lang)
    lines = Path("new/selfgen.yaml").read_text().splitlines()
    full = [match[1] if (match := COMMENTED.fullmatch(line)) else line for line in lines]
    assert sum(map(str.__ne__, lines, full)) > 50
    shell.write("new/full.yaml", "\n".join(full))
    config = gather(Path("new/full.yaml"), {})
    named = config.model_fields_set
    assert named == set(RunConfig.model_fields) - {"answer"}
    assert config.model_copy(update={"filters": {}}) == gather(Path("new/selfgen.yaml"), {})
    shell.write("new/full.yaml", "\n".join([*full, ""]).replace("  semantic: {", "  semantic: false  # {"))
    assert shell("doctor", "--config", "new/full.yaml", "--offline").code in (0, 65)


def test_init_never_writes_over_anything(shell: Shell) -> None:
    shell.write("taken/letter.txt", "dear")
    for folder in ("taken", "taken/letter.txt", "taken/letter.txt/below", "."):
        shown = shell("init", folder)
        assert shown.code == 73
        assert shown.err.startswith("error: ")
    assert os.listdir("taken") == ["letter.txt"]
    os.mkdir("hollow")
    assert shell("init", "hollow").code == 0


@pytest.mark.parametrize("name", sorted(shipped_seeds()))
def test_doctor_passes_what_ships(shell: Shell, name: str) -> None:
    shown = shell("doctor", "--seeds", name, "--offline")
    assert shown.code == 0
    assert "self-similarity is 1.0 for every seed" in shown.out
    assert "FAIL" not in shown.out


def test_doctor_tries_the_server(shell: Shell, server: FaultServer) -> None:
    shown = shell("doctor", "--seeds", "customer_service_en", "--base-url", server.base_url)
    assert shown.code == 0
    assert f"propose: tiny at {server.base_url} answers" in shown.out
    assert f"next: selfgen run --seeds customer_service_en --base-url {server.base_url}" in shown.err


@pytest.mark.parametrize(
    ("setting", "words", "code", "says"),
    [
        ("", ["--seeds", "nothing.jsonl", "--offline"], 65, "FAIL nothing.jsonl: there is no such file"),
        ("", ["--seeds", "poor.txt", "--offline"], 65, "would refuse"),
        ("", ["--seeds", "seeds.jsonl"], 69, "FAIL no model is named"),
        ("recipe: nope", ["--seeds", "seeds.jsonl", "--offline"], 78, "FAIL there are no recipes called 'nope'"),
        ("filters: {nope: true}", ["--seeds", "seeds.jsonl", "--offline"], 78, "FAIL there is no filter nope"),
        ("prompts: nowhere", ["--seeds", "seeds.jsonl", "--offline"], 78, "FAIL "),
        ("nope: 1", [], 78, "nope: there is no such setting"),
        ("", ["--offline"], 0, "no seeds are named"),
    ],
)
def test_doctor_exit_codes(shell: Shell, setting: str, words: list[str], code: int, says: str) -> None:
    shell.write("poor.txt", "Summarise the article.\nDraw a picture of a cat.\nOk\nName three rivers of France.\n")
    shell.write("mine.yaml", setting)
    shown = shell("doctor", "--config", "mine.yaml", *words)
    assert shown.code == code
    assert says in shown.all
    assert ("next: " in shown.err) is False


def test_doctor_refuses_a_wrong_key(shell: Shell) -> None:
    with FaultServer(key="right") as server:
        shown = shell("doctor", "--base-url", server.base_url, "--model", "tiny")
    assert shown.code == 77


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["run", "-h"]])
def test_help(shell: Shell, words: list[str]) -> None:
    shown = shell(*words)
    assert shown.code == 0
    assert shown.out
    assert not shown.err
