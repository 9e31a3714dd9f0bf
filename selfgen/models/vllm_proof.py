"""One token asked of a server: the proof that it is ready, and whether it holds chats or only completes texts.

`/health` says 200 over an engine that hangs, so nothing less than a generation counts. Standard library only: this runs
before the wire client is needed, in any thread, and never through a proxy.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any, Literal

from selfgen.errors import BadConfig
from selfgen.models.faults import clean_text, read_error
from selfgen.models.vllm_command import Launch

Proof = Literal["chat", "completions"]
Prove = Callable[[Launch, float], Proof | None]
"""Asks for one token, within so many seconds. None: not ready yet. Raises BadConfig where it never will be."""

LONGEST_REPLY = 1 << 20
_WORD = "Hello"


def prove(launch: Launch, timeout_s: float) -> Proof | None:
    """Ask for one token as a chat; where the tokenizer has no chat template, as a text to go on with."""
    chat = {"messages": [{"role": "user", "content": _WORD}]}
    status, data = _post(launch, "/v1/chat/completions", chat, timeout_s)
    if status == 200:
        return "chat" if _has_choice(data) else None
    if status == 400 and "chat template" in read_error(data).message:
        status, data = _post(launch, "/v1/completions", {"prompt": _WORD}, timeout_s)
        if status == 200:
            return "completions" if _has_choice(data) else None
    if status in (401, 403):
        todo = "Its key is taken from --api-key in --vllm-args or from VLLM_API_KEY: they differ."
        raise BadConfig(f"vLLM refuses the key that it was started with: {_said(launch, data)}", todo=todo)
    if 400 <= status < 500 and status not in (408, 429):
        todo = "Take a model that generates text; models for embedding, ranking or speech do not."
        raise BadConfig(f"{launch.name} does not answer a short call: {_said(launch, data)}", todo=todo)
    return None


def _post(launch: Launch, path: str, body: dict[str, Any], timeout_s: float) -> tuple[int, bytes]:
    """Return status and body, (0, b"") where there is no reply."""
    whole = json.dumps({"model": launch.name, "max_tokens": 1, "temperature": 0, **body})
    headers = {"Content-Type": "application/json"}
    if launch.key:
        headers["Authorization"] = f"Bearer {launch.key}"
    connection = http.client.HTTPConnection(launch.host, launch.port, timeout=timeout_s)
    try:
        connection.request("POST", path, whole, headers)
        reply = connection.getresponse()
        return reply.status, reply.read(LONGEST_REPLY)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def _has_choice(data: bytes) -> bool:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and bool(value.get("choices"))


def _said(launch: Launch, data: bytes) -> str:
    return clean_text(read_error(data).message, launch.key) or "nothing"
