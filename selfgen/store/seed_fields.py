"""The fields of one row: their names in two languages, and the ones that every shape of row shares.

Knows names, texts, ids and labels. Does not know where an instruction stands in a dialogue, nor files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from selfgen.core.tasks import CLASSIFICATION, KIND, OPEN, Labels
from selfgen.store.seed_findings import Findings
from selfgen.store.seed_json import name_kind
from selfgen.store.seed_lines import clean_text

MAX_ID_LENGTH = 200

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "instruction": ("instruction", "指令", "question", "问题", "prompt", "提示", "query"),
    "input": ("input", "输入", "輸入", "context"),
    "output": ("output", "输出", "輸出", "answer", "答案", "response", "回答", "completion"),
    "id": ("id",),
    "labels": ("labels",),
    "is_classification": ("is_classification",),
}
"""The names of each field in any case; where a row has several, the first of them counts."""

_SILENT = frozenset({"name", "lineage", "instances", "messages", "conversations"})
"""Fields that have no place in a task, or a reader of their own, and need no notice."""


class RowReader:
    """One row under reading: its fields by their canonical names, and where its findings go."""

    __slots__ = ("_found", "_names", "_values", "line")

    def __init__(self, line: int, values: Mapping[str, object], found: Findings) -> None:
        names = map_columns(tuple(values))
        self.line = line
        self._found = found
        self._names = tuple(values)
        self._values: dict[str, object] = {field: values[name] for field, name in names.items()}
        self._values.update((name, values[name]) for name in _SILENT if name in values)
        if len(self._values) < len(values):
            unused = [name for name in values if name not in names.values() and name not in _SILENT]
            for name in unused:
                self.notice(f"the field {name[:40]!r} is not used")

    def get(self, name: str) -> object:
        """Return a field, None where it is absent or null."""
        return self._values.get(name)

    def names(self) -> str:
        """Return the names of the fields, for a message."""
        return ", ".join(name[:40] for name in self._names[:8]) or "none"

    def fault(self, what: str) -> None:
        self._found.fault(self.line, what)

    def notice(self, what: str) -> None:
        self._found.notice(self.line, what)

    def text(self, value: object, name: str) -> str:
        """Return a clean text, "" for null; "" and a fault for anything but good text."""
        if value is None:
            return ""
        if not isinstance(value, str):
            self.fault(f"{name} must be text, but it is {name_kind(value)}")
            return ""
        text, damage = clean_text(value)
        if damage:
            self.fault(f"{name} contains {damage}")
        elif not text and name == "instruction":
            self.fault("the instruction is empty")
        if "\ufffd" in text:
            self.notice(f"{name} contains U+FFFD, the trace of text that was decoded wrongly")
        return text


@lru_cache(maxsize=256)
def map_columns(names: tuple[str, ...]) -> Mapping[str, str]:
    """Return for each known field the name under which it stands."""
    folded = {name.strip().casefold(): name for name in reversed(names)}
    found = {
        field: next((folded[alias] for alias in aliases if alias in folded), None) for field, aliases in COLUMNS.items()
    }
    return {field: name for field, name in found.items() if name is not None}


def count_known(names: Sequence[str]) -> int:
    """Return how many of the names are known; 0 without one for the instruction."""
    columns = map_columns(tuple(names))
    return len(columns) if "instruction" in columns else 0


def read_instruction(row: RowReader) -> str:
    """Return the instruction; a fault where there is none."""
    instruction = row.get("instruction")
    if instruction is None:
        row.fault(word_missing("instruction", row))
    return row.text(instruction, "instruction")


def word_missing(name: str, row: RowReader) -> str:
    """Say that a field is missing, and which ones there are."""
    return f"{name} is missing or null (the fields are: {row.names()})"


def read_id(row: RowReader) -> str:
    """Return the id, which may be a number in JSON, "" where the row has none."""
    value = row.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    given = row.text(value, "id")
    if len(given) > MAX_ID_LENGTH or "\n" in given or "\t" in given:
        row.fault(f"the id must be one line of at most {MAX_ID_LENGTH} characters")
    return given


def read_labels(row: RowReader) -> Labels:
    """Return the labels, with `is_classification` as the label of the kind."""
    labels = _read_label_pairs(row)
    match row.get("is_classification"):
        case None | "":
            return tuple(sorted(labels.items()))
        case bool(given):
            kind = CLASSIFICATION if given else OPEN
        case str(text) if text.strip().lower() in ("true", "false"):
            kind = CLASSIFICATION if text.strip().lower() == "true" else OPEN
        case other:
            row.fault(f"is_classification must be true or false, but it is {name_kind(other)}")
            return ()
    if labels.get(KIND, kind) != kind:
        row.fault(f"is_classification says {kind}, but the label {KIND!r} says {labels[KIND]}")
    return tuple(sorted((labels | {KIND: kind}).items()))


def _read_label_pairs(row: RowReader) -> dict[str, str]:
    value = row.get("labels")
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        row.fault(f"labels must be an object of names and texts, but it is {name_kind(value)}")
        return {}
    pairs: dict[str, str] = {}
    for name, content in value.items():
        if isinstance(content, (dict, list)) or content is None or not row.text(name, "the name of a label"):
            row.fault(f"each label must have a name, and a text, a number or true or false: {name[:40]!r}")
            continue
        plain = content if isinstance(content, str) else str(content).lower()
        pairs[name] = row.text(plain, f"the label {name[:40]!r}")
    return pairs
