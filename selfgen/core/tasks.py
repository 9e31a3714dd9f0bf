"""What a dataset is made of: tasks, drafts in the making, and records that were kept.

These are pure values. Where they came from on disk is known in store/, how they look to a trainer in export/.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, overload

T = TypeVar("T")

Labels = tuple[tuple[str, str], ...]
"""Names and values, sorted by name: ("difficulty", "easy"), ("kind", "classification") ..."""

KIND = "kind"
CLASSIFICATION = "classification"
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Task:
    """An instruction with its input ("" where it needs none) and its output. A seed is a Task that a person wrote."""

    id: str
    instruction: str
    input: str = ""
    output: str = ""
    labels: Labels = ()

    def label(self, name: str) -> str:
        """Return the value of a label, "" where the task has none of that name."""
        return next((value for key, value in self.labels if key == name), "")


@dataclass(frozen=True, slots=True)
class Draft:
    """A task in the making. `parents` are the ids of the tasks that its prompt showed."""

    id: str
    instruction: str
    input: str = ""
    output: str = ""
    labels: Labels = ()
    parents: tuple[str, ...] = ()

    def label(self, name: str) -> str:
        """Return the value of a label, "" where the draft has none of that name."""
        return next((value for key, value in self.labels if key == name), "")


@dataclass(frozen=True, slots=True)
class Lineage:
    """How a record came to be: its turn, the tasks its prompt showed, the calls that it took ("42.0.0", and "42.0.0+1"
    where that was asked again), the recipe."""

    turn: int
    parents: tuple[str, ...]
    calls: tuple[str, ...]
    recipe: str


@dataclass(frozen=True, slots=True)
class Record:
    """A draft that every gate kept."""

    task: Task
    lineage: Lineage


def set_label(labels: Labels, name: str, value: str) -> Labels:
    """Return `labels` with one value set, sorted by name."""
    return tuple(sorted([pair for pair in labels if pair[0] != name] + [(name, value)]))


class Prefix(Sequence[T]):
    """The first `length` items of a list that only ever grows: a pool as it stood, without copying it."""

    __slots__ = ("_items", "_length")

    def __init__(self, items: Sequence[T], length: int) -> None:
        self._items = items
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return self._items[: self._length][index]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self._items[index if index >= 0 else self._length + index]

    def __iter__(self) -> Iterator[T]:
        return (self._items[i] for i in range(self._length))
