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
    LINKED,
    PLACEHOLDER_INPUT,
    PLACEHOLDER_START,
    PLACEHOLDER_TAG,
    REFUSAL_PLAIN,
    REFUSAL_POLITE,
)
from selfgen.filters.phrases import CODE, SPEECH
from selfgen.filters.rule import PASSED, RuleFilter, reject, reject_phrase
from selfgen.filters.tokens import comparison_text, comparison_tokens, is_blank, length_units

_HEAD = 300  # characters of an answer in which it shows what it is


def empty_filter() -> RuleFilter:
    """Reject tasks without an answer: `empty_output`."""

    def look(draft: Draft) -> Finding:
        return reject("empty", "empty_output", 0, 1, "characters") if is_blank(draft.output) else PASSED

    return RuleFilter("empty", "task", look)


_BRACKETED = re.compile(
    r"\[[^\[\]\n]{0,80}\]|【[^【】\n]{0,40}】|<[A-Za-z][A-Za-z_ ,'’/-]{0,160}>|\{\{[^{}\n]{0,40}\}\}"
)
_IMAGES = re.compile(r"(?:\W*!\[[^\]\n]*\]\([^)\n]*\))+\W*")
_ITEM = r"[\w'’-]+(?: [\w'’-]+)?"  # one or two words
_LIST = re.compile(rf"\W*{_ITEM}(?:\W*[,，、;]\W*{_ITEM})+\W*")
_MARKUP = re.compile(r"\b(?:x?html|markdown|xml|svg|latex|tags?|elements?)\b|标签|标记|元素", re.IGNORECASE | re.ASCII)

_STANDS_IN = re.compile(
    r"\b(?:insert|your|here|link|images?|pictures?|photos?|photographs?|graph|chart|logo|drawing|sketch|poster"
    r"|infographic|video|audio|file|attach\w*|output|answer)\b"
    r"|插入|您的|你的|此处|这里|图片|图像|照片|图表|链接|视频|音频|附件|输出|回答|姓名",
    re.IGNORECASE,
)


def placeholder_filter() -> RuleFilter:
    """Reject stand-ins for text: an output such as "N/A", "<noinput>", "[Your Name]" or a Markdown image and nothing
    more (`placeholder_output`), an input such as "[insert article here]", or the address of what the instruction
    speaks about in place of its text (`placeholder_input`).

    "N/A" is an answer where the task names it, or asks for the output of code, and a letter may well leave
    "[Your Name]" open."""

    def look(draft: Draft) -> Finding:
        output = draft.output
        found = PLACEHOLDER_START.begin(output) or PLACEHOLDER_TAG.find(output) or _only_brackets(draft)
        if found and not _is_asked_for(draft, found):
            return reject("placeholder", "placeholder_output", found)
        if draft.input and _is_link(draft):
            return reject("placeholder", "placeholder_input", draft.input)
        return reject_phrase("placeholder", "placeholder_input", PLACEHOLDER_INPUT.find(draft.input))

    return RuleFilter("placeholder", "task", look)


_OUTPUT = re.compile(r"\b(?:output|prints?|returns?)\b|输出|打印|返回", re.IGNORECASE | re.ASCII)


def _is_asked_for(draft: Draft, found: str) -> bool:
    """Tell whether the instruction, or an input that says more than that, names what was found; or asks for output."""
    name, input = comparison_text(found), comparison_text(draft.input)
    if name in comparison_text(draft.instruction) or (name in input and len(input) > 2 * len(name)):
        return True
    return not found.startswith("<") and _is_code(draft) and _OUTPUT.search(draft.instruction) is not None


def _only_brackets(draft: Draft) -> str:
    """Return the output if all its words are in brackets and speak of a stand-in, or are Markdown images; a list in
    brackets is none, and neither is an answer about markup."""
    text = draft.output
    if len(text) > _HEAD or not (_IMAGES.fullmatch(text) or _is_stand_in(text)):
        return ""
    return "" if _MARKUP.search(draft.instruction) else text


def _is_stand_in(text: str) -> bool:
    """Tell whether all words of a text are in brackets, and speak of a stand-in."""
    match = _BRACKETED.search(text)
    if match is None or _LIST.fullmatch(match.group()) or not _STANDS_IN.search(match.group()):
        return False
    return not comparison_tokens(_BRACKETED.sub("", text))


_LABEL_WORDS = 8  # tokens beside the link: "Article 1:", "文章链接："
_LINK = re.compile(r"(?:https?://|www\.)[!#-;=?-~]+", re.IGNORECASE)  # ASCII without space, quotes and <>
_ABOUT_LINKS = re.compile(
    r"\b(?:cit(?:e|es|ing|ations?)|referenc\w+|bibliograph\w+|hyperlinks?|embed\w*|shorten\w*"
    r"|(?:create|make|add|insert|fix|check|replace) (?:an?|the) (?:\w+ )?(?:link|url))\b"
    r"|引用|参考文献|超链接|短链接|嵌入",
    re.IGNORECASE | re.ASCII,
)
_KNOWN = re.compile(r"\.wikipedia\.org/|^(?:https?://)?[^/]+/?[)\]]*$", re.IGNORECASE)


