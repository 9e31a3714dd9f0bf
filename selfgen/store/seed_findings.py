"""What is found while one file is read: faults, and notices, which only inform.

A fault of seeds stops the run. Where rows are cleaned, a fault takes its row away, and only what breaks the file as a
whole stops the work. Knows lines and words. Does not know any file format.
"""

from __future__ import annotations

import re

from selfgen.errors import DataFault

MAX_SHOWN = 50
"""How many faults, and how many kinds of notices, of one file are listed; the rest is counted."""

MAX_KEPT = 10_000
"""How many faults of one file are remembered at all, so that a huge broken file cannot fill the memory."""


# What would break a terminal, or the sentence around it: controls, half surrogates, marks that turn the direction.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Findings:
    """Collects what is found in one file. Line 0 means the file as a whole."""

    __slots__ = ("_beyond", "_broken", "_faults", "_notices", "_taken", "path")

    def __init__(self, path: str) -> None:
        self.path = make_printable(path)
        self._faults: dict[tuple[int, str], None] = {}
        self._broken: dict[tuple[int, str], None] = {}
        self._beyond = 0
        self._taken = 0
        self._notices: dict[str, tuple[int, int]] = {}

    def fault(self, line: int, what: str) -> None:
        """Note what is wrong; the same words for the same line count once."""
        key = (line, make_printable(what))
        if len(self._faults) < MAX_KEPT:
            self._faults[key] = None
        elif key not in self._faults:
            self._beyond += 1

    def fault_whole(self, line: int, what: str) -> None:
        """Note a fault after which the rest of the file cannot be read, or not be trusted."""
        self._broken[line, make_printable(what)] = None
        self.fault(line, what)

    def end_early(self, line: int, what: str) -> None:
        """Note that reading ends here because of a fault that is noted already."""
        self._broken.setdefault((line, make_printable(what)))

    def pending(self) -> int:
        """Return how many faults wait to be taken."""
        return len(self._faults)

    def take(self) -> list[tuple[int, str]]:
        """Return the faults noted since the last call, in that order, and forget them; those of the whole are
        not among them."""
        taken = [fault for fault in self._faults if fault not in self._broken]
        self._taken += len(taken)
        self._faults = {}
        return taken

    def broken(self) -> list[DataFault]:
        """Return the faults of the file as a whole."""
        return [DataFault(self.path, line, what) for line, what in self._broken]

    def notice(self, line: int, what: str) -> None:
        """Note something harmless that a person should know; the same words are counted over all lines."""
        what = make_printable(what)
        if what not in self._notices and len(self._notices) >= MAX_SHOWN:
            what, line = "more kinds of notices", 0
        first, count = self._notices.get(what, (line, 0))
        self._notices[what] = (first, count + 1)

    def faulty(self) -> bool:
        """Tell whether there is any fault, also if it was taken."""
        return bool(self._faults or self._taken)

    def fault_count(self) -> int:
        """Return how many different faults there are so far."""
        return len(self._faults) + self._beyond + self._taken

    def faulty_lines(self) -> frozenset[int]:
        """Return the lines that have a fault."""
        return frozenset(line for line, _ in self._faults)

    def faults(self) -> list[DataFault]:
        """Return the faults by line, at most MAX_SHOWN of them, then one that tells how many more there are."""
        ordered = sorted(self._faults, key=lambda found: found[0])
        shown = [DataFault(self.path, line, what) for line, what in ordered[:MAX_SHOWN]]
        more = len(ordered) - len(shown) + self._beyond
        return [*shown, DataFault(self.path, 0, f"and {more:,} more faults")] if more else shown

    def notices(self) -> tuple[str, ...]:
        """Return one text for each kind of notice: where it was met first, and how often again."""
        return tuple(_word_notice(what, first, count) for what, (first, count) in self._notices.items())


def make_printable(text: str) -> str:
    """Return the text with whatever could harm a terminal written as an escape."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _word_notice(what: str, first: int, count: int) -> str:
    if not first:
        return what
    more = f" and {count - 1:,} more" if count > 1 else ""
    return f"line {first}{more}: {what}"
