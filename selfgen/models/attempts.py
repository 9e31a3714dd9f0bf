"""What one call remembers of its attempts: is it the call, or is it the server?

Knows one call and the lanes that it met. Knows no queue and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from selfgen.core.work import Ask
from selfgen.models.berth import Berth
from selfgen.models.hold import Policy
from selfgen.models.turns import Wish


@dataclass(slots=True, eq=False)
class Call:
    """One call on its way. A failure speaks against the call only once the lane where it happened has served somebody
    since: `confirmed` counts the failures that came after such a success, which makes the ones before them its own."""

    ask: Ask
    tokens: int = 0
    refusals: int = 0
    failures: int = 0
    confirmed: int = 0
    tried: set[Berth] = field(default_factory=set)
    refused_by: set[Berth] = field(default_factory=set)
    _seen: dict[Berth, int] = field(default_factory=dict)

    def wish(self) -> Wish:
        """Return what the queue should know."""
        return Wish(
            self.ask.id, self.failures, self.tokens, self.tried | self.refused_by if self.tried else self.refused_by
        )

    def note_failure(self, berth: Berth) -> None:
        """Count a failure of the call's own on one lane."""
        successes = berth.health.successes
        self.confirmed += successes > self._seen.get(berth, successes)
        self.failures += 1
        self._seen[berth] = successes

    def is_poison(self, policy: Policy) -> bool:
        """Tell whether it failed `own_attempts` times while others succeeded: the first, and those confirmed after."""
        return self.failures > 0 and self.confirmed + 1 >= policy.own_attempts

    def needs_canary(self, berth: Berth, policy: Policy) -> bool:
        """Tell whether nobody else has succeeded on this lane since the call failed there."""
        return self.failures >= policy.canary_after and self._seen.get(berth) == berth.health.successes

    def may_hurry(self, berth: Berth, others: int) -> bool:
        """Tell whether another lane may be tried at once after a failure on `berth`: where there are `others` open that
        have not been tried. A second failure on the same lane waits like any other, and begins a new round."""
        if berth not in self.tried and others:
            self.tried.add(berth)
            return True
        self.tried = {berth}
        return False
