"""What every repair rule works on: the three texts of a row, and the shape of a rule. Knows no rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Fields(NamedTuple):
    """The three texts of a row, in the order of a task's fields."""

    instruction: str
    input: str
    output: str


class Rule(NamedTuple):
    """`may_apply` gets the fields joined by line breaks: quick, and never False where `apply` would change something.
    `apply` returns the fields, the same object where it changes nothing."""

    says: str
    may_apply: Callable[[str], bool]
    apply: Callable[[Fields], Fields]


def each(change: Callable[[str], str], fields: Fields) -> Fields:
    """Return the fields with `change` done to each text; the same object where it changes none."""
    changed = Fields(change(fields.instruction), change(fields.input), change(fields.output))
    return fields if changed == fields else changed
