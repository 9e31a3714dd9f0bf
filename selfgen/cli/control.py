"""`selfgen stop`, `selfgen set` and `selfgen notify`: speaking to a run at work, and trying its webhooks."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selfgen.cli.screen import line, next_step, say, tell
from selfgen.cli.words import count, share
from selfgen.errors import BadConfig, NoServer, UsageError

if TYPE_CHECKING:
    from selfgen.store.control import Order
    from selfgen.store.live import Reply, Sight
    from selfgen.store.run_dir import RunDir

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]

BEGIN_S = 600.0
"""How long a session may take to read its journal before it hears anybody."""
ANSWER_S = 20.0
TOLD_S = 5.0
"""Between two lines about a session that is ending."""
INTERRUPTED = 130


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("stop", help=stop.__doc__)(stop)
    app.command("set", help=set_.__doc__)(set_)
    app.command("notify", help=notify.__doc__)(notify)


def stop(
    run: RunFolder,
    now: Annotated[bool, typer.Option("--now", help="Drop the calls in flight, keep what was received.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until the session is over.")] = True,
) -> int:
    """Ask a run at work to stop: no new calls, and those in flight come home.

    Works from any machine that shares the run folder. Nothing is lost either way; `selfgen resume` goes on.
    """
    from selfgen.assemble.book import find_run
    from selfgen.store.control import new_order

    folder = find_run(run)
    sight = _find_session(folder)
    if sight.news is None:
        say(f"{run} is not at work; there is nothing to stop")
        return 0
    reply = _send(folder, new_order(sight.news.session, "abandon" if now else "drain"))
    if reply is not None:
        tell(reply.text, "dim")
    try:
        if wait and not _wait_for_end(folder, sight.news.session):
            say(f"{run}: another session has begun in the meantime")
            return 0
    except KeyboardInterrupt:
        tell("the run goes on ending by itself")
        return INTERRUPTED
    if wait:
        _show_rest(folder)
    return 0


def set_(
    run: RunFolder,
    settings: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="What to change, and to what.")],
) -> int:
    """Change a run while it works: concurrency, target, max_calls, max_tokens, max_cost.

    Example:  selfgen set runs/mine concurrency=64

    Example:  selfgen set runs/mine concurrency=auto max_cost=20
    """
    from selfgen.assemble.book import find_run
    from selfgen.assemble.orders import parse_settings
    from selfgen.store.control import new_order

    wanted = parse_settings(settings)
    folder = find_run(run)
    sight = _find_session(folder)
    if sight.news is None:
        raise _idle(run)
    reply = _send(folder, new_order(sight.news.session, "set", wanted))
    if reply is None:
        raise _idle(run)
    if not reply.obeyed:
        raise UsageError(line(reply.text), todo=f"See how it stands: selfgen status {shlex.quote(str(run))}")
    say(f"{run}: {line(reply.text)}")
    return 0


def notify(
    config: Annotated[Path, typer.Option(help="YAML file with `webhooks`.")],
) -> int:
    """Send a test message to each webhook of a configuration."""
    from selfgen.assemble.hooks import send_test
    from selfgen.assemble.settings import environment, gather

    gathered = gather(config, {})
    if not gathered.webhooks:
        example = "webhooks: [{url_env: SLACK_URL}]"
        raise BadConfig(f"{config} has no webhooks", todo=f"Add them, as in {example}; the address is in SLACK_URL.")
    outcomes, troubles = send_test(gathered, environment())
    for outcome in outcomes:
        say(f"{outcome.hook}: {outcome.trouble or 'sent'}", "yellow" if outcome.trouble else "green")
    for trouble in troubles:
        say(trouble, "yellow")
    failed = len(troubles) + sum(bool(outcome.trouble) for outcome in outcomes)
    if failed:
        todo = "Check the addresses in the environment, and `kind` where it is not recognised."
        raise NoServer(f"{failed} of {len(outcomes) + len(troubles)} webhooks took no message", todo=todo)
    return 0


def _idle(run: Path) -> UsageError:
    return UsageError(
        f"{run} is not at work", todo=f"Give the setting when it goes on: selfgen resume {shlex.quote(str(run))} --help"
    )


def _find_session(folder: RunDir) -> Sight:
    from selfgen.store.control import wait_for_session

    return wait_for_session(folder, BEGIN_S, lambda told: tell(told, "dim"))


def _send(folder: RunDir, order: Order) -> Reply | None:
    from selfgen.store.control import send

    return send(folder, order, ANSWER_S)


def _wait_for_end(folder: RunDir, session: str) -> bool:
    """Wait until a session is over, and tell how far it is. False when another one has begun since."""
    from selfgen.store.control import POLL_S
    from selfgen.store.live import look

    due_s = time.monotonic() + TOLD_S
    while (sight := look(folder)).at_work:
        live = sight.live
        if live is not None and live.session != session:
            return False
        if live is not None and time.monotonic() >= due_s:
            due_s = time.monotonic() + TOLD_S
            states = "".join(f"  ! {line(state)}" for state in live.states)
            tell(f"{count(live.calls_in_flight)} calls in flight{states}", "dim")
        time.sleep(POLL_S)
    return True


def _show_rest(folder: RunDir) -> None:
    """Tell what there is and what is left, as the journal has it."""
    from selfgen.assemble.book import open_book

    book = open_book(folder)
    target = book.source.config.target
    kept = min(book.machine.tally.kept, target)
    say(f"stopped: {count(kept)} of {count(target)} records ({share(kept, target)}); nothing is lost", "bold")
    if book.machine.stop is None:
        next_step(f"selfgen resume {shlex.quote(str(folder.path))}", "go on where this stopped")
    else:
        next_step(f"selfgen show {shlex.quote(str(folder.path))}", "read them")
