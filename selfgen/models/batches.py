"""A batch service: the files and batches endpoints of OpenAI's API, and of those that copied them.

    POST /files  GET /files  GET /files/ID/content  DELETE /files/ID
    POST /batches  GET /batches  GET /batches/ID  POST /batches/ID/cancel

Each method makes one attempt. What passes is raised as a CallError, what lasts as an error that ends a run. A batch of
ours is known by its `metadata`, and by the file that it was made of where a service drops metadata.
The HTTP client is that of chat.py, for the reasons that it gives. Knows no epochs and no waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import openai

from selfgen.core.batches import LineFault, Phase, Result, Standing
from selfgen.core.work import Ask, CallId, Refused
from selfgen.errors import Ambiguous, BadConfig, CallRejected, Transient
from selfgen.models.address import check_address, check_key, is_loopback
from selfgen.models.batch_lines import ENDPOINT, Lines, last_word
from selfgen.models.chat import CONNECT_S, KEEP_ALIVE_S, name_trouble
from selfgen.models.faults import QUOTA_CODES, Reply, clean_text, judge
from selfgen.models.wire import read_object

OURS = "selfgen"
"""The metadata key under which a batch carries our name."""
CROWDED = frozenset({"token_limit_exceeded", "request_limit_exceeded", "rate_limit_exceeded"})
"""Codes with which a batch is failed before it begins, because too much is queued already."""
PHASES: Mapping[str, Phase] = {"completed": "over", "expired": "over", "cancelled": "over", "failed": "failed"}
"""All other words mean that it is on its way."""
LARGEST_ANSWER = 32 * 2**20
"""Bytes of an answer that is no file: a hundred batches, or ten thousand files."""
LARGEST_FILE = 4 * 2**30
GONE_S = 3600.0
"""So long after the end of a batch a file that is not there is gone for good, and no longer late."""
_NO_CALL = CallId(0, 0, 0)
_PAGE = 100


class Batches:
    """One model at one service; implements Backend of executors/batch_port.py. Belongs to the loop of its first call.

    `idle_s` bounds the wait for the next byte, `total_s` all but uploads and downloads, which may take hours."""

    outlives_us = True

    def __init__(
        self,
        lines: Lines,
        *,
        base_url: str,
        key: str = "",
        idle_s: float = 120.0,
        total_s: float = 120.0,
        allow_insecure: bool = False,
    ) -> None:
        """Raises BadConfig for an address or a key that must not be used."""
        url = check_address(base_url, has_key=bool(key), allow_insecure=allow_insecure)
        self.base_url = str(url)
        self._lines = lines
        self._key = check_key(key)
        self._total_s = total_s
        self._ended: dict[str, tuple[float, tuple[str, ...]]] = {}
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "selfgen"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._http = openai.DefaultAioHttpClient(
            headers=headers,
            limits=httpx2.Limits(max_connections=4, keepalive_expiry=KEEP_ALIVE_S),
            timeout=httpx2.Timeout(None, connect=CONNECT_S, read=idle_s),
            follow_redirects=False,
            trust_env=not is_loopback(url.host),  # a proxy of the environment cannot reach this machine's own servers
            verify=url.scheme == "https",
        )

    def __repr__(self) -> str:
        return f"Batches(base_url={self.base_url!r}, model={self._lines.model!r})"

    @property
    def place(self) -> str:
        """Address and model."""
        return f"{self.base_url} ({self._lines.model})"

    def encode(self, ask: Ask) -> bytes | Refused:
        """Return the line of one call."""
        return self._lines.encode(ask)

    def decode(self, line: bytes, asks: Mapping[str, Ask]) -> Result:
        """Read one line of results."""
        return self._lines.decode(line, asks)

    async def upload(self, name: str, path: Path) -> str:
        """Upload a file of calls from the disk, without reading it into memory."""
        with path.open("rb") as file:
            form = {"file": (f"{name}.jsonl", file, "application/jsonl")}
            return _id_of(await self._ask("POST", "/files", data={"purpose": "batch"}, files=form, total_s=None))

    async def find_upload(self, name: str) -> str:
        """Look for a file by the name that we gave it."""
        async for row in self._rows("/files", {"purpose": "batch"}):
            if row.get("filename") == f"{name}.jsonl":
                return _id_of(row)
        return ""

    async def start(self, name: str, handle: str) -> str:
        """Begin a batch of an uploaded file."""
        body = {
            "input_file_id": handle,
            "endpoint": ENDPOINT,
            "completion_window": "24h",
            "metadata": {OURS: name},
        }
        return _id_of(await self._ask("POST", "/batches", json=body))

    async def find(self, name: str, handle: str) -> str:
        """Look for a batch by its metadata, or by its file."""
        async for row in self._rows("/batches", {}):
            metadata = row.get("metadata")
            if row.get("input_file_id") == handle or (isinstance(metadata, dict) and metadata.get(OURS) == name):
                return _id_of(row)
        return ""

    async def look(self, batch: str) -> Standing:
        """Return how a batch stands. Raises BadConfig where the service does not know it: another account, mostly."""
        try:
            row = await self._ask("GET", f"/batches/{batch}")
        except BadConfig as error:
            todo = "Was it submitted with another key, or to another address? Give those until it is over."
            raise BadConfig(f"{self.base_url} does not show batch {batch}. {error.what}", todo=todo) from None
        standing = self._read(row)
        if standing.phase == "over":
            files = (row.get("output_file_id"), row.get("error_file_id"))
            self._ended[batch] = (time.time() - _age_s(row), tuple(str(file) for file in files if _is_id(file)))
        return standing

    async def fetch(self, batch: str) -> AsyncIterator[bytes]:
        """Yield the output file, then the error file, as they come over the wire."""
        ended_s, files = self._ended.get(batch) or (0.0, ())
        if not files and batch not in self._ended:
            await self.look(batch)
            ended_s, files = self._ended.get(batch, (0.0, ()))
        for file in files:
            async with self._exchange("GET", f"/files/{file}/content") as response:
                if response.status_code == 404 and time.time() - ended_s > GONE_S:
                    continue
                if response.status_code == 404:
                    raise Transient(f"The results of batch {batch} are not there yet.")
                if response.status_code != 200:
                    raise self._judge(response, await self._body(response))
                async for piece in self._pieces(response, LARGEST_FILE):
                    yield piece
            yield b"\n"

    async def cancel(self, batch: str) -> None:
        """Ask the service to stop a batch."""
        await self._ask("POST", f"/batches/{batch}/cancel")

    async def discard(self, batch: str, handle: str) -> None:
        """Delete the file of calls and the files of results, as far as they are there."""
        if batch and batch not in self._ended:
            await self.look(batch)
        _, files = self._ended.pop(batch, (0.0, ()))
        for file in dict.fromkeys((handle, *files)):
            if file:
                async with self._exchange("DELETE", f"/files/{file}") as response:
                    data = await self._body(response)
                if response.status_code not in (200, 204, 404):
                    raise self._judge(response, data)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read(self, row: Mapping[str, Any]) -> Standing:
        """Read a batch object. A service that names no status is one that is not well."""
        word = row.get("status")
        if not isinstance(word, str) or not word:
            raise Transient("The service does not say how the batch stands.")
        counts = row.get("request_counts")
        counts = counts if isinstance(counts, dict) else {}
        done, failed, total = (_count(counts.get(name)) for name in ("completed", "failed", "total"))
        phase = PHASES.get(word, "waiting")
        found = list(_errors(row))
        if phase == "failed" and any(error.get("code") in CROWDED for error in found):
            phase = "crowded"
        elif phase == "failed" and any(error.get("code") in QUOTA_CODES for error in found):
            phase = "unpaid"
        faults = tuple(LineFault(_count(e.get("line")), clean_text(_message(e), self._key)) for e in found[:100])
        return Standing(phase, clean_text(word)[:40], done, failed, total, faults)

    async def _rows(self, path: str, query: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        """Yield a list page by page. A page that begins where the last one ended is the end."""
        after, seen = "", set()
        while True:
            place = "&".join(f"{name}={value}" for name, value in {**query, "limit": str(_PAGE)}.items())
            page = await self._ask("GET", f"{path}?{place}" + (f"&after={after}" if after else ""))
            data = page.get("data")
            rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
            for row in rows:
                yield row
            last = rows[-1].get("id") if rows else None
            if not page.get("has_more") or not _is_id(last) or last in seen:
                return
            seen.add(last)
            after = str(last)

    # -- the wire -----------------------------------------------------------------------------------------------------

    async def _ask(self, method: str, path: str, *, total_s: float | None = 0.0, **content: Any) -> dict[str, Any]:
        """Send one request and read its JSON object."""
        try:
            async with asyncio.timeout(self._total_s if total_s == 0.0 else total_s):
                async with self._exchange(method, path, **content) as response:
                    data = await self._body(response)
        except TimeoutError:
            raise Ambiguous(f"No whole answer within {self._total_s:g} s.") from None
        if response.status_code not in (200, 201):
            raise self._judge(response, data)
        return read_object(Reply(200, response.headers, data))

    @asynccontextmanager
    async def _exchange(self, method: str, path: str, **content: Any) -> AsyncIterator[httpx2.Response]:
        """Send one request. The library's errors carry the request's headers, so they are never passed on."""
        trouble: Exception | None = None
        try:
            async with self._http.stream(method, httpx2.URL(self.base_url + path), **content) as response:
                yield response
        except (httpx2.RequestError, aiohttp.ClientError) as error:
            trouble = last_word(name_trouble(error))
        except OSError as error:
            trouble = Transient(f"The connection broke ({type(error).__name__}).")
        if trouble is not None:
            raise trouble

    async def _body(self, response: httpx2.Response) -> bytes:
        return b"".join([piece async for piece in self._pieces(response, LARGEST_ANSWER)])

    async def _pieces(self, response: httpx2.Response, most: int) -> AsyncIterator[bytes]:
        size = 0
        async for piece in response.aiter_bytes():
            size += len(piece)
            if size > most:
                raise BadConfig(
                    f"{self.base_url} sent more than {most} bytes in one answer, which no batch of ours can come to.",
                    todo="Check --base-url; if it is right, set a smaller calls.batch_size.",
                )
            yield piece

    def _judge(self, response: httpx2.Response, data: bytes) -> Exception:
        """Say what an error status means here."""
        reply = Reply(response.status_code, response.headers, data)
        found = judge(reply, _NO_CALL, key=self._key, now_epoch_s=time.time())
        if isinstance(found, Refused):
            found = CallRejected(f"The batch service refuses this: {found.detail}", todo="Check the model's settings.")
        elif response.status_code in (404, 405) and isinstance(found, CallRejected):
            todo = "Check --base-url. A server without a Batch API needs --executor stream."
            found = CallRejected(found.what, todo=todo)
        return last_word(found)


def _id_of(row: Mapping[str, Any]) -> str:
    """Return the id of an object. Raises Transient where it has none that can stand in an address."""
    found = row.get("id")
    if not _is_id(found):
        raise Transient("The service's answer names no id.")
    return str(found)


def _is_id(value: object) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= 200
        and all(c.isalnum() or c in "-_.:" for c in value)
        and value.isascii()
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _errors(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    errors = row.get("errors")
    data = errors.get("data") if isinstance(errors, dict) else errors
    yield from (error for error in data if isinstance(error, dict)) if isinstance(data, list) else ()


def _message(error: Mapping[str, Any]) -> str:
    parts = (error.get("code"), error.get("message"), error.get("param"))
    return ": ".join(str(part) for part in parts if part) or "no reason given"


def _age_s(row: Mapping[str, Any]) -> float:
    """Return how long ago a batch ended, in seconds; 0 where the service does not say."""
    times = [row.get(f"{word}_at") for word in ("completed", "expired", "cancelled")]
    known = [value for value in times if isinstance(value, int | float) and value > 0]
    return max(0.0, time.time() - max(known)) if known else 0.0
