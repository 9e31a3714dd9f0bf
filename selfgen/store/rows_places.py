"""Where the texts of a task stand in a row of any shape: reading them out, and putting repaired ones back in.

Knows shapes of rows. Does not know files, nor what is done with a task. Unlike the readers of seeds it takes texts as
they are, white space and control characters included, and leaves ids, labels and all other columns alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from selfgen.core.tasks import CLASSIFICATION, KIND, OPEN, Labels, Task
from selfgen.errors import InternalError
from selfgen.store.seed_fields import map_columns
from selfgen.store.seed_json import name_kind
from selfgen.store.seed_lines import is_blank
from selfgen.store.seed_rows import join_parts, read_turn

Values = Mapping[str, object]
Place = tuple[str | int, ...]
"""Keys and indexes from the top of a row; () where the shape has no place for a text."""

SEVERAL_TURNS = (
    "several turns: the first question and its answer are judged and repaired, later turns stay as they are; "
    "dialogues are duplicates only where all turns are the same"
)
SEVERAL_INSTANCES = (
    "several instances: the first is judged and repaired, the others stay as they are; "
    "such rows are duplicates only where all instances are the same"
)
_AROUND = ("system", "history")
"""Columns of flat rows that change what is asked."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the three texts of a task stand. `answered` tells whether the row has a field for the output at all."""

    instruction: Place
    input: Place
    output: Place
    answered: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a row holds: a task, unless there is a fault. `notice` is a text for a person, "" in most cases. `context`
    is all else that is said in the row (a system prompt, other turns or instances), as JSON; "" where there is none."""

    task: Task
    places: Places
    fault: str
    notice: str
    context: str


class _Reader:
    """One row under reading, with what is wrong with it."""

    __slots__ = ("columns", "context", "faults", "notice", "values")

    def __init__(self, values: Values) -> None:
        self.values = values
        self.columns = map_columns(tuple(values))
        self.faults: list[str] = []
        self.notice = ""
        self.context: list[object] = []

    def fault(self, what: str) -> None:
        self.faults.append(what)

    def place(self, field: str) -> Place:
        """Return the place of a column, by the name that the row gives it, or by its usual name."""
        return (self.columns.get(field, field),)

    def missing(self, name: str) -> None:
        names = ", ".join(name[:40] for name in list(self.values)[:8]) or "none"
        self.fault(f"{name} is missing or null (the fields are: {names})")


def look(shape: str, values: Values) -> Look:
    """Read one row of a shape (the formats of seeds). Faults: an instruction that is missing, empty or no text; an
    input or output that is no text; a structure that is not that of the shape."""
    row = _Reader(values)
    places = _PLACERS.get(shape, _place_flat)(row)
    instruction, input, output = (_read_text(row, name, place) for name, place in _by_name(places))
    if not row.faults and is_blank(instruction):
        row.fault("the instruction is empty")
    task = Task(_read_id(row), instruction, input, output, _read_kind(row))
    context = json.dumps(row.context, ensure_ascii=False, sort_keys=True) if row.context else ""
    return Look(task, places, "; ".join(dict.fromkeys(row.faults)), row.notice, context)


def replace_texts(values: Values, places: Places, before: Task, after: Task) -> dict[str, object]:
    """Return the row with the texts in which the two tasks differ; nothing else is changed, not even its order."""
    changed: object = values
    for name, place in _by_name(places):
        text = getattr(after, name)
        if text != getattr(before, name):
            if not place:
                raise InternalError(f"a repair gives an {name} to a row that has no place for one")
            changed = _replace(changed, place, text)
    return cast(dict[str, object], changed)


def _by_name(places: Places) -> tuple[tuple[str, Place], ...]:
    return ("instruction", places.instruction), ("input", places.input), ("output", places.output)


def _place_flat(row: _Reader) -> Places:
    if row.values.get(row.columns.get("instruction", "")) is None:
        row.missing("instruction")
    row.context = [[name, row.values[name]] for name in _AROUND if row.values.get(name)]
    return Places(row.place("instruction"), row.place("input"), row.place("output"), "output" in row.columns)


def _place_instances(row: _Reader) -> Places:
    instances = row.values.get("instances")
    first: Place = ("instances", 0)
    flat = _place_flat(row)
    if not isinstance(instances, list) or not instances:
        row.fault("instances must be a list with at least one object of input and output")
        return flat
    if wrong := next((name_kind(item) for item in instances if not isinstance(item, dict)), ""):
        row.fault(f"each of the instances must be an object, but one is {wrong}")
        return flat
    row.notice = SEVERAL_INSTANCES if len(instances) > 1 else ""
    row.context += instances[1:]
    return Places(flat.instruction, (*first, "input"), (*first, "output"), "output" in instances[0])


def _place_dialogue(row: _Reader, field: str, speaker: str, content: str) -> Places:
    """The first user turn is the instruction. The output is the first turn of the assistant after it that has a text:
    a call of a tool may come before."""
    spoken = row.values.get(field)
    none = Places((), (), (), True)
    if spoken is None:
        row.missing(field)
        return none
    if not isinstance(spoken, list) or not spoken:
        row.fault(f"{field} must be a list with at least one turn")
        return none
    turns = [read_turn(row, item, speaker, content) for item in spoken]
    roles = [turn[0] if turn else "" for turn in turns]
    if row.faults:
        return none
    if "user" not in roles:
        row.fault("there is no user turn")
        return none
    asked = roles.index("user")
    answers = [at for at in range(asked, len(roles)) if roles[at] == "assistant"]
    with_text = [at for at in answers if turns[at] != ("assistant", None)]
    answered = (with_text or answers)[:1]
    row.notice = SEVERAL_TURNS if roles.count("user") > 1 else ""
    row.context = [item for at, item in enumerate(spoken) if at not in (asked, *answered)]
    output: Place = (field, answered[0], content) if answered else ()
    return Places((field, asked, content), (), output, answered=True)


_PLACERS: Mapping[str, Callable[[_Reader], Places]] = {
    "self-instruct": _place_instances,
    "messages": lambda row: _place_dialogue(row, "messages", "role", "content"),
    "sharegpt": lambda row: _place_dialogue(row, "conversations", "from", "value"),
}


def _read_text(row: _Reader, name: str, place: Place) -> str:
    value = None if row.faults or not place else _get(row.values, place)
    value = join_parts(value)
    if value is None:
        return ""
    if not isinstance(value, str):
        row.fault(f"{name} must be text, but it is {name_kind(value)}")
        return ""
    return value


def _read_id(row: _Reader) -> str:
    value = row.values.get(row.columns.get("id", ""))
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _read_kind(row: _Reader) -> Labels:
    """Return the label of the kind where the row says it in one of the two known ways; () for anything else."""
    match row.values.get(row.columns.get("is_classification", "")):
        case bool(given):
            return ((KIND, CLASSIFICATION if given else OPEN),)
        case str(text) if text.strip().lower() in ("true", "false"):
            return ((KIND, CLASSIFICATION if text.strip().lower() == "true" else OPEN),)
    labels = row.values.get(row.columns.get("labels", ""))
    kind = labels.get(KIND) if isinstance(labels, dict) else None
    return ((KIND, kind),) if isinstance(kind, str) else ()


def _get(value: object, place: Place) -> object:
    for key in place:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key]
        else:
            return None
    return value


def _replace(value: object, place: Place, text: str) -> object:
    """Return the same structure with one text in it, copied along the way. A content in parts becomes one part."""
    if not place:
        return [{"type": "text", "text": text}] if isinstance(value, list) else text
    key, rest = place[0], place[1:]
    if isinstance(value, list) and isinstance(key, int):
        return [*value[:key], _replace(value[key], rest, text), *value[key + 1 :]]
    if isinstance(value, Mapping):
        return {**value, key: _replace(value.get(cast(str, key)), rest, text)}
    raise InternalError(f"a row has no place {place} any more")
