"""A loopback server that takes messages: it answers as it is told, and keeps what it heard."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "T0KEN-8f3a"


@dataclass
class Ear:
    """`answers` are statuses for the next requests, 200 when there are none; `url` holds SECRET."""

    answers: list[int] = field(default_factory=list)
    reply: bytes = b"ok"
    location: str = ""
    delay_s: float = 0.0
    heard: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    url: str = ""


@contextmanager
def listening() -> Iterator[Ear]:
    """Listen on a free port."""
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ear.heard.append((self.path, body, dict(self.headers)))
            time.sleep(ear.delay_s)
            self.send_response(ear.answers.pop(0) if ear.answers else 200)
            if ear.location:
                self.send_header("Location", ear.location)
            self.end_headers()
            self.wfile.write(ear.reply)

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None: ...

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Whoever asked has left."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    ear.url = f"http://127.0.0.1:{server.server_port}/hook/{SECRET}?key={SECRET}"
    yield ear
    server.shutdown()
    server.server_close()
    thread.join()
