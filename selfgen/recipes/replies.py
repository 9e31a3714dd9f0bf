"""Reads model replies for all recipes: tolerant in form, strict in content. What is not certain becomes a Fault.

Reasons that a Fault may give, the whole list:
    empty_reply  cut  content_filter  refusal  no_json  broken_json  no_tasks  too_many  wrong_type
    duplicate_key  several_objects  missing_<field>  empty_<field>  too_long  bad_unicode  lost_backslash  unknown_kind
`cut` stands for every text that stops before its end; what came complete before the cut is still read.
This file knows the fields that recipes ask for; it does not know prompts, seeds or pools.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from selfgen.core.ports import Fault
from selfgen.core.work import Answered
from selfgen.recipes.clean import (
    MOST_CHARACTERS,
    clean_text,
    clean_thoughts,
    cut_excerpt,
    has_lost_backslash,
    has_surrogate,
)
from selfgen.recipes.json_find import Broken, Clash, Found, Number, find_objects
from selfgen.recipes.plain_find import find_lists
from selfgen.recipes.reasoning import part

MOST_ITEMS = 64
"""Tasks read from one reply; a model that lists more than this is running away."""

CUT = frozenset(
    {"length", "max_tokens", "max_output_tokens", "abort", "aborted", "cancelled", "error", "repetition", "timeout"}
    | {"canceled", "incomplete"}
)
FILTERED = frozenset(
    {"content_filter", "content_filtered", "safety", "recitation", "blocklist", "sensitive", "refusal"}
)

_KEYS: Mapping[str, str] = {
    "instruction": "instruction", "input": "input", "output": "output", "kind": "kind", "needs_input": "needs_input",
    "指令": "instruction", "输入": "input", "输出": "output",
}  # fmt: skip
_REFUSAL = re.compile(
    r"\s*(?:I['’]?m (?:sorry|afraid)|I am sorry|I apologi[sz]e|(?:My )?apologies|Sorry\b|Unfortunately\b"
    r"|As an? (?:AI|large)|I (?:cannot|can['’]t|won['’]t|am unable|am not able)\b"
    r"|(?:非常|很|十分)?抱歉|对不起|不好意思|我(?:无法|不能|没办法)|作为一?[个名款位]?(?:AI|人工智能|大?语言模型))",
    re.IGNORECASE,
)

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Items:
    """Objects with at least one field that is known, and what could not be read."""

    items: tuple[Item, ...]
    faults: tuple[Fault, ...] = ()


def read_items(reply: Answered) -> Items:
    """Return the tasks that a reply lists, in order. Values are raw: see `read_field`."""
    text = _body(reply)
    if isinstance(text, Fault):
        return Items((), (text,))
    found = find_objects(text)
    objects = list(_unwrap(found.objects))
    if not any(isinstance(item, dict) and _is_item(item) for item in objects):
        plain = find_lists(text, complete=not _ended_badly(reply))
        if plain.start < found.start:
            if _REFUSAL.match(text):
                return Items((), (Fault("refusal", "a list follows a refusal", cut_excerpt(text)),))
            found = plain
            objects = plain.objects
    items, faults = _sort(objects)
    faults += [_fault_of(broken, reply, text) for broken in found.broken]
    if reply.finish.lower() in FILTERED:
        faults.append(Fault("content_filter", f"the server ended the reply: {reply.finish}"))
    if not items and not faults:
        faults.append(_nothing(reply, text, found))
    return Items(tuple(items), tuple(faults))


def read_object(reply: Answered, fields: Collection[str]) -> Item | Fault:
    """Return the one object of a reply that has a field of `fields`; the same object said twice is one."""
    text = _body(reply)
    if isinstance(text, Fault):
        return text
    found = find_objects(text)
    items, faults = _sort(list(_unwrap(found.objects)))
    fitting = [item for item in items if any(name in item for name in fields)]
    if not fitting:
        faults += [_fault_of(broken, reply, text) for broken in found.broken[:1]]
        faults += [Fault(f"missing_{min(fields)}", "no object has the field", cut_excerpt(text))] if items else []
        return faults[0] if faults else _nothing(reply, text, found)
    if any(item != fitting[0] for item in fitting):
        return Fault("several_objects", f"{len(fitting)} different objects where one was asked for", cut_excerpt(text))
    return fitting[0]


def read_text(reply: Answered) -> str | Fault:
    """Return a free text, cleaned. A text that the server cut or filtered is lost, however much of it came."""
    text = _body(reply)
    if isinstance(text, Fault):
        return text
    if reply.finish.lower() in FILTERED:
        return Fault("content_filter", f"the server ended the reply: {reply.finish}", cut_excerpt(text))
    if _ended_badly(reply):
        return Fault("cut", f"the reply ended with {reply.finish}", cut_excerpt(text))
    return _checked(text, "output")


def read_reasoning(reply: Answered) -> str:
    """Return the thinking that came before an answer, apart from it or in front of it, cleaned; "" for none."""
    inline = part(reply.text, separated=bool(reply.reasoning)).reasoning
    return "\n\n".join(filter(None, (clean_thoughts(reply.reasoning), clean_thoughts(inline))))


def read_field(item: Item, name: str, *, empty: bool = False) -> str | Fault:
    """Return one field as a cleaned text. A number counts as its text, but is no instruction. `empty` allows the field
    to be missing, null or ""."""
    value = item.get(name)
    if value is None:
        return "" if empty else Fault(f"missing_{name}", "", _excerpt(item))
    if not isinstance(value, str) or (isinstance(value, Number) and name == "instruction"):
        return Fault("wrong_type", f"{name} is not a text but {_kind_of(value)}", _excerpt(item))
    if has_lost_backslash(value):
        return Fault("lost_backslash", f"{name} holds a command whose backslash was not doubled", cut_excerpt(value))
    return _checked(str(value), name, empty=empty)


def _checked(raw: str, name: str, *, empty: bool = False) -> str | Fault:
    if has_surrogate(raw):
        return Fault("bad_unicode", f"{name} holds half a character", cut_excerpt(raw))
    if len(raw) > MOST_CHARACTERS:
        return Fault("too_long", f"{name} has {len(raw)} characters; the limit is {MOST_CHARACTERS}", cut_excerpt(raw))
    text = clean_text(raw)
    return text if text or empty else Fault(f"empty_{name}", "", cut_excerpt(raw))


def _body(reply: Answered) -> str | Fault:
    """Return the reply without its thinking."""
    parted = part(reply.text, separated=bool(reply.reasoning))
    if not parted.ended:
        return Fault("cut", "the reply ends while the model is still thinking", cut_excerpt(reply.text))
    if parted.answer.strip():
        return parted.answer
    reasoning = reply.reasoning or parted.reasoning
    if reply.finish.lower() in FILTERED:
        return Fault("content_filter", f"the server ended the reply: {reply.finish}")
    if _ended_badly(reply):
        return Fault("cut", f"the reply ended with {reply.finish} before it began", cut_excerpt(reasoning))
    return Fault("empty_reply", "all text is in the reasoning" if reasoning else "", cut_excerpt(reasoning))


def _ended_badly(reply: Answered) -> bool:
    return reply.finish.lower() in CUT or reply.finish.lower() in FILTERED


def _is_item(value: Mapping[str, object]) -> bool:
    return not _KEYS.keys().isdisjoint(value) or any(key.strip().lower() in _KEYS for key in value)


def _unwrap(values: Collection[object], depth: int = 0) -> Iterator[object]:
    """Yield items; an object that is none stands for the one list in it, else for the objects in it."""
    for value in values:
        if not isinstance(value, dict) or isinstance(value, Clash) or depth > 2 or _is_item(value):
            yield value
            continue
        lists = [part for part in value.values() if isinstance(part, list)]
        inner = lists[0] if len(lists) == 1 else [part for part in value.values() if isinstance(part, dict)]
        if inner or lists:
            yield from _unwrap(inner, depth + 1)
        else:
            yield value


def _sort(objects: list[object]) -> tuple[list[Item], list[Fault]]:
    """Part objects into items, their keys in our spelling, and faults."""
    items: list[Item] = []
    faults = []
    for value in objects[:MOST_ITEMS]:
        if not isinstance(value, dict):
            faults.append(Fault("wrong_type", f"an item is not an object but {_kind_of(value)}"))
            continue
        renamed: Item = {_KEYS.get(key.strip().lower(), key): part for key, part in value.items()}
        if len(renamed) != len(value) or isinstance(value, Clash):
            faults.append(Fault("duplicate_key", "one field is given twice", _excerpt(renamed)))
        else:
            items.append(renamed)
    if len(objects) > MOST_ITEMS:
        faults.append(Fault("too_many", f"the reply lists {len(objects)} items; {MOST_ITEMS} were read"))
    return items, faults


def _nothing(reply: Answered, text: str, found: Found) -> Fault:
    excerpt = cut_excerpt(text)
    if _ended_badly(reply):
        return Fault("cut", f"the reply ended with {reply.finish} before its first item", excerpt)
    if _REFUSAL.match(text):
        return Fault("refusal", "the model declines", excerpt)
    if found.start < len(text):
        return Fault("no_tasks", "the list is empty", excerpt)
    return Fault("no_json", "the reply holds neither JSON nor a numbered list", excerpt)


def _fault_of(broken: Broken, reply: Answered, text: str) -> Fault:
    cut = broken.cut or (broken.end == len(text) and _ended_badly(reply))
    return Fault("cut" if cut else "broken_json", broken.why, cut_excerpt(text[broken.start : broken.end]))


def _excerpt(item: Item) -> str:
    value = item.get("instruction")
    return cut_excerpt(value if isinstance(value, str) else ", ".join(str(key) for key in item))


def _kind_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case Number():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "not JSON (NaN or Infinity)"
