"""The last words of a session: how it ended, the account, and what to type next."""

from __future__ import annotations

import shlex
from contextlib import suppress

from selfgen.assemble.parts import prices_of
from selfgen.assemble.session import Session
from selfgen.cli.screen import next_step, say
from selfgen.cli.words import account_lines, budget_words, count, reasons, span, spent_lines
from selfgen.core.tally import Stop
from selfgen.errors import Paused
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
    for text in spent_lines(session.purse.spending, prices_of(config)):
        say(text)
    run = shlex.quote(str(session.run.path))
    match ending:
        case Stop.TARGET:
            next_step(f"selfgen show {run}", "read them")
            next_step(f"selfgen export {run} --format alpaca", "for a trainer")
        case Stop.SATURATED:
            _advise_saturated(session, run)
        case Stop.BUDGET | Cut.BUDGET:
            _show_budget(session, run)
        case Cut.SUBMITTED:
            next_step(f"selfgen resume {run}", "take what has come home; batches may need up to 24 hours")
        case _:
            next_step(f"selfgen resume {run}", "go on where this stopped")


def _show_budget(session: Session, run: str) -> None:
    """Tell which limit ended the run, and how to go on with a larger one.

    Either the next turn is expected to go over it, by what turns took so far, or the next call may, by the most that it
    can be billed; then calls that may have been billed without an answer count too."""
    machine, prices = session.machine, prices_of(session.source.config)
    currency = prices.currency if prices else ""
    budget = machine.tally.short_of(machine.policy) if machine.stop is Stop.BUDGET else None
    if budget is not None:
        used = budget_words(budget, machine.tally.used(budget), currency)
        say(f"used {used} in finished turns; one more turn is expected to go over")
    elif budget := session.purse.short_of:
        used = budget_words(budget, budget.weigh(session.purse.spending.at_most.vector()), currency)
        say(f"used {used}; one more call may go over, and turns that have begun wait for it")
    if budget is not None:
        next_step(f"selfgen resume {run} --max-{budget.name} N", "go on with a larger budget")


def _advise_saturated(session: Session, run: str) -> None:
    share = float(session.machine.tally.recent_acceptance(session.machine.policy.window))
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
        case Cut.BUDGET:
            return Stop.BUDGET.sentence
        case Cut.SUBMITTED:
            return "submitted; the same command comes back for the results"
        case _:
            return "interrupted, nothing is lost"


def _exit_code(ending: Ending) -> int:
    if isinstance(ending, Stop):
        return ending.exit_code
    if ending is Cut.SUBMITTED:
        return Paused.exit_code
    return Stop.BUDGET.exit_code if ending in (Cut.TIME, Cut.BUDGET) else INTERRUPTED
