"""Seconds to open a large run again: its journal folded into the machine and the gates."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from tests.bench.common import count_events, selfgen, slot_server, table, write_seeds

RECORDS = int(os.environ.get("SELFGEN_BENCH_RECORDS", "20000"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, slot_server(256, 0, 0) as base_url:
        seeds, run = Path(folder) / "seeds.jsonl", Path(folder) / "run"
        write_seeds(seeds, 200)
        arguments = ["run", "--seeds", seeds, "--base-url", base_url, "--out", run, "--concurrency", 256]
        grown = selfgen(*arguments, "--target", RECORDS)
        again = selfgen(*arguments, "--target", RECORDS)
        status = selfgen("status", run)
        events = sum(count_events(run).values())
    assert re.search(rf"{RECORDS:,} records", again.output), again.output
    rows = [("grow it", grown.wall_s), ("the same command again", again.wall_s), ("selfgen status", status.wall_s)]
    table(f"A run of {RECORDS:,} records, {events:,} events", ("what", "seconds"), rows)


if __name__ == "__main__":
    main()
