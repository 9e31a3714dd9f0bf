"""What the documents say is run: commands, Python blocks, the example plug-in; tables are compared with the code."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from selfgen import errors
from selfgen.cli.app import build as build_app
from selfgen.config import build
from selfgen.core.tally import Stop

ROOT = Path(__file__).resolve().parent.parent.parent
READMES = ("README.md", "README.zh.md")


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(document: str) -> list[str]:
    """Return the commands of selfgen that need no server, in the order of the document."""
    found = []
    for block in blocks(document, "sh"):
        if not block.startswith("# "):
            lines = (part.strip() for line in block.splitlines() for part in line.split("&&"))
            found += [line for line in lines if line.startswith("selfgen ")]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("document", READMES)
def test_every_command_of_the_readme_works(document: str, tmp_path: Path) -> None:
    (tmp_path / "seed_tasks").symlink_to(ROOT / "seed_tasks")
    ran = commands(document)
    assert len(ran) >= 10
    for command in ran:
        arguments = [sys.executable, "-m", "selfgen", *shlex.split(command)[1:]]
        done = subprocess.run(
            arguments,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert done.stdout, command
    assert len((tmp_path / "runs/general_en-mock/dataset.jsonl").read_text().splitlines()) == 200


@pytest.mark.parametrize("document", READMES)
def test_the_python_block_does_what_the_text_says(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two sentences that differ by one word of politeness: the neighbour is found, and it is above the limit."""
    (block,) = blocks(document, "python")
    exec(block, {})
    id, score, above = capsys.readouterr().out.split()
    assert (id, above) == ("a", "True")
    assert 0.9 < float(score) < 1


@pytest.mark.parametrize("document", READMES)
def test_the_exit_codes_are_those_of_the_code(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    section = re.split(r"^## (?:Exit codes|退出码)$", text, flags=re.MULTILINE)[1].split("\n## ")[0]
    said = {int(code) for code in re.findall(r"\| (\d+) (?=\|)", section)}
    leaves = {cls.exit_code for cls in vars(errors).values() if isinstance(cls, type) and hasattr(cls, "exit_code")}
    assert said == leaves | {stop.exit_code for stop in Stop} | {130}


def test_both_readmes_say_the_same() -> None:
    english, chinese = (blocks(document, "sh") for document in READMES)
    assert english[:2] == chinese[:2]
    assert [re.findall(r"selfgen \w+", block) for block in english] == [
        re.findall(r"selfgen \w+", block) for block in chinese
    ]


@pytest.mark.parametrize("document", READMES)
def test_every_command_is_told_of(document: str) -> None:
    """Each stands in the table of commands, but for `clean`, which has a chapter."""
    text = (ROOT / document).read_text(encoding="utf-8")
    table = re.search(r"^\| (?:command|命令) \|.*?\n\n", text, flags=re.MULTILINE | re.DOTALL)
    assert table is not None
    firsts = " ".join(row.split("|")[1] for row in table[0].strip().splitlines()[2:])
    told = set(re.findall(r"`([a-z]+)[^`]*`", firsts))
    assert told | {"clean"} == set(typer.main.get_command(build_app()).commands)  # type: ignore[attr-defined]


def test_both_readmes_name_the_same_files() -> None:
    english, chinese = ((ROOT / document).read_text(encoding="utf-8") for document in READMES)
    files = re.findall(r"^(?:runs/NAME|cleaned)/\S+", english, flags=re.MULTILINE)
    assert len(files) >= 10
    assert files == re.findall(r"^(?:runs/NAME|cleaned)/\S+", chinese, flags=re.MULTILINE)


@pytest.mark.parametrize("document", READMES)
def test_the_settings_of_the_readme_exist(document: str) -> None:
    found = blocks(document, "yaml")
    assert len(found) == 2
    for block in found:
        build(yaml.safe_load(block), document)


def test_the_example_plug_in_works_through_a_real_entry_point(tmp_path: Path) -> None:
    """Install the block of CONTRIBUTING.md as a package, and turn its filter on for a run."""
    code, declaration = blocks("CONTRIBUTING.md", "python")[0], blocks("CONTRIBUTING.md", "toml")[0]
    (tmp_path / "my_package.py").write_text(code)
    info = tmp_path / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my_package\nVersion: 1.0\n")
    group, name, target = re.search(r'"(selfgen\.\w+)"\]\n(\w+) = "(.*)"', declaration).groups()  # type: ignore[union-attr]
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")
    (tmp_path / "seeds.txt").write_text("NAME A RIVER IN AFRICA.\nName a river in Asia and say where it ends.\n")
    (tmp_path / "c.yaml").write_text("seeds: [seeds.txt]\nseed_format: lines\nfilters: {shouting: {max: 0.5}}\n")
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    for wanted, expected in (("c.yaml", 0), ("wrong.yaml", 78)):
        (tmp_path / "wrong.yaml").write_text("filters: {shouting: {loud: 1}}\nseeds: [seeds.txt]\nseed_format: lines\n")
        arguments = [sys.executable, "-m", "selfgen", "run", "--config", wanted, "--model", "mock", "--target", "3"]
        done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, env=env, timeout=100)
        assert done.returncode == expected, done.stdout + done.stderr
