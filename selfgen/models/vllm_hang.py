"""Starting a vLLM server of our own again that hangs: behind open ports nothing comes home, and no canary passes.

Knows only when it began, and that it lasts. Whether calls come home is noticed by the fleet (watch.py), and how a
server is ended and started by vllm_server.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

HANGS_S = 60.0
"""How long a server may go on failing its canaries after its calls were taken back. One that was buried under its calls
answers within seconds of that."""


class Hang:
    """One server, as the story of its fleet tells of it. `restart` ends it and starts it again; it may take a while,
    and is called on a thread of its own."""

    def __init__(self, restart: Callable[[], object]) -> None:
        self._restart = restart
        self._timer: threading.Timer | None = None

    def hear(self, kind: str) -> None:
        """Take in one event of the fleet's story (see lane.Tell)."""
        if kind == "back":
            self.cancel()
        elif kind == "watchdog" and (self._timer is None or not self._timer.is_alive()):
            self._timer = threading.Timer(HANGS_S, self._restart)
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Wait for nothing any longer."""
        if self._timer is not None:
            self._timer.cancel()
