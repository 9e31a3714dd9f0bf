"""Calls that are asked again: smaller prompts, more room, and nothing paid for twice or lost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import SAMPLING, SEEDS, Run, WordGate, WordRecipe, new_machine, plan

from selfgen.core.again import FIRST, TOO_LONG, TRUNCATED, Try
from selfgen.core.machine import Machine
from selfgen.core.replay import check_prompt, replay
from selfgen.core.tally import Policy
from selfgen.core.tasks import Draft
from selfgen.core.turns import Plan, Retired
from selfgen.core.work import Answered, Ask, CallId, Event, Judged, Refused, Usage
from selfgen.errors import InternalError

POLICY = Policy(target=40)
Place = tuple[int, int, int]


def place(call: CallId) -> Place:
    return (call.turn, call.stage, call.item)


def finished(run_seed: int) -> Run:
    run = Run(new_machine(POLICY, run_seed))
    run.finish()
    return run


def by_place(run: Run) -> dict[Place, list[tuple[Ask, Answered | Refused]]]:
    """Return what was asked and said for each purpose, in the order of the journal."""
    asks = {ask.id: ask for ask in run.asked}
    found: dict[Place, list[tuple[Ask, Answered | Refused]]] = defaultdict(list)
    for event in run.journal:
        if not isinstance(event, Judged):
            found[place(event.id)].append((asks[event.id], event))
    return found


def is_cut(event: Answered | Refused) -> bool:
    """Tell whether nothing stands in a reply because it was cut, by the rules of the world."""
    if isinstance(event, Refused) or event.finish != "length":
        return False
    return event.text == "garbage" or event.id.stage > 0 or len(event.text.split()) < 2


@given(st.integers(0, 200))
@settings(deadline=None, max_examples=20)
def test_a_call_is_asked_again_for_its_two_reasons_and_no_other(run_seed: int) -> None:
    run = finished(run_seed)
    for story in by_place(run).values():
        rungs = cuts = 0
        for number, (ask, event) in enumerate(story):
            assert ask.id.again == number
            assert ask.sampling == replace(SAMPLING, max_tokens=100 * 2**cuts)
            last = number == len(story) - 1
            if is_cut(event):
                cuts += 1
                assert last == (cuts == 2 or is_owed(run, ask.id))
            elif isinstance(event, Refused) and event.kind == TOO_LONG:
                rungs += 1
                assert not last or cuts or ask.id.stage == 1 or examples(ask) == 0 or is_owed(run, ask.id)
                assert last or examples(story[number + 1][0]) < examples(ask)
            else:
                assert last


def is_owed(run: Run, call: CallId) -> bool:
    return replace(call, again=call.again + 1) in run.machine.owed()[0]


def examples(ask: Ask) -> int:
    shown = ask.messages[0].content.split(" ", 1)[1].rsplit(" ", 1)[0]
    return len([text for text in shown.split("|") if text])


@given(st.integers(0, 200))
@settings(deadline=None, max_examples=20)
def test_nothing_is_journaled_twice_and_every_prompt_is_rendered_anew_as_it_was_sent(run_seed: int) -> None:
    run = finished(run_seed)
    addresses = [event.id for event in run.journal if not isinstance(event, Judged)]
    assert len(set(addresses)) == len(addresses)
    assert max(call.again for call in addresses) > 0
    retired: list[Retired] = []
    replay(new_machine(POLICY, run_seed), WordGate(), run.journal, retired.extend, check_prompt)
    assert retired == run.retired


@given(st.integers(0, 200))
@settings(deadline=None, max_examples=20)
def test_the_tally_counts_what_was_asked_again_and_all_that_was_paid(run_seed: int) -> None:
    run = finished(run_seed)
    turns = len(run.retired)
    told = [event for event in run.journal if not isinstance(event, Judged) and event.id.turn < turns]
    again = [event.id for event in told if event.id.again]
    before = {event.id: event for event in told}
    causes = [before[replace(call, again=call.again - 1)] for call in again]
    tally = run.machine.tally
    assert tally.calls == len(told)
    assert tally.shrunk == sum(isinstance(cause, Refused) for cause in causes)
    assert tally.widened == sum(isinstance(cause, Answered) for cause in causes)
    assert tally.tokens == sum(
        event.usage.prompt_tokens + event.usage.completion_tokens for event in told if isinstance(event, Answered)
    )


def test_all_of_it_happens_in_this_world() -> None:
    stories = [story for seed in range(4) for story in by_place(finished(seed)).values()]
    assert any(len(record.lineage.calls) > 4 for seed in range(4) for record in finished(seed).machine.records)
    kinds = {
        "".join("c" if is_cut(event) else "r" if isinstance(event, Refused) else "." for _, event in story)
        for story in stories
    }
    assert kinds >= {".", "c.", "cc", "cr", "r.", "r", "rc.", "rr"}


# -- step by step ---------------------------------------------------------------------------------------------------

STRAIGHT = next(f"w{n}" for n in range(99) if not WordRecipe().wants(1, Draft("", f"w{n}")))
"""The draft of this word goes from its proposal to its answer."""
AROUND = next(f"w{n}" for n in range(99) if WordRecipe().wants(1, Draft("", f"w{n}")))
"""The draft of this word is given an input first."""


class Talk:
    """A machine that is told one thing after another about turn 0."""

    def __init__(self, of: Plan | None = None) -> None:
        self.machine = Machine(of or plan(), Policy(target=1_000), WordRecipe(), SEEDS)
        self.gate = WordGate()
        self.retired: list[Retired] = []

    def next(self) -> Ask | None:
        """Return the next call of turn 0."""
        return next((ask for ask in iter(self.machine.next_ask, None) if ask.id.turn == 0), None)

    def asked(self) -> Ask:
        ask = self.next()
        assert ask is not None
        return ask

    def answer_of(self, word: str) -> Ask:
        """Return the call that comes after the proposal of one word."""
        self.tell(self.asked(), word)
        return self.asked()

    def tell(self, ask: Ask, text: str, finish: str = "stop") -> None:
        self.feed(Answered(ask.id, text, finish, Usage(3, 2), "m", ask.prompt_digest))

    def refuse(self, ask: Ask, kind: str = TOO_LONG, detail: str = "no") -> None:
        self.feed(Refused(ask.id, kind, detail))

    def feed(self, event: Event) -> None:
        self.machine.feed(event)
        while judge := self.machine.next_judge():
            self.machine.feed(Judged(judge.turn, judge.stage, self.gate.judge(judge.stage, judge.drafts)))
        self.retired += self.machine.take_retired()


def test_a_long_prompt_goes_down_the_ladder_and_passes_over_what_changes_nothing() -> None:
    talk = Talk()
    whole = talk.asked()
    assert examples(whole) == 2, "no records yet, so the first rung shows no fewer"
    talk.refuse(whole)
    smaller = talk.asked()
    assert (str(smaller.id), examples(smaller)) == ("0.0.0+1", 0)
    assert talk.machine.tried(smaller.id) == Try(again=1, rung=2)
    assert smaller.sampling == whole.sampling
    assert smaller.seed != whole.seed
    talk.refuse(smaller)
    assert talk.next() is None, "the last rung shows no fewer"
    assert (talk.retired[0].count.shrunk, talk.retired[0].count.refused) == (1, (TOO_LONG, TOO_LONG))
    assert talk.retired[0].faults == ()


def test_a_smaller_prompt_shows_a_part_of_what_the_whole_one_showed() -> None:
    shrunk = [story for story in by_place(finished(1)).values() if len(story) > 1 and examples(story[1][0]) == 2]
    assert shrunk
    for (whole, _), (smaller, _), *_ in shrunk:
        texts = [ask.messages[0].content.split(" ", 1)[1].rsplit(" ", 1)[0] for ask in (whole, smaller)]
        assert texts[0].startswith(texts[1])


@pytest.mark.parametrize("kind", ["content_filter", "gave_up", "invalid_request"])
def test_no_other_refusal_is_asked_again(kind: str) -> None:
    talk = Talk()
    talk.refuse(talk.asked(), kind)
    assert talk.next() is None
    assert (talk.retired[0].count.calls, talk.retired[0].count.shrunk) == (1, 0)


def test_a_stage_without_a_ladder_loses_its_draft() -> None:
    talk = Talk()
    given = talk.answer_of(AROUND)
    assert given.id.stage == 1
    talk.refuse(given, detail="4097 of 4096")
    (lost,) = talk.retired[0].rejections
    assert (lost.reason, lost.detail, lost.lost) == ("refused_context_length", "4097 of 4096", True)


@pytest.mark.parametrize("finish", ["length", "LENGTH", "max_tokens", "max_output_tokens"])
def test_a_cut_reply_is_asked_for_once_more_with_twice_the_room(finish: str) -> None:
    talk = Talk()
    first = talk.answer_of(STRAIGHT)
    talk.tell(first, "half a", finish="length")
    second = talk.asked()
    assert (str(second.id), second.sampling.max_tokens) == ("0.2.0+1", 2 * first.sampling.max_tokens)
    assert (second.messages, second.schema, second.role) == (first.messages, first.schema, first.role)
    assert second.seed != first.seed
    assert second.prompt_digest != first.prompt_digest
    talk.tell(second, "a whole text")
    (record,) = talk.retired[0].records
    assert (record.task.output, record.lineage.calls) == ("a whole text", ("0.0.0", "0.2.0", "0.2.0+1"))
    count = talk.retired[0].count
    assert (count.calls, count.widened, count.tokens.total) == (3, 1, 15)


def test_what_is_cut_twice_is_lost_and_both_replies_are_named() -> None:
    talk = Talk()
    talk.tell(talk.answer_of(STRAIGHT), "half a", finish="length")
    talk.tell(talk.asked(), "half a long", finish="length")
    assert talk.next() is None
    (lost,) = talk.retired[0].rejections
    assert (lost.reason, lost.lost, lost.lineage.calls) == (TRUNCATED, True, ("0.0.0", "0.2.0", "0.2.0+1"))
    assert lost.detail == "the reply was cut at 100 tokens, and at 200 when it was asked again"
    assert talk.retired[0].count.lost == (TRUNCATED,)
    assert talk.retired[0].count.tokens.total == 15


@pytest.mark.parametrize("kind", [TOO_LONG, "invalid_request", "gave_up"])
def test_where_more_room_is_refused_the_cut_reply_stands(kind: str) -> None:
    talk = Talk()
    talk.tell(talk.answer_of(STRAIGHT), "half a", finish="length")
    talk.refuse(talk.asked(), kind, "max_tokens is too large")
    assert talk.next() is None
    (lost,) = talk.retired[0].rejections
    assert lost.reason == TRUNCATED
    assert lost.detail == f"the reply was cut at 100 tokens; more room was refused ({kind}: max_tokens is too large)"
    assert talk.retired[0].count.refused == (kind,)
    assert talk.retired[0].count.shrunk == 0


def test_a_smaller_prompt_may_be_given_more_room_too() -> None:
    talk = Talk()
    talk.refuse(talk.asked())
    talk.tell(talk.asked(), "wor", finish="length")
    third = talk.asked()
    assert (str(third.id), examples(third), third.sampling.max_tokens) == ("0.0.0+2", 0, 200)
    talk.tell(third, STRAIGHT)
    talk.tell(talk.asked(), "a whole text")
    assert talk.retired[0].records[0].lineage.calls == ("0.0.0", "0.0.0+1", "0.0.0+2", "0.2.0")


def test_a_cut_proposal_is_kept_as_far_as_it_can_be_read() -> None:
    talk = Talk()
    talk.tell(talk.asked(), f"{STRAIGHT} w9 hal", finish="length")
    assert talk.asked().id.stage > 0
    assert talk.machine.account.read == 2
    assert talk.machine.tally.widened == 0


def test_a_proposal_without_one_whole_draft_is_asked_for_again_and_then_given_up() -> None:
    talk = Talk()
    talk.tell(talk.asked(), "hal", finish="length")
    second = talk.asked()
    assert (str(second.id), second.sampling.max_tokens) == ("0.0.0+1", 200)
    talk.tell(second, "", finish="length")
    assert talk.next() is None
    (fault,) = talk.retired[0].faults
    assert (fault.reason, talk.retired[0].count.widened) == (TRUNCATED, 1)


def test_an_unreadable_reply_that_ended_by_itself_is_not_asked_for_again() -> None:
    talk = Talk()
    talk.tell(talk.asked(), "garbage")
    assert talk.next() is None
    assert talk.retired[0].count.faults == ("no_json",)


def test_runs_of_older_versions_asked_nothing_again() -> None:
    talk = Talk(plan().before_3())
    talk.tell(talk.answer_of(STRAIGHT), "half a", finish="length")
    assert talk.next() is None
    assert talk.retired[0].count.lost == ("cut",), "as the recipe said"
    talk = Talk(plan().before_3())
    talk.refuse(talk.asked())
    assert talk.next() is None


@pytest.mark.parametrize("again", [1, 2])
def test_a_call_that_was_not_asked_again_is_not_owed(again: int) -> None:
    talk = Talk()
    ask = talk.asked()
    with pytest.raises(InternalError, match=rf"0\.0\.0\+{again} was not asked for"):
        talk.feed(Answered(replace(ask.id, again=again), "w1", "stop", Usage(), "m", ask.prompt_digest))
    talk.tell(ask, "", finish="length")
    with pytest.raises(InternalError, match=r"0\.0\.0 was not asked for"):
        talk.tell(ask, "w1")


def test_a_first_try_is_as_it_always_was() -> None:
    talk = Talk()
    ask = talk.asked()
    assert (ask.id, str(ask.id), talk.machine.tried(ask.id)) == (CallId(0, 0, 0), "0.0.0", FIRST)
