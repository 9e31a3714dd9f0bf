"""How the tests of this folder type: commands in this process or in one of their own, with seeds, settings and a server
of their own. A test sees what a person sees: the exit code and two streams of text."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from selfgen.cli import screen
from selfgen.cli.app import run
from tests.fault_server import FaultServer

ROOT = Path(__file__).resolve().parents[2]
TOPICS = ("gardens", "bridges", "old maps of Peru", "bees", "clocks and how they tick", "snow", "tea", "chess")
SEEDS = "".join(f'{{"instruction": "Tell me about {it} in one sentence.", "output": "It is {it}."}}\n' for it in TOPICS)
SETTINGS = """calls: {timeout_s: 2, idle_timeout_s: 1, send_seed: 'on', patience_s: 0.5, concurrency: 8}
structured: json_schema
"""


@dataclass(frozen=True)
class Shown:
    """What a command left behind. In no test may any command show a traceback."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


class Shell:
    """A folder with seeds.jsonl and settings.yaml, in which commands are typed."""

    def __init__(self, folder: Path, streams: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._streams = streams
        (folder / "seeds.jsonl").write_text(SEEDS)
        (folder / "settings.yaml").write_text(SETTINGS)

    def __call__(self, *words: object) -> Shown:
        """Type `selfgen WORDS` in this process."""
        self._streams.readouterr()
        screen.out.cache_clear()
        screen.err.cache_clear()
        code = run([str(word) for word in words])
        shown = Shown(code, *self._streams.readouterr())
        assert "Traceback" not in shown.all
        assert code != 70, shown.all
        return shown

    def run(self, server: FaultServer, *more: object, target: int = 12, out: str = "grown") -> Shown:
        """Type `selfgen run` against a server."""
        return self(*self.command(server, *more, target=target, out=out))

    def command(self, server: FaultServer, *more: object, target: int = 12, out: str = "grown") -> list[str]:
        words = ["run", "--seeds", "seeds.jsonl", "--config", "settings.yaml", "--base-url", server.base_url]
        return [*words, *map(str, ("--model", "tiny", "--target", target, "--out", out, *more))]

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def edit(self, statement: str, run: str = "grown") -> int:
        """Change a journal behind selfgen's back; return how many rows that changed."""
        database = sqlite3.connect(self.folder / run / "run.db")
        changed = database.execute(statement).rowcount
        database.commit()
        database.close()
        return changed


def own_process(folder: Path, *words: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start `python -m selfgen WORDS` with pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "selfgen", *map(str, words)], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment() | dict(env or {}),
    )  # fmt: skip


def clean_environment() -> dict[str, str]:
    """Return this environment without what selfgen reads, and with a path to this checkout."""
    foreign = ("OPENAI", "SELFGEN", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
