"""A real loopback server that speaks POST /v1/embeddings, answers by script, and remembers what it was asked."""

from __future__ import annotations

import json
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], Any]


def rows(texts: list[str]) -> list[dict[str, Any]]:
    return [{"index": n, "embedding": [float(len(text)), 1.0, 0.5]} for n, text in enumerate(texts)]


class EmbeddingServer(ThreadingHTTPServer):
    """Answers with vectors, or with what `script` says comes first; remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: deque[Answer] = deque()
        self.asked: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: EmbeddingServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.heads.append(dict(self.headers) | {"path": self.path})
        status, headers, answer = self.server.script.popleft() if self.server.script else (200, {}, None)
        answer = {"data": rows(body["input"])} if answer is None else answer
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass
