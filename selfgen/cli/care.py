"""`selfgen export`, `selfgen rebuild` and `selfgen verify`: what is derived from a run, and whether it holds."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from selfgen.cli.screen import next_step, say
from selfgen.cli.words import count
from selfgen.errors import StoreFault

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("export", help=export.__doc__)(export)
    app.command("rebuild", help=rebuild.__doc__)(rebuild)
    app.command("verify", help=verify.__doc__)(verify)


def export(
    run: RunFolder,
    format: Annotated[
        str, typer.Option("--format", help="alpaca, messages, sharegpt, self-instruct, csv, txt, jsonl ...")
    ] = "alpaca",
    out: Annotated[Path | None, typer.Option(help="File to write; - for standard output.")] = None,
    with_seeds: Annotated[bool, typer.Option("--with-seeds", help="Put the seeds before the records.")] = False,
) -> None:
    """Write the dataset in a trainer's format."""
    from selfgen.assemble.book import find_run, open_book
    from selfgen.assemble.care import check_destination
    from selfgen.assemble.parts import build_exporter
    from selfgen.core.tasks import Lineage, Record
    from selfgen.store.atomic import write_atomic

    exporter = build_exporter(format)
    folder = find_run(run)
    book = open_book(folder)
    records = book.records
    if with_seeds:
        records = [Record(seed, Lineage(-1, (), (), "seed")) for seed in book.source.seeds] + records
    if str(out) == "-":
        for piece in exporter.rows(records):
            sys.stdout.buffer.write(piece)
        return
    path = out or run / _file_name(run, exporter.name, exporter.suffix)
    check_destination(folder, book.source.config.seeds, path)
    write_atomic(path, exporter.rows(records))
    say(f"{count(len(records))} records in {path}", "bold")
    next_step(f"selfgen verify {shlex.quote(str(run))}", "prove that they are what the journal says")


def _file_name(run: Path, format: str, suffix: str) -> str:
    """Return NAME.alpaca.json, or NAME.csv where the suffix tells all."""
    return f"{run.resolve().name}{'' if suffix == f'.{format}' else f'.{format}'}{suffix}"


def rebuild(run: RunFolder) -> None:
    """Write the derived files anew from the journal, byte for byte, free of charge."""
    from selfgen.assemble.book import find_run
    from selfgen.assemble.care import rebuild_files

    folder = find_run(run)
    records, rejections = rebuild_files(folder)
    say(f"{count(records)} records in {folder.dataset}", "bold")
    say(f"{count(rejections)} rejections in {folder.rejected}")
    next_step(f"selfgen verify {shlex.quote(str(run))}")


def verify(run: RunFolder) -> None:
    """Prove that a run is whole: journal, prompts, verdicts, account, files."""
    from selfgen.assemble.book import find_run
    from selfgen.assemble.care import examine

    failed = []
    for check in examine(find_run(run)):
        say(f"{'ok  ' if check.holds else 'FAIL'}  {check.what}", "green" if check.holds else "red")
        failed += [] if check.holds else [check]
    if failed:
        what = "1 check failed" if len(failed) == 1 else f"{len(failed)} checks failed"
        todo = "Restore the run folder from a backup; the journal was changed, or written by another version."
        if all(check.derived for check in failed):
            todo = f"The journal is whole: `selfgen rebuild {shlex.quote(str(run))}` writes the files anew."
        raise StoreFault(f"{run}: {what}", todo=todo)
