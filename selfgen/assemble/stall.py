"""When a run has stalled: no new record for a long time, or no server. Told once for each stall. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NO_RECORD_S = 900.0
NO_SERVER_S = 600.0

Word = Literal["no_record", "no_server"]


@dataclass(slots=True)
class Stall:
    """Watches one session. Times are seconds of any monotonic clock."""

    kept: int = -1
    record_s: float = 0.0
    trouble_s: float | None = None
    told: Word | None = None

    def look(self, now_s: float, kept: int, *, trouble: bool) -> tuple[Word, int] | None:
        """Take in how things stand. Returns the word for a stall that begins to be one now, and its minutes.

        A stall ends with the next record. Servers in trouble count only while no record comes: with one of several
        away a run goes on."""
        if kept != self.kept:
            self.kept, self.record_s, self.trouble_s, self.told = kept, now_s, None, None
        self.trouble_s = (now_s if self.trouble_s is None else self.trouble_s) if trouble else None
        if self.told:
            return None
        if self.trouble_s is not None and now_s - self.trouble_s >= NO_SERVER_S:
            self.told = "no_server"
            return self.told, int((now_s - self.trouble_s) / 60)
        if now_s - self.record_s >= NO_RECORD_S:
            self.told = "no_record"
            return self.told, int((now_s - self.record_s) / 60)
        return None
