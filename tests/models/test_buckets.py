"""Pacing by requests and tokens a minute: hand-worked examples, every form of header, and the bound as a property."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.models.buckets import BURST, EMPTY_WAIT_S, MINUTE_S, Buckets
from selfgen.models.throttle import Throttle
from tests.models.virtual_server import Server, Traits, World

EPOCH_S = 1_800_000_000.0
LONG = 1e6


def send_all(buckets: Buckets, amounts: list[int], now_s: float = 0.0) -> list[tuple[float, int]]:
    """Send one call after the other as soon as it may go. Returns when each went."""
    sent = []
    for amount in amounts:
        now_s = buckets.opens_at_s(now_s, amount)
        buckets.take(now_s, amount)
        sent.append((now_s, amount))
    return sent


def hear(buckets: Buckets, headers: Mapping[str, str], now_s: float = 0.0) -> None:
    buckets.hear(headers, now_s, EPOCH_S + now_s)


def wait_s(buckets: Buckets, now_s: float = 0.0, tokens: float = 0) -> float:
    return buckets.opens_at_s(now_s, tokens) - now_s


def test_without_any_limit_everything_passes() -> None:
    buckets = Buckets()
    assert [at for at, _ in send_all(buckets, [10**9] * 100)] == [0.0] * 100
    assert (buckets.rpm, buckets.tpm) == (None, None)


def test_a_burst_of_three_seconds_then_an_even_pace() -> None:
    times = [at for at, _ in send_all(Buckets(rpm=60), [0] * 6)]
    assert times == pytest.approx([0, 0, 0, 1, 2, 3])


def test_a_limit_below_one_burst_still_lets_one_pass() -> None:
    assert [at for at, _ in send_all(Buckets(rpm=3), [0] * 3)] == pytest.approx([0, 20, 40])


def test_tokens_are_paced_by_what_each_call_may_use() -> None:
    times = [at for at, _ in send_all(Buckets(tpm=60_000), [1000, 1000, 1000, 2000, 500])]
    assert times == pytest.approx([0, 0, 0, 2, 2.5])


def test_a_call_larger_than_a_full_bucket_passes_and_leaves_a_debt() -> None:
    times = [at for at, _ in send_all(Buckets(tpm=6000), [3000, 100])]
    assert times == pytest.approx([0, 28])  # 300 in the bucket: 2,700 of debt at 100 a second, and 100 more


def test_what_a_call_did_not_use_comes_back() -> None:
    buckets = Buckets(tpm=6000)
    buckets.take(0.0, 300)
    assert wait_s(buckets, 0.0, 100) == pytest.approx(1)
    buckets.settle(300, 200, 0.0)
    assert wait_s(buckets, 0.0, 100) == 0
    buckets.settle(300, 500, 0.0)
    assert wait_s(buckets, 0.0, 100) == pytest.approx(2)


@pytest.mark.parametrize("configured", [0, -5, math.inf, math.nan])
def test_a_configured_limit_is_a_positive_number(configured: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        Buckets(rpm=configured)


def test_the_smaller_of_configured_and_heard_holds_and_changes_are_followed() -> None:
    buckets = Buckets(rpm=500)
    limits = []
    for heard in ("1000", "100", "300", "90000"):
        hear(buckets, {"x-ratelimit-limit-requests": heard})
        limits.append(buckets.rpm)
    assert limits == [500, 100, 300, 500]


def test_a_limit_heard_later_is_kept_from_then_on() -> None:
    buckets = Buckets()
    send_all(buckets, [500] * 50)
    hear(buckets, {"X-RateLimit-Limit-Requests": "60", "X-RateLimit-Limit-Tokens": "6000"})
    assert (buckets.rpm, buckets.tpm) == (60, 6000)
    assert [at for at, _ in send_all(buckets, [0] * 5)] == pytest.approx([0, 0, 0, 1, 2])


def test_a_limit_that_falls_takes_the_burst_with_it() -> None:
    buckets = Buckets(rpm=6000)
    hear(buckets, {"x-ratelimit-limit-requests": "60"})
    assert [at for at, _ in send_all(buckets, [0] * 5)] == pytest.approx([0, 0, 0, 1, 2])


def test_hearing_the_same_limit_again_fills_nothing() -> None:
    buckets = Buckets()
    for _ in range(5):
        hear(buckets, {"x-ratelimit-limit-requests": "60"})
        send_all(buckets, [0] * 3)
    assert wait_s(buckets, 12.0) == pytest.approx(1)


def test_remaining_corrects_downwards_at_once_and_never_upwards() -> None:
    buckets = Buckets(rpm=600)
    hear(buckets, {"x-ratelimit-remaining-requests": "1"})
    assert [at for at, _ in send_all(buckets, [0] * 2)] == pytest.approx([0, 0.1])
    hear(buckets, {"x-ratelimit-remaining-requests": "599"}, 0.1)
    assert wait_s(buckets, 0.1) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("4", 4),
        ("4.5", 4.5),
        ("500ms", 0.5),
        ("2s", 2),
        ("6m0s", EMPTY_WAIT_S),
        ("2027-01-15T08:00:04Z", 4),
        ("2027-01-15T08:00:04", 4),
        ("2027-01-15T09:00:04+01:00", 4),
        ("Fri, 15 Jan 2027 08:00:04 GMT", 4),
        ("1800000004", 4),
        ("1800000004000", 4),
        ("1799999000", 0),
        ("2020-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00+23:59", 0),
        ("soon", 0),
        ("T-", 0),
        ("-4", 0),
        ("inf", 0),
        ("", 0),
    ],
)
def test_an_empty_bucket_waits_for_its_reset(reset: str, seconds: float) -> None:
    buckets = Buckets()
    hear(buckets, {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": reset})
    assert wait_s(buckets) == pytest.approx(seconds)


def test_a_reset_counts_only_where_nothing_remains() -> None:
    buckets = Buckets(tpm=10_000)
    hear(buckets, {"x-ratelimit-remaining-tokens": "9000", "x-ratelimit-reset-tokens": "9s"})
    assert wait_s(buckets, 0.0, 400) == 0


def test_anthropic_names() -> None:
    buckets = Buckets()
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-tokens-limit": "40000",
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": "2027-01-15T08:00:03Z",
    }
    hear(buckets, headers)
    assert (buckets.rpm, buckets.tpm) == (50, 40_000)
    assert wait_s(buckets) == pytest.approx(3)


GARBAGE = st.one_of(
    st.sampled_from(["NaN", "inf", "-inf", "-1", "0", "1e999", "", " ", "60, 60;w=60", "½", "0x20", "none", "1e16"]),
    st.text(max_size=12),
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [f"x-ratelimit-{what}-{of}" for what in ("limit", "remaining", "reset") for of in ("requests", "tokens")]
        ),
        GARBAGE,
    ),
    st.booleans(),
)
def test_garbage_never_stops_or_frees_anything(headers: dict[str, str], limited: bool) -> None:
    buckets = Buckets(rpm=60, tpm=6000) if limited else Buckets()
    hear(buckets, headers)
    opens_s = buckets.opens_at_s(5.0, 100)
    assert 5.0 <= opens_s < 5.0 + LONG
    if limited:
        assert buckets.rpm is not None
        assert 1 <= buckets.rpm <= 60


CALLS = st.lists(
    st.tuples(st.integers(1, 5000), st.floats(0, 20), st.floats(0, 1.5), st.sampled_from(["", "", "120", "40", "999"])),
    min_size=1,
    max_size=200,
)


@settings(deadline=None)
@given(limit=st.integers(1, 60_000), calls=CALLS, settles=st.booleans())
def test_no_minute_takes_more_than_the_limit_and_one_burst_or_call(
    limit: int, calls: list[tuple[int, float, float, str]], settles: bool
) -> None:
    buckets = Buckets(rpm=limit, tpm=limit)
    log: list[tuple[float, int, float]] = []  # when, one request, tokens (negative: put back)
    now_s = 0.0
    for amount, pause_s, used, heard in calls:
        opens_s = buckets.opens_at_s(now_s, amount)
        assert now_s <= opens_s < math.inf
        now_s = opens_s
        buckets.take(now_s, amount)
        log.append((now_s, 1, amount))
        if settles:
            now_s += pause_s / 10
            buckets.settle(amount, used * amount, now_s)
            log.append((now_s, 0, used * amount - amount))
        if heard:
            buckets.hear({"x-ratelimit-limit-requests": heard}, now_s, EPOCH_S)
        now_s += pause_s if pause_s > 15 else 0
    burst = max(1.0, limit * BURST)
    largest = 1.5 * max(amount for amount, *_ in calls)
    for first, (start_s, _, _) in enumerate(log):
        window = [each for each in log[first:] if each[0] < start_s + MINUTE_S]
        assert sum(each[1] for each in window) <= limit + burst + 1e-6
        if not settles:
            assert sum(each[2] for each in window) <= limit + max(burst, largest) + 1e-6


@settings(deadline=None)
@given(limit=st.integers(60, 60_000), count=st.integers(50, 300))
def test_the_whole_limit_is_used(limit: int, count: int) -> None:
    sent = send_all(Buckets(rpm=limit), [0] * count)
    pace = (count - 1 - max(1.0, limit * BURST)) / limit * MINUTE_S
    assert sent[-1][0] <= max(0.0, pace) + MINUTE_S / limit + 1e-6


def test_a_second_run_in_the_same_minute_does_not_double_the_rate() -> None:
    first = [at for at, _ in send_all(Buckets(rpm=600), [0] * 300)]
    second = [at for at, _ in send_all(Buckets(rpm=600), [0] * 300, first[-1] + 0.1)]
    assert sum(1 for at in first + second if at < MINUTE_S) <= 600 + 2 * 600 * BURST


def test_paced_calls_are_never_refused_and_use_the_whole_limit() -> None:
    """An API of 600 calls a minute that refuses at once what is beyond."""
    api = Traits(a_minute=600)
    paced = World(Throttle(most=256), Server(api), buckets=Buckets(rpm=600), polls=False).run(300)
    assert paced.refused == 0
    assert paced.answered >= 0.95 * 3000
    blind = World(Throttle(most=256), Server(api), polls=False).run(300)
    assert 0 < blind.refused <= 0.02 * blind.answered
    assert blind.answered >= 0.95 * 3000
