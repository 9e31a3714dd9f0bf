"""Keeps a vLLM server from outliving whoever started it. Run as a script, in a process of its own.

    selfgen --pipe--> guard --pipe--> keeper --> vllm serve --> EngineCore, workers ...

The guard holds the reading end of a pipe whose writing end only selfgen has, and which the kernel closes however
selfgen ends, by SIGKILL too. At its end (or at a SIGTERM) the guard asks the keeper, and the keeper asks vLLM, to stop;
what is left after a grace is killed. Both adopt orphans, so that no child of vLLM's can slip out of the tree, by a
session of its own or by the death of its parent. They are two so that one of them may be killed: the keeper sees the
guard's pipe close, the guard inherits the keeper's children. Should both be killed, the kernel sends vLLM a SIGTERM.

vLLM's children overwrite their environment with a title, and their group is not always vLLM's: neither a mark in
the environment nor a process group finds them all. Knows Linux's /proc and prctl; elsewhere it ends vLLM's process
group. Imports the standard library only, and nothing of selfgen, so that it starts at once.

    python -I -S vllm_guard.py PIPE GRACE_S -- COMMAND ...

Ends with the exit code of the command; 128 + N where signal N ended it; 127 where it cannot be started.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

LINUX = sys.platform.startswith("linux")
CANNOT_START = 127
ASK_S, MAKE_S, LOOK_S = 3.0, 10.0, 0.05
"""How long what is left of a tree may take after SIGTERM, after SIGKILL, and how often it is looked at, in seconds."""

_SET_DEATH_SIGNAL, _ADOPT_ORPHANS = 1, 36
"""PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER of <linux/prctl.h>."""


def main(words: Sequence[str]) -> int:
    """Start the keeper, which starts the command, and watch over it. Returns the exit code, in both processes."""
    pipe, grace_s, command = int(words[0]), float(words[1]), words[3:]
    _ignore_the_terminal()
    _prctl(_ADOPT_ORPHANS)
    link, held = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        os.close(pipe)
        os.close(held)
        _prctl(_ADOPT_ORPHANS)
        return keep(start(command), link, grace_s)
    os.close(link)
    return keep(keeper, pipe, grace_s + ASK_S + MAKE_S)


def start(command: Sequence[str]) -> int:
    """Start the command in a group of its own, with the signals that a new program expects. Returns its id."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        os.setpgid(0, 0)
        _prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() == parent:
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            os.execvp(command[0], list(command))
    except OSError as error:
        os.write(2, f"selfgen: cannot start {command[0]}: {error.strerror}\n".encode())
    os._exit(CANNOT_START)


def keep(child: int, pipe: int, grace_s: float) -> int:
    """Wait until the child ends, the pipe closes, or a SIGTERM comes; then leave nothing of its tree behind.

    `grace_s` is what the child has to end by itself, once asked, and what is left after it. Returns the code."""
    code = _wait(child, pipe)
    if code is None:
        _send(child, signal.SIGTERM)
        until = time.monotonic() + grace_s
        while (code := _reap(child)) is None and time.monotonic() < until:
            time.sleep(LOOK_S)
    for number, patience_s in ((signal.SIGTERM, min(ASK_S, grace_s)), (signal.SIGKILL, MAKE_S)):
        ended = _end_all(child, number, patience_s)
        code = ended if code is None else code
    code = 128 + signal.SIGKILL if code is None else code
    return 128 - code if code < 0 else code


def descendants(root: int, proc: Path = Path("/proc")) -> list[int]:
    """Return the processes below one that are more than zombies, by the parents that /proc names."""
    children: dict[int, list[int]] = {}
    zombies = set()
    for entry in os.listdir(proc):
        if entry.isdecimal():
            # The name, in brackets, may hold brackets and spaces of its own. A process may end while it is read.
            with suppress(OSError):
                state, parent = (proc / entry / "stat").read_bytes().rpartition(b")")[2].split()[:2]
                children.setdefault(int(parent), []).append(int(entry))
                if state in (b"Z", b"X"):
                    zombies.add(int(entry))
    found, waiting = [], [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        waiting += below
        found += below
    return [pid for pid in found if pid not in zombies]


def _wait(child: int, pipe: int) -> int | None:
    """Wait for the child's end (its code), or for the wish that it should end (None)."""
    woken, waker = os.pipe()
    for end in (woken, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, _nothing)
    signal.signal(signal.SIGCHLD, _nothing)
    while (code := _reap(child)) is None:
        ready, _, _ = select.select([pipe, woken], [], [])
        if pipe in ready and not os.read(pipe, 1):
            break
        if woken in ready and signal.SIGTERM in os.read(woken, 512):
            break
    signal.set_wakeup_fd(-1)
    return code


def _nothing(number: int, frame: object) -> None:
    """The wakeup pipe holds the number; a handler has to be there for that."""


def _reap(child: int) -> int | None:
    """Bury all children that ended. Returns the code of `child` where it was among them (negative: a signal)."""
    code = None
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
    return code


def _end_all(child: int, number: int, patience_s: float) -> int | None:
    """Send a signal to all that is left, once to each (SIGKILL until it is gone). Returns the child's code."""
    code, told = None, set[int]()
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        ended = _reap(child)
        code = ended if code is None else code
        left = descendants(os.getpid()) if LINUX else []
        if not LINUX:
            with suppress(OSError):
                os.killpg(child, number)
                left = [child]
        if not left:
            break
        for pid in left:
            if pid not in told or number == signal.SIGKILL:
                told.add(pid)
                _send(pid, number)
        time.sleep(LOOK_S)
    return code


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _ignore_the_terminal() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _prctl(option: int, value: int = 1) -> None:
    """Set an option of this process. An old kernel, or a sandbox, may refuse: then the other safeguards have to do."""
    if LINUX:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
