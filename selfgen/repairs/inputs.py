"""Clears inputs that are none: words that only say so, and text that the instruction holds already."""

from __future__ import annotations

import re

from selfgen.repairs.fields import Fields

_LONGEST_MARKER = 60
_OPEN, _CLOSE = "[\\s<＜\\[(（【《“\"'`*]*", "[\\s>＞\\])）】》”\"'`*.。!]*"
# These say it in so many words.
_SAYS_NO_INPUT = re.compile(
    rf"{_OPEN}(?:"
    r"no[ _-]?(?:additional |further |specific )?inputs?"
    r"(?: (?:is |was )?(?:needed|required|necessary|provided|given|available|applicable))?"
    r"|(?:additional |further )?input (?:is )?not (?:needed|required|necessary|provided|applicable)|without input"
    r"|[无無](?:需|须)?(?:提供)?(?:任何|额外)?[输輸]入(?:内容)?|不需要?(?:提供)?(?:任何|额外)?[输輸]入|[没沒]有(?:任何)?[输輸]入(?:内容)?"
    rf"|[输輸]入[:：]?\s?[无無]){_CLOSE}",
    re.IGNORECASE,
)
_MAY_SAY_NO_INPUT = re.compile(
    rf"{_OPEN}(?:none|n/?a|nil|not applicable|[无無]|[没沒]有|不适用|不適用){_CLOSE}", re.IGNORECASE
)
_ABOUT_MARKERS = re.compile(r"no[ _-]?input|[无無没沒]有?[输輸]入", re.IGNORECASE)
_TRANSLATES = re.compile(r"\A(?!.*[\"'“‘「:：]).*(?:translat|翻译|翻譯|译成)", re.IGNORECASE | re.DOTALL)
_ABOUT_WORDS = re.compile(
    r"\b(?:words?|phrases?|terms?|abbreviat\w*|acronyms?|translat\w*|mean(?:s|ing)?|definitions?|define|letters?|spell\w*|"
    r"synonyms?|antonyms?|opposite|rhym\w*|pronounc\w*|values?|variables?|types?|python|stands? for|options?|answers?|"
    r"characters?|strings?|inputs?|replies|reply|respon\w+)\b|"
    r"(?<!数)字|[词詞句译譯]|意思|含义|含義|缩写|縮寫|反义|反義|同义|同義|近义|近義|拼音|成语|笔画|部首|解释|回答|回复|选项|变量|值|输入|術語|术语",
    re.IGNORECASE,
)

_FEWEST_WORDS, _FEWEST_CJK = 3, 5
_CJK_RANGES = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CJK = re.compile(f"[{_CJK_RANGES}]")
_WORD = re.compile(rf"[^\W_{_CJK_RANGES}]+")
_TAIL = re.compile(r"[\s.。!！?？\"”’'」』》`)）\]]*")
_OPENERS = frozenset(":：,，\"“‘'「『《`(（[")
# The instruction looks for the words in an input, or compares them, so the input is a text of its own.
_LOOKS_FOR_IT = re.compile(
    r"\b(?:count\w*|occur\w*|appear\w*|contain\w*|how (?:many|often)|replac\w+|search\w*|locate|match\w*|compar\w+|"
    r"substring|insert\w*|append\w*|add|remove|delete|differen\w+|similar\w*|same|plagiari\w+|repeat\w*)\b|"
    r"次数|次數|多少|几次|几个|出现|出現|包含|替换|替換|查找|搜索|寻找|比较|比較|对比|對比|插入|添加|删除|刪除|区别|相同|相似|重复",
    re.IGNORECASE,
)


def clear_markers(fields: Fields) -> Fields:
    """Make an input "" that only says, in whatever dress, that there is no input.

    "None", "N/A", "无" and "不适用" stay in tasks about words and values, whose material they may be."""
    text, instruction = fields.input, fields.instruction
    if not 0 < len(text) <= _LONGEST_MARKER:
        return fields
    if _SAYS_NO_INPUT.fullmatch(text):
        meant = _ABOUT_MARKERS.search(instruction) or _TRANSLATES.search(instruction)
    elif _MAY_SAY_NO_INPUT.fullmatch(text):
        meant = _ABOUT_WORDS.search(instruction)
    else:
        return fields
    return fields if meant else fields._replace(input="")


def clear_repeated(fields: Fields) -> Fields:
    """Make an input "" that stands, whole, in the instruction: at its end, behind a colon or comma, or in quotes.

    Three words or five Chinese, Japanese or Korean characters at least, so that a label that the instruction names
    stays; and not where the instruction looks for these words in an input, or compares."""
    text, instruction = fields.input.strip(), fields.instruction
    place = instruction.find(text) if text else -1
    if place < 0 or _count_words(text) < _FEWEST_WORDS:
        return fields
    before, after = instruction[:place], instruction[place + len(text) :]
    if not before.strip() or _is_inside_a_word(before[-1:], text[:1]):
        return fields
    is_at_end = _TAIL.fullmatch(after) is not None
    is_marked = _is_opened(before) and after[:1] != " " and _TAIL.fullmatch(after[:1]) is not None
    if not (is_at_end or is_marked) or _LOOKS_FOR_IT.search(before) or _LOOKS_FOR_IT.search(after):
        return fields
    return fields._replace(input="")


def _count_words(text: str) -> float:
    """Count words; five Chinese, Japanese or Korean characters are worth three."""
    return len(_WORD.findall(text)) + len(_CJK.findall(text)) * _FEWEST_WORDS / _FEWEST_CJK


def _is_inside_a_word(left: str, right: str) -> bool:
    return _WORD.fullmatch(left) is not None and _WORD.fullmatch(right) is not None


def _is_opened(before: str) -> bool:
    """Tell whether a text ends with a colon, a comma, a line break, or an opening quote or bracket."""
    end = before.rstrip()
    return "\n" in before[len(end) :] or end[-1:] in _OPENERS
