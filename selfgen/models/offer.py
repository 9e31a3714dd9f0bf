"""Names of models in a sentence: what a server has, where the one that was asked for is not there.

Pure. Names are a server's own text, and there may be a hundred thousand of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from selfgen.models.faults import clean_text

MOST_NAMES = 12
"""Names in one message; some services have hundreds."""
MOST_COMPARED, LONGEST_COMPARED = 500, 100
"""Likeness is told by so many names of so many characters: each comparison takes a tenth of a millisecond."""


def offer(names: Sequence[str], like: str = "", key: str = "") -> str:
    """Name models: all of a few; of many those that are most like the one asked for, or the first. "none" for none."""
    near = list(names[:MOST_NAMES])
    if like and len(names) > MOST_NAMES:
        short = [name for name in names[:MOST_COMPARED] if len(name) <= LONGEST_COMPARED]
        near = get_close_matches(like[:LONGEST_COMPARED], short, MOST_NAMES, 0.0) or near
    more = f" and {len(names) - len(near):,} more" if len(names) > len(near) else ""
    return f"{', '.join(clean_text(name, key) for name in near) or 'none'}{more}"
