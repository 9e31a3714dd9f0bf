"""The recipe self-instruct: which stages a draft needs, what its prompts show, where drafts come from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import pytest

from selfgen.core.ports import Recipe, Subject
from selfgen.core.tasks import Draft, Labels, Task
from selfgen.core.work import Answered, Prompt
from selfgen.errors import BadConfig, InternalError
from selfgen.recipes import BUILTIN
from selfgen.recipes.examples import MOST_SHOWN
from selfgen.recipes.self_instruct import SelfInstruct
from selfgen.recipes.templates import Templates

MakeSubject = Callable[..., Subject]
MakeReply = Callable[..., Answered]
Recipes = Mapping[tuple[str, str], Recipe]


@pytest.fixture
def recipe(recipes: Recipes) -> Recipe:
    return recipes["self-instruct", "en"]


def labelled(**labels: str) -> Labels:
    return tuple(sorted(labels.items()))


def make_tasks(prefix: str, count: int, kind: str = "open", give: str = "input") -> Sequence[Task]:
    return [
        Task(f"{prefix}{number}", f"{prefix} task {number}", give, f"output {number}", labelled(kind=kind))
        for number in range(count)
    ]


def shown(prompt: Prompt) -> list[dict[str, object]]:
    lines = prompt.messages[-1].content.split("\n")
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_stages_and_gates(recipe: Recipe) -> None:
    assert [(stage.name, stage.role, stage.gate) for stage in recipe.stages] == [
        ("propose", "propose", ("instruction",)),
        ("classify", "propose", ()),
        ("instance", "propose", ()),
        ("answer", "answer", ("task",)),
    ]
    assert BUILTIN[recipe.name] == "selfgen.recipes.self_instruct:SelfInstruct"


@pytest.mark.parametrize(
    ("labels", "output", "wanted"),
    [
        (labelled(), "", [1, 2, 3]),
        (labelled(kind="open"), "", [2, 3]),
        (labelled(kind="open", needs_input="yes"), "", [2, 3]),
        (labelled(kind="open", needs_input="no"), "", [3]),
        (labelled(needs_input="no"), "", [1, 3]),
        (labelled(kind="classification", needs_input="no"), "", [2, 3]),
        (labelled(kind="classification", needs_input="yes"), "spam", [2]),
    ],
)
def test_a_draft_goes_only_through_the_stages_that_it_needs(
    labels: Labels, output: str, wanted: list[int], recipe: Recipe
) -> None:
    draft = Draft("t00003.0", "Do it.", output=output, labels=labels)
    assert [stage for stage in (1, 2, 3) if recipe.wants(stage, draft)] == wanted


def test_a_proposal_shows_six_seeds_and_two_records_shuffled(recipe: Recipe, make_subject: MakeSubject) -> None:
    seeds, records = make_tasks("s", 50), make_tasks("r", 50)
    orders = set()
    for turn in range(20):
        subject = make_subject(turn=turn, seeds=seeds, records=records)
        kinds = "".join(str(item["instruction"])[0] for item in shown(recipe.ask(subject)))
        assert sorted(kinds) == ["r"] * 2 + ["s"] * 6
        orders.add(kinds)
    assert len(orders) > 5


@pytest.mark.parametrize(("seeds", "records", "total"), [(50, 0, 8), (50, 1, 8), (3, 0, 3), (3, 50, 5), (2, 1, 3)])
def test_where_there_are_fewer_records_more_seeds_are_shown(
    seeds: int, records: int, total: int, recipe: Recipe, make_subject: MakeSubject
) -> None:
    subject = make_subject(seeds=make_tasks("s", seeds), records=make_tasks("r", records))
    assert len({str(item["instruction"]) for item in shown(recipe.ask(subject))}) == total


def test_parents_are_exactly_the_tasks_that_were_shown(
    recipe: Recipe, make_subject: MakeSubject, make_reply: MakeReply
) -> None:
    seeds, records = make_tasks("s", 50), make_tasks("r", 50)
    by_text = {task.instruction: task.id for task in [*seeds, *records]}
    subject = make_subject(seeds=seeds, records=records)
    expected = tuple(by_text[str(item["instruction"])] for item in shown(recipe.ask(subject)))
    (draft,) = recipe.read(subject, make_reply('{"tasks": [{"instruction": "New."}]}')).drafts
    assert draft.parents == expected
    assert draft.id == ""


def test_parents_grow_with_the_examples_of_the_instance(
    recipe: Recipe, make_subject: MakeSubject, make_reply: MakeReply
) -> None:
    draft = Draft("t00003.0", "New.", labels=labelled(kind="open"), parents=("s1", "r2"))
    subject = make_subject("en", 2, draft, seeds=make_tasks("s", 3))
    (read,) = recipe.read(subject, make_reply('{"input": "x"}')).drafts
    assert read.parents[:2] == ("s1", "r2")
    assert set(read.parents) == {"s0", "s1", "s2", "r2"}
    assert len(read.parents) == 4
    assert read.id == "t00003.0"


def test_a_proposal_shows_what_is_known_of_a_task_and_no_more(recipe: Recipe, make_subject: MakeSubject) -> None:
    seeds = (
        Task("1", "a", "in", "out", labelled(kind="classification")),
        Task("2", "b", "", "out", labelled(kind="open")),
        Task("3", "c"),
        Task("4", "d", "in", "", labelled(kind="of my own")),
    )
    items = sorted(shown(recipe.ask(make_subject(seeds=seeds, records=()))), key=lambda item: str(item["instruction"]))
    assert items == [
        {"instruction": "a", "kind": "classification", "needs_input": True},
        {"instruction": "b", "kind": "open", "needs_input": False},
        {"instruction": "c"},
        {"instruction": "d", "needs_input": True},
    ]


def test_instances_are_shown_tasks_of_their_kind(recipe: Recipe, make_subject: MakeSubject) -> None:
    seeds = [
        *make_tasks("o", 5),
        *make_tasks("c", 5, "classification"),
        *make_tasks("x", 5, give=""),
        *make_tasks("y", 5, "classification", give=""),
    ]
    draft = Draft("t00003.0", "New.", labels=labelled(kind="open"))
    examples = shown(recipe.ask(make_subject("en", 2, draft, seeds=seeds)))[:-1]
    assert [list(item) for item in examples] == [["instruction", "input"]] * 3
    assert {str(item["instruction"])[0] for item in examples} == {"o"}
    draft = Draft("t00003.0", "New.", labels=labelled(kind="classification"))
    examples = shown(recipe.ask(make_subject("en", 2, draft, seeds=seeds)))[:-1]
    assert [list(item) for item in examples] == [["instruction", "output", "input"]] * 3
    assert {str(item["instruction"])[0] for item in examples} == {"c"}


def test_a_seed_that_is_too_long_is_never_shown(recipe: Recipe, make_subject: MakeSubject) -> None:
    long = Task("long", "x" * (MOST_SHOWN + 1), "", "out")
    subject = make_subject(seeds=[long, *make_tasks("s", 2)], records=[long])
    assert sorted(str(item["instruction"]) for item in shown(recipe.ask(subject))) == ["s task 0", "s task 1"]


def test_the_label_to_use_is_drawn_evenly(recipe: Recipe, make_subject: MakeSubject) -> None:
    draft = Draft("t00003.0", "New.", labels=labelled(kind="classification"))
    prompts = [recipe.ask(make_subject("en", 2, draft, turn=turn)).messages[-1].content for turn in range(90)]
    counts = [
        sum(word in text for text in prompts) for word in ("names first.", "neither first nor last", "names last.")
    ]
    assert sum(counts) == 90
    assert min(counts) > 15


def test_output_comes_before_input_in_the_schema(recipe: Recipe, make_subject: MakeSubject) -> None:
    draft = Draft("t00003.0", "New.", labels=labelled(kind="classification"))
    schema = recipe.ask(make_subject("en", 2, draft)).schema
    assert schema is not None
    assert list(json.loads(schema.body)["properties"]) == ["output", "input"]


def test_prompts_are_the_same_each_time_and_differ_from_turn_to_turn(recipe: Recipe, make_subject: MakeSubject) -> None:
    prompts = [recipe.ask(make_subject(turn=turn, seeds=make_tasks("s", 50))) for turn in range(6)]
    assert all(first != second for first, second in pairwise(prompts))
    assert prompts == [recipe.ask(make_subject(turn=turn, seeds=make_tasks("s", 50))) for turn in range(6)]


def test_a_template_that_cannot_render_is_found_before_the_first_call(templates: Mapping[str, Templates]) -> None:
    for name in templates["en"].sources:
        if name.startswith("self_instruct/"):
            broken = Templates.of({**templates["en"].sources, name: "{{ exmaples }}"})
            with pytest.raises(BadConfig, match=f"{name}:1: 'exmaples' is undefined"):
                SelfInstruct(broken, "en")


def test_a_template_that_needs_an_example_is_found_before_the_first_call(templates: Mapping[str, Templates]) -> None:
    """A prompt that is too long for a model may have to do without any."""
    name = "self_instruct/propose.j2"
    broken = Templates.of({**templates["en"].sources, name: "Such as {{ examples[0].instruction }}"})
    with pytest.raises(BadConfig, match=f"{name}:1"):
        SelfInstruct(broken, "en")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("tasks_per_call", 0),
        ("tasks_per_call", 33),
        ("tasks_per_call", "6"),
        ("seed_examples", -1),
        ("seed_examples", 13),
        ("record_examples", 7),
        ("record_examples", True),
        ("domain", "x" * 2001),
    ],
)
def test_numbers_out_of_range_are_refused(option: str, value: object, templates: Mapping[str, Templates]) -> None:
    with pytest.raises(ValueError, match=option):
        SelfInstruct(templates["en"], "en", **{option: value})  # type: ignore[arg-type]


def test_the_longest_texts_still_fit_into_every_prompt(
    templates: Mapping[str, Templates], make_subject: MakeSubject, make_reply: MakeReply
) -> None:
    recipe = SelfInstruct(templates["en"], "en", "d" * 2000, seed_examples=6, record_examples=6)
    seeds = [Task(f"s{n}", '"\n' * 250, '"\n' * 250, '"\n' * 500, labelled(kind="classification")) for n in range(12)]
    assert len(shown(recipe.ask(make_subject(seeds=seeds, records=seeds)))) == 12
    long = json.dumps({"tasks": [{"instruction": "a" + '"' * 19_999}]})
    (draft,) = recipe.read(make_subject(seeds=seeds), make_reply(long)).drafts
    for stage, kind in ((1, ""), (2, "open"), (2, "classification"), (3, "open")):
        ready = Draft("t00003.0", draft.instruction, "i" * 20_000, labels=labelled(kind=kind))
        prompt = recipe.ask(make_subject("en", stage, ready, seeds=seeds))
        assert prompt.messages[-1].content.count('"') >= 19_999


def test_a_stage_that_does_not_exist_is_our_own_fault(recipe: Recipe, make_subject: MakeSubject) -> None:
    with pytest.raises(InternalError):
        recipe.ask(make_subject("en", 4, Draft("t00003.0", "Do it.")))
    with pytest.raises(InternalError):
        recipe.ask(make_subject("en", 1, None))
