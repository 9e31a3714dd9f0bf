"""The tests of the loop notice when it is wrong: each mutant below breaks one rule, and the named test must fail on it.

A mutant is a change of source text. It is made in a copy of the package, and the tests run there in a process of their
own. A mutant that survives is a rule that nothing holds. A source text that no longer stands exactly once in its file
is a fault of the table: the rule has moved, and the mutant must follow it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = ("tests/core/test_machine.py", "tests/core/test_again.py", "tests/core/test_sessions.py")
NOTICED = ("assert ", "AssertionError", "selfgen.errors.InternalError", "Failed: DID NOT RAISE")
"""How a test may notice. A mutant that falls over its own feet (NameError, SyntaxError ...) shows nothing."""

CONFTEST = """
from pathlib import Path
import selfgen
from hypothesis import Phase, settings

assert Path(selfgen.__file__).is_relative_to(Path(__file__).parent), "the copy is not what is tested"
settings.register_profile("mutants", derandomize=True, database=None, phases=[Phase.generate])
settings.load_profile("mutants")
"""

Edits = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken rule: in `file` of selfgen/core each (text, replacement); `killer` is the test that must notice."""

    name: str
    killer: str
    file: str
    edits: Edits


ARRIVAL = "test_order_of_arrival_cannot_matter"
CUT = "test_cut_anywhere_and_resume"
END = "test_what_comes_home_after_the_end_changes_nothing_but_is_kept"
STARTS = "test_what_starts_depends_on_what_retired_alone"
DRAWS = "test_every_call_draws_anew_and_so_does_every_run"
TALLY = "test_the_tally_is_what_retired"
OWED = "test_an_event_that_is_not_owed_raises_and_changes_nothing"
VERDICTS = "test_verdicts_must_be_about_the_drafts_that_wait"
LAG = "test_a_turn_sees_the_pool_of_its_lag_and_no_other"
IN_FLIGHT = "test_in_flight_never_passes_the_lag"
OWN_REPLIES = "test_a_draft_is_made_by_the_replies_to_its_own_calls"
GROW = "test_a_target_may_grow_and_shrink_over_one_journal"
REASONS = "test_a_call_is_asked_again_for_its_two_reasons_and_no_other"
UNIQUE = "test_nothing_is_journaled_twice_and_every_prompt_is_rendered_anew_as_it_was_sent"
PAID = "test_the_tally_counts_what_was_asked_again_and_all_that_was_paid"
LADDER = "test_a_long_prompt_goes_down_the_ladder_and_passes_over_what_changes_nothing"
PART = "test_a_smaller_prompt_shows_a_part_of_what_the_whole_one_showed"
BEGUN = "test_what_had_begun_before_a_budget_was_cut_is_read_to_its_end"
LITTLE_MORE = "test_a_little_more_of_a_budget_ends_where_it_ended_for_whoever_reads_it"
ACCEPTANCE = "test_acceptance_is_that_of_the_last_turns"
SESSIONS = "test_whoever_reads_the_journal_sees_what_the_session_saw"
STANDS = "test_where_more_room_is_refused_the_cut_reply_stands"

NEXT_IN_TURN = "self._turns.get(self._gate_next[gate])"
NEXT_READY = (
    "next((t for t in self._turns.values() if t.gate == gate and not t.waiting and t.number not in queue), None)"
)
IN_TURN_ORDER = "self._complete and self._complete[0] == self.tally.turns"
STOP = "self.stop = self.tally.stop(self.policy)"

