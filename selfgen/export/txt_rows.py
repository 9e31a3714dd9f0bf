"""Tasks as plain text, one a line: instruction<sep>output, or instruction<sep>input<sep>output.

Nothing is lost: a line break within a text is written as `<nl>`, and where a text holds one of the two marks itself, a
backslash follows its angle bracket (`<\\sep>`; one more where there are some already). Other backslashes stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from selfgen.core.tasks import Record

SEPARATOR = "<sep>"
LINE_BREAK = "<nl>"

_MARK = re.compile(r"<(\\*(?:nl|sep)>)")


def escape_text(text: str) -> str:
    """Return the text on one line, without either mark in its own meaning."""
    return _MARK.sub(r"<\\\1", text).replace("\n", LINE_BREAK)


class Txt:
    """One record a line, without its id."""

    name = "txt"
    suffix = ".txt"

    def rows(self, records: Iterable[Record]) -> Iterator[bytes]:
        """Yield one line for each record."""
        for record in records:
            task = record.task
            texts = (task.instruction, task.input, task.output) if task.input else (task.instruction, task.output)
            yield (SEPARATOR.join(escape_text(text) for text in texts) + "\n").encode("utf-8")
