"""Which model servers are there, which models they have, and what a model can do, proved by asking.

Knows the ports that local servers use. Sends through chat.py; knows no retries beyond a short patience at the start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from selfgen.canon import canonical_json, hash_int
from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Sampling, Schema
from selfgen.errors import (
    Ambiguous,
    BadConfig,
    CallError,
    CallRejected,
    KeyRefused,
    NoServer,
    Overloaded,
    QuotaUsedUp,
    Transient,
)
from selfgen.models.chat import Chat, ModelInfo
from selfgen.models.faults import clean_text
from selfgen.models.retry import end_of
from selfgen.models.wire import Structured

WELL_KNOWN = (("vLLM", 8000), ("Ollama", 11434), ("LM Studio", 1234), ("llama.cpp", 8080), ("SGLang", 30000))
"""Local servers and their usual ports, in order of preference."""
T = TypeVar("T")
VLLM = "vllm"
"""How vLLM signs its models. It takes grammars, and it pays for seeded calls: vLLM 0.32 leaves its fused sampler for a
loop over the seeded rows of a batch, and its CPU engine dies of a seeded prompt that is prefilled in two steps ("CPU
Generator does not use offset")."""
PROOF_TOKENS = 256
RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """A server that answered: the usual name for its port, its address and its models."""

    name: str
    base_url: str
    models: tuple[ModelInfo, ...]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model proved to do. `listed`: the server names it (None: it lists nothing). `served_as`: how it signs its
    answers. `structured`: the form that it proved to keep to. `max_model_len` in tokens.
    `seeds_well`: a seed with each call does no harm (see VLLM)."""

    model: str
    served_as: str
    listed: bool | None
    structured: Structured
    usage_known: bool
    max_model_len: int | None
    seeds_well: bool


async def find_servers(
    places: Sequence[tuple[str, int]] = WELL_KNOWN, *, host: str = "127.0.0.1", timeout_s: float = 1.0
) -> tuple[Found, ...]:
    """Look at all places at once; return those that list models, in the order of `places`."""
    looks = [_look(name, f"http://{host}:{port}/v1", timeout_s) for name, port in places]
    return tuple(found for found in await asyncio.gather(*looks) if found is not None)


async def _look(name: str, base_url: str, timeout_s: float) -> Found | None:
    chat = Chat(base_url=base_url, model="", connect_s=timeout_s, idle_s=timeout_s, total_s=timeout_s)
    try:
        models = await chat.models()
    except CallError:
        return None
    finally:
        await chat.aclose()
    return Found(name, chat.base_url, models) if models else None


async def list_models(base_url: str, key: str = "", *, allow_insecure: bool = False) -> tuple[ModelInfo, ...]:
    """Return the models of one server. Raises NoServer, NotAuthorised or BadConfig."""
    chat = Chat(base_url=base_url, model="", key=key, idle_s=30.0, total_s=30.0, allow_insecure=allow_insecure)
    try:
        return await chat.models()
    except CallError as error:
        raise _explain(error, chat.base_url) from None
    finally:
        await chat.aclose()


def choose_model(models: Sequence[ModelInfo], base_url: str) -> str:
    """Return the only model of a server. Raises BadConfig where there are several, and lists them."""
    if len(models) == 1:
        return models[0].id
    names = ", ".join(clean_text(model.id) for model in models) or "none"
    raise BadConfig(f"The server at {base_url} has {len(models)} models.", todo=f"Choose with --model: {names}")


async def probe(
    chat: Chat,
    *,
    patience_s: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Capabilities:
    """Find out by two or three small calls what the model of `chat` does. A server that is starting is waited for.

    Raises NoServer, NotAuthorised, Paused (an empty account) or BadConfig (an unknown model, with those on offer)."""
    patient = _Patience(chat.base_url, clock() + patience_s, clock, sleep)
    try:
        models = await patient.ask(chat.models)
    except BadConfig:
        models = ()  # a server without a list of models is a server all the same
    row = next((model for model in models if model.id == chat.model), None)
    word = secret_word(chat.model)
    vllm = any(model.owner == VLLM for model in models)
    structured, answer = await _prove_form(
        patient, chat, word, ("grammar", "json_schema") if vllm else ("json_schema",)
    )
    return Capabilities(
        model=chat.model,
        served_as=answer.model,
        listed=row is not None if models else None,
        structured=structured,
        usage_known=answer.usage.known,
        max_model_len=row.max_model_len if row else None,
        seeds_well=not vllm,
    )


def secret_word(model: str) -> str:
    """Make up a word of twelve letters that no text contains, the same for the same model."""
    bits = hash_int("canary", model)
    return "".join(chr(ord("a") + (bits >> 8 * place) % 26) for place in range(12))


def _canary_ask(word: str) -> Ask:
    """Ask for one thing in words, and for another by schema: only a server that enforces the schema says the word.

    The word is both name and value: a small model may lose itself in white space before it comes to the value."""
    schema = {
        "type": "object",
        "properties": {word: {"type": "string", "enum": [word]}},
        "required": [word],
        "additionalProperties": False,
    }
    text = 'Reply with this JSON object and nothing else: {"word": "hello"}'
    return _ask(text, PROOF_TOKENS, Schema("word", canonical_json(schema)))


def _ask(text: str, max_tokens: int, schema: Schema | None) -> Ask:
    return Ask(CallId(-1, 0, 0), "propose", (Message("user", text),), Sampling(0.0, 1.0, max_tokens), 0, schema, "")


async def _prove_form(
    patient: _Patience, chat: Chat, word: str, forms: Sequence[Structured]
) -> tuple[Structured, Answered]:
    """Return the first form that the server keeps to, "off" for none, and an answer of its."""
    answer = None
    for form in forms:
        answer = await _ask_or_none(patient, chat, _canary_ask(word), form)
        if answer is not None and word in answer.text:
            return form, answer
    return "off", answer or await _plain_answer(patient, chat)


async def _ask_or_none(patient: _Patience, chat: Chat, ask: Ask, form: Structured) -> Answered | None:
    """Return the answer to a structured call, None where the server refuses such a call."""
    try:
        answer = await patient.ask(lambda: chat.send(ask, structured=form))
    except BadConfig:
        return None
    return answer if isinstance(answer, Answered) else None


async def _plain_answer(patient: _Patience, chat: Chat) -> Answered:
    answer = await patient.ask(lambda: chat.send(_ask("Reply with the word ok.", 16, None), structured="off"))
    if isinstance(answer, Refused):
        todo = "Check extra_body, and set max_tokens_field to max_completion_tokens if the server asks for it."
        raise BadConfig(f"The server refuses even a short call: {answer.detail}", todo=todo)
    return answer


@dataclass(frozen=True, slots=True)
class _Patience:
    """Repeats a step while the server is away or busy, until the time is up."""

    base_url: str
    until_s: float
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]

    async def ask(self, step: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await step()
            except (Overloaded, Transient, Ambiguous) as error:
                problem: CallError = error
            except CallError as error:
                raise _explain(error, self.base_url) from None
            wait_s = max(RETRY_S, problem.retry_after_s or 0.0)
            if self.clock() + wait_s > self.until_s:
                raise _explain(problem, self.base_url)
            await self.sleep(wait_s)


def _explain(error: CallError, base_url: str) -> Exception:
    if isinstance(error, KeyRefused | QuotaUsedUp | CallRejected):
        return end_of(error)
    todo = "Start it, or give the address of a running server with --base-url."
    return NoServer(f"No model server answers at {base_url}. {error.what}", todo=todo)
