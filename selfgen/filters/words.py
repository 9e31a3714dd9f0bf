"""Ways to cut a text for ROUGE-L: by characters (the default) or, for Chinese, by words.

This file is the only one that knows jieba, an optional package that it imports on first use. What each does to
decisions is told in RULES.md: words are blind where one word changes wholesale in a short sentence, and see a change of
a character as a change of a word.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import Any

from selfgen.errors import BadConfig
from selfgen.filters.tokens import HAN, comparison_runs, comparison_tokens

TOKENIZERS = ("characters", "jieba")

_HAN = re.compile(f"[{HAN}]")


def find_tokenizer(name: str) -> Any:
    """Return the function that cuts a text, one of TOKENIZERS. Raises BadConfig where jieba is not installed."""
    if name == "characters":
        return comparison_tokens
    _load_jieba()
    return words


def words(text: str) -> tuple[str, ...]:
    """Return the tokens of the key of a text, Chinese cut into the words of jieba's dictionary, without its guesses at
    words that stand in none."""
    tokens: list[str] = []
    for run in comparison_runs(text):
        tokens += _load_jieba().lcut(run, HMM=False) if _HAN.match(run) else [run]
    return tuple(tokens)


@cache
def _load_jieba() -> Any:
    try:
        import jieba
    except ImportError as error:
        raise BadConfig(
            "filter rouge: the package jieba is not installed",
            todo="Install it with: pip install 'selfgen[jieba]', or leave tokenizer at characters.",
        ) from error
    jieba.setLogLevel(logging.WARNING)
    return jieba
