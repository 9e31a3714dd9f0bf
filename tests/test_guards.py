"""The guards of the tests hold."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest


def test_no_test_reaches_the_network() -> None:
    with socket.socket() as plug, pytest.raises(AssertionError, match=r"tried to reach 192\.0\.2\.1"):
        plug.connect(("192.0.2.1", 80))


def test_no_test_sees_the_developers_home_or_key() -> None:
    assert "pytest" in os.environ["HOME"]
    assert Path.home() == Path(os.environ["HOME"])
    assert "OPENAI_API_KEY" not in os.environ
