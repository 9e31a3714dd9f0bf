"""Share of the server's slots that a run keeps busy, in the middle of the run (the first and last fifth left out).

`pool` is the same with a pool of 100,000 tasks from the first turn on, with which every draft is compared: what judging
costs the server.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.bench.common import middle, slot_server, start_selfgen, table, wait, watch, write_seeds

CASES = ((64, 0.6, "mild"), (256, 0.6, "mild"), (256, 1.2, "heavy"))
MEAN_MS = 500
CALLS_A_SLOT = 80


def busy(slots: int, sigma: float, pool: int = 200, calls_a_slot: int = CALLS_A_SLOT) -> tuple[float, float, int]:
    """Return busy share in the middle, share over the whole server window, and calls; `pool` seeds are there."""
    calls_wanted = slots * calls_a_slot
    with tempfile.TemporaryDirectory() as folder, slot_server(slots, MEAN_MS, sigma) as base_url:
        seeds = Path(folder) / "seeds.jsonl"
        write_seeds(seeds, pool)
        started = time.monotonic()
        process = start_selfgen(
            "run", "--seeds", seeds, "--base-url", base_url, "--out", Path(folder) / "run",
            "--target", calls_wanted * 6 // 7, "--concurrency", slots,
        )  # fmt: skip
        samples = watch(process, base_url, enough=calls_wanted)
        wait(process, started)
    first, last = middle(samples)
    begun = next(sample for sample in samples if sample["served"] > 0)
    return share(first, last, slots), share(begun, samples[-1], slots), int(samples[-1]["served"])


def share(first: dict[str, float], last: dict[str, float], slots: int) -> float:
    return (last["busy_s"] - first["busy_s"]) / (last["now"] - first["now"]) / slots


def main() -> None:
    rows = []
    for slots, sigma, name in CASES:
        within, whole, calls = busy(slots, sigma)
        rows.append((slots, f"{name} (sigma {sigma})", within, whole, calls))
    title = f"Slots kept busy, service times log-normal with mean {MEAN_MS} ms"
    table(title, ("slots", "tail", "middle of the run", "whole run", "calls"), rows)


def compare_pools() -> None:
    rows = []
    for slots in (64, 256):
        shares = {pool: busy(slots, 0.6, pool, 40) for pool in (200, 100_000)}
        small, large = (shares[pool][0] for pool in (200, 100_000))
        rows.append((slots, small, large, f"{100 * (large / small - 1):+.1f} %"))
    title = "Slots kept busy in the middle of a run, default filters on (mild tail)"
    table(title, ("slots", "pool of 200", "pool of 100,000", "difference"), rows)


if __name__ == "__main__":
    main()
