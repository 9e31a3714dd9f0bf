"""Normalises the texts that models write, once, on their way in; nothing later in the house edits a draft.

Only what cannot be seen or cannot be meant is changed: line ends, control and invisible characters, outer space, list
numbers in front of an instruction, and the many ways to say "no input". Case, width, punctuation and HTML entities
stay as they are: they may be the point of the task. This file knows nothing of replies, JSON or recipes.
"""

from __future__ import annotations

import re

MOST_CHARACTERS = 20_000
"""Characters that one field of a draft may hold; a few of them still fit into a prompt."""
EXCERPT = 200

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Controls, bidirectional controls, zero-width characters, tag characters (invisible text) and noncharacters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
# Zero-width joiners belong to emoji and to scripts such as Devanagari; beside ASCII, CJK or space they hide something.
_PLAIN = r"\s\x00-\x7f\u3000-\u9fff\uac00-\ud7af\uff00-\uffef"
_STRAY_JOINER = re.compile(rf"(?:(?<=[{_PLAIN}])|^)[\u200c\u200d]+|[\u200c\u200d]+(?=[{_PLAIN}]|$)")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LOST_BACKSLASH = re.compile(
    "[\x08\x0c](?=[A-Za-z])|\t(?:imes|ext|heta|au|extbf)(?![a-z])|\r(?:ho|ight)(?![a-z])|\n(?:abla|eq)(?![a-z])"
)

_LIST_MARK = re.compile(
    r"(?:\(\d{1,3}\)|（\d{1,3}）|\d{1,3}[、）)](?!\s*\d)|\d{1,3}[.．](?=\s|[\u3400-\u9fff“《]))\s*"
    r"|[-*•]\s+(?=[^\W\d])"
    r"|(?:Instruction|Task|指令|任务|题目)\s*\d{0,3}\s*[:：]\s*",
    re.IGNORECASE,
)
_NO_INPUT = re.compile(
    r"[<\[(（【《]?\s*(?:no[ _-]?input(?: (?:is )?(?:needed|required|necessary|provided))?|none|n/?a|not applicable"
    r"|无|無|无输入|無輸入|无需输入|無需輸入|不需要输入|不需要輸入|没有输入|沒有輸入|无材料|不需要材料|不适用|不適用)"
    r"\s*[>\])）】》]?\s*[.。]?",
    re.IGNORECASE,
)
_CJK = re.compile(r"[\u3400-\u9fff]")


def clean_text(text: str) -> str:
    """Return `text` with LF line ends, without control and invisible characters and without outer space."""
    if text.isprintable():
        return text.strip()
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
    return _STRAY_JOINER.sub("", text).strip()


def clean_thoughts(text: str) -> str:
    """Return a text that is kept for people to read, cleaned; halves of characters become U+FFFD."""
    return clean_text(_SURROGATE.sub("\ufffd", text))


def clean_instruction(text: str) -> str:
    """Return the text cleaned, without the list number or the label ("Instruction:", "指令：") in front of it."""
    text = clean_text(text)
    for _ in range(2):
        mark = _LIST_MARK.match(text)
        if mark and mark.end() < len(text):
            text = text[mark.end() :]
    return text


def clean_input(text: str, instruction: str) -> str:
    """Return the text cleaned; "" where it only says that there is no input, or where the instruction holds it all.

    The second rule needs three words or eight Chinese characters, so that a label named in the instruction stays.
    """
    text = clean_text(text)
    if len(text) < 60 and _NO_INPUT.fullmatch(text):
        return ""
    if text in instruction and (len(text.split()) >= 3 or len(_CJK.findall(text)) >= 8):
        return ""
    return text


def has_surrogate(text: str) -> bool:
    """Tell whether the text holds half a character (a lone surrogate), which no file and no server accepts."""
    return not text.isprintable() and _SURROGATE.search(text) is not None


def has_lost_backslash(text: str) -> bool:
    """Tell whether a command lost its backslash because JSON read "\\f" of "\\frac" as a control character."""
    return not text.isprintable() and _LOST_BACKSLASH.search(text) is not None


def cut_excerpt(text: str) -> str:
    """Return at most 200 characters of a raw text, fit for a file: halves of characters become U+FFFD."""
    return _SURROGATE.sub("\ufffd", text.strip()[:EXCERPT])
