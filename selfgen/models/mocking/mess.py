"""What real models do wrong, on purpose: refusals, and replies that are not quite what was asked for.

Every text in here is our own. Some of these replies can still be read by a tolerant reader (fences, a last remark),
some only in part (numbered lists), some not at all. This file does not know what was asked, only its form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from selfgen.models.mocking.book import Lang
from selfgen.models.mocking.dice import Dice

Value = Mapping[str, Any]
Spoil = Callable[[Value, Lang, Dice], str]

REFUSALS: Mapping[Lang, tuple[str, ...]] = {
    "en": (
        "I'm sorry, but I can't help with that request.",
        "I'm sorry, but I am not able to assist with this.",
        "As an AI language model, I cannot complete this task.",
        "I cannot answer that. Is there anything else I can do for you?",
    ),
    "zh": (
        "抱歉，我无法完成这个请求。",
        "很抱歉，我不能提供相关内容。",
        "作为一个人工智能语言模型，我无法回答这个问题。",
        "对不起，这个问题我没办法回答，您可以换一个话题。",
    ),
}
_REMARKS: Mapping[Lang, tuple[str, ...]] = {
    "en": ("I hope this helps! Let me know if you would like more.", "Feel free to adjust these as you see fit."),
    "zh": ("希望对您有所帮助，如需更多请随时告诉我。", "以上内容仅供参考，可以根据需要调整。"),
}
_PREFACES: Mapping[Lang, tuple[str, ...]] = {
    "en": ("Sure! Here you are:", "Certainly. Here is what you asked for:"),
    "zh": ("好的，内容如下：", "当然可以，请看："),
}
_THOUGHTS: Mapping[Lang, tuple[str, ...]] = {
    "en": ("The user wants something varied and clear. I should keep to the form.", "Let me check the wording first."),
    "zh": ("用户想要内容多样、表达清楚，我按要求的格式来写。", "先想一想题目要的是什么。"),
}


def refuse(lang: Lang, dice: Dice) -> str:
    return dice.pick(REFUSALS[lang])


def spoil_json(value: Value, lang: Lang, dice: Dice) -> str:
    """Write an object in one of the ways in which models get JSON wrong."""
    return dice.pick(_SPOILS)(value, lang, dice)


def spoil_text(text: str, lang: Lang, dice: Dice) -> str:
    """Write a free answer in one of the ways in which models get the form wrong.

    Never with a greeting, a closing remark or a second copy: an answer may be code, a label or a bare number."""
    return dice.pick((_with_thought, _nothing))(text, lang, dice)


def dump(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


def _with_thought(text: str, lang: Lang, dice: Dice) -> str:
    return f"<think>\n{dice.pick(_THOUGHTS[lang])}\n</think>\n\n{text}"


def _with_preface(text: str, lang: Lang, dice: Dice) -> str:
    return f"{dice.pick(_PREFACES[lang])}\n\n{text}"


def _with_remark(text: str, lang: Lang, dice: Dice) -> str:
    return f"{text}\n\n{dice.pick(_REMARKS[lang])}"


def _nothing(_: str, __: Lang, ___: Dice) -> str:
    return ""


def _fence(value: Value, _: Lang, __: Dice) -> str:
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```"


def _break_off(value: Value, _: Lang, dice: Dice) -> str:
    text = dump(value)
    return text[: len(text) * (40 + dice.below(55)) // 100]


def _python(value: Value, _: Lang, __: Dice) -> str:
    return repr(dict(value))


def _stray_comma(value: Value, _: Lang, __: Dice) -> str:
    text = dump(value)
    return (text[:-2] + ",]}") if text.endswith("]}") else text[:-1] + ",}"


def _plain_list(value: Value, _: Lang, __: Dice) -> str:
    tasks = value.get("tasks")
    if not isinstance(tasks, list):
        return "\n".join(f"{name}: {said}" for name, said in value.items())
    return "\n".join(f"{place}. {task['instruction']}" for place, task in enumerate(tasks, 1))


def _one_a_line(value: Value, _: Lang, __: Dice) -> str:
    tasks = value.get("tasks")
    return "\n".join(map(dump, tasks)) if isinstance(tasks, list) else f"{dump(value)}\n{dump(value)}"


_SPOILS: tuple[Spoil, ...] = (
    _fence,
    lambda value, lang, dice: _with_remark(dump(value), lang, dice),
    lambda value, lang, dice: _with_preface(_fence(value, lang, dice), lang, dice),
    lambda value, lang, dice: _with_thought(dump(value), lang, dice),
    _break_off,
    _python,
    _stray_comma,
    _plain_list,
    _one_a_line,
)
