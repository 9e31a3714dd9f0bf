"""What a server's "no" means: from status, code and headers to one of our errors, or to a `Refused`.

Knows the error bodies of OpenAI-compatible servers and the forms of Retry-After. Knows no sockets and no clock.

    status and code                                   class      becomes
    401, 403                                          config     KeyRefused
    404, 405, 407, redirects, "unsupported" codes     config     CallRejected, with the setting to change
    402, codes of an empty account                    quota      QuotaUsedUp
    429, 503, 529                                     overload   Overloaded, with the wait that the server asks for
    408, 409, 425, other 5xx                          transient  Transient
    413, codes of a prompt that is too long           request    Refused "context_length"
    400, 422 and all others                           request    Refused "invalid_request"

Classes are told by status, code, type and parameter. Prose is searched for an empty account, and for a prompt that is
too long only in how a message begins: further on it may quote the prompt.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from selfgen.core.work import CallId, Refused
from selfgen.errors import CallError, CallRejected, KeyRefused, Overloaded, QuotaUsedUp, Transient

LONGEST_TEXT = 300
LONGEST_WAIT_S = 3600.0
LONGEST_LABEL = 1000
"""Long enough for the path of a folder."""
LONGEST_HEADER = 100
"""No wait takes more characters to say."""
TELLING_KEY, TELLING_START = 16, 8
"""A key of so many characters is known by its first ones, and is no word of another meaning."""
OVERLOAD = frozenset({429, 503, 529})
TRY_AGAIN = frozenset({408, 409, 425})
QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "insufficient_user_quota"})
QUOTA_TEXTS = ("insufficient balance", "credit balance is too low")
"""DeepSeek (402, in fact told by its status, but relays change it) and Anthropic (400) have no code for it."""
CONTEXT_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "input_tokens", "input_text"})
"""Codes of OpenAI and llama.cpp; parameters that vLLM names when a prompt is too long."""
UNSUPPORTED_CODES = frozenset({"unsupported_parameter", "unsupported_value"})
"""Codes of OpenAI for a field that its model does not know, or knows with one value only: the same for every prompt."""
SETTINGS: Mapping[str, str] = {
    "max_tokens": "Set max_tokens_field: max_completion_tokens for this model.",
    "max_completion_tokens": "Set max_tokens_field: max_tokens for this model.",
    "temperature": "Set temperature: 1 for this model.",
    "top_p": "Set top_p: 1 for this model.",
    "seed": "Set calls.send_seed: off.",
    "response_format": "Set structured: off.",
    "structured_outputs": "Set structured: off.",
}
"""What a person can do about a field of the body that a server will not have."""

_CONTEXT = re.compile(
    r"(?:\d+ )?(?:this model's maximum context length is \d"
    r"|'?max_tokens'?.{0,40} is too large: \d+\. this model's maximum context length"
    r"|the input \(\d+ tokens\) is longer than the model's context length"
    r"|requested token count exceeds the model's maximum context length"
    r"|trying to keep the first \d+ tokens when context)",
    re.IGNORECASE,
)
"""How older vLLM (for the prompt, or prompt and reply together), SGLang and LM Studio begin, who have no code."""
_ROOM = re.compile(r"(max_model_len=|maximum context length (?:is|of) |supports at most )(\d{1,9})")
_SECRETS = re.compile(r"(?i)\bbearer\s+\S+|\b(?:sk|pk|key)-[\w*.-]{6,}")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SPAN_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Unreachable(Transient):
    """No connection could be made: refused, no such host, no route. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply, read to its end and unpacked. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    data: bytes


@dataclass(frozen=True, slots=True)
class ErrorFields:
    """What an error body says; "" for all that it leaves out."""

    message: str
    code: str
    kind: str
    param: str

    def marks(self) -> frozenset[str]:
        return frozenset({self.code, self.kind, self.param} - {""})


def clean_text(text: str, key: str = "") -> str:
    """Make a server's text fit to show: no key and no beginning of it, nothing that looks like one, no control
    characters, one line, cut."""
    if len(key) >= 4:
        text = text.replace(key, "[key]")
    if len(key) >= TELLING_KEY:
        text = _beginning_of(key).sub("[key]", text)
    return _flatten(_SECRETS.sub("[key]", text[: 20 * LONGEST_TEXT]), LONGEST_TEXT)


def clean_label(text: str, key: str = "") -> str:
    """Make a name that a server signs with fit to be stored, compared and shown: no key, no control characters, one
    line, cut. What only looks like a key stays: a model may be called so."""
    if len(key) >= TELLING_KEY:
        text = text.replace(key, "[key]")
    return _flatten(text[: 2 * LONGEST_LABEL], LONGEST_LABEL)


def _flatten(text: str, most: int) -> str:
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(each)[0] == "C" else each for each in text)
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


@lru_cache(maxsize=16)
def _beginning_of(key: str) -> re.Pattern[str]:
    """Match what begins as a key does: services repeat keys cut, or with stars in them."""
    return re.compile(re.escape(key[:TELLING_START]) + r"[\w*.…-]*", re.IGNORECASE)


