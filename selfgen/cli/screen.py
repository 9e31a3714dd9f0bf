"""The terminal: one console each for output and errors, safe printing of text that others wrote, errors for people.

Model text is hostile: it may hold escape sequences, bidi marks or markup. All of it goes through `plain` or `line`.
"""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from selfgen.errors import SelfgenError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_KEPT = frozenset("\n\t")
_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@cache
def out() -> Console:
    """Return the console of standard output."""
    return _build_console(stderr=False)


@cache
def err() -> Console:
    """Return the console of standard error, where progress and faults go."""
    return _build_console(stderr=True)


def _build_console(*, stderr: bool) -> Console:
    from rich.console import Console

    class Plain(Console):
        """Leaves a broken pipe to us: rich would end the process, and with it a run that is at work."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Plain(stderr=stderr, highlight=False, soft_wrap=True)


def plain(text: str) -> str:
    """Return a text without control characters (but newline and tab), bidi marks and lone surrogates."""
    return "".join(ch if ch in _KEPT or _is_safe(ch) else "\ufffd" for ch in text)


def _is_safe(ch: str) -> bool:
    return unicodedata.category(ch) not in {"Cc", "Cs"} and ch not in _BIDI


def line(text: str, width: int = 0) -> str:
    """Return a text as one safe line, cut to `width` terminal cells (a Chinese character takes two) where given."""
    flat = " ".join(text.split())
    return cut(flat, width) if width else plain(flat)


def cut(text: str, width: int) -> str:
    """Return a text as one safe line of at most `width` terminal cells, its spaces kept."""
    from rich.cells import cell_len, set_cell_size

    flat = plain(" ".join(text.splitlines()))
    return set_cell_size(flat, width - 1).rstrip() + "…" if cell_len(flat) > width else flat


def text(content: str, style: str = "") -> Text:
    """Return safe text for the console, in which nothing is markup."""
    from rich.text import Text

    return Text(plain(content), style=style)


def say(content: str = "", style: str = "") -> None:
    """Print a line to standard output. Raises OSError when it cannot be written: it was the result."""
    out().print(text(content, style))


def tell(content: str, style: str = "") -> None:
    """Print a line to standard error: notices, progress, next steps. A terminal that is gone stops nothing."""
    with suppress(OSError):
        err().print(text(content, style))


def next_step(command: str, why: str = "") -> None:
    """Tell the next command to type."""
    tell(f"next: {command}{'   ' + why if why else ''}", "cyan")


def show_error(error: SelfgenError) -> None:
    """Print what happened and what to do, to standard error."""
    with suppress(OSError):
        err().print(text("error: ", "bold red") + text(error.what))
        if error.todo:
            err().print(text(error.todo, "yellow"))
