"""A loopback model server for benches: `slots` calls are served at once, each for a drawn time; the rest wait in line.

Counts how long its slots were busy, as a GPU's batch is. Replies are made of Zipfian words by the digest of the
request, so that every proposal is new: a proposal has six tasks, an answer about 2 KB of text.

    python -m tests.bench.slot_server --port 8123 --slots 256 --mean-ms 500 --sigma 0.6
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import math
import random
from collections import deque

VOCABULARY = [
    f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "ou") for c in ("n", "r", "st", "ck", "ll")
]
WEIGHTS = [1 / (rank + 3) for rank in range(len(VOCABULARY))]


def words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(VOCABULARY, WEIGHTS, k=count))


def reply_text(body: bytes) -> str:
    """Return the reply to a request: tasks where a schema is asked for, else an answer."""
    chance = random.Random(hashlib.blake2b(body, digest_size=8).digest())
    if b'"response_format"' not in body:
        return words(chance, 420) + "."
    if b'"word"' in body[-400:] or b"hello" in body:
        schema = json.loads(body)["response_format"]["json_schema"]["schema"]["properties"]
        return json.dumps({name: form.get("enum", [""])[0] for name, form in schema.items()})
    tasks = [{"instruction": f"Describe {words(chance, 11)}.", "kind": "open", "needs_input": False} for _ in range(6)]
    return json.dumps({"tasks": tasks})


class SlotServer:
    """Counts what its slots do. Busy time is summed up to now; a client asks twice and takes the difference."""

    def __init__(self, slots: int, mean_s: float, sigma: float) -> None:
        self.slots, self.mean_s, self.sigma = slots, mean_s, sigma
        self.chance = random.Random(7)
        self.busy = 0
        self.busy_s = 0.0
        self.since = 0.0
        self.served = 0
        self.line: deque[tuple[Connection, bytes]] = deque()

    def count(self, change: int) -> None:
        now = asyncio.get_running_loop().time()
        self.busy_s += self.busy * (now - self.since)
        self.since = now
        self.busy += change

    def take(self, connection: Connection, body: bytes) -> None:
        if self.busy >= self.slots:
            self.line.append((connection, body))
            return
        self.count(1)
        drawn = self.mean_s * math.exp(self.chance.gauss(0, self.sigma) - self.sigma**2 / 2) if self.mean_s else 0.0
        asyncio.get_running_loop().call_later(drawn, self.finish, connection, body)

    def finish(self, connection: Connection, body: bytes) -> None:
        self.count(-1)
        self.served += 1
        connection.answer(reply_text(body), len(body))
        if self.line:
            self.take(*self.line.popleft())

    def stats(self) -> dict[str, float]:
        self.count(0)
        return {"busy_s": self.busy_s, "now": self.since, "served": self.served, "waiting": len(self.line)}


class Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection; requests are short and arrive whole, one at a time."""

    def __init__(self, server: SlotServer) -> None:
        self.server = server
        self.data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not found:
            return
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(body) < length:
            return
        self.data = body[length:]
        if head.startswith(b"POST"):
            self.server.take(self, body[:length])
        elif b"/stats" in head.split(b"\r\n", 1)[0]:
            self.send(json.dumps(self.server.stats()).encode())
        else:
            self.send(json.dumps({"object": "list", "data": [{"id": "bench", "object": "model"}]}).encode())

    def answer(self, text: str, size: int) -> None:
        message = {"role": "assistant", "content": text}
        value = {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "bench",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": size // 4, "completion_tokens": len(text) // 4, "total_tokens": 0},
        }
        self.send(json.dumps(value).encode())

    def send(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)  # type: ignore[attr-defined]


async def serve(port: int, slots: int, mean_s: float, sigma: float) -> None:
    server = SlotServer(slots, mean_s, sigma)
    listener = await asyncio.get_running_loop().create_server(
        lambda: Connection(server), "127.0.0.1", port, backlog=4096
    )
    print(listener.sockets[0].getsockname()[1], flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--slots", type=int, default=256)
    parser.add_argument("--mean-ms", type=float, default=500)
    parser.add_argument("--sigma", type=float, default=0.6)
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.slots, given.mean_ms / 1000, given.sigma))
