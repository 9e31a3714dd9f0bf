"""A real loopback server whose every answer a test writes itself: for the quirks of servers that the fault server does
not have. It imports nothing of selfgen, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Body = dict[str, Any]
Answer = tuple[int, Any]
Page = Callable[[Body], Answer]


def said(text: str | None, *, prompt_tokens: int = 9, usage: Any = None, **more: Any) -> Answer:
    """A good chat answer. `more` goes into the answer, or into its message for fields of one."""
    message: Body = {"role": "assistant", "content": text}
    counted: Body = {"prompt_tokens": prompt_tokens, "completion_tokens": 2} if usage is None else usage
    choice: Body = {"index": 0, "message": message, "finish_reason": more.pop("finish_reason", "stop")}
    for name in ("reasoning", "reasoning_content"):
        if name in more:
            message[name] = more.pop(name)
    return 200, {"model": "tiny", "choices": [choice], "usage": counted, **more}


def written(text: str, **more: Any) -> Answer:
    """A good answer of /v1/completions."""
    usage = {"prompt_tokens": 9, "completion_tokens": 2}
    return 200, {"model": "tiny", "choices": [{"text": text, "finish_reason": "stop"}], "usage": usage, **more}


def refused(status: int, message: str, **fields: Any) -> Answer:
    return status, {"error": {"message": message, "type": "invalid_request_error", **fields}}


def obey(body: Body) -> str | None:
    """Return what the schema of a call demands, None where there is none."""
    schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})
    names = schema.get("required", [])
    return json.dumps({name: schema["properties"][name]["enum"][0] for name in names}) if names else None


def good_chat(body: Body) -> Answer:
    """Keep to the schema; else say a word that depends on the seed, as often as asked. Counts words as tokens."""
    words = sum(len(message["content"].split()) for message in body["messages"])
    status, answer = said(obey(body) or f"word {body.get('seed')}", prompt_tokens=words)
    first = answer["choices"][0]
    answer["choices"] = [{**first, "index": number} for number in range(body.get("n", 1))]
    return status, answer


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: Body


class QuirkServer:
    """Answers POST /v1/chat/completions with `chat`, POST /v1/completions with `plain`, GET with `pages` by path: a
    status and JSON, or a status and a text. `models` are rows of GET /v1/models, None: there is no list. A `key` is
    wanted for all below /v1. `headers` go with every answer."""

    def __init__(
        self,
        chat: Page | None = good_chat,
        *,
        plain: Page | None = None,
        models: list[Body] | None = None,
        pages: Mapping[str, Answer] | None = None,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        listed: bool = True,
    ) -> None:
        self.key, self.headers = key, dict(headers or {})
        rows = [{"id": "tiny"}] if models is None else models
        self.pages = {**({"/v1/models": (200, {"data": rows})} if listed else {}), **(pages or {})}
        self.posts = {"/v1/chat/completions": chat, "/v1/completions": plain}
        self.asked: list[Request] = []

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    @property
    def bodies(self) -> list[Body]:
        return [each.body for each in self.asked if each.body]

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self, {})

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                outer.answer(self, json.loads(self.rfile.read(length)))

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, handler: BaseHTTPRequestHandler, body: Body) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.asked.append(Request(handler.path, headers, body))
        page = self.posts.get(handler.path) if body else None
        if self.key and handler.path.startswith("/v1") and headers.get("authorization") != f"Bearer {self.key}":
            status, value = refused(401, "Incorrect API key")
        elif page is not None:
            status, value = page(body)
        else:
            status, value = self.pages.get(handler.path, (404, {"detail": "Not Found"}))
        data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        handler.send_response(status)
        kind = "text/plain" if isinstance(value, str) else "application/json"
        for name, text in {"Content-Type": kind, "Content-Length": str(len(data)), **self.headers}.items():
            handler.send_header(name, text)
        handler.end_headers()
        handler.wfile.write(data)
