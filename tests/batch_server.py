"""A real loopback server that speaks /v1/files and /v1/batches, works through batches by script, and counts what it
was paid for. A witness: it imports nothing of selfgen.

The work of a batch is done, and paid for, when the batch is made; how long it seems to take is `looks`.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Body = dict[str, Any]
OVER = ("completed", "expired", "cancelled")


class BatchServer(ThreadingHTTPServer):
    """`fates` names what becomes of the next batches ("completed", "expired", "failed", "crowded", "unpaid",
    "cancelled", "silent": no line at all), the rest are completed. `line` may change or replace the result line of a
    call: (custom_id, row) -> row, raw bytes, or None for a call that is left out. `meet` may answer any request first:
    (method, path) -> a status, "reset" before it is heard, "deaf" after it was done, or None. `unlisted`: so many
    listings do not show the newest batch yet. `paid` counts the calls that were worked on, by custom_id; single calls,
    which it takes too, are not among them. `names` are its models."""

    daemon_threads = True

    def __init__(self, reply: Callable[[Body], str], *, key: str = "", looks: int = 1, page: int = 2) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply, self.key, self.looks, self.page = reply, key, looks, page
        self.fates: deque[str] = deque()
        self.line: Callable[[str, Body], Body | bytes | None] = lambda name, row: row
        self.meet: Callable[[str, str], int | str | None] = lambda method, path: None
        self.unlisted = 0
        self.names = ("tiny",)
        self.metadata = True
        self.chance = random.Random(0)
        self.paid: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.models: list[set[str]] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        self.batches: dict[str, Body] = {}
        self.uploads = 0
        self.lock = threading.Lock()
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that have left."""

    # -- files --------------------------------------------------------------------------------------------------------

    def add_file(self, name: str, data: bytes) -> str:
        self.uploads += 1
        file = f"file-{self.uploads}"
        self.files[file] = (name, data)
        return file

    # -- batches ------------------------------------------------------------------------------------------------------

    def make(self, wish: Body) -> Body:
        """Begin a batch: decide its fate and do its work at once."""
        number = len(self.batches) + 1
        fate = self.fates.popleft() if self.fates else "completed"
        batch: Body = {
            "id": f"batch_{number}", "object": "batch", "status": "validating", "looks": self.looks, "fate": fate,
            "input_file_id": wish["input_file_id"], "metadata": wish.get("metadata") if self.metadata else None,
            "errors": None, "output_file_id": None, "error_file_id": None,
        }  # fmt: skip
        assert wish["completion_window"] == "24h"
        assert wish["endpoint"] == "/v1/chat/completions"
        self.batches[batch["id"]] = batch
        calls = [json.loads(line) for line in self.files[wish["input_file_id"]][1].splitlines()]
        self.models.append({call["body"]["model"] for call in calls})
        if fate in ("failed", "crowded", "unpaid"):
            code = {"failed": "invalid_json_line", "crowded": "token_limit_exceeded", "unpaid": "insufficient_quota"}
            batch["errors"] = {"data": [{"code": code[fate], "line": 2, "message": f"no good: {fate}"}]}
        else:
            self.work(batch, calls, 0.5 if fate in ("expired", "cancelled") else 1.0)
        return batch

    def work(self, batch: Body, calls: list[Body], share: float) -> None:
        """Answer a share of the calls, in any order; the others are told to have been too late."""
        good, bad = [], []
        self.chance.shuffle(calls)
        for index, call in enumerate(calls):
            name = call["custom_id"]
            if batch["fate"] == "silent":
                continue
            if index >= len(calls) * share:
                error = {"code": "batch_expired", "message": "too late"}
                bad.append({"id": "r", "custom_id": name, "response": None, "error": error})
                continue
            row = self.line(name, self.answer(name, call["body"]))
            if isinstance(row, dict) and (row.get("response") or {}).get("status_code") == 200:
                self.paid[name] += 1
            if row is not None:
                (good if isinstance(row, bytes) or row.get("error") is None else bad).append(row)
        for field, rows in (("output_file_id", good), ("error_file_id", bad)):
            if rows:
                lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
                batch[field] = self.add_file("results.jsonl", b"\n".join(lines))
        batch["done"], batch["total"] = len(good), len(calls)

    def answer(self, name: str, body: Body) -> Body:
        text = self.reply(body)
        usage = {"prompt_tokens": 7, "completion_tokens": len(text) // 4}
        said = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        answer = {"id": "chat", "model": body["model"], "choices": [said], "usage": usage}
        return {
            "id": "r", "custom_id": name, "error": None,
            "response": {"status_code": 200, "request_id": "q", "body": answer},
        }  # fmt: skip

    def look(self, batch: Body) -> Body:
        if batch["looks"] > 0:
            batch["looks"] -= 1
            batch["status"] = "in_progress"
        elif batch["status"] not in OVER:
            fate = batch["fate"]
            names = {"crowded": "failed", "unpaid": "failed", "silent": "completed"}
            batch["status"] = names.get(fate, fate)
        return self.show(batch)

    def show(self, batch: Body) -> Body:
        hidden = {} if batch["status"] in OVER else {"output_file_id": None, "error_file_id": None}
        if batch["status"] != "failed":
            hidden["errors"] = None
        counts = {"completed": batch.get("done", 0), "failed": 0, "total": batch.get("total", 0)}
        return {**batch, **hidden, "request_counts": counts}

    def listing(self, rows: list[Body], query: dict[str, list[str]]) -> Body:
        """Page through rows, newest first, `page` at a time."""
        after = query.get("after", [""])[0]
        ids = [row["id"] for row in rows]
        start = ids.index(after) + 1 if after else 0
        shown = rows[start : start + self.page]
        return {"object": "list", "data": shown, "has_more": start + self.page < len(rows)}


class _Handler(BaseHTTPRequestHandler):
    server: BatchServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one piece: two would wait for one another, 40 ms each time
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        place = urlsplit(self.path)
        path = place.path.removeprefix("/v1")
        with self.server.lock:
            self.server.asked[f"{method} {path}"] += 1
            met = self.server.meet(method, path)
            if met == "reset":
                self.close_connection = True
                return
            if isinstance(met, int):
                return self._say(met, {"error": {"message": f"scripted {met}"}})
            if self.server.key and self.headers.get("Authorization") != f"Bearer {self.server.key}":
                return self._say(401, {"error": {"message": "no such key"}})
            status, said = self._route(method, path, parse_qs(place.query), data)
        if met == "deaf":
            self.close_connection = True
            return
        self._say(status, said)

    def _route(self, method: str, path: str, query: dict[str, list[str]], data: bytes) -> tuple[int, Any]:
        server, parts = self.server, path.strip("/").split("/")
        match method, *parts:
            case ["POST", "files"]:
                return 200, {"id": server.add_file(*self._read_form(data)), "object": "file"}
            case ["GET", "files"]:
                rows = [{"id": file, "filename": name} for file, (name, _) in server.files.items()]
                return 200, server.listing(rows[::-1], query)
            case ["GET", "files", file, "content"] if file in server.files:
                return 200, server.files[file][1]
            case ["DELETE", "files", file] if file in server.files:
                del server.files[file]
                return 200, {"id": file, "deleted": True}
            case ["GET", "models"]:
                return 200, {"object": "list", "data": [{"id": name, "object": "model"} for name in server.names]}
            case ["POST", "chat", "completions"]:
                return 200, server.answer("", json.loads(data))["response"]["body"]
            case ["POST", "batches"]:
                return 200, server.show(server.make(json.loads(data)))
            case ["GET", "batches"]:
                rows = [server.show(batch) for batch in reversed(server.batches.values())]
                if server.unlisted:
                    server.unlisted, rows = server.unlisted - 1, rows[1:]
                return 200, server.listing(rows, query)
            case ["GET", "batches", batch] if batch in server.batches:
                return 200, server.look(server.batches[batch])
            case ["POST", "batches", batch, "cancel"] if batch in server.batches:
                server.batches[batch]["fate"], server.batches[batch]["looks"] = "cancelled", 0
                return 200, server.show(server.batches[batch])
        return 404, {"error": {"message": f"nothing at {path}"}}

    def _read_form(self, data: bytes) -> tuple[str, bytes]:
        """Read a form with a purpose and one file."""
        boundary = b"--" + self.headers["Content-Type"].partition("boundary=")[2].encode()
        parts = [part.strip(b"\r\n").partition(b"\r\n\r\n") for part in data.split(boundary)[1:-1]]
        assert any(b'name="purpose"' in head and value == b"batch" for head, _, value in parts)
        head, _, value = next(part for part in parts if b"filename=" in part[0])
        return head.partition(b'filename="')[2].partition(b'"')[0].decode(), value

    def _say(self, status: int, said: Any) -> None:
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(OSError):  # who asked may have left
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass
