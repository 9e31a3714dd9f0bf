"""What a model can do, proved by asking: a handful of small calls before anything is spent.

    plain    one answer under the very settings of a run: a field that the server will not have, a missing chat
             template, a model that thinks first, token counts, the signature of the server
    form     a word that only a server holding the reply to a schema can make the model say
    seed     the plain call again; the same seed should give the same text
    n        two replies to one call
    length   a prompt of known length, which some servers cut without a word

Sends through chat.py. Knows no retries beyond a short patience at the start, and no configuration.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import cycle, islice
from typing import Any, TypeVar

from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Sampling, Schema
from selfgen.errors import (
    Ambiguous,
    BadConfig,
    CallError,
    CallRejected,
    KeyRefused,
    NoServer,
    NotAuthorised,
    Overloaded,
    QuotaUsedUp,
    SelfgenError,
    Transient,
)
from selfgen.models.abilities import (
    CANARY,
    VLLM,
    Capabilities,
    Length,
    Wanted,
    canary_schema,
    fitting_room,
    has_thought,
    judge_seed,
    read_limits,
    read_texts,
    secret_word,
)
from selfgen.models.chat import Chat
from selfgen.models.faults import SETTINGS, Reply, blamed_field, read_error, room_told
from selfgen.models.lane import Look
from selfgen.models.retry import end_of
from selfgen.models.wire import ModelInfo, Structured

SHORT_TOKENS, PROOF_TOKENS, THINKING_TOKENS = 16, 256, 2048
"""Room for a reply that nobody reads; for one that must come to its point; for a model that thinks before it does."""
LONG_WORDS = 3000
"""Longer than a prompt of the recipes that ship."""
RETRY_S = 1.0
T = TypeVar("T")
_UNFIT = frozenset({400, 404, 405, 413, 422, 501})
_NO_TEMPLATE = re.compile(r"chat.?template", re.IGNORECASE)
_UNKNOWN_FIELD = re.compile(r"support|recogni|unknown|permitted|not allowed|unexpected|instead", re.IGNORECASE)
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class Patience:
    """Repeats a step while a server is away or busy, until the time is up, or until somebody ends it."""

    def __init__(
        self,
        seconds: float = 60.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._until_s = clock() + seconds

    def end(self) -> None:
        """Wait for nobody from now on."""
        self._until_s = self._clock()

    async def ask(self, step: Callable[[], Awaitable[T]], base_url: str) -> T:
        """Return what a step gives. Raises what `explain` makes of its error."""
        while True:
            try:
                return await step()
            except (Overloaded, Transient, Ambiguous) as error:
                problem: CallError = error
            except CallError as error:
                raise explain(error, base_url) from None
            wait_s = max(RETRY_S, problem.retry_after_s or 0.0)
            if self._clock() + wait_s > self._until_s:
                raise explain(problem, base_url)
            await self._sleep(wait_s)


def explain(error: CallError, base_url: str) -> SelfgenError:
    """Say what a person should do about a call that failed before a run began."""
    if isinstance(error, KeyRefused | QuotaUsedUp | CallRejected):
        return end_of(error)
    todo = "Start it, or give the address of a running server with --base-url."
    return NoServer(f"No model server answers at {base_url}. {error.what}", todo=todo)


async def probe(chat: Chat, wanted: Wanted | None = None, patience: Patience | None = None) -> Capabilities:
    """Find out by at most seven calls what the model of `chat` does. A server that is starting is waited for. `chat`
    turns to plain completions where the model has no chat template.

    Raises NoServer, NotAuthorised, Paused (an empty account) or BadConfig: an unknown model, with those on offer, or a
    setting that the server will not have, by its name."""
    return await _Prober(chat, wanted or Wanted(Sampling(1.0, 1.0, PROOF_TOKENS)), patience or Patience()).run()


class _Prober:
    """One look at one model."""

    def __init__(self, chat: Chat, wanted: Wanted, patience: Patience) -> None:
        self._chat, self._wanted, self._patience = chat, wanted, patience
        self._rows: Sequence[ModelInfo] = ()
        self._vllm = self._seed_refused = False

    async def run(self) -> Capabilities:
        chat = self._chat
        with suppress(BadConfig, NotAuthorised):  # a server without a list, or a key that may do no more than generate
            self._rows = await self._patience.ask(chat.models, chat.base_url)
        self._vllm = any(row.owner == VLLM for row in self._rows)
        asleep = await chat.asleep() if self._vllm else None
        if asleep:
            todo = "Wake it (POST /wake_up), or name another server."
            raise NoServer(f"The server at {chat.base_url} sleeps, and lets calls hang.", todo=todo)
        plain, reply = await self._plain()
        look = chat.identify(self._rows, reply, plain)
        thinks = has_thought(plain, reply)
        structured = await self._form(look, thinks=thinks)
        again, two, (length, tokens) = await asyncio.gather(
            self._again(), self._two(), self._length(look, counted=plain.usage.known)
        )
        return Capabilities(
            model=chat.model,
            look=look,
            listed=any(row.id == chat.model for row in self._rows) if self._rows else None,
            served_as=plain.model,
            version=await chat.version() if self._vllm else "",
            completions=chat.completions,
            structured=structured,
            seeds_well=not self._vllm and not self._seed_refused,
            seed="refused" if self._seed_refused else judge_seed(plain, again, two or ()),
            n=None if two is None else len(two) == 2,
            usage_known=plain.usage.known,
            thinks=thinks,
            finished=plain.finish != "length",
            exposed=asleep is not None and not chat.local,
            long_prompt=length,
            long_prompt_tokens=tokens,
            limits=read_limits(reply.headers),
        )

    @property
    def _seeded(self) -> bool:
        """Tell whether the calls of the run will have a seed, as far as is known by now."""
        return self._wanted.send_seed == "on" or (
            self._wanted.send_seed == "auto" and not self._vllm and not self._seed_refused
        )

    # -- one call

    async def _try(
        self, ask: Ask, *, form: Structured = "off", more: Mapping[str, Any] | None = None
    ) -> tuple[Answered | Refused | None, Reply]:
        """Send a call as the run will send its own; None for a reply that says the server takes no such call."""
        chat = self._chat

        async def step() -> tuple[Answered | Refused | None, Reply]:
            reply = await chat.post(ask, structured=form, send_seed=self._seeded, more=more)
            return None if reply.status in _UNFIT else await chat.read(ask, reply), reply

        return await self._patience.ask(step, chat.base_url)

    async def _try_extra(self, ask: Ask, more: Mapping[str, Any] | None = None) -> tuple[Answered | None, Reply] | None:
        """Send a call that a run can do without; None where nothing can be learned from it."""
        try:
            result, reply = await self._try(ask, more=more)
        except (NoServer, BadConfig):
            return None
        return (result if isinstance(result, Answered) else None), reply

    def _ask(self, text: str, room: int, schema: Schema | None = None, seed: int = 1) -> Ask:
        sampling = replace(self._wanted.sampling, max_tokens=room)
        return Ask(CallId(-1, 0, 0), "propose", (Message("user", text),), sampling, seed, schema, "")

    # -- the plain call

    def _plain_ask(self, seed: int = 1, *, less: int = 0) -> Ask:
        """Ask for something that differs from call to call. It has the run's own max_tokens where only the server knows
        whether that is too much, and less where a long-winded reply would be in vain; `less` takes some of it away."""
        asked = self._wanted.sampling.max_tokens
        known = next((row.max_model_len for row in self._rows if row.id == self._chat.model), None)
        room = min(asked, PROOF_TOKENS) if known and asked <= known else asked
        return self._ask("Think of any word, and reply with that word alone.", max(1, room - less), seed=seed)

    async def _plain(self) -> tuple[Answered, Reply]:
        from_chat: Reply | None = None
        while True:
            ask = self._plain_ask()
            result, reply = await self._try(ask)
            if isinstance(result, Answered):
                return result, reply
            if isinstance(result, Refused):
                raise BadConfig(f"The server refuses even a short call: {result.detail}", todo="Try another model.")
            if not self._give_way(reply):
                if from_chat is not None:
                    self._chat.completions, reply = False, from_chat
                raise await self._fault(ask, reply)
            if self._chat.completions and from_chat is None:
                from_chat = reply

    def _give_way(self, reply: Reply) -> bool:
        """Change what may be changed without asking; tell whether the call is worth another try."""
        said = read_error(reply.data)
        no_page = reply.status in (404, 405) and said.param != "model"
        known = not self._rows or any(row.id == self._chat.model for row in self._rows)
        if not self._chat.completions and (_NO_TEMPLATE.search(said.message) or (no_page and known)):
            self._chat.completions = True
            return True
        if self._seeded and self._wanted.send_seed == "auto" and self._blamed(reply) == "seed":
            self._seed_refused = True
            return True
        return False

    def _blamed(self, reply: Reply) -> str:
        return blamed_field(read_error(reply.data), SETTINGS.keys() | self._chat.extra.keys())

    async def _fault(self, ask: Ask, reply: Reply) -> SelfgenError:
        """Say what is wrong with the settings when the server does not take a call without any fault of its own."""
        try:
            result = await self._chat.read(ask, reply)
        except CallError as error:
            return explain(error, self._chat.base_url)
        detail = result.detail if isinstance(result, Refused) else ""
        said, name = read_error(reply.data), self._blamed(reply)
        what = f"The server refuses even a short call: {detail}"
        asked = self._wanted.sampling.max_tokens
        if name in ("max_tokens", "max_completion_tokens"):
            told = room_told(said.message)
            if told and told.of_context:
                what = (
                    f"max_tokens is {asked:,}, and the context of {self._chat.model} is {told.tokens:,} tokens in all."
                )
                return BadConfig(what, todo=f"Set max_tokens to {fitting_room(told.tokens):,} or less.")
            if told or not _UNKNOWN_FIELD.search(said.message):
                most = f"{told.tokens:,} or less" if told else "what the server allows"
                return BadConfig(what, todo=f"Set max_tokens to {most}.")
        if name in self._chat.extra:
            return BadConfig(what, todo=f"Remove {name} from extra_body, or correct it.")
        return BadConfig(what, todo=SETTINGS.get(name, "Check extra_body and the settings of the model."))

    # -- what else it can do

    async def _form(self, look: Look, *, thinks: bool) -> Structured:
        """Return the first form that the server keeps to, "off" for none."""
        word, wanted = secret_word(self._chat.model), self._wanted
        known: tuple[Structured, ...] = ("grammar", "json_schema") if self._vllm else ("json_schema",)
        forms = known if wanted.forms is None else wanted.forms
        room = min(THINKING_TOKENS if thinks else PROOF_TOKENS, (look.max_model_len or THINKING_TOKENS * 2) // 2)
        for form in forms:
            ask = self._ask(CANARY, room, canary_schema(word))
            try:
                result, reply = await self._try(ask, form=form)
            except NoServer:  # it answers other calls, and fails at this one
                continue
            if isinstance(result, Answered) and word in result.text:
                return form
            if result is None and wanted.form_required:
                what = f"structured is {form}, and the server refuses such calls: {await self._detail(ask, reply)}"
                raise BadConfig(what, todo="Set structured: auto, or off.")
        return "off"

    async def _detail(self, ask: Ask, reply: Reply) -> str:
        """Return what a server says with a refusal."""
        try:
            result = await self._chat.read(ask, reply)
        except CallError as error:
            return error.what
        return result.detail if isinstance(result, Refused) else ""

    async def _again(self) -> Answered | None:
        """Send the plain call once more, with the same seed. Not to vLLM: see VLLM. It has a little less room, so that
        no cache between us and the model takes it for the same."""
        if self._vllm or not self._seeded:
            return None
        found = await self._try_extra(self._plain_ask(less=1))
        return found[0] if found else None

    async def _two(self) -> tuple[str, ...] | None:
        """Return the replies to a plain call that asks for two, with another seed."""
        found = await self._try_extra(self._plain_ask(seed=2), {"n": 2})
        if found is None:
            return None
        answer, reply = found
        return read_texts(reply) if answer is not None else ()

    async def _length(self, look: Look, *, counted: bool) -> tuple[Length, int | None]:
        """Send a long prompt, and compare its length with that which the server counted. Servers that tell the length
        of their context refuse what is too long."""
        if look.max_model_len or not counted:
            return "untried", None
        text = " ".join(islice(cycle(_WORDS), LONG_WORDS))
        found = await self._try_extra(self._ask(f"{text}\n\nReply with the word ok.", SHORT_TOKENS))
        if found is None:
            return "untried", None
        answer, _ = found
        if answer is None:
            return "refused", None
        seen = answer.usage.prompt_tokens
        return ("cut" if seen < 0.8 * LONG_WORDS else "kept"), seen
