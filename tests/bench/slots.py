"""Share of the server's slots that a run keeps busy, in the middle of the run (the first and last fifth left out)."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.bench.common import middle, slot_server, start_selfgen, table, wait, watch, write_seeds

CASES = ((64, 0.6, "mild"), (256, 0.6, "mild"), (256, 1.2, "heavy"))
MEAN_MS = 500
CALLS_A_SLOT = 80


def busy(slots: int, sigma: float) -> tuple[float, float, int]:
    """Return busy share in the middle, share over the whole server window, and calls."""
    calls_wanted = slots * CALLS_A_SLOT
    with tempfile.TemporaryDirectory() as folder, slot_server(slots, MEAN_MS, sigma) as base_url:
        seeds = Path(folder) / "seeds.jsonl"
        write_seeds(seeds, 200)
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


if __name__ == "__main__":
    main()
