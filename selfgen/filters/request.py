"""Tells what an instruction asks for from the material that it quotes. Knows punctuation, and no phrases."""

from __future__ import annotations

import re
from functools import lru_cache

# Straight single quotes count only where they do not stand inside a word (don't, students').
_QUOTED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\"[^\"]*\"|“[^”]*”|「[^」]*」|『[^』]*』|‘[^’]*’(?!\w)|'(?<!\w')[^'\n]*'(?!\w)",
    re.DOTALL,
)
# A colon or a line break after which material follows. "10:30" and "https://" hold no such colon.
_MATERIAL = re.compile(r"(?:：|\n|:(?=\s|[^\x00-\x7f]))\s*\S")
_WORD = re.compile(r"\w")
_PAYLOAD = re.compile(r"[\"“”「」『』《》`(（\[{\n\d<>=]|_{2,}|\s[-–—]\s|(?:^|\s)['‘]|[:：]\s*\S|、")
_LATER_SENTENCE = re.compile(r"[.!?。！？]\s*\w.{3}", re.DOTALL)


@lru_cache(maxsize=8)
def request_text(instruction: str) -> str:
    """Return an instruction without quoted text, and without what follows a colon or the first line.

    Words in there are material ("Translate: remind me to call"), and are not asked of the model."""
    text = _QUOTED.sub(" … ", instruction.strip())
    match = _MATERIAL.search(text)
    return text[: match.start()] if match else text


def is_quoted(instruction: str) -> bool:
    """Tell whether nothing but quoted text is there."""
    return _WORD.search(_QUOTED.sub("", instruction)) is None


def brings_material(instruction: str, after: int) -> bool:
    """Tell whether an instruction carries material of its own: quotes, digits, brackets, a colon or a line break with
    something behind, a list, or another sentence after position `after`."""
    return (
        _PAYLOAD.search(instruction) is not None
        or instruction.count(",") + instruction.count("，") >= 3
        or _LATER_SENTENCE.search(instruction, after) is not None
    )
