"""A rule as a filter: a named pure look at one draft. Knows the form of findings, and no rule in particular."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from selfgen.core.ports import Finding, Scope
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.errors import BadConfig

PASSED = Finding()
_EXCERPT = 80


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """A filter without memory. `look` is a pure function of the draft."""

    name: str
    scope: Scope
    look: Callable[[Draft], Finding]

    def prepare(self, drafts: Sequence[Draft]) -> None:
        """Nothing to prepare."""

    def check(self, draft: Draft) -> Finding:
        """Look at the draft."""
        return self.look(draft)

    def remember(self, draft: Draft) -> None:
        """Nothing to remember."""

    def recall(self, drafts: Sequence[Draft]) -> None:
        """Nothing to remember."""


def reject(filter: str, reason: str, found: float | str, limit: float | str = "none", unit: str = "phrase") -> Finding:
    """Return the finding of a rejection; a text is shown in one line and cut."""
    value = excerpt(found) if isinstance(found, str) else found
    return Finding(reason, (Measure(filter, value, limit, unit),))


def reject_phrase(filter: str, reason: str, phrase: str) -> Finding:
    """Return a rejection by a phrase, or a pass where the phrase is "" (not found)."""
    return reject(filter, reason, phrase) if phrase else PASSED


def excerpt(text: str) -> str:
    """Return a text as one line of at most 80 characters, without surrounding space, that every file can hold."""
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"


def read_fraction(filter: str, option: str, value: str | float | Fraction) -> Fraction:
    """Return the exact fraction that a decimal in [0, 1] spells: "0.7" and 0.7 are both 7/10. Raises BadConfig."""
    try:
        fraction = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        fraction = Fraction(-1)
    if isinstance(value, bool) or not 0 <= fraction <= 1:
        raise BadConfig(
            f"filter {filter}: {option} is {value!r}", todo=f"Give {option} as a number from 0 to 1, for example 0.7."
        )
    return fraction


def read_language(filter: str, lang: str) -> None:
    """Raise BadConfig for a language that the rules do not know."""
    if lang not in ("zh", "en"):
        raise BadConfig(f"filter {filter}: lang is {lang!r}", todo='Give lang as "en" or "zh".')
