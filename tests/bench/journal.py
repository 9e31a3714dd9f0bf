"""Rows per second through the journal, each commit durable (WAL, synchronous=FULL)."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from selfgen.core.work import Answered, CallId, Usage
from selfgen.store.journal import Writer
from tests.bench.common import table

ROWS = 20_000
TEXT = "a reply of about two thousand characters " * 50


def rate(batch: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(Path(folder) / "run.db", linger_s=0)
        left = threading.Semaphore(0)
        started = time.monotonic()
        for start in range(0, ROWS, batch):
            events = [Answered(CallId(n, 0, 0), TEXT, "stop", Usage(), "m", "") for n in range(start, start + batch)]
            writer.submit(events, lambda _: left.release())
        for _ in range(0, ROWS, batch):
            left.acquire()
        seconds = time.monotonic() - started
        writer.close()
    return ROWS / seconds


def main() -> None:
    rows = [(f"{batch} a submission", rate(batch)) for batch in (1, 32)]
    table(f"Journal, {ROWS:,} replies of 2 KB, group commit", ("events", "rows a second"), rows)


if __name__ == "__main__":
    main()
