"""What happens to the lanes of a fleet, told to people: one sentence for each event, not for each call.

Knows sentences, and what was told already. Knows no queue and decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from selfgen.errors import CallError, Overloaded
from selfgen.models.berth import Berth
from selfgen.models.hold import Hold, say_span
from selfgen.models.lane import Tell


class Story:
    """Tells what a person wants to read in the morning. Times are monotonic seconds, passed in."""

    def __init__(self, berths: Sequence[Berth], tell: Tell) -> None:
        self._berths, self._tell = berths, tell
        self._once: set[str] = set()

    def away(self, berth: Berth, hold: Hold, now_s: float) -> None:
        """A lane was opened as a fuse is: its calls go elsewhere, or nobody answers any more."""
        what = "is too busy" if isinstance(hold.cause, Overloaded) else "is away"
        if any(other.open for other in self._berths):
            self._tell("away", f"{berth.name} {what}; its calls go to the others. {hold.cause.what}")
            return
        wait = say_span(max(0.0, hold.next_try_s - now_s))
        who = "no server answers" if self._several() else f"{berth.name} {what}"
        self._tell("away", f"{who}; waiting, next try in {wait}. {hold.cause.what}")

    def back(self, berth: Berth, hold: Hold, now_s: float) -> None:
        """A lane answers again."""
        self._tell("back", f"{berth.name} is back after {say_span(now_s - hold.since_s)}")

    def hung(self, berth: Berth, silence_s: float, recalled: int, error: CallError) -> None:
        """No call came home, and a test call got no answer either."""
        out = f"{recalled} calls in flight were taken back and are asked again" if recalled else "none was in flight"
        self._tell(
            "watchdog",
            f"{berth.name} sent no answer for {say_span(silence_s)} and fails a test call too; {out}. {error.what}",
        )

    def slow(self, berth: Berth, silence_s: float) -> None:
        """No call came home, but a test call was answered."""
        out = berth.limit.in_flight
        self._tell(
            "slow", f"{berth.name} is slow, but alive: no answer for {say_span(silence_s)}, {out} calls in flight"
        )

    def closed(self, berth: Berth, what: str) -> None:
        """A lane is of no use any more in this session."""
        self._tell("closed", f"{berth.name} is closed until the next start, the others go on. {what}")

    def rebuilt(self, berth: Berth, before: str, after: str) -> None:
        """The same model, signed by another build."""
        sentence = f"{berth.name} is another build of the same model: fingerprint {after}, before {before}"
        self._tell("changed", sentence)

    def renamed(self, berth: Berth, names: Sequence[str], name: str) -> None:
        """Answers are signed with a new model name."""
        mark = f"{berth.name} {name}"
        if mark not in self._once:
            self._once.add(mark)
            self._tell("changed", f"{berth.name} signs answers as {name}, before as {', '.join(names)}")

    def own_limit(self, berth: Berth, error: CallError) -> None:
        """This machine is at its end, no server is."""
        if "own limit" not in self._once:
            self._once.add("own limit")
            self._tell("client", f"this machine is at a limit of its own, fewer calls go to {berth.name}. {error.what}")

    def _several(self) -> bool:
        return sum(berth.live for berth in self._berths) > 1
