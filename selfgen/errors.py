"""Every way selfgen can fail, drawn as a tree, each leaf with its exit code.

    SelfgenError
    ├── UsageError          64  the command line makes no sense
    ├── BadData             65  seeds or other input files are faulty; lists every fault with file:line
    ├── NoServer            69  no model server answers
    ├── InternalError       70  a broken promise of ours; please report
    ├── CannotCreate        73  a run folder cannot be made, or another process holds it
    ├── StoreFault          74  the disk is full, or a run folder is damaged
    ├── Paused              75  the server is away or the quota is used up; the same command continues
    ├── NotAuthorised       77  the key is missing or refused
    ├── BadConfig           78  configuration, templates or model settings are wrong
    │   └── IdentityChanged 78  a resumed run would mix two datasets; carries the difference
    └── CallError            -  one model call failed; caught by the retry loop, seldom seen by people
        ├── Overloaded          429, 503, 529: slow down, then ask again
        ├── Transient           connection lost, 5xx: ask again
        ├── Ambiguous           no answer in time: ask again, but the call may have been billed
        ├── QuotaUsedUp         the account is empty: pause the run
        ├── KeyRefused          401, 403: stop
        └── CallRejected        404 model, 400 parameter: stop, the set-up is wrong

Codes 64 to 78 follow sysexits.h. The exit codes of a run that ended well are in `core.tally.Stop`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SelfgenError(Exception):
    """Base of all errors shown to a person: what happened, and what to do next."""

    exit_code = 70

    def __init__(self, what: str, *, todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.what}\n{self.todo}" if self.todo else self.what


class UsageError(SelfgenError):
    """The command line makes no sense."""

    exit_code = 64


@dataclass(frozen=True, slots=True)
class DataFault:
    """One fault in one file. `line` counts from 1; 0 means the file as a whole."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}" if self.line else f"{self.path}: {self.what}"


class BadData(SelfgenError):
    """Input files are faulty; every fault found is listed."""

    exit_code = 65

    def __init__(self, faults: Sequence[DataFault], *, todo: str = "") -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults), todo=todo)


class NoServer(SelfgenError):
    """No model server answers."""

    exit_code = 69


class InternalError(SelfgenError):
    """selfgen broke one of its own promises."""

    exit_code = 70


class CannotCreate(SelfgenError):
    """A run folder cannot be made, or another process holds it."""

    exit_code = 73


class StoreFault(SelfgenError):
    """The disk is full, or a run folder is damaged or of another format."""

    exit_code = 74


class Paused(SelfgenError):
    """The server stays away, or the quota is used up. Nothing is lost; the same command continues."""

    exit_code = 75


class NotAuthorised(SelfgenError):
    """The key is missing or refused."""

    exit_code = 77


class BadConfig(SelfgenError):
    """Configuration, templates or model settings are wrong."""

    exit_code = 78


class IdentityChanged(BadConfig):
    """A resumed run would mix two datasets."""

    def __init__(self, what: str, difference: Sequence[str], *, todo: str = "") -> None:
        self.difference = tuple(difference)
        super().__init__("\n".join([what, *(f"  {line}" for line in difference)]), todo=todo)


class CallError(SelfgenError):
    """One model call failed. `retry_after_s` is what the server asked for, or None."""

    exit_code = 75

    def __init__(self, what: str, *, todo: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(what, todo=todo)
        self.retry_after_s = retry_after_s


class Overloaded(CallError):
    """The server asks us to slow down."""


class Transient(CallError):
    """The connection or the server failed; the same call may succeed later."""


class Ambiguous(CallError):
    """No complete answer came in time; the call may have been billed."""


class QuotaUsedUp(CallError):
    """The account is empty."""


class KeyRefused(CallError):
    """The server refuses the key."""

    exit_code = 77


class CallRejected(CallError):
    """The server can never accept calls of this form: the set-up is wrong."""

    exit_code = 78
