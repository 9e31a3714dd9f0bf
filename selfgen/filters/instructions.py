"""Rules on the instruction alone, in both languages. Each is a factory that returns one filter.

Knows what a good instruction is for a model that reads and writes text; the phrases are in instruction_phrases.py.
"""

from __future__ import annotations

import re

from selfgen.core.ports import Finding
from selfgen.core.tasks import Draft
from selfgen.core.work import Measure
from selfgen.errors import BadConfig
from selfgen.filters.instruction_phrases import ECHO, QUESTION_ZH, UNSUITABLE_MENTION, UNSUITABLE_REQUEST
from selfgen.filters.phrases import CODE, SPEECH
from selfgen.filters.request import is_quoted, request_text
from selfgen.filters.rule import PASSED, RuleFilter, read_language, reject, reject_phrase
from selfgen.filters.tokens import WORD_UNITS, is_blank, length_units, script_counts

UNITS = "units"
"""1 for a Chinese character, 1.7 for a word: see tokens.length_units."""


_FORMULA = re.compile(r"\d\s*[-+*/^×÷−=<>]|\d\s*[²³%!]|[=<>]\s*\d|[√∫∑]")


def length_filter(*, min: float = 4, max: float = 260) -> RuleFilter:
    """Reject `too_short` and `too_long` instructions, in units: 4 to 260 Chinese characters, or 3 to 152 words.

    A formula ("6 + 3 = ?") is short, and all there; so is an instruction with an input (填空)."""
    if not 0 <= min <= max:
        raise BadConfig(f"filter length: min is {min} and max is {max}", todo="Give 0 <= min <= max.")

    def look(draft: Draft) -> Finding:
        units = length_units(draft.instruction)
        if units < min and not _FORMULA.search(draft.instruction) and is_blank(draft.input):
            return Finding("too_short", (Measure("length", units, min, UNITS),))
        return Finding("too_long" if units > max else "", (Measure("length", units, max, UNITS),))

    return RuleFilter("length", "instruction", look)


_SOLID = re.compile(r"\b3[- ]?d models?\b", re.IGNORECASE)  # the one kind of model that is no program


def unsuitable_filter() -> RuleFilter:
    """Reject `unsuitable` requests: for pictures, sound, files, links, reminders and other acts in the world.

    Only what is asked counts, not what is quoted; and asking for code or for somebody's words about such things is
    fine. (self-instruct bans single words: images, graphs, files ...)"""

    def look(draft: Draft) -> Finding:
        request = request_text(draft.instruction)
        phrase = UNSUITABLE_REQUEST.find(request)
        if phrase and not phrase.isascii() and QUESTION_ZH.search(request):
            phrase = ""
        phrase = phrase or UNSUITABLE_MENTION.find(request)
        if not phrase or CODE.find(_SOLID.sub("", request)) or SPEECH.find(request):
            return PASSED
        return reject("unsuitable", "unsuitable", phrase)

    return RuleFilter("unsuitable", "instruction", look)


def language_filter(*, lang: str = "en") -> RuleFilter:
    """Reject instructions that drifted away from the language of the run: `wrong_language`.

    The request itself counts, not the text that it quotes, so that translation tasks pass. Scripts alone are looked at:
    French passes in an English run, Japanese without kana in a Chinese one."""
    read_language("language", lang)

    def look(draft: Draft) -> Finding:
        instruction = draft.instruction
        text = instruction if is_quoted(instruction) else request_text(instruction)
        counts = script_counts(text)
        units = counts.units
        own: float
        if lang == "zh":
            own, foreign = counts.han, counts.kana + counts.hangul
            wrong = own < 2 or own < 0.1 * units or foreign > own
        else:
            own = WORD_UNITS * counts.latin_words
            wrong = own < 0.5 * units
        share = round(own / units, 3) if units else 0.0
        return reject("language", "wrong_language", share, lang, f"share of {lang}") if units and wrong else PASSED

    return RuleFilter("language", "instruction", look)


def echo_filter() -> RuleFilter:
    """Reject instructions that repeat words of the prompt: "Task 3:", "#New Prompt#", "新任务：": `prompt_echo`."""

    def look(draft: Draft) -> Finding:
        return reject_phrase("echo", "prompt_echo", ECHO.find(draft.instruction[:400]))

    return RuleFilter("echo", "instruction", look)


# What can only follow something that is missing. A quote, a bracket that opens, or ".NET" may well begin a sentence.
_BAD_START = re.compile(r"^\s*(?:[,;:!?)\]}%、，。；：！？）】」』》”…]|\.(?![A-Za-z.]))")


def start_filter() -> RuleFilter:
    """Reject instructions that begin in the middle, with a comma or a closing bracket: `starts_with_punctuation`."""

    def look(draft: Draft) -> Finding:
        match = _BAD_START.match(draft.instruction)
        return reject_phrase("start", "starts_with_punctuation", match.group().strip() if match else "")

    return RuleFilter("start", "instruction", look)
