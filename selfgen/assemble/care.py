"""Rebuilding what is derived from a journal, and proving that a run is what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from selfgen.assemble.book import Book, behaviour_of, build_reader, guard, open_book, pass_events
from selfgen.assemble.parts import StageGates, build_gates, rejection_row
from selfgen.assemble.session import record_row
from selfgen.assemble.settings import environment
from selfgen.assemble.source import BEHAVIOUR, from_header, identity
from selfgen.canon import digest_bytes
from selfgen.core.replay import check_prompt, replay
from selfgen.core.tally import Account
from selfgen.core.tasks import Draft
from selfgen.core.work import Verdict
from selfgen.errors import SelfgenError, UsageError
from selfgen.store.atomic import write_atomic
from selfgen.store.journal import Reader
from selfgen.store.run_dir import Lock, RunDir


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was proved, or not. `derived`: it is about files that can be rebuilt."""

    what: str
    holds: bool
    derived: bool = False


def rebuild_files(run: RunDir) -> tuple[int, int]:
    """Write both derived files from the journal. Returns how many records and rejections they hold."""
    guard(run)
    with Lock(run):
        book = open_book(run)
        rejections = list(book.rejections)
        write_atomic(run.dataset, map(record_row, book.records))
        write_atomic(run.rejected, map(rejection_row, rejections))
    return len(book.records), len(rejections)


def examine(run: RunDir) -> Iterator[Check]:
    """Yield one check after another. Reads everything, changes nothing."""
    with closing(Reader(run.database)) as reader:
        damage = reader.check()
    yield Check(f"the journal is whole{': ' + damage[0] if damage else ''}", not damage)
    try:
        book = open_book(run, check_prompt)
    except SelfgenError as error:
        yield Check(f"the journal can be replayed: {error.what}", False)
        return
    yield Check("every prompt renders as it was sent", True)
    yield Check(f"the account adds up: {_word_account(book.machine.account)}", book.machine.account.balanced)
    made_as = behaviour_of(book.header)
    if made_as != BEHAVIOUR:
        version = f"selfgen {book.header['selfgen']} (behaviour {made_as})"
        yield Check(f"another version made it: {version}, which alone can prove it; this one has {BEHAVIOUR}", False)
    own = identity(book.source) | {"behaviour": made_as}
    yield Check("the identity is that of its parts", book.header["identity"] == own)
    yield _judge_again(run)
    if book.holder:
        yield Check(f"the files are not compared: process {book.holder} is at work on them", True)
    else:
        yield _compare(run.dataset, b"".join(map(record_row, book.records)))
        yield _compare(run.rejected, b"".join(map(rejection_row, book.rejections)))
    yield _digest(book)


def check_destination(run: RunDir, seeds: Sequence[str], path: Path) -> None:
    """Raise UsageError when an export would replace what it is made from: a run's own files, or the seeds."""
    place = path.resolve()
    of_a_run = (place.parent / run.database.name).exists() and (
        place.name.startswith(run.database.name) or place.name in ("lock", run.dataset.name, run.rejected.name)
    )
    if of_a_run or place.is_relative_to(run.prompts.resolve()) or place in [Path(seed).resolve() for seed in seeds]:
        raise UsageError(f"{path} is part of a run, or its seeds", todo="Name another file with --out.")


def _word_account(account: Account) -> str:
    return (
        f"{account.read:,} drafts read = {account.kept:,} kept + {account.rejected:,} rejected"
        f" + {account.lost:,} lost + {account.in_flight:,} in flight"
    )


@dataclass(slots=True)
class _Again:
    """Gates that judge again what a journal says they judged, and collect where they differ."""

    gates: StageGates
    judged: int = 0
    differ: list[str] = field(default_factory=list)

    def judge(self, stage: int, drafts: Sequence[Draft]) -> tuple[Verdict, ...]:
        return self.gates.judge(stage, drafts)

    def ahead(self, stage: int, drafts: Sequence[Draft]) -> None:
        """Prepare nothing."""

    def recall(self, stage: int, drafts: Sequence[Draft], verdicts: Sequence[Verdict]) -> None:
        again = self.gates.judge(stage, drafts)
        self.judged += len(again)
        self.differ += [
            f"{now.draft} ({then.reason or 'kept'} -> {now.reason or 'kept'})"
            for now, then in zip(again, verdicts, strict=True)
            if now.reason != then.reason
        ]


def _judge_again(run: RunDir) -> Check:
    with closing(Reader(run.database)) as reader:
        header = reader.header()
        source = from_header(header)
        machine = build_reader(header, source)
        again = _Again(build_gates(source, machine, environment(), run, writable=False))
        with pass_events(reader) as events:
            replay(machine, again, events, lambda retired: None)
    differ = f"; {len(again.differ)} differ: {', '.join(again.differ[:3])}" if again.differ else ""
    return Check(f"{again.judged} verdicts come out the same when judged again{differ}", not again.differ)


def _compare(path: Path, expected: bytes) -> Check:
    try:
        found = path.read_bytes()
    except OSError:
        return Check(f"{path.name} is missing", False, derived=True)
    if found != expected and expected.startswith(found):
        return Check(f"{path.name} ends before the journal does, as after a kill", False, derived=True)
    return Check(f"{path.name} is what the journal says", found == expected, derived=True)


def _digest(book: Book) -> Check:
    data = b"".join(map(record_row, book.records))
    return Check(f"{len(book.records)} records, {digest_bytes(data)}", True)
