"""A lane: one model server as a fleet sees it, and who the model behind it is.

Knows the shapes of what a fleet is given and what it shows. Knows no queue, no clock and no socket: fleet.py does the
work, chat.py is the usual `send`, `look` and `metrics`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from selfgen.core import ports
from selfgen.core.work import Answered, Ask, Refused
from selfgen.errors import Transient

if TYPE_CHECKING:
    from selfgen.models.buckets import Buckets
    from selfgen.models.throttle import Limit, Step

Send = Callable[[Ask], Awaitable[Answered | Refused]]
Tell = Callable[[str, str], None]
"""Takes the kind of an event (away, back, watchdog, slow, closed, changed, client) and a sentence for people."""


class ClientLimit(Transient):
    """This machine ran out of open files or local ports before anything was sent: the server is not to blame."""


@dataclass(frozen=True, slots=True)
class Look:
    """Who answers at an address: the model's id, the weights behind it, its context in tokens, and the fingerprint that
    it signs answers with. "" and None where the server does not say."""

    model: str
    root: str = ""
    max_model_len: int | None = None
    fingerprint: str = ""

    def differs(self, other: Look) -> str:
        """Say in one sentence why `other` is another model than this, "" where it is the same. What one of the two
        leaves open proves nothing, and a new fingerprint is a new build of the same model."""
        if self.model != other.model:
            return f"the model was {self.model}, now it is {other.model}"
        if self.root and other.root and self.root != other.root:
            return f"{self.model} was {self.root}, now it is {other.root}"
        if self.max_model_len and other.max_model_len and self.max_model_len != other.max_model_len:
            return f"{self.model} took {self.max_model_len} tokens, now it takes {other.max_model_len}"
        return ""

    def merge(self, other: Look) -> Look:
        """Return what is known after `other`, the same model: its word where it says something, ours where not."""
        return Look(
            self.model,
            other.root or self.root,
            other.max_model_len or self.max_model_len,
            other.fingerprint or self.fingerprint,
        )


@dataclass(frozen=True, slots=True)
class Lane:
    """One server. `send` asks once; `look` proves by a generation that it lives, and says who it is; `metrics` returns
    its Prometheus text, or None where it has none. `limit` says how many calls at once, `buckets` how many a minute.
    Calls are shared out by `weight`. `known` is what a look found before the run, None: the first look is believed."""

    name: str
    send: Send
    limit: Limit
    weight: float = 1.0
    buckets: Buckets | None = None
    look: Callable[[], Awaitable[Look]] | None = None
    metrics: Callable[[], Awaitable[str | None]] | None = None
    close: Callable[[], Awaitable[None]] | None = None
    known: Look | None = None

    def __post_init__(self) -> None:
        if not 0 < self.weight < float("inf"):
            raise ValueError(f"a lane needs a weight above 0, not {self.weight}")


LaneState = Literal["open", "held", "closed"]


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One lane as a status view shows it. `failures` counts calls that came home without an answer; `tokens_s` are
    completion tokens a second over the last minute; `path` holds the changes of its limit; `why` is "" when open."""

    name: str
    state: LaneState
    in_flight: int
    limit: int
    sent: int
    answered: int
    failures: int
    tokens_s: float
    path: tuple[Step, ...]
    why: str

    def shown(self, began_s: float) -> ports.LaneRow:
        """Return the row in the words of the core; the path counts its seconds from `began_s`."""
        path = tuple((step.now_s - began_s, step.limit, step.why) for step in self.path)
        why = self.why or ("" if self.state == "open" else self.state)
        return ports.LaneRow(self.name, why, self.in_flight, self.limit, self.answered, self.tokens_s, path)


@dataclass(frozen=True, slots=True)
class Counters:
    """What a fleet did so far. `maybe_billed`: calls that may have been paid for without an answer."""

    sent: int
    answered: int
    overloaded: int
    transient: int
    maybe_billed: int
    gave_up: int
    canaries: int
    in_flight: int
    waiting: int
    limit: int
    longest_hold_s: float
