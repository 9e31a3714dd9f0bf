"""Share of the server's slots that a run keeps busy, in the middle of the run (the first and last fifth left out).

`pool` is the same with a pool of 100,000 tasks from the first turn on, with which every draft is compared: what judging
costs the server.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench.common import middle, slot_server, start_selfgen, table, wait, watch, write_seeds

MILD, HEAVY = 0.6, 1.2
TAILS = {MILD: "mild (sigma 0.6)", HEAVY: "heavy (sigma 1.2)"}
CASES = (
    *((slots, sigma, 1) for slots in (64, 256, 1024) for sigma in (MILD, HEAVY)),
    *((slots, sigma, 4) for slots in (64, 256) for sigma in (MILD, HEAVY)),
)
"""Slots in all, spread of the service times, endpoints."""
CALLS_A_SLOT = 80


def mean_ms(slots: int) -> int:
    """Return a mean service time at which the server answers at most 250 calls a second: it shares this machine."""
    return max(500, 4 * slots)


def busy(
    slots: int, sigma: float, pool: int = 200, calls_a_slot: int = CALLS_A_SLOT, endpoints: int = 1
) -> tuple[float, float, int]:
    """Return busy share in the middle, share over the whole server window, and calls; `pool` seeds are there."""
    calls_wanted = slots * calls_a_slot
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = [slot_server(slots // endpoints, mean_ms(slots), sigma) for _ in range(endpoints)]
        urls = [stack.enter_context(server) for server in servers]
        seeds = Path(folder) / "seeds.jsonl"
        write_seeds(seeds, pool)
        started = time.monotonic()
        process = start_selfgen(
            "run", "--seeds", seeds, *(word for url in urls for word in ("--base-url", url)),
            "--model", "slots", "--out", Path(folder) / "run",
            "--target", calls_wanted * 6 // 7, "--concurrency", slots,
        )  # fmt: skip
        samples = watch(process, urls, enough=calls_wanted)
        wait(process, started)
    first, last = middle(samples)
    begun = next(sample for sample in samples if sample["served"] > 0)
    return share(first, last, slots), share(begun, samples[-1], slots), int(samples[-1]["served"])


def share(first: dict[str, float], last: dict[str, float], slots: int) -> float:
    return (last["busy_s"] - first["busy_s"]) / (last["now"] - first["now"]) / slots


def measure(cases: Sequence[tuple[int, float, int]]) -> None:
    rows = []
    for slots, sigma, endpoints in cases:
        within, whole, calls = busy(slots, sigma, endpoints=endpoints)
        rows.append((slots, endpoints, TAILS[sigma], within, whole, calls))
        print("|", *rows[-1], "|", flush=True)
    title = "Slots kept busy, service times log-normal with a mean of 0.5 s (256 slots: 1.0 s, 1,024: 4.1 s)"
    table(title, ("slots", "endpoints", "tail", "middle of the run", "whole run", "calls"), rows)


def main() -> None:
    measure(CASES)


def compare_pools() -> None:
    rows = []
    for slots in (64, 256):
        shares = {pool: busy(slots, MILD, pool, 40) for pool in (200, 100_000)}
        small, large = (shares[pool][0] for pool in (200, 100_000))
        rows.append((slots, small, large, f"{100 * (large / small - 1):+.1f} %"))
    title = "Slots kept busy in the middle of a run, default filters on (mild tail)"
    table(title, ("slots", "pool of 200", "pool of 100,000", "difference"), rows)


if __name__ == "__main__":
    main()
