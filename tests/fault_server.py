"""A real loopback server that speaks /v1/models and /v1/chat/completions, and fails on demand.

It is a witness: it imports nothing of selfgen, answers with a pure function of the request body, and counts for each
body how often it was asked and how often it was answered in full. Every chance (fault or not, which, how slow) is a
function of (seed, body, how often this body was asked), so that the order of arrival changes nothing.

    with FaultServer(faults=0.2, kinds=("429", "reset")) as server: ... server.base_url, server.answered
    python -m tests.fault_server --port 8000 --faults 0.2 --latency-ms 50      # outlives its clients; see GET /stats
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import importlib
import json
import math
import signal
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from statistics import NormalDist
from typing import Any, Self

from tests.fault_kinds import FATES, QUIET, Body, chat_answer, echo, enum_instance, error_answer

Reply = Callable[[Body], str]


def digest_of(body: Body) -> str:
    """Name a request body, whatever the order of its keys."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class FaultServer:
    """The server. Runs in a thread of its own (`with`), or in the running loop (`await server.open()`).

    `faults` in [0, 1] is the share of requests that meet a fault of `kinds`. `script` names what happens to the next
    requests in order of arrival ("ok" or a kind) before chance rules again. `latency_s` is the median of a log-normal
    distribution with `sigma`. `slots`: requests beyond so many at once get 503, as from a full vLLM (0: no limit).
    """

    def __init__(
        self,
        *,
        reply: Reply = echo,
        port: int = 0,
        models: tuple[str, ...] = ("tiny",),
        key: str = "",
        seed: int = 0,
        faults: float = 0.0,
        kinds: tuple[str, ...] = QUIET,
        script: Iterable[str] = (),
        latency_s: float = 0.0,
        sigma: float = 0.3,
        slots: int = 0,
        retry_after: str = "1",
        structured: bool = True,
        max_model_len: int | None = 4096,
        hang_s: float = 3600.0,
    ) -> None:
        self.reply, self.models, self.key, self.seed = reply, models, key, seed
        self.faults, self.kinds, self.script = faults, kinds, deque(script)
        self.latency_s, self.sigma, self.slots = latency_s, sigma, slots
        self.retry_after, self.structured, self.max_model_len = retry_after, structured, max_model_len
        self.hang_s = hang_s
        self.port = port
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.bodies: deque[Body] = deque(maxlen=1000)
        self.heads: deque[str] = deque(maxlen=1000)
        self.in_flight = self.most_in_flight = self.connections = 0
        self._open: set[_Connection] = set()
        self._listener: asyncio.Server | None = None
        self.down = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> Body:
        """Return the counts as JSON values; also at GET /stats."""
        return {
            "asked": dict(self.asked), "answered": dict(self.answered), "met": dict(self.met),
            "in_flight": self.in_flight, "most_in_flight": self.most_in_flight, "connections": self.connections,
        }  # fmt: skip

    async def open(self) -> None:
        """Listen; the port stays the same when the server is opened again."""
        loop = self._loop = asyncio.get_running_loop()
        self.down = False
        self._listener = await loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port, backlog=1024)
        self.port = int(self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and break every connection, as a crash does."""
        self.down = True
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in tuple(self._open):
            connection.reset()
        await asyncio.sleep(0)

    def go_down(self) -> None:
        """Refuse connections from now on (thread-safe)."""
        self._call(self.close)

    def come_back(self) -> None:
        """Answer again on the same port (thread-safe)."""
        self._call(self.open)

    def _call(self, step: Callable[[], Any]) -> None:
        assert self._loop
        asyncio.run_coroutine_threadsafe(step(), self._loop).result(5)

    def __enter__(self) -> Self:
        ready = threading.Event()

        async def serve() -> None:
            await self.open()
            self._stop = asyncio.Event()
            ready.set()
            await self._stop.wait()
            await self.close()

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), name="fault-server", daemon=True)
        self._thread.start()
        if not ready.wait(5):
            raise RuntimeError("the fault server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop
        assert self._thread
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    def chance(self, body_digest: str, nth: int, purpose: str) -> float:
        """Return a number in (0, 1) for one purpose of one request."""
        mark = hashlib.sha256(f"{self.seed}/{body_digest}/{nth}/{purpose}".encode()).digest()
        return (int.from_bytes(mark[:8], "big") + 0.5) / 2**64

    def fate(self, body_digest: str, nth: int) -> str:
        """Decide what happens to one request: "ok" or a kind of fault."""
        if self.script:
            return self.script.popleft()
        if not self.faults or self.chance(body_digest, nth, "fault") >= self.faults:
            return "ok"
        return self.kinds[int(self.chance(body_digest, nth, "kind") * len(self.kinds))]

    def delay_s(self, body_digest: str, nth: int) -> float:
        if not self.latency_s:
            return 0.0
        return self.latency_s * math.exp(self.sigma * NormalDist().inv_cdf(self.chance(body_digest, nth, "latency")))

    def answer_text(self, body: Body) -> str:
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})
        instance = enum_instance(schema) if self.structured else None
        return json.dumps(instance) if instance is not None else self.reply(body)


class _Connection(asyncio.Protocol):
    """One keep-alive connection: reads requests, one at a time, and answers them."""

    def __init__(self, server: FaultServer) -> None:
        self.server = server
        self.buffer = b""
        self.timers: list[asyncio.TimerHandle] = []
        self.busy = False
        self.counted = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server._open.add(self)
        self.server.connections += 1
        if self.server.down:  # it was accepted in the moment of the crash
            self.reset()

    def connection_lost(self, error: Exception | None) -> None:
        self.server._open.discard(self)
        for timer in self.timers:
            timer.cancel()
        self.finish()
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.busy:
            self.next_request()

    def next_request(self) -> None:
        head, gap, rest = self.buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        text = head.decode("latin-1")
        line, *lines = text.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self.buffer, raw = rest[length:], rest[:length]
        self.busy = True
        self.server.heads.append(text)
        self.handle(line.split(" ")[1], headers, raw)

    def handle(self, path: str, headers: dict[str, str], raw: bytes) -> None:
        server = self.server
        if server.key and headers.get("authorization") != f"Bearer {server.key}" and path.startswith("/v1"):
            self.send_json(401, error_answer(f"Incorrect API key: {headers.get('authorization', '')}", code="bad_key"))
        elif path == "/v1/models":
            self.send_json(200, {"object": "list", "data": [self.model_row(name) for name in server.models]})
        elif path == "/stats":
            self.send_json(200, server.stats())
        elif path == "/control":
            for name, value in json.loads(raw).items():
                setattr(server, name, deque(value) if name == "script" else value)
            self.send_json(200, {})
        elif path == "/v1/chat/completions":
            self.chat(json.loads(raw))
        else:
            self.send_json(404, error_answer("no such page"))

    def model_row(self, name: str) -> Body:
        limit = self.server.max_model_len
        return {"id": name, "object": "model", **({"max_model_len": limit} if limit else {})}

    def chat(self, body: Body) -> None:
        server = self.server
        mark = digest_of(body)
        server.asked[mark] += 1
        server.bodies.append(body)
        if server.models and body.get("model") not in server.models:
            names = ", ".join(server.models)
            text = f"The model `{body.get('model')}` does not exist. Valid aliases: {names}."
            self.send_json(404, error_answer(text, type="NotFoundError", param="model", code=404))
            return
        full = bool(server.slots) and server.in_flight >= server.slots
        fate = "503" if full else server.fate(mark, server.asked[mark])
        if fate != "ok":
            server.met[fate] += 1
        if full:
            FATES[fate](self, body, mark)
            return
        self.counted = True
        server.in_flight += 1
        server.most_in_flight = max(server.most_in_flight, server.in_flight)
        self.after(server.delay_s(mark, server.asked[mark]), lambda: FATES[fate](self, body, mark))

    def after(self, delay_s: float, step: Callable[[], None]) -> None:
        if delay_s <= 0:
            step()
            return
        loop = asyncio.get_running_loop()
        self.timers = [timer for timer in self.timers if timer.when() > loop.time()]
        self.timers.append(loop.call_later(delay_s, step))

    def finish(self) -> None:
        if self.counted:
            self.server.in_flight -= 1
            self.counted = False
        self.busy = False

    def send_json(self, status: int, value: Any, headers: str = "") -> None:
        self.send(status, json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), headers=headers)

    def send(self, status: int, body: bytes, *, kind: str = "application/json", headers: str = "") -> None:
        head = f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\n"
        self.finish()
        self.write(f"{head}Content-Length: {len(body)}\r\n{headers}\r\n".encode() + body)
        if self.buffer:
            self.next_request()

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def reset(self) -> None:
        """Break the connection with RST, as a crashed server does."""
        if self.transport is None:
            return
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.transport.abort()

    def good(self, body: Body, mark: str, **changes: Any) -> None:
        """Answer in full."""
        if self.transport is None or self.transport.is_closing():
            return
        self.send(200, self.good_text(body, mark, **changes))

    def good_text(self, body: Body, mark: str, **changes: Any) -> bytes:
        """Build a full answer, and count it as given."""
        self.server.answered[mark] += 1
        answer = chat_answer(self.server.answer_text(body), body, **changes)
        return json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def hang(self) -> None:
        self.after(self.server.hang_s, self.reset)

    def retry_after(self) -> str:
        return self.server.retry_after

    def start_stream(self) -> None:
        self.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")

    def chunk(self, data: bytes) -> None:
        self.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--models", default="tiny", help="comma-separated")
    parser.add_argument("--key", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faults", type=float, default=0.0)
    parser.add_argument("--kinds", default=",".join(QUIET))
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--sigma", type=float, default=0.3)
    parser.add_argument("--slots", type=int, default=0)
    parser.add_argument("--reply", default="", help="module:function from the request body to the text")
    return parser.parse_args()


async def _main() -> None:
    given = _arguments()
    reply = echo
    if given.reply:
        module, _, name = given.reply.partition(":")
        reply = getattr(importlib.import_module(module), name)
    server = FaultServer(
        reply=reply, port=given.port, models=tuple(given.models.split(",")), key=given.key, seed=given.seed,
        faults=given.faults, kinds=tuple(given.kinds.split(",")), latency_s=given.latency_ms / 1000,
        sigma=given.sigma, slots=given.slots,
    )  # fmt: skip
    await server.open()
    print(f"listening on {server.base_url}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await server.close()


if __name__ == "__main__":
    asyncio.run(_main())
