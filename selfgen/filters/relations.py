"""Rules on how the fields of a task fit together, in both languages. Each is a factory of one filter."""

from __future__ import annotations

import re

from selfgen.core.ports import Finding
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.filters.instruction_phrases import (
    ANTECEDENT,
    DANGLING,
    DANGLING_CODE,
    INTO_LATIN,
    MAY_STAY,
    QUESTION_ZH,
    TRANSLATION,
)
from selfgen.filters.phrases import CODE, Phrases
from selfgen.filters.request import brings_material, request_text
from selfgen.filters.rule import PASSED, RuleFilter, reject, reject_phrase
from selfgen.filters.tokens import has_cjk, is_blank, script_counts


def dangling_filter() -> RuleFilter:
    """Reject instructions that speak of a text below or above where there is none: `dangling_reference`.

    The input is empty, and the instruction brings no material of its own: no quotes, digits, brackets, lists, nothing
    after a colon, no further sentence. In code tasks "the given list" is an argument; "the following code" is none."""

    def look(draft: Draft) -> Finding:
        if not is_blank(draft.input):
            return PASSED
        match = DANGLING.search(draft.instruction)
        if match is None or CODE.find(draft.instruction):
            match = DANGLING_CODE.search(draft.instruction)
        if match is None or brings_material(draft.instruction, match.end()) or _points_back(draft.instruction, match):
            return PASSED
        return reject("dangling", "dangling_reference", match.group())

    return RuleFilter("dangling", "task", look)


_POINTER = re.compile(r"\bthis\s+(?!following|below|above)|(?<![下上面述列])[这此]", re.IGNORECASE)


def _points_back(instruction: str, match: re.Match[str]) -> bool:
    """Tell whether "this poem" means what the instruction itself named before: "write a poem, then translate it"."""
    return bool(_POINTER.search(match.group()) and ANTECEDENT.find(instruction[: match.start()]))


# Where spaces are asked for, they matter.
_SPACES = re.compile(
    r"\b(?:spaces?|spacing|line breaks?|lines?|paragraphs?|indent\w*|format\w*)\b|空格|换行|分行|缩进|格式"
)


def same_as_input_filter() -> RuleFilter:
    """Reject tasks whose output is their input: `output_equals_input`. (self-instruct's instance rule)

    Passes where a text that needs no change may come back: sorting, choosing, correcting."""

    def look(draft: Draft) -> Finding:
        shown = " ".join(draft.input.split())
        output = " ".join(draft.output.split()) if shown else ""
        same = shown != "" and output == shown and not MAY_STAY.find(draft.instruction)
        if same and _SPACES.search(draft.instruction):
            same = draft.input.strip() == draft.output.strip()
        return reject_phrase("same_as_input", "output_equals_input", output if same else "")

    return RuleFilter("same_as_input", "task", look)


# Space is never matched twice over, and at the beginning of a line not across lines: else 20,000 blank lines would take
# half a minute, for the same finding.
_MERGED = re.compile(
    r"^[^\S\n]*(?:"
    r"\d{1,2}[.)]\s*(?:instruction|input|output)\s*:"
    r"|#{2,4}\s*(?:instruction|response|task \d+)\s*(?::\s*)?$"
    r"|(?:instruction|new task|task \d+)\s*:"
    r"|\d{1,2}[.、)]\s*(?:指令|输入|输出)\s*[:：]|#{2,4}\s*(?:指令|回答|任务\s*\d+)\s*(?:[:：]\s*)?$"
    r"|(?:指令|新任务|任务\s*\d+)\s*[:：]"
    r")|^#{3,}\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_ASKS_FOR_MARKERS = re.compile(
    r"\b(?:instruction|task|prompt|plan|schedule|project)|指令|任务|计划|提示|日程", re.IGNORECASE
)


def merged_filter() -> RuleFilter:
    """Reject tasks that swallowed the next one: "3. Instruction:" or "### Input" in a field: `merged_records`."""

    def look(draft: Draft) -> Finding:
        for text in (draft.input, draft.output):
            match = _MERGED.search(text)
            if match is not None and not _ASKS_FOR_MARKERS.search(draft.instruction):
                return reject("merged", "merged_records", match.group().strip())
        return PASSED

    return RuleFilter("merged", "task", look)


_FEWEST_LETTERS = 20
_FEWEST_HAN = 8
_LATIN_LETTERS = re.compile("[A-Za-z]")
_LETTERS = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]")  # with accents, and full-width
_CODE_LIKE = re.compile(r"```|[{}=;]\s*$|</\w|https?://|\w\(\w*\)|^\s*[$\\]", re.MULTILINE)


def answer_language_filter() -> RuleFilter:
    """Reject answers in the other language: `wrong_answer_language`.

    A Chinese instruction answered with 20 Latin letters or more and nothing Chinese, an English one answered mostly in
    Chinese. Passes for code, translation and language tasks, and where the input is in the answer's language. A
    translation into English, French and the like without a Latin letter is none."""

    def look(draft: Draft) -> Finding:
        if has_cjk(draft.output) and _is_untranslated(draft):
            return reject("answer_language", "wrong_answer_language", draft.output, unit="not translated")
        asked = script_counts(draft.instruction)
        languages: Phrases | re.Pattern[str]
        if asked.han > asked.latin_words:
            languages = TRANSLATION
            letters = 0 if has_cjk(draft.output) else len(_LATIN_LETTERS.findall(draft.output))
            wrong = letters >= _FEWEST_LETTERS and not _is_latin(draft.input)
            found: tuple[float, float, str] = (letters, _FEWEST_LETTERS, "Latin letters, and no Chinese")
        elif has_cjk(draft.output):
            languages = TRANSLATION.en
            answer = script_counts(draft.output)
            wrong = answer.han >= _FEWEST_HAN and answer.han > answer.units / 2 and not has_cjk(draft.input)
            wrong = wrong and not has_cjk(draft.instruction)
            found = (answer.han, _FEWEST_HAN, "Chinese characters")
        else:
            return PASSED
        if not wrong or languages.search(draft.instruction) or _is_code(draft):
            return PASSED
        return Finding("wrong_answer_language", (Measure("answer_language", *found),))

    return RuleFilter("answer_language", "task", look)


def _is_untranslated(draft: Draft) -> bool:
    """Tell whether a translation into a language with Latin letters was asked for, and nothing but Chinese came."""
    if not INTO_LATIN.find(draft.instruction) or _LETTERS.search(draft.output):
        return False
    return QUESTION_ZH.search(request_text(draft.instruction)) is None


def _is_latin(text: str) -> bool:
    return _LATIN_LETTERS.search(text) is not None and not has_cjk(text)


def _is_code(draft: Draft) -> bool:
    return bool(CODE.find(draft.instruction)) or _CODE_LIKE.search(draft.output) is not None
