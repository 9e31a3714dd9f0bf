"""What the shipped prompts look like, word for word, and what holds for all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from selfgen.core.ports import Recipe, Subject
from selfgen.core.tasks import Draft, Task
from selfgen.core.work import Prompt
from selfgen.recipes.alpaca import Alpaca
from selfgen.recipes.self_instruct import SelfInstruct
from selfgen.recipes.templates import Templates

MakeSubject = Callable[..., Subject]
Templated = Mapping[str, Templates]


@dataclass(frozen=True)
class Shot:
    """One prompt to look at: the recipe, the stage, and the labels of the draft that it is about."""

    recipe: str
    stage: int
    kind: str = ""


SHOTS = {
    "self_instruct.propose": Shot("self-instruct", 0),
    "self_instruct.classify": Shot("self-instruct", 1),
    "self_instruct.input_first": Shot("self-instruct", 2, "open"),
    "self_instruct.output_first": Shot("self-instruct", 2, "classification"),
    "self_instruct.answer": Shot("self-instruct", 3, "open"),
    "alpaca.propose": Shot("alpaca", 0),
}
DRAFTS = {
    "en": Draft("t00003.0", 'Is the remark below "kind" or "unkind"?', "Nice try."),
    "zh": Draft("t00003.0", "下面这句话是“夸”还是“损”？", "你可真行。"),
}
DOMAIN = {"en": "customer service of a phone company", "zh": "电信客服"}


def take(recipe: Recipe, shot: Shot, lang: str, make_subject: MakeSubject, **given: object) -> Prompt:
    draft = DRAFTS[lang]
    if shot.kind:
        draft = Draft(draft.id, draft.instruction, draft.input, labels=(("kind", shot.kind),))
    return recipe.ask(make_subject(lang, shot.stage, draft if shot.stage else None, **given))


def show(prompt: Prompt) -> str:
    parts = [f"=== {message.role}\n{message.content}\n" for message in prompt.messages]
    schema = f"=== schema {prompt.schema.name}\n{prompt.schema.body}\n" if prompt.schema else ""
    return "".join(parts) + schema


def make_recipe(templates: Templated, shot: Shot, lang: str, domain: str = "") -> Recipe:
    made: type[SelfInstruct] | type[Alpaca] = Alpaca if shot.recipe == "alpaca" else SelfInstruct
    return made(templates[lang], lang, domain)


every_shot = pytest.mark.parametrize(("name", "lang"), [(name, lang) for name in SHOTS for lang in ("en", "zh")])


@every_shot
def test_prompt_is_as_written_down(
    name: str, lang: str, templates: Templated, make_subject: MakeSubject, golden: Callable[[str, str], None]
) -> None:
    shot = SHOTS[name]
    golden(f"{lang}.{name}.txt", show(take(make_recipe(templates, shot, lang), shot, lang, make_subject)))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["self_instruct.propose", "self_instruct.answer"])
def test_prompt_with_a_domain_is_as_written_down(
    name: str, lang: str, templates: Templated, make_subject: MakeSubject, golden: Callable[[str, str], None]
) -> None:
    shot = SHOTS[name]
    recipe = make_recipe(templates, shot, lang, DOMAIN[lang])
    golden(f"{lang}.{name}.domain.txt", show(take(recipe, shot, lang, make_subject)))


@every_shot
def test_two_turns_share_the_constant_head(
    name: str, lang: str, templates: Templated, make_subject: MakeSubject
) -> None:
    shot = SHOTS[name]
    recipe = make_recipe(templates, shot, lang, DOMAIN[lang])
    seeds = [Task(f"s{number}", f"{lang} task {number}", "in", "out", (("kind", shot.kind),)) for number in range(40)]
    first = take(recipe, shot, lang, make_subject, turn=1, seeds=seeds, records=())
    second = take(recipe, shot, lang, make_subject, turn=2, seeds=seeds[::-1], records=())
    assert first.messages[0] == second.messages[0]
    assert first.messages[0].role == "system"
    if name in ("self_instruct.propose", "alpaca.propose"):
        assert first.messages[1] != second.messages[1]
        assert first.messages[1].content.split("\n")[0] == second.messages[1].content.split("\n")[0]
    assert len(first.messages[0].content) > 100


@every_shot
def test_without_examples_no_heading_stands_alone(
    name: str, lang: str, templates: Templated, make_subject: MakeSubject
) -> None:
    shot = SHOTS[name]
    prompt = take(make_recipe(templates, shot, lang), shot, lang, make_subject, seeds=(), records=())
    user = prompt.messages[-1].content
    assert prompt.messages[-1].role == "user"
    assert not re.search(r"[Ee]xamples?\b.*:$|例[题子]：$", user, re.MULTILINE)
    assert "\n\n\n" not in show(prompt)


@pytest.mark.parametrize("name", list(SHOTS))
def test_chinese_prompts_are_chinese_with_full_width_punctuation(
    name: str, templates: Templated, make_subject: MakeSubject
) -> None:
    shot = SHOTS[name]
    system = take(make_recipe(templates, shot, "zh", "电信客服"), shot, "zh", make_subject).messages[0].content
    assert not re.search(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]", system)
    assert not re.search(r"\b(?:the|task|example|write|reply)\b", re.sub(r"\{.*\}", "", system), re.IGNORECASE)


@pytest.mark.parametrize(("lang", "text"), [("en", 'Is the remark below "kind" or "unkind"?'), ("zh", "下面这句话")])
def test_the_answer_prompt_ends_with_the_task_alone(
    lang: str, text: str, templates: Templated, make_subject: MakeSubject
) -> None:
    shot = SHOTS["self_instruct.answer"]
    recipe = make_recipe(templates, shot, lang)
    draft = DRAFTS[lang]
    assert take(recipe, shot, lang, make_subject).messages[-1].content == f"{draft.instruction}\n\n{draft.input}"
    bare = recipe.ask(make_subject(lang, 3, Draft("t00003.0", text)))
    assert bare.messages[-1].content == text
    assert bare.schema is None
