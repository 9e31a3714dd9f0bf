"""From one row to a task: one small reader for each shape that rows come in.

Knows shapes and roles. Does not know files. Every reader notes all faults of its row; the task that it returns then is
not to be used. The id is empty where the row has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from selfgen.core.tasks import Task
from selfgen.store.seed_fields import RowReader, read_id, read_instruction, read_labels, word_missing
from selfgen.store.seed_json import name_kind

_SPEAKERS = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "function_call": "tool",
    "observation": "tool",
}


_SHAPES = (("messages", "messages"), ("conversations", "sharegpt"), ("instances", "self-instruct"))


class Faulting(Protocol):
    """Where a fault of a row goes."""

    def fault(self, what: str) -> None: ...


def find_shape(values: Mapping[str, object]) -> str:
    """Return the shape that a JSON row has by its fields, "alpaca" where it has no other."""
    return next((shape for field, shape in _SHAPES if field in values), "alpaca")


def read_flat(row: RowReader) -> Task:
    """Read `instruction, input, output` (Alpaca, CSV, and selfgen's own records)."""
    return Task(
        id=read_id(row),
        instruction=read_instruction(row),
        input=row.text(row.get("input"), "input"),
        output=row.text(row.get("output"), "output"),
        labels=read_labels(row),
    )


def read_self_instruct(row: RowReader) -> Task:
    """Read `instruction` and `instances` of `input` and `output`; the first instance is the task's."""
    instances = row.get("instances")
    first: Mapping[str, object] = {}
    if not isinstance(instances, list) or not instances:
        row.fault("instances must be a list with at least one object of input and output")
    elif wrong := next((name_kind(item) for item in instances if not isinstance(item, dict)), ""):
        row.fault(f"each of the instances must be an object, but one is {wrong}")
    else:
        first = instances[0]
    return Task(
        id=read_id(row),
        instruction=read_instruction(row),
        input=row.text(first.get("input"), "input"),
        output=row.text(first.get("output"), "output"),
        labels=read_labels(row),
    )


def read_messages(row: RowReader) -> Task:
    """Read `messages` of `role` and `content`."""
    return _read_dialogue(row, "messages", "role", "content")


def read_sharegpt(row: RowReader) -> Task:
    """Read `conversations` of `from` and `value`."""
    return _read_dialogue(row, "conversations", "from", "value")


ROW_READERS: Mapping[str, Callable[[RowReader], Task]] = {
    "self-instruct": read_self_instruct,
    "alpaca": read_flat,
    "messages": read_messages,
    "sharegpt": read_sharegpt,
    "csv": read_flat,
    "txt": read_flat,
    "lines": read_flat,
}


def _read_dialogue(row: RowReader, field: str, speaker: str, content: str) -> Task:
    """The first user turn is the instruction, the assistant turn after it the output."""
    spoken = row.get(field)
    turns: list[tuple[str, object]] = []
    if spoken is None:
        row.fault(word_missing(field, row))
    elif not isinstance(spoken, list) or not spoken:
        row.fault(f"{field} must be a list with at least one turn")
    else:
        turns = [turn for item in spoken if (turn := read_turn(row, item, speaker, content))]
    roles = [role for role, _ in turns]
    if turns and "user" not in roles:
        row.fault("there is no user turn")
    asked = roles.index("user") if "user" in roles else len(roles)
    answered = roles.index("assistant", asked) if "assistant" in roles[asked:] else len(roles)
    if "system" in roles:
        row.notice("a system turn, for which a task has no place; it is left out")
    if len(roles) - roles.count("system") > 2:
        row.notice("several turns; the first question and its answer are used")
    return Task(
        id=read_id(row),
        instruction="".join(row.text(join_parts(value), "instruction") for _, value in turns[asked : asked + 1]),
        output="".join(row.text(join_parts(value), "output") for _, value in turns[answered : answered + 1]),
        labels=read_labels(row),
    )


def read_turn(row: Faulting, item: object, speaker: str, content: str) -> tuple[str, object] | None:
    """Return the role (system, user, assistant, tool) and the content of a turn; None and a fault for no such turn."""
    if not isinstance(item, dict):
        row.fault(f"each turn must be an object, but one is {name_kind(item)}")
        return None
    role = item.get(speaker)
    if not isinstance(role, str) or role.strip().lower() not in _SPEAKERS:
        shown = repr(role[:40]) if isinstance(role, str) else name_kind(role)
        row.fault(f"a turn whose {speaker!r} is {shown}: system, user or assistant was expected")
        return None
    known = _SPEAKERS[role.strip().lower()]
    value = item.get(content)
    if value is None and known != "tool" and "tool_calls" not in item:
        row.fault(f"a turn without {content!r}")
        return None
    return known, value


def join_parts(value: object) -> object:
    """Return the text of a content that comes in parts, all of them text; anything else as it is."""
    if not isinstance(value, list):
        return value
    texts = [part.get("text") for part in value if isinstance(part, dict) and part.get("type") == "text"]
    whole = [text for text in texts if isinstance(text, str)]
    return "\n".join(whole) if len(whole) == len(value) else value
