r"""Repairs line breaks that a program left written out as "\n".

Knows the signs of code, LaTeX and paths, which mean their backslashes."""

from __future__ import annotations

import re

from selfgen.repairs.fields import Fields, each

_BREAK = re.compile(r"(?:\\r)?\\n")
_BEFORE_LETTER = re.compile(r"\\[nt]\s?[a-z]")
_OTHER_BACKSLASH = re.compile(r"\\(?![nt\"]|r\\n)")
_CODE = re.compile(
    r"[{}$`]|;\s*(?:\\n|\Z)|\w\(|=>|==|\bprint\b|\bdef |\breturn\b|#include|[A-Za-z]:\\"
    r"|[\"'“‘(（]\\n[\"'”’)）]"
)
_ABOUT_ESCAPES = re.compile(
    r"escap|newline|new line|line break|backslash|regex|regular expression|string|code|program|script|function|latex|"
    r"path|json|format|\\|转义|換行|换行|反斜|正则|字符串|代码|程序|脚本|函数|路径|格式",
    re.IGNORECASE,
)


def may_hold_escape(whole: str) -> bool:
    """Tell whether a backslash and "n" are there."""
    return "\\n" in whole


def restore_line_breaks(fields: Fields) -> Fields:
    r"""Make a literal "\n" (and "\t" beside it) a line break in prose.

    Prose is a text without one real line break, without any sign of code, LaTeX or a path, in which nothing else
    follows a backslash and no small letter follows these, in a task that is not about strings, code or formats."""
    return fields if _ABOUT_ESCAPES.search(fields.instruction) else each(_restore_line_breaks, fields)


def _restore_line_breaks(text: str) -> str:
    if "\\n" not in text or "\n" in text:
        return text
    if _BEFORE_LETTER.search(text) or _OTHER_BACKSLASH.search(text) or _CODE.search(text):
        return text
    return _BREAK.sub("\n", text).replace("\\t", "\t").replace('\\"', '"')
