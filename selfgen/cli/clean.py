"""`selfgen clean`: a dataset that exists, repaired, judged and counted. No model, no network."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from selfgen.cli.clean_view import View, show_counts, show_results
from selfgen.cli.screen import tell

if TYPE_CHECKING:
    from selfgen.assemble.clean_plan import Plan

INTERRUPTED = 130

Fields = Literal["instruction", "instruction+input", "both"]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("clean", help=clean.__doc__)(clean)


def clean(
    data: Annotated[list[Path], typer.Argument(metavar="DATA", help="Any file that can be a seed file; .gz too.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the results; without it NAME-clean.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the funnel, write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the results of an earlier clean.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Write report.md, with examples of everything.")] = False,
    format: Annotated[str | None, typer.Option(help="alpaca, messages, csv ...; without it rows as they came.")] = None,
    near: Annotated[float | None, typer.Option(min=0, max=1, help="Drop what is closer, by ROUGE-L (0.8).")] = None,
    no_near: Annotated[bool, typer.Option("--no-near", help="Keep near duplicates.")] = False,
    fields: Annotated[Fields | None, typer.Option(help="What must be close: both, or one of them.")] = None,
    semantic: Annotated[str | None, typer.Option(help="Compare meanings too: on, or max=0.92,model=DIR ...")] = None,
    lang: Annotated[str | None, typer.Option(help="en or zh: drop other languages. Without it any will do.")] = None,
    off: Annotated[list[str] | None, typer.Option(metavar="FILTER", help="Turn a filter off.")] = None,
    repair: Annotated[list[str] | None, typer.Option(metavar="RULE", help="Turn a repair on that is off.")] = None,
    repair_off: Annotated[list[str] | None, typer.Option(metavar="RULE", help="Turn a repair off.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file; its filters section counts.")] = None,
    data_format: Annotated[str, typer.Option(help="Form of the files, if detection is wrong.")] = "auto",
    first: Annotated[int | None, typer.Option(min=1, metavar="N", help="Read no more than N rows.")] = None,
) -> int:
    """Clean a dataset that you have: repair rows, drop bad ones and duplicates, say why. Needs no model.

    Example:  selfgen clean data.jsonl --dry-run        what would go, and why; writes nothing

    Example:  selfgen clean data.jsonl more.json.gz --out cleaned --report

    Example:  selfgen clean data.csv --near 0.7 --off unsuitable --format messages

    DATA is JSONL, JSON, CSV, TXT or plain lines: Alpaca, chat messages, ShareGPT or self-instruct rows, English and
    Chinese. Rows keep their shape and all their columns. In the folder: dataset.jsonl, rejected.jsonl (each dropped row
    with reason, numbers and nearest neighbour) and repairs.jsonl (each change, before and after).
    """
    from selfgen.assemble.clean_files import name_folder
    from selfgen.assemble.clean_plan import plan
    from selfgen.assemble.settings import gather, read_semantic

    wishes: dict[str, Any] = {}
    if near is not None or fields is not None:
        given = {"max": None if near is None else str(near), "fields": fields}
        wishes["rouge"] = {name: value for name, value in given.items() if value is not None}
    if semantic is not None:
        wishes["semantic"] = read_semantic(semantic)
    chosen = plan(
        data,
        gather(config, {} if lang is None else {"lang": lang}),
        wishes,
        data_format=data_format,
        off=[*(off or ()), *(["rouge"] if no_near else ())],
        repairs=repair or (),
        repairs_off=repair_off or (),
        first=first,
    )
    try:
        if dry_run:
            return _rehearse(chosen)
        return _work(chosen, out or name_folder(data[0]), format, force=force, report=report)
    except KeyboardInterrupt:
        tell("interrupted, nothing was written")
        return INTERRUPTED


def _work(plan: Plan, out: Path, format: str | None, *, force: bool, report: bool) -> int:
    from selfgen.assemble.clean_files import Results
    from selfgen.assemble.clean_report import Examples, build_report
    from selfgen.assemble.cleaning import Cleaner
    from selfgen.assemble.parts import build_exporter
    from selfgen.store.rows_out import REPORT, Folder, check_folder

    started = time.monotonic()
    exporter = build_exporter(format) if format else None
    cleaner = Cleaner(plan)
    check_folder(out, plan.data, force=force)
    examples = Examples() if report else None
    with Folder(out) as folder, View(cleaner.counts) as view:
        results = Results(folder, cleaner, exporter)
        for outcome in view.follow(cleaner.outcomes()):
            results.add(outcome)
            if examples is not None:
                examples.add(outcome, cleaner)
        results.finish()
        if examples is not None:
            folder.write(REPORT, [build_report(plan, cleaner.counts, examples).encode("utf-8", "replace")])
        folder.publish()
    show_counts(cleaner.counts, time.monotonic() - started)
    show_results(out, results.dataset, cleaner)
    return 0


def _rehearse(plan: Plan) -> int:
    from selfgen.assemble.cleaning import Cleaner

    started = time.monotonic()
    cleaner = Cleaner(plan)
    with View(cleaner.counts) as view:
        for _ in view.follow(cleaner.outcomes()):
            pass
    show_counts(cleaner.counts, time.monotonic() - started)
    tell("a dry run: nothing was written; without --dry-run the same command writes the results", "cyan")
    return 0
