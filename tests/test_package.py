"""What is shipped: the wheel is built, installed elsewhere, and works there, away from the checkout and the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import selfgen

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = {"embed", "ann", "jieba", "bench", "vllm", "test", "dev"}
CORE = {"openai", "jinja2", "rouge-score", "rapidfuzz", "numpy", "opencc", "typer", "rich", "pydantic", "pyyaml"}
HEAVY = {"torch", "sentence-transformers", "vllm", "transformers"}

NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise RuntimeError(f"the network was touched: {event} {arguments}")

sys.addaudithook(refuse)
"""
"""Stands as sitecustomize.py in front of all that an installed selfgen imports."""


def build(source: Path, out: Path, *kinds: str) -> None:
    command = [sys.executable, "-m", "build", *kinds, "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel and an sdist from the checkout."""
    out = tmp_path_factory.mktemp("built")
    build(ROOT, out, "--wheel", "--sdist")
    return out


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel, and nothing else, into a folder."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index"]
    command = [*pip, "--target", str(target), str(only(built, "*.whl"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (target / "sitecustomize.py").write_text(NO_NETWORK)
    return target


@pytest.fixture(scope="module")
def distribution(installed: Path) -> Distribution:
    return PathDistribution(only(installed, "selfgen-*.dist-info"))


def say(installed: Path, folder: Path, *command: object, code: int = 0) -> str:
    """Run a command in `folder`, where the installed package is the only selfgen there is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SELFGEN_", "OPENAI_", "PYTHON"))}
    clean = kept | {"PYTHONPATH": str(installed), "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=clean, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


# -- what is in it


def test_the_wheel_carries_prompts_and_seeds_and_no_tests(built: Path) -> None:
    names = names_in(only(built, "*.whl"))
    shipped = [*(ROOT / "prompts").rglob("*.j2"), *(ROOT / "seed_tasks").glob("*.jsonl")]
    assert len(shipped) > 10
    assert {f"selfgen/shipped/{path.relative_to(ROOT).as_posix()}" for path in shipped} <= names
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "selfgen").rglob("*.py")}
    assert modules <= names
    tops = {name.partition("/")[0] for name in names}
    assert len(tops) == 2
    assert "selfgen" in tops
    assert not [name for name in names if "test" in name.lower() or name.endswith((".pyc", ".db"))]


def test_the_sdist_carries_all_that_a_wheel_is_made_of(built: Path, tmp_path: Path) -> None:
    with tarfile.open(only(built, "*.tar.gz")) as archive:
        archive.extractall(tmp_path, filter="data")
    source = only(tmp_path, "selfgen-*")
    for name in ("README.md", "README.zh.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "tests/test_package.py"):
        assert (source / name).read_bytes() == (ROOT / name).read_bytes()
    build(source, tmp_path, "--wheel")
    assert names_in(only(tmp_path, "*.whl")) == names_in(only(built, "*.whl"))


# -- what it says of itself


def requirements(distribution: Distribution, extra: str = "") -> dict[str, Requirement]:
    """Return what an extra asks for beyond the bare install on Linux; without one, what the bare install asks for."""
    found = {}
    for line in distribution.requires or []:
        requirement = Requirement(line)
        marker = requirement.marker
        bare = marker is None or marker.evaluate({"extra": "", "sys_platform": "linux"})
        if bare if not extra else not bare and marker and marker.evaluate({"extra": extra, "sys_platform": "linux"}):
            found[requirement.name.lower()] = requirement
    return found


def test_the_bare_install_is_light(distribution: Distribution) -> None:
    bare = requirements(distribution)
    assert set(bare) == CORE
    assert not HEAVY & set(bare)
    assert "aiohttp" in bare["openai"].extras


def test_extras_ask_for_what_they_are_named_after(distribution: Distribution) -> None:
    assert set(distribution.metadata.get_all("Provides-Extra") or []) == EXTRAS
    assert set(requirements(distribution, "embed")) == {"sentence-transformers"}
    assert set(requirements(distribution, "ann")) == {"usearch"}
    vllm = requirements(distribution, "vllm")["vllm"]
    assert vllm.marker is not None
    assert not vllm.marker.evaluate({"extra": "vllm", "sys_platform": "darwin"})
    test = requirements(distribution, "test")
    assert {"pytest", "hypothesis", "mypy", "ruff", "build", "hatchling"} <= set(test)
    assert str(test["torch"].specifier) == "==2.13.0"
    assert set(requirements(distribution, "dev")) >= set(test)


def test_metadata_is_right(distribution: Distribution) -> None:
    metadata = distribution.metadata
    assert (metadata["Name"], metadata["Version"]) == ("selfgen", selfgen.__version__)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert distribution.read_text("licenses/LICENSE") == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert metadata.get_payload().strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()  # type: ignore[attr-defined]
    assert [(entry.group, entry.name, entry.value) for entry in distribution.entry_points] == [
        ("console_scripts", "selfgen", "selfgen.cli:main")
    ]


# -- what it does elsewhere


def test_the_command_runs_from_the_installed_package(installed: Path, tmp_path: Path) -> None:
    where = say(installed, tmp_path, sys.executable, "-c", "import selfgen; print(selfgen.__file__)").strip()
    assert Path(where) == installed / "selfgen" / "__init__.py"
    for command in ([sys.executable, "-m", "selfgen"], [installed / "bin" / "selfgen"]):
        assert selfgen.__version__ in say(installed, tmp_path, *command, "--version")


def test_the_network_guard_works(installed: Path, tmp_path: Path) -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    assert "the network was touched" in say(installed, tmp_path, sys.executable, "-c", code, code=1)


@pytest.mark.parametrize("seeds", ["general_zh", pytest.param("customer_service_en", marks=pytest.mark.slow)])
def test_doctor_finds_the_seeds_that_ship(installed: Path, tmp_path: Path, seeds: str) -> None:
    said = say(installed, tmp_path, sys.executable, "-m", "selfgen", "doctor", "--offline", "--seeds", seeds)
    count = (ROOT / "seed_tasks" / f"{seeds}.jsonl").read_bytes().count(b"\n")
    assert f"{count} seeds, language {seeds[-2:]}" in said
    assert "FAIL" not in said


@pytest.mark.parametrize("seeds", ["general_zh", pytest.param("general_en", marks=pytest.mark.slow)])
def test_a_run_elsewhere_reaches_its_target(installed: Path, tmp_path: Path, seeds: str) -> None:
    command = [sys.executable, "-m", "selfgen", "run", "--seeds", seeds, "--model", "mock", "--target", 20]
    said = say(installed, tmp_path, *command, "--out", "grown")
    assert "drafts read" in said
    rows = [
        json.loads(line) for line in (tmp_path / "grown" / "dataset.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len(rows) == 20
    assert all(row["instruction"] and row["output"] for row in rows)
    assert "FAIL" not in say(installed, tmp_path, sys.executable, "-m", "selfgen", "verify", "grown")
