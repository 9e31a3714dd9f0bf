"""Cuts text into the tokens on which tasks are compared, fair to all scripts.

This file knows scripts, and nothing of filters, limits or tasks. Everything here is a key to compare or to measure
with; the text of a task is never changed by it.

The key of a text: invisible characters removed, NFKC, case folded, traditional characters made simplified. It is cut
into single characters of the scripts that put no space between words (Chinese, kana, hangul, Thai ...), and into words
of all others. Punctuation and emoji are dropped. On ASCII text this gives exactly the tokens of rouge-score's default
tokenizer. On accented Latin it differs on purpose: rouge-score drops what is not ASCII and cuts "café" to "caf"; here
"café" is one word, and so is a word in Cyrillic or Arabic, which rouge-score does not see at all.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from opencc import OpenCC

Language = Literal["zh", "en", "other"]

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
HANGUL = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7fb"
_OTHER_UNSPACED = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u104f\u1780-\u17d3"  # Thai, Lao, Myanmar, Khmer
_UNSPACED = HAN + KANA + HANGUL + _OTHER_UNSPACED
# Marks that belong to the word they stand in, although they are neither letters nor digits: accents that do not
# compose, Hebrew and Arabic vowels, and all the signs of the Indic blocks but their full stops.
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"
    "\u06df-\u06e8\u06ea-\u06ed\u0900-\u0963\u0966-\u0dff"
)
_WORD = rf"[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[{_MARKS}])*"
# ASCII text is cut as bytes, by a table: letters made small, digits and line feeds as they are, all else a space.
_ASCII_KEY = bytes(ord(sign.lower()) if sign.isalnum() or sign == "\n" else 32 for sign in map(chr, range(128))) * 2
_PIECES = re.compile(rf"[{_UNSPACED}]+|{_WORD}")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_RUNS = re.compile(rf"[{HAN}]+|[{_UNSPACED}]|{_WORD}")
_CJK = re.compile(f"[{HAN}{KANA}{HANGUL}]")
_HAS_HAN = re.compile(f"[{HAN}]")
# Zero-width and bidirectional marks, soft hyphens, variation selectors, tags; lone surrogates, which no codec takes.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ud800-\udfff\U000e0000-\U000e0fff]"
)
_FULL_WIDTH_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_WIDE = re.compile("[\u3000\uff01-\uff5e]")
_COMMON_WIDE = tuple((wide, chr(ord(wide) - 0xFEE0)) for wide in "，：；！？（）")
_T2S = OpenCC("t2s")
_RECENT = 8
"""Texts whose key or counts are kept: several rules ask for those of one and the same text."""


def comparison_tokens(text: str) -> tuple[str, ...]:
    """Return the tokens of the key of `text` in order; () where it has none (punctuation, emoji)."""
    if text.isascii():
        return tuple(text.encode().translate(_ASCII_KEY).decode().split())
    return tuple(_cut(_fold(text)))


def comparison_lines(text: str) -> list[tuple[str, ...]]:
    """Return the same line by line."""
    if text.isascii():
        return [tuple(line.split()) for line in text.encode().translate(_ASCII_KEY).decode().split("\n")]
    return [tuple(_cut(line)) for line in _fold(text).split("\n")]


def _cut(key: str) -> list[str]:
    tokens: list[str] = []
    for piece in _PIECES.findall(key):
        if piece < "\u0e01" or not _IS_UNSPACED.match(piece):  # the first script without spaces begins there
            tokens.append(piece)
        else:
            tokens += piece
    return tokens


def comparison_runs(text: str) -> tuple[str, ...]:
    """Return the same with the Chinese characters between two marks or words left together, to be cut by others."""
    return tuple(_RUNS.findall(_fold(text)))


def _fold(text: str) -> str:
    key = unicodedata.normalize("NFKC", _narrow(_INVISIBLE.sub("", text))).casefold()
    return _simplify(unicodedata.normalize("NFKC", key))


def _narrow(text: str) -> str:
    """Return a text with the wide punctuation of Chinese made narrow: without it, most texts are normal at a glance."""
    for wide, narrow in _COMMON_WIDE:
        text = text.replace(wide, narrow)
    return text


@lru_cache(maxsize=_RECENT)
def comparison_text(text: str) -> str:
    """Return the key on which whole texts are compared for equality.

    It keeps punctuation, and it folds less than the tokens do: full-width letters, case, traditional characters and
    spacing make no difference, but 2² and 22 do."""
    if not text.isascii():
        key = _narrow(unicodedata.normalize("NFC", _INVISIBLE.sub("", text)))
        key = key.translate(_FULL_WIDTH_ASCII) if _WIDE.search(key) else key
        text = _simplify(unicodedata.normalize("NFC", key.casefold()))
    return " ".join(text.casefold().split())


_SHOWN = re.compile(rf"[^\s{_INVISIBLE.pattern[1:]}")


def is_blank(text: str) -> bool:
    """Tell whether `comparison_text` is "": nothing but space and invisible characters."""
    return _SHOWN.search(text) is None


def _simplify(text: str) -> str:
    return _T2S.convert(text) if _HAS_HAN.search(text) else text


@dataclass(frozen=True, slots=True)
class ScriptCounts:
    """How much of a text is written in which script: single characters for the first four, words for the others."""

    han: int = 0
    kana: int = 0
    hangul: int = 0
    other_characters: int = 0
    latin_words: int = 0
    other_words: int = 0

    @property
    def units(self) -> float:
        """Length in units that are fair to both languages; see `length_units`."""
        characters = self.han + self.kana + self.hangul + self.other_characters
        return characters + WORD_UNITS * (self.latin_words + self.other_words)


WORD_UNITS = 1.7
"""Chinese characters that say as much as one English word: 1.71 for instructions, 1.79 for outputs on parallel data."""

_HAN_RUN = re.compile(f"[{HAN}]+")
_FOREIGN_RUNS = tuple(re.compile(f"[{script}]+") for script in (KANA, HANGUL, _OTHER_UNSPACED))
_FOREIGN = re.compile(f"[{KANA}{HANGUL}{_OTHER_UNSPACED}]")
_LENGTH_WORDS = re.compile(rf"{_WORD}(?:['’.,]{_WORD})*")
_LATIN_START = re.compile("[A-Za-z0-9\u00c0-\u024f\u1e00-\u1eff\uff10-\uff5a]")
# Of each ASCII character only whether it is a letter or digit, a sign that may stand inside a word, or neither.
_ASCII_SHAPE = bytes(ord("a" if sign.isalnum() else "." if sign in "'.," else " ") for sign in map(chr, range(128))) * 2


@lru_cache(maxsize=_RECENT)
def script_counts(text: str) -> ScriptCounts:
    """Count characters and words by script. "don't" and "3.14" are one word each; digits count as Latin."""
    if text.isascii():
        shape = b" " + text.encode().translate(_ASCII_SHAPE)
        return ScriptCounts(latin_words=shape.count(b" a") + shape.count(b" .a") + shape.count(b"..a"))
    words = _LENGTH_WORDS.findall(text)
    latin = sum(1 for word in words if _LATIN_START.match(word))
    han = sum(map(len, _HAN_RUN.findall(text)))
    kana = hangul = other = 0
    if _FOREIGN.search(text):
        kana, hangul, other = (sum(map(len, run.findall(text))) for run in _FOREIGN_RUNS)
    return ScriptCounts(han, kana, hangul, other, latin, len(words) - latin)


def length_units(text: str) -> float:
    """Return the length of a text in units: 1 for a Chinese character (kana, hangul), 1.7 for a word."""
    return round(script_counts(text).units, 1)


def has_cjk(text: str) -> bool:
    """Tell whether there is any Chinese character, kana or hangul."""
    return not text.isascii() and _CJK.search(text) is not None


def main_language(text: str) -> Language:
    """Guess the language from the scripts alone: "zh" for mostly Chinese characters with hardly any kana or hangul,
    "en" for mostly Latin words, else "other". French passes as "en": its script does not tell it apart."""
    counts = script_counts(text)
    foreign = counts.kana + counts.hangul
    rest = counts.other_characters + WORD_UNITS * counts.other_words
    latin = WORD_UNITS * counts.latin_words
    cjk = counts.han + foreign
    if cjk > latin and cjk > rest:
        return "zh" if foreign <= 0.1 * cjk else "other"
    return "en" if latin > 0 and latin >= rest else "other"
