"""A real loopback server that speaks POST /v1/embeddings, answers by script, and remembers what it was asked."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], Any]


def rows(texts: list[str]) -> list[dict[str, Any]]:
    return [{"index": n, "embedding": [float(len(text)), 1.0, 0.5]} for n, text in enumerate(texts)]


class EmbeddingServer(ThreadingHTTPServer):
    """Answers with vectors, or with what `script` says comes first, or with what `answer` says, after `delay_s`.
    Remembers what it was asked; `taken` holds what it answered with vectors."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: deque[Answer] = deque()
        self.asked: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []
        self.delay_s: Callable[[dict[str, Any]], float] = lambda body: 0.0
        self.heads: list[dict[str, str]] = []
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def answer(self, body: dict[str, Any]) -> Answer | None:
        """Return what to say instead of vectors, None where these are due."""
        return self.script.popleft() if self.script else None

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that have left."""


class Handler(BaseHTTPRequestHandler):
    server: EmbeddingServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.heads.append(dict(self.headers) | {"path": self.path})
        time.sleep(self.server.delay_s(body))
        said = self.server.answer(body)
        if said is None:
            self.server.taken.append(body)
        status, headers, answer = said or (200, {}, {"data": rows(body["input"])})
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(OSError):  # who asked may have left
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass
