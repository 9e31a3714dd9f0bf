"""The one wire client: any server that speaks the OpenAI chat completions protocol, or the older completions one.

Sends one call once and says what came of it: `Answered`, `Refused`, or a CallError. Knows nothing of retries, of limits
and of other calls (see fleet.py). The HTTP client is the openai package's own, over its aiohttp transport; requests
are handed to it ready-made, below the package's resource layer, which costs more than twice the CPU time of a call,
retries on its own, and reads OPENAI_* variables into the headers of whatever host is asked.
The key is in one private header dictionary and in nothing else that can be shown.
"""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import aiohttp
import httpx2
import openai

from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Sampling
from selfgen.errors import Ambiguous, BadConfig, CallError, CallRejected, KeyRefused, Transient
from selfgen.models.address import check_address, check_key, is_loopback
from selfgen.models.faults import Reply, Unreachable, clean_text, judge
from selfgen.models.lane import ClientLimit, Look
from selfgen.models.offer import offer
from selfgen.models.wire import (
    ModelInfo,
    Structured,
    error_status,
    inflate,
    read_answer,
    read_fingerprint,
    read_models,
    read_object,
    request_body,
    unsendable,
)

KEEP_ALIVE_S = 4.0
"""Below the 5 s after which vLLM's server closes idle connections, so that none is used in the moment it closes."""
CONNECT_S = 5.0
OURS = frozenset({"model", "messages", "n", "stream"})
"""Body fields that a configuration cannot set: another value would make the answer unreadable."""
BESIDE_S = 3.0
"""How long a page beside /v1 may take: it is asked for again and again, and nothing waits for it."""
LOOK_TOKENS = (1, 256)
"""Room for the reply that proves life. Models that think first may refuse to begin with less than they need."""
LIST_S = 30.0
"""How long a list of models may take, however its bytes trickle: no model has to be loaded for it."""
_NO_CALL = CallId(0, 0, 0)
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS})
OnHeaders = Callable[[Mapping[str, str]], None]


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
        completions: bool = False,
        on_headers: OnHeaders | None = None,
    ) -> None:
        """Take the address up to and including `/v1` (added where it has no path). `idle_s` bounds the wait for the
        next byte, `total_s` a whole call. `completions` is for models without a chat template (the attribute may be set
        later, as preflight.py does). `on_headers` is given the headers of every reply, names in lower case. Raises
        BadConfig for an address, key or body that must not be sent."""
        url = check_address(base_url, has_key=bool(key), allow_insecure=allow_insecure)
        self.base_url, self.model, self.structured = str(url), model, structured
        self._key = check_key(key)
        self._extra = MappingProxyType(check_extra(extra_body or {}, max_tokens_field))
        self._max_tokens_field = max_tokens_field
        self._send_seed = send_seed
        self._total_s, self._max_body_bytes = total_s, max_body_bytes
        self.completions = completions
        self._on_headers = on_headers
        self._looks = time.time_ns() // 1_000_000  # no two sessions begin at the same number
        self._chat_url = httpx2.URL(f"{url}/chat/completions")
        self._completions_url = httpx2.URL(f"{url}/completions")
        self._models_url = httpx2.URL(f"{url}/models")
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "selfgen"}
        self._bare_headers = httpx2.Headers({**headers, "Accept": "*/*"})
        headers["Content-Type"] = "application/json"
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._headers = httpx2.Headers(headers)
        self._timeouts = {"timeout": {"connect": connect_s, "read": idle_s, "write": None, "pool": None}}
        self.local = is_loopback(url.host)
        try:
            self._http = openai.DefaultAioHttpClient(
                limits=httpx2.Limits(max_connections=max(1, connections), keepalive_expiry=KEEP_ALIVE_S),
                follow_redirects=False,
                trust_env=not self.local,  # a proxy of the environment cannot reach this machine's own servers
                verify=url.scheme == "https",  # plain http has nothing to verify; loading certificates takes 50 ms
            )
        except (ValueError, httpx2.InvalidURL):  # of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, which may hold a password
            todo = "Give HTTPS_PROXY as http://HOST:PORT, or unset it and its like."
            raise BadConfig("The proxy of the environment is no address that can be used.", todo=todo) from None

    def __repr__(self) -> str:
        return f"Chat(base_url={self.base_url!r}, model={self.model!r})"

    @property
    def extra(self) -> Mapping[str, Any]:
        """The additional body fields."""
        return self._extra

    async def send(self, ask: Ask, *, structured: Structured | None = None) -> Answered | Refused:
        """Send one call, once. `structured` overrides the setting of this client. Raises a leaf of CallError."""
        try:
            reply = await self.post(ask, structured=structured)
        except UnicodeEncodeError:
            return unsendable(ask.id)
        return await self.read(ask, reply)

    async def post(
        self,
        ask: Ask,
        *,
        structured: Structured | None = None,
        send_seed: bool | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Send one call, once, and return what came back, whatever its status. What is given overrides the settings of
        this client; `more` are fields of the body. Raises CallError for a broken exchange, UnicodeEncodeError for a
        prompt that cannot be sent."""
        body = request_body(
            ask,
            model=self.model,
            structured=self.structured if structured is None else structured,
            extra={**self._extra, **more} if more else self._extra,
            max_tokens_field=self._max_tokens_field,
            send_seed=self._send_seed if send_seed is None else send_seed,
            completions=self.completions,
        )
        url = self._completions_url if self.completions else self._chat_url
        return await self._exchange(self._request("POST", url, body), self._total_s)

    async def read(self, ask: Ask, reply: Reply) -> Answered | Refused:
        """Say what came of a call. Raises a leaf of CallError."""
        status = error_status(reply) if reply.status == 200 else reply.status
        if status == 200:
            return read_answer(reply, ask, model=self.model, key=self._key, completions=self.completions)
        found = judge(Reply(status, reply.headers, reply.data), ask.id, key=self._key, now_epoch_s=time.time())
        if isinstance(found, Refused):
            return found
        if status == 404:
            found = await self._name_models(found)
        raise found

    async def models(self) -> tuple[ModelInfo, ...]:
        """Return the models that the server lists. Raises a leaf of CallError."""
        reply = await self._exchange(self._request("GET", self._models_url, b""), min(self._total_s, LIST_S))
        if reply.status != 200:
            found = judge(reply, _NO_CALL, key=self._key, now_epoch_s=time.time())
            raise CallRejected(found.detail) if isinstance(found, Refused) else found
        return read_models(reply, self._key)

    async def look(self) -> Look:
        """Find out by a generation of one token that the server lives, and who it is: the row of our model in its list,
        the only row there is, or else how it signs the answer. Each look has a text of its own, so that no cache
        answers. Raises a leaf of CallError."""
        try:
            rows = await self.models()
        except (CallRejected, KeyRefused):
            rows = ()  # a server without a list, or a key that may do no more than generate
        self._looks += 1
        detail = ""
        for room in LOOK_TOKENS:
            message = Message("user", f"Say ok. ({self._looks})")
            ask = Ask(_NO_CALL, "propose", (message,), Sampling(1.0, 1.0, room), 0, None, "")
            reply = await self.post(ask, structured="off", send_seed=False)
            result = await self.read(ask, reply)
            if isinstance(result, Answered):
                return self.identify(rows, reply, result)
            detail = result.detail
        raise CallRejected(f"The server refuses even a short call: {detail}")

    def identify(self, rows: Sequence[ModelInfo], reply: Reply, answer: Answered) -> Look:
        """Say who answered, by the server's list and by an answer of its."""
        row = next((row for row in rows if row.id == self.model), rows[0] if len(rows) == 1 else None)
        fingerprint = read_fingerprint(reply, self._key)
        if row is None:
            return Look(answer.model, "", None, fingerprint)
        return Look(row.id, row.root, row.max_model_len, fingerprint)

    async def metrics(self) -> str | None:
        """Return the server's Prometheus text, None where it has none or does not answer in time. Sent without key."""
        reply = await self._beside("metrics")
        if reply is None or "html" in reply.headers.get("content-type", "").lower():
            return None
        return reply.data.decode("utf-8", "replace")

    async def version(self) -> str:
        """Return the version that the server gives at /version (vLLM), "" where it has none. Sent without key."""
        version = await self._value_beside("version", "version")
        return clean_text(version, self._key)[:40] if isinstance(version, str) else ""

    async def asleep(self) -> bool | None:
        """Tell whether the server sleeps: vLLM does so when told, and then lets calls hang. None where it does not say,
        as most do not: the page is one of its development mode. Sent without key."""
        sleeping = await self._value_beside("is_sleeping", "is_sleeping")
        return sleeping if isinstance(sleeping, bool) else None

    async def _value_beside(self, page: str, name: str) -> Any:
        reply = await self._beside(page)
        try:
            return read_object(reply).get(name) if reply else None
        except Transient:
            return None

    async def _beside(self, page: str) -> Reply | None:
        """Return the page of this name beside /v1, None where there is none. It is not part of what the key is for."""
        path = f"{self._models_url.path.removesuffix('/models').rpartition('/')[0]}/{page}"
        request = self._request("GET", self._models_url.copy_with(path=path), b"", self._bare_headers)
        try:
            reply = await self._exchange(request, BESIDE_S, heard=False)
        except CallError:
            return None
        return reply if reply.status == 200 else None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _name_models(self, error: CallError) -> CallError:
        """Add to a 404 the names that the server does know; of many those that are most like the one asked for."""
        try:
            names = [model.id for model in await self.models()]
        except CallError:
            return error
        if self.model in names:
            return error
        offered = f"Models on {self.base_url}: {offer(names, self.model, self._key)}."
        return CallRejected(error.what, todo=f"{offered} Choose one with --model.")

    async def _exchange(self, request: httpx2.Request, total_s: float, *, heard: bool = True) -> Reply:
        """Send one request and read the whole reply. Raises CallError, without the library's error behind it: those
        carry the request's headers."""
        try:
            async with asyncio.timeout(total_s):
                response = await self._http.send(request, stream=True)
                try:
                    if heard and self._on_headers is not None:
                        self._on_headers(response.headers)
                    data = await self._read(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            trouble: CallError = Ambiguous(f"No whole answer within {total_s:g} s.")
        except (httpx2.RequestError, aiohttp.ClientError, OSError) as error:
            trouble = name_trouble(error)
        else:
            encoding = response.headers.get("content-encoding", "").strip().lower()
            return Reply(response.status_code, response.headers, inflate(data, encoding, self._max_body_bytes))
        raise trouble

    def _request(
        self, method: str, url: httpx2.URL, body: bytes, headers: httpx2.Headers | None = None
    ) -> httpx2.Request:
        """Build a request as a stream that is read already: the transport adds host and length by itself, so httpx2
        need not look through the headers for them."""
        stream = httpx2.ByteStream(body)
        headers = self._headers if headers is None else headers
        request = httpx2.Request(method, url, headers=headers, stream=stream, extensions=self._timeouts)
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
        case OSError() if cause.errno in _EXHAUSTED:
            return ClientLimit(f"This machine has no room for another connection: {os.strerror(cause.errno)}.")
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
            return Ambiguous("The answer was cut off.")
        case _:
            # Whoever breaks a connection after a request was sent may have worked on it, and bill it.
            return Ambiguous(f"The connection broke ({type(cause).__name__}).")


def check_extra(extra: Mapping[str, Any], max_tokens_field: str) -> dict[str, Any]:
    """Return a copy of the additional body fields. Raises BadConfig for a field that selfgen itself must set."""
    taken = sorted(OURS & extra.keys())
    if taken:
        raise BadConfig(f"extra_body cannot set {', '.join(taken)}.", todo="Remove it from extra_body.")
    if max_tokens_field not in ("max_tokens", "max_completion_tokens"):
        raise BadConfig(f"max_tokens_field cannot be {max_tokens_field!r}.", todo="Use max_completion_tokens.")
    return dict(extra)