MUTANTS = (
    # -- what a turn sees
    Mutant(
        "a prompt shows the newest pool",
        ARRIVAL,
        "machine.py",
        (("Prefix(self._pool, turn.seen)", "Prefix(self._pool, len(self._pool))"),),
    ),
    Mutant(
        "a turn plans against the pool at its start, not the pool of its lag",
        LAG,
        "machine.py",
        (("self._pool_at[self._behind(self._started)]", "self._pool_at[-1]"),),
    ),
    Mutant(
        "a turn starts one later than its lag allows",
        IN_FLIGHT,
        "machine.py",
        (("self.plan.lag(turn) + 1", "self.plan.lag(turn)"),),
    ),
    Mutant(
        "drafts join the pool on arrival",
        ARRIVAL,
        "machine.py",
        (("turn.open(reading.drafts)", "turn.open(reading.drafts); self._pool.extend(s.draft for s in turn.slots)"),),
    ),
    # -- randomness
    Mutant(
        "all draws of a run come from one stream",
        ARRIVAL,
        "machine.py",
        (
            ("Draw(self.plan.run_seed, first)", "Draw(self.plan.run_seed, len(self.drawn), self.drawn.append(0))"),
            ("self._start_turns()\n\n    # -- what the world may ask", "self.drawn = []; self._start_turns()\n\n    #"),
        ),
    ),
    Mutant(
        "a draw ignores its address", DRAWS, "draw.py", (("hash_int(*self._address, *purpose)", "hash_int(*purpose)"),)
    ),
    Mutant(
        "a draw ignores the run's seed",
        DRAWS,
        "machine.py",
        (("Draw(self.plan.run_seed, first)", "Draw(first)"), ("Draw(self.plan.run_seed, call)", "Draw(call)")),
    ),
    Mutant(
        "the seed of a call that is asked again is that of the first",
        DRAWS,
        "machine.py",
        (("Draw(self.plan.run_seed, call)", "Draw(self.plan.run_seed, replace(call, again=0))"),),
    ),
    Mutant(
        "a smaller prompt shows other examples",
        PART,
        "machine.py",
        (("Draw(self.plan.run_seed, first)", "Draw(self.plan.run_seed, call)"),),
    ),
    # -- order
    Mutant(
        "drafts are numbered as they arrive",
        ARRIVAL,
        "machine.py",
        (
            (
                "turn.open(reading.drafts)",
                "turn.open(reading.drafts)\n            for place, slot in enumerate(turn.slots, self._read):\n"
                "                slot.draft = replace(slot.draft, id=f't{turn.number:05d}.{place}')",
            ),
        ),
    ),
    Mutant(
        "the replies of a turn are taken in order of arrival",
        OWN_REPLIES,
        "machine.py",
        (
            (
                "slot = turn.slots[call.item]",
                "slot = turn.slots[turn.calls % len(turn.slots)]",
            ),
        ),
    ),
    Mutant(
        "gates judge turns in order of readiness",
        ARRIVAL,
        "machine.py",
        (
            (NEXT_IN_TURN, NEXT_READY),
            ("self._complete.append(turn.number)", "self._complete = deque(sorted([*self._complete, turn.number]))"),
        ),
    ),
    Mutant(
        "turns retire in order of completion",
        ARRIVAL,
        "machine.py",
        ((NEXT_IN_TURN, f"{NEXT_IN_TURN} if gate == 0 else {NEXT_READY}"), (IN_TURN_ORDER, "self._complete")),
    ),
    Mutant(
        "empty turns overtake the others at a gate",
        ARRIVAL,
        "machine.py",
        (
            (
                "while queue and not self._turns[queue[0]].alive():",
                "while queue := deque(sorted(queue, key=lambda n: bool(self._turns[n].alive()))):\n"
                "            if self._turns[queue[0]].alive(): break\n"
                "            self._at_gate[gate].remove(queue[0])",
            ),
            (IN_TURN_ORDER, "self._complete"),
        ),
    ),
    # -- where it ends, and what starts
    Mutant(
        "the stop is looked at after all that retire together",
        ARRIVAL,
        "machine.py",
        ((f"            {STOP}\n            self._start_turns()", f"            self._start_turns()\n        {STOP}"),),
    ),
    Mutant(
        "a budget is counted as calls arrive",
        ARRIVAL,
        "machine.py",
        (
            (
                "turn.count(call)",
                "turn.count(call)\n"
                "        spent = self.tally.calls + sum(t.calls for t in self._turns.values())\n"
                "        if self.policy.max_calls and 2 * spent >= self.policy.max_calls: self.stop = Stop.BUDGET",
            ),
        ),
    ),
    Mutant(
        "records of a stopped run go on growing",
        END,
        "machine.py",
        (("while self.stop is None and self._complete", "while self._complete"),),
    ),
    Mutant(
        "a stopped run hands out more calls",
        END,
        "machine.py",
        (("while self.stop is None and self._asks", "while self._asks"),),
    ),
    Mutant(
        "the start of a turn depends on the calls in flight",
        STARTS,
        "machine.py",
        (("self.tally.allows(self.policy, len(self._turns))", "self.tally.allows(self.policy, len(self._calls))"),),
    ),
    # -- the account
    Mutant("a lost draft is not counted", TALLY, "tally.py", (("self.lost.update(turn.lost)", "pass"),)),
    Mutant("a rejected draft is not counted", TALLY, "tally.py", (("self.rejected.update(turn.rejected)", "pass"),)),
    Mutant(
        "a refused call is not settled",
        ARRIVAL,
        "machine.py",
        (
            (
                "turn = self._settle(event.id)\n        turn.refused",
                "turn = self._turns[event.id.turn]\n        turn.refused",
            ),
        ),
    ),
    Mutant(
        "what was refused is told in order of arrival",
        ARRIVAL,
        "turns.py",
        (("refused=tuple(sorted(self.refused))", "refused=tuple(self.refused)"),),
    ),
    Mutant(
        "a refused call is not paid for",
        TALLY,
        "machine.py",
        (("turn.refused.append", "turn.calls -= 1; turn.refused.append"),),
    ),
    # -- what was not owed
    Mutant(
        "a reply is accepted twice",
        OWED,
        "machine.py",
        (
            ("class Machine:", "SETTLED = set()\n\nclass Machine:"),
            ("if expected is None:", "if expected is None and event.id not in SETTLED:"),
            ("if call not in self._calls:", "if call not in self._calls and call not in SETTLED:"),
            ("del self._calls[call]", "SETTLED.add(call); self._calls.pop(call, None)"),
        ),
    ),
    Mutant(
        "a reply to another prompt is accepted",
        OWED,
        "machine.py",
        (("if expected and expected != event.prompt_digest:", "if False:"),),
    ),
    Mutant(
        "verdicts are not checked against the drafts",
        VERDICTS,
        "machine.py",
        (
            ("check_verdicts(event, slots)", "pass"),
            ("event.verdicts, strict=True)", "event.verdicts, strict=False)"),
        ),
    ),
    Mutant(
        "a kept draft may have a reason",
        VERDICTS,
        "turns.py",
        (("if any(verdict.kept == bool(verdict.reason) for", "if any(False for"),),
    ),
    # -- asking again
    Mutant(
        "a call that is asked again keeps its address",
        UNIQUE,
        "machine.py",
        (("CallId(turn.number, stage, item, tried.again)", "CallId(turn.number, stage, item)"),),
    ),
    Mutant(
        "the rung is forgotten",
        LADDER,
        "machine.py",
        (("rung=turn.tried(call).rung", "rung=0"),),
    ),
    Mutant(
        "the rung counts the calls and not the refusals",
        REASONS,
        "turns.py",
        (
            (
                "return self.tries.get((call.stage, call.item), FIRST)",
                "tried = self.tries.get((call.stage, call.item), FIRST); return replace(tried, rung=call.again)",
            ),
        ),
    ),
    Mutant(
        "a rung that changes nothing is asked",
        LADDER,
        "again.py",
        (("if recipe.ask(replace(subject, rung=rung)) != refused", ""),),
    ),
    Mutant(
        "a second cut is asked for a third time",
        REASONS,
        "machine.py",
        (("if tried.cuts < self.plan.most_cuts:", "if tried.cuts <= self.plan.most_cuts:"),),
    ),
    Mutant(
        "there is no more room the second time",
        REASONS,
        "turns.py",
        (("self.room**tried.cuts", "1"),),
    ),
    Mutant(
        "what was read of a cut reply is thrown away",
        REASONS,
        "again.py",
        (("not reading.drafts and ", ""),),
    ),
    Mutant(
        "where more room is refused the prompt is made smaller",
        STANDS,
        "again.py",
        ((" or tried.cuts or not rungs", " or not rungs"),),
    ),
    Mutant(
        "where more room is refused the cut reply is forgotten",
        STANDS,
        "again.py",
        (("if stands is not None:", "if False:"),),
    ),
    Mutant(
        "a reply that is asked for again is not paid for",
        PAID,
        "machine.py",
        (
            (
                "turn.tokens = turn.tokens.add(",
                "turn.tokens = turn.tokens if is_cut(event, reading) else turn.tokens.add(",
            ),
        ),
    ),
    # -- replays
    Mutant(
        "a replay forgets to recall",
        CUT,
        "replay.py",
        (("gates.recall(event.stage, machine.drafts_of(event), event.verdicts)", "pass"),),
    ),
    Mutant("a replay starts no turn that an earlier policy did", GROW, "replay.py", (("machine.admit(", "id("),)),
    Mutant(
        "a replay ends where an earlier session could afford more",
        BEGUN,
        "replay.py",
        ((" and machine.tally.stop(machine.policy) is not None", ""),),
    ),
    Mutant(
        "in the grace of a policy turns start by themselves",
        LITTLE_MORE,
        "machine.py",
        (
            ("max(self._behind(self._started), self.policy.grace)", "self._behind(self._started)"),
            (
                "if not self.tally.allows(self.policy, len(self._turns)):",
                "if self.tally.turns >= self.policy.grace and not self.tally.allows(self.policy, len(self._turns)):",
            ),
        ),
    ),
    Mutant(
        "a narrower policy judges what an earlier session did",
        SESSIONS,
        "tally.py",
        (("if self.turns < policy.grace:", "if False:"),),
    ),
    Mutant(
        "saturation is seen over one turn too many",
        ACCEPTANCE,
        "tally.py",
        (("first = max(0, self.turns - window)", "first = max(0, self.turns - window - 1)"),),
    ),
    Mutant(
        "a replay goes on after the end",
        END,
        "replay.py",
        (("while not _is_over(machine) and (event", "while (event"),),
    ),
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the package and the tests of its core, ready to run there and nowhere else."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "selfgen", tmp_path / "selfgen", ignore=ignore)
    shutil.copytree(ROOT / "tests" / "core", tmp_path / "tests" / "core", ignore=ignore)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = . tests/core\naddopts = --import-mode=importlib\n")
    return tmp_path


def run_tests(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    options = ["-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--timeout=60", "--tb=short"]
    command = [sys.executable, "-B", "-m", "pytest", *options, *tests]
    wide = os.environ | {"COLUMNS": "400"}
    return subprocess.run(command, cwd=folder, env=wide, capture_output=True, text=True, timeout=100, check=False)


def mutate(folder: Path, mutant: Mutant) -> None:
    path = folder / "selfgen" / "core" / mutant.file
    source = path.read_text(encoding="utf-8")
    for text, replacement in mutant.edits:
        assert source.count(text) == 1, (
            f"{mutant.file} has {source.count(text)} times {text!r}: the mutant is out of date"
        )
        source = source.replace(text, replacement)
    compile(source, str(path), "exec")
    path.write_text(source, encoding="utf-8")


@pytest.mark.slow
def test_nothing_fails_without_a_mutant(copy: Path) -> None:
    done = run_tests(copy, *TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_the_mutant_is_noticed(copy: Path, mutant: Mutant) -> None:
    mutate(copy, mutant)
    home = next(file for file in TESTS if f"def {mutant.killer}(" in (copy / file).read_text(encoding="utf-8"))
    done = run_tests(copy, f"{home}::{mutant.killer}")
    assert done.returncode == 1, f"survived, or nothing ran:\n{done.stdout}{done.stderr}"
    reasons = [line.partition(" - ")[2] for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    assert reasons
    assert reasons[0].startswith(NOTICED), done.stdout
