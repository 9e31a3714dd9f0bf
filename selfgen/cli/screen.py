"""The terminal: one console each for output and errors, safe printing of text that others wrote, errors for people.

Model text is hostile: it may hold escape sequences, bidi marks or markup. All of it goes through `plain` or `line`.
"""

from __future__ import annotations

import unicodedata
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
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


@cache
def err() -> Console:
    """Return the console of standard error, where progress and faults go."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def plain(text: str) -> str:
    """Return a text without control characters (but newline and tab), bidi marks and lone surrogates."""
    return "".join(ch if ch in _KEPT or _is_safe(ch) else "\ufffd" for ch in text)


def _is_safe(ch: str) -> bool:
    return unicodedata.category(ch) not in {"Cc", "Cs"} and ch not in _BIDI


def line(text: str, width: int = 0) -> str:
    """Return a text as one safe line, cut to `width` terminal cells (a Chinese character takes two) where given."""
    from rich.cells import cell_len, set_cell_size

    flat = " ".join(plain(text).split())
    return set_cell_size(flat, width - 1).rstrip() + "…" if width and cell_len(flat) > width else flat


def text(content: str, style: str = "") -> Text:
    """Return safe text for the console, in which nothing is markup."""
    from rich.text import Text

    return Text(plain(content), style=style)


def say(content: str = "", style: str = "") -> None:
    """Print a line to standard output."""
    out().print(text(content, style))


def tell(content: str, style: str = "") -> None:
    """Print a line to standard error: notices, progress, next steps."""
    err().print(text(content, style))


def next_step(command: str, why: str = "") -> None:
    """Tell the next command to type."""
    tell(f"next: {command}{'   ' + why if why else ''}", "cyan")


def show_error(error: SelfgenError) -> None:
    """Print what happened and what to do, to standard error."""
    console = err()
    console.print(text("error: ", "bold red") + text(error.what))
    if error.todo:
        console.print(text(error.todo, "yellow"))
