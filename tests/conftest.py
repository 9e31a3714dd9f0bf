"""Guards for every test: no network but this machine, no environment of the developer, one way of drawing examples."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Machines that run tests are shared and busy: a slow example is no failure. In CI the examples are the same each time.
in_ci = bool(os.environ.get("CI"))
settings.register_profile(
    "selfgen", deadline=None, derandomize=in_ci, print_blob=True, max_examples=100 if in_ci else 50
)
settings.load_profile("selfgen")

_LOCAL = ("127.", "localhost", "::1", "0.0.0.0")
_connect = socket.socket.connect


def _connect_here(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and not str(address[0]).startswith(_LOCAL):
        raise AssertionError(f"a test tried to reach {address[0]}")
    _connect(self, address)


@pytest.fixture(autouse=True)
def _guards(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setattr(socket.socket, "connect", _connect_here)
    monkeypatch.setenv("HOME", str(_home(tmp_path_factory)))
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "SELFGEN_MODEL", "SELFGEN_BASE", "HF_"))]:
        if not name.startswith("SELFGEN_TEST"):
            monkeypatch.delenv(name)


def _home(factory: pytest.TempPathFactory) -> Path:
    home = factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    return home
