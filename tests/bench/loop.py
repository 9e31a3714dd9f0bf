"""Driver CPU per call and highest calls per second, beside bare clients that neither journal nor filter."""

from __future__ import annotations

import asyncio
import json
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.bench.common import (
    count_events,
    middle,
    selfgen,
    slot_server,
    start_selfgen,
    table,
    wait,
    watch,
    write_seeds,
)

CALLS = 4_000
IN_FLIGHT = 256
POOL = 10_000
TARGET = 3_400
PROMPT = "Describe something in a few words. " * 80


def body(number: int) -> dict[str, Any]:
    message = {"role": "user", "content": f"{number} {PROMPT}"}
    return {"model": "bench", "messages": [message], "temperature": 1.0, "max_tokens": 512, "seed": number}


async def hammer(send: Callable[[int], Awaitable[None]]) -> tuple[float, float]:
    """Send CALLS calls, IN_FLIGHT at a time; return CPU milliseconds a call and calls a second."""
    numbers = iter(range(CALLS))

    async def worker() -> None:
        for number in numbers:
            await send(number)

    before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    after, wall = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - started
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * cpu / CALLS, CALLS / wall


async def bare_aiohttp(base_url: str) -> tuple[float, float]:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(number: int) -> None:
            async with session.post(f"{base_url}/chat/completions", json=body(number)) as reply:
                assert json.loads(await reply.read())["choices"][0]["message"]["content"]

        return await hammer(send)


async def openai_package(base_url: str, *, over_aiohttp: bool) -> tuple[float, float]:
    import openai

    http = openai.DefaultAioHttpClient() if over_aiohttp else openai.DefaultAsyncHttpxClient()
    async with openai.AsyncOpenAI(base_url=base_url, api_key="x", max_retries=0, http_client=http) as client:

        async def send(number: int) -> None:
            reply = await client.chat.completions.create(**body(number))
            assert reply.choices[0].message.content

        return await hammer(send)


def run_selfgen(base_url: str, folder: Path) -> tuple[float, float, str]:
    """Run selfgen for nothing, then for real; return CPU milliseconds a call, start-up taken off, and the sustained
    rate: calls a second between the first and the last fifth of the calls, as the server counts them."""
    seeds = folder / "seeds.jsonl"
    write_seeds(seeds, POOL)
    arguments = ["run", "--seeds", seeds, "--base-url", base_url, "--concurrency", IN_FLIGHT]
    idle = selfgen(*arguments, "--out", folder / "idle", "--target", 1)
    idle_calls = count_events(folder / "idle")["answered"]
    started = time.monotonic()
    process = start_selfgen(*arguments, "--out", folder / "run", "--target", TARGET)
    samples = watch(process, base_url)
    done = wait(process, started)
    calls = count_events(folder / "run")["answered"]
    first, last = middle(samples)
    rate = (last["served"] - first["served"]) / (last["now"] - first["now"])
    note = f"{calls} calls, pool of {POOL:,} seeds, start-up of {idle.cpu_s:.1f} s CPU taken off"
    return 1000 * (done.cpu_s - idle.cpu_s) / (calls - idle_calls), rate, note


def main() -> None:
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as folder, slot_server(IN_FLIGHT, 0, 0) as base_url:
        cpu, rate = asyncio.run(bare_aiohttp(base_url))
        rows.append(("bare aiohttp, no journal, no filters", cpu, rate, ""))
        for over_aiohttp, name in ((True, "openai package over aiohttp"), (False, "openai package, default transport")):
            cpu, rate = asyncio.run(openai_package(base_url, over_aiohttp=over_aiohttp))
            rows.append((f"{name}, no journal, no filters", cpu, rate, ""))
        cpu, rate, note = run_selfgen(base_url, Path(folder))
        rows.append(("selfgen: journal, replies read, all default filters", cpu, rate, note))
    title = f"Driver at {IN_FLIGHT} calls in flight, a server without latency"
    table(title, ("client", "CPU ms a call", "sustained calls a second", "note"), rows)


if __name__ == "__main__":
    main()
