"""Numbers about a run, computed from what the machine was told. Nothing here decides what goes into the dataset,
except `Policy`, which says where it ends.

Counters are of retired turns, in turn order, so that they are the same in every replay; `in_flight` is what is begun.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from selfgen.core.budget import Budget, Moments, Prices, Tokens, of_calls, of_cost, of_tokens
from selfgen.errors import InternalError


class Stop(Enum):
    """Why a run came to its end: a word, the exit code, and a sentence."""

    TARGET = ("target", 0, "the target is reached")
    BUDGET = ("budget", 10, "the budget is used up")
    SATURATED = ("saturated", 11, "the model no longer writes enough new tasks")

    def __init__(self, word: str, exit_code: int, sentence: str) -> None:
        self.word = word
        self.exit_code = exit_code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Policy:
    """Where a run stops. Not part of its identity: a smaller target gives the beginning of the larger dataset.
    `max_cost` needs `prices`; `max_turns` is for a look at the first turns.

    A run is saturated when, over the last `window` retired turns, fewer than `floor` of the drafts were kept.
    A turn without a single readable draft counts as one draft. Up to `grace` retired turns only the target ends the
    run: an earlier session went so far under other limits, and what is there stays."""

    target: int
    max_calls: int | None = None
    max_tokens: int | None = None
    window: int = 64
    floor: Fraction = Fraction(1, 50)
    grace: int = 0
    max_cost: Fraction | None = None
    prices: Prices | None = None
    max_turns: int | None = None
    budgets: tuple[Budget, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        budgets = [of_calls(self.max_calls)] if self.max_calls is not None else []
        budgets += [of_tokens(self.max_tokens)] if self.max_tokens is not None else []
        if self.max_cost is not None:
            if self.prices is None:
                raise InternalError("a limit of cost without prices")
            budgets.append(of_cost(self.max_cost, self.prices))
        object.__setattr__(self, "budgets", tuple(budgets))


@dataclass(frozen=True, slots=True)
class Account:
    """Conservation: every draft that was read is kept, rejected, lost or in flight."""

    read: int
    kept: int
    rejected: int
    lost: int
    in_flight: int

    @property
    def balanced(self) -> bool:
        """Tell whether the account adds up."""
        return self.read == self.kept + self.rejected + self.lost + self.in_flight


@dataclass(frozen=True, slots=True)
class TurnCount:
    """What one retired turn adds to the tally. `shrunk` and `widened` of its calls were asked again: with a smaller
    prompt, with more room for the reply."""

    kept: int
    rejected: tuple[str, ...]
    lost: tuple[str, ...]
    faults: tuple[str, ...]
    refused: tuple[str, ...]
    calls: int
    tokens: Tokens
    shrunk: int = 0
    widened: int = 0

    @property
    def drafts(self) -> int:
        """Drafts that were read in this turn."""
        return self.kept + len(self.rejected) + len(self.lost)


class Tally:
    """Running sums over retired turns, and those of drafts and records turn by turn, which show saturation."""

    def __init__(self) -> None:
        self.turns = 0
        self.kept = 0
        self.rejected: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.calls = 0
        self.shrunk = 0
        self.widened = 0
        self.spent = Tokens()
        self.unknown_usage = 0
        self._moments = Moments()
        self._drafts_by = [0]
        self._kept_by = [0]

    @property
    def tokens(self) -> int:
        """Tokens read and written, as the server counted them."""
        return self.spent.total

    @property
    def prompt_tokens(self) -> int:
        """Tokens read."""
        return self.spent.prompt

    @property
    def completion_tokens(self) -> int:
        """Tokens written."""
        return self.spent.completion

    @property
    def drafts(self) -> int:
        """Drafts of retired turns."""
        return self.kept + self.rejected.total() + self.lost.total()

    def add(self, turn: TurnCount) -> None:
        """Count one more retired turn."""
        self.turns += 1
        self.kept += turn.kept
        self.rejected.update(turn.rejected)
        self.lost.update(turn.lost)
        self.faults.update(turn.faults)
        self.refused.update(turn.refused)
        self.calls += turn.calls
        self.shrunk += turn.shrunk
        self.widened += turn.widened
        self.spent += turn.tokens
        self.unknown_usage += not turn.tokens.known
        self._moments.add((turn.calls, *turn.tokens.vector()))
        self._drafts_by.append(self._drafts_by[-1] + max(1, turn.drafts))
        self._kept_by.append(self.kept)

    def recent_acceptance(self, window: int) -> Fraction:
        """Return kept over drafts in the last turns; a turn without drafts counts as one draft, no turn as 1."""
        first = max(0, self.turns - window)
        drafts = self._drafts_by[-1] - self._drafts_by[first]
        return Fraction(self.kept - self._kept_by[first], drafts) if drafts else Fraction(1)

    def stop(self, policy: Policy) -> Stop | None:
        """Tell whether the run ends here. Asked once after every retired turn, in order."""
        if self.kept >= policy.target:
            return Stop.TARGET
        if self.turns < policy.grace:
            return None
        if any(self._moments.used(budget) >= budget.limit for budget in policy.budgets):
            return Stop.BUDGET
        if self.turns >= policy.window and self.recent_acceptance(policy.window) < policy.floor:
            return Stop.SATURATED
        return None

    def allows(self, policy: Policy, in_flight: int) -> bool:
        """Tell whether one more turn may start while `in_flight` have: not while those are expected to be enough.

        What a turn brings is expected to be the mean of the retired ones; until there is experience three records
        (counted as four turns). What turns take of a budget is expected by the mean and the spread of the retired
        ones, so that those in flight are not expected to go over it (see Moments)."""
        a_turn = Fraction(self.kept + 12, self.turns + 4)
        if self.kept + a_turn * in_flight >= policy.target:
            return False
        if policy.max_turns is not None and self.turns + in_flight >= policy.max_turns:
            return False
        return self.short_of(policy, in_flight) is None

    def short_of(self, policy: Policy, in_flight: int = 0) -> Budget | None:
        """Return the first budget that one more turn is expected to go over while `in_flight` have started."""
        return next((each for each in policy.budgets if not self._moments.affords(each, in_flight)), None)

    def used(self, budget: Budget) -> int:
        """Return what retired turns used of a budget, in its own unit."""
        return self._moments.used(budget)
