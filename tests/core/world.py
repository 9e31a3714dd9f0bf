"""A small complete world for the machine: a recipe that uses every input it is given, and answers that are pure
functions of what was asked. Tests put it together in every order they like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from selfgen.canon import hash_int
from selfgen.core.machine import Machine
from selfgen.core.ports import Fault, Reading, Stage, Subject
from selfgen.core.replay import replay
from selfgen.core.tally import Policy
from selfgen.core.tasks import Draft, Task
from selfgen.core.turns import Plan, Retired
from selfgen.core.work import (
    Answered,
    Ask,
    Event,
    Judge,
    Judged,
    Measure,
    Message,
    Prompt,
    Refused,
    Sampling,
    Usage,
    Verdict,
)

SEEDS = tuple(Task(f"seed-{i}", f"seed {i}", "", f"answer {i}") for i in range(5))
SAMPLING = Sampling(1.0, 1.0, 100)


class WordRecipe:
    """Three stages, two gates; every prompt shows seeds, pool and draft, drawn anew; stage 1 is not always wanted.

    Stages 0 and 2 have a ladder: four examples, two, none, and a last rung that shows no fewer. A proposal that was cut
    is read up to its last word; later replies are whole or nothing."""

    name = "words"
    stages: tuple[Stage, ...] = (
        Stage("propose", "propose", ("instruction",), rungs=3),
        Stage("input", "propose"),
        Stage("answer", "answer", ("task",), rungs=3),
    )

    def wants(self, stage: int, draft: Draft) -> bool:
        return stage == 2 or hash_int(draft.instruction) % 2 == 0

    def ask(self, subject: Subject) -> Prompt:
        text = "|".join(task.instruction + task.output for task in self.shown(subject))
        draft = f"{subject.draft.instruction}/{subject.draft.input}" if subject.draft else ""
        return Prompt((Message("user", f"{len(subject.records)} {text} {draft}"),))

    def shown(self, subject: Subject) -> list[Task]:
        drawn = subject.draw.sample(subject.seeds, 2, "seeds") + subject.draw.sample(subject.records, 2, "records")
        return drawn[: max(0, 4 - 2 * subject.rung)]

    def read(self, subject: Subject, reply: Answered) -> Reading:
        cut = reply.finish == "length"
        if reply.text == "garbage":
            return Reading((), (Fault("no_json", "garbage"),))
        if subject.draft is None:
            parents = tuple(task.id for task in self.shown(subject))
            words = reply.text.split()[:-1] if cut else reply.text.split()
            faults = (Fault("cut", "in a word", reply.text),) if cut else ()
            return Reading(tuple(Draft("", word, parents=parents) for word in words), faults)
        if cut:
            return Reading((), (Fault("cut", "in a text", reply.text),))
        if subject.stage == 1:
            return Reading((replace(subject.draft, input=reply.text),))
        return Reading((replace(subject.draft, output=reply.text),))


def plan(run_seed: int = 1, lag_min: int = 2, lag_max: int = 5) -> Plan:
    return Plan(run_seed, {"propose": SAMPLING, "answer": SAMPLING}, lag_min, lag_max)


def new_machine(policy: Policy, run_seed: int = 1) -> Machine:
    return Machine(plan(run_seed), policy, WordRecipe(), SEEDS)


def answer(ask: Ask) -> Answered | Refused:
    """Reply to an ask as a pure function of its prompt: words, now and then cut or garbage, or a refusal."""
    number = hash_int(ask.prompt_digest, ask.seed)
    if number % 13 == 0:
        return Refused(ask.id, "content_filter", "no")
    if number % 7 == 0:
        return Refused(ask.id, "context_length", "too long")
    if number % 11 == 0:
        text = "garbage"
    elif ask.id.stage == 0:
        text = " ".join(f"w{(number >> (8 * i)) % 199}" for i in range(number % 5))
    else:
        text = f"text{number % 1000}"
    finish = "length" if (number >> 100) % 5 == 0 else "stop"
    return Answered(ask.id, text, finish, Usage(7, number % 9), "m", ask.prompt_digest)


@dataclass
class WordGate:
    """Keeps a word the first time; at the last gate drops every seventh text."""

    seen: set[str] = field(default_factory=set)

    def judge(self, stage: int, drafts: Sequence[Draft]) -> tuple[Verdict, ...]:
        return tuple(self._verdict(stage, draft) for draft in drafts)

    def ahead(self, stage: int, drafts: Sequence[Draft]) -> None: ...

    def recall(self, stage: int, drafts: Sequence[Draft], verdicts: Sequence[Verdict]) -> None:
        if stage == 0:
            self.seen |= {d.instruction for d, v in zip(drafts, verdicts, strict=True) if v.kept}

    def _verdict(self, stage: int, draft: Draft) -> Verdict:
        if stage == 0 and draft.instruction in self.seen:
            return Verdict(draft.id, False, "exact_duplicate", (Measure("exact", 1.0, 1.0, "copies", "w"),))
        if stage == 2 and hash_int(draft.output) % 7 == 0:
            return Verdict(draft.id, False, "too_short")
        if stage == 0:
            self.seen.add(draft.instruction)
        return Verdict(draft.id, True, "")


@dataclass
class Run:
    """A machine with its gate and its journal, driven by hand. `out` is work that was handed out and is not done;
    `flight` holds, by the number of turns that have retired, how many had started and not retired."""

    machine: Machine
    gate: WordGate = field(default_factory=WordGate)
    journal: list[Event] = field(default_factory=list)
    retired: list[Retired] = field(default_factory=list)
    asked: list[Ask] = field(default_factory=list)
    out: list[Ask | Judge] = field(default_factory=list)
    flight: dict[int, int] = field(default_factory=dict)

    def tell(self, event: Event) -> None:
        self.journal.append(event)
        self.machine.feed(event)
        self.retired += self.machine.take_retired()
        self.flight[self.machine.tally.turns] = self.machine.turns_in_flight
        assert self.machine.account.balanced

    def collect(self) -> None:
        """Take all work that is there. A run that has not ended and has none out would wait for ever."""
        while ask := self.machine.next_ask():
            self.asked.append(ask)
            self.out.append(ask)
        while judge := self.machine.next_judge():
            self.out.append(judge)
        assert self.out or self.machine.stop is not None, "nothing to do and no end"

    def do(self, work: Ask | Judge) -> None:
        self.out.remove(work)
        if isinstance(work, Ask):
            self.tell(answer(work))
        else:
            self.tell(Judged(work.turn, work.stage, self.gate.judge(work.stage, work.drafts)))

    def can_do(self) -> list[Ask | Judge]:
        """Return what may be done next: any call, and the first batch of each gate."""
        judges = [work for work in self.out if isinstance(work, Judge)]
        first = {judge.stage: judge for judge in reversed(judges)}
        return [*(work for work in self.out if isinstance(work, Ask)), *first.values()]

    def replay(self, events: Sequence[Event]) -> None:
        """Fold a journal into the machine and its gate, as a resumed run does."""
        replay(self.machine, self.gate, events, self.retired.extend, self._before)
        assert self.machine.account.balanced

    def _before(self, machine: Machine, event: Event) -> None:
        assert machine.account.balanced
        self.journal.append(event)

    def work(self) -> None:
        """Do all that can be done now, in the order in which it is handed out."""
        self.collect()
        for work in tuple(self.out):
            if self.machine.stop is None:
                self.do(work)

    def finish(self) -> None:
        """Work until the run ends."""
        while self.machine.stop is None:
            self.work()


def dataset(run: Run) -> list[str]:
    """Everything that reaches a file, as text."""
    return [repr((turn.records, turn.rejections, turn.count)) for turn in run.retired]
