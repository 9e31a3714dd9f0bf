"""What an error status means, and the forms of Retry-After."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.work import CallId, Refused
from selfgen.errors import CallError, CallRejected, KeyRefused, Overloaded, QuotaUsedUp, Transient
from selfgen.models.faults import (
    LONGEST_TEXT,
    LONGEST_WAIT_S,
    SETTINGS,
    ErrorFields,
    Reply,
    Room,
    blamed_field,
    clean_text,
    judge,
    read_error,
    retry_after_s,
    room_told,
)

NOW = 1_800_000_000.0
CALL = CallId(0, 0, 0)


def judged(status: int, body: Any = None, **headers: str) -> Refused | CallError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return judge(Reply(status, headers, data), CALL, key="sk-CANARY", now_epoch_s=NOW)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "5"}, 5.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "500ms"}, 0.5),
        ({"retry-after": "6m0s"}, 360.0),
        ({"retry-after": "1m30.5s"}, 90.5),
        ({"retry-after": "2h"}, LONGEST_WAIT_S),
        ({"retry-after": "86400"}, LONGEST_WAIT_S),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, None),
        ({"retry-after": "Wed, 01 Jan 2200 00:00:00 GMT"}, LONGEST_WAIT_S),
        ({"retry-after-ms": "250", "retry-after": "5"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "5"}, 5.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "5 apples"}, None),
        ({"retry-after": "6m0"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "9" * 400}, None),
        ({}, None),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"}, 360.0),
        ({"x-ratelimit-reset-tokens": "20ms", "x-ratelimit-remaining-tokens": "0"}, 0.02),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "3"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers, NOW) == expected


@settings(deadline=None)
@given(text=st.text(max_size=30))
def test_any_retry_after_is_a_sane_wait_or_none(text: str) -> None:
    wait = retry_after_s({"retry-after": text}, NOW)
    assert wait is None or 0 <= wait <= LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (402, None, QuotaUsedUp),
        (429, {"error": {"code": "insufficient_quota"}}, QuotaUsedUp),
        (429, {"error": {"type": "insufficient_quota", "code": None}}, QuotaUsedUp),
        (403, {"error": {"code": "insufficient_user_quota"}}, QuotaUsedUp),
        (400, {"error": {"message": "Your credit balance is too low to access the API"}}, QuotaUsedUp),
        (429, {"error": {"message": "You exceeded your current quota, wait a minute"}}, Overloaded),
        (429, None, Overloaded),
        (503, b"<html>", Overloaded),
        (529, b"", Overloaded),
        (401, {"error": "Unauthorized"}, KeyRefused),
        (403, b"<html>", KeyRefused),
        (404, None, CallRejected),
        (405, None, CallRejected),
        (407, None, CallRejected),
        (301, None, CallRejected),
        (308, None, CallRejected),
        (408, None, Transient),
        (409, None, Transient),
        (425, None, Transient),
        (500, None, Transient),
        (501, None, Transient),
        (599, None, Transient),
        (204, b"", Transient),
    ],
)
def test_errors_by_status_and_code(status: int, body: Any, expected: type[CallError]) -> None:
    assert type(judged(status, body)) is expected


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "context_length_exceeded"}, "context_length"),
        ({"type": "exceed_context_size_error", "code": 400}, "context_length"),
        ({"param": "input_tokens", "code": 400}, "context_length"),
        ({"param": "input_text", "code": 400}, "context_length"),
        ({"param": "max_tokens", "code": 400}, "invalid_request"),
        ({"message": "about the context_length_exceeded code"}, "invalid_request"),
        (
            {
                "message": "This model's maximum context length is 4096 tokens. However, you requested 5013 tokens (13 "
                "in the messages, 5000 in the completion). Please reduce the length."
            },
            "context_length",
        ),
        (
            {
                "message": "'max_tokens' or 'max_completion_tokens' is too large: 4090. This model's maximum context "
                "length is 4096 tokens and your request has 13 input tokens (4090 > 4096 - 13)."
            },
            "context_length",
        ),
        (
            {"message": "The input (9000 tokens) is longer than the model's context length (4096 tokens)."},
            "context_length",
        ),
        (
            {"message": "Requested token count exceeds the model's maximum context length of 4096 tokens."},
            "context_length",
        ),
        ({"message": "Trying to keep the first 9000 tokens when context the overflows."}, "context_length"),
        ({"message": "Bad text: 'This model's maximum context length is 4096 tokens.'"}, "invalid_request"),
        (
            {"message": "max_tokens=5000 cannot be greater than max_model_len=4096.", "param": "max_tokens"},
            "invalid_request",
        ),
    ],
)
def test_refusals_by_code_and_parameter(error: dict[str, Any], kind: str) -> None:
    result = judged(400, {"error": error})
    assert isinstance(result, Refused)
    assert result.kind == kind


@pytest.mark.parametrize(
    ("field", "code", "setting"),
    [
        ("max_tokens", "unsupported_parameter", "max_tokens_field: max_completion_tokens"),
        ("temperature", "unsupported_value", "temperature: 1"),
        ("seed", "unsupported_parameter", "calls.send_seed: off"),
        ("response_format", "unsupported_parameter", "structured: off"),
        ("logit_bias", "unsupported_parameter", "logit_bias in extra_body"),
    ],
)
def test_a_field_that_no_call_may_have_ends_the_run_with_its_setting(field: str, code: str, setting: str) -> None:
    result = judged(400, {"error": {"message": f"{field} is not for this model", "param": field, "code": code}})
    assert isinstance(result, CallRejected)
    assert field in result.what
    assert setting in result.todo


def test_a_body_that_is_too_large_is_a_prompt_that_is_too_long() -> None:
    result = judged(413, b"<html>")
    assert isinstance(result, Refused)
    assert result.kind == "context_length"


@pytest.mark.parametrize("status", [400, 410, 415, 422, 451])
def test_other_client_errors_are_about_the_prompt(status: int) -> None:
    result = judged(status, b"")
    assert isinstance(result, Refused)
    assert result.kind == "invalid_request"
    assert str(status) in result.detail


def test_a_redirect_names_its_aim_but_not_the_key() -> None:
    result = judged(302, b"", location="http://evil.example/?k=sk-CANARY")
    assert isinstance(result, CallRejected)
    assert "evil.example" in result.what
    assert "sk-CANARY" not in result.what


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"error":{"message":"m"}}', "m"),
        (b'{"error":"text"}', "text"),
        (b'{"message":"m","code":400}', "m"),
        (b'[{"error":{"message":"m"}}]', "m"),
        (b"plain", "plain"),
        (b"<html>login</html>", ""),
        (b'"quoted"', "quoted"),
        (b'{"detail":"m"}', "m"),
        (b'{"detail":[{"loc":["body","top_k"],"msg":"m"}]}', "top_k: m"),
        (b'{"message":{"detail":[{"loc":["body","top_k"],"msg":"m"}]}}', "top_k: m"),
        (b'{"detail":[]}', '{"detail":[]}'),
        (b'{"detail":[7]}', '{"detail":[7]}'),
        (b'{"message":7}', '{"message":7}'),
    ],
)
def test_error_bodies(data: bytes, message: str) -> None:
    assert read_error(data).message == message


@pytest.mark.parametrize(
    ("message", "param", "expected"),
    [
        ("whatever", "seed", "seed"),
        ("whatever", "response_format.json_schema", "response_format"),
        ("whatever", "messages[0].content", ""),
        ("property 'seed' is unsupported", "", "seed"),
        ("Use max_completion_tokens, not max_tokens", "", "max_completion_tokens"),
        ("the seedling, and a temperatures", "", ""),
        ("", "", ""),
    ],
)
def test_which_field_an_error_is_about(message: str, param: str, expected: str) -> None:
    assert blamed_field(ErrorFields(message, "", "", param), SETTINGS) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("max_tokens=5000 cannot be greater than max_model_len=4096.", Room(4096, of_context=True)),
        ("This model's maximum context length is 8192 tokens.", Room(8192, of_context=True)),
        ("exceeds the model's maximum context length of 4096 tokens", Room(4096, of_context=True)),
        ("This model supports at most 16384 completion tokens", Room(16384, of_context=False)),
        ("max_tokens must be at least 1, got 0.", None),
        ("", None),
    ],
)
def test_the_room_that_a_message_tells(message: str, expected: Room | None) -> None:
    assert room_told(message) == expected


@pytest.mark.parametrize(
    "text",
    ["key sk-CANARY is bad", "Bearer abc.def.ghi refused", "you sent sk-proj-abc123def456", "provided: sk-ab****wxyz"],
)
def test_what_looks_like_a_key_is_not_shown(text: str) -> None:
    shown = clean_text(text, "sk-CANARY")
    assert "[key]" in shown
    for secret in ("sk-CANARY", "abc.def.ghi", "abc123def456", "wxyz"):
        assert secret not in shown


@settings(deadline=None)
@given(text=st.text(max_size=1000), key=st.text(min_size=4, max_size=20, alphabet="abcXYZ123-"))
def test_cleaned_text_is_short_harmless_and_without_the_key(text: str, key: str) -> None:
    shown = clean_text(f"{text}{key}{text}", key)
    assert len(shown) <= LONGEST_TEXT
    assert shown.isprintable()
    assert key not in shown or key in "[key]" or key in text.replace(key, "[key]")
