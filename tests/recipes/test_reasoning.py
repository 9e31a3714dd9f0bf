"""Thinking is parted from what it leads to, and answers that speak of thinking stay whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.core.ports import Recipe, Subject
from selfgen.core.tasks import Draft, Lineage, Record, Task
from selfgen.core.work import Answered
from selfgen.export.records import build_row
from selfgen.recipes.reasoning import Parted, part
from selfgen.recipes.self_instruct import SelfInstruct
from selfgen.recipes.templates import Templates

MakeSubject = Callable[..., Subject]
MakeReply = Callable[..., Answered]
ANSWER = Draft("t00003.0", "How many legs have two spiders?", labels=(("kind", "open"),))

BLOCKS = [
    "<think>{}</think>",
    "<think>\n{}\n</think>\n\n",
    "\n <THINK>{}</Think>",
    "<thinking>{}</thinking>\n",
    "<thought>{}</thought>",
    "<reasoning>{}</reasoning>",
    "<seed:think>{}</seed:think>",
    "<mm:think>{}</mm:think>",
    "[THINK]{}[/THINK]",
    "◁think▷{}◁/think▷",
    "<|START_THINKING|>{}<|END_THINKING|>",
    "<|begin_of_thought|>{}<|end_of_thought|>\n\n",
    "<|channel>thought\n{}<channel|>",
]
SAYINGS = [("eight legs each", "16"), ("一只八条腿", "十六条。"), ('or {"output": 1}?', '{"output": "16"}'), ("", "16")]


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(("thought", "said"), SAYINGS)
def test_a_block_in_front_is_thinking(block: str, thought: str, said: str) -> None:
    parted = part(block.format(thought) + said)
    assert (parted.answer.strip(), parted.reasoning, parted.ended) == (said, thought, True)


def test_several_blocks_in_front_are_all_thinking() -> None:
    assert part("<think>one</think>\n<think></think><thinking>two</thinking>three") == Parted("three", "one\n\ntwo")


@pytest.mark.parametrize("block", BLOCKS)
def test_thinking_without_an_end_is_no_answer(block: str) -> None:
    assert part(block.split("{}", maxsplit=1)[0] + "eight legs each, so") == Parted(
        "", "eight legs each, so", ended=False
    )


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("Eight each.\n</think>\n\n16", "Eight each.", "16"),
        ("Eight each\n</think>16", "Eight each", "16"),
        ("Eight each.</think>16", "Eight each.", "16"),
        ("Eight each, so 16</think>\n16", "Eight each, so 16", "16"),
        ("Eight each\n  </THINK>\n16", "Eight each", "16"),
        ("</think>\n\n16", "", "16"),
        ("一只八条腿。</think>十六条", "一只八条腿。", "十六条"),
        ("两只，十六条\n</think>\n\n十六条", "两只，十六条", "十六条"),
        ("Eight each.\n</seed:think>16", "Eight each.", "16"),
        ("Eight each.\n[/THINK]16", "Eight each.", "16"),
        ("八条。◁/think▷十六条", "八条。", "十六条"),
        ("Eight each.</think>", "Eight each.", ""),
    ],
)
def test_a_closing_mark_alone_ends_the_thinking_where_models_put_it(text: str, reasoning: str, answer: str) -> None:
    parted = part(text)
    assert (parted.answer.strip(), parted.reasoning, parted.ended) == (answer, reasoning, True)


@pytest.mark.parametrize(
    "text",
    [
        "The </think> tag ends the thinking of a model.",
        "A reasoning block is closed by </think>\nThe answer follows it.",
        "Write `</think>`\nbehind the last step.",
        'Models write "</think>"\nwhen they are done.',
        "Put your steps between <think> and </think>.\nThen answer.",
        "Use this form:\n<think>\nsteps\n</think>\nanswer",
        "Use this form:\n```xml\n</think>\n```\nDone.",
        "~~~\nif text.endswith('.')\n</think>\n~~~",
        "```python\nmark = '</think>'\n```",
        '{"output": "It ends.\\n</think>\n"}',
        "写完推理后用</think>结束思考部分。",
        "模型用“</think>”\n来结束思考。",
        "I think that 3 < 4 and 5 > 4.",
        "[Think] He looks at the door. [Exit]",
        "< think > is no tag",
        "<thinker>Rodin made it</thinker>",
        "<p>Some <b>thought</b></p>",
        "The first thought</thoughtful>\nwas wrong.",
        "",
    ],
)
def test_an_answer_that_speaks_of_marks_stays_whole(text: str) -> None:
    assert part(text) == Parted(text)


def test_where_the_server_parts_itself_a_closing_mark_is_content() -> None:
    text = "The template ends like this.\n</think>\nNothing follows."
    assert part(text, separated=True) == Parted(text)
    assert part(f"<think>more</think>{text}", separated=True) == Parted(text, "more")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("<|begin_of_solution|>16<|end_of_solution|>\n", "16"),
        ("\n<|begin_of_solution|>\n16", "\n16"),
        ("<|START_RESPONSE|>16<|END_RESPONSE|>", "16"),
        ("\n<|begin_of_box|>16<|end_of_box|>", "16"),
        ("<answer>16</answer>", "<answer>16</answer>"),
        ("See <|begin_of_solution|>", "See <|begin_of_solution|>"),
    ],
)
def test_marks_around_the_answer_go_with_those_of_the_thinking(said: str, answer: str) -> None:
    assert part(f"<think>x</think>{said}").answer == answer
    assert part(said).answer == said


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        (
            "<|channel|>analysis<|message|>Eight each.<|end|><|start|>assistant<|channel|>final<|message|>16<|return|>",
            Parted("16", "Eight each."),
        ),
        ("<|channel|>analysis<|message|>八条<|end|>\n<|channel|>final <|message|>十六条", Parted("十六条", "八条")),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary to=x "
            "<|constrain|>json<|message|>{}<|call|><|start|>assistant<|channel|>final<|message|>16",
            Parted("16", "a\n\n{}"),
        ),
        ("<|channel|>final<|message|>16<|return|>", Parted("16")),
        ("<|channel|>analysis<|message|>Eight each, so", Parted("", "Eight each, so", ended=False)),
        ("<|channel|>analysis<|message|>Eight each.<|end|>16", Parted("16", "Eight each.")),
        ("analysisEight each.\nSo.assistantfinal16\nlegs", Parted("16\nlegs", "Eight each.\nSo.")),
        ("analysis需要回答。assistantfinal十六条", Parted("十六条", "需要回答。")),
    ],
)
def test_channels_are_parted_with_their_marks_and_without(text: str, parted: Parted) -> None:
    assert part(text) == parted


@pytest.mark.parametrize(
    "text",
    [
        "analysis of the data shows that the assistant finally answered",
        "Analysis: an assistant has a final word.",
        "analysis",
        "The format is <|channel|>final<|message|>16<|return|>.",
        "<|channel|> is a mark.",
        "an apple",
    ],
)
def test_an_answer_that_speaks_of_channels_stays_whole(text: str) -> None:
    assert part(text) == Parted(text)


PIECES = (*'ab .\n`"', "<think>", "</think>", "</thinking>", "```", "。", "[/THINK]")


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_parting_never_fails_and_invents_nothing(pieces: list[str]) -> None:
    text = "".join(pieces)
    parted = part(text)
    assert text.endswith(parted.answer)
    assert all(line.strip() in text for line in parted.reasoning.split("\n\n"))
    assert parted.ended or not parted.answer
    if "think" not in text and "[/THINK]" not in text:
        assert parted == Parted(text)


def test_many_marks_take_no_long() -> None:
    text = "`</think>\n" * 20_001
    assert part(text).ended


# -- what the recipe makes of it ------------------------------------------------------------------------------------


def read(recipe: Recipe, make_subject: MakeSubject, reply: Answered) -> tuple[Draft | None, list[str]]:
    reading = recipe.read(make_subject("en", 3, ANSWER), reply)
    return next(iter(reading.drafts), None), [fault.reason for fault in reading.faults]


@pytest.mark.parametrize("keep", [False, True])
def test_the_reasoning_of_an_answer_is_kept_as_a_label_where_wanted(
    keep: bool, templates: Mapping[str, Templates], make_subject: MakeSubject, make_reply: MakeReply
) -> None:
    recipe = SelfInstruct(templates["en"], "en", keep_reasoning=keep)
    for reply in (
        make_reply("16", reasoning="Eight\x00 each.\r\n"),
        make_reply("<think>\nEight each.\n</think>\n16"),
        make_reply("Eight each.\n</think>\n16"),
    ):
        draft, faults = read(recipe, make_subject, reply)
        assert faults == []
        assert draft is not None
        assert draft.output == "16"
        assert draft.label("reasoning") == ("Eight each." if keep else "")
        assert draft.label("kind") == "open"
    task = Task("t1", "i", labels=draft.labels if draft else ())
    labels = build_row(Record(task, Lineage(0, (), (), "r")))["labels"]
    assert labels == ({"kind": "open", "reasoning": "Eight each."} if keep else {"kind": "open"})


def test_without_reasoning_there_is_no_label(
    templates: Mapping[str, Templates], make_subject: MakeSubject, make_reply: MakeReply
) -> None:
    recipe = SelfInstruct(templates["en"], "en", keep_reasoning=True)
    draft, _ = read(recipe, make_subject, make_reply("<think>\n\n</think>\n\n16"))
    assert draft is not None
    assert draft.labels == ANSWER.labels


def test_half_a_character_in_the_reasoning_harms_no_file(
    templates: Mapping[str, Templates], make_subject: MakeSubject, make_reply: MakeReply
) -> None:
    recipe = SelfInstruct(templates["en"], "en", keep_reasoning=True)
    draft, _ = read(recipe, make_subject, make_reply("16", reasoning="eight \ud83d"))
    assert draft is not None
    assert draft.label("reasoning") == "eight \ufffd"


@pytest.mark.parametrize(
    ("text", "finish", "reasoning", "reason"),
    [
        ("", "length", "Eight legs each, and then", "cut"),
        ("<think>Eight legs each, and then", "length", "", "cut"),
        ("<think>Eight legs each, and then", "stop", "", "cut"),
        ("<think>Eight legs each.</think>\n", "stop", "", "empty_reply"),
        ("<think>Eight legs each.</think>\n", "length", "", "cut"),
        ("", "stop", "Eight legs each.", "empty_reply"),
        ("<think>Eight legs each.</think>1", "length", "", "cut"),
    ],
)
def test_thinking_that_takes_all_the_room_is_no_answer(
    text: str,
    finish: str,
    reasoning: str,
    reason: str,
    recipes: Mapping[tuple[str, str], Recipe],
    make_subject: MakeSubject,
    make_reply: MakeReply,
) -> None:
    draft, faults = read(recipes["self-instruct", "en"], make_subject, make_reply(text, finish, reasoning))
    assert (draft, faults) == (None, [reason])


def test_keep_reasoning_is_true_or_false(templates: Mapping[str, Templates]) -> None:
    with pytest.raises(ValueError, match="keep_reasoning is 'yes' and must be true or false"):
        SelfInstruct(templates["en"], "en", keep_reasoning="yes")  # type: ignore[arg-type]
