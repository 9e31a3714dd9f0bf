"""Finds answers that turn in circles. Knows lines, sentences and tokens; legitimate lists differ from loops in that
their items differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, compress
from operator import eq

from selfgen.core.ports import Finding
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.filters.output_phrases import REPEATING
from selfgen.filters.phrases import CODE
from selfgen.filters.rule import PASSED, RuleFilter, read_fraction
from selfgen.filters.tokens import comparison_lines

_SENTENCE_END = re.compile(r"[.!?。！？](?:(?<=[。！？])|\s)")
_FEWEST_SEGMENTS = 6
_FEWEST_TOKENS = 24  # shorter answers are not worth calling a loop
_LONGEST_PERIOD = 40  # tokens
_FEWEST_ROUNDS = 4


def repetition_filter(*, max: float = 0.5) -> RuleFilter:
    """Reject answers of which more than the share `max` is repetition: `repetition`.

    Measured is the larger of two shares: of lines and sentences (6 or more, of 3 tokens or more) that stood there
    before; and of tokens in a loop of 4 or more rounds. Passes where it was asked for, and in code."""
    limit = float(read_fraction("repetition", "max", max))

    def look(draft: Draft) -> Finding:
        share = round(repeated_share(draft.output), 3)
        if share > limit and not (REPEATING.find(draft.instruction) or CODE.find(draft.instruction)):
            return Finding("repetition", (Measure("repetition", share, limit, "repeated share"),))
        return Finding("", (Measure("repetition", share, limit, "repeated share"),)) if share else PASSED

    return RuleFilter("repetition", "task", look)


def repeated_share(text: str) -> float:
    """Return the share of a text that is repetition, in [0, 1]."""
    segments = comparison_lines(_SENTENCE_END.sub("\n", text))
    tokens = list(chain.from_iterable(segments))
    if len(tokens) < _FEWEST_TOKENS:
        return 0.0
    return max(_repeated_segments(segments), _looping_tokens(tokens))


def _repeated_segments(segments: Sequence[tuple[str, ...]]) -> float:
    telling = [segment for segment in segments if len(segment) >= 3]
    if len(telling) < _FEWEST_SEGMENTS:
        return 0.0
    return 1 - len(set(telling)) / len(telling)


def _looping_tokens(tokens: Sequence[str]) -> float:
    """Return the share of tokens in the longest loop. Loops of digits and letters are tables, and do not count.

    A loop of period p is a run of places that hold the same token as p places before; of equally long runs of one
    period the first counts."""
    if len(set(tokens)) > len(tokens) / 2:
        return 0.0
    longest = 0
    for period in range(1, min(_LONGEST_PERIOD, len(tokens) // _FEWEST_ROUNDS) + 1):
        run, start = _longest_run(tokens, period, (_FEWEST_ROUNDS - 1) * period)
        if run and not all(map(_is_dull, tokens[start : start + period])):
            longest = max(longest, run + period)
    return longest / len(tokens)


def _longest_run(tokens: Sequence[str], period: int, least: int) -> tuple[int, int]:
    """Return (length, start) of the first longest run of places whose token stands again `period` places later; (0, 0)
    where none has `least` places. Such a run covers a place that is a multiple of `least` away from the first one
    looked at, so that hardly any place needs a look."""
    best = start = 0
    looked = range(least - 1, len(tokens) - period, least)
    for place in compress(looked, map(eq, tokens[least - 1 :: least], tokens[least - 1 + period :: least])):
        if place >= start + best:
            first, end = _spread(tokens, period, place)
            if end - first >= max(least, best + 1):
                best, start = end - first, first
    return best, start


def _spread(tokens: Sequence[str], period: int, place: int) -> tuple[int, int]:
    """Return the beginning and the end of the run around a place."""
    first, end = place, place + 1
    while first and tokens[first - 1] == tokens[first - 1 + period]:
        first -= 1
    while end + period < len(tokens) and tokens[end] == tokens[end + period]:
        end += 1
    return first, end


def _is_dull(token: str) -> bool:
    return token.isdigit() or (len(token) == 1 and token.isascii())
