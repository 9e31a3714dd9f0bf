"""What the stand-in says to a prompt: a pure function of the messages, the name of the form asked for, and a seed.

This file knows the forms by name (see `recipes`): which JSON object is asked for, or free text. Where a prompt speaks
of one instruction, that is the last JSON object with an "instruction", else the last line that a family knows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from selfgen.core.work import Message
from selfgen.models.mocking import mess
from selfgen.models.mocking.book import Lang, Proposal, compose, compose_near_duplicate, count_wide, look_up
from selfgen.models.mocking.dice import Dice

TASKS_PER_CALL = 6
_DECODER = json.JSONDecoder()
_STAND_IN = {"en": "This is a stand-in reply to: {text}", "zh": "（示例回复，不是真正的回答）{text}"}
_NO_TEXT = {"en": "A text of the stand-in model.", "zh": "（示例文字）"}
_PICKS = (("first", ("names first", "最先")), ("last", ("names last", "最后")), ("middle", ("neither first", "中间")))


@dataclass(frozen=True, slots=True)
class Rates:
    """How often something is not as it should be: shares of tasks (near duplicates) or of replies (all others)."""

    near_duplicate: float = 0.12
    malformed: float = 0.03
    refusal: float = 0.02
    cut: float = 0.01


def reply(
    messages: Sequence[Message],
    schema_name: str | None,
    seed: int,
    rates: Rates | None = None,
    *,
    schema_body: str = "",
    lang: Literal["auto", "en", "zh"] = "auto",
    max_tokens: int = 0,
) -> tuple[str, str]:
    """Return the text and how it finished: "stop", or "length" where it was cut (by chance or by `max_tokens`)."""
    rates = rates or Rates()
    dice = Dice("mock", *((message.role, message.content) for message in messages), schema_name, seed)
    spoken = guess_lang(messages) if lang == "auto" else lang
    refused, malformed, cut = dice.chance(rates.refusal), dice.chance(rates.malformed), dice.chance(rates.cut)
    if refused:
        return mess.refuse(spoken, dice), "stop"
    text = _say(messages, schema_name, schema_body, spoken, rates, dice, malformed)
    if cut:
        return text[: len(text) * (30 + dice.below(60)) // 100], "length"
    return limit(text, max_tokens)


def _say(
    messages: Sequence[Message], name: str | None, body: str, lang: Lang, rates: Rates, dice: Dice, malformed: bool
) -> str:
    last = next((message.content for message in reversed(messages) if message.role == "user"), "")
    if name is None:
        text = answer(last)
        return mess.spoil_text(text, lang, dice) if malformed else text
    value = _fill_form(name, last, body, lang, rates, dice)
    return mess.spoil_json(value, lang, dice) if malformed else mess.dump(value)


def _fill_form(name: str, last: str, body: str, lang: Lang, rates: Rates, dice: Dice) -> dict[str, Any]:
    match name:
        case "self_instruct_propose":
            return {"tasks": [_sketch(task) for task in _propose(body, lang, rates, dice)]}
        case "alpaca_propose":
            return {"tasks": [_whole(task, dice) for task in _propose(body, lang, rates, dice)]}
        case "self_instruct_classify":
            task, _ = find_task(last)
            return {"kind": task.family.kind if task else "open"}
        case "self_instruct_input_first":
            task, _ = find_task(last)
            return {"input": write_input(task, dice) if task else ""}
        case "self_instruct_output_first":
            return _label_first(last, lang, dice)
        case _:
            return _by_schema(body)


def _propose(body: str, lang: Lang, rates: Rates, dice: Dice) -> list[Proposal]:
    draws = [dice.chance(rates.near_duplicate) for _ in range(tasks_asked_for(body))]
    return [compose_near_duplicate(lang, dice) if near else compose(lang, dice) for near in draws]


def _sketch(task: Proposal) -> dict[str, Any]:
    return {"instruction": task.instruction, "kind": task.family.kind, "needs_input": task.family.needs_input}


def _whole(task: Proposal, dice: Dice) -> dict[str, str]:
    given = write_input(task, dice)
    return {"instruction": task.instruction, "input": given, "output": task.family.answer(task.slots, given)}


def write_input(task: Proposal, dice: Dice) -> str:
    """Write an input that suits a task, "" where it needs none."""
    family = task.family
    if family.place and family.options:
        return family.place(task.slots, dice.below(len(family.options(task.slots))), dice)
    return family.give(task.slots, dice) if family.give else ""


def _label_first(last: str, lang: Lang, dice: Dice) -> dict[str, Any]:
    task, end = find_task(last)
    if task is None or task.family.options is None or task.family.place is None:
        return {"output": "no label", "input": _NO_TEXT[lang]}
    labels = task.family.options(task.slots)
    pick = next((pick for pick, words in _PICKS if any(word in last[end:] for word in words)), "")
    inner = labels[1:-1] or labels
    label = {"first": labels[0], "last": labels[-1], "middle": dice.pick(inner)}.get(pick) or dice.pick(labels)
    return {"output": label, "input": task.family.place(task.slots, labels.index(label), dice)}


def answer(task_text: str) -> str:
    """Answer "instruction", or "instruction", an empty line and "input"."""
    instruction, _, given = task_text.strip().partition("\n\n")
    task = look_up(instruction)
    if task is not None and (given.strip() or not task.family.needs_input):
        try:
            return task.family.answer(task.slots, given.strip())
        except (ValueError, LookupError, ArithmeticError, StopIteration):
            pass  # the form is ours, but a person filled it: with words or an input that the family does not know
    return _STAND_IN[_lang_of(instruction)].format(text=" ".join(instruction.split())[:200])


def find_task(prompt: str) -> tuple[Proposal | None, int]:
    """Return the task that a prompt speaks of, and the place behind it (for what the prompt says about it)."""
    place = prompt.rfind('{"instruction"')
    if place >= 0:
        try:
            value, end = _DECODER.raw_decode(prompt, place)
            return look_up(str(value["instruction"])), end
        except ValueError:
            pass  # not JSON after all: the lines are looked at
    end = len(prompt)
    for line in reversed(prompt.split("\n")):
        task = look_up(line)
        if task is not None:
            return task, end
        end -= len(line) + 1
    return None, 0


@lru_cache(maxsize=64)
def tasks_asked_for(body: str) -> int:
    """Return how many tasks a JSON Schema allows: maxItems, else minItems, else 6."""
    form = json.loads(body) if body else {}
    tasks = form.get("properties", {}).get("tasks", {})
    return int(tasks.get("maxItems") or tasks.get("minItems") or TASKS_PER_CALL)


def _by_schema(body: str) -> dict[str, Any]:
    """Fill an unknown form with the plainest values that it allows; "constant" forms are met exactly."""
    value = _plainest(json.loads(body) if body else {"type": "object"})
    return value if isinstance(value, dict) else {"value": value}


def _plainest(form: dict[str, Any]) -> Any:
    if "const" in form:
        return form["const"]
    if form.get("enum"):
        return form["enum"][0]
    match form.get("type"):
        case "object":
            return {name: _plainest(inner) for name, inner in form.get("properties", {}).items()}
        case "array":
            return [_plainest(form.get("items", {}))] * int(form.get("minItems", 0))
        case "integer" | "number":
            return form.get("minimum", 0)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return "stand-in"


def guess_lang(messages: Sequence[Message]) -> Lang:
    """Return "zh" where a fifth of the text or more is Chinese, else "en"."""
    return _lang_of("".join(message.content for message in messages))


def _lang_of(text: str) -> Lang:
    return "zh" if count_wide(text) * 5 >= len(text) > 0 else "en"


def tokens(text: str) -> int:
    """Estimate tokens: one a Chinese character, a quarter of the others."""
    wide = count_wide(text)
    return wide + (len(text) - wide + 3) // 4


def limit(text: str, max_tokens: int) -> tuple[str, str]:
    """Cut what is longer than `max_tokens` (0: no limit)."""
    used = tokens(text)
    if not max_tokens or used <= max_tokens:
        return text, "stop"
    return text[: len(text) * max_tokens // used], "length"
