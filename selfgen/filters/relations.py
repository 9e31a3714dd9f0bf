"""Rules on how the fields of a task fit together, in both languages. Each is a factory of one filter."""

from __future__ import annotations

import re

from selfgen.core.ports import Finding
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.filters.instruction_phrases import DANGLING, TRANSLATION
from selfgen.filters.phrases import CODE, Phrases
from selfgen.filters.request import brings_material
from selfgen.filters.rule import PASSED, RuleFilter, reject, reject_phrase
from selfgen.filters.tokens import comparison_text, has_cjk, script_counts


def dangling_filter() -> RuleFilter:
    """Reject instructions that speak of a text below or above where there is none: `dangling_reference`.

    The input is empty, and the instruction brings no material of its own: no quotes, digits, brackets, lists, nothing
    after a colon, no further sentence. In code tasks "the given list" is an argument."""

    def look(draft: Draft) -> Finding:
        if comparison_text(draft.input):
            return PASSED
        match = DANGLING.search(draft.instruction)
        if match is None or CODE.find(draft.instruction) or brings_material(draft.instruction, match.end()):
            return PASSED
        return reject("dangling", "dangling_reference", match.group())

    return RuleFilter("dangling", "task", look)


def same_as_input_filter() -> RuleFilter:
    """Reject tasks whose output is their input: `output_equals_input`. (self-instruct's instance rule)"""

    def look(draft: Draft) -> Finding:
        shown = " ".join(draft.input.split())
        output = " ".join(draft.output.split()) if shown else ""
        same = shown != "" and output == shown
        return reject_phrase("same_as_input", "output_equals_input", output if same else "")

    return RuleFilter("same_as_input", "task", look)


_MERGED = re.compile(
    r"^\s*\d{1,2}[.)]\s*(?:instruction|input|output)\s*:"
    r"|^\s*#{2,4}\s*(?:instruction|response|task \d+)\s*:?\s*$"
    r"|^\s*(?:instruction|new task|task \d+)\s*:"
    r"|^\s*\d{1,2}[.、)]\s*(?:指令|输入|输出)\s*[:：]|^\s*#{2,4}\s*(?:指令|回答|任务\s*\d+)\s*[:：]?\s*$"
    r"|^\s*(?:指令|新任务|任务\s*\d+)\s*[:：]"
    r"|^#{3,}\s*$",
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
_CODE_LIKE = re.compile(r"```|[{}=;]\s*$|</\w|https?://|\w\(\w*\)|^\s*[$\\]", re.MULTILINE)


def answer_language_filter() -> RuleFilter:
    """Reject answers in the other language: `wrong_answer_language`.

    A Chinese instruction answered with 20 Latin letters or more and nothing Chinese, an English one answered mostly in
    Chinese. Passes for code, translation and language tasks, and where the input is in the answer's language."""

    def look(draft: Draft) -> Finding:
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


def _is_latin(text: str) -> bool:
    return _LATIN_LETTERS.search(text) is not None and not has_cjk(text)


def _is_code(draft: Draft) -> bool:
    return bool(CODE.find(draft.instruction)) or _CODE_LIKE.search(draft.output) is not None
