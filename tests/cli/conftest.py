"""A clean place to type commands in, and one finished run that tests copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell, own_process
from tests.fault_server import FaultServer
from tests.stand_in import reply


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """An empty folder, nothing of ours in the environment, and no model server on any well-known port."""
    from selfgen.models.discover import find_servers

    for name in [name for name in os.environ if name.startswith(("OPENAI", "SELFGEN"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(find_servers, "__defaults__", ((("nobody", 9),),))
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(reply=reply) as server:
        yield server


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with 40 records, and rejections among its drafts."""
    folder = tmp_path_factory.mktemp("finished")
    shell = Shell(folder, None)  # type: ignore[arg-type]
    with FaultServer(reply=reply) as server:
        child = own_process(folder, *shell.command(server, target=40))
        output = child.communicate(timeout=60)
    assert child.returncode == 0, output
    return folder / "grown"


@pytest.fixture
def grown(shell: Shell, finished: Path) -> str:
    """A copy of the finished run in the shell's folder."""
    shutil.copytree(finished, shell.folder / "grown")
    return "grown"
