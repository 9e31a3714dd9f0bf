"""The recipe `alpaca`: instruction, input and output of several tasks in one call.

After Stanford Alpaca (2023): three seeds as examples, no records. The cheapest way to a dataset, and the one with
the most wrong answers. This file knows its prompt by name and the fields of its replies, and nothing of filters, models
or the pool.
"""

from __future__ import annotations

from selfgen.core.draw import Draw
from selfgen.core.ports import Fault, Reading, Stage, Subject
from selfgen.core.tasks import Draft, Task
from selfgen.core.work import Answered, Prompt
from selfgen.recipes.clean import clean_input, clean_instruction
from selfgen.recipes.examples import RUNGS, SeedChoice, check_options, draw_mixed, is_short, shrink
from selfgen.recipes.replies import Item, read_field, read_items
from selfgen.recipes.schemas import TEXT, a_list, an_object, schema
from selfgen.recipes.templates import Templates

_TRIAL = (Task("1", "instruction", "input", "output"),)


class Alpaca:
    """Reads and writes its one stage. `domain` ("" for none) and `lang` are shown to the template.

    Raises ValueError for a number out of range, BadConfig for a template that does not render.
    """

    name = "alpaca"
    stages = (Stage("propose", "propose", ("instruction", "task"), RUNGS),)

    def __init__(
        self,
        templates: Templates,
        lang: str,
        domain: str = "",
        tasks_per_call: int = 8,
        seed_examples: int = 3,
        record_examples: int = 0,
    ) -> None:
        check_options(domain, tasks_per_call, seed_examples, record_examples)
        self._templates = templates
        self._values = {"domain": domain, "lang": lang, "tasks_per_call": tasks_per_call}
        self._counts = (seed_examples, record_examples)
        item = an_object(instruction=TEXT, input=TEXT, output=TEXT)
        self._schema = schema("alpaca_propose", an_object(tasks=a_list(item, tasks_per_call)))
        self._seeds = SeedChoice(_suits)
        for rung in (0, RUNGS):
            self.ask(Subject(0, 0, _TRIAL, (), Draw("trial"), None, rung))

    def wants(self, stage: int, draft: Draft) -> bool:
        """There is no stage after the first."""
        return False

    def ask(self, subject: Subject) -> Prompt:
        """Render the prompt. Raises BadConfig where the template fails."""
        examples = [
            {"instruction": task.instruction, "input": task.input, "output": task.output}
            for task in self._shown(subject)
        ]
        return Prompt(self._templates.render("alpaca/propose.j2", {**self._values, "examples": examples}), self._schema)

    def read(self, subject: Subject, reply: Answered) -> Reading:
        """Read the tasks of a reply. Never raises on model text."""
        found = read_items(reply)
        parents = tuple(task.id for task in self._shown(subject))
        read = [_read_task(item, parents) for item in found.items]
        drafts = tuple(draft for draft in read if isinstance(draft, Draft))
        return Reading(drafts, (*(fault for fault in read if isinstance(fault, Fault)), *found.faults))

    def _shown(self, subject: Subject) -> list[Task]:
        drawn = draw_mixed(subject, self._seeds(subject.seeds), *self._counts, _suits)
        return shrink(drawn, subject.rung, "instruction", "input", "output")


def _suits(task: Task) -> bool:
    return bool(task.output) and is_short(task.instruction, task.input, task.output)


def _read_task(item: Item, parents: tuple[str, ...]) -> Draft | Fault:
    instruction = read_field(item, "instruction")
    if isinstance(instruction, Fault):
        return instruction
    raw_input = read_field(item, "input", empty=True)
    if isinstance(raw_input, Fault):
        return raw_input
    output = read_field(item, "output")
    if isinstance(output, Fault):
        return output
    instruction = clean_instruction(instruction)
    return Draft("", instruction, clean_input(raw_input, instruction), output, parents=parents)
