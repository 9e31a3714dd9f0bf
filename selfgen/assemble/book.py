"""A run folder opened for reading: the journal folded into what a person wants to know. Changes nothing on disk."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfgen.assemble.parts import build_machine, policy_of
from selfgen.assemble.source import BEHAVIOUR, Source, from_header
from selfgen.core.again import Try
from selfgen.core.machine import Machine
from selfgen.core.replay import Before, NoGates, replay
from selfgen.core.tasks import Draft, Record, Task
from selfgen.core.turns import Rejection, Retired
from selfgen.core.work import Answered, Ask, CallId, Event, Judged, Refused
from selfgen.errors import InternalError, StoreFault, UsageError
from selfgen.store.journal import Note, Reader
from selfgen.store.run_dir import RunDir, is_held


@dataclass(slots=True)
class Book:
    """All of a run: its source, the machine as its journal leaves it, and what each retired turn came to."""

    run: RunDir
    header: Mapping[str, Any]
    source: Source
    machine: Machine
    retired: list[Retired]
    notes: list[Note]
    times: list[float]
    holder: str

    @property
    def records(self) -> list[Record]:
        """The records of the dataset: at most as many as its target."""
        return self.machine.records[: self.source.config.target]

    @property
    def rejections(self) -> Iterator[Rejection]:
        """All drafts that were not kept."""
        return (rejection for turn in self.retired for rejection in turn.rejections)

    def text_of(self, id: str) -> str:
        """Return the instruction of a seed, a record or any draft; "" for an id that does not exist."""
        if not self._texts:
            self._texts |= {seed.id: seed.instruction for seed in self.source.seeds}
            self._texts |= {draft.id: draft.instruction for draft in self.machine.drafts_in_flight()}
            self._texts |= {rejection.draft.id: rejection.draft.instruction for rejection in self.rejections}
            self._texts |= {record.task.id: record.task.instruction for record in self.machine.records}
        return self._texts.get(id, "")

    _texts: dict[str, str] = field(default_factory=dict)


def find_run(path: Path) -> RunDir:
    """Return the run in a folder. Raises UsageError when the folder holds none, StoreFault when it is tampered with."""
    run = RunDir(path)
    if not run.exists:
        near = sorted(found.parent for place in (path, Path("runs")) for found in place.glob("*/run.db"))
        todo = f"Runs are in: {', '.join(map(str, near[:5]))}." if near else "Start a run with `selfgen run`."
        raise UsageError(f"{path} is not a run folder", todo=todo)
    guard(run)
    return run


def guard(run: RunDir) -> None:
    """Raise StoreFault when a folder would have us write elsewhere, or wait for ever.

    A run folder from elsewhere may hold links to files of its receiver; what is written by those names would replace
    them. The folder itself may be a link."""
    own = [run.path / "lock", run.dataset, run.rejected, run.prompts, *run.prompts.rglob("*")]
    own += [path.with_name(f".{path.name}.new") for path in (run.dataset, run.rejected)]
    links = [path for path in own if path.is_symlink()]
    if links:
        raise StoreFault(f"{links[0]} is a link", todo="Remove it, or put the file itself there.")
    if run.exists and not run.database.is_file():
        raise StoreFault(f"{run.database} is no ordinary file", todo="Name a folder that `selfgen run` made.")


def open_book(run: RunDir, before: Before | None = None) -> Book:
    """Read a run. Raises StoreFault when there is none, or when its journal is damaged."""
    with closing(Reader(run.database)) as reader:
        header, source = _read_header(run, reader)
        machine = build_reader(header, source)
        retired: list[Retired] = []
        try:
            with pass_events(reader) as events:
                replay(machine, NoGates(), events, retired.extend, before)
        except InternalError as error:
            raise _unfit(run, header, error) from error
        return Book(run, header, source, machine, retired, reader.notes(), reader.times(), is_held(run))


def behaviour_of(header: Mapping[str, Any]) -> int:
    """Return the behaviour of the version that made a run. Raises LookupError or ValueError for a damaged header."""
    return int(header["identity"].get("behaviour", 1))


def build_reader(header: Mapping[str, Any], source: Source) -> Machine:
    """Build the machine that a journal is folded into, also the journal of an older version."""
    made = build_machine(source, policy_of(source.config, header.get("grace", 0)))
    if behaviour_of(header) >= 3:
        return made
    return Machine(made.plan.before_3(), made.policy, made.recipe, made.seeds)


def _unfit(run: RunDir, header: Mapping[str, Any], error: InternalError) -> StoreFault:
    if behaviour_of(header) == BEHAVIOUR:
        return StoreFault(f"{run.path}: the journal does not fit together: {error.what}", todo=_RESTORE)
    what = f"{run.path}: made by selfgen {header['selfgen']}, whose replies this version reads otherwise: {error.what}"
    return StoreFault(what, todo=f"Use selfgen {header['selfgen']} for this run.")


def read_source(run: RunDir) -> Source:
    """Read what a run is made of. Raises UsageError when it was never begun, StoreFault when its header is damaged."""
    with closing(Reader(run.database)) as reader:
        return _read_header(run, reader)[1]


def pass_events(reader: Reader) -> closing[Generator[Event]]:
    """Return the events as a context whose end lets go of the database, also when a replay ends before they do."""
    return closing(event for event in reader.events())


_RESTORE = "Restore the run folder from a backup, or start a new run with another --out."


def _read_header(run: RunDir, reader: Reader) -> tuple[Mapping[str, Any], Source]:
    try:
        header = reader.header()
        if not header:
            raise UsageError(f"{run.path} was made but never begun", todo="Start it with `selfgen run`.")
        behaviour_of(header)
        return header, from_header(header)
    except (LookupError, TypeError, ValueError) as error:
        raise StoreFault(f"{run.path}: the journal's header is damaged: {_word(error)}", todo=_RESTORE) from error


def _word(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error).split("\n")[0]


@dataclass(frozen=True, slots=True)
class CallStory:
    """One call as it happened: what was asked, how, and what came back."""

    ask: Ask
    event: Answered | Refused
    tried: Try

    @property
    def manner(self) -> str:
        """What is special about how it was asked, in words; "" for a call that was asked for the first time."""
        parts = []
        if self.tried.rung:
            parts.append(f"smaller prompt, rung {self.tried.rung}")
        if self.tried.cuts:
            parts.append(f"more room: {self.ask.sampling.max_tokens} tokens")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Story:
    """How a record came to be, or why a draft did not become one. `nearest` are the seeds and records with the nearest
    instructions, whenever they came: ROUGE-L F1, id, instruction."""

    draft: Draft
    record: Record | None
    rejection: Rejection | None
    parents: tuple[tuple[str, str], ...]
    calls: tuple[CallStory, ...]
    measures: tuple[tuple[Any, str], ...]
    nearest: tuple[tuple[float, str, str], ...]


def tell(run: RunDir, id: str) -> Story:
    """Return the story of one draft or record ("t00042.3"). Raises UsageError when the run has none of that id."""
    turn, item = _address(id)
    calls: list[CallStory] = []
    verdicts: list[Any] = []

    def look(machine: Machine, event: Event) -> None:
        if isinstance(event, Judged):
            if event.turn == turn:
                verdicts.extend(m for v in event.verdicts if v.draft == id for m in v.measures)
        elif event.id.turn == turn and (event.id.stage == 0 or event.id.item == item):
            calls.append(CallStory(machine.render(event.id), event, machine.tried(event.id)))

    book = open_book(run, look)
    record = next((record for record in book.machine.records if record.task.id == id), None)
    rejection = next((rejection for rejection in book.rejections if rejection.draft.id == id), None)
    draft = _draft_of(book, id, record, rejection)
    if draft is None:
        raise UsageError(
            f"{run.path} has no draft or record {id!r}", todo=f"List ids with `selfgen show {run.path} [--rejected]`."
        )
    parents = tuple((parent, book.text_of(parent)) for parent in draft.parents)
    measures = tuple((measure, book.text_of(measure.nearest) if measure.nearest else "") for measure in verdicts)
    return Story(draft, record, rejection, parents, tuple(calls), measures, _find_nearest(book, draft))


def _find_nearest(book: Book, draft: Draft) -> tuple[tuple[float, str, str], ...]:
    """Compare an instruction with all seeds and records but itself."""
    from selfgen.filters.rouge import NoveltyIndex
    from selfgen.filters.words import find_tokenizer

    chosen = book.source.config.filters.get("rouge", True)
    tokenizer = chosen.get("tokenizer", "characters") if isinstance(chosen, Mapping) else "characters"
    index = NoveltyIndex(tokenize=find_tokenizer(str(tokenizer)))
    for task in (*book.source.seeds, *(record.task for record in book.machine.records)):
        if task.id != draft.id:
            index.add(task.id, task.instruction)
    found = index.neighbours(draft.instruction, _NEAR_ENOUGH, _SHOWN)
    if not found and (far := index.nearest(draft.instruction)) is not None:
        found = [far]
    return tuple((float(near), near.id, book.text_of(near.id)) for near in found)


_NEAR_ENOUGH = "0.3"
_SHOWN = 3


def _address(id: str) -> tuple[int, int]:
    try:
        turn, item = id.removeprefix("t").split(".")
        return CallId.parse(f"{turn}.0.{item}").turn, int(item)
    except ValueError as error:
        raise UsageError(f"{id!r} is not the id of a draft", todo="Ids look like t00042.3.") from error


def _draft_of(book: Book, id: str, record: Record | None, rejection: Rejection | None) -> Draft | None:
    if rejection is not None:
        return rejection.draft
    if record is not None:
        return _as_draft(record.task, record.lineage.parents)
    return next((draft for draft in book.machine.drafts_in_flight() if draft.id == id), None)


def _as_draft(task: Task, parents: tuple[str, ...]) -> Draft:
    return Draft(task.id, task.instruction, task.input, task.output, task.labels, parents)
