"""Reading and writing the protocol without a socket: quirks of servers, hostile JSON, packed bodies."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.work import Answered, Ask, CallId, Message, Refused, Sampling, Usage
from selfgen.errors import Transient
from selfgen.models.faults import Reply
from selfgen.models.wire import (
    ModelInfo,
    error_status,
    inflate,
    read_answer,
    read_fingerprint,
    read_models,
    request_body,
)

ASK = Ask(CallId(1, 2, 3), "answer", (Message("system", "s"), Message("user", "u")), Sampling(1, 1, 9), 4, None, "d")


def reply(value: Any, content_type: str = "application/json") -> Reply:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Reply(200, {"content-type": content_type}, data)


def read(message: Any, **more: Any) -> Answered | Refused:
    choice = {"message": message, "finish_reason": more.pop("finish_reason", "stop")}
    return read_answer(reply({"choices": [choice], **more}), ASK, model="asked-for")


def text_of(message: Any) -> str:
    result = read(message)
    assert isinstance(result, Answered)
    return result.text


def test_message_content_in_all_its_shapes() -> None:
    assert text_of({"content": "plain"}) == "plain"
    assert text_of({"content": None}) == ""
    assert text_of({}) == ""
    assert text_of({"content": ["a", {"text": "b"}, {"type": "image"}, 7]}) == "ab"
    assert text_of({"content": 7}) == ""


def test_reasoning_goes_by_two_names() -> None:
    for name in ("reasoning", "reasoning_content"):
        result = read({"content": "x", name: "why"})
        assert isinstance(result, Answered)
        assert result.reasoning == "why"


def test_missing_fields_are_filled_from_the_call() -> None:
    result = read({"content": "x"}, finish_reason=None)
    assert result == Answered(ASK.id, "x", "", Usage(2, 1, known=False), "asked-for", "d")


def test_a_refusal_with_text_is_an_answer() -> None:
    assert text_of({"content": "half", "refusal": "stop"}) == "half"
    result = read({"content": "half"}, finish_reason="content_filter")
    assert isinstance(result, Answered)
    assert result.finish == "content_filter"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 6}, Usage(5, 6)),
        ({"prompt_tokens": 5}, Usage(5, 0)),
        ({"prompt_tokens": 5, "completion_tokens": None, "prompt_tokens_details": None}, Usage(5, 0)),
        ({"prompt_tokens": -5, "completion_tokens": 6}, Usage(2, 1, known=False)),
        ({"prompt_tokens": "5"}, Usage(2, 1, known=False)),
        ({"prompt_tokens": True}, Usage(2, 1, known=False)),
        ([], Usage(2, 1, known=False)),
        (None, Usage(2, 1, known=False)),
    ],
)
def test_usage(usage: Any, expected: Usage) -> None:
    result = read({"content": "x"}, usage=usage)
    assert isinstance(result, Answered)
    assert result.usage == expected


def test_a_lone_surrogate_becomes_a_replacement_and_a_pair_stays() -> None:
    data = rb'{"choices":[{"message":{"content":"a\ud800b\ud83d\ude00"}}]}'
    result = read_answer(reply(data), ASK, model="m")
    assert isinstance(result, Answered)
    assert result.text == "a\ufffdb\U0001f600"
    assert result.text.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"   ", b"null", b"[]", b"{}", b"{", b'{"choices":{}}', b'{"choices":[]}', b'{"choices":[null]}',
        b'{"choices":[{}]}', b'{"choices":[{"message":"x"}]}', b"<html>", b"\xff\xfe\x00", b"[" * 100_000,
        b'{"choices":' + b"9" * 5000 + b"}", b'{"a":' * 50_000,
    ],
)  # fmt: skip
def test_what_is_no_answer_is_transient(data: bytes) -> None:
    with pytest.raises(Transient):
        read_answer(reply(data), ASK, model="m")


def test_a_web_page_is_no_answer_even_if_it_parses() -> None:
    good = {"choices": [{"message": {"content": "x"}}]}
    assert read_answer(reply(good, "text/plain"), ASK, model="m")
    with pytest.raises(Transient, match="web page"):
        read_answer(reply(good, "text/HTML; charset=utf-8"), ASK, model="m")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "finish_reason", "usage", "prompt_tokens", "error", "code"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(value=JSON)
def test_any_json_is_an_answer_a_refusal_or_transient(value: Any) -> None:
    given_reply = reply(value)
    try:
        status = error_status(given_reply)
        result = read_answer(given_reply, ASK, model="m")
    except Transient:
        return
    assert 200 <= status < 600
    assert isinstance(result, Answered | Refused)
    assert result.id == ASK.id


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": {"code": 429, "message": "slow"}}, 429),
        ({"error": {"code": "x"}}, 500),
        ({"error": "broken"}, 500),
        ({"error": None}, 200),
        ({"error": {"code": 429}, "choices": []}, 200),
        ({"x": 1}, 200),
    ],
)
def test_errors_that_come_with_status_200(body: Any, status: int) -> None:
    assert error_status(reply(body)) == status


def test_packed_bodies() -> None:
    plain = b"hello " * 1000
    assert inflate(plain, "", 10) == plain
    assert inflate(gzip.compress(plain), "gzip", 6000) == plain
    assert inflate(zlib.compress(plain), "deflate", 6000) == plain
    for data, encoding, limit in [
        (gzip.compress(plain), "gzip", 5999),
        (gzip.compress(plain)[:-9], "gzip", 9000),
        (b"nonsense", "gzip", 9000),
        (plain, "br", 9000),
    ]:
        with pytest.raises(Transient):
            inflate(data, encoding, limit)


def test_the_same_call_is_the_same_bytes() -> None:
    first = request_body(ASK, model="m", structured="json_schema", extra={"top_k": 1})
    assert first == request_body(ASK, model="m", structured="json_schema", extra={"top_k": 1})
    assert json.loads(first) == {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        "temperature": 1, "top_p": 1, "max_tokens": 9, "seed": 4, "top_k": 1,
    }  # fmt: skip


# -- plain completions


def read_plain(choice: Any) -> Answered | Refused:
    return read_answer(reply({"choices": [choice]}), ASK, model="m", completions=True)


def test_a_plain_call_has_a_prompt_that_ends_where_the_reply_begins() -> None:
    body = json.loads(
        request_body(
            ASK, model="m", structured="off", extra={}, max_tokens_field="max_completion_tokens", completions=True
        )
    )
    assert body == {
        "model": "m",
        "prompt": "### System:\ns\n\n### User:\nu\n\n### Assistant:\n",
        "stop": ["\n### System:", "\n### User:", "\n### Assistant:"],
        "temperature": 1, "top_p": 1, "max_tokens": 9, "seed": 4,
    }  # fmt: skip


def test_a_plain_reply_ends_before_the_next_heading() -> None:
    for text, expected in [
        ("an answer", "an answer"),
        ("an answer\n### User:\nanother question", "an answer"),
        ("one\n### Assistant:\ntwo\n### User:\nthree", "one"),
        ("about ### User: in the middle of a line", "about ### User: in the middle of a line"),
        ("", ""),
    ]:
        result = read_plain({"text": text, "finish_reason": "stop"})
        assert isinstance(result, Answered)
        assert result.text == expected


@pytest.mark.parametrize("choice", [{}, {"message": {"content": "x"}}, {"text": None}, {"text": 7}, "text", None])
def test_what_is_no_plain_answer_is_transient(choice: Any) -> None:
    with pytest.raises(Transient):
        read_plain(choice)


# -- who answers


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": "a", "max_model_len": 9, "owned_by": "vllm", "root": "/a"}, ModelInfo("a", 9, "vllm", "/a")),
        ({"id": "a", "context_length": 9}, ModelInfo("a", 9)),
        ({"id": "a", "context_window": 9}, ModelInfo("a", 9)),
        ({"id": "a", "max_context_length": 9, "max_model_len": None}, ModelInfo("a", 9)),
        ({"id": "a", "max_model_len": "9", "owned_by": 7, "root": None}, ModelInfo("a")),
        ({"id": "a", "max_model_len": 0}, ModelInfo("a")),
    ],
)
def test_rows_of_a_list_of_models(row: Any, expected: ModelInfo) -> None:
    assert read_models(reply({"data": [None, {"id": 7}, row]})) == (expected,)


def test_fingerprints() -> None:
    assert read_fingerprint(reply({"system_fingerprint": "fp_1"})) == "fp_1"
    assert read_fingerprint(reply({"system_fingerprint": None})) == ""
    assert read_models(reply({"data": None})) == ()
