"""`python -m selfgen`: the same as the command `selfgen`."""

from __future__ import annotations

from selfgen.cli import main

if __name__ == "__main__":
    main()
