"""Reads the options that a classification task states, and holds the answer against them.

Made to be sure rather than complete: where options are not stated in one plain way, every answer passes.
"""

from __future__ import annotations

import re

from selfgen.core.ports import Finding
from selfgen.core.tasks import CLASSIFICATION, KIND, Draft
from selfgen.filters.rule import PASSED, RuleFilter, reject
from selfgen.filters.tokens import comparison_text, comparison_tokens, length_units

_LONGEST_LABEL = 14.0  # units; a longer answer explains, and is not held to the letter
_MOST_OPTIONS = 12
_OPTION = r"[\"'“‘]?[A-Za-z][\w+-]*(?:[ -][\w+-]+){0,2}[\"'”’]?"
_LIST = rf"{_OPTION}(?:\s*,\s*{_OPTION})*\s*,?\s+or\s+{_OPTION}"
_END = r"(?=\s*(?:[.?!;:)\n]|$))"
_OPTION_ZH = "[“\"'「]?[^，。、；：？！/（）()“”\"'「」\\s或和还]{1,8}[”\"'」]?"
_LIST_ZH = f"{_OPTION_ZH}(?:[、，/]{_OPTION_ZH})*(?:或者?|(?<!之)和|、|/|，或)(?:是)?{_OPTION_ZH}"
_END_ZH = "(?=[。！？，；：）)\\s]|$|[一二两三四五六七八2-8]个?[类种])"
_STATED = (
    re.compile(rf"\b(?:as|into|between)\s+(?:either\s+|being\s+|one of:?\s+)?({_LIST}){_END}", re.IGNORECASE),
    re.compile(rf"\bwhether\s[^.?!:,\n]*?\b(?:is|are|was|were)\s+(?:an?\s+)?({_LIST}){_END}", re.IGNORECASE),
    re.compile(
        rf"\((?!such as|like|including|for example)({_OPTION}(?:\s*[/|]\s*{_OPTION})+|{_LIST})\)", re.IGNORECASE
    ),
    re.compile(
        rf"\b(?:options|labels|categories|classes|choices)(?:\s+are)?\s*:\s*({_OPTION}(?:\s*[,/|;]\s*{_OPTION})+)",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:output|answer|respond|reply|say)\s+(?:with\s+)?(?:either\s+)?({_LIST}){_END}", re.IGNORECASE),
    re.compile(f"(?:输出|回答|填写|返回)({_LIST_ZH}){_END_ZH}"),
    re.compile(f"(?:分类为|归类为|分为|标记为|判断为|标注为|归为|分成)({_LIST_ZH}){_END_ZH}"),
    re.compile(f"[（(](?!如|例如|比如|譬如|包括|即)({_OPTION_ZH}(?:[、/|]{_OPTION_ZH})+|{_LIST_ZH})[）)]"),
    re.compile(f"(?:选项|类别|标签)(?:包括|有|为|是)?[:：]?({_OPTION_ZH}(?:[、/]{_OPTION_ZH})+){_END_ZH}"),
    re.compile("(?:是|属于)([^，。、；：？！是的]{1,8}还是(?:属于)?[^，。、；：？！是]{1,8})(?=[，。？！]|$)"),
)
_SEPARATOR = re.compile(r"\s*(?:,\s*or\s+|\bor\b|[,/|;，、]|，?或者?是?|和|还是(?:属于)?)\s*", re.IGNORECASE)
_QUOTES = "\"'“”‘’「」 "


# Who asks for a classifier, a rule or a survey does not ask for one of its labels.
_MAKING = re.compile(
    r"\W*(?:design|build|write|develop|create|construct|implement|train|explain)\b"
    r"|\W*请?(?:你|您)?(?:设计|构建|编写|写一?[个篇段条]|开发|创建|实现|训练|解释)",
    re.IGNORECASE,
)


def stated_options(instruction: str) -> tuple[str, ...]:
    """Return the options that an instruction states, in its order; () where it states none, or more than one list, or
    one that leaves the words of the answer open ("spam or not")."""
    lists = {match.group(1) for pattern in _STATED for match in pattern.finditer(instruction)}
    if len(lists) != 1:
        return ()
    options = [part.strip(_QUOTES) for part in _SEPARATOR.split(lists.pop())]
    if {"not", "否"} & {option.lower() for option in options}:
        return ()
    distinct = tuple(dict.fromkeys(comparison_text(option) for option in options if option))
    return distinct if 2 <= len(distinct) <= _MOST_OPTIONS else ()


def answer_label_filter() -> RuleFilter:
    """Reject a short answer that is none of the options its instruction states: `label_not_offered`.

    Looks at tasks whose label kind says classification. An answer that shares the beginning of any word of an option
    passes ("positively" for "positive"), and so do a bare letter or number, and 是的 for "yes"."""

    def look(draft: Draft) -> Finding:
        if draft.label(KIND) != CLASSIFICATION or length_units(draft.output) > _LONGEST_LABEL:
            return PASSED
        options = () if _MAKING.match(draft.instruction) else stated_options(draft.instruction)
        answer = comparison_text(draft.output).strip(_QUOTES + ".。")
        if not options or len(answer) < 2 or answer.isdigit() or any(_answers(answer, option) for option in options):
            return PASSED
        return reject("answer_label", "label_not_offered", draft.output, " / ".join(options), "stated options")

    return RuleFilter("answer_label", "task", look)


_SAME = (
    frozenset({"yes", "true", "是", "对", "真", "正确"}),
    frozenset({"no", "false", "否", "不", "假", "错", "错误"}),
)


def _answers(answer: str, option: str) -> bool:
    if any(option in same and answer.startswith(tuple(same)) for same in _SAME):
        return True
    if option.isascii():
        stems = {token[:4] for token in comparison_tokens(option)}
        return any(token.startswith(stem) for stem in stems for token in comparison_tokens(answer))
    return option[:2] in answer or answer in option
