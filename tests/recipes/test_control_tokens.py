"""No message holds a chat control token of a common model family; other text is left as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.recipes.control_tokens import JOINER, neutralise
from selfgen.recipes.templates import Templates

TOKENS = [
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|begin_of_text|>", "<|end|>",
    "<|channel|>", "<|START_OF_TURN_TOKEN|>", "<|reserved_special_token_0|>", "<｜begin▁of▁sentence｜>", "<｜User｜>",
    "<｜tool▁calls▁begin｜>", "<|turn>", "<turn|>", "<s>", "</s>", "<bos>", "<eos>", "<pad>", "<unk>", "<sop>",
    "<unused0>", "<start_of_turn>", "<end_of_turn>", "<think>", "</think>", "<tool_call>", "</tool_call>", "[INST]",
    "[/INST]", "<<SYS>>", "<</SYS>>", "[AVAILABLE_TOOLS]", "[/TOOL_RESULTS]", "[gMASK]", "<reserved_106>",
    "<extra_id_0>", "<TOKENS_UNUSED_1>", "<用户>", "<AI>", "<seed:bos>", "]~b]", "]~!b[", "[e~[",
]  # fmt: skip

PLAIN = [
    "a <| b |> c", "df |> head(3)", "x < y | z > w", "if (a<b || c>d)", "<|>", "<html><strong>hi</strong></html>",
    "List<String>", "[1, 2]", "a[INSTANCE]", "<sub>2</sub>", "<table>", "1 << 3 >> 2", "《s》", "<S>", "|im_end|",
]  # fmt: skip


@pytest.mark.parametrize("token", TOKENS)
def test_token_is_broken_up_and_stays_readable(token: str) -> None:
    text = neutralise(f"before {token}{token} after")
    assert token not in text
    assert text.replace(JOINER, "") == f"before {token}{token} after"


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays(text: str) -> None:
    assert neutralise(text) == text


@given(st.lists(st.sampled_from([*TOKENS, "<", "|", ">", "[", "]", "a", "/", "<|", "|>", JOINER]), max_size=12))
def test_no_token_survives_any_mixture(parts: list[str]) -> None:
    text = neutralise("".join(parts))
    assert not any(token in text for token in TOKENS)


def test_a_token_put_together_from_two_values_is_broken_up_too() -> None:
    (message,) = Templates.of({"a.j2": "{{ a }}{{ b }}"}).render("a.j2", {"a": "<|im_", "b": "end|>"})
    assert message.content == f"<{JOINER}|im_end|>"