def read_error(data: bytes) -> ErrorFields:
    """Read an error body: `{"error": {...}}`, `{"error": "text"}`, `{"message": ...}`, `{"detail": [{"loc": ...}]}`, or
    anything else as text."""
    text = data[: 20 * LONGEST_TEXT].decode("utf-8", "replace")
    try:
        value: Any = json.loads(data)
    except (ValueError, RecursionError):
        return ErrorFields("" if text.lstrip().startswith("<") else text, "", "", "")
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict) and "error" in value:
        value = value["error"]
    if not isinstance(value, dict):
        return ErrorFields(text if not isinstance(value, str) else value, "", "", "")
    said = value.get("message")
    detail = said.get("detail") if isinstance(said, dict) else value.get("detail")
    fields = [value.get(name) for name in ("code", "type", "param")]
    code, kind, param = ("" if field is None else str(field) for field in fields)
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        place = detail[0].get("loc")
        param = param or (str(place[-1]) if isinstance(place, list) and place else "")
        said = f"{param}: {detail[0].get('msg')}"
    elif isinstance(detail, str):
        said = said or detail
    return ErrorFields(said if isinstance(said, str) and said else text, code, kind, param)


def blamed_field(fields: ErrorFields, sent: Collection[str]) -> str:
    """Return which of the fields sent an error is about, "" where none is told: its parameter, else the first that the
    message names. Only for a prompt of ours that names no field: a message may quote it."""
    param = re.split(r"[.\[]", fields.param)[0]
    if param in sent:
        return param
    words = re.findall(r"[a-z_]+", fields.message.lower())
    return next((word for word in words if word in sent), "")


@dataclass(frozen=True, slots=True)
class Room:
    """How many tokens a model takes in all (its context), or gives in one reply."""

    tokens: int
    of_context: bool


def room_told(message: str) -> Room | None:
    """Return the room that an error message tells, None where it tells none."""
    told = _ROOM.search(message)
    return Room(int(told[2]), not told[1].startswith("supports")) if told else None


def retry_after_s(headers: Mapping[str, str], now_epoch_s: float) -> float | None:
    """Return the seconds a server asks us to wait, at most LONGEST_WAIT_S; None where it does not say or says nonsense.

    Reads `retry-after-ms`, then `retry-after` and the `x-ratelimit-reset-*` headers: seconds, spans such as "6m0s" and
    "500ms", HTTP dates. A reset counts only where its bucket is empty.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return min(milliseconds / 1000, LONGEST_WAIT_S)
    asked = _wait_s(headers.get("retry-after", ""), now_epoch_s)
    if asked is not None:
        return asked
    resets = [
        _wait_s(headers.get(f"x-ratelimit-reset-{what}", ""), now_epoch_s)
        for what in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{what}", "").strip() == "0"
    ]
    return max((wait for wait in resets if wait is not None), default=None)


def _wait_s(text: str, now_epoch_s: float) -> float | None:
    text = text.strip().lower()
    if len(text) > LONGEST_HEADER:
        return None
    number = _number(text)
    if number is not None:
        return min(number, LONGEST_WAIT_S)
    parts = _SPAN.findall(text)
    if parts and "".join(amount + unit for amount, unit in parts) == text:
        return min(sum(float(amount) * _SPAN_S[unit] for amount, unit in parts), LONGEST_WAIT_S)
    try:
        wait = parsedate_to_datetime(text).timestamp() - now_epoch_s
    except (ValueError, OverflowError):
        return None
    return min(wait, LONGEST_WAIT_S) if wait > 0 else None


def _number(text: str) -> float | None:
    """Read a finite number that is not negative."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def judge(reply: Reply, call: CallId, *, key: str, now_epoch_s: float) -> Refused | CallError:
    """Say what a reply with an error status means. An error is returned, not raised: the caller raises it."""
    fields = read_error(reply.data)
    text = clean_text(f"{reply.status} {fields.message}", key)
    status = reply.status
    if status == 402 or fields.marks() & QUOTA_CODES or any(mark in fields.message.lower() for mark in QUOTA_TEXTS):
        return QuotaUsedUp(f"The account is empty. The server says: {text}")
    if status in (401, 403):
        return KeyRefused(f"The server refuses the key. It says: {text}")
    if status in OVERLOAD:
        return Overloaded(f"The server is busy: {text}", retry_after_s=retry_after_s(reply.headers, now_epoch_s))
    if status in TRY_AGAIN or status >= 500 or status < 300:
        return Transient(f"The server failed: {text}")
    return _judge_set_up(reply, call, fields, text, key)


def _judge_set_up(reply: Reply, call: CallId, fields: ErrorFields, text: str, key: str) -> Refused | CallError:
    if reply.status < 400:
        place = clean_text(reply.headers.get("location", "elsewhere"), key)
        return CallRejected(
            f"The server sends us on to {place}; selfgen never follows.",
            todo="Give the final address with --base-url.",
        )
    if reply.status in (404, 405, 407):
        return CallRejected(
            f"The server does not know this model, or takes no such calls: {text}", todo="Check --base-url and --model."
        )
    if fields.marks() & UNSUPPORTED_CODES:
        todo = SETTINGS.get(fields.param, f"Look for {fields.param or 'it'} in extra_body.")
        return CallRejected(f"The model does not take calls of this form: {text}", todo=todo)
    if reply.status == 413 or fields.marks() & CONTEXT_CODES or _CONTEXT.match(fields.message):
        return Refused(call, "context_length", text)
    return Refused(call, "invalid_request", text)
