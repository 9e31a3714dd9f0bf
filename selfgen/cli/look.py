"""`selfgen status`, `selfgen show` and `selfgen why`: looking into a run, finished or at work."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from selfgen.cli.screen import line, next_step, out, say, text
from selfgen.cli.words import account_lines, count, reasons, share, span, spent_lines

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("status", help=status.__doc__)(status)
    app.command("show", help=show.__doc__)(show)
    app.command("why", help=why.__doc__)(why)


def status(
    run: RunFolder,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow a run at work to its end, or Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line.")] = False,
) -> None:
    """Tell how a run stands: records, account, rate, who works on it."""
    from selfgen.assemble.book import find_run, open_book
    from selfgen.cli import watch as session
    from selfgen.store.live import look

    folder = find_run(run)
    if watch:
        try:
            session.watch(folder, as_json=as_json)
        except KeyboardInterrupt:
            return
    sight = look(folder)
    if sight.news is not None:
        (session.show_json if as_json else session.show_page)(folder, sight, sight.news)
    elif as_json:
        session.show_json(folder, sight, session.of_book(open_book(folder)))
    else:
        _show_book(open_book(folder), run)


def _show_book(book: Any, run: Path) -> None:
    """Tell what the journal of a run says: for one that nobody works on, or whose session has not spoken yet."""
    from selfgen.assemble.parts import prices_of
    from selfgen.assemble.spent import read_spending

    config, machine = book.source.config, book.machine
    kept = min(machine.tally.kept, config.target)
    say(f"{run}: {count(kept)} of {count(config.target)} records ({share(kept, config.target)})", "bold")
    say(f"{config.recipe}, {config.lang}, {config.propose.model}; made by selfgen {book.header['selfgen']}")
    for row in account_lines(machine, config.target):
        say(row)
    for row in spent_lines(read_spending(book.run, machine.recipe), prices_of(config)):
        say(row)
    say(_pace(book.times))
    for note in book.notes[-3:]:
        say(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(note.at))}  {note.kind}: {note.text}", "dim")
    if book.holder:
        say(f"at work: process {book.holder}", "green")
    elif machine.stop:
        say(f"not at work; {machine.stop.sentence}")
    else:
        say("not at work")
        next_step(f"selfgen resume {shlex.quote(str(run))}", "go on")


def _pace(times: Sequence[float]) -> str:
    """Tell how fast events came, over the last ten minutes in which any did."""
    if len(times) < 2:
        return "no calls yet"
    recent = [at for at in times if at > times[-1] - 600]
    seconds = recent[-1] - recent[0]
    rate = f"{len(recent) / seconds:.1f} events/s lately" if seconds > 1 else f"{count(len(recent))} events at once"
    return f"{rate}; last event {span(max(0.0, time.time() - times[-1]))} ago"


def show(
    run: RunFolder,
    rejected: Annotated[bool, typer.Option("--rejected", help="Show what was not kept, and why.")] = False,
    reason: Annotated[str | None, typer.Option(help="Only this reason, for example near_duplicate.")] = None,
    id: Annotated[str | None, typer.Option(help="One record or draft, whole.")] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 10,
    skip: Annotated[int, typer.Option(min=0, help="How many to pass over first.")] = 0,
) -> None:
    """Show records of a run, or what was rejected and why."""
    from selfgen.assemble.book import find_run, open_book

    if id is not None:
        why(run, id)
        return
    book = open_book(find_run(run))
    if rejected or reason:
        _show_rejected(book, run, reason, n, skip)
    else:
        _show_records(book, run, n, skip)


def _show_records(book: Any, run: Path, n: int, skip: int) -> None:
    records = book.records
    for record in records[skip : skip + n]:
        say(record.task.id, "cyan")
        _show_task(record.task)
    say(f"{count(len(records[skip : skip + n]))} of {count(len(records))} records", "dim")
    if skip + n < len(records):
        next_step(f"selfgen show {shlex.quote(str(run))} --skip {skip + n}")
    elif records[skip:]:
        next_step(f"selfgen why {shlex.quote(str(run))} {records[-1].task.id}", "how it came to be")


def _show_rejected(book: Any, run: Path, reason: str | None, n: int, skip: int) -> None:
    rejections = [rejection for rejection in book.rejections if reason in (None, rejection.reason)]
    for rejection in islice(rejections, skip, skip + n):
        out().print(text(rejection.draft.id, "cyan") + text("  ") + text(rejection.reason, "red"), end="")
        say(f"  {line(_evidence(rejection, book), 100)}", "dim")
        say(f"  {line(rejection.draft.instruction, 200)}")
    say(f"{count(len(rejections[skip : skip + n]))} of {count(len(rejections))} rejected or lost", "dim")
    if rejections[skip : skip + n]:
        last = rejections[min(skip + n, len(rejections)) - 1]
        next_step(f"selfgen why {shlex.quote(str(run))} {last.draft.id}", "the whole story of one")
    elif reason and not rejections:
        counts = Counter(rejection.reason for rejection in book.rejections)
        say(f"reasons there are: {reasons(counts) or 'none'}", "dim")


def _evidence(rejection: Any, book: Any) -> str:
    if not rejection.measures or rejection.lost:
        return str(rejection.detail)
    measure = rejection.measures[-1]
    if measure.limit == "none":
        return f'{measure.filter}: found "{measure.value}"'
    near = f" with {measure.nearest}: {book.text_of(measure.nearest)}" if measure.nearest else ""
    value = round(measure.value, 3) if isinstance(measure.value, float) else measure.value
    return f"{measure.filter} {value} (limit {measure.limit} {measure.unit}){near}"


def _show_task(task: Any) -> None:
    say(task.instruction, "bold")
    for name, content in (("input", task.input), ("output", task.output)):
        if content:
            say(f"{name}:", "dim")
            say(content)
    say()


def why(
    run: RunFolder,
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of a record or a draft, for example t00042.3.")],
) -> None:
    """Tell how a record came to be, or why a draft was refused."""
    if _show_seed(run, id):
        return
    from selfgen.assemble.book import find_run, tell

    story = tell(find_run(run), id)
    _show_verdict(story)
    _show_task(story.draft)
    _heading("measured")
    for measure, neighbour in story.measures:
        say(f"{measure.filter}: {measure.value} (limit {measure.limit}) {measure.unit}")
        if measure.nearest:
            say(f"  nearest is {measure.nearest}: {line(neighbour, 300)}")
    if not story.measures:
        say("nothing: it reached no gate")
    if story.nearest:
        _heading("nearest seeds and records (ROUGE-L of the instructions)")
    for score, id_, instruction in story.nearest:
        say(f"{score:.2f}  {id_}: {line(instruction, 200)}")
    _heading("shown to the model")
    for parent, instruction in story.parents:
        say(f"{parent}: {line(instruction, 200)}")
    for call in story.calls:
        _show_call(call)
    next_step(f"selfgen show {shlex.quote(str(run))} --rejected", "others that were refused")


def _show_seed(run: Path, id: str) -> bool:
    """Show a seed, and how many records and drafts it was an example for. False when there is none of that id."""
    from selfgen.assemble.book import find_run, open_book

    book = open_book(find_run(run))
    seed = next((seed for seed in book.source.seeds if seed.id == id), None)
    if seed is None:
        return False
    say(f"{id} is a seed", "bold green")
    _show_task(seed)
    kept = sum(id in record.lineage.parents for record in book.records)
    refused = sum(id in rejection.lineage.parents for rejection in book.rejections)
    say(f"It was shown to the model for {count(kept)} records, and for {count(refused)} drafts that were not kept.")
    return True


def _show_verdict(story: Any) -> None:
    if story.record is not None:
        lineage = story.record.lineage
        say(f"{story.draft.id} was kept: turn {lineage.turn}, recipe {lineage.recipe}", "bold green")
    elif story.rejection is None:
        say(f"{story.draft.id} is in flight: its turn has not retired", "bold yellow")
    else:
        rejection = story.rejection
        what = "was lost" if rejection.lost else "was rejected"
        say(f"{story.draft.id} {what} at stage {rejection.stage}: {rejection.reason}", "bold red")
        if rejection.detail:
            say(rejection.detail)


def _show_call(call: Any) -> None:
    from selfgen.core.work import Answered

    ask, event = call.ask, call.event
    manner = f"; {call.manner}" if call.manner else ""
    _heading(f"call {ask.id}: prompt ({ask.role}, seed {ask.seed}{manner})")
    for message in ask.messages:
        say(f"[{message.role}]", "dim")
        say(message.content)
    if isinstance(event, Answered):
        usage = event.usage
        _heading(f"call {ask.id}: reply of {event.model} ({event.finish}, {usage.completion_tokens} tokens)")
        say(event.text)
    else:
        _heading(f"call {ask.id}: refused ({event.kind})")
        say(event.detail)


def _heading(title: str) -> None:
    say()
    say(f"-- {title}", "cyan")
