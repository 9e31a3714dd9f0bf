"""What the log of a starting vLLM says: the stage it is in, and its words without decoration.

Pure functions of log lines, and a reader of the file that vLLM writes. Knows the messages of vLLM 0.32 (and of its
elders where they differ); what a failure means is the business of vllm_faults.py. Knows no processes and no clock.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

LINES_KEPT = 2000
"""Tracebacks of eight workers, and what led to them."""
LONGEST_LINE = 2000
LONGEST_PIECE = 1 << 20
LAST_PIECES = 8
"""So much of a log is read at the end, however much more there is: it may grow faster than it can be read."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a start is. Stages have a rank and never go back; `share` is how much of this one is done, in [0, 1]."""

    rank: int
    name: str
    share: float | None = None

    @property
    def sentence(self) -> str:
        """Say it: "loading weights, 45 %"."""
        return self.name if self.share is None else f"{self.name}, {self.share:.0%}".replace("%", " %")


STARTING = Stage(0, "starting vLLM")
PROVING = Stage(8, "proving it by a generation")

_STAGES = tuple(
    (Stage(rank, name), re.compile(pattern))
    for rank, name, pattern in (
        (1, "reading the configuration", r"non-default args:|Resolved architecture:|Initializing a V\d LLM engine"),
        (2, "downloading the model", r"Fetching \d+ files:|\S+\.(?:safetensors|bin|pt|gguf): +\d+%|Downloading "),
        (3, "loading weights", r"Starting to load model|Loading .*(?:shards|Streamer|loader)|Loading weights took"),
        (
            4,
            "compiling",
            r"Starting torch\.compile|torch\.compile took|Warming up model for the compilation|Dynamo bytecode"
            r"|Compiling |Directly load .* compiled graph|Using cache directory: .* for vLLM's torch\.compile",
        ),
        (5, "allocating the KV cache", r"Available KV cache memory|.*GiB for KV cache|\w+ KV cache size:"),
        (6, "capturing CUDA graphs", r"Capturing CUDA graphs|Graph capturing finished|Profiling CUDA graph memory"),
        (
            7,
            "starting the API",
            r"init engine \(|Supported tasks:|Starting vLLM |Waiting for application|Application startup complete",
        ),
    )
)
_PREFIX = re.compile(
    r"(?:\([^()]{1,60} pid=\d+\) )?(?:(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)[ :]+(?:[\d-]+ [\d:]+ )?)?"
    r"(?:\[[\w.-]+:\d+\] )?(?:\[[\w.-]+\] )?"
)
_PERCENT = re.compile(r":\s+(\d{1,3})%")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")


def clean(line: str) -> str:
    """Return a line fit to be shown: no escape sequences, no control characters, nothing invisible, cut."""
    text = _ESCAPES.sub("", line[: 2 * LONGEST_LINE])
    return "".join(" " if unicodedata.category(each)[0] == "C" else each for each in text)[:LONGEST_LINE].rstrip()


def message_of(line: str) -> str:
    """Return what a line says, without process, level, time and place: "(Worker pid=7) INFO 11-21 12:30:30 [a.py:1] Hi"
    says "Hi"."""
    found = _PREFIX.match(line)
    return line[found.end() :] if found else line


def is_error(line: str) -> bool:
    """Tell whether a line was logged as an error."""
    return re.match(r"(?:\([^()]{1,60} pid=\d+\) )?(?:ERROR|CRITICAL)\b", line) is not None


def stage_after(stage: Stage, line: str) -> Stage:
    """Return the stage after one more line: a later one, or the same with a larger share, or the same."""
    message = message_of(line)
    for later, pattern in _STAGES:
        if later.rank >= stage.rank and pattern.match(message):
            percent = _PERCENT.search(message)
            share = min(1.0, int(percent[1]) / 100) if percent else None
            if later.rank == stage.rank and (share is None or (stage.share is not None and share <= stage.share)):
                return stage
            return replace(later, share=share)
    return stage


def stage_of(lines: Iterable[str]) -> Stage:
    """Return the stage that a whole log ends in."""
    stage = STARTING
    for line in lines:
        stage = stage_after(stage, line)
    return stage


class Tail:
    """Reads what is appended to a log from some place on. Progress bars overwrite their line by a carriage return;
    each state of one counts as a line here. Keeps the last lines only."""

    def __init__(self, path: Path, offset: int) -> None:
        self.path = path
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._offset = offset
        self._rest = b""

    def read(self) -> list[str]:
        """Return the lines that came since the last look; a line still being written waits. A file that is not there
        or cannot be read has none; one that was emptied is read from its beginning."""
        try:
            with self.path.open("rb") as file:
                if file.seek(0, 2) < self._offset:
                    self._offset, self._rest = 0, b""
                file.seek(self._offset)
                piece = file.read(LONGEST_PIECE)
        except OSError:
            return []
        self._offset += len(piece)
        *whole, self._rest = re.split(rb"[\r\n]+", self._rest + piece)
        if len(self._rest) > LONGEST_PIECE:
            whole, self._rest = [*whole, self._rest], b""
        found = [line for each in whole if (line := clean(each.decode("utf-8", "replace")))]
        self.lines.extend(found)
        return found

    def finish(self) -> list[str]:
        """Return the lines that are left (the last ones where they are very many), the last one without its end too:
        what matters comes last, and nobody writes any more, or should."""
        self._skip()
        found: list[str] = []
        for _ in range(LAST_PIECES + 1):
            found += self.read()
        if last := clean(self._rest.decode("utf-8", "replace")):
            self._rest = b""
            self.lines.append(last)
            found.append(last)
        return found

    def _skip(self) -> None:
        """Pass over what is too far from the end of the log."""
        with suppress(OSError):
            begin = self.path.stat().st_size - LAST_PIECES * LONGEST_PIECE
            if begin > self._offset:
                self._offset, self._rest = begin, b""
