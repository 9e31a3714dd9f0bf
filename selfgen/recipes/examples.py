"""Chooses the tasks that a prompt shows. Every choice is a draw with an address, so a replay makes the same one.

This file does not know how a prompt shows a task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from selfgen.core.ports import Subject
from selfgen.core.tasks import Task

MOST_SHOWN = 2_000
"""Characters of a task that may serve as an example; longer ones would crowd out the others."""
MOST_EXAMPLES = 12
MOST_TASKS = 32
MOST_DOMAIN = 2_000


LADDER = (8, 5, 3, 1, 0)
"""Of eight examples, how many the prompt of each rung shows; of fewer the same share, rounded up."""
RUNGS = len(LADDER) - 1


class SeedChoice:
    """The seeds that can serve for one purpose. They are looked through once for a run, not once for every prompt."""

    __slots__ = ("_chosen", "_fits", "_seen")

    def __init__(self, fits: Callable[[Task], bool]) -> None:
        self._fits = fits
        self._seen: Sequence[Task] = ()
        self._chosen: Sequence[Task] = ()

    def __call__(self, seeds: Sequence[Task]) -> Sequence[Task]:
        if seeds is not self._seen:
            self._chosen = tuple(task for task in seeds if self._fits(task))
            self._seen = seeds
        return self._chosen


def check_options(domain: str, tasks_per_call: int, seed_examples: int, record_examples: int) -> None:
    """Raise ValueError for what no prompt could hold. Within these limits no prompt grows too long in mid-run."""
    for name, value, least, most in (
        ("tasks_per_call", tasks_per_call, 1, MOST_TASKS),
        ("seed_examples", seed_examples, 0, MOST_EXAMPLES),
        ("record_examples", record_examples, 0, MOST_EXAMPLES - seed_examples),
    ):
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"{name} is {value!r} and must be a whole number from {least} to {most}")
    if len(domain) > MOST_DOMAIN:
        raise ValueError(f"domain has {len(domain)} characters and may have {MOST_DOMAIN}")


def is_short(*texts: str) -> bool:
    """Tell whether these texts of one task are short enough to be shown."""
    return sum(map(len, texts)) <= MOST_SHOWN


def shrink(tasks: list[Task], rung: int, *fields: str) -> list[Task]:
    """Return the examples that are left on a rung, in their order.

    The longest go first, since it is they that fill a context: so most are kept, and the least is lost. Lengths are
    those of the shown `fields` in bytes, which are near to tokens in English and Chinese alike. Of equals the first
    stays."""
    keep = -(-len(tasks) * LADDER[min(rung, RUNGS)] // LADDER[0])
    places = sorted(range(len(tasks)), key=lambda place: _bytes(tasks[place], fields))[:keep]
    return [tasks[place] for place in sorted(places)]


def _bytes(task: Task, fields: Sequence[str]) -> int:
    return sum(len(getattr(task, field).encode("utf-8", "replace")) for field in fields)


def draw_mixed(
    subject: Subject, seeds: Sequence[Task], seed_count: int, record_count: int, fits: Callable[[Task], bool]
) -> list[Task]:
    """Return up to `record_count` records and enough seeds to make `seed_count + record_count` tasks, shuffled."""
    records = [task for task in subject.draw.sample(subject.records, record_count, "records") if fits(task)]
    drawn = subject.draw.sample(seeds, seed_count + record_count - len(records), "seeds")
    return subject.draw.shuffle([*drawn, *records], "order")
