"""A night of faults, as `python -m tests.bench.night` prints it: each ends as a person would wish, at little cost."""

from __future__ import annotations

import pytest

from tests.bench import night
from tests.bench.night import CALLS, Outcome, live_through, meet
from tests.virtual_time import HOUR


def assert_complete(outcome: Outcome, *, wasted: int, lost_s: float, calls: int = CALLS) -> None:
    assert (outcome.ended, outcome.answered) == ("complete", calls)
    assert 0 < outcome.wasted <= wasted
    assert outcome.asked - outcome.wasted >= calls
    assert outcome.lost_s is not None
    assert outcome.lost_s <= lost_s


@pytest.mark.parametrize("mood", ["busy_20", "busy"])
def test_three_hours_of_refusals_cost_one_attempt_in_twenty_seconds(mood: str) -> None:
    outcome = live_through("", mood, 3 * HOUR)
    assert_complete(outcome, wasted=540 + 64, lost_s=40.0)
    assert len(outcome.story) == 2
    assert "is too busy" in outcome.story[0]
    assert "is back after 2 h 59 min" in outcome.story[1] or "is back after 3 h" in outcome.story[1]


def test_a_short_storm_wastes_less_than_one_call_in_two() -> None:
    assert_complete(night.refuse_for_25_s(), wasted=100, lost_s=30.0, calls=200)


def test_an_empty_account_pauses_the_run_with_all_that_was_paid_for() -> None:
    outcome = night.run_out_of_quota()
    assert outcome.answered == 100
    assert outcome.ended == "Paused: 402 Insufficient Balance"
    assert outcome.wasted <= 64  # those in flight when it happened


def test_a_hang_is_found_in_minutes_and_waited_out() -> None:
    outcome = live_through("", "hung", 1200.0)
    assert_complete(outcome, wasted=64 + 60, lost_s=60.0)
    assert "fails a test call too" in outcome.story[0]
    assert "is back after" in outcome.story[-1]


def test_refused_connections_are_waited_out() -> None:
    assert_complete(live_through("", "down", 3000.0), wasted=100 + 128, lost_s=40.0)


def test_a_swapped_model_stops_the_run_before_it_answers_once() -> None:
    outcome = live_through("", "down", 120.0, change=night.swap)
    assert outcome.ended.startswith("BadConfig: http://gpu:8000 serves another model than before: the model was m, now")
    assert 0 < outcome.answered < CALLS


def test_a_redirect_stops_the_run_and_is_never_followed() -> None:
    outcome = meet("redirect", "", 10)
    assert outcome.ended.startswith("BadConfig: The server sends us on to")
    assert (outcome.answered, outcome.asked) == (0, 4)


@pytest.mark.parametrize(("kind", "times"), [("html", 5), ("huge", 2), ("bomb", 2)])
def test_what_is_no_answer_is_asked_for_again_and_never_taken(kind: str, times: int) -> None:
    outcome = meet(kind, "", times)
    assert (outcome.ended, outcome.answered, outcome.wasted) == ("complete", 30, times)


@pytest.mark.parametrize("kind", ["null_usage", "blank"])
def test_what_is_an_answer_all_the_same_is_asked_for_once(kind: str) -> None:
    outcome = meet(kind, "", 10)
    assert (outcome.ended, outcome.asked, outcome.wasted) == ("complete", 30, 0)
