"""Every ugly reply in replies/ gives exactly the drafts and faults written beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from selfgen.core.ports import Recipe, Subject
from selfgen.core.tasks import Draft
from selfgen.core.work import Answered

CASES = sorted((Path(__file__).parent / "replies").glob("*.txt"))
STAGES = {"propose": 0, "classify": 1, "instance": 2, "answer": 3}


@dataclass(frozen=True)
class Case:
    head: Mapping[str, str]
    reply: str
    drafts: list[dict[str, Any]]
    faults: list[str]


def read_case(path: Path) -> Case:
    text = path.read_bytes().decode("utf-8")
    top, rest = text.split("\n=== reply\n", 1)
    reply, rest = rest.split("\n=== drafts\n", 1)
    drafts, faults = rest.split("=== faults\n", 1)
    head = dict(line.split(": ", 1) for line in top.split("\n"))
    if head.get("escaped"):
        reply = json.loads(reply)
    return Case(head, reply, [json.loads(line) for line in drafts.split("\n") if line], faults.split())


def make_draft(said: str) -> Draft:
    given = json.loads(said)
    return Draft("t00003.0", given["instruction"], labels=tuple(sorted(given.get("labels", {}).items())))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_reply_is_read_as_written_down(
    path: Path,
    recipes: Mapping[tuple[str, str], Recipe],
    make_subject: Callable[..., Subject],
    make_reply: Callable[..., Answered],
) -> None:
    case = read_case(path)
    lang = path.stem[:2]
    draft = make_draft(case.head["draft"]) if "draft" in case.head else None
    subject = make_subject(lang, STAGES[case.head["stage"]], draft)
    reply = make_reply(case.reply, case.head["finish"], case.head.get("reasoning", ""))
    reading = recipes[case.head["recipe"], lang].read(subject, reply)
    expected = [{"input": "", "output": "", "labels": {}, **draft} for draft in case.drafts]
    read = [
        {"instruction": got.instruction, "input": got.input, "output": got.output, "labels": dict(got.labels)}
        for got in reading.drafts
    ]
    assert read == expected
    assert [fault.reason for fault in reading.faults] == case.faults
    assert all(len(fault.excerpt) <= 200 for fault in reading.faults)


def test_corpus_covers_both_languages_and_many_reasons() -> None:
    assert len([path for path in CASES if path.stem.startswith("en")]) >= 60
    assert len([path for path in CASES if path.stem.startswith("zh")]) >= 25
    assert {reason for path in CASES for reason in read_case(path).faults} >= {
        "bad_unicode", "broken_json", "content_filter", "cut", "duplicate_key", "empty_instruction", "empty_output",
        "empty_reply", "lost_backslash", "missing_input", "missing_instruction", "missing_output", "no_json",
        "no_tasks", "refusal", "several_objects", "too_long", "unknown_kind", "wrong_type",
    }  # fmt: skip
