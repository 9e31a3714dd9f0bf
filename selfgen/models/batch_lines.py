"""Lines of batch files: calls on their way out, results on their way in. The same for every service of this form.

Knows the line formats of OpenAI's Batch API, which vLLM's run-batch shares. Knows no service, no file and no wait.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from selfgen.core.batches import Result
from selfgen.core.work import Ask, Refused
from selfgen.errors import CallError, CallRejected, KeyRefused, QuotaUsedUp, SelfgenError, Transient
from selfgen.models.chat import check_extra
from selfgen.models.faults import Reply, clean_text, judge
from selfgen.models.hold import end_of
from selfgen.models.wire import Structured, read_answer, request_body, unsendable

ENDPOINT = "/v1/chat/completions"
UNTRIED = frozenset({"batch_expired", "batch_cancelled"})
"""Error codes of calls that the service never got to."""
_LONGEST_ID = 64


class Lines:
    """Writes and reads the lines of one model. Takes what chat.Chat takes for a body."""

    def __init__(
        self,
        *,
        model: str,
        key: str = "",
        structured: Structured = "off",
        extra_body: Mapping[str, Any] | None = None,
        max_tokens_field: str = "max_tokens",
        send_seed: bool = True,
    ) -> None:
        self.model = model
        self._key = key
        self._structured = structured
        self._extra = check_extra(extra_body or {}, max_tokens_field)
        self._max_tokens_field = max_tokens_field
        self._send_seed = send_seed

    def encode(self, ask: Ask) -> bytes | Refused:
        """Return the line of one call, without its line break, or why it can never be sent."""
        try:
            body = request_body(
                ask,
                model=self.model,
                structured=self._structured,
                extra=self._extra,
                max_tokens_field=self._max_tokens_field,
                send_seed=self._send_seed,
            )
        except UnicodeEncodeError:
            return unsendable(ask.id)
        return b'{"custom_id":"%s","method":"POST","url":"%s","body":%s}' % (
            str(ask.id).encode("ascii"),
            ENDPOINT.encode("ascii"),
            body,
        )

    def decode(self, line: bytes, asks: Mapping[str, Ask]) -> Result:
        """Read one line of results. What is not about one of `asks` has an id and nothing else, or not even that."""
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return Result()
        name = row.get("custom_id") if isinstance(row, dict) else None
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_ID:
            return Result()
        ask = asks.get(name)
        return Result(name) if ask is None else self._read(name, row, ask)

    def _read(self, name: str, row: Mapping[str, Any], ask: Ask) -> Result:
        response = row.get("response")
        response = response if isinstance(response, dict) else {}
        status, body = response.get("status_code"), response.get("body")
        error = row.get("error")
        if status == 200 and not error:
            try:
                reply = Reply(200, {}, json.dumps(body).encode("ascii"))
                return Result(name, event=read_answer(reply, ask, model=self.model, key=self._key))
            except CallError as problem:
                return Result(name, problem=problem)
        if isinstance(error, dict) and error.get("code") in UNTRIED:
            what = clean_text(f"{error.get('code')}: {error.get('message', '')}", self._key)
            return Result(name, problem=Transient(what), tried=False)
        return self._judge(name, status, body if body else {"error": error}, ask)

    def _judge(self, name: str, status: object, said: Any, ask: Ask) -> Result:
        if isinstance(said, dict) and isinstance(said.get("error"), dict) and "error" in said["error"]:
            said = said["error"]  # vLLM wraps its errors once more
        code = status if isinstance(status, int) and 300 <= status < 600 else 500
        found = judge(Reply(code, {}, json.dumps(said).encode("ascii")), ask.id, key=self._key, now_epoch_s=time.time())
        return Result(name, event=found) if isinstance(found, Refused) else Result(name, problem=last_word(found))


def last_word(problem: CallError) -> SelfgenError:
    """Return what ends the run, where a failure lasts; a failure that passes as it is."""
    return end_of(problem) if isinstance(problem, KeyRefused | QuotaUsedUp | CallRejected) else problem
