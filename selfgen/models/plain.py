"""Prompts for models that have no chat template: messages as one text, for /v1/completions.

The rendering is fixed; the reply is what the model writes before the next heading.

    ### System:            in Chinese: ### 系统：, ### 用户：, ### 助手：
    ...

    ### User:
    ...

    ### Assistant:

Where a message holds such a heading of its own, all headings of the prompt get another #, so that no content can begin
a turn. Knows no server, and no protocol.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from selfgen.core.work import Message

_NAMES = {
    "en": {"system": "System:", "user": "User:", "assistant": "Assistant:"},
    "zh": {"system": "系统：", "user": "用户：", "assistant": "助手："},
}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class PlainPrompt:
    """A prompt as one text, and what ends the reply to it."""

    text: str
    stops: tuple[str, ...]


def render_plain(messages: Sequence[Message]) -> PlainPrompt:
    """Render messages under headings in their language."""
    names = _NAMES["zh" if _is_chinese(messages) else "en"]
    mark = "###"
    while any(f"\n{mark} {name}" in f"\n{message.content}" for message in messages for name in names.values()):
        mark += "#"
    turns = [f"{mark} {names[message.role]}\n{message.content}\n\n" for message in messages]
    stops = tuple(f"\n{mark} {name}" for name in names.values())
    return PlainPrompt("".join(turns) + f"{mark} {names['assistant']}\n", stops)


def cut_reply(text: str, stops: Sequence[str]) -> str:
    """Return a reply up to the first heading in it, for servers that do not stop there by themselves."""
    ends = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else text


def _is_chinese(messages: Sequence[Message]) -> bool:
    """Tell whether there is more Chinese than English; a character says about as much as four letters."""
    text = "".join(message.content for message in messages)
    return 4 * len(_CHINESE.findall(text)) > len(_LATIN.findall(text))
