"""Gates: the order of judging, its memory, and its replay."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.tasks import Draft, Task
from selfgen.errors import InternalError
from selfgen.filters import build_filters
from selfgen.filters.gate import Gate

WORDS = ["list", "three", "four", "rivers", "lakes", "of", "europe", "asia", "列", "出", "三", "条", "河流", "湖"]
INSTRUCTIONS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join)


def fresh_gate(lang: str = "en") -> Gate:
    return Gate(build_filters(lang, scopes=("instruction",)))


def drafts(*instructions: str, turn: int = 0) -> tuple[Draft, ...]:
    return tuple(Draft(f"t{turn}.{number}", instruction) for number, instruction in enumerate(instructions))


def test_drafts_of_one_reply_are_compared_with_one_another() -> None:
    first, second, third = fresh_gate().judge(
        drafts("List three rivers of Europe.", "List three rivers of Europe!", "Write a poem about winter.")
    )
    assert (first.kept, second.kept, third.kept) == (True, False, True)
    assert (second.reason, second.measures[-1].nearest) == ("near_duplicate", "t0.0")


def test_of_two_equal_drafts_the_first_in_order_is_kept() -> None:
    for lang, one, two in (
        ("en", "List the rivers of Europe.", "list the rivers of europe"),
        ("zh", "列出歐洲的河流。", "列出欧洲的河流"),
    ):
        verdicts = fresh_gate(lang).judge(drafts(one, two))
        assert [verdict.kept for verdict in verdicts] == [True, False]
        verdicts = fresh_gate(lang).judge(drafts(two, one))
        assert [verdict.kept for verdict in verdicts] == [True, False]


def test_seeds_are_remembered_and_named() -> None:
    gate = fresh_gate("zh")
    gate.seed([Task("seed_7", "列出三条欧洲的河流。")])
    (verdict,) = gate.judge(drafts("列出三條歐洲的河流！"))
    assert (verdict.reason, verdict.measures[-1].nearest) == ("near_duplicate", "seed_7")


def test_a_rejected_draft_is_not_remembered() -> None:
    gate = fresh_gate()
    gate.judge(drafts("Draw a cat on a fence, please."))
    (verdict,) = gate.judge(drafts("Describe a cat on a fence, please.", turn=1))
    assert verdict.kept
    assert "rouge" not in [measure.filter for measure in verdict.measures], "nothing to be near to"


def test_the_first_reason_wins_and_later_filters_do_not_look() -> None:
    (verdict,) = fresh_gate().judge(drafts("Task 1: Draw a cat\x00."))
    assert verdict.reason == "control_characters"
    assert [measure.filter for measure in verdict.measures] == ["control"]


def test_numbers_are_kept_for_kept_drafts() -> None:
    gate = Gate(build_filters("en", {"rouge": {"margin": "0.1"}}, scopes=("instruction",)))
    gate.seed([Task("s", "List three rivers of Europe.")])
    (verdict,) = gate.judge(drafts("List four rivers of Asia."))
    assert verdict.kept
    assert [(measure.filter, measure.value) for measure in verdict.measures] == [("length", 8.5), ("rouge", 0.6)]
    assert verdict.measures[-1].nearest == "s"


def test_the_task_gate_tells_equal_tasks() -> None:
    gate = Gate(build_filters("en", scopes=("task",)))
    assert gate.names[-1] == "exact"
    gate.seed([Task("s", "Translate into French.", "Good day", "Bonjour")])
    verdicts = gate.judge(
        [
            Draft("a", "Translate into French.", "Good day!", "Bonjour !"),
            Draft("b", "Translate into French.", "good  day", "Salut"),
        ]
    )
    assert [(verdict.reason, verdict.draft) for verdict in verdicts] == [("", "a"), ("exact_duplicate", "b")]
    assert verdicts[1].measures[-1].nearest == "s"


@settings(deadline=None)
@given(st.lists(st.lists(INSTRUCTIONS, max_size=4), max_size=5), st.integers(0, 5))
def test_recalling_verdicts_rebuilds_the_memory_of_having_judged(turns: list[list[str]], cut: int) -> None:
    batches = [drafts(*turn, turn=number) for number, turn in enumerate(turns)]
    judged = fresh_gate()
    verdicts = [judged.judge(batch) for batch in batches]
    resumed = fresh_gate()
    for batch, old in zip(batches[:cut], verdicts[:cut], strict=True):
        resumed.recall(batch, old)
    assert [resumed.judge(batch) for batch in batches[cut:]] == verdicts[cut:]


@settings(deadline=None)
@given(st.lists(INSTRUCTIONS, max_size=8), st.integers(0, 8))
def test_how_drafts_are_cut_into_replies_does_not_matter(instructions: list[str], cut: int) -> None:
    batch = drafts(*instructions)
    whole, parts = fresh_gate(), fresh_gate()
    assert whole.judge(batch) == parts.judge(batch[:cut]) + parts.judge(batch[cut:])


def test_verdicts_of_other_drafts_are_not_recalled() -> None:
    batch = drafts("List three rivers of Europe.")
    verdicts = fresh_gate().judge(batch)
    with pytest.raises(InternalError):
        fresh_gate().recall(drafts("List three rivers of Europe.", turn=9), verdicts)
    with pytest.raises(InternalError):
        fresh_gate().recall((), verdicts)
