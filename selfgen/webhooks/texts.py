"""What a message says, in English and in Chinese: what happened, how far the run is, what to type next. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfgen.webhooks.bodies import Message

Event = Literal["done", "stalled", "paused", "failed", "test"]


@dataclass(frozen=True, slots=True)
class Facts:
    """How a run stands when something happens. `why` is one more sentence about it, `command` is what to type next;
    `cost` is "" where no prices are set; `hours` are those of this session."""

    run: str
    kept: int
    target: int
    calls: int
    tokens: int
    hours: float
    cost: str = ""
    why: str = ""
    command: str = ""


TITLES: dict[str, dict[str, str]] = {
    "en": {
        "done": "run {run} is done",
        "stalled": "run {run} has stalled",
        "paused": "run {run} is paused",
        "failed": "run {run} has failed",
        "test": "this is a test",
    },
    "zh": {
        "done": "运行 {run} 已结束",
        "stalled": "运行 {run} 长时间没有进展",
        "paused": "运行 {run} 已暂停",
        "failed": "运行 {run} 出错中止",
        "test": "这是一条测试消息",
    },
}
_NAMED = {"en": "selfgen: ", "zh": "selfgen："}
"""How a title begins: with our name as it is, which robots that want a keyword look for."""
SENTENCES: dict[str, dict[str, str]] = {
    "en": {
        "target": "The target is reached.",
        "budget": "The budget is used up.",
        "saturated": "The model no longer writes enough new tasks.",
        "time": "The time of this session is up.",
        "no_record": "No new record for {minutes} minutes. It goes on trying; nothing is lost.",
        "no_server": "No server has answered for {minutes} minutes. It goes on trying; nothing is lost.",
        "test": "Messages about your runs arrive here.",
    },
    "zh": {
        "target": "已达到目标条数。",
        "budget": "预算已用完。",
        "saturated": "已饱和：模型几乎写不出新任务了。",
        "time": "设定的时间到了，这次先停在这里。",
        "no_record": "已经 {minutes} 分钟没有新记录。程序仍在继续尝试，已有的数据不会丢。",
        "no_server": "已经 {minutes} 分钟没有模型服务应答。程序仍在继续尝试，已有的数据不会丢。",
        "test": "以后各次运行的通知都会发到这里。",
    },
}
"""Sentences for `Facts.why`, by a word."""


def say(word: str, lang: str, minutes: int = 0) -> str:
    """Return a sentence of SENTENCES."""
    return SENTENCES[_lang(lang)][word].format(minutes=minutes)


def compose(event: Event, facts: Facts, lang: str) -> Message:
    """Return the message about an event in the language of the run."""
    return _write_chinese(event, facts) if _lang(lang) == "zh" else _write_english(event, facts)


def compose_test(lang: str) -> Message:
    """Return a message that says that messages arrive."""
    code = _lang(lang)
    return Message("test", "", _NAMED[code] + TITLES[code]["test"], (say("test", code),))


def _lang(lang: str) -> str:
    return "zh" if lang == "zh" else "en"


def _write_english(event: Event, facts: Facts) -> Message:
    share = f" ({100 * facts.kept // facts.target}%)" if facts.target else ""
    lines = [
        facts.why,
        f"{facts.kept:,} of {facts.target:,} records{share}, {_hours_english(facts.hours)} in this session",
        f"{facts.calls:,} calls, {facts.tokens:,} tokens{f', cost {facts.cost}' if facts.cost else ''}",
        f"Next: {facts.command}" if facts.command else "",
    ]
    return _message(event, facts, "en", lines)


def _write_chinese(event: Event, facts: Facts) -> Message:
    share = f"（{100 * facts.kept // facts.target}%）" if facts.target else ""
    lines = [
        facts.why,
        f"已有 {facts.kept:,} 条，目标 {facts.target:,} 条{share}，本次已运行 {_hours_chinese(facts.hours)}",
        f"累计调用 {facts.calls:,} 次，用掉 {facts.tokens:,} 个 token{f'，花费 {facts.cost}' if facts.cost else ''}",
        f"下一步：{facts.command}" if facts.command else "",
    ]
    return _message(event, facts, "zh", lines)


def _message(event: Event, facts: Facts, lang: str, lines: list[str]) -> Message:
    numbers: dict[str, int | float | str | None] = {
        "records": facts.kept,
        "target": facts.target,
        "calls": facts.calls,
        "tokens": facts.tokens,
        "hours": round(facts.hours, 3),
        "cost": facts.cost or None,
    }
    title = _NAMED[lang] + TITLES[lang][event].format(run=facts.run)
    return Message(event, facts.run, title, tuple(line for line in lines if line), numbers)


def _hours_english(hours: float) -> str:
    if hours < 1:
        minutes = int(hours * 60)
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{hours:.1f} hours"


def _hours_chinese(hours: float) -> str:
    return f"{int(hours * 60)} 分钟" if hours < 1 else f"{hours:.1f} 小时"
