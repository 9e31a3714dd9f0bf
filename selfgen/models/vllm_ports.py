"""Ports of this machine: which are free, and on which somebody listens."""

from __future__ import annotations

import os
import socket
import time

from selfgen.errors import NoServer
from selfgen.models.vllm_command import HOST

PORTS = range(20_000, 30_000)
"""Free ports are looked for here, below those that the system gives to outgoing connections: a client that keeps
connecting to a port of that range on this machine may, while nobody listens, be connected with itself."""


def is_free(port: int, host: str = HOST) -> bool:
    """Tell whether a server could listen on a port of this machine, as vLLM would: one that just closed is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a free port. Where the search begins differs between processes and moments: vLLM takes its port only after
    several seconds, and another run may be looking meanwhile. Raises NoServer where none is free."""
    first = (os.getpid() * 7919 + time.time_ns() // 1000) % len(PORTS)
    for step in range(len(PORTS)):
        port = PORTS[(first + step) % len(PORTS)]
        if is_free(port):
            return port
    raise NoServer("no port is free on this machine", todo="Name one with --port.")


def listens(host: str, port: int) -> bool:
    """Tell whether somebody accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=2.0):
            return True
    except OSError:
        return False
