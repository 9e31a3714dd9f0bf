"""Seed files to seeds: the one door to everything that a person brings along.

Knows how files stand together: ids, duplicates, and that two seeds are needed. Does not know formats.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from selfgen.canon import digest
from selfgen.core.tasks import Task
from selfgen.errors import BadData, DataFault, UsageError
from selfgen.store.seed_findings import Findings
from selfgen.store.seed_formats import AUTO, FORMATS, FileTasks, read_file

MIN_SEEDS = 2
"""A prompt shows several tasks; with one, every record would be its echo."""

# Records are numbered like this within a run; a seed of that name could not be told from a record.
_RECORD_ID = re.compile(r"t\d{5,}\.\d+")

_TODO = (
    "Correct these places and start again; nothing was spent. "
    "If a file was taken for another format than it has, name the right one with --seed-format."
)


@dataclass(frozen=True, slots=True)
class SeedFile:
    """What was read from one file. `notices` are texts for a person about things that are harmless."""

    path: str
    format: str
    count: int
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seeds of a run, in the order of the files. `digest` covers what they say, not where they lie."""

    tasks: tuple[Task, ...]
    digest: str
    files: tuple[SeedFile, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """One file with what was found in it."""

    found: Findings
    content: FileTasks


def read_seeds(paths: Sequence[Path], format: str = AUTO) -> Seeds:
    """Read all files, then raise BadData with every fault of all of them, or return the seeds.

    `format` is one of FORMATS and holds for all files. Ids stay as given; seeds without one get `seed-0001` and so on,
    counted over all files. Two seeds with the same instruction (after Unicode NFC) are a fault. Raises UsageError for
    an unknown format, and where no file is named."""
    if format not in FORMATS:
        raise UsageError(f"there is no seed format {format!r}", todo=f"The formats are: {', '.join(FORMATS)}.")
    if not paths:
        raise UsageError("no seed file is named", todo="Name at least one file with --seeds.")
    sources = _read_sources(paths, format)
    _check_instructions(sources)
    tasks = tuple(_name_seeds(_check_ids(sources)))
    faults = [fault for source in sources for fault in source.found.faults()]
    if not faults and len(tasks) < MIN_SEEDS:
        faults = [
            DataFault(sources[-1].found.path, 0, f"{len(tasks)} usable seed in all; at least {MIN_SEEDS} are needed")
        ]
    if faults:
        raise BadData(faults, todo=_TODO)
    return Seeds(tasks, digest_tasks(tasks), tuple(_describe(source) for source in sources))


def digest_tasks(tasks: Iterable[Task]) -> str:
    """Return the digest of what the tasks say, in their order."""
    return digest([[task.id, task.instruction, task.input, task.output, task.labels] for task in tasks])


def _read_sources(paths: Sequence[Path], format: str) -> list[_Source]:
    """Read the files; one that is named twice is one fault, not one for each of its rows."""
    sources: list[_Source] = []
    seen: set[str] = set()
    for path in paths:
        found = Findings(str(path))
        place = os.path.abspath(path)
        if place in seen:
            found.fault(0, "this file is named twice")
        sources.append(_Source(found, FileTasks(format, ()) if place in seen else read_file(path, format, found)))
        seen.add(place)
    return sources


def _describe(source: _Source) -> SeedFile:
    return SeedFile(source.found.path, source.content.format, len(source.content.rows), source.found.notices())


def _check_ids(sources: Sequence[_Source]) -> Iterator[Task]:
    """Yield all tasks; note each id that was given before."""
    first: dict[str, tuple[Findings, int]] = {}
    for source in sources:
        for line, task in source.content.rows:
            if _RECORD_ID.fullmatch(task.id):
                source.found.notice(line, "the id of a record of an earlier run; 'seed-' is put before it")
                task = replace(task, id=f"seed-{task.id}")
            if task.id in first:
                source.found.fault(line, f"the id {task.id!r} is taken by {_word_place(first[task.id], source.found)}")
            elif task.id:
                first[task.id] = (source.found, line)
            yield task


def _name_seeds(tasks: Iterable[Task]) -> Iterator[Task]:
    """Yield the tasks with an id for each that has none."""
    named = list(tasks)
    taken = {task.id for task in named}
    number = 0
    for task in named:
        if not task.id:
            number += 1
            while f"seed-{number:04d}" in taken:
                number += 1
            task = replace(task, id=f"seed-{number:04d}")
        yield task


def _check_instructions(sources: Sequence[_Source]) -> None:
    """Note each instruction that was given before, other than on lines that are faulty anyway."""
    first: dict[str, tuple[Findings, int]] = {}
    for source in sources:
        faulty = source.found.faulty_lines()
        for line, task in source.content.rows:
            key = unicodedata.normalize("NFC", task.instruction)
            if not key or line in faulty:
                continue
            if key in first:
                source.found.fault(line, f"the same instruction as {_word_place(first[key], source.found)}")
            else:
                first[key] = (source.found, line)


def _word_place(place: tuple[Findings, int], here: Findings) -> str:
    found, line = place
    return f"line {line}" if found is here else f"{found.path}:{line}"
