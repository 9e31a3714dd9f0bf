"""From bytes to lines and texts that are safe to work with.

Knows UTF-8, line ends and which characters have no place in a text. Does not know formats.

Lines end at `\\n` alone (one `\\r` before it belongs to the line end): U+2028, U+2029, U+0085 and form feeds are part
of the text. A faulty line is handed on with its bad characters replaced by U+FFFD, so that the lines after it still
make sense to a reader and all faults of a file are found in one go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selfgen.store.seed_bytes import Readable
from selfgen.store.seed_findings import Findings

MAX_LINE_BYTES = 4 * 1024 * 1024
"""Longest line, and longest element of a JSON array."""

BOM = "\ufeff"

_BLANKS = " \t\n\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_INVISIBLE = "\u200b\u2060" + BOM
_ENDS = _BLANKS + _INVISIBLE
"""What is stripped from the ends of a text: white space of any kind, and what nobody can see."""

# Form feed and U+0085 are white space that occurs in real data; every other control character is damage or an attack.
_CONTROL = re.compile("[\x00-\x08\x0b\x0d-\x1f\x7f-\x84\x86-\x9f]")
_DAMAGE = re.compile("[\x00-\x08\x0b\x0d-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


def split_lines(data: bytes | bytearray, found: Findings, limit: int | None = MAX_LINE_BYTES) -> Iterator[str]:
    """Yield each line without its end, the first being line 1. A line over `limit` bytes is a fault and comes empty.

    Only one line at a time is copied."""
    start, number = 0, 0
    while start < len(data):
        number += 1
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        if limit is not None and end - start > limit:
            found.fault(number, _word_long(end - start, limit))
            yield ""
        else:
            yield _decode(bytes(data[start:end]), number, found)
        start = end + 1


def stream_lines(
    handle: Readable, found: Findings, limit: int = MAX_LINE_BYTES, *, control: bool = False
) -> Iterator[str]:
    """Yield what `split_lines` yields, from a stream; a line over the limit is passed over and never held whole.

    With `control`, control characters are left where they are, and are no fault."""
    number = 0
    while raw := handle.readline(limit + 1):
        number += 1
        if len(raw) <= limit or raw.endswith(b"\n"):
            yield _decode(raw.removesuffix(b"\n"), number, found, control=control)
            continue
        size = len(raw)
        while not raw.endswith(b"\n") and (raw := handle.readline(limit)):
            size += len(raw)
        found.fault(number, _word_long(size - raw.endswith(b"\n"), limit))
        yield ""


def _word_long(size: int, limit: int) -> str:
    return f"a line of {size:,} bytes; the longest that is read has {limit:,}"


def find_head(data: bytes | bytearray) -> tuple[int, str]:
    """Return the number and the text of the first line that is not blank, (0, "") if there is none."""
    start, number = 0, 0
    while start < len(data):
        number += 1
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        text = bytes(data[start : min(end, start + MAX_LINE_BYTES)]).decode("utf-8", errors="replace").strip(_ENDS)
        if text:
            return number, text
        start = end + 1
    return 0, ""


def clean_text(text: str) -> tuple[str, str]:
    """Return the text with CRLF as LF and its ends stripped, and what is wrong with it ("" if nothing is)."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    damage = _DAMAGE.search(text)
    if damage:
        return "", _word_character(damage.group())
    return text.strip(_ENDS), ""


def is_blank(text: str) -> bool:
    """Tell whether there is nothing to see in a text."""
    return not text.strip(_ENDS)


def _decode(raw: bytes, number: int, found: Findings, *, control: bool = False) -> str:
    raw = raw.removesuffix(b"\r")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"byte 0x{raw[error.start]:02X} at byte {error.start + 1} of the line"
        found.fault(number, f"not UTF-8: {where}{_guess_encoding(raw)}")
        text = raw.decode("utf-8", errors="replace")
    text = text.removeprefix(BOM)
    damage = None if control else _CONTROL.search(text)
    if damage:
        found.fault(number, f"{_word_character(damage.group())} at column {damage.start() + 1}")
        text = _CONTROL.sub("\ufffd", text)
    return text


def _guess_encoding(raw: bytes) -> str:
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    chinese = any("\u4e00" <= character <= "\u9fff" for character in text)
    return "; it looks like GBK (GB18030): save the file as UTF-8" if chinese else ""


def _word_character(character: str) -> str:
    code = f"U+{ord(character):04X}"
    if "\ud800" <= character <= "\udfff":
        return f"half of a surrogate pair, {code}, which is no character"
    if character == "\r":
        return f"a carriage return without a line feed ({code})"
    name = {"\x00": "NUL, ", "\x1b": "escape, "}.get(character, "")
    return f"a control character ({name}{code})"
