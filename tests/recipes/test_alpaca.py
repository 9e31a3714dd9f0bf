"""The recipe alpaca: whole tasks in one call, examples from seeds alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from selfgen.core.ports import Recipe, Subject
from selfgen.core.tasks import Draft, Task
from selfgen.core.work import Answered
from selfgen.errors import BadConfig
from selfgen.recipes import BUILTIN
from selfgen.recipes.alpaca import Alpaca
from selfgen.recipes.templates import Templates


@pytest.fixture
def recipe(recipes: Mapping[tuple[str, str], Recipe]) -> Recipe:
    return recipes["alpaca", "en"]


def test_one_stage_with_both_gates(recipe: Recipe) -> None:
    assert [(stage.name, stage.role, stage.gate) for stage in recipe.stages] == [
        ("propose", "propose", ("instruction", "task"))
    ]
    assert not recipe.wants(1, Draft("t00003.0", "Do it."))
    assert BUILTIN[recipe.name] == "selfgen.recipes.alpaca:Alpaca"


def test_three_seeds_that_have_an_answer_are_shown(
    recipe: Recipe, make_subject: Callable[..., Subject], make_reply: Callable[..., Answered]
) -> None:
    seeds = [Task(f"s{number}", f"task {number}", "", "out" if number % 4 else "") for number in range(40)]
    subject = make_subject(seeds=seeds, records=[Task("r1", "record", "", "out")])
    lines = [line for line in recipe.ask(subject).messages[-1].content.split("\n") if line.startswith("{")]
    items = [json.loads(line) for line in lines]
    assert [list(item) for item in items] == [["instruction", "input", "output"]] * 3
    assert all(item["output"] == "out" and item["instruction"] != "record" for item in items)
    (draft,) = recipe.read(subject, make_reply('{"instruction": "New.", "input": "", "output": "x"}')).drafts
    assert draft.parents == tuple("s" + item["instruction"].removeprefix("task ") for item in items)
    assert (draft.id, draft.labels) == ("", ())


def test_the_schema_keeps_the_order_in_which_a_task_is_thought_up(
    recipe: Recipe, make_subject: Callable[..., Subject]
) -> None:
    schema = recipe.ask(make_subject()).schema
    assert schema is not None
    form = json.loads(schema.body)
    tasks = form["properties"]["tasks"]
    assert (schema.name, tasks["minItems"], tasks["maxItems"]) == ("alpaca_propose", 1, 8)
    assert list(tasks["items"]["properties"]) == tasks["items"]["required"] == ["instruction", "input", "output"]
    assert form["additionalProperties"] is tasks["items"]["additionalProperties"] is False


def test_a_broken_template_or_number_is_found_at_once(templates: Mapping[str, Templates]) -> None:
    with pytest.raises(BadConfig, match=r"alpaca/propose\.j2:1"):
        Alpaca(Templates.of({"alpaca/propose.j2": "{{ example }}"}), "en")
    with pytest.raises(ValueError, match="tasks_per_call"):
        Alpaca(templates["en"], "en", tasks_per_call=0)
