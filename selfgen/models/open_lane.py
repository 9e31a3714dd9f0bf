"""A lane to one real server: the wire client, the limit that suits the server, and its buckets, put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from selfgen.models.buckets import Buckets
from selfgen.models.chat import Chat
from selfgen.models.climb import Climb
from selfgen.models.lane import Lane, Look, Send
from selfgen.models.queue_watch import QueueWatch
from selfgen.models.throttle import Limit, Throttle
from selfgen.models.wire import Structured

PAID_START = 16
Manner = Literal["queue", "account", "unknown"]
"""What a server tells of itself: its queue (vLLM's metrics), an account's limits (a hosted API), or nothing."""


@dataclass(frozen=True, slots=True)
class Server:
    """All that is said of one server of a model. `pinned`: so many calls at once, None: find it out, up to `most`.
    `known`: who was found there before the run. Times are in seconds, `rpm` and `tpm` a minute."""

    name: str
    base_url: str
    model: str
    key: str = ""
    manner: Manner = "unknown"
    pinned: int | None = None
    most: int = 1024
    weight: float = 1.0
    rpm: int | None = None
    tpm: int | None = None
    known: Look | None = None
    completions: bool = False
    structured: Structured = "off"
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    max_tokens_field: str = "max_tokens"
    send_seed: bool = True
    idle_s: float = 300.0
    total_s: float = 600.0
    allow_insecure: bool = False


def make_limit(server: Server) -> Limit:
    """Return the limit of a server: pinned, or one that finds itself in the way that suits the server."""
    if server.pinned is not None:
        return Throttle(start=server.pinned, most=max(server.pinned, server.most), fixed=True)
    if server.manner == "queue":
        return QueueWatch(most=server.most)
    made = Throttle if server.manner == "account" else Climb
    return made(start=min(PAID_START, server.most), most=server.most)


def open_lane(server: Server, guard: Callable[[Send], Send] = lambda send: send) -> Lane:
    """Make the lane to a server; `guard` stands before each attempt. Raises BadConfig for an address, a key or a body
    that must not be sent."""
    buckets = Buckets(server.rpm, server.tpm)

    def hear(headers: Mapping[str, str]) -> None:
        buckets.hear(headers, time.monotonic(), time.time())

    chat = Chat(
        base_url=server.base_url,
        model=server.model,
        key=server.key,
        structured=server.structured,
        extra_body=server.extra_body,
        max_tokens_field=server.max_tokens_field,
        send_seed=server.send_seed,
        connections=max(server.pinned or 0, server.most),  # a limit that is pinned now may be raised later
        idle_s=server.idle_s,
        total_s=server.total_s,
        allow_insecure=server.allow_insecure,
        completions=server.completions,
        on_headers=hear if server.manner != "queue" else None,
    )
    return Lane(
        name=server.name,
        send=guard(chat.send),
        limit=make_limit(server),
        weight=server.weight,
        buckets=buckets if server.manner != "queue" or server.rpm or server.tpm else None,
        look=chat.look,
        metrics=chat.metrics if server.manner == "queue" else None,
        close=chat.aclose,
        known=server.known,
    )
