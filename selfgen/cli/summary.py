"""The last words of a session: how it ended, the account, and what to type next."""

from __future__ import annotations

import shlex
from contextlib import suppress

from selfgen.assemble.parts import prices_of
from selfgen.assemble.session import Session
from selfgen.cli.screen import next_step, say
from selfgen.cli.words import account_lines, count, reasons, span, token_line
from selfgen.core.tally import Stop
from selfgen.executors.stream import Cut, Ending

INTERRUPTED = 130


def show_ending(session: Session, ending: Ending, seconds: float) -> int:
    """Print the summary of a session that ended well, and return its exit code, also when nobody is there to read."""
    with suppress(OSError):
        _print_ending(session, ending, seconds)
    return _exit_code(ending)


def _print_ending(session: Session, ending: Ending, seconds: float) -> None:
    machine, config = session.machine, session.source.config
    kept = min(machine.tally.kept, config.target)
    say(f"{_sentence(ending)}: {count(kept)} records in {session.run.dataset} ({span(seconds)})", "bold")
    for text in account_lines(machine, config.target):
        say(text)
    say(token_line(machine.tally, prices_of(config)))
    run = shlex.quote(str(session.run.path))
    match ending:
        case Stop.TARGET:
            next_step(f"selfgen show {run}", "read them")
            next_step(f"selfgen export {run} --format alpaca", "for a trainer")
        case Stop.SATURATED:
            _advise_saturated(session, run)
        case Stop.BUDGET:
            say(_budget_line(session))
            next_step(f"selfgen resume {run} --max-calls N", "or --max-tokens N: go on with a larger budget")
        case _:
            next_step(f"selfgen resume {run}", "go on where this stopped")


def _budget_line(session: Session) -> str:
    """Tell which limit was reached. The next turn would have gone over it, by what turns took so far."""
    limits, tally = session.source.config.limits, session.machine.tally
    parts = [("calls", tally.calls, limits.max_calls), ("tokens", tally.tokens, limits.max_tokens)]
    used = [f"{count(spent)} of {count(limit)} {name}" for name, spent, limit in parts if limit is not None]
    return f"used {', '.join(used)}; one more turn is expected to go over"


def _advise_saturated(session: Session, run: str) -> None:
    share = float(session.machine.tally.recent_acceptance())
    window = session.source.config.saturation.window
    say(f"Over the last {window} turns {share:.1%} of the drafts were kept.")
    tally = session.machine.tally
    if refused := tally.rejected + tally.lost + tally.faults:
        say(f"Most were refused for: {reasons(refused, 3)}.")
    say("More varied seeds, a --domain, a hotter or another model, or a laxer filter help; each makes a new run.")
    next_step(f"selfgen show {run} --rejected", "see why drafts were refused")
    next_step(f"selfgen resume {run} --floor 0", "go on all the same")


def _sentence(ending: Ending) -> str:
    match ending:
        case Stop():
            return ending.sentence
        case Cut.TIME:
            return "the time is up"
        case _:
            return "interrupted, nothing is lost"


def _exit_code(ending: Ending) -> int:
    if isinstance(ending, Stop):
        return ending.exit_code
    return Stop.BUDGET.exit_code if ending is Cut.TIME else INTERRUPTED
