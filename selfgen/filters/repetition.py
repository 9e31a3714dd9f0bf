"""Finds answers that turn in circles. Knows lines, sentences and tokens; legitimate lists differ from loops in that
their items differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

from selfgen.core.ports import Finding
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.filters.output_phrases import REPEATING
from selfgen.filters.phrases import CODE
from selfgen.filters.rule import PASSED, RuleFilter, read_fraction
from selfgen.filters.tokens import comparison_tokens

_BREAKS = re.compile(r"\n|(?<=[.!?])\s|(?<=[。！？])")
_FEWEST_SEGMENTS = 6
_FEWEST_TOKENS = 24  # shorter answers are not worth calling a loop
_LOOP = re.compile(r"(.{1,40}?)\1{3,}", re.DOTALL)  # four rounds or more of up to 40 tokens, one character a token


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
    segments = [comparison_tokens(part) for part in _BREAKS.split(text)]
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
    """Return the share of tokens in the longest loop. Loops of digits and letters are tables, and do not count."""
    kinds = {token: chr(number) for number, token in enumerate(dict.fromkeys(tokens), start=0x100)}
    if len(kinds) > len(tokens) / 2:
        return 0.0
    dull = {code for token, code in kinds.items() if token.isdigit() or (len(token) == 1 and token.isascii())}
    coded = "".join(kinds[token] for token in tokens)
    loops = [len(loop.group()) for loop in _LOOP.finditer(coded) if not dull.issuperset(loop.group(1))]
    return max(loops, default=0) / len(tokens)
