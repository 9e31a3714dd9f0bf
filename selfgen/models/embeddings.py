"""Vectors from a server that speaks the OpenAI embeddings protocol: POST /v1/embeddings.

Whatever thread wants vectors waits there, with an event loop of its own for each request: so that a wait ends in time,
whatever a server does, and soon after a call of `close` on another thread. The HTTP client is the openai package's own;
requests go below its resource layer, for the reasons that chat.py gives. Knows no filter, and no numbers beyond those
it passes on.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from typing import Any

import httpx2
import openai

from selfgen.core.work import CallId, Refused
from selfgen.errors import (
    Ambiguous,
    BadConfig,
    CallError,
    CallRejected,
    KeyRefused,
    NoServer,
    NotAuthorised,
    Overloaded,
    Paused,
    QuotaUsedUp,
    SelfgenError,
    Transient,
)
from selfgen.models.address import check_address, check_key, is_loopback
from selfgen.models.chat import CONNECT_S
from selfgen.models.faults import Reply, Unreachable, clean_text, judge
from selfgen.models.hold import Policy
from selfgen.models.retry import end_of

BATCH = 64
TIMEOUT_S = 60.0
PATIENCE_S = 120.0
"""How long a server may fail in a row. What is asked for meanwhile waits, and nothing else of a run goes on."""
FIRST_PATIENCE_S = 10.0
"""The same for a server that was never heard of: it is seldom starting, and more often somewhere else."""
LARGEST_ANSWER = 64 * 2**20
"""Bytes; 64 vectors of 8,192 numbers, spelled out in full, are 12 million."""
_LOOK_S = 0.05  # how often a wait looks whether it is to end
_SHORTEST = 64  # characters that any model takes: a text that is refused at this length is refused for something else
_NO_CALL = CallId(0, 0, 0)
_BACKOFF = Policy()
_TODO: dict[type[SelfgenError], str] = {
    NotAuthorised: "The environment variable that api_key_env of the filter semantic names holds the key. Correct it, "
    "then give the same command again.",
    Paused: "Nothing is lost. Top the account up; the same command continues.",
    BadConfig: "Check base_url and model of the filter semantic.",
}


class _Unfit(CallRejected):
    """The server will not take these texts together, or this one at this length."""


class Embeddings:
    """An encoder behind an address: n texts in, n vectors of one length out, at most `batch` texts a request.

    A server that is away, busy (429) or failing (5xx) is asked again, with growing waits or as long as it asks for.
    Texts that it will not take together, or not answer within `timeout_s`, are asked for in halves; a text that is too
    long for its model is cut at the end, three quarters at a time.
    Raises BadConfig for an address, a key, a model or a text that the server cannot take, NotAuthorised for a refused
    key, NoServer where it was never there, Paused where it stays away, the account is empty, or this is closed."""

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        key: str = "",
        batch: int = BATCH,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
        allow_insecure: bool = False,
        sleep: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        url = check_address(base_url, has_key=bool(key), allow_insecure=allow_insecure)
        self.base_url, self.model = str(url), model
        self._url = httpx2.URL(f"{url}/embeddings")
        self._key = check_key(key)
        self._batch, self._timeout_s, self._patience_s = max(1, batch), timeout_s, patience_s
        self._sleep, self._clock = sleep or self._rest, clock
        self._dimensions = 0
        self._failing_since: float | None = None
        self._closed: Future[Any] = Future()
        self._headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "selfgen"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._settings: dict[str, Any] = {
            "timeout": httpx2.Timeout(timeout_s, connect=CONNECT_S),
            "follow_redirects": False,
            "trust_env": not is_loopback(
                url.host
            ),  # a proxy of the environment cannot reach this machine's own servers
            "verify": url.scheme == "https",
        }

    def __repr__(self) -> str:
        return f"Embeddings(base_url={self.base_url!r}, model={self.model!r})"

    def encode(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector a text, in their order."""
        batches = [texts[start : start + self._batch] for start in range(0, len(texts), self._batch)]
        return [vector for batch in batches for vector in self._ask(batch)]

    def close(self) -> None:
        """Ask no more. Whoever waits for an answer, on any thread, waits no longer."""
        with suppress(InvalidStateError):
            self._closed.set_result(None)

    def _rest(self, seconds: float) -> None:
        wait((self._closed,), seconds)

    def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        """Ask for one batch until it is answered, refused, or patience ends."""
        body = json.dumps({"model": self.model, "input": list(texts), "encoding_format": "float"}).encode("ascii")
        tries = 0
        while True:
            began = self._clock()
            try:
                vectors = self._read(self._exchange(body), len(texts))
            except _Unfit as problem:
                return self._ask_for_less(texts, problem)
            except (KeyRefused, QuotaUsedUp, CallRejected) as problem:
                raise self._end(problem) from None
            except (Overloaded, Transient, Ambiguous) as problem:
                since = self._failing_since = began if self._failing_since is None else self._failing_since
                wait_s = problem.retry_after_s or _BACKOFF.backoff(tries)
                if self._clock() - since + wait_s > self._patience():
                    raise self._give_up(problem) from None
                if isinstance(problem, Ambiguous) and len(texts) > 1:
                    return self._ask_for_less(texts, problem)
            else:
                self._failing_since = None
                return vectors
            tries += 1
            self._sleep(wait_s)

    def _ask_for_less(self, texts: Sequence[str], problem: CallError) -> list[list[float]]:
        """Ask for each half; a text alone is cut. What becomes of a text does not depend on those it is asked with."""
        if len(texts) > 1:
            half = len(texts) // 2
            return [*self._ask(texts[:half]), *self._ask(texts[half:])]
        if len(texts[0]) <= _SHORTEST:
            raise self._end(CallRejected(problem.what))
        return self._ask([texts[0][: len(texts[0]) * 3 // 4]])

    def _patience(self) -> float:
        return self._patience_s if self._dimensions else min(self._patience_s, FIRST_PATIENCE_S)

    def _end(self, problem: KeyRefused | QuotaUsedUp | CallRejected) -> SelfgenError:
        kind = type(end_of(problem))
        return kind(f"the embeddings server {self.base_url}: {problem.what}", todo=_TODO[kind])

    def _give_up(self, problem: CallError) -> SelfgenError:
        slow = " If it is slow, give semantic a smaller batch." if isinstance(problem, Ambiguous) else ""
        if self._dimensions:
            what = f"the embeddings server {self.base_url} stays away: {problem.what}"
            return Paused(what, todo=f"Nothing is lost. See to the server; the same command continues.{slow}")
        what = f"the embeddings server {self.base_url} gives no vectors: {problem.what}"
        return NoServer(what, todo=f"Start it, or correct base_url of the filter semantic.{slow}")

    def _exchange(self, body: bytes) -> bytes:
        """Send one request, once, and wait for the answer. Raises a leaf of CallError; Paused once this is closed."""
        data = None if self._closed.done() else asyncio.run(self._send(body))
        if data is not None:
            return data
        if self._closed.done():
            raise Paused(
                f"the embeddings server {self.base_url} was not waited for any longer",
                todo="Nothing is lost; the same command continues.",
            )
        raise Ambiguous("The server did not answer in time.")

    async def _send(self, body: bytes) -> bytes | None:
        """Return the answer, None where it was not waited for to the end. A byte now and then is no answer either."""
        call = asyncio.create_task(self._post(body))
        ends = time.monotonic() + self._timeout_s
        while not call.done() and not self._closed.done() and time.monotonic() < ends:
            await asyncio.wait((call,), timeout=_LOOK_S)
        if call.done():
            return call.result()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return None

    async def _post(self, body: bytes) -> bytes:
        """Return the body of the answer. The library's errors are not chained to ours: they carry the key."""
        try:
            async with (
                openai.DefaultAsyncHttpxClient(**self._settings) as http,
                http.stream("POST", self._url, content=body, headers=self._headers) as response,
            ):
                status, headers, data = response.status_code, response.headers, await _receive(response)
        except httpx2.ConnectError as error:
            trouble: CallError = Unreachable(f"No connection: {clean_text(str(error), self._key)}")
        except httpx2.TimeoutException:
            trouble = Ambiguous("The server did not answer in time.")
        except httpx2.RequestError as error:
            trouble = Transient(f"The connection broke ({type(error).__name__}).")
        else:
            if status == 200 and data is not None:
                return data
            found = judge(Reply(status, headers, data or b""), _NO_CALL, key=self._key, now_epoch_s=time.time())
            if data is None:
                trouble = CallRejected(f"The server's answer is longer than {LARGEST_ANSWER:,} bytes.")
            elif isinstance(found, Refused):
                trouble = _Unfit(f"The server refuses the texts: {found.detail}")
            else:
                trouble = found
        raise trouble

    def _read(self, data: bytes, count: int) -> list[list[float]]:
        """Read the answer to `count` texts; its rows may come in any order. What cannot be read is asked for again."""
        try:
            rows = sorted(json.loads(data)["data"], key=lambda row: int(row["index"]))
            vectors = [_numbers(row["embedding"]) for row in rows]
            places = [int(row["index"]) for row in rows]
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
            raise Transient("The server's answer is not a list of embeddings.") from None
        if places != list(range(count)):
            raise Transient(f"The server answered {len(places)} of {count} texts.")
        self._check_dimensions(vectors)
        return vectors

    def _check_dimensions(self, vectors: Sequence[Sequence[Any]]) -> None:
        found = {len(vector) for vector in vectors} | ({self._dimensions} if self._dimensions else set())
        if len(found) > 1 or 0 in found:
            what = " and ".join(map(str, sorted(found)))
            raise BadConfig(
                f"the embeddings server {self.base_url} gives vectors of {what} numbers for {self.model}",
                todo="Name one embedding model of the server with model, and start a new run if it changed.",
            )
        self._dimensions = found.pop() if found else 0


async def _receive(response: httpx2.Response) -> bytes | None:
    """Return the whole answer, None where it is too long to be one."""
    data = bytearray()
    async for piece in response.aiter_bytes():
        data += piece
        if len(data) > LARGEST_ANSWER:
            return None
    return bytes(data)


def _numbers(embedding: Any) -> list[float]:
    """Return the numbers of a vector: a list, or base64 of single precision in little-endian order, which some servers
    send whatever they are asked for. Raises ValueError, TypeError or OverflowError for anything else."""
    if not isinstance(embedding, str):
        return [float(number) for number in embedding]
    numbers = array("f", base64.b64decode(embedding, validate=True))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()
