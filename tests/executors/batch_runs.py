"""Runs over a loopback batch service, session by session, and the same run over the streaming executor. For tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from world import SEEDS, WordGate, WordRecipe, plan

from selfgen.canon import hash_int
from selfgen.core.machine import Machine
from selfgen.core.replay import replay
from selfgen.core.tally import Policy
from selfgen.core.turns import Retired
from selfgen.core.work import Answered, Ask, Event, Refused
from selfgen.executors.batch import Batch
from selfgen.executors.batch_port import Backend, Pace
from selfgen.executors.stream import Ending, Snapshot, Stream
from selfgen.models.batch_lines import Lines
from selfgen.models.batches import Batches
from selfgen.store.journal import Reader, Writer
from tests.batch_server import BatchServer

FAST = Pace(poll_s=0.001, backoff_s=0.001, longest_backoff_s=0.004, first_patience_s=0.3, visible_s=0.002)
POLICY = Policy(target=6)
KEY = "sk-CANARY-0123456789"


def reply(body: Mapping[str, Any]) -> str:
    """Answer a call of WordRecipe: words to a proposal, a text to all else, now and then garbage."""
    text = body["messages"][0]["content"]
    number = hash_int(text, body["seed"], body["model"])
    if number % 11 == 0:
        return "garbage"
    if text.endswith(" "):
        return " ".join(f"w{(number >> (8 * i)) % 97}" for i in range(1 + number % 4))
    return f"text{number % 1000}"


class Died(BaseException):
    """Stands for the end of the process: nothing in the executor catches it."""


class HeaderLedger:
    """Keeps intents in the header of the journal."""

    def __init__(self, writer: Writer, path: Path) -> None:
        self._writer, self._path = writer, path

    def put(self, name: str, value: Mapping[str, Any]) -> None:
        self._writer.put_header({name: value})

    def all(self) -> Mapping[str, Any]:
        reader = Reader(self._path)
        try:
            return reader.header()
        finally:
            reader.close()


@dataclass
class Night:
    """A run in one folder, worked on by any number of sessions. `steps` are those of all sessions."""

    folder: Path
    server: BatchServer
    policy: Policy = POLICY
    two_models: bool = True
    options: dict[str, Any] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    retired: list[Retired] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    batch: Batch | None = None

    @property
    def journal(self) -> Path:
        return self.folder / "run.db"

    def backends(self) -> dict[str, Backend]:
        return {role: self.backend(model) for role, model in (("propose", "m"), ("answer", "n"))}

    def backend(self, model: str) -> Backend:
        return Batches(Lines(model=model, key=KEY), base_url=self.server.base_url, key=KEY)

    def session(
        self, step: Callable[[str], None] = lambda name: None, recipe: WordRecipe | None = None, **more: Any
    ) -> Ending:
        """Fold the journal and work until the session ends. What ends it badly comes through."""
        writer = Writer(self.journal, linger_s=0)
        try:
            machine, gate = Machine(plan(), self.policy, recipe or WordRecipe(), SEEDS), WordGate()
            self.retired = []
            reader = Reader(self.journal)
            replay(machine, gate, reader.events(), self.retired.extend)
            reader.close()
            if machine.stop is not None:
                return machine.stop
            backends: Any = self.backends()
            if not self.two_models:
                backends["answer"] = backends["propose"]
            given = {"batch_size": 4, "pace": FAST, "ledger": HeaderLedger(writer, self.journal)}
            given |= {"folder": self.folder / "batches", "run": "test", "watch": self.snapshots.append}
            self.batch = Batch(
                machine, gate, backends, writer, self.retired.extend,
                step=lambda name: (self.steps.append(name), step(name))[1], **{**given, **self.options, **more},
            )  # fmt: skip
            return self.batch.run()
        finally:
            writer.close()

    def events(self) -> list[Event]:
        reader = Reader(self.journal)
        try:
            return list(reader.events())
        finally:
            reader.close()

    def notes(self) -> str:
        reader = Reader(self.journal)
        try:
            return "\n".join(f"{note.kind}: {note.text}" for note in reader.notes())
        finally:
            reader.close()

    def dataset(self) -> list[str]:
        return [repr((turn.records, turn.rejections, turn.count)) for turn in self.retired]

    def ledger(self) -> dict[str, Any]:
        reader = Reader(self.journal)
        try:
            return {name: value for name, value in reader.header().items() if name.startswith("batch:")}
        finally:
            reader.close()


class SameReplies:
    """A model of the streaming executor that says, call by call, what the batch service would."""

    def __init__(self, server: BatchServer, model: str) -> None:
        self._server, self._lines = server, Lines(model=model)

    async def answer(self, ask: Ask) -> Answered | Refused:
        line = self._lines.encode(ask)
        assert isinstance(line, bytes)
        row = self._server.line(str(ask.id), self._server.answer(str(ask.id), json.loads(line)["body"]))
        event = self._lines.decode(json.dumps(row).encode(), {str(ask.id): ask}).event
        assert event is not None
        return event

    def room(self) -> int:
        return 3

    def state(self) -> str:
        return ""

    async def aclose(self) -> None: ...


def streamed(folder: Path, server: BatchServer, policy: Policy = POLICY, *, two_models: bool = True) -> list[str]:
    """Return the dataset of the same run over the streaming executor."""
    writer = Writer(folder / "stream.db", linger_s=0)
    retired: list[Retired] = []
    models: Any = {"propose": SameReplies(server, "m"), "answer": SameReplies(server, "n" if two_models else "m")}
    machine = Machine(plan(), policy, WordRecipe(), SEEDS)
    Stream(machine, WordGate(), models, writer, retired.extend).run()
    writer.close()
    return [repr((turn.records, turn.rejections, turn.count)) for turn in retired]
