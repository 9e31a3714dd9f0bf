"""Bad seed files through the real command: exit code 65, faults at file and line, nothing made, nothing asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.fault_server import FaultServer

GOOD = b'{"instruction": "Name a river.", "output": "Elbe"}\n{"instruction": "Name a lake.", "output": "Baikal"}\n'
ROW = b'{"instruction": "Name a hill.", %s}\n'

BAD: dict[str, tuple[bytes, str]] = {
    "empty.jsonl": (b"", "empty.jsonl"),
    "blank.jsonl": (b"\n \n\n", "blank.jsonl"),
    "one.jsonl": (GOOD.splitlines()[0], "at least 2 are needed"),
    "cut.jsonl": (GOOD + b'{"instruction": "Cut', "cut.jsonl:3: broken JSON"),
    "quotes.jsonl": (GOOD + b"{'instruction': 'x'}\n", "quotes.jsonl:3: broken JSON"),
    "comma.jsonl": (GOOD + b'{"instruction": "a",}\n', "comma.jsonl:3:"),
    "array.json": (b"[" + GOOD.splitlines()[0] + b",\n" + GOOD.splitlines()[1], "array.json:2:"),
    "list.jsonl": (GOOD + b"[1]\n", "list.jsonl:3:"),
    "number.jsonl": (GOOD + b'{"instruction": 7}\n', "number.jsonl:3: instruction must be text"),
    "missing.jsonl": (GOOD + b'{"input": "x"}\n', "missing.jsonl:3: instruction is missing"),
    "hollow.jsonl": (GOOD + b'{"instruction": "  "}\n', "hollow.jsonl:3: the instruction is empty"),
    "ids.jsonl": (b'{"id": "a", "instruction": "x y"}\n{"id": "a", "instruction": "y z"}\n', "ids.jsonl:2: the id 'a'"),
    "twice.jsonl": (GOOD + GOOD.splitlines()[0], "twice.jsonl:3: the same instruction as line 1"),
    "latin.jsonl": (GOOD + b'{"instruction": "caf\xe9"}\n', "latin.jsonl:3: "),
    "gbk.jsonl": (GOOD + '{"instruction": "写诗并解释"}\n'.encode("gbk"), "looks like GBK"),
    "utf16.jsonl": (GOOD.decode().encode("utf-16"), "utf16.jsonl"),
    "nan.jsonl": (GOOD + ROW % b'"score": NaN', "nan.jsonl:3: NaN is not JSON"),
    "surrogate.jsonl": (GOOD + b'{"instruction": "\\ud800"}\n', "surrogate.jsonl:3: "),
    "nul.jsonl": (GOOD + b'{"instruction": "a\\u0000b"}\n', "nul.jsonl:3: "),
    "escape.jsonl": (GOOD + b'{"instruction": "\\u001b[31mred"}\n', "escape.jsonl:3: "),
    "deep.jsonl": (GOOD + b'{"instruction": ' + b"[" * 100_000 + b"\n", "deep.jsonl:3: "),
    "long.jsonl": (GOOD + b"x" * 50_000_000 + b"\n", "long.jsonl:3: "),
    "columns.csv": (b"colour,size\na,b\nc,d\n", "columns.csv"),
    "chat.jsonl": (b'{"messages": "hello"}\n' * 2, "chat.jsonl:1: messages must be a list"),
    "archive.zip": (b"PK\x03\x04" + bytes(100), "archive.zip"),
}


@pytest.mark.parametrize("name", BAD)
def test_65_a_bad_seed_file(shell: Shell, server: FaultServer, name: str) -> None:
    content, says = BAD[name]
    shell.write(name, content)
    before = sorted(os.listdir())
    words = shell.command(server)
    words[words.index("seeds.jsonl")] = name
    shown = shell(*words)
    assert shown.code == 65
    assert says in shown.err
    assert len(shown.err) < 5000
    assert not shown.out
    assert sorted(os.listdir()) == before
    assert not server.heads


@pytest.mark.parametrize(("name", "says"), [("nothing.jsonl", "no such file"), (".", "this is a folder")])
def test_65_no_file_at_all(shell: Shell, server: FaultServer, name: str, says: str) -> None:
    shown = shell("run", "--seeds", name, "--base-url", server.base_url)
    assert shown.code == 65
    assert says in shown.err


def test_65_all_faults_of_all_files_at_once(shell: Shell) -> None:
    shell.write("a.jsonl", GOOD + b'{"instruction": 1}\n{"instruction": null}\n')
    shell.write("b.jsonl", b'{"instruction": 3}\n' + GOOD)
    shown = shell("run", "--seeds", "a.jsonl", "--seeds", "b.jsonl", "--seeds", "c.jsonl", "--model", "mock")
    assert shown.code == 65
    for place in (
        "a.jsonl:3: ",
        "a.jsonl:4: ",
        "b.jsonl:1: ",
        "b.jsonl:2: the same instruction as a.jsonl:1",
        "c.jsonl: ",
    ):
        assert place in shown.err
    assert "nothing was spent" in shown.err
    assert not Path("runs").exists()
