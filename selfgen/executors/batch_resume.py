"""What an earlier process left in the ledger: which of it is ours to wait for, and what each batch was asked.

Pure but for the machine, which learns of turns that had started. Knows no service.
"""

from __future__ import annotations

from collections.abc import Mapping

from selfgen.core.machine import Machine
from selfgen.core.work import Ask, Role
from selfgen.errors import BadConfig, StoreFault
from selfgen.executors.batch_parts import Part, mark_of, newest_turn
from selfgen.executors.batch_port import Backend


def admit(machine: Machine, parts: list[Part]) -> None:
    """Start the turns that parts hold calls of: an earlier session, perhaps under wider limits, did so too."""
    if parts and machine.stop is None:
        machine.admit(max(map(newest_turn, parts)))


def claim(part: Part, owed: dict[str, Ask], backends: Mapping[Role, Backend]) -> bool:
    """Move the calls of a part that are still owed from `owed` to the part; tell whether it is to be waited for.

    It is not where all its calls have their answers, where it died with the process that began it, or where it was
    never handed over and some of its calls need no answer any more. Raises BadConfig when the part is at another
    service than this run's, StoreFault when its calls were asked something else."""
    backend = backends[part.role]
    wanted = any if part.handle else all
    if not part.outlives_us or not wanted(call in owed for call in part.marks):
        return False
    if part.handle and part.place != backend.place:
        what = (
            f"a batch of this run ({part.id or part.name}) is at {part.place}, and the run now goes to {backend.place}"
        )
        raise BadConfig(what, todo="Give the earlier address and model until that batch is over.")
    part.place, part.outlives_us = backend.place, backend.outlives_us
    for call, mark in part.marks.items():
        ask = owed.get(call)
        if ask is not None and mark_of(ask) != mark:
            what = f"batch {part.id or part.name} asks something else for call {call} than this run would now"
            raise StoreFault(what, todo="Give the settings that it was submitted with, or a new run with --out.")
    part.asks = {call: owed.pop(call) for call in part.marks if call in owed}
    return True
