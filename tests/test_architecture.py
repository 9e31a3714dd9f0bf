"""The arrows and the homes of the house, read from the code by AST. The tables here are the rules."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "selfgen"

BELOW = {
    "errors": set(),
    "canon": set(),
    "core": {"errors", "canon"},
    "config": {"errors"},
    "registry": {"errors"},
    "recipes": {"core", "errors", "canon"},
    "filters": {"core", "errors", "canon"},
    "repairs": {"core", "errors", "canon"},
    "models": {"core", "errors", "canon"},
    "executors": {"core", "errors", "canon"},
    "store": {"core", "errors", "canon"},
    "export": {"core", "errors", "canon"},
    "webhooks": {"core", "errors", "canon"},
}
BELOW["assemble"] = set(BELOW) | {"__init__"}
BELOW["__main__"] = {"cli"}
BELOW["cli"] = {"assemble", "config", "core", "errors", "executors", "store", "__init__"}
"""A room may import itself and these."""

HOMES = {
    "openai": {"models/batches.py", "models/chat.py", "models/embeddings.py"},
    "httpx2": {"models/address.py", "models/batches.py", "models/chat.py", "models/embeddings.py", "models/faults.py"},
    "aiohttp": {"models/batches.py", "models/chat.py"},
    "jinja2": {"recipes/templates.py"},
    "rouge_score": {"filters/", "assemble/doctor.py"},
    "rapidfuzz": {"filters/"},
    "numpy": {"filters/"},
    "opencc": {"filters/"},
    "jieba": {"filters/words.py"},
    "sentence_transformers": {"filters/encoders.py"},
    "transformers": {"filters/encoders.py"},
    "usearch": {"filters/vectors.py"},
    "sqlite3": {"store/journal.py"},
    "pydantic": {"config.py"},
    "yaml": {"config.py", "assemble/starter.py"},
    "typer": {"cli/"},
    "rich": {"cli/"},
    "asyncio": {"executors/", "models/", "assemble/preflight.py", "assemble/servers.py"},
    "random": {"models/fleet.py", "models/retry.py"},
    "time": {"models/", "executors/", "store/", "cli/", "webhooks/post.py", "assemble/live.py"},
    "datetime": {"models/", "cli/"},
    "fcntl": {"store/run_dir.py", "store/rows_out.py"},
    "subprocess": {"models/vllm_batch.py", "models/vllm_server.py"},
    "threading": {
        "executors/",
        "store/",
        "filters/",
        "models/vllm_server.py",
        "models/vllm_hang.py",
        "webhooks/post.py",
    },
    "ctypes": {"models/vllm_guard.py"},
    "pickle": set(),
    "vllm": set(),
    "torch": {"filters/encoders.py"},
}
"""Where a name with side effects, or of a third party, may be imported."""

CORE_MAY_IMPORT = {"__future__", "collections", "dataclasses", "enum", "fractions", "heapq", "typing", "selfgen"}


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names) if module == "selfgen" else [module]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_run_one_way(path: Path) -> None:
    room = room_of(path)
    for module in imports(path):
        if module.split(".")[0] == "selfgen" and room != "__init__":
            other = module.split(".")[1]
            other = "__init__" if other.startswith("__") else other
            assert other == room or other in BELOW[room], f"{room} must not import {module}"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_third_party_name_has_its_home(path: Path) -> None:
    place = path.relative_to(PACKAGE).as_posix()
    for module in imports(path):
        name = module.split(".")[0]
        homes = HOMES.get(name)
        if homes is not None:
            assert any(place == home or (home.endswith("/") and place.startswith(home)) for home in homes), (
                f"{place} must not import {name}"
            )
        if room_of(path) == "core":
            assert name in CORE_MAY_IMPORT, f"core must not import {name}"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_are_small(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 350, "two ideas?"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 60, f"{node.name} is too long"


def calls_and_names(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node.lineno
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}", node.lineno


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_side_effects_have_their_home(path: Path) -> None:
    room = room_of(path)
    for name, line in calls_and_names(path):
        where = f"{path}:{line}"
        if name in ("print", "input"):
            assert room == "cli", where
        if name in ("os.environ", "os.getenv"):
            assert path == PACKAGE / "assemble" / "settings.py", where
        if name in ("eval", "exec", "compile", "__import__"):
            pytest.fail(where)
        if name == "open":
            assert room in ("store", "export", "assemble"), where


def test_broad_handlers_end_in_an_exit_code() -> None:
    found = set()
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                names = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else {"bare"}
                reraises = any(isinstance(n, ast.Raise) and n.exc is None for n in ast.walk(node))
                if names & {"Exception", "BaseException", "bare"} and not reraises:
                    found.add(path.relative_to(PACKAGE).as_posix())
    assert found == {"cli/app.py", "executors/stream.py"}


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys; sys.argv = ['selfgen', *sys.argv[1:]]\n"
        "from selfgen.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'torch', 'openai', 'sentence_transformers', 'numpy', 'jinja2', 'aiohttp', 'rouge_score', 'yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout
