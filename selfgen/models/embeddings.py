"""Vectors from a server that speaks the OpenAI embeddings protocol: POST /v1/embeddings.

Asks from whatever thread wants vectors, and waits there. The HTTP client is the openai package's own; requests go below
its resource layer, for the reasons that chat.py gives. Knows no filter, and no numbers beyond those it passes on.
"""

from __future__ import annotations

import json
import time
import weakref
from collections.abc import Callable, Sequence
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
    Overloaded,
    Paused,
    QuotaUsedUp,
    SelfgenError,
    Transient,
)
from selfgen.models.chat import CONNECT_S, check_address, check_key, is_loopback
from selfgen.models.faults import Reply, Unreachable, clean_text, judge
from selfgen.models.hold import Policy
from selfgen.models.retry import end_of

BATCH = 64
PATIENCE_S = 120.0
"""How long one batch is asked for. Short, since a person who interrupts a run waits for it."""
FIRST_PATIENCE_S = 10.0
"""The same for a server that was never heard of: it is seldom starting, and more often somewhere else."""
_NO_CALL = CallId(0, 0, 0)
_BACKOFF = Policy()


class Embeddings:
    """An encoder behind an address: n texts in, n vectors of one length out, `batch` texts a request.

    A server that is away, busy (429) or failing (5xx) is asked again, with growing waits or as long as it asks for.
    Raises BadConfig for an address, a key, a model or a text that the server cannot take, NotAuthorised for a refused
    key, NoServer where it was never there, Paused where it stays away or the account is empty."""

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        key: str = "",
        batch: int = BATCH,
        timeout_s: float = 60.0,
        patience_s: float = PATIENCE_S,
        allow_insecure: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        url = check_address(base_url, has_key=bool(key), allow_insecure=allow_insecure)
        self.base_url, self.model = str(url), model
        self._url = httpx2.URL(f"{url}/embeddings")
        self._key = check_key(key)
        self._batch, self._patience_s, self._sleep, self._clock = max(1, batch), patience_s, sleep, clock
        self._dimensions = 0
        self._headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "selfgen"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._http = openai.DefaultHttpxClient(
            timeout=httpx2.Timeout(timeout_s, connect=CONNECT_S),
            follow_redirects=False,
            trust_env=not is_loopback(url.host),  # a proxy of the environment cannot reach this machine's own servers
            verify=url.scheme == "https",
        )
        self._closing = weakref.finalize(self, self._http.close)

    def __repr__(self) -> str:
        return f"Embeddings(base_url={self.base_url!r}, model={self.model!r})"

    def encode(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector a text, in their order."""
        batches = [texts[start : start + self._batch] for start in range(0, len(texts), self._batch)]
        return [vector for batch in batches for vector in self._ask(batch)]

    def close(self) -> None:
        """Close all connections; so does whoever forgets this object, and the end of the process."""
        self._closing()

    def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        """Ask for one batch until it is answered, refused, or patience ends."""
        body = json.dumps({"model": self.model, "input": list(texts), "encoding_format": "float"})
        began, tries = self._clock(), 0
        while True:
            try:
                return self._read(self._exchange(body.encode("ascii")), len(texts))
            except (KeyRefused, QuotaUsedUp, CallRejected) as problem:
                raise end_of(problem) from None
            except (Overloaded, Transient, Ambiguous) as problem:
                wait_s = problem.retry_after_s or _BACKOFF.backoff(tries)
                if self._clock() - began + wait_s > self._patience():
                    raise self._give_up(problem) from None
            tries += 1
            self._sleep(wait_s)

    def _patience(self) -> float:
        return self._patience_s if self._dimensions else min(self._patience_s, FIRST_PATIENCE_S)

    def _give_up(self, problem: CallError) -> SelfgenError:
        if self._dimensions:
            what = f"the embeddings server {self.base_url} stays away: {problem.what}"
            return Paused(what, todo="Nothing is lost. See to the server; the same command continues.")
        what = f"the embeddings server {self.base_url} does not answer: {problem.what}"
        return NoServer(what, todo="Start it, or correct base_url of the filter semantic.")

    def _exchange(self, body: bytes) -> bytes:
        """Send one request, once. Raises a leaf of CallError, without the library's error: it carries the key."""
        try:
            response = self._http.post(self._url, content=body, headers=self._headers)
        except httpx2.ConnectError as error:
            trouble: CallError = Unreachable(f"No connection: {clean_text(str(error), self._key)}")
        except httpx2.TimeoutException:
            trouble = Ambiguous("The server did not answer in time.")
        except httpx2.RequestError as error:
            trouble = Transient(f"The connection broke ({type(error).__name__}).")
        else:
            if response.status_code == 200:
                return response.content
            reply = Reply(response.status_code, response.headers, response.content)
            found = judge(reply, _NO_CALL, key=self._key, now_epoch_s=time.time())
            trouble = (
                CallRejected(f"The server refuses the texts: {found.detail}") if isinstance(found, Refused) else found
            )
        raise trouble

    def _read(self, data: bytes, count: int) -> list[list[float]]:
        """Read the answer to `count` texts; its rows may come in any order. What cannot be read is asked for again."""
        try:
            rows = sorted(json.loads(data)["data"], key=lambda row: int(row["index"]))
            vectors = [[float(number) for number in row["embedding"]] for row in rows]
            places = [int(row["index"]) for row in rows]
        except (ValueError, LookupError, TypeError, RecursionError):
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
