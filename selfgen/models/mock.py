"""A stand-in for a language model, inside the process: nothing to install, no key, no wait.

It is not a language model. It fills sentence forms from word lists (`mocking`), which is enough to see a run work, to
test and to measure. Its data is good for nothing else: do not train on it.
"""

from __future__ import annotations

import asyncio
import math
from statistics import NormalDist
from typing import Literal

from selfgen.canon import hash_int
from selfgen.core.work import Answered, Ask, Refused, Usage
from selfgen.errors import BadConfig
from selfgen.models.mocking.reply import Rates, guess_lang, limit, reply, tokens

__all__ = ["NAME", "NOTICE", "Mock", "Rates", "reply"]

NAME = "mock"
NOTICE = "mock is a stand-in, not a language model: its data is for trying things out, not for training"
_THINKING = {"en": "The task is clear, so the answer follows.", "zh": "题目清楚，直接作答。"}
_SPREAD = 1.0
"""Sigma of the log-normal latency: the slowest call in a hundred takes about six times the mean."""


class Mock:
    """Answers every call from a grammar, always the same way for the same messages and seed.

    Rates are shares in [0, 1]; `near_duplicate_rate` counts tasks, the others count replies. `latency_s` is the mean
    of a heavy-tailed wait that depends on the seed of the call alone. Thinking stands in front of a reply, in tags.
    Prompts of more than `context` tokens are refused (0: none is). Raises BadConfig for values out of range."""

    def __init__(
        self,
        *,
        lang: Literal["auto", "en", "zh"] = "auto",
        near_duplicate_rate: float = 0.12,
        malformed_rate: float = 0.03,
        refusal_rate: float = 0.02,
        cut_rate: float = 0.01,
        thinking_rate: float = 0.0,
        context: int = 0,
        latency_s: float = 0.0,
        concurrency: int = 64,
    ) -> None:
        rates = {
            "near_duplicate_rate": near_duplicate_rate,
            "malformed_rate": malformed_rate,
            "refusal_rate": refusal_rate,
            "cut_rate": cut_rate,
            "thinking_rate": thinking_rate,
        }
        for name, rate in rates.items():
            _check(name, rate, "a share from 0 to 1", 0 <= rate <= 1)
        _check("latency_s", latency_s, "0 or more seconds", 0 <= latency_s < math.inf)
        _check("context", context, "0 or more", context >= 0)
        _check("concurrency", concurrency, "1 or more", concurrency >= 1)
        _check("lang", lang, "auto, en or zh", lang in ("auto", "en", "zh"))
        self._lang: Literal["auto", "en", "zh"] = lang
        self._rates = Rates(near_duplicate_rate, malformed_rate, refusal_rate, cut_rate)
        self._thinking_rate = thinking_rate
        self._context = int(context)
        self._latency_s = latency_s
        self._concurrency = self._made_for = int(concurrency)
        self._busy = 0

    async def answer(self, ask: Ask) -> Answered | Refused:
        """Answer one call after its wait, or refuse a prompt that is too long."""
        self._busy += 1
        try:
            await asyncio.sleep(wait_s(ask.seed, self._latency_s))
        finally:
            self._busy -= 1
        prompt_tokens = sum(tokens(message.content) for message in ask.messages)
        if 0 < self._context < prompt_tokens:
            return Refused(ask.id, "context_length", f"{prompt_tokens} tokens, and {self._context} fit")
        name, body = (ask.schema.name, ask.schema.body) if ask.schema else (None, "")
        text, finish = reply(
            ask.messages,
            name,
            ask.seed,
            self._rates,
            schema_body=body,
            lang=self._lang,
            max_tokens=ask.sampling.max_tokens,
        )
        if share(ask.seed, "thinking") < self._thinking_rate:
            thought = f"<think>\n{_THINKING[guess_lang(ask.messages)]}\n</think>\n\n"
            text, cut = limit(thought + text, ask.sampling.max_tokens)
            finish = cut if finish == "stop" else finish
        usage = Usage(prompt_tokens, tokens(text))
        return Answered(ask.id, text, finish, usage, NAME, ask.prompt_digest)

    def room(self) -> int:
        """How many more calls it would take right now."""
        return max(0, self._concurrency - self._busy)

    def pin(self, limit: int | None) -> None:
        """Take so many calls at once; None: as many as it was made for."""
        self._concurrency = limit or self._made_for

    def state(self) -> str:
        """Always "": nothing can go wrong in here. See NOTICE for what a person should know."""
        return ""

    async def aclose(self) -> None:
        """Nothing is held open."""


def _check(name: str, value: object, wanted: str, holds: bool) -> None:
    """Raise BadConfig unless an option is as wanted. (Comparing a text with a number raises TypeError by itself.)"""
    if not holds:
        raise BadConfig(f"model mock: {name} is {value!r}", todo=f"Give {wanted}.")


def wait_s(seed: int, mean_s: float) -> float:
    """Return the wait of one call: log-normal with the given mean, a function of the seed alone."""
    if mean_s <= 0:
        return 0.0
    return mean_s * math.exp(_SPREAD * NormalDist().inv_cdf(share(seed, "latency")) - _SPREAD**2 / 2)


def share(seed: int, purpose: str) -> float:
    """Return a number between 0 and 1 that the seed of a call draws for one purpose."""
    return (hash_int("mock", purpose, seed) % (1 << 52) + 0.5) / (1 << 52)
