"""Repairs single characters: line ends, controls, invisible characters, width. Knows Unicode, and nothing of tasks but
that some are about these very characters."""

from __future__ import annotations

import re

from selfgen.repairs.fields import Fields, each

# JSON reads "\f" of "\frac" as a form feed. No word begins with what is left of the command.
_LOST_BACKSLASH = re.compile(
    r"(?P<bs>\x08)(?=eta|egin\{|inom\{|ar\{|oxed\{|mod|ig|ullet|oldsymbol)"
    r"|(?P<ff>\x0c)(?=rac|orall)"
    r"|(?P<tab>\t)(?=imes(?![a-z])|heta(?![a-z])|ext\{|extbf\{|frac\{)"
    r"|(?P<cr>\r)(?=ight[)\]|}.\\])"
    r"|(?P<vt>\x0b)(?=ec\{|dots|arphi|arepsilon)"
)
_COMMAND_LETTER = {"bs": "\\b", "ff": "\\f", "tab": "\\t", "cr": "\\r", "vt": "\\v"}
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

# Windows-1252 read as Latin-1, and the low bytes of U+2013 to U+201D. Beside others of their kind, or behind a letter
# of the kind that UTF-8 read as Latin-1 begins with, they stand for something else.
_MARKS = dict(zip("\x91\x92\x93\x94\x95\x96\x97\x13\x14\x18\x19\x1c\x1d", "‘’“”•–—–—‘’“”", strict=True))
_ANY_MARK = "".join(_MARKS)
_LOST_MARK = re.compile(f"(?<![\x00-\x08\x0e-\x1f\x7f-\xff])[{_ANY_MARK}](?![\x00-\x08\x0e-\x1f\x7f-\x9f])")

# Controls, soft hyphens, directional marks, zero-width characters, tag characters (invisible text), noncharacters. The
# other controls are missing: they stand for characters that are lost, or colour a terminal's text.
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x12\x15-\x17\x1e\x1f\x7f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0001\U000e0020-\U000e007f]+"
)
_JOINERS = "\u200c\u200d"
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
# Scripts from Hebrew to Ethiopic, Khmer and Mongolian, and their like: letters join there, and words are not spaced.
_JOINING = re.compile(
    "[\u0590-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\ua95f\ua980-\uabff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00011fff]"
)
_EMOJI = re.compile("[\u2190-\u2bff\u3030\u303d\ufe0f\U0001f000-\U0001faff]")
_BLACK_FLAG = "\U0001f3f4"
_ABOUT_CHARACTERS = re.compile(
    r"zero[- ]width|invisible|unprintable|non-?printable|control char|soft hyphen|byte order|\bBOM\b|unicode|"
    r"零宽|零寬|不可见|不可見|控制字符|控制字元|软连字符|字节序|隐藏字符",
    re.IGNORECASE,
)

_WIDE = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_WIDE_TO_NARROW = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if _WIDE.match(chr(code))}
_KANA = re.compile("[\u3041-\u30ff]")
_ABOUT_WIDTH = re.compile(
    r"full[- ]?width|half[- ]?width|wide char|zenkaku|hankaku|vaporwave|aesthetic|unicode|ascii|normali[sz]|"
    r"全角|半角|全形|半形|宽字符|编码|規格化|规范化",
    re.IGNORECASE,
)

_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_NARROW_MARK = re.compile(rf"(?<=[{_CJK}])[,;:?!](?=[{_CJK}])")
_ABOUT_MARKS = re.compile(
    r"punctuat|comma|colon|csv|error|mistake|proofread|标点|標點|逗号|冒号|分号|错误|錯誤|改正|纠正|校对|修改|语法",
    re.IGNORECASE,
)
_TO_WIDE = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！"}


def may_lack_backslash(whole: str) -> bool:
    """Tell whether a character is there that a lost backslash leaves behind."""
    return "\t" in whole or "\x0c" in whole or "\x08" in whole or "\r" in whole or "\x0b" in whole


