"""Rejects characters and tokens that no text for training may hold. Knows Unicode and chat templates."""

from __future__ import annotations

import re

from selfgen.core.ports import Finding
from selfgen.core.tasks import Draft
from selfgen.filters.rule import PASSED, RuleFilter, reject

# Letters that drown in accents; no writing stacks this many on one letter.
_STACKED = re.compile("[\u0300-\u036f]{8}")
# C0 and C1 without tab and line breaks, the replacement character, lone surrogates, overrides of the writing direction,
# and noncharacters.
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ud800-\udfff\u202d\u202e\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(1, 17))
    + "]"
)
_TOKENS = re.compile(
    r"<\|[A-Za-z][\w▁/-]{1,39}\|>"  # <|im_end|>, <|endoftext|>, <|eot_id|>
    r"|<｜[^｜<>\n]{2,40}｜>"  # DeepSeek writes its own with full-width bars
    r"|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_(?:turn|image)>|\[/?(?:AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
    r"|<extra_id_\d+>|</?think>|\[gMASK\]"
)
# </s> is HTML too; at the very end, and never opened, it is the end of a Llama turn.
_END_OF_TURN = re.compile(r"\A(?:(?!<s>).)*(</s>)\s*\Z", re.DOTALL)


def find_control(text: str) -> tuple[str, str]:
    """Return (reason, what was found): a character as "U+0000", a token as it stands; ("", "") for clean text."""
    suspect = "\ufffd" in text or not text.replace("\n", "").isprintable()  # quick, and true of some clean text too
    character = _CONTROL.search(text) if suspect else None
    if character is not None:
        return "control_characters", f"U+{ord(character.group()):04X}"
    stacked = _STACKED.search(text) if not text.isascii() else None
    if stacked is not None:
        return "control_characters", f"U+{ord(stacked.group()[0]):04X} and more marks"
    token = _TOKENS.search(text) if "<" in text or "[" in text else None
    if token is not None:
        return "control_tokens", token.group()
    end = _END_OF_TURN.match(text) if text.rstrip().endswith("</s>") else None
    return ("control_tokens", end.group(1)) if end else ("", "")


def control_filter() -> RuleFilter:
    """Reject instructions with `control_characters` or chat `control_tokens`."""

    def look(draft: Draft) -> Finding:
        reason, found = find_control(draft.instruction)
        return reject("control", reason, found, unit="instruction") if reason else PASSED

    return RuleFilter("control", "instruction", look)


def control_answer_filter() -> RuleFilter:
    """Reject tasks with `control_characters` or chat `control_tokens` in the input or the output."""

    def look(draft: Draft) -> Finding:
        for field, text in (("input", draft.input), ("output", draft.output)):
            reason, found = find_control(text)
            if reason:
                return reject("control_answer", reason, found, unit=field)
        return PASSED

    return RuleFilter("control_answer", "task", look)
