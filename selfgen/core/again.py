"""Calls that are asked again, for a reason that lies in what came back.

    shrink   a prompt was too long for the model's context: the recipe's next smaller prompt
    widen    a reply was cut at its limit before anything whole stood in it: the same prompt with room for a longer one

Each asking is a call with an address of its own, so nothing that was paid for is overwritten and nothing is paid for
twice. How an address is asked is a function of what the journal holds about it. An outage is no such reason: that call
is simply still owed. This file knows the rules; machine.py follows them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from selfgen.core.ports import Fault, Reading, Recipe, Subject
from selfgen.core.work import Answered, Refused, Sampling

TOO_LONG = "context_length"
"""The refusal that a smaller prompt answers."""
TRUNCATED = "truncated"
"""Why a draft is lost, or a proposal empty, when there was no room for its reply."""
CUT = frozenset({"length", "max_tokens", "max_output_tokens"})
"""What servers say of a reply that ran into its limit."""


@dataclass(frozen=True, slots=True)
class Try:
    """How an address is asked: `again` calls of it came before, of which `cuts` were cut; `rung` is that of the prompt.
    `stands` is what the last cut reply comes to, should nothing better follow."""

    again: int = 0
    rung: int = 0
    cuts: int = 0
    stands: Fault | None = None

    def widen(self, stands: Fault) -> Try:
        """Return the next try, with more room for the reply."""
        return Try(self.again + 1, self.rung, self.cuts + 1, stands)

    def shrink(self, rung: int) -> Try:
        """Return the next try, with a smaller prompt."""
        return Try(self.again + 1, rung, self.cuts, self.stands)


FIRST = Try()


def is_cut(reply: Answered, reading: Reading) -> bool:
    """Tell whether a reply ran into its limit before one draft could be read from it, in its text or in its thinking.
    A reply of which something was read is kept as it is."""
    return not reading.drafts and reply.finish.lower() in CUT


def truncated(reading: Reading, sampling: Sampling, before: Fault | None) -> Fault:
    """Return the fault of a cut reply: at how many tokens, and what is left of it. `before`: an earlier one was cut."""
    detail = f"the reply was cut at {sampling.max_tokens} tokens"
    if before is not None:
        detail = f"{before.detail}, and at {sampling.max_tokens} when it was asked again"
    return Fault(TRUNCATED, detail, next((fault.excerpt for fault in reading.faults if fault.excerpt), ""))


def find_smaller(recipe: Recipe, subject: Subject, event: Refused, tried: Try) -> int:
    """Return the next rung whose prompt is another than the refused one, 0 where there is none. When it was more room
    that was refused the prompt is not to blame: it was taken before."""
    rungs = range(subject.rung + 1, recipe.stages[subject.stage].rungs + 1)
    if event.kind != TOO_LONG or tried.cuts or not rungs:
        return 0
    refused = recipe.ask(subject)
    return next((rung for rung in rungs if recipe.ask(replace(subject, rung=rung)) != refused), 0)


def end_refused(event: Refused, tried: Try) -> Reading:
    """Return what a call comes to that is not asked again: a cut reply for which more room was refused stands."""
    stands = tried.stands
    if stands is not None:
        detail = f"{stands.detail}; more room was refused ({event.kind}: {event.detail})"
        return Reading((), (replace(stands, detail=detail),))
    return Reading((), (Fault(f"refused_{event.kind}", event.detail),) if event.id.stage else ())
