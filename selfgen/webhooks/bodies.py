"""What is posted: a message as the JSON body that each service takes. Pure.

    json      event, run, title, lines, numbers, and all of it as `text`, which many chat servers show as it is
    slack     incoming webhook: {"text"}, without its markup
    feishu    custom bot of Feishu and Lark: {"msg_type": "text", "content": {"text"}}
    dingtalk  custom robot: {"msgtype": "text", "text": {"content"}}; a robot with a keyword takes `selfgen` as one
    wecom     group robot: {"msgtype": "text", "text": {"content"}}, at most 2,048 bytes

Plain text everywhere: nothing in a message is markup or a mention. Each service says in its own way that it took
a message; most refuse one with HTTP 200 and a number.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Kind = Literal["json", "slack", "feishu", "dingtalk", "wecom"]

HOSTS: Mapping[str, Kind] = MappingProxyType(
    {
        "hooks.slack.com": "slack",
        "hooks.slack-gov.com": "slack",
        "open.feishu.cn": "feishu",
        "open.larksuite.com": "feishu",
        "oapi.dingtalk.com": "dingtalk",
        "qyapi.weixin.qq.com": "wecom",
    }
)
"""Whose address it is, by host; any other takes plain JSON."""

MOST_BYTES = 2000
"""Of text in one message; WeCom takes 2,048, the others more."""
LONGEST_LINE = 300

_OPENERS = str.maketrans({"@": "＠", "<": "‹", ">": "›"})
"""What begins a mention or a tag in one of the services, and what stands for it."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is told: the event, the run's name, a title, a few lines, and the same as numbers for programs."""

    event: str
    run: str
    title: str
    lines: tuple[str, ...]
    numbers: Mapping[str, int | float | str | None] = field(default_factory=dict)


def find_kind(kind: str, host: str) -> Kind:
    """Return the kind that is meant: the one that is named, or for "auto" that of the host."""
    for known in ("json", "slack", "feishu", "dingtalk", "wecom"):
        if kind == known:
            return known
    return HOSTS.get(host.lower(), "json")


def build_body(message: Message, kind: Kind) -> bytes:
    """Return the body for one kind of service, UTF-8."""
    text = text_of(message)
    body: dict[str, Any]
    match kind:
        case "slack":
            body = {"text": text.replace("&", "&amp;"), "mrkdwn": False}
        case "feishu":
            body = {"msg_type": "text", "content": {"text": text}}
        case "dingtalk" | "wecom":
            body = {"msgtype": "text", "text": {"content": text}}
        case "json":
            body = {
                "event": message.event,
                "run": plain(message.run),
                "title": plain(message.title),
                "lines": [plain(line) for line in message.lines],
                "numbers": dict(message.numbers),
                "text": text,
            }
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def text_of(message: Message) -> str:
    """Return a message as lines of plain text, the first with our name in it, short enough for every service."""
    title = plain(message.title)
    lines = [title if title.startswith("selfgen") else f"selfgen: {title}", *map(plain, message.lines)]
    text = "\n".join(line for line in lines if line)
    while len(text.encode("utf-8", "replace")) > MOST_BYTES:
        text = text[: len(text) - max(1, len(text) // 20)].rstrip() + "…"
    return text


def plain(text: str) -> str:
    """Return one line in which nothing is a mention, a tag or a control character, cut."""
    flat = " ".join(text.split()).translate(_OPENERS)
    safe = "".join(ch for ch in flat if unicodedata.category(ch) not in ("Cc", "Cf", "Cs"))
    return safe if len(safe) <= LONGEST_LINE else safe[: LONGEST_LINE - 1].rstrip() + "…"


def find_refusal(kind: Kind, reply: bytes) -> str:
    """Return why a service did not take a message that it answered with HTTP 200, "" where it did.

    DingTalk and WeCom say {"errcode": 0}, Feishu {"code": 0} and {"StatusCode": 0} in older days, Slack the word ok."""
    if kind in ("json", "slack"):
        return ""
    try:
        said = json.loads(reply)
    except (ValueError, RecursionError):
        return "it answered something that is not JSON"
    if not isinstance(said, dict):
        return "it answered something that is not its own"
    codes = [said[name] for name in ("errcode", "code", "StatusCode") if name in said]
    if not codes or all(code == 0 for code in codes):
        return "" if codes else "it answered something that is not its own"
    words = said.get("errmsg") or said.get("msg") or said.get("StatusMessage") or ""
    return plain(f"it refused: code {codes[0]} {words}")
