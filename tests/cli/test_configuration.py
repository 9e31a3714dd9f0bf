"""Configuration files, options and the environment: which wins, and what is said when one is wrong (exit code 78)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from selfgen.assemble.source import load_source
from selfgen.config import RunConfig
from tests.cli.shell import SETTINGS, Shell
from tests.fault_server import FaultServer

LAUGHS = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + below] * 9)}]\n" for below, name in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("target: [1\nseed: 2\n", "mine.yaml:2: "),
        ("\tseed: 1\n", "mine.yaml:1: "),
        ("- seed\n", "expected settings as `name: value` lines"),
        ("just words\n", "expected settings as `name: value` lines"),
        (b"\xff\xfe\x00", "mine.yaml is not UTF-8 text"),
        ("targt: 5\n", "mine.yaml: targt: there is no such setting"),
        ("propose: {temprature: 1}\n", "mine.yaml: propose.temprature: there is no such setting"),
        ("target: many\n", "mine.yaml: target: "),
        ("target: 0\n", "mine.yaml: target: "),
        ("propose: {temperature: hot}\n", "mine.yaml: propose.temperature: "),
        ("limits: {max_hours: .inf}\n", "mine.yaml: limits.max_hours: "),
        ("1: 2\n", "mine.yaml: 1: "),
        ("filters: [rouge]\n", "mine.yaml: filters: "),
        ("seed: !!python/object/apply:os.system ['touch pwned']\n", "mine.yaml:1: "),
        ("recipe_options: " + "[" * 1000 + "\n", "mine.yaml: nested too deeply"),
        ("recipe_options: &a {x: *a}\n", "mine.yaml: recipe_options.x"),
        (LAUGHS, "more than 10,000 values"),
        ("propose: {extra_body: {day: 2020-01-01}}\n", "mine.yaml: propose.extra_body.day: 2020-01-01 is a date"),
        ("recipe: nope\n", "Choose from: alpaca, self-instruct."),
        ("recipe_options: {nope: 1}\n", "Its options are: tasks_per_call"),
        ("recipe_options: {tasks_per_call: -1}\n", "tasks_per_call is -1"),
        ("filters: {nope: true}\n", "The filters are: control,"),
        ("filters: {rouge: {limit: 0.5}}\n", "Its options are: max"),
        ("filters: {rouge: {max: high}}\n", "rouge"),
        ("prompts: nowhere\n", "there is no such prompts folder"),
    ],
)
def test_78_a_bad_configuration_makes_nothing(shell: Shell, server: FaultServer, text: str | bytes, says: str) -> None:
    shell.write("mine.yaml", text)
    before = sorted(os.listdir())
    words = [word if word != "settings.yaml" else "mine.yaml" for word in shell.command(server)]
    shown = shell(*words)
    assert shown.code == 78
    assert says in shown.err
    assert sorted(os.listdir()) == before
    assert not server.heads


def test_78_no_file_and_several_faults(shell: Shell) -> None:
    assert "cannot read nowhere.yaml" in shell("run", "--config", "nowhere.yaml").err
    shell.write("mine.yaml", "target: x\nseed: -1\nnope: 1\n")
    shown = shell("run", "--config", "mine.yaml")
    assert shown.code == 78
    for name in ("target", "seed", "nope"):
        assert f"mine.yaml: {name}: " in shown.err


def test_78_the_blame_is_laid_at_the_right_door(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["run", "--seeds", "seeds.jsonl", "--config", "settings.yaml"]
    shown = shell(*words, "--lang", "fr")
    assert shown.code == 78
    assert "command line: lang: " in shown.err
    assert "settings.yaml" not in shown.err
    monkeypatch.setenv("SELFGEN_CONCURRENCY", "lots")
    shown = shell(*words)
    assert shown.code == 78
    assert "environment variable SELFGEN_CONCURRENCY: calls.concurrency" in shown.err


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("--- user ---\nhello\n{% if %}\n", "mine/self_instruct/propose.j2:3"),
        ("--- user ---\nhello {{ nobody }}\n", "self_instruct/propose.j2:2: 'nobody' is undefined"),
        ("--- user ---\n{{ ().__class__ }}\n", "mine/self_instruct/propose.j2:2"),
        ("--- king ---\nhello\n", "mine/self_instruct/propose.j2:1"),
        ("--- user ---\n{% for i in range(999999999) %}x{% endfor %}\n", "self_instruct/propose.j2"),
    ],
)
def test_78_template_faults(shell: Shell, server: FaultServer, template: str, says: str) -> None:
    shell.write("mine/self_instruct/propose.j2", template)
    shown = shell.run(server, "--prompts", "mine")
    assert shown.code == 78
    assert says in shown.err
    assert not Path("grown").exists()
    assert not server.heads


def test_78_a_run_is_not_mixed_with_another(shell: Shell, server: FaultServer, grown: str) -> None:
    before = Path("grown/run.db").read_bytes()
    shown = shell.run(server, "--seed", 7, "--domain", "gardening", target=80)
    assert shown.code == 78
    assert "grown holds another run; these settings changed since:" in shown.err
    assert "\n  seed: 42 -> 7\n" in shown.err
    assert '\n  domain: "" -> gardening\n' in shown.err
    assert "selfgen resume grown" in shown.err
    shell.write("seeds.jsonl", '{"instruction": "Name a river."}\n{"instruction": "Name a lake."}\n')
    assert "\n  seeds: sha256:" in shell.run(server, target=80).err
    assert Path("grown/run.db").read_bytes() == before
    assert not server.asked


def test_78_exporters_and_servers(shell: Shell, server: FaultServer, grown: str) -> None:
    shown = shell("export", grown, "--format", "nope")
    assert shown.code == 78
    assert "alpaca, alpaca-jsonl, csv, jsonl, messages, self-instruct, sharegpt, txt" in shown.err
    shown = shell("run", "--seeds", "seeds.jsonl", "--base-url", server.base_url, "--model", "huge")
    assert shown.code == 78
    assert "tiny" in shown.err
    shown = shell("run", "--seeds", "seeds.jsonl", "--base-url", "http://me:sk-CANARY@127.0.0.1:9/v1")
    assert shown.code == 78
    assert "CANARY" not in shown.all
    assert not Path("runs").exists()


def test_the_command_line_wins_over_the_environment_over_the_file(
    shell: Shell, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.write(
        "settings.yaml", SETTINGS + "seeds: [seeds.jsonl]\ntarget: 3\npropose: {model: of-the-file, base_url: x}\n"
    )
    monkeypatch.setenv("SELFGEN_MODEL", "of-the-environment")
    monkeypatch.setenv("SELFGEN_BASE_URL", server.base_url)
    server.models = ("of-the-environment", "typed")
    words = ["run", "--config", "settings.yaml", "--out"]
    assert "3 records" in shell(*words, "first").out
    assert "of-the-environment" in shell("status", "first").out
    assert "2 records" in shell(*words, "second", "--model", "typed", "--target", 2).out
    assert "typed" in shell("status", "second").out


def test_openai_base_url_and_the_only_model(shell: Shell, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    shown = shell("run", "--seeds", "seeds.jsonl", "--config", "settings.yaml", "--target", 2)
    assert shown.code == 0
    assert "in runs/seeds/dataset.jsonl" in shown.out
    assert "tiny" in shell("status", "runs/seeds").out


def test_a_local_server_is_found(shell: Shell, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from selfgen.models.discover import find_servers

    monkeypatch.setattr(find_servers, "__defaults__", ((("vLLM", server.port),),))
    assert shell("run", "--seeds", "seeds.jsonl", "--config", "settings.yaml", "--target", 2).code == 0


def test_paths_in_a_file_count_from_where_it_lies(shell: Shell, server: FaultServer) -> None:
    shell.write("far/away/mine.yaml", SETTINGS + "seeds: [own.jsonl]\n")
    shell.write("far/away/own.jsonl", Path("seeds.jsonl").read_bytes())
    words = ["run", "--config", "far/away/mine.yaml", "--base-url", server.base_url, "--target", 2, "--out", "grown"]
    assert shell(*words).code == 0


def test_the_same_command_continues_and_a_target_grows_and_shrinks(shell: Shell, server: FaultServer) -> None:
    shell.run(server, target=8)
    short = Path("grown/dataset.jsonl").read_bytes()
    asked = dict(server.asked)
    assert shell.run(server, target=8).code == 0
    assert dict(server.asked) == asked
    shown = shell.run(server, target=20)
    assert "continuing with" in shown.err
    long = Path("grown/dataset.jsonl").read_bytes()
    assert long.startswith(short)
    assert long.count(b"\n") == 20
    assert shell.run(server, target=8).code == 0
    assert Path("grown/dataset.jsonl").read_bytes() == short
    assert shell("resume", "grown", "--target", 20).code == 0
    assert Path("grown/dataset.jsonl").read_bytes() == long
    assert all(times == 1 for times in server.answered.values())


def test_resume_at_another_server_without_the_files_it_came_from(shell: Shell, server: FaultServer, grown: str) -> None:
    Path("seeds.jsonl").unlink()
    Path("grown").rename("moved")
    shown = shell("resume", "moved", "--target", 90, "--base-url", server.base_url, "--concurrency", 2)
    assert shown.code == 0
    assert shell("verify", "moved").code == 0
    assert server.answered
    assert shell("resume", "moved", "--target", 50, "--concurrency", "x").code == 64


@pytest.mark.parametrize(("english", "told"), [(0, False), (1, False), (2, True)])
def test_a_few_seeds_in_the_other_language_are_told(english: int, told: bool, tmp_path: Path) -> None:
    rows = [{"instruction": f"说说{chr(0x4E00 + n)}字怎么写", "output": "好。"} for n in range(60)]
    rows += [{"instruction": f"Name river number {n} of Europe", "output": "Rhine."} for n in range(english)]
    path = tmp_path / "seeds.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    notices = load_source(RunConfig(seeds=(str(path),))).notices
    assert any(f"{english} of {60 + english} seeds are not in the run's language" in each for each in notices) is told
