"""Smaller prompts: fewer examples rung by rung, the longest first, and parents that tell what was shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.core.ports import Recipe, Subject
from selfgen.core.tasks import Draft, Task
from selfgen.core.work import Answered, Prompt
from selfgen.recipes.examples import LADDER, RUNGS, shrink

MakeSubject = Callable[..., Subject]
MakeReply = Callable[..., Answered]
Recipes = Mapping[tuple[str, str], Recipe]

KIND = {"open": (("kind", "open"),), "classification": (("kind", "classification"),)}
WORDS = {"en": "word ", "zh": "词语"}


def tasks(prefix: str, count: int, kind: str = "open", lang: str = "en") -> list[Task]:
    """Return tasks that grow longer one by one."""
    return [Task(f"{prefix}{n}", f"{prefix}{n} " + WORDS[lang] * n, "given", "said", KIND[kind]) for n in range(count)]


def size(prompt: Prompt) -> int:
    return sum(len(message.content) for message in prompt.messages)


def shown(prompt: Prompt) -> list[str]:
    lines = prompt.messages[-1].content.split("\n")
    return [str(json.loads(line)["instruction"]) for line in lines if line.startswith("{")]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("name", "most"), [("self-instruct", 8), ("alpaca", 3)])
def test_a_proposal_shows_fewer_examples_rung_by_rung(
    name: str, most: int, lang: str, recipes: Recipes, make_subject: MakeSubject, make_reply: MakeReply
) -> None:
    recipe = recipes[name, lang]
    seeds, records = tasks("s", 20, lang=lang), tasks("r", 20, lang=lang)
    ids = {task.instruction: task.id for task in (*seeds, *records)}
    whole = make_subject(lang, seeds=seeds, records=records)
    prompts = [recipe.ask(replace(whole, rung=rung)) for rung in range(RUNGS + 1)]
    assert recipe.stages[0].rungs == RUNGS
    assert [len(shown(prompt)) for prompt in prompts] == [-(-most * keep // 8) for keep in LADDER]
    assert [size(prompt) for prompt in prompts] == sorted(map(size, prompts), reverse=True)
    all_of_them = shown(prompts[0])
    for rung, prompt in enumerate(prompts):
        left = shown(prompt)
        assert left == [text for text in all_of_them if text in left], "in their order"
        gone = [text for text in all_of_them if text not in left]
        assert not gone or not left or max(map(len, left)) <= min(map(len, gone)), "the longest go first"
        reply = make_reply('{"tasks": [{"instruction": "New.", "output": "o"}]}')
        (draft,) = recipe.read(replace(whole, rung=rung), reply).drafts
        assert list(draft.parents) == [ids[text] for text in left]


@pytest.mark.parametrize("kind", ["open", "classification"])
def test_an_instance_shows_fewer_examples_rung_by_rung(
    kind: str, recipes: Recipes, make_subject: MakeSubject, make_reply: MakeReply
) -> None:
    recipe = recipes["self-instruct", "en"]
    draft = Draft("t00003.0", "New.", labels=KIND[kind], parents=("s77",))
    whole = make_subject("en", 2, draft, seeds=tasks("s", 20, kind))
    prompts = [recipe.ask(replace(whole, rung=rung)) for rung in range(RUNGS + 1)]
    assert recipe.stages[2].rungs == RUNGS
    assert [len(shown(prompt)) - 1 for prompt in prompts] == [3, 2, 2, 1, 0]
    assert {prompt.schema for prompt in prompts} == {prompts[0].schema}
    assert {prompt.messages[-1].content.split("The task:")[1] for prompt in prompts} == {
        prompts[0].messages[-1].content.split("The task:")[1]
    }
    (read,) = recipe.read(replace(whole, rung=3), make_reply('{"input": "x", "output": "y"}')).drafts
    assert len(read.parents) == 2


@pytest.mark.parametrize("stage", [1, 3])
def test_where_nothing_can_be_left_out_there_is_no_ladder(
    stage: int, recipes: Recipes, make_subject: MakeSubject
) -> None:
    recipe = recipes["self-instruct", "en"]
    draft = Draft("t00003.0", "New.", labels=KIND["open"] if stage == 3 else ())
    assert recipe.stages[stage].rungs == 0
    subject = make_subject("en", stage, draft)
    assert recipe.ask(replace(subject, rung=1)) == recipe.ask(subject)


@given(st.lists(st.text(max_size=8), max_size=12), st.integers(0, RUNGS + 2))
def test_what_is_left_is_a_part_in_order_and_no_longer_than_what_went(texts: list[str], rung: int) -> None:
    made = [Task(str(n), text) for n, text in enumerate(texts)]
    left = shrink(made, rung, "instruction")
    assert left == [task for task in made if task in left]
    assert len(left) == -(-len(made) * LADDER[min(rung, RUNGS)] // 8)
    assert shrink(made, 0, "instruction") == made
    gone = [task for task in made if task not in left]
    assert all(
        (len(kept.instruction.encode()), int(kept.id)) < (len(task.instruction.encode()), int(task.id))
        for kept in left
        for task in gone
    )


def test_only_what_a_prompt_shows_is_measured() -> None:
    made = [Task("1", "short", "a very long input"), Task("2", "longer"), Task("3", "x" * 30)]
    assert [task.id for task in shrink(made, 3, "instruction")] == ["1"]
    assert [task.id for task in shrink(made, 3, "instruction", "input")] == ["2"]