def restore_backslashes(fields: Fields) -> Fields:
    r"""Give a LaTeX command its backslash back: form feed and "rac" become "\frac" again."""
    return each(lambda text: _LOST_BACKSLASH.sub(lambda m: _COMMAND_LETTER[m.lastgroup or ""], text), fields)


def may_hold_lost_mark(whole: str) -> bool:
    """Tell whether a control character is there that may have been a quotation mark or a dash."""
    return not whole.replace("\n", "").isprintable() and _LOST_MARK.search(whole) is not None


def restore_marks(fields: Fields) -> Fields:
    """Give quotation marks and dashes back that a wrong encoding made control characters: "it\\x92s"."""
    return each(lambda text: _LOST_MARK.sub(lambda m: _MARKS[m.group()], text), fields)


def has_odd_line_end(whole: str) -> bool:
    """Tell whether a line ends in anything but LF."""
    return (
        "\r" in whole or "\x0c" in whole or "\x0b" in whole or "\x85" in whole or "\u2028" in whole or "\u2029" in whole
    )


def unify_line_ends(fields: Fields) -> Fields:
    """Let every line end in LF."""
    return each(lambda text: _LINE_ENDS.sub("\n", text), fields)


def may_hide(whole: str) -> bool:
    """Tell whether a character is there that does not print, line breaks and tabs aside."""
    return not whole.replace("\n", "").isprintable()


def drop_hidden(fields: Fields) -> Fields:
    """Take away what cannot be seen and has no work where it stands.

    Kept: joiners inside emoji and beside letters of scripts that join them (Arabic, Indic ...), zero-width spaces
    beside letters of Thai, Khmer and their like, directional marks in a text with right-to-left letters, the tags of
    flags, and everything in a task about such characters. Controls that may stand for a lost character stay, as the
    replacement character does: taking them away would hide the loss."""
    return fields if _ABOUT_CHARACTERS.search(fields.instruction) else each(_drop_hidden, fields)


def _drop_hidden(text: str) -> str:
    if not may_hide(text):
        return text
    keeps_directions = _RIGHT_TO_LEFT.search(text) is not None
    return _HIDDEN.sub(lambda match: _what_works(match, keeps_directions), text)


def _what_works(match: re.Match[str], keeps_directions: bool) -> str:
    """Return those characters of a hidden run that have work between its neighbours."""
    text = match.string
    before, after = text[max(0, match.start() - 1) : match.start()], text[match.end() : match.end() + 1]
    if before == _BLACK_FLAG and match.group()[-1] == "\U000e007f":
        return "".join(ch for ch in match.group() if ch >= "\U000e0020")
    joins = _JOINING.match(before) or _JOINING.match(after)
    kept = "\u180e\u200b" + _JOINERS if joins else "\u200d" if _EMOJI.match(before) and _EMOJI.match(after) else ""
    if keeps_directions:
        kept += _DIRECTIONS
    return "".join(ch for ch in match.group() if ch in kept)


def has_wide(whole: str) -> bool:
    """Tell whether a full-width letter or digit is there."""
    return not whole.isascii() and _WIDE.search(whole) is not None


def narrow(fields: Fields) -> Fields:
    """Make full-width letters and digits half-width, and leave punctuation alone.

    Rows with kana and tasks about width or code points stay: a reader there may mean the width."""
    if _ABOUT_WIDTH.search(fields.instruction) or any(_KANA.search(text) for text in fields):
        return fields
    return each(lambda text: text.translate(_WIDE_TO_NARROW), fields)


def has_narrow_mark(whole: str) -> bool:
    """Tell whether a half-width mark stands between two Chinese characters."""
    return not whole.isascii() and _NARROW_MARK.search(whole) is not None


def widen_marks(fields: Fields) -> Fields:
    """Make the half-width marks ",;:?!" full-width where they stand between two Chinese characters.

    Tasks about marks, mistakes and widths stay as they are."""
    if _ABOUT_MARKS.search(fields.instruction) or _ABOUT_WIDTH.search(fields.instruction):
        return fields
    return each(lambda text: _NARROW_MARK.sub(lambda m: _TO_WIDE[m.group()], text), fields)
