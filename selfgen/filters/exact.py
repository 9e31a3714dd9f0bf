"""Exact duplicates of a whole task. Knows which drafts its gate kept; the key itself is made in tokens.py."""

from __future__ import annotations

from collections.abc import Sequence

from selfgen.core.ports import Finding, Scope
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.filters.rule import PASSED
from selfgen.filters.tokens import comparison_text


class ExactFilter:
    """Rejects a task whose instruction and input are those of a kept one: `exact_duplicate`.

    Case, spacing, letter width and traditional characters make no difference (`comparison_text`); the output does not
    count, so that one question cannot stand in a dataset with two answers."""

    name = "exact"
    scope: Scope = "task"

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], str] = {}

    def prepare(self, drafts: Sequence[Draft]) -> None:
        """Nothing to prepare."""

    def check(self, draft: Draft) -> Finding:
        """Look the task up and name the first of its kind."""
        first = self._first.get(_key(draft))
        if first is None:
            return PASSED
        return Finding("exact_duplicate", (Measure(self.name, "same task", "none", "instruction and input", first),))

    def remember(self, draft: Draft) -> None:
        """From now on this task is taken."""
        self._first.setdefault(_key(draft), draft.id)

    def recall(self, drafts: Sequence[Draft]) -> None:
        """From now on these tasks are taken."""
        for draft in drafts:
            self.remember(draft)


def _key(draft: Draft) -> tuple[str, str]:
    return comparison_text(draft.instruction), comparison_text(draft.input)
