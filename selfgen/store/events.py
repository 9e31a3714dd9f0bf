"""Events as journal rows and back: one canonical JSON body each. Knows the row's form, not where rows are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, assert_never

from selfgen.canon import canonical_json
from selfgen.core.work import Answered, CallId, Event, Judged, Measure, Refused, Usage, Verdict
from selfgen.errors import StoreFault

JUDGED_ITEM = -1
"""Verdicts are about a whole turn at a stage; they take the place of an item that no call has."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the journal. (turn, stage, item, again) is unique in a run: nothing is paid for twice."""

    kind: str
    turn: int
    stage: int
    item: int
    body: str
    again: int = 0


def to_row(event: Event) -> Row:
    """Return the row of an event."""
    match event:
        case Answered(id=call):
            return Row("answered", call.turn, call.stage, call.item, canonical_json(_answered(event)), call.again)
        case Refused(id=call):
            body = canonical_json({"kind": event.kind, "detail": event.detail})
            return Row("refused", call.turn, call.stage, call.item, body, call.again)
        case Judged():
            body = canonical_json([_verdict(verdict) for verdict in event.verdicts])
            return Row("judged", event.turn, event.stage, JUDGED_ITEM, body)
        case _:
            assert_never(event)


def from_row(row: Row) -> Event:
    """Return the event of a row. Raises StoreFault when the body is not of its form."""
    call = CallId(row.turn, row.stage, row.item, row.again)
    try:
        body = json.loads(row.body)
        if row.kind == "answered":
            if not isinstance(body["text"], str):
                raise TypeError("the text is no text")
            return Answered(
                id=call,
                text=body["text"],
                finish=body["finish"],
                usage=Usage(*body["usage"]),
                model=body["model"],
                prompt_digest=body["prompt"],
                reasoning=body.get("reasoning", ""),
            )
        if row.kind == "refused":
            return Refused(call, body["kind"], body["detail"])
        return Judged(row.turn, row.stage, tuple(_read_verdict(verdict) for verdict in body))
    except (ValueError, KeyError, TypeError) as error:
        raise StoreFault(
            f"the journal row {row.kind} {call} is damaged: {error}",
            todo="Restore the run folder from a backup, or start a new run with another --out.",
        ) from error


def _answered(event: Answered) -> dict[str, Any]:
    usage = event.usage
    body: dict[str, Any] = {
        "text": event.text,
        "finish": event.finish,
        "usage": [usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.known],
        "model": event.model,
        "prompt": event.prompt_digest,
    }
    return body | ({"reasoning": event.reasoning} if event.reasoning else {})


def _verdict(verdict: Verdict) -> list[Any]:
    measures = [[m.filter, m.value, m.limit, m.unit, m.nearest] for m in verdict.measures]
    return [verdict.draft, verdict.reason, measures]


def _read_verdict(body: list[Any]) -> Verdict:
    draft, reason, measures = body
    return Verdict(draft, not reason, reason, tuple(Measure(*measure) for measure in measures))
