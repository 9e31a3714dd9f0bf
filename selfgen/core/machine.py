"""The loop as a pure state machine: it hands out work, is fed events, and grows the pool.

Everything that decides what the dataset contains is in this file, in the recipe and in the verdicts of the gates.

    start      turn k may start once turn k - lag(k) has retired; it sees the pool as it stood then, whatever came since
    stages     stage 0 proposes drafts; each draft then goes its own way, stage by stage, up to the next gate
    gates      a gate takes a turn when all its drafts have arrived and every earlier turn has been handed to that gate
    retire     in turn order, when the last gate has judged: kept drafts join the pool, the policy is asked for a stop

A call may be answered at any time and in any order; nothing that matters depends on when. What the machine is fed it
must have asked for: an event that was not owed raises, and changes nothing. A prompt that was too long and a reply that
was cut lead to another call for the same purpose (again.py).

The machine knows no clock, no server and no file. Prompts are rendered when an ask is handed out, and on a replay only
where one was too long.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from selfgen.core.again import FIRST, Try, end_refused, find_smaller, is_cut, truncated
from selfgen.core.draw import Draw
from selfgen.core.ports import Reading, Recipe, Subject
from selfgen.core.tally import Account, Policy, Stop, Tally
from selfgen.core.tasks import Draft, Prefix, Record, Task
from selfgen.core.turns import Plan, Retired, Slot, Turn, check_verdicts
from selfgen.core.work import Answered, Ask, CallId, Event, Judge, Judged, Refused, Sampling, digest_prompt
from selfgen.errors import InternalError


class Machine:
    """See the module. `recipe` is pure; `seeds` and `plan` never change in the life of a run; `policy` may."""

    def __init__(self, plan: Plan, policy: Policy, recipe: Recipe, seeds: Sequence[Task]) -> None:
        self._gates = [index for index, stage in enumerate(recipe.stages) if stage.gate]
        if not self._gates or self._gates[-1] != len(recipe.stages) - 1:
            raise InternalError(f"recipe {recipe.name}: the last stage needs a gate")
        self.plan = plan
        self.policy = policy
        self.recipe = recipe
        self.seeds = tuple(seeds)
        self.tally = Tally()
        self.stop: Stop | None = None
        self.records: list[Record] = []
        self._pool: list[Task] = []
        self._pool_at = [0]
        self._turns: dict[int, Turn] = {}
        self._started = 0
        self._read = 0
        self._calls: dict[CallId, str] = {}
        self._asks: list[CallId] = []
        self._judges: deque[Judge] = deque()
        self._at_gate: list[deque[int]] = [deque() for _ in self._gates]
        self._gate_next = [0] * len(self._gates)
        self._complete: deque[int] = deque()
        self._retired: deque[Retired] = deque()
        self._start_turns()

    # -- what the world may ask -------------------------------------------------------------------------------------

    def next_ask(self) -> Ask | None:
        """Hand out the owed call that stands first in turn order, rendered; None when all are out or the run ended."""
        while self.stop is None and self._asks:
            call = heapq.heappop(self._asks)
            # A replay answers calls without taking them from the heap; those are passed over here.
            if self._calls.get(call) == "":
                ask = self.render(call)
                self._calls[call] = ask.prompt_digest
                return ask
        return None

    def next_judge(self) -> Judge | None:
        """Hand out the next batch of drafts for a gate. Judge each gate's batches in the order they come out."""
        while self.stop is None and self._judges:
            judge = self._judges.popleft()
            # A replay feeds verdicts without taking the batch out; those are passed over here.
            turn = self._turns.get(judge.turn)
            if turn and self._gates[turn.gate] == judge.stage:
                return judge
        return None

    def arrived(self, number: int) -> Judge | None:
        """Return what of a turn stands at a gate that it is not its turn to pass, for a look ahead; None for others."""
        turn = self._turns.get(number)
        if turn is None or turn.waiting or number <= self._gate_next[turn.gate] or not turn.alive():
            return None
        return self._batch(turn)

    def take_retired(self) -> list[Retired]:
        """Return the turns that retired since the last call, in order."""
        taken = list(self._retired)
        self._retired.clear()
        return taken

    def owed(self) -> tuple[frozenset[CallId], frozenset[tuple[int, int]]]:
        """Return all calls and all (turn, stage) batches that wait for their event, handed out or not."""
        judging = (
            (turn, self._gates[gate])
            for gate, queue in enumerate(self._at_gate)
            for turn in queue
            if self._turns[turn].alive()
        )
        return frozenset(self._calls), frozenset(judging)

    def render(self, call: CallId) -> Ask:
        """Build the ask of an owed call: a pure function of the run's identity and of the pool that its turn sees."""
        prompt = self.recipe.ask(self._subject(call))
        role = self.recipe.stages[call.stage].role
        sampling = self._sampling(call)
        seed = Draw(self.plan.run_seed, call).seed("server")
        sent = digest_prompt(prompt, role, sampling, seed)
        return Ask(call, role, prompt.messages, sampling, seed, prompt.schema, sent)

    def tried(self, call: CallId) -> Try:
        """Return how an owed call is asked: with which of the recipe's prompts, with how much room."""
        return self._turns[call.turn].tried(call)

    def drafts_of(self, judged: Judged) -> tuple[Draft, ...]:
        """Return the drafts that an owed `Judged` is about. Raises InternalError when it is not owed."""
        return tuple(slot.draft for slot in self._owed_slots(judged))

    @property
    def account(self) -> Account:
        """Where every draft that was read is now."""
        return Account(
            read=self._read,
            kept=self.tally.kept,
            rejected=self.tally.rejected.total(),
            lost=self.tally.lost.total(),
            in_flight=sum(len(turn.slots) for turn in self._turns.values()),
        )

    def drafts_in_flight(self) -> Iterator[Draft]:
        """Yield the drafts of turns that have not retired, whatever became of them so far."""
        return (slot.draft for turn in self._turns.values() for slot in turn.slots)

    @property
    def turns_in_flight(self) -> int:
        """Turns that have started and not retired."""
        return len(self._turns)

    def change_policy(self, policy: Policy) -> None:
        """Go on under another policy: what has retired stays, its limits count from here. Starts what it allows."""
        self.policy = replace(policy, grace=max(self.policy.grace, self.tally.turns))
        self.stop = self.tally.stop(self.policy)
        self._retire()
        self._start_turns()

    # -- what the world tells ---------------------------------------------------------------------------------------

    def admit(self, turn: int) -> None:
        """Start every turn up to `turn` whatever the policy says: the journal shows that an earlier, wider policy did.

        Which turns start decides what is paid for, never what they contain. Raises InternalError beyond the lag."""
        while self._started <= turn:
            self.stop = None  # if there was one, it was that no turn could be afforded
            if self.tally.turns < self._behind(self._started):
                raise InternalError(f"turn {turn} cannot have started after {self.tally.turns} turns")
            self._start_turn()

    def feed(self, event: Event) -> None:
        """Take in one event. Raises InternalError, and changes nothing, when it was not owed."""
        match event:
            case Answered():
                self._answered(event)
            case Refused():
                self._refused(event)
            case Judged():
                self._judged(event)
            case _:
                assert_never(event)

    def _answered(self, event: Answered) -> None:
        expected = self._calls.get(event.id)
        if expected is None:
            raise InternalError(f"reply {event.id} was not asked for")
        if expected and expected != event.prompt_digest:
            raise InternalError(f"reply {event.id} belongs to another prompt")
        reading = self.recipe.read(self._subject(event.id), event)
        if event.id.stage > 0 and len(reading.drafts) > 1:
            raise InternalError(f"recipe {self.recipe.name} made two drafts of one at {event.id}")
        turn = self._settle(event.id)
        turn.tokens = turn.tokens.add(self.recipe.stages[event.id.stage].role, event.usage)
        if self.plan.most_cuts and is_cut(event, reading):
            tried = turn.tried(event.id)
            stands = truncated(reading, self._sampling(event.id), tried.stands)
            if tried.cuts < self.plan.most_cuts:
                turn.widened += 1
                self._owe(turn, event.id.stage, event.id.item, tried.widen(stands))
                return
            reading = Reading((), (stands,))
        self._take_in(turn, event.id, reading)

    def _refused(self, event: Refused) -> None:
        if event.id not in self._calls:
            raise InternalError(f"refusal {event.id} was not asked for")
        tried = self.tried(event.id)
        rung = find_smaller(self.recipe, self._subject(event.id), event, tried) if self.plan.ladder else 0
        turn = self._settle(event.id)
        turn.refused.append(event.kind)
        if rung:
            turn.shrunk += 1
            self._owe(turn, event.id.stage, event.id.item, tried.shrink(rung))
        else:
            self._take_in(turn, event.id, end_refused(event, tried))

    def _judged(self, event: Judged) -> None:
        slots = self._owed_slots(event)
        gate = self._gates.index(event.stage)
        for slot, verdict in zip(slots, event.verdicts, strict=True):
            slot.measures += verdict.measures
            if not verdict.kept:
                slot.end(self.recipe.name, self.recipe.stages[event.stage].name, verdict.reason)
        self._at_gate[gate].popleft()
        self._pass(self._turns[event.turn])
        self._drain_gate(gate)
        self._retire()

    # -- inside -----------------------------------------------------------------------------------------------------

    def _subject(self, call: CallId) -> Subject:
        if call not in self._calls:
            raise InternalError(f"call {call} is not owed")
        turn = self._turns[call.turn]
        first = replace(call, again=0) if call.again else call  # a smaller prompt shows a part of the whole
        return Subject(
            turn=call.turn,
            stage=call.stage,
            seeds=self.seeds,
            records=Prefix(self._pool, turn.seen),
            draw=Draw(self.plan.run_seed, first),
            draft=turn.slots[call.item].draft if call.stage else None,
            rung=turn.tried(call).rung,
        )

    def _sampling(self, call: CallId) -> Sampling:
        return self.plan.sampling_of(self.recipe.stages[call.stage].role, self._turns[call.turn].tried(call))

    def _owed_slots(self, event: Judged) -> list[Slot]:
        """Return the drafts that the event judges, after making sure that it is the one that is owed."""
        queue = self._at_gate[self._gates.index(event.stage)] if event.stage in self._gates else None
        if not queue or queue[0] != event.turn:
            raise InternalError(f"verdicts {event.turn}/{event.stage} were not asked for")
        slots = self._turns[event.turn].alive()
        check_verdicts(event, slots)
        return slots

    def _owe(self, turn: Turn, stage: int, item: int, tried: Try = FIRST) -> None:
        if tried.again:
            turn.tries[stage, item] = tried
        call = CallId(turn.number, stage, item, tried.again)
        self._calls[call] = ""
        heapq.heappush(self._asks, call)
        turn.waiting += 1

    def _settle(self, call: CallId) -> Turn:
        """Strike an owed call off the list."""
        del self._calls[call]
        turn = self._turns[call.turn]
        turn.count(call)
        return turn

    def _take_in(self, turn: Turn, call: CallId, reading: Reading) -> None:
        """Give a turn what came of a call, and let what it is about go on."""
        if call.stage == 0:
            turn.faults.extend(reading.faults)
            turn.open(reading.drafts)
            self._read += len(reading.drafts)
            self._move(turn)
        else:
            slot = turn.slots[call.item]
            slot.improve(reading, call.stage, self.recipe.name, self.recipe.stages[call.stage].name)
            self._move(turn, call.item)

    def _move(self, turn: Turn, item: int | None = None) -> None:
        """Take every draft, or the one that a reply was about, as far as it goes without a call: to its next call, or
        to the gate."""
        gate_stage = self._gates[turn.gate]
        for index in range(len(turn.slots)) if item is None else (item,):
            slot = turn.slots[index]
            if slot.ended is None:
                self._advance(turn, index, slot, gate_stage)
        if not turn.waiting:
            self._drain_gate(turn.gate)
            self._retire()

    def _advance(self, turn: Turn, item: int, slot: Slot, gate_stage: int) -> None:
        while slot.stage <= gate_stage:
            if self.recipe.wants(slot.stage, slot.draft):
                self._owe(turn, slot.stage, item)
                return
            slot.stage += 1

    def _drain_gate(self, gate: int) -> None:
        """Let turns up to the gate, in turn order; those without drafts walk through when they stand first."""
        queue = self._at_gate[gate]
        while (turn := self._turns.get(self._gate_next[gate])) and turn.gate == gate and not turn.waiting:
            self._gate_next[gate] += 1
            queue.append(turn.number)
            if turn.alive():
                self._judges.append(self._batch(turn))
        while queue and not self._turns[queue[0]].alive():
            self._pass(self._turns[queue.popleft()])

    def _batch(self, turn: Turn) -> Judge:
        return Judge(turn.number, self._gates[turn.gate], tuple(slot.draft for slot in turn.alive()))

    def _pass(self, turn: Turn) -> None:
        """The gate has judged: on to the next one, or to retirement."""
        turn.gate += 1
        if turn.gate == len(self._gates):
            self._complete.append(turn.number)
        else:
            self._move(turn)

    def _retire(self) -> None:
        while self.stop is None and self._complete and self._complete[0] == self.tally.turns:
            retired = self._turns.pop(self._complete.popleft()).close(self.recipe.name)
            self.records.extend(retired.records)
            self._pool.extend(record.task for record in retired.records)
            self._pool_at.append(len(self._pool))
            self.tally.add(retired.count)
            self._retired.append(retired)
            self.stop = self.tally.stop(self.policy)
            self._start_turns()

    def _behind(self, turn: int) -> int:
        """Return how many turns have retired in the pool that this turn sees."""
        return max(0, turn - self.plan.lag(turn) + 1)

    def _start_turns(self) -> None:
        """Start every turn that may start now: a function of the retired prefix alone. In the grace of a policy those
        start that the journal tells of."""
        while self.stop is None and self.tally.turns >= max(self._behind(self._started), self.policy.grace):
            if not self.tally.allows(self.policy, len(self._turns)):
                # With nothing in flight only a budget can forbid the next turn.
                self.stop = None if self._turns else Stop.BUDGET
                return
            self._start_turn()

    def _start_turn(self) -> None:
        turn = Turn(self._started, self._pool_at[self._behind(self._started)])
        self._turns[turn.number] = turn
        self._started += 1
        self._owe(turn, 0, 0)
