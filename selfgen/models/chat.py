"""The one wire client: any server that speaks the OpenAI chat completions protocol.

Sends one call once and says what came of it: `Answered`, `Refused`, or a CallError. Knows nothing of retries, of limits
and of other calls (see retry.py). The HTTP client is the openai package's own, over its aiohttp transport; requests
are handed to it ready-made, below the package's resource layer, which costs more than twice the CPU time of a call,
retries on its own, and reads OPENAI_* variables into the headers of whatever host is asked.
The key is in one private header dictionary and in nothing else that can be shown.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import aiohttp
import httpx2
import openai

from selfgen.core.work import Answered, Ask, CallId, Refused
from selfgen.errors import Ambiguous, BadConfig, CallError, CallRejected, Transient
from selfgen.models.faults import Reply, Unreachable, clean_text, judge
from selfgen.models.wire import (
    Structured,
    error_status,
    inflate,
    read_answer,
    read_object,
    request_body,
    unsendable,
)

KEEP_ALIVE_S = 4.0
"""Below the 5 s after which vLLM's server closes idle connections, so that none is used in the moment it closes."""
CONNECT_S = 5.0
OURS = frozenset({"model", "messages", "n", "stream"})
"""Body fields that a configuration cannot set: another value would make the answer unreadable."""
_NO_CALL = CallId(0, 0, 0)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One row of GET /models. `max_model_len` is in tokens, None where the server does not say; `owner` signs it."""

    id: str
    max_model_len: int | None = None
    owner: str = ""


class Chat:
    """A client for one model on one server. Belongs to the event loop of its first call."""

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        key: str = "",
        structured: Structured = "off",
        extra_body: Mapping[str, Any] | None = None,
        max_tokens_field: str = "max_tokens",
        send_seed: bool = True,
        connections: int = 256,
        connect_s: float = CONNECT_S,
        idle_s: float = 300.0,
        total_s: float = 900.0,
        max_body_bytes: int = 8 * 2**20,
        allow_insecure: bool = False,
    ) -> None:
        """Take the address up to and including `/v1` (added where it has no path). `idle_s` bounds the wait for the
        next byte, `total_s` a whole call. Raises BadConfig for an address, key or body that must not be sent."""
        url = check_address(base_url, has_key=bool(key), allow_insecure=allow_insecure)
        self.base_url, self.model, self.structured = str(url), model, structured
        self._key = check_key(key)
        self._extra = MappingProxyType(check_extra(extra_body or {}, max_tokens_field))
        self._max_tokens_field = max_tokens_field
        self._send_seed = send_seed
        self._total_s, self._max_body_bytes = total_s, max_body_bytes
        self._chat_url = httpx2.URL(f"{url}/chat/completions")
        self._models_url = httpx2.URL(f"{url}/models")
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "selfgen"}
        headers["Content-Type"] = "application/json"
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._headers = httpx2.Headers(headers)
        self._timeouts = {"timeout": {"connect": connect_s, "read": idle_s, "write": None, "pool": None}}
        local = is_loopback(url.host)
        self._http = openai.DefaultAioHttpClient(
            limits=httpx2.Limits(max_connections=max(1, connections), keepalive_expiry=KEEP_ALIVE_S),
            follow_redirects=False,
            trust_env=not local,  # a proxy of the environment cannot reach this machine's own servers
            verify=url.scheme == "https",  # plain http has nothing to verify; loading certificates takes 50 ms
        )

    def __repr__(self) -> str:
        return f"Chat(base_url={self.base_url!r}, model={self.model!r})"

    async def send(self, ask: Ask, *, structured: Structured | None = None) -> Answered | Refused:
        """Send one call, once. `structured` overrides the setting of this client. Raises a leaf of CallError."""
        try:
            body = request_body(
                ask,
                model=self.model,
                structured=self.structured if structured is None else structured,
                extra=self._extra,
                max_tokens_field=self._max_tokens_field,
                send_seed=self._send_seed,
            )
        except UnicodeEncodeError:
            return unsendable(ask.id)
        reply = await self._exchange("POST", self._chat_url, body)
        status = error_status(reply) if reply.status == 200 else reply.status
        if status == 200:
            return read_answer(reply, ask, model=self.model, key=self._key)
        found = judge(Reply(status, reply.headers, reply.data), ask.id, key=self._key, now_epoch_s=time.time())
        if isinstance(found, Refused):
            return found
        if status == 404:
            found = await self._name_models(found)
        raise found

    async def models(self) -> tuple[ModelInfo, ...]:
        """Return the models that the server lists. Raises a leaf of CallError."""
        reply = await self._exchange("GET", self._models_url, b"")
        if reply.status != 200:
            found = judge(reply, _NO_CALL, key=self._key, now_epoch_s=time.time())
            raise CallRejected(found.detail) if isinstance(found, Refused) else found
        rows = read_object(reply).get("data")
        listed = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return tuple(
            ModelInfo(
                row["id"],
                row["max_model_len"] if isinstance(row.get("max_model_len"), int) else None,
                row["owned_by"] if isinstance(row.get("owned_by"), str) else "",
            )
            for row in listed
            if isinstance(row.get("id"), str)
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _name_models(self, error: CallError) -> CallError:
        """Add to a 404 the names that the server does know."""
        try:
            names = ", ".join(clean_text(model.id) for model in await self.models())
        except CallError:
            return error
        return CallRejected(error.what, todo=f"Models on {self.base_url}: {names or 'none'}. Choose one with --model.")

    async def _exchange(self, method: str, url: httpx2.URL, body: bytes) -> Reply:
        """Send one request and read the whole reply. Raises CallError, without the library's error behind it: those
        carry the request's headers."""
        request = self._request(method, url, body)
        try:
            async with asyncio.timeout(self._total_s):
                response = await self._http.send(request, stream=True)
                try:
                    data = await self._read(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            trouble: CallError = Ambiguous(f"No whole answer within {self._total_s:g} s.")
        except (httpx2.RequestError, aiohttp.ClientError, OSError) as error:
            trouble = name_trouble(error)
        else:
            encoding = response.headers.get("content-encoding", "").strip().lower()
            return Reply(response.status_code, response.headers, inflate(data, encoding, self._max_body_bytes))
        raise trouble

    def _request(self, method: str, url: httpx2.URL, body: bytes) -> httpx2.Request:
        """Build a request as a stream that is read already: the transport adds host and length by itself, so httpx2
        need not look through the headers for them."""
        stream = httpx2.ByteStream(body)
        request = httpx2.Request(method, url, headers=self._headers, stream=stream, extensions=self._timeouts)
        request.headers.encoding = "ascii"
        request.read()
        return request

    async def _read(self, response: httpx2.Response) -> bytes:
        """Read the body as it came over the wire, up to the cap."""
        chunks, size = [], 0
        if not isinstance(response.stream, httpx2.AsyncByteStream):
            raise Transient("The server's answer cannot be read.")
        async for chunk in response.stream:
            size += len(chunk)
            if size > self._max_body_bytes:
                raise Transient(f"The server's answer is longer than {self._max_body_bytes} bytes.")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def name_trouble(error: Exception) -> CallError:
    """Say what a broken exchange means: whether the request can have been billed, and whether anybody is there.

    The transport renames aiohttp's errors coarsely (a reset becomes a connect timeout), hence the look at the cause.
    """
    cause = error.__cause__ or error
    match cause:
        case aiohttp.SocketTimeoutError():
            return Ambiguous("The server sent nothing for too long.")
        case aiohttp.ConnectionTimeoutError():
            return Unreachable("The server did not take the connection in time.")
        case aiohttp.ClientConnectorCertificateError():
            return CallRejected(f"The server's certificate is not trusted: {clean_text(str(cause))}")
        case aiohttp.ClientConnectorDNSError():
            return Unreachable(f"There is no server of this name: {clean_text(str(cause))}")
        case aiohttp.ClientConnectorError():
            why = clean_text(cause.os_error.strerror or str(cause.os_error))
            return Unreachable(f"No connection to {cause.host}:{cause.port}: {why}.")
        case aiohttp.ClientPayloadError():
            return Transient("The answer was cut off.")
        case _:
            return Transient(f"The connection broke ({type(cause).__name__}).")


def is_loopback(host: str) -> bool:
    """Tell whether an address never leaves this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_address(base_url: str, *, has_key: bool, allow_insecure: bool) -> httpx2.URL:
    """Return the address without a closing slash. Raises BadConfig if it is none, or would give the key away."""
    try:
        url = httpx2.URL(base_url.strip())
    except httpx2.InvalidURL:
        raise BadConfig("The server's address is not a URL.", todo="Give --base-url http://host:port/v1.") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise BadConfig("The server's address must begin with http:// or https://.", todo="Correct --base-url.")
    if url.userinfo or url.query or url.fragment:
        todo = "Give the key through the environment, and the address without name, password and query."
        raise BadConfig(f"The address of {url.host} carries more than host and path.", todo=todo)
    if has_key and url.scheme == "http" and not is_loopback(url.host) and not allow_insecure:
        todo = "Use https, or set allow_insecure if you trust the network."
        raise BadConfig(f"The key would travel in the clear to {url.host}.", todo=todo)
    path = url.path.rstrip("/").removesuffix("/chat/completions")
    return url.copy_with(path=path or "/v1")


def check_key(key: str) -> str:
    """Return the key. Raises BadConfig where it cannot be a header: a line break of a file, or not ASCII."""
    if not key.isascii() or not key.isprintable() or key != key.strip():
        raise BadConfig(
            "The key holds blanks or characters that no key has.", todo="Set the key again, without quotes."
        )
    return key


def check_extra(extra: Mapping[str, Any], max_tokens_field: str) -> dict[str, Any]:
    """Return a copy of the additional body fields. Raises BadConfig for a field that selfgen itself must set."""
    taken = sorted(OURS & extra.keys())
    if taken:
        raise BadConfig(f"extra_body cannot set {', '.join(taken)}.", todo="Remove it from extra_body.")
    if max_tokens_field not in ("max_tokens", "max_completion_tokens"):
        raise BadConfig(f"max_tokens_field cannot be {max_tokens_field!r}.", todo="Use max_completion_tokens.")
    return dict(extra)
