"""The rows that were kept, packed small, so that a rejection can name its nearest neighbour. Knows places and texts."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from unicodedata import normalize

from selfgen.store.rows import DataRow


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A kept row that another one was too close to."""

    file: str
    line: int
    number: int
    instruction: str


class KeptRows:
    """Kept rows by their number among all that were judged, which only grows. About 42 bytes each, and the text."""

    def __init__(self) -> None:
        self._numbers = array("Q")
        self._files: list[str] = []
        self._file_of = array("I")
        self._lines = array("Q")
        self._rows = array("Q")
        self._ends = array("Q")
        self._texts = bytearray()
        self._ids = array("q")

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, number: int, row: DataRow, instruction: str) -> None:
        """Hold a row; `number` is above all numbers so far."""
        if not self._files or self._files[-1] != row.file:
            self._files.append(row.file)
        self._numbers.append(number)
        self._file_of.append(len(self._files) - 1)
        self._lines.append(row.line)
        self._rows.append(row.number)
        self._texts += instruction.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._texts))
        if row.task is not None and row.task.id:
            self._ids.append(hash(row.task.id))

    def find(self, number: int) -> Neighbour | None:
        """Return the row of a number, None where it was not kept."""
        at = bisect_left(self._numbers, number)
        if at == len(self._numbers) or self._numbers[at] != number:
            return None
        return Neighbour(self._files[self._file_of[at]], self._lines[at], self._rows[at], self._text(at))

    @property
    def distinct(self) -> bool:
        """Tell whether no two rows have the same instruction (after Unicode NFC, without outer white space), or the
        same id."""
        if len(set(self._ids)) < len(self._ids):
            return False
        return len({hash(normalize("NFC", self._text(at).strip())) for at in range(len(self))}) == len(self)

    def _text(self, at: int) -> str:
        start = self._ends[at - 1] if at else 0
        return self._texts[start : self._ends[at]].decode("utf-8", "surrogatepass")
