"""Request bodies and answers of the chat completions protocol, and of the older one for prompts that are one text.
Pure: bytes out, bytes in.

Knows the shapes and quirks of OpenAI-compatible servers. Knows no sockets, no statuses and no retries.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from selfgen.core.work import Answered, Ask, CallId, Refused, Schema, Usage
from selfgen.errors import Transient
from selfgen.models.faults import TELLING_KEY, Reply, clean_label, clean_text
from selfgen.models.grammar import to_grammar
from selfgen.models.plain import cut_reply, render_plain

Structured = Literal["off", "json_schema", "grammar"]
"""How a reply is held to its form: not at all, by the protocol's response_format, by a grammar (vLLM)."""
SHUT_DOWN = frozenset({"abort", "error"})
"""Finish reasons of vLLM for a call that its shutdown or a fault of its engine cut off: not an answer."""
FILTERED = "content_filter"
MOST_TOKENS = 10**9
"""No call and no context has more; a count beyond it is a slip, and would end every budget."""
LONGEST_ID = 1000
_LENGTHS = ("max_model_len", "context_length", "context_window", "max_context_length")
"""How lists of models name the context: vLLM and SGLang, OpenRouter and Together, Groq, Mistral and LM Studio."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One row of GET /models. `max_model_len` is in tokens, None where the server does not say; `owner` signs it;
    `root` names the weights behind the id (vLLM)."""

    id: str
    max_model_len: int | None = None
    owner: str = ""
    root: str = ""


def request_body(
    ask: Ask,
    *,
    model: str,
    structured: Structured,
    extra: Mapping[str, Any],
    max_tokens_field: str = "max_tokens",
    send_seed: bool = True,
    completions: bool = False,
) -> bytes:
    """Build the JSON of one call; with `completions` its messages are one text (see plain.py). `extra` wins over what
    it names. A lone surrogate raises UnicodeEncodeError."""
    body: dict[str, Any] = {"model": model}
    if completions:
        prompt = render_plain(ask.messages)
        body |= {"prompt": prompt.text, "stop": prompt.stops}
    else:
        body["messages"] = [{"role": message.role, "content": message.content} for message in ask.messages]
    body["temperature"] = ask.sampling.temperature
    body["top_p"] = ask.sampling.top_p
    body["max_tokens" if completions else max_tokens_field] = ask.sampling.max_tokens
    if send_seed:
        body["seed"] = ask.seed
    if ask.schema is not None:
        body.update(_form(ask.schema, structured))
    body.update(extra)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _form(schema: Schema, structured: Structured) -> dict[str, Any]:
    """Return the fields that hold a reply to its form: of the OpenAI protocol, or of vLLM's extension of it."""
    grammar = to_grammar(schema.body) if structured == "grammar" else None
    if grammar is not None:
        return {"structured_outputs": {"grammar": grammar}}
    if structured == "off":
        return {}
    asked = {"name": schema.name, "strict": True, "schema": _parsed_schema(schema.body)}
    return {"response_format": {"type": "json_schema", "json_schema": asked}}


@lru_cache(maxsize=64)
def _parsed_schema(text: str) -> Any:
    return json.loads(text)


def inflate(data: bytes, encoding: str, limit: int) -> bytes:
    """Undo Content-Encoding gzip or deflate. Raises Transient if the data is damaged, cut, or grows past `limit`."""
    if encoding in ("", "identity"):
        return data
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Transient(f"The server packed its answer as {clean_text(encoding)}, which was not asked for.")
    unpacker = zlib.decompressobj(wbits=47)
    try:
        plain = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise Transient("The server's packed answer is damaged.") from None
    if len(plain) > limit:
        raise Transient(f"The server's answer is longer than {limit} bytes.")
    if not unpacker.eof:
        raise Transient("The server's packed answer was cut off.")
    return plain


def read_answer(reply: Reply, ask: Ask, *, model: str, key: str = "", completions: bool = False) -> Answered | Refused:
    """Read a reply with status 200. Raises Transient where it is no answer at all: a web page, broken JSON, no choice.

    Leading blank lines (keep-alive of DeepSeek and of proxies) are harmless.
    """
    answer = read_object(reply)
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = _message(choice, ask, completions=completions)
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise Transient("The server's answer holds no choice.")
    finish = _text(choice.get("finish_reason"))[:40]
    if finish in SHUT_DOWN:
        raise Transient(f"The server broke the call off (finish_reason {finish}).")
    text = _content(message.get("content"))
    refusal = _text(message.get("refusal"))
    if not text.strip() and (refusal or finish == FILTERED):
        return Refused(
            ask.id, FILTERED, clean_text(refusal or "The server's content filter held the answer back.", key)
        )
    return Answered(
        id=ask.id,
        text=text,
        finish=finish,
        usage=_usage(answer.get("usage"), ask, text),
        model=clean_label(_text(answer.get("model")), key)[:200] or model,
        prompt_digest=ask.prompt_digest,
        reasoning=_text(message.get("reasoning")) or _text(message.get("reasoning_content")),
    )


