"""What the fault server can do to a request: one function for each kind of fate, by name in FATES.

Knows the shapes of good and bad answers. Knows nothing of counting, chance and sockets (see fault_server.py).
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

Body = dict[str, Any]

QUIET = ("429", "429_after", "500", "503", "reset", "cut", "html", "blank")
"""Faults that need no deadline to be noticed; "hang" is not among them."""


class Link(Protocol):
    """What a fate needs of a connection. `good` answers in full and counts it."""

    transport: asyncio.Transport | None

    def good(self, body: Body, mark: str, **changes: Any) -> None: ...
    def good_text(self, body: Body, mark: str) -> bytes: ...
    def send(self, status: int, body: bytes, *, kind: str = ..., headers: str = "") -> None: ...
    def send_json(self, status: int, value: Any, headers: str = "") -> None: ...
    def start_stream(self) -> None: ...
    def chunk(self, data: bytes) -> None: ...
    def write(self, data: bytes) -> None: ...
    def after(self, delay_s: float, step: Callable[[], None]) -> None: ...
    def finish(self) -> None: ...
    def reset(self) -> None: ...
    def hang(self) -> None: ...
    def retry_after(self) -> str: ...


def echo(body: Body) -> str:
    """Answer with a short text that depends on the messages alone."""
    messages = json.dumps(body.get("messages"), ensure_ascii=False, sort_keys=True)
    return "echo " + hashlib.sha256(messages.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def chat_answer(text: str | None, body: Body, **changes: Any) -> Body:
    """Build the JSON of a chat completion; `changes` replaces its fields, or those of its choice and message."""
    message: Body = {"role": "assistant", "content": text}
    choice: Body = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    words = len((text or "").split())
    usage: Body = {"prompt_tokens": 11, "completion_tokens": words, "total_tokens": 11 + words}
    answer: Body = {"id": "c1", "object": "chat.completion", "created": 1, "model": body.get("model"), "usage": usage}
    answer["choices"] = [choice]
    for name, value in changes.items():
        place = choice if name == "finish_reason" else message if name in ("refusal", "reasoning") else answer
        place[name] = value
    return answer


def error_answer(message: str, **fields: Any) -> Body:
    return {"error": {"message": message, "type": "error", "param": None, "code": None, **fields}}


def enum_instance(schema: Body) -> Body | None:
    """Return the one object that a schema of enum properties allows, or None for any other schema."""
    properties = schema.get("properties", {})
    if not properties or not all("enum" in each for each in properties.values()):
        return None
    return {name: each["enum"][0] for name, each in properties.items()}


Fate = Callable[[Link, Body, str], None]


def _status(status: int, message: str = "something is wrong", headers: str = "", **fields: Any) -> Fate:
    return lambda connection, body, mark: connection.send_json(status, error_answer(message, **fields), headers)


def _answer(**changes: Any) -> Fate:
    return lambda connection, body, mark: connection.good(body, mark, **changes)


def _raw(body: bytes, status: int = 200, kind: str = "application/json", headers: str = "") -> Fate:
    return lambda connection, _, mark: connection.send(status, body, kind=kind, headers=headers)


def _retry_after(connection: Link, body: Body, mark: str) -> None:
    headers = f"Retry-After: {connection.retry_after()}\r\n"
    connection.send_json(429, error_answer("slow down", code="rate_limit_exceeded"), headers)


def _reset(connection: Link, body: Body, mark: str) -> None:
    connection.reset()


def _cut(connection: Link, body: Body, mark: str) -> None:
    """Promise more bytes than are sent, then close."""
    connection.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n" + b'{"id": "c'
    )
    if connection.transport is not None:
        connection.transport.close()


def _garbage(connection: Link, body: Body, mark: str) -> None:
    """Speak another protocol."""
    connection.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
    if connection.transport is not None:
        connection.transport.close()


def _hang(connection: Link, body: Body, mark: str) -> None:
    connection.hang()


def _blank(connection: Link, body: Body, mark: str) -> None:
    """Send blank lines as keep-alive, then the whole answer."""
    connection.start_stream()
    connection.chunk(b"\n\n")
    connection.after(0.02, lambda: _blank_end(connection, body, mark))


def _blank_end(connection: Link, body: Body, mark: str) -> None:
    if connection.transport is None:
        return
    connection.chunk(b"\n" + connection.good_text(body, mark))
    connection.finish()
    connection.write(b"0\r\n\r\n")


def _trickle(connection: Link, body: Body, mark: str) -> None:
    """Send a blank line every 50 ms and never an answer: an idle deadline alone does not notice."""
    connection.start_stream()
    _drip(connection)


def _drip(connection: Link) -> None:
    if connection.transport is not None:
        connection.chunk(b"\n")
        connection.after(0.05, lambda: _drip(connection))


def _huge(connection: Link, body: Body, mark: str) -> None:
    """Send without end."""
    connection.start_stream()
    connection.chunk(b'{"id": "')
    _pour(connection)


def _pour(connection: Link) -> None:
    if connection.transport is not None and not connection.transport.is_closing():
        connection.chunk(b"x" * 262_144)
        connection.after(0.001, lambda: _pour(connection))


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    """A small gzip body that grows to 32 MiB."""
    return gzip.compress(b'{"a": "' + b"x" * (32 << 20), compresslevel=1)


def _gzip_bomb(connection: Link, body: Body, mark: str) -> None:
    connection.send(200, _bomb(), headers="Content-Encoding: gzip\r\n")


def _gzip_error_bomb(connection: Link, body: Body, mark: str) -> None:
    connection.send(500, _bomb(), headers="Content-Encoding: gzip\r\n")


def _gzip(connection: Link, body: Body, mark: str) -> None:
    connection.send(200, gzip.compress(connection.good_text(body, mark)), headers="Content-Encoding: gzip\r\n")


def _bye(connection: Link, body: Body, mark: str) -> None:
    """Answer in full, then close the connection without a word about it."""
    connection.good(body, mark)
    if connection.transport is not None:
        connection.transport.close()


PAGE = b"<!DOCTYPE html><html><body>Please log in to the hotel network.</body></html>"
CONTEXT = "This model's maximum context length is 4096 tokens. However, your prompt contains 9000 tokens."
PARTS = [{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}]
EVIL = "\x1b[2J evil \x00 text " + "x" * 5000

FATES: dict[str, Fate] = {
    "ok": _answer(),
    "429": _status(429, "slow down", code="rate_limit_exceeded"),
    "429_after": _retry_after,
    "503": _status(503, "The engine is currently busy.", type="Service Unavailable", code=503),
    "529": _status(529, "overloaded", type="overloaded_error"),
    "quota": _status(429, "You exceeded your current quota.", type="insufficient_quota", code="insufficient_quota"),
    "402": _status(402, "Insufficient Balance"),
    "401": _status(401, "bad key"),
    "403": _status(403, "no access"),
    "404": _status(404, "The model `tiny` does not exist. Valid aliases: a, b.", param="model", code=404),
    "400": _status(400, "temperature must be below 2", param="temperature", code=400),
    "422": _status(422, "bad field"),
    "413": _raw(PAGE, 413, "text/html"),
    "context": _status(400, CONTEXT, code="context_length_exceeded", param="messages"),
    "context_vllm": _status(400, CONTEXT, type="BadRequestError", param="input_tokens", code=400),
    "evil_text": _status(400, EVIL),
    "408": _status(408),
    "409": _status(409),
    "500": _status(500, "EngineCore encountered an issue."),
    "502": _raw(PAGE, 502, "text/html"),
    "504": _raw(PAGE, 504, "text/html"),
    "redirect": _raw(b"", 302, headers="Location: http://127.0.0.1:9/v1/chat/completions\r\n"),
    "html": _raw(PAGE, kind="text/html; charset=utf-8"),
    "html_as_json": _raw(PAGE),
    "no_json": _raw(b'{"choices": ['),
    "deep_json": _raw(b"[" * 200_000),
    "list": _raw(b"[]"),
    "no_choices": _answer(choices=[]),
    "error_200": _raw(json.dumps(error_answer("upstream failed", code=502)).encode()),
    "abort": _answer(finish_reason="abort"),
    "finish_error": _answer(finish_reason="error"),
    "length": _answer(finish_reason="length"),
    "repetition": _answer(finish_reason="repetition"),
    "null_usage": _answer(usage=None),
    "cached": _answer(
        usage={"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 8}}
    ),
    "reasoning": _answer(reasoning="I think."),
    "filtered": lambda connection, body, mark: connection.send_json(
        200, chat_answer("", body, finish_reason="content_filter")
    ),
    "refusal": lambda connection, body, mark: connection.send_json(200, chat_answer(None, body, refusal="I will not.")),
    "null": lambda connection, body, mark: connection.send_json(200, chat_answer(None, body)),
    "parts": lambda connection, body, mark: connection.send_json(
        200, {**chat_answer("", body), "choices": [{"message": {"content": PARTS}, "finish_reason": "stop"}]}
    ),
    "reset": _reset,
    "cut": _cut,
    "garbage": _garbage,
    "hang": _hang,
    "blank": _blank,
    "trickle": _trickle,
    "huge": _huge,
    "bomb": _gzip_bomb,
    "error_bomb": _gzip_error_bomb,
    "gzip": _gzip,
    "bad_gzip": _raw(b"this is not gzip", headers="Content-Encoding: gzip\r\n"),
    "cut_gzip": _raw(gzip.compress(b'{"a": "' + bytes(range(256)) * 9)[:60], headers="Content-Encoding: gzip\r\n"),
    "bye": _bye,
}
