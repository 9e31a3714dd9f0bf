"""The stand-in model with a small context, and with thinking in front of what it says."""

from __future__ import annotations

import asyncio

import pytest

from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Sampling
from selfgen.models.mock import Mock
from selfgen.models.mocking.reply import tokens

TEXTS = {"en": "Name the capital of France.", "zh": "法国的首都是哪座城市？"}


def told(mock: Mock, text: str, seed: int = 1, max_tokens: int = 500) -> Answered | Refused:
    ask = Ask(CallId(0, 3, 0), "answer", (Message("user", text),), Sampling(1, 1, max_tokens), seed, None, "sha256:d")
    return asyncio.run(mock.answer(ask))


@pytest.mark.parametrize("text", TEXTS.values())
def test_a_prompt_that_does_not_fit_is_refused(text: str) -> None:
    size = tokens(text)
    assert isinstance(told(Mock(context=size), text), Answered)
    assert isinstance(told(Mock(), text * 1_000), Answered)
    refused = told(Mock(context=size - 1), text)
    assert isinstance(refused, Refused)
    assert (refused.kind, refused.detail) == ("context_length", f"{size} tokens, and {size - 1} fit")


@pytest.mark.parametrize("lang", TEXTS)
def test_thinking_stands_in_front_of_the_same_reply(lang: str) -> None:
    plain = told(Mock(refusal_rate=0, malformed_rate=0, cut_rate=0), TEXTS[lang])
    aloud = told(Mock(refusal_rate=0, malformed_rate=0, cut_rate=0, thinking_rate=1), TEXTS[lang])
    assert isinstance(plain, Answered)
    assert isinstance(aloud, Answered)
    thought, _, said = aloud.text.partition("</think>\n\n")
    assert thought.startswith("<think>\n")
    assert (said, aloud.finish) == (plain.text, "stop")
    assert aloud.usage.completion_tokens == tokens(aloud.text) > plain.usage.completion_tokens


def test_thinking_takes_room() -> None:
    cut = told(Mock(refusal_rate=0, malformed_rate=0, cut_rate=0, thinking_rate=1), TEXTS["en"], max_tokens=6)
    assert isinstance(cut, Answered)
    assert cut.finish == "length"
    assert cut.text.startswith("<think>")
    assert "</think>" not in cut.text


def test_a_share_of_the_replies_thinks() -> None:
    mock = Mock(thinking_rate=0.3)
    replies = [told(mock, TEXTS["zh"], seed) for seed in range(300)]
    assert 60 < sum(isinstance(reply, Answered) and reply.text.startswith("<think>") for reply in replies) < 120
