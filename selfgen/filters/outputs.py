"""Rules on the answer, in both languages: is there one, is it whole, does it answer. Each is a factory of one filter.

Knows what a non-answer looks like; the phrases are in output_phrases.py. All rules stand at the start or the end of an
answer, or take it as a whole: in the middle of a letter or a poem the same words are harmless.
"""

from __future__ import annotations

import re

from selfgen.core.ports import Finding
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.filters.output_phrases import (
    ASKING,
    CLARIFICATION,
    PLACEHOLDER_INPUT,
    PLACEHOLDER_START,
    PLACEHOLDER_TAG,
    REFUSAL_PLAIN,
    REFUSAL_POLITE,
)
from selfgen.filters.phrases import CODE, SPEECH
from selfgen.filters.rule import PASSED, RuleFilter, reject, reject_phrase
from selfgen.filters.tokens import comparison_text, comparison_tokens, length_units

_HEAD = 300  # characters of an answer in which it shows what it is


def empty_filter() -> RuleFilter:
    """Reject tasks without an answer: `empty_output`."""

    def look(draft: Draft) -> Finding:
        answered = comparison_text(draft.output[:_HEAD]) or comparison_text(draft.output)
        return PASSED if answered else reject("empty", "empty_output", 0, 1, "characters")

    return RuleFilter("empty", "task", look)


_BRACKETED = re.compile(r"\[[^\[\]\n]{0,80}\]|【[^【】\n]{0,40}】|<[A-Za-z_ ]{1,40}>|\{\{[^{}\n]{0,40}\}\}")

_STANDS_IN = re.compile(
    r"\b(?:insert|your|here|link|image|picture|photo|graph|chart|logo|drawing|video|audio|file|attach\w*|output|answer)\b"
    r"|插入|您的|你的|此处|这里|图片|图像|照片|图表|链接|视频|音频|附件|输出|回答|姓名",
    re.IGNORECASE,
)


def placeholder_filter() -> RuleFilter:
    """Reject stand-ins for text: an output such as "N/A", "<noinput>" or "[Your Name]" and nothing more
    (`placeholder_output`), an input such as "[insert article here]" (`placeholder_input`).

    "N/A" is an answer where the instruction names it, and a letter may well leave "[Your Name]" open."""

    def look(draft: Draft) -> Finding:
        output = draft.output
        found = PLACEHOLDER_START.begin(output) or PLACEHOLDER_TAG.find(output) or _only_brackets(output)
        if found and comparison_text(found) not in comparison_text(draft.instruction):
            return reject("placeholder", "placeholder_output", found)
        return reject_phrase("placeholder", "placeholder_input", PLACEHOLDER_INPUT.find(draft.input))

    return RuleFilter("placeholder", "task", look)


def _only_brackets(text: str) -> str:
    """Return the text if all its words are in brackets and speak of a stand-in; a list in brackets does not."""
    match = _BRACKETED.search(text) if len(text) <= _HEAD else None
    if match is None or not _STANDS_IN.search(match.group()):
        return ""
    return "" if comparison_tokens(_BRACKETED.sub("", text)) else text


def refusal_filter() -> RuleFilter:
    """Reject answers that begin by refusing, or with words about being a model: `refusal`.

    Polite refusals pass where the task is to write somebody's words: "I am sorry, I cannot come"."""

    def look(draft: Draft) -> Finding:
        head = draft.output[:_HEAD]
        phrase = REFUSAL_PLAIN.find(head)
        if phrase:
            return PASSED if _speaks_of_models(draft) else reject("refusal", "refusal", phrase)
        phrase = REFUSAL_POLITE.find(head)
        return PASSED if phrase and SPEECH.find(draft.instruction) else reject_phrase("refusal", "refusal", phrase)

    return RuleFilter("refusal", "task", look)


_MODELS = re.compile(
    r"\b(?:pretend|act as|role-?play|chatbots?|(?:an|the) (?:ai|robot)|robots?)\b|扮演|假装|机器人|模拟|对话",
    re.IGNORECASE,
)


def _speaks_of_models(draft: Draft) -> bool:
    return _MODELS.search(draft.instruction) is not None


def clarification_filter(*, max: float = 140) -> RuleFilter:
    """Reject answers that ask for what was not given, or put a question back: `clarification`.

    Only answers up to `max` units long (80 words) can be that. Rules after Auto Evol-Instruct's failure tests."""

    def look(draft: Draft) -> Finding:
        phrase = CLARIFICATION.find(draft.output[:_HEAD])
        if not phrase or SPEECH.find(draft.instruction) or ASKING.find(draft.instruction):
            return PASSED
        return reject("clarification", "clarification", phrase) if length_units(draft.output) <= max else PASSED

    return RuleFilter("clarification", "task", look)


_FEW = 6  # tokens of an answer that may end with anything
_OPEN_END = re.compile(r"[:：,，、]\s*\Z")
_TO_COMPLETE = re.compile(
    r"\b(?:complet\w+|continu\w+|finish\w*|end\w*|fill|next|predict|punctuat\w+|prefix|subject|opening|starter|prompt"
    r"|forms?|survey|questionnaire|templates?|respon\w+|reply|dialogues?|conversations?)\b"
    r"|补全|补充|续写|接着|完成|填|继续|标点|开头|结尾|下一|表单|表格|问卷|模板|回复|回应|对话",
    re.IGNORECASE,
)


def incomplete_filter() -> RuleFilter:
    """Reject what breaks off: an output or input that ends with a colon or a comma, an output that ends inside a code
    block: `incomplete`.

    Both may end so where something is to be completed or filled in, which is also where the output begins with the
    words of the input. Outputs of a few words ("Furthermore,") and of code may end with anything."""

    def look(draft: Draft) -> Finding:
        if draft.output.count("```") % 2:
            return reject("incomplete", "incomplete", draft.output[-40:], unit="open code block")
        if _TO_COMPLETE.search(draft.instruction) or (
            draft.input.strip() and draft.output.startswith(draft.input.strip()[:8])
        ):
            return PASSED
        if _OPEN_END.search(draft.output) and len(comparison_tokens(draft.output)) >= _FEW and not _is_code(draft):
            return reject("incomplete", "incomplete", draft.output[-40:], unit="end of output")
        if _OPEN_END.search(draft.input) and "::" not in draft.input and "：：" not in draft.input:
            return reject("incomplete", "incomplete", draft.input[-40:], unit="end of input")
        return PASSED

    return RuleFilter("incomplete", "task", look)


def _is_code(draft: Draft) -> bool:
    return bool(CODE.find(draft.instruction))


def long_filter(*, max: float = 2000) -> RuleFilter:
    """Reject outputs of more than `max` units: `output_too_long`. Off unless the configuration names it."""

    def look(draft: Draft) -> Finding:
        units = length_units(draft.output)
        return Finding("output_too_long" if units > max else "", (Measure("long", units, max, "units"),))

    return RuleFilter("long", "task", look)
