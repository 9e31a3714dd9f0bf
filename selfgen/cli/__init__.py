"""The command line: `selfgen`. Each file is a group of commands; nothing else in selfgen prints."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from selfgen.cli.app import run

    sys.exit(run(sys.argv[1:]))
