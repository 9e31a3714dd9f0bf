"""The recipe `self-instruct`: propose instructions, settle their kind, give them an input, answer them.

After Wang et al., Self-Instruct (2022): eight examples a prompt, up to two of them from the pool; for a
classification the label comes before the input, or most inputs would deserve the same label; else the input comes
first. Several tasks are proposed in one call, each with its kind, so that the question of step two is seldom asked.
This file knows its prompts by name and the fields of its replies; it does not know filters, models or the pool.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from selfgen.core.draw import Draw
from selfgen.core.ports import Fault, Reading, Stage, Subject
from selfgen.core.tasks import CLASSIFICATION, KIND, OPEN, Draft, Labels, Task, set_label
from selfgen.core.work import Answered, Prompt
from selfgen.errors import InternalError
from selfgen.recipes.clean import clean_input, clean_instruction, cut_excerpt
from selfgen.recipes.examples import RUNGS, SeedChoice, check_options, draw_mixed, is_short, shrink
from selfgen.recipes.replies import Item, read_field, read_items, read_object, read_reasoning, read_text
from selfgen.recipes.schemas import FLAG, TEXT, a_list, an_object, one_of, schema
from selfgen.recipes.templates import Templates

NEEDS_INPUT = "needs_input"
REASONING = "reasoning"
PROPOSE, CLASSIFY, INSTANCE, ANSWER = range(4)
INSTANCE_EXAMPLES = 3

_KINDS = {"open": OPEN, "classification": CLASSIFICATION, "开放": OPEN, "分类": CLASSIFICATION}
_FLAGS = {"true": "yes", "yes": "yes", "是": "yes", "false": "no", "no": "no", "否": "no"}
_WORD = re.compile(r"[\s\"'“”`*]*([A-Za-z]+|[\u4e00-\u9fff]+)[\s\"'“”`*.。]*")


class SelfInstruct:
    """Reads and writes the four stages. `domain` ("" for none) and `lang` are shown to the templates. `keep_reasoning`
    keeps what the answering model thought as the label "reasoning"; what came before a label does not explain it.

    Raises ValueError for a number out of range, BadConfig for a template that does not render.
    """

    name = "self-instruct"
    stages = (
        Stage("propose", "propose", ("instruction",), RUNGS),
        Stage("classify", "propose"),
        Stage("instance", "propose", rungs=RUNGS),
        Stage("answer", "answer", ("task",)),
    )

    def __init__(
        self,
        templates: Templates,
        lang: str,
        domain: str = "",
        tasks_per_call: int = 6,
        seed_examples: int = 6,
        record_examples: int = 2,
        keep_reasoning: bool = False,
    ) -> None:
        check_options(domain, tasks_per_call, seed_examples, record_examples)
        if type(keep_reasoning) is not bool:
            raise ValueError(f"keep_reasoning is {keep_reasoning!r} and must be true or false")
        self._keep_reasoning = keep_reasoning
        self._templates = templates
        self._common = {"domain": domain, "lang": lang}
        self._tasks_per_call = tasks_per_call
        self._counts = (seed_examples, record_examples)
        item = an_object(instruction=TEXT, kind=one_of(OPEN, CLASSIFICATION), needs_input=FLAG)
        self._schemas = {
            "propose": schema("self_instruct_propose", an_object(tasks=a_list(item, tasks_per_call))),
            "classify": schema("self_instruct_classify", an_object(kind=one_of(OPEN, CLASSIFICATION))),
            "input_first": schema("self_instruct_input_first", an_object(input=TEXT)),
            "output_first": schema("self_instruct_output_first", an_object(output=TEXT, input=TEXT)),
            "answer": None,
        }
        self._proposal_seeds = SeedChoice(_suits_proposal)
        self._input_seeds = SeedChoice(_suits_input_first)
        self._output_seeds = SeedChoice(_suits_output_first)
        self._try_templates()

    def wants(self, stage: int, draft: Draft) -> bool:
        """Tell whether the stage has something to find out about this draft."""
        match stage:
            case 1:
                return not draft.label(KIND)
            case 2:
                return draft.label(KIND) == CLASSIFICATION or draft.label(NEEDS_INPUT) != "no"
            case 3:
                return not draft.output
        return False

    def ask(self, subject: Subject) -> Prompt:
        """Render the prompt of one stage. Raises BadConfig where a template fails."""
        name = _template_of(subject)
        values: dict[str, object] = {**self._common}
        if subject.draft is None:
            values |= {"examples": [_show_proposal(task) for task in self._shown(subject)]}
            values |= {"tasks_per_call": self._tasks_per_call}
        else:
            values |= {"instruction": subject.draft.instruction}
        if name == "answer":
            values |= {"input": subject.draft.input if subject.draft else ""}
        if name == "input_first":
            values |= {"examples": [_show(task, "instruction", "input") for task in self._shown(subject)]}
        if name == "output_first":
            values |= {"examples": [_show(task, "instruction", "output", "input") for task in self._shown(subject)]}
            values |= {"pick": ("first", "middle", "last")[subject.draw.below(3, "pick")]}
        return Prompt(self._templates.render(f"self_instruct/{name}.j2", values), self._schemas[name])

    def read(self, subject: Subject, reply: Answered) -> Reading:
        """Read the reply of one stage. Never raises on model text."""
        name = _template_of(subject)
        if subject.draft is None:
            return self._read_proposals(subject, reply)
        match name:
            case "classify":
                read = _read_kind(subject.draft, reply)
            case "answer":
                read = self._read_answer(subject.draft, reply)
            case _:
                read = _read_instance(subject.draft, reply, with_output=name == "output_first")
        if isinstance(read, Fault):
            return Reading((), (read,))
        if subject.stage == INSTANCE:
            shown = [task.id for task in self._shown(subject)]
            read = replace(read, parents=tuple(dict.fromkeys([*read.parents, *shown])))
        return Reading((read,))

    def _shown(self, subject: Subject) -> list[Task]:
        """Return the tasks that the prompt of this subject shows, the same for asking and for reading."""
        if subject.draft is None:
            mixed = draw_mixed(subject, self._proposal_seeds(subject.seeds), *self._counts, _suits_proposal)
            return shrink(mixed, subject.rung, "instruction")
        labelled = subject.draft.label(KIND) == CLASSIFICATION
        choice = self._output_seeds if labelled else self._input_seeds
        drawn = subject.draw.sample(choice(subject.seeds), INSTANCE_EXAMPLES, "examples")
        return shrink(drawn, subject.rung, "instruction", "input", *(["output"] if labelled else []))

    def _read_proposals(self, subject: Subject, reply: Answered) -> Reading:
        found = read_items(reply)
        parents = tuple(task.id for task in self._shown(subject))
        drafts = []
        faults = []
        for item in found.items:
            text = read_field(item, "instruction")
            if isinstance(text, Fault):
                faults.append(text)
            else:
                drafts.append(Draft("", clean_instruction(text), labels=_labels(item), parents=parents))
        return Reading(tuple(drafts), (*faults, *found.faults))

    def _read_answer(self, draft: Draft, reply: Answered) -> Draft | Fault:
        answer = read_text(reply)
        if isinstance(answer, Fault):
            return answer
        thoughts = read_reasoning(reply) if self._keep_reasoning else ""
        return replace(
            draft, output=answer, labels=set_label(draft.labels, REASONING, thoughts) if thoughts else draft.labels
        )

    def _try_templates(self) -> None:
        """Render every template, with examples and without, so that a slip is found before the first call is paid."""
        for stage, kind in ((0, ""), (1, ""), (2, OPEN), (2, CLASSIFICATION), (3, OPEN)):
            draft = Draft("", "instruction", "input", labels=((KIND, kind),)) if stage else None
            for rung in (0, RUNGS):
                self.ask(Subject(0, stage, _TRIAL, (), Draw("trial"), draft, rung))


_TRIAL = (
    Task("1", "instruction", "input", "output", ((KIND, OPEN),)),
    Task("2", "instruction", "input", "output", ((KIND, CLASSIFICATION),)),
)


def _template_of(subject: Subject) -> str:
    if (subject.draft is None) != (subject.stage == PROPOSE):
        raise InternalError(f"stage {subject.stage} of self-instruct was asked for with a draft of {subject.draft}")
    if subject.stage == INSTANCE and subject.draft is not None:
        return "output_first" if subject.draft.label(KIND) == CLASSIFICATION else "input_first"
    names = {PROPOSE: "propose", CLASSIFY: "classify", ANSWER: "answer"}
    if subject.stage not in names:
        raise InternalError(f"self-instruct has no stage {subject.stage}")
    return names[subject.stage]


def _suits_proposal(task: Task) -> bool:
    return is_short(task.instruction)


def _suits_input_first(task: Task) -> bool:
    return bool(task.input) and task.label(KIND) != CLASSIFICATION and is_short(task.instruction, task.input)


def _suits_output_first(task: Task) -> bool:
    whole = bool(task.input and task.output) and task.label(KIND) == CLASSIFICATION
    return whole and is_short(task.instruction, task.input, task.output)


def _show(task: Task, *fields: str) -> Mapping[str, object]:
    values = {"instruction": task.instruction, "input": task.input, "output": task.output}
    return {name: values[name] for name in fields}


def _show_proposal(task: Task) -> Mapping[str, object]:
    """Show a task in the form that a proposal has; what nobody knows about it is left out."""
    shown: dict[str, object] = {"instruction": task.instruction}
    if task.label(KIND) in (OPEN, CLASSIFICATION):
        shown[KIND] = task.label(KIND)
    if task.input or task.output:
        shown[NEEDS_INPUT] = bool(task.input)
    return shown


def _labels(item: Item) -> Labels:
    """Return what a proposal says about its kind and input; what it does not say clearly is left open."""
    labels: Labels = ()
    kind = _KINDS.get(_word_of(item.get(KIND)))
    needs_input = _FLAGS.get(_word_of(item.get(NEEDS_INPUT)))
    if kind:
        labels = set_label(labels, KIND, kind)
    if needs_input:
        labels = set_label(labels, NEEDS_INPUT, needs_input)
    return labels


def _word_of(value: object) -> str:
    """Return a text or a flag as a word in lower case; "" for anything else."""
    return str(value).strip().lower() if isinstance(value, str | bool) else ""


def _read_kind(draft: Draft, reply: Answered) -> Draft | Fault:
    item = read_object(reply, (KIND,))
    if isinstance(item, Fault):
        text = read_text(reply)
        word = _WORD.fullmatch(text) if isinstance(text, str) else None
        if word is None:
            return item
        item = {KIND: word[1]}
    said = _word_of(item[KIND])
    kind = _KINDS.get(said)
    if kind is None:
        return Fault("unknown_kind", "neither open nor classification", cut_excerpt(said))
    return replace(draft, labels=set_label(draft.labels, KIND, kind))


def _read_instance(draft: Draft, reply: Answered, *, with_output: bool) -> Draft | Fault:
    """Read an input, and with it the label that came first. An input of "" says that the instruction needs none."""
    item = read_object(reply, ("input", "output") if with_output else ("input",))
    if isinstance(item, Fault):
        return item
    output = read_field(item, "output") if with_output else draft.output
    raw = read_field(item, "input", empty=True)
    if isinstance(output, Fault):
        return output
    if isinstance(raw, Fault):
        return raw
    text = clean_input(raw, draft.instruction)
    labels = set_label(draft.labels, NEEDS_INPUT, "yes" if text else "no")
    return replace(draft, input=text, output=output, labels=labels)
