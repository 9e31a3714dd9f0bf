"""Posting messages from threads of their own, so that nobody who tells waits for anybody who listens.

One POST a message: no redirects, https only unless it stays on this machine, two more attempts where that may help.
The address is a secret: it leaves this file in the request and nowhere else; people see the host.

urllib of the standard library does it: a few messages a night need no pool and no loop, and the clients of models/
carry rules of their own. A proxy of the environment is used, but not for this machine.
"""

from __future__ import annotations

import http.client
import queue
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message as Headers
from types import TracebackType
from typing import IO, Any
from urllib.parse import urlsplit

from selfgen.webhooks.bodies import Kind, Message, build_body, find_kind, find_refusal

TIMEOUT_S = 10.0
WHOLE_S = 20.0
"""How long one attempt may take in all: the other does not end when single bytes of a reply keep coming."""
PAUSES_S = (1.0, 3.0)
"""Before each further attempt."""
FAREWELL_S = 15.0
"""How long the end of a run waits for its last message."""
MOST_REPLY = 4096

_HERE = ("localhost", "127.0.0.1", "::1")
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class BadAddress(ValueError):
    """An address to which nothing is posted; says why, and holds none of it."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One place where messages go. `name` is what people call it; `url` is a secret and does not show in `repr`."""

    name: str
    host: str
    kind: Kind
    url: _Secret

    @property
    def title(self) -> str:
        """Return how people are told of it."""
        return f"{self.name} ({self.host})"


class _Secret:
    """Text that does not show when something that holds it is printed."""

    __slots__ = ("reveal",)

    def __init__(self, text: str) -> None:
        self.reveal = text

    def __repr__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message. `trouble` is "" when it was taken."""

    hook: str
    event: str
    trouble: str


def build_hook(name: str, url: str, kind: str) -> Hook:
    """Check an address. Raises BadAddress."""
    url = url.strip()
    if not url.isascii() or not url.isprintable() or " " in url:
        raise BadAddress("the address has characters that no address has")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise BadAddress("it is no address") from None
    if parts.scheme not in ("http", "https") or not host:
        raise BadAddress("it is no address that begins with https://")
    if parts.username is not None:
        raise BadAddress("the address holds a user name")
    if parts.scheme == "http" and host not in _HERE:
        raise BadAddress("plain http would show the address and the message on the way; use https")
    return Hook(name, host, find_kind(kind, host), _Secret(url))


def post(hook: Hook, message: Message, sleep: Callable[[float], None] = time.sleep) -> Outcome:
    """Post one message and return what became of it. Never raises for what the other side or the network does."""
    trouble = ""
    for pause_s in (0.0, *PAUSES_S):
        if pause_s:
            sleep(pause_s)
        trouble, passing = _attempt(hook, message)
        if not passing:
            break
    return Outcome(hook.title, message.event, trouble)


class Postman:
    """Carries messages to all hooks at once. `outcomes` is asked on the thread that tells; nothing calls back."""

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = tuple(hooks)
        self._threads: list[threading.Thread] = []
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._hurry = threading.Event()

    def send(self, message: Message, hooks: Sequence[Hook] | None = None) -> None:
        """Post a message to all hooks, or to these, and come back at once."""
        for hook in self._hooks if hooks is None else hooks:
            thread = threading.Thread(target=self._carry, args=(hook, message), name="webhook", daemon=True)
            self._threads.append(thread)
            thread.start()

    def outcomes(self) -> list[Outcome]:
        """Return what became of messages since the last call."""
        found = []
        while not self._outcomes.empty():
            found.append(self._outcomes.get())
        return found

    def close(self, wait_s: float = FAREWELL_S) -> list[Outcome]:
        """Wait for messages on their way, not for ever, and return what became of them."""
        deadline = time.monotonic() + wait_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = sum(thread.is_alive() for thread in self._threads)
        self._hurry.set()
        found = self.outcomes()
        return found + [Outcome("webhook", "", "no answer until the end") for _ in range(late)]

    def _carry(self, hook: Hook, message: Message) -> None:
        self._outcomes.put(post(hook, message, self._pause))

    def _pause(self, pause_s: float) -> None:
        self._hurry.wait(pause_s)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to be an error: an address that is a secret is not carried elsewhere."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Headers, newurl: str
    ) -> None:
        return None


class _Deadline:
    """Cuts the connections of one attempt when its time is up. Use it as a context."""

    def __init__(self) -> None:
        self.over = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(WHOLE_S, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def watch(self, connection: http.client.HTTPConnection) -> http.client.HTTPConnection:
        """See to it that a connection is known as soon as it stands."""
        plain = connection.connect

        def connect() -> None:
            plain()
            self._sockets.append(connection.sock)

        connection.connect = connect  # type: ignore[method-assign]
        return connection

    def _cut(self) -> None:
        self.over = True
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Http(urllib.request.HTTPHandler):
    """Opens connections that a deadline knows."""

    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def do_open(self, http_class: Any, req: urllib.request.Request, **arguments: Any) -> http.client.HTTPResponse:
        watch = self._deadline.watch
        return super().do_open(lambda host, **more: watch(http_class(host, **more)), req, **arguments)


class _Https(urllib.request.HTTPSHandler):
    """The same over TLS."""

    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def do_open(self, http_class: Any, req: urllib.request.Request, **arguments: Any) -> http.client.HTTPResponse:
        watch = self._deadline.watch
        return super().do_open(lambda host, **more: watch(http_class(host, **more)), req, **arguments)


def _attempt(hook: Hook, message: Message) -> tuple[str, bool]:
    """Post once. Returns the trouble in words ("" for none), and whether it may pass."""
    with _Deadline() as deadline:
        trouble, passing = _post_once(hook, message, deadline)
    return (f"no whole answer within {WHOLE_S:.0f} s", False) if deadline.over else (trouble, passing)


def _post_once(hook: Hook, message: Message, deadline: _Deadline) -> tuple[str, bool]:
    here = [urllib.request.ProxyHandler({})] if hook.host in _HERE else []
    opener = urllib.request.build_opener(_NoRedirect, _Http(deadline), _Https(deadline), *here)
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "selfgen"}
    try:
        request = urllib.request.Request(hook.url.reveal, build_body(message, hook.kind), headers, method="POST")
        with opener.open(request, timeout=TIMEOUT_S) as response:
            return find_refusal(hook.kind, response.read1(MOST_REPLY)), False
    except urllib.error.HTTPError as error:
        with error:
            if 300 <= error.code < 400:
                return f"HTTP {error.code}: it redirects elsewhere, which is not followed", False
            return f"HTTP {error.code}", error.code in _PASSING
    except urllib.error.URLError as error:
        return _word(error.reason), True
    except (OSError, http.client.HTTPException) as error:
        return _word(error), True
    except ValueError:
        return "it is no address that can be asked", False


def _word(reason: object) -> str:
    """Say what went wrong without what the error says of the address."""
    match reason:
        case TimeoutError():
            return f"no answer within {TIMEOUT_S:.0f} s"
        case socket.gaierror():
            return "its name cannot be found"
        case ssl.SSLCertVerificationError():
            return "its certificate is not trusted"
        case ssl.SSLError():
            return "TLS fails"
        case ConnectionRefusedError():
            return "connection refused"
        case OSError():
            return f"connection fails: {reason.strerror or type(reason).__name__}"
        case _:
            return f"it does not speak HTTP: {type(reason).__name__}"
