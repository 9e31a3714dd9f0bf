"""Any timetable of outages over one to four lanes: nobody is lost, nobody is asked for twice at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.work import Answered
from selfgen.errors import Paused
from selfgen.models.buckets import Buckets
from tests.sites import Site, Town, make_ask
from tests.virtual_time import HOUR, now, run

TROUBLES = ("down", "broken", "silent", "busy", "busy_20", "hung", "files")
Timetable = list[tuple[float, str]]
LaneDrawn = tuple[Timetable, float, bool, float | None]
"""Its timetable, how long a call takes, whether it has a look, and a limit of requests a minute."""


def towns() -> st.SearchStrategy[list[LaneDrawn]]:
    moods = st.sampled_from(("up", *TROUBLES))
    timetables = st.lists(st.tuples(st.integers(0, 600).map(float), moods), max_size=6).map(sorted)
    takes_s, rpm = st.sampled_from((0.3, 1.0, 7.0)), st.sampled_from((None, None, 30.0))
    return st.lists(st.tuples(timetables, takes_s, st.booleans(), rpm), min_size=1, max_size=4)


def build(lanes: Sequence[LaneDrawn], limit: int, **policy: float) -> Town:
    sites = [Site(f"s{n}", table, takes_s=takes_s) for n, (table, takes_s, _, _) in enumerate(lanes)]
    town = Town(sites, limit=limit, **policy)
    for n, (_, _, look, rpm) in enumerate(lanes):
        changes = {"look": sites[n].look if look else None, "buckets": Buckets(rpm=rpm) if rpm else None}
        town.lanes[n] = replace(town.lanes[n], **changes)
    town.build()
    return town


@settings(max_examples=50)
@given(
    lanes=towns(), calls=st.integers(1, 60), limit=st.integers(1, 5), cancelled=st.sets(st.integers(0, 59), max_size=4)
)
def test_a_storm_that_ends_leaves_every_call_answered_once(
    lanes: list[LaneDrawn], calls: int, limit: int, cancelled: set[int]
) -> None:
    async def main() -> None:
        sunny = [([*table, (700.0, "up")], takes_s, look, rpm) for table, takes_s, look, rpm in lanes]
        town = build(sunny, limit, first_patience_s=HOUR)
        tasks = [asyncio.create_task(town.fleet.answer(make_ask(turn))) for turn in range(calls)]
        await asyncio.sleep(5.2)
        for turn in cancelled & set(range(calls)):
            tasks[turn].cancel()
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), HOUR)
        for turn, result in enumerate(results):
            if isinstance(result, asyncio.CancelledError):
                assert turn in cancelled
            else:
                assert isinstance(result, Answered), result
                assert result.id.turn == turn
        books = town.books
        assert {count for call, count in books.answered.items() if call.turn >= 0} <= {1}
        assert books.twice_at_once == []
        for site in town.sites:
            assert site.most_in_flight <= limit
            assert site.most_looks_out <= 1
        await asyncio.sleep(0)
        counters = town.fleet.counters()
        assert (counters.in_flight, counters.waiting) == (0, 0)
        assert counters.sent == sum(count for call, count in books.sent.items() if call.turn >= 0)
        told = town.kinds()
        assert told.count("back") <= told.count("away") + told.count("watchdog")
        await town.fleet.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


@settings(max_examples=8)
@given(
    ends=st.lists(st.tuples(st.integers(10, 400), st.sampled_from(("down", "broken", "hung"))), min_size=1, max_size=4),
    look=st.booleans(),
)
def test_all_lanes_down_is_no_failure_before_patience_is_over(ends: list[tuple[int, str]], look: bool) -> None:
    async def main() -> None:
        lanes: list[LaneDrawn] = [
            ([(float(at), mood if look or mood != "hung" else "down")], 8.0, look, None) for at, mood in ends
        ]
        town = build(lanes, 1, patience_s=900.0)
        results = await asyncio.wait_for(town.answer_all(60 * len(lanes)), 2 * HOUR)
        last_s = max(at for at, _ in ends)
        failures = [result for result in results if not isinstance(result, Answered)]
        assert {type(failure) for failure in failures} == {Paused}
        assert now() >= last_s + 900.0
        assert now() < last_s + 900.0 + 4 * 260.0  # to find out that a lane hangs takes 210 s
        await town.fleet.aclose()

    run(main())