def _message(choice: Any, ask: Ask, *, completions: bool) -> Any:
    """Return the message of a choice; what a plain prompt is answered with is made into one."""
    if not isinstance(choice, dict):
        return None
    if not completions:
        return choice.get("message")
    text = choice.get("text")
    return {"content": cut_reply(text, render_plain(ask.messages).stops)} if isinstance(text, str) else None


def read_models(reply: Reply, key: str = "") -> tuple[ModelInfo, ...]:
    """Read a list of models; rows that are none are passed over, and those whose id nobody could type. Raises Transient
    for what is no JSON object."""
    rows = read_object(reply).get("data")
    listed = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return tuple(
        ModelInfo(
            row["id"],
            next((length for name in _LENGTHS if (length := _count(row.get(name)))), None),
            clean_label(_text(row.get("owned_by"))),
            clean_label(_text(row.get("root")), key),
        )
        for row in listed
        if _is_id(row.get("id"), key)
    )


def _is_id(value: Any, key: str) -> bool:
    """Tell whether a model may be called so: a word in one line, in which a server does not repeat the key."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or not value.isprintable():
        return False
    return len(key) < TELLING_KEY or key not in value


def read_fingerprint(reply: Reply, key: str = "") -> str:
    """Return what a server signs its answers with, "" for most. Raises Transient for what is no JSON object."""
    return clean_label(_text(read_object(reply).get("system_fingerprint")), key)[:200]


def read_object(reply: Reply) -> dict[str, Any]:
    """Return the JSON object of a reply. Raises Transient for a web page and for everything else."""
    if "html" in reply.headers.get("content-type", "").lower():
        raise Transient("A web page came instead of an answer: a proxy or a login page stands before the server.")
    try:
        value = json.loads(reply.data)
    except (ValueError, RecursionError):
        raise Transient("The server's answer is not JSON.") from None
    if not isinstance(value, dict):
        raise Transient("The server's answer is not a JSON object.")
    return value


def error_status(reply: Reply) -> int:
    """Return the status that an error inside a reply with status 200 stands for (OpenRouter sends such), else 200."""
    if b'"error"' not in reply.data or b'"choices"' in reply.data:
        return 200
    error = read_object(reply).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and 400 <= code < 600:
        return code
    return 500 if error else 200


def unsendable(call: CallId) -> Refused:
    """Refuse a prompt that is no valid Unicode and so can never be sent."""
    return Refused(call, "invalid_request", "The prompt holds a lone surrogate, which UTF-8 cannot carry.")


def _content(value: Any) -> str:
    """Join the text of a message: a string, a list of parts, or nothing."""
    if isinstance(value, list):
        parts = [part.get("text") if isinstance(part, dict) else part for part in value]
        return "".join(_text(part) for part in parts)
    return _text(value)


def _text(value: Any) -> str:
    """Return a text that can be stored: a lone surrogate, which JSON can carry and UTF-8 cannot, becomes U+FFFD."""
    if not isinstance(value, str):
        return ""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def _usage(value: Any, ask: Ask, text: str) -> Usage:
    """Read token counts. For a server that does not count they are estimated, so that budgets hold all the same."""
    if not isinstance(value, dict) or _count(value.get("prompt_tokens")) is None or _is_absurd(value):
        prompt = sum(_estimate(message.content) for message in ask.messages)
        return Usage(prompt, _estimate(text), known=False)
    details = value.get("prompt_tokens_details")
    return Usage(
        prompt_tokens=_count(value["prompt_tokens"]) or 0,
        completion_tokens=_count(value.get("completion_tokens")) or 0,
        cached_tokens=(_count(details.get("cached_tokens")) if isinstance(details, dict) else 0) or 0,
    )


def _is_absurd(usage: dict[str, Any]) -> bool:
    written = usage.get("completion_tokens")
    return isinstance(written, int) and written > MOST_TOKENS


def _estimate(text: str) -> int:
    """Return about how many tokens a text has: one in four bytes, which is one in 1.3 Chinese characters."""
    return len(text.encode("utf-8", "replace")) // 4 + 1


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else None
