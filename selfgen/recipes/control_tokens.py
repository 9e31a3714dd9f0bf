"""Keeps text that people or models wrote from becoming chat control tokens.

A server's tokenizer turns `<|im_end|>` in the middle of a message into the real end of that message. A word joiner
(U+2060, zero width) behind the first character makes it plain text again; models read it the same.
This file knows the spellings that common model families use; it knows nothing of templates, recipes or servers.
"""

from __future__ import annotations

import re

JOINER = "\u2060"

# Exact spellings, as tokenizers compare them: case matters, spaces never occur.
_ANGLE = (
    r"s|bos|eos|pad|unk|mask|sep|cls|sop|eop|eod|eoh|eoa|think|tool_call|tool_calls|tool_response|tools|tool_result"
    r"|start_of_turn|end_of_turn|start_of_image|end_of_image|start_function_call|end_function_call"
    r"|BOS_TOKEN|EOS_TOKEN|PAD_TOKEN|UNK_TOKEN|SYS|AI|用户"
    r"|unused_?\d+|reserved_\d+|extra_id_\d+|TOKENS_UNUSED_\d+|seed:[a-z_]+"
)
_SQUARE = (
    r"INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|MODEL_SETTINGS|ARGS|CALL_ID|THINK|IMG"
    r"|PREFIX|MIDDLE|SUFFIX|BOS|EOS|[gs]?MASK"
)
_TOKEN = re.compile(
    rf"<(?=[|｜][^\s<>|｜]{{1,64}}[|｜]?>"  # <|im_start|>  <｜User｜>  <|turn>
    rf"|/?[A-Za-z_][^\s<>|｜]{{0,63}}[|｜]>"  # <turn|>
    rf"|/?(?:{_ANGLE})>|</?SYS>>)"
    rf"|\[(?=/?(?:{_SQUARE})\]|e~\[)|\](?=~!?b[\[\]])"
)


def neutralise(text: str) -> str:
    """Return `text` with a word joiner inside everything that some tokenizer would read as a control token."""
    return _TOKEN.sub(lambda match: match[0] + JOINER, text)
