"""`python -m tests.bench [NAME ...]`: one table a bench, all measured in one run on one machine. Ratios count.

loop      driver CPU per call and calls per second, with journal and all default filters on a 10k pool,
          beside bare clients on the same server in the same run
slots     share of the server's slots kept busy in the middle of a run
pace      how near the controllers of concurrency come to the best fixed one (simulated), and what they waste
night     what a night of faults costs, on a virtual clock
serve     output tokens a second beside `vllm bench serve` on a real server (needs vLLM, see serve.py)
pool      the same with a pool of 100,000 tasks
journal   rows per second
resume    seconds to open a run of many records again
semantic  texts encoded a second; milliseconds, recall and memory of searches for the nearest vector
novelty   milliseconds to the nearest neighbour of a draft, greedy scans, memory; beside rapidfuzz and MinHash
rules     rates and precision of the rules on real rows; needs a file, so it runs only by name (see rules.py)
effect    what the semantic filter adds on real rows; needs a file and a model (see effect.py)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from tests.bench import effect, journal, loop, night, novelty, pace, resume, rules, semantic, serve, slots

BENCHES: dict[str, Callable[[], None]] = {
    "loop": loop.main,
    "slots": slots.main,
    "pace": pace.main,
    "night": night.main,
    "serve": serve.main,
    "pool": slots.compare_pools,
    "novelty": novelty.main,
    "journal": journal.main,
    "resume": resume.main,
    "semantic": semantic.main,
}

ON_DATA: dict[str, Callable[[Sequence[str]], None]] = {"rules": rules.main, "effect": effect.main}


def main() -> None:
    if sys.argv[1:2] and sys.argv[1] in ON_DATA:
        ON_DATA[sys.argv[1]](sys.argv[2:])
        return
    wanted = sys.argv[1:] or list(BENCHES)
    if unknown := [name for name in wanted if name not in BENCHES]:
        sys.exit(f"no bench {unknown[0]!r}; there are: {', '.join([*BENCHES, *ON_DATA])}")
    for name in wanted:
        BENCHES[name]()
        print()


if __name__ == "__main__":
    main()
