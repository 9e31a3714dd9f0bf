"""`selfgen clean`: a dataset that exists, repaired, judged and counted. No model, no network."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from selfgen.cli.clean_view import View, show_counts, show_results
from selfgen.cli.screen import tell
from selfgen.errors import SelfgenError, UsageError

if TYPE_CHECKING:
    from selfgen.assemble.clean_plan import Plan
    from selfgen.assemble.cleaning import Cleaner
    from selfgen.core.ports import Exporter

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
    near: Annotated[float | None, typer.Option(min=0, max=1, help="Drop what is closer, by ROUGE-L (0.85).")] = None,
    no_near: Annotated[bool, typer.Option("--no-near", help="Keep near duplicates.")] = False,
    fields: Annotated[Fields | None, typer.Option(help="What must be close: both, or one of them.")] = None,
    tokenizer: Annotated[str | None, typer.Option(help="Chinese by characters, or by words: jieba.")] = None,
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
    from selfgen.assemble.parts import build_exporter
    from selfgen.assemble.settings import gather

    if no_near and (near is not None or fields is not None or tokenizer is not None):
        raise UsageError("--no-near, and how near is near", todo="Leave one of the two out.")
    chosen = plan(
        data,
        gather(config, {} if lang is None else {"lang": lang}),
        _read_wishes(near, fields, tokenizer, semantic),
        data_format=data_format,
        off=[*(off or ()), *(["rouge"] if no_near else ())],
        repairs=repair or (),
        repairs_off=repair_off or (),
        first=first,
    )
    exporter = build_exporter(format) if format else None
    place = out or name_folder(data[0])
    if dry_run:
        return _rehearse(chosen, place, force=force)
    return _work(chosen, place, exporter, force=force, report=report)


def _read_wishes(
    near: float | None, fields: Fields | None, tokenizer: str | None, semantic: str | None
) -> dict[str, Any]:
    """Return the options that the command line gives to filters."""
    from selfgen.assemble.settings import read_semantic

    wishes: dict[str, Any] = {}
    given = {"max": None if near is None else str(near), "fields": fields, "tokenizer": tokenizer}
    if asked := {name: value for name, value in given.items() if value is not None}:
        wishes["rouge"] = asked
    if semantic is not None:
        wishes["semantic"] = read_semantic(semantic)
    return wishes


def _work(plan: Plan, out: Path, exporter: Exporter | None, *, force: bool, report: bool) -> int:
    from selfgen.assemble.cleaning import Cleaner

    started = time.monotonic()
    with ended_by_signals() as heed_no_more:
        try:
            cleaner = Cleaner(plan)
            dataset = _write(cleaner, out, exporter, heed_no_more, force=force, report=report)
        except KeyboardInterrupt:
            return _end_early()
    show_counts(cleaner.counts, time.monotonic() - started)
    show_results(out, dataset, cleaner)
    return 0


def _rehearse(plan: Plan, out: Path, *, force: bool) -> int:
    """Do the work without writing, and tell what would keep the same command from writing."""
    from selfgen.assemble.cleaning import Cleaner
    from selfgen.store.rows_out import check_folder

    started = time.monotonic()
    try:
        cleaner = Cleaner(plan)
        with View(cleaner.counts) as view:
            for _ in view.follow(cleaner.outcomes()):
                pass
    except KeyboardInterrupt:
        return _end_early()
    show_counts(cleaner.counts, time.monotonic() - started)
    tell("a dry run: nothing was written; without --dry-run the same command writes the results", "cyan")
    try:
        check_folder(out, plan.data, force=force)
    except SelfgenError as error:
        tell(f"note: not yet, though: {error.what}. {error.todo}", "yellow")
    return 0


def _end_early() -> int:
    tell("interrupted, nothing was written")
    return INTERRUPTED


def _write(
    cleaner: Cleaner,
    out: Path,
    exporter: Exporter | None,
    heed_no_more: Callable[[], None],
    *,
    force: bool,
    report: bool,
) -> str:
    """Write the results and return the name of the dataset's file."""
    from selfgen.assemble.clean_files import Results
    from selfgen.assemble.clean_report import Examples, build_report
    from selfgen.store.rows_out import REPORT, Folder, check_folder

    inputs = cleaner.plan.data
    check_folder(out, inputs, force=force)
    examples = Examples() if report else None
    with Folder(out) as folder, View(cleaner.counts) as view:
        check_folder(out, inputs, force=force)  # another clean may have come before the lock was ours
        results = Results(folder, cleaner, exporter)
        for outcome in view.follow(cleaner.outcomes()):
            results.add(outcome)
            if examples is not None:
                examples.add(outcome, cleaner)
        results.finish()
        if examples is not None:
            page = build_report(cleaner.plan, cleaner.counts, examples)
            folder.write(REPORT, [page.encode("utf-8", "replace")])
        folder.settle()
        heed_no_more()
        folder.publish()
    return results.dataset


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], None]]:
    """Let SIGTERM and a hangup end the work as Ctrl-C does, with nothing left behind. One signal is enough: those that
    come after it do not disturb the clearing up. Yields what lets no signal end the rest of the block.

    Signals that were ignored before (nohup) stay so, and outside the main thread nothing is changed."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    heeded = [number for number in numbers if before[number] in (signal.SIG_DFL, signal.default_int_handler)]

    def set_all(handler: signal.Handlers | Callable[[int, FrameType | None], None]) -> None:
        for number in heeded:
            signal.signal(number, handler)

    def end(number: int, frame: FrameType | None) -> None:
        set_all(signal.SIG_IGN)
        raise KeyboardInterrupt

    try:
        set_all(end)
    except ValueError:
        heeded.clear()  # only the main thread hears signals
    try:
        yield lambda: set_all(signal.SIG_IGN)
    finally:
        for number in heeded:
            signal.signal(number, before[number])
