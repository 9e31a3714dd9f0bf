"""The command line: `selfgen`. Each file is a group of commands; nothing else in selfgen prints."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line and leave with its exit code."""
    from selfgen.cli.app import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal without Chinese shows question marks; it does not end a run.
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))
