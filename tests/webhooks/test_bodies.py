"""What is posted to each service, in both languages, and how each says no."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.webhooks.bodies import MOST_BYTES, Kind, Message, build_body, find_kind, find_refusal, plain, text_of
from selfgen.webhooks.texts import SENTENCES, TITLES, Event, Facts, compose, compose_test, say

KINDS: tuple[Kind, ...] = ("json", "slack", "feishu", "dingtalk", "wecom")
EVENTS: tuple[Event, ...] = ("done", "stalled", "paused", "failed")
FACTS = Facts(
    run="客服_v2",
    kept=1200,
    target=5000,
    calls=3456,
    tokens=7_890_123,
    hours=2.5,
    cost="$1.25",
    why="The quota is used up.",
    command="selfgen resume runs/客服_v2",
)


def text_in(kind: Kind, body: bytes) -> str:
    values: dict[str, Any] = json.loads(body)
    match kind:
        case "json" | "slack":
            return str(values["text"])
        case "feishu":
            assert values.keys() == {"msg_type", "content"}
            assert values["msg_type"] == "text"
            return str(values["content"]["text"])
        case _:
            assert values.keys() == {"msgtype", "text"}, "no list of people to call"
            assert values["msgtype"] == "text"
            return str(values["text"]["content"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_service_gets_every_event_in_both_languages(kind: Kind, event: Event, lang: str) -> None:
    text = text_in(kind, build_body(compose(event, FACTS, lang), kind))
    first, *rest = text.splitlines()
    assert first == {"en": "selfgen: ", "zh": "selfgen："}[lang] + TITLES[lang][event].format(run="客服_v2")
    assert len(rest) == 4
    for figure in ("1,200", "5,000", "24%", "2.5", "3,456", "7,890,123", "$1.25", "selfgen resume runs/客服_v2"):
        assert figure in text, figure


def test_messages_without_cost_reason_or_command_are_shorter() -> None:
    message = compose("done", Facts("r", 1, 2, 3, 4, 0.5), "en")
    assert message.lines == ("1 of 2 records (50%), 30 minutes in this session", "3 calls, 4 tokens")
    message = compose("done", Facts("r", 1, 2, 3, 4, 0.5), "zh")
    assert message.lines == (
        "已有 1 条，目标 2 条（50%），本次已运行 30 分钟",
        "累计调用 3 次，用掉 4 个 token",
    )


@pytest.mark.parametrize("event", EVENTS)
def test_chinese_is_set_with_chinese_punctuation(event: Event) -> None:
    """A comma, colon or bracket beside a Chinese character is a wide one; those within figures and commands are not."""
    why = " ".join(say(word, "zh", 17) for word in SENTENCES["zh"])
    text = text_of(compose(event, replace(FACTS, why=why), "zh"))
    assert not re.findall(r"[一-鿿][,:;()!?]|[,:;()!?][一-鿿]", text)
    assert {"，", "：", "（", "）", "。"} <= set(text)


def test_both_languages_say_the_same_things() -> None:
    assert TITLES["en"].keys() == TITLES["zh"].keys()
    assert SENTENCES["en"].keys() == SENTENCES["zh"].keys()
    for word in SENTENCES["en"]:
        assert say(word, "en", 17) != say(word, "zh", 17)
        assert ("17" in say(word, "en", 17)) == ("17" in say(word, "zh", 17))


def test_plain_json_has_numbers_for_programs() -> None:
    body = json.loads(build_body(compose("paused", FACTS, "en"), "json"))
    assert body["event"] == "paused"
    assert body["run"] == "客服_v2"
    assert body["numbers"] == {
        "records": 1200, "target": 5000, "calls": 3456, "tokens": 7_890_123, "hours": 2.5, "cost": "$1.25",
    }  # fmt: skip
    assert json.loads(build_body(compose_test("zh"), "json"))["event"] == "test"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "evil",
    [
        "@all",
        "<!channel> <!here>",
        "<@U024BE7LH>",
        '<at user_id="all">everyone</at>',
        "<http://evil.example|bank>",
        "a\nb\r\nc",
        "\x1b[31mred\x07",
        "abc\u202egnp\u202c",
        "nul\x00",
    ],
)
def test_nobody_is_called_and_nothing_is_markup(kind: Kind, evil: str) -> None:
    facts = Facts(run=evil, kept=1, target=2, calls=3, tokens=4, hours=0.5, why=evil, command=evil)
    text = text_in(kind, build_body(compose("failed", facts, "en"), kind))
    assert not set(text) & set("@<>\r\x1b\x07\x00\u202e\u202c")
    assert text.count("\n") == 4


def test_innocent_text_passes_as_it_is() -> None:
    text = "R&D: 3 of 5 (60%) cost ¥1.20 — 已完成 50%,见 http://127.0.0.1:8000/v1 #1 *a* _b_"
    assert plain(text) == text
    assert text in text_in("dingtalk", build_body(Message("done", "r", "t", (text,)), "dingtalk"))


def test_slack_reads_no_markup_in_it() -> None:
    body = json.loads(build_body(Message("done", "r", "t", ("R&D *a*",)), "slack"))
    assert body == {"text": "selfgen: t\nR&amp;D *a*", "mrkdwn": False}


@given(st.text(), st.lists(st.text(), max_size=8), st.integers(1, 100))
def test_any_text_fits_every_service(title: str, lines: list[str], times: int) -> None:
    lines = [line * times for line in lines]
    message = Message("done", "r", title, tuple(lines))
    assert text_of(message).startswith("selfgen")
    assert len(text_of(message).encode()) <= MOST_BYTES
    for kind in KINDS:
        json.loads(build_body(message, kind))


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("hooks.slack.com", "slack"),
        ("Open.Feishu.CN", "feishu"),
        ("open.larksuite.com", "feishu"),
        ("oapi.dingtalk.com", "dingtalk"),
        ("qyapi.weixin.qq.com", "wecom"),
        ("example.com", "json"),
        ("hooks.slack.com.evil.example", "json"),
    ],
)
def test_the_kind_is_that_of_the_host(host: str, kind: str) -> None:
    assert find_kind("auto", host) == kind
    assert find_kind("wecom", host) == "wecom"


@pytest.mark.parametrize(
    ("kind", "reply", "trouble"),
    [
        ("slack", b"ok", ""),
        ("json", b"<html>", ""),
        ("wecom", b'{"errcode":0,"errmsg":"ok"}', ""),
        ("dingtalk", b'{"errcode":0,"errmsg":"ok"}', ""),
        ("feishu", b'{"code":0,"msg":"success"}', ""),
        ("feishu", b'{"StatusCode":0,"StatusMessage":"success"}', ""),
        ("feishu", b'{"StatusCode":0,"code":0,"msg":"success"}', ""),
        ("dingtalk", b'{"errcode":310000,"errmsg":"keywords not in content"}', "code 310000 keywords not in content"),
        ("wecom", b'{"errcode":93000,"errmsg":"invalid webhook url"}', "code 93000 invalid webhook url"),
        ("feishu", b'{"code":19001,"msg":"param invalid"}', "code 19001 param invalid"),
        ("feishu", b"<html>gateway</html>", "not JSON"),
        ("wecom", b"[" * 4000, "not JSON"),
        ("wecom", b"[]", "not its own"),
        ("wecom", b'{"hello": 1}', "not its own"),
    ],
)
def test_how_services_take_a_message_or_refuse_it(kind: Kind, reply: bytes, trouble: str) -> None:
    found = find_refusal(kind, reply)
    assert (trouble in found) if trouble else found == ""