def _is_link(draft: Draft) -> bool:
    """Tell whether the input is the address of a page, a picture or a recording, and little more, and the instruction
    asks about what stands there. Home pages and encyclopedia articles pass: a model may know them."""
    links = _LINK.findall(draft.input)
    if not links or any(_KNOWN.search(link) for link in links):
        return False
    rest = comparison_tokens(_LINK.sub("", draft.input))
    asks = LINKED.find(draft.instruction) and not (_ABOUT_LINKS.search(draft.instruction) or _is_code(draft))
    return bool(asks) and len(rest) <= _LABEL_WORDS


def refusal_filter() -> RuleFilter:
    """Reject answers that begin by refusing, or with words about being a model: `refusal`.

    Polite refusals pass where the task is to write somebody's words: "I am sorry, I cannot come"."""

    def look(draft: Draft) -> Finding:
        head = draft.output[:_HEAD]
        phrase = REFUSAL_PLAIN.begin(head)
        if phrase:
            return PASSED if _speaks_of_models(draft) else reject("refusal", "refusal", phrase)
        phrase = REFUSAL_POLITE.begin(head)
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


_SHOWN = 40  # characters of an end that show how it ends
_FEW = 6  # tokens of an answer that may end with anything
_OPEN_ENDS = (":", "：", ",", "，", "、")
# A year of this century without its end: a model that numbers its tasks is often stopped at "20".
_CUT_YEAR = re.compile(
    r"\b(?:as of|(?<!one )(?<!\d )(?<!out )in|(?:january|february|march|april|may|june|july|august|september|october"
    r"|november|december) \d{1,2},?) 20\Z|截[至止到]\s?20\Z",
    re.IGNORECASE,
)
_CODE_SIGNS = re.compile(r"[=!<>]=|&&|\|\||\w\(\w*\)|[{};]\s*$", re.MULTILINE)
_TO_COMPLETE = re.compile(
    r"\b(?:complet\w+|continu\w+|finish\w*|end\w*|fill|next|predict|punctuat\w+|prefix|subject|opening|starter|prompt"
    r"|forms?|survey|questionnaire|templates?|respon\w+|reply|dialogues?|conversations?)\b"
    r"|补全|补充|续写|接着|完成|填|继续|标点|开头|结尾|下一|表单|表格|问卷|模板|回复|回应|对话",
    re.IGNORECASE,
)


def incomplete_filter() -> RuleFilter:
    """Reject what breaks off: an output that ends with a colon or a comma, inside a code block, or inside a year ("in
    20"); an input of one line that ends with a colon or a comma: `incomplete`.

    Both may end so where something is to be completed or filled in, which is also where the output repeats the words of
    the input. Outputs of a few words ("Furthermore,") and of code may end with anything. The last line of a longer
    input may be a heading for the answer ("Instructions:")."""

    def look(draft: Draft) -> Finding:
        if draft.output.count("```") % 2:
            return reject("incomplete", "incomplete", draft.output[-_SHOWN:], unit="open code block")
        end, input = draft.output.rstrip()[-_SHOWN:], draft.input.strip()
        if end.endswith("20") and _CUT_YEAR.search(end) and _is_long(draft.output):
            return reject("incomplete", "incomplete", end, unit="end of output")
        if not end.endswith(_OPEN_ENDS) and not input.endswith(_OPEN_ENDS):
            return PASSED
        if _TO_COMPLETE.search(draft.instruction) or (input and _repeats(draft.output, input)):
            return PASSED
        if (
            end.endswith(_OPEN_ENDS)
            and _is_long(draft.output)
            and not _is_code(draft)
            and not _CODE_SIGNS.search(input)
        ):
            return reject("incomplete", "incomplete", end, unit="end of output")
        if input.endswith(_OPEN_ENDS) and not any(sign in input for sign in ("\n", "::", "：：")):
            return reject("incomplete", "incomplete", input[-_SHOWN:], unit="end of input")
        return PASSED

    return RuleFilter("incomplete", "task", look)


def _is_long(output: str) -> bool:
    return len(comparison_tokens(output[-_HEAD:])) >= _FEW


def _repeats(output: str, input: str) -> bool:
    """Tell whether an output begins with the words of the input, or holds all of it."""
    return output.startswith(input[:8]) or input in output


def _is_code(draft: Draft) -> bool:
    return bool(CODE.find(draft.instruction))


def long_filter(*, max: float = 2000) -> RuleFilter:
    """Reject outputs of more than `max` units: `output_too_long`. Off unless the configuration names it."""

    def look(draft: Draft) -> Finding:
        units = length_units(draft.output)
        return Finding("output_too_long" if units > max else "", (Measure("long", units, max, "units"),))

    return RuleFilter("long", "task", look)
