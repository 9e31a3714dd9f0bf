"""Numbers about a run, computed from what the machine was told. Nothing here decides what goes into the dataset,
except `Policy`, which says where it ends.

Counters are of retired turns, in turn order, so that they are the same in every replay; `in_flight` is what is begun.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from selfgen.core.work import Usage


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
class Prices:
    """Price of a million tokens, in any one currency."""

    prompt: Fraction = Fraction(0)
    completion: Fraction = Fraction(0)
    currency: str = ""

    def cost(self, prompt_tokens: int, completion_tokens: int) -> Fraction:
        """Return the price of so many tokens."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / 1_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """Where a run stops. Not part of its identity: a smaller target gives the beginning of the larger dataset.

    A run is saturated when, over the last `window` retired turns, fewer than `floor` of the drafts were kept.
    A turn without a single readable draft counts as one draft. Up to `grace` retired turns only the target ends the
    run: an earlier session went so far under other limits, and what is there stays."""

    target: int
    max_calls: int | None = None
    max_tokens: int | None = None
    window: int = 64
    floor: Fraction = Fraction(1, 50)
    grace: int = 0


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
    """What one retired turn adds to the tally."""

    kept: int
    rejected: tuple[str, ...]
    lost: tuple[str, ...]
    faults: tuple[str, ...]
    refused: tuple[str, ...]
    calls: int
    usage: Usage

    @property
    def drafts(self) -> int:
        """Drafts that were read in this turn."""
        return self.kept + len(self.rejected) + len(self.lost)


class Tally:
    """Running sums over retired turns, and the recent window that shows saturation."""

    def __init__(self, window: int) -> None:
        self.turns = 0
        self.kept = 0
        self.rejected: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.calls = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.unknown_usage = 0
        self._window = window
        self._recent: deque[tuple[int, int]] = deque(maxlen=window)

    @property
    def tokens(self) -> int:
        """Tokens read and written, as the server counted them."""
        return self.prompt_tokens + self.completion_tokens

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
        self.prompt_tokens += turn.usage.prompt_tokens
        self.completion_tokens += turn.usage.completion_tokens
        self.unknown_usage += not turn.usage.known
        self._recent.append((turn.drafts, turn.kept))

    def recent_acceptance(self) -> Fraction:
        """Return kept over drafts in the recent window; a turn without drafts counts as one draft, none as 1."""
        drafts = sum(max(1, drafts) for drafts, _ in self._recent)
        return Fraction(sum(kept for _, kept in self._recent), drafts) if drafts else Fraction(1)

    def stop(self, policy: Policy) -> Stop | None:
        """Tell whether the run ends here. Asked once after every retired turn, in order."""
        if self.kept >= policy.target:
            return Stop.TARGET
        if self.turns < policy.grace:
            return None
        if policy.max_calls is not None and self.calls >= policy.max_calls:
            return Stop.BUDGET
        if policy.max_tokens is not None and self.tokens >= policy.max_tokens:
            return Stop.BUDGET
        if len(self._recent) == self._window and self.recent_acceptance() < policy.floor:
            return Stop.SATURATED
        return None

    def allows(self, policy: Policy, in_flight: int) -> bool:
        """Tell whether one more turn may start while `in_flight` have: not while those are expected to be enough.

        What a turn brings is expected to be the mean of the retired ones. Until there is experience a turn is expected
        to bring three records (counted as four turns), and under a budget at most four turns start."""
        a_turn = Fraction(self.kept + 12, self.turns + 4)
        if self.kept + a_turn * in_flight >= policy.target:
            return False
        if self.turns < policy.grace:
            return True
        budgets = [(policy.max_calls, self.calls), (policy.max_tokens, self.tokens)]
        return all(self._affords(limit, used, in_flight) for limit, used in budgets if limit is not None)

    def _affords(self, limit: int, used: int, in_flight: int) -> bool:
        if not self.turns:
            return in_flight < min(4, max(1, limit // 10))
        return used + Fraction(used, self.turns) * (in_flight + 1) <= limit
