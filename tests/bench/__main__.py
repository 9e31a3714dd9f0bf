"""`python -m tests.bench [NAME ...]`: one table a bench, all measured in one run on one machine. Ratios count.

loop      driver CPU per call and calls per second, with journal and all default filters on a 10k pool,
          beside bare clients on the same server in the same run
slots     share of the server's slots kept busy in the middle of a run
journal   rows per second
resume    seconds to open a run of many records again
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.bench import journal, loop, resume, slots

BENCHES: dict[str, Callable[[], None]] = {
    "loop": loop.main,
    "slots": slots.main,
    "journal": journal.main,
    "resume": resume.main,
}


def main() -> None:
    wanted = sys.argv[1:] or list(BENCHES)
    if unknown := [name for name in wanted if name not in BENCHES]:
        sys.exit(f"no bench {unknown[0]!r}; there are: {', '.join(BENCHES)}")
    for name in wanted:
        BENCHES[name]()
        print()


if __name__ == "__main__":
    main()
