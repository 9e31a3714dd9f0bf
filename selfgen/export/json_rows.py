"""Tasks in the JSON formats that trainers read. Knows their shapes, not where the bytes go.

Where a format has one text for the question, input follows the instruction after a blank line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from selfgen.core.tasks import CLASSIFICATION, KIND, OPEN, Record, Task
from selfgen.export.records import encode_line, encode_row


def join_question(task: Task) -> str:
    """Return what a person would ask: the instruction, and the input after a blank line."""
    return f"{task.instruction}\n\n{task.input}" if task.input else task.instruction


def build_alpaca(task: Task) -> dict[str, object]:
    """Return `instruction, input, output`."""
    return {"instruction": task.instruction, "input": task.input, "output": task.output}


def build_messages(task: Task) -> dict[str, object]:
    """Return a chat of two turns; no other keys, since OpenAI's fine-tuning accepts no others."""
    question = {"role": "user", "content": join_question(task)}
    return {"messages": [question, {"role": "assistant", "content": task.output}]}


def build_sharegpt(task: Task) -> dict[str, object]:
    """Return `id` and `conversations`."""
    question = {"from": "human", "value": join_question(task)}
    return {"id": task.id, "conversations": [question, {"from": "gpt", "value": task.output}]}


def build_self_instruct(task: Task) -> dict[str, object]:
    """Return the form of seed files: one instance, and `is_classification`, null where the kind is not known.

    The labels follow where there are any but the kind."""
    kind = task.label(KIND)
    known = kind in (CLASSIFICATION, OPEN)
    labels = {name: value for name, value in task.labels if not (known and name == KIND)}
    row: dict[str, object] = {
        "id": task.id,
        "name": task.id,
        "instruction": task.instruction,
        "instances": [{"input": task.input, "output": task.output}],
        "is_classification": kind == CLASSIFICATION if known else None,
    }
    return {**row, "labels": labels} if labels else row


def _write_lines(records: Iterable[Record], build: Callable[[Task], Mapping[str, object]]) -> Iterator[bytes]:
    for record in records:
        yield encode_line(build(record.task))


class Alpaca:
    """One JSON array, one row on each line of it."""

    name = "alpaca"
    suffix = ".json"

    def rows(self, records: Iterable[Record]) -> Iterator[bytes]:
        """Yield the brackets, and the rows with their commas."""
        before = b"[\n"
        for record in records:
            yield before + encode_row(build_alpaca(record.task))
            before = b",\n"
        yield b"[]\n" if before == b"[\n" else b"\n]\n"


class AlpacaJsonl:
    """The rows of Alpaca, one a line."""

    name = "alpaca-jsonl"
    suffix = ".jsonl"

    def rows(self, records: Iterable[Record]) -> Iterator[bytes]:
        """Yield one line for each record."""
        return _write_lines(records, build_alpaca)


class Messages:
    """OpenAI's chat form, one conversation a line."""

    name = "messages"
    suffix = ".jsonl"

    def rows(self, records: Iterable[Record]) -> Iterator[bytes]:
        """Yield one line for each record."""
        return _write_lines(records, build_messages)


class ShareGpt:
    """ShareGPT's form, one conversation a line."""

    name = "sharegpt"
    suffix = ".jsonl"

    def rows(self, records: Iterable[Record]) -> Iterator[bytes]:
        """Yield one line for each record."""
        return _write_lines(records, build_sharegpt)


class SelfInstruct:
    """The form of the original seed tasks, one a line."""

    name = "self-instruct"
    suffix = ".jsonl"

    def rows(self, records: Iterable[Record]) -> Iterator[bytes]:
        """Yield one line for each record."""
        return _write_lines(records, build_self_instruct)
