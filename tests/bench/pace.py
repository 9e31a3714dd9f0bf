"""How well the limits find what a server takes: simulated servers on a virtual clock, so it takes no real time.

Share of the tokens a second of the best fixed limit, from the fourth minute on; seconds until nine tenths of that are
reached; calls that were refused; and the limit at the end. The best fixed limit is found by trying.
"""

from __future__ import annotations

import dataclasses

from selfgen.models.buckets import Buckets
from selfgen.models.climb import Climb
from selfgen.models.queue_watch import QueueWatch
from selfgen.models.throttle import Limit, Throttle
from tests.bench.common import table
from tests.models.virtual_server import Server, Traits, World

MOST = 1024
SECONDS = 600
SETTLED_S = 180
SEEDS = (1, 2, 3)
TAILS = {"mild": 0.6, "heavy": 1.2}
FIXED = (8, 32, 64, 96, 128, 192, 256, 512, 1024)

SERVERS = {
    "256 seats": Traits(),
    "64 seats": Traits(seats=64, step_each_s=0.00002),
    "1024 seats": Traits(seats=1024, step_s=0.03, step_each_s=0.00001, prefill_s=0.0005),
    "flat from 64 on": Traits(step_s=0.004, step_each_s=0.002),
    "slow reader": Traits(step_s=0.1, step_each_s=0.002, prefill_s=0.1),
    "worse beyond 128": Traits(thrash_from=128, thrash=0.01),
    "small cache": Traits(seats=512, step_each_s=0.00005, cache=60_000),
    "line of 64": Traits(line=64),
}
API = Traits(a_minute=600)


def best_fixed(traits: Traits) -> tuple[int, float]:
    """Return the best fixed limit and its tokens a second; of several as good, the smallest."""
    speeds = {}
    for limit in FIXED:
        world = World(Throttle(start=limit, most=limit, fixed=True), Server(traits))
        speeds[limit] = world.run(SECONDS // 2).speed(SECONDS // 4, SECONDS // 2)
    best = max(speeds.values())
    return next((limit, speed) for limit, speed in speeds.items() if speed >= 0.995 * best)


def row(name: str, limit_of: type[Throttle], server: str, tail: str, best: tuple[int, float]) -> tuple[object, ...]:
    """Run one limit before one server, with some seeds; the worst of them is shown."""
    traits = dataclasses.replace(SERVERS[server], sigma=TAILS[tail])
    shares, waits, refused, limits = [], [], [], []
    for seed in SEEDS:
        limit: Limit = limit_of(start=16 if name != "queue" else 64, most=MOST)
        trace = World(limit, Server(traits, seed), polls=name == "queue").run(SECONDS)
        shares.append(trace.speed(SETTLED_S, SECONDS) / best[1])
        waits.append(trace.seconds_to(0.9 * best[1]))
        refused.append(trace.refused)
        limits.append(limit.limit)
    return (name, server, tail, min(shares), max(waits), max(refused), sorted(limits)[1], best[0])


def compare_limits() -> None:
    rows = []
    for server, traits in SERVERS.items():
        for tail, sigma in TAILS.items():
            best = best_fixed(dataclasses.replace(traits, sigma=sigma))
            for name, limit_of in (("queue", QueueWatch), ("climb", Climb), ("throttle", Throttle)):
                rows.append(row(name, limit_of, server, tail, best))
    title = f"Limits that find themselves before simulated servers, {SECONDS} s, the worst of {len(SEEDS)} seeds"
    head = ("limit", "server", "tail", "share of the best", "s to 90 %", "refused", "limit at the end", "best fixed")
    table(title, head, rows)


def compare_pacing() -> None:
    """An API of 600 calls a minute: with and without buckets, and with a wait that it asks for."""
    rows = []
    for name, limit_of in (("throttle", Throttle), ("climb", Climb)):
        for buckets, retry_after_s in ((False, None), (False, 5.0), (True, None)):
            pace = Buckets(rpm=600) if buckets else None
            world = World(limit_of(most=256), Server(API), polls=False, buckets=pace, retry_after_s=retry_after_s)
            trace = world.run(SECONDS)
            asked = "-" if retry_after_s is None else f"{retry_after_s:g} s"
            rows.append((name, buckets, asked, trace.answered / SECONDS * 60, trace.refused))
    head = ("limit", "buckets", "retry-after", "answers a minute", "refused")
    table("An API that refuses beyond 600 calls a minute", head, rows)


def main() -> None:
    compare_limits()
    print()
    compare_pacing()


if __name__ == "__main__":
    main()
