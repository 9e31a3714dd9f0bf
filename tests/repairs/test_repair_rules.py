"""What each repair rule puts right, in both languages: every case is repaired by that rule and by no other."""

from __future__ import annotations

import pytest

from selfgen.core.tasks import Task
from selfgen.errors import UsageError
from selfgen.repairs import DEFAULT, OFF, RULES, Repair, repair

ASK = {"en": "Describe the village by the sea.", "zh": "描述海边的小村庄。"}


def ask(instruction: str, input: str = "", output: str = "Fine.") -> Task:
    return Task("row", instruction, input, output)


OUTPUTS = [
    (
        "lost_backslash",
        "en",
        "Half is $\x0crac{1}{2}$, twice is $a \times b$.",
        "Half is $\\frac{1}{2}$, twice is $a \\times b$.",
    ),
    ("lost_backslash", "en", "The angle is $\x08eta$ or $\theta$.", "The angle is $\\beta$ or $\\theta$."),
    ("lost_backslash", "zh", "答案是 $\x0crac{3}{4}$。", "答案是 $\\frac{3}{4}$。"),
    ("lost_backslash", "en", "$\\left(x\right)$", "$\\left(x\\right)$"),
    ("lost_marks", "en", "It\x92s small \x96 and \x93quiet\x94.", "It’s small – and “quiet”."),
    ("lost_marks", "en", "The sea\x19s edge", "The sea’s edge"),
    ("lost_marks", "zh", "他说\x93好\x94。", "他说“好”。"),
    ("line_ends", "en", "One.\r\nTwo.\rThree.\u2028Four.\x0bFive.\x0cSix.", "One.\nTwo.\nThree.\nFour.\nFive.\nSix."),
    ("line_ends", "zh", "一。\r\n二。\u2029三。", "一。\n二。\n三。"),
    ("hidden_characters", "en", "\ufeffBoats\u200b lie\xad on\u202e the\u2060 sand\x00.", "Boats lie on the sand."),
    ("hidden_characters", "zh", "渔\u200b\u200b船停在\u200d沙滩上。", "渔船停在沙滩上。"),
    ("hidden_characters", "en", "A note\U000e0041\U000e0042.", "A note."),
    ("hidden_characters", "en", "smile \U0001f600\u200d and wave", "smile \U0001f600 and wave"),
    ("html_entities", "en", "Tom &amp; Ann: &quot;Don&#39;t go&quot; &lt;3", 'Tom & Ann: "Don\'t go" <3'),
    ("html_entities", "en", "She said &amp;amp;quot;yes&amp;amp;quot;", 'She said "yes"'),
    ("html_entities", "en", "A caf&eacute;&nbsp;&mdash; closed&hellip;", "A café — closed…"),
    ("html_entities", "en", "It&#x2019;s &#8220;open&#8221;.", "It’s “open”."),
    ("html_entities", "zh", "他说&quot;明天见&quot;，然后走了。", '他说"明天见"，然后走了。'),
    ("html_entities", "zh", "如果 a & lt ; b，输出＆quot；小＆quot；", '如果 a < b，输出"小"'),
    ("html_entities", "zh", "& # 39 ;好& # 39 ;", "'好'"),
    (
        "literal_line_breaks",
        "en",
        "First the sea.\\nThen the hills.\\n\\n- Sand\\n- Salt",
        "First the sea.\nThen the hills.\n\n- Sand\n- Salt",
    ),
    ("literal_line_breaks", "en", 'He said: \\"Come.\\"\\r\\nThey came.', 'He said: "Come."\nThey came.'),
    ("literal_line_breaks", "zh", "先看海。\\n再看山。", "先看海。\n再看山。"),
    ("full_width_letters", "zh", "共有１２座房子，编号Ａ到Ｌ。", "共有12座房子，编号A到L。"),
    ("full_width_letters", "en", "Room ７Ｂ is free.", "Room 7B is free."),
    (
        "merged_records",
        "en",
        "Small and quiet.\n12. Instruction: Name a fish.\n12. Input:\n<noinput>\n12. Output:\nCod",
        "Small and quiet.",
    ),
    (
        "merged_records",
        "en",
        "Small and quiet.\n\n##\n7. Instruction: Add.\n7. Input: 1, 2\n7. Output: 3",
        "Small and quiet.",
    ),
    ("merged_records", "en", "Small.\n111 \n11. Instruction: Add.\n11. Output: 3", "Small."),
    ("merged_records", "en", "Small.\n\n### Instruction:\nAdd.\n\n### Response:\n3", "Small."),
    ("merged_records", "en", "Small and quiet.\n###", "Small and quiet."),
    ("merged_records", "en", "Small and quiet ###  ", "Small and quiet"),
    (
        "merged_records",
        "zh",
        "又小又安静。\n\n6. 指令：说出一种鱼。\n6.输入：\n<无输入>\n6.输出：\n鳕鱼",
        "又小又安静。",
    ),
    ("merged_records", "zh", "又小又安静。\n9. 说明：求和。\n9. 输入：1，2\n9. 输出：3", "又小又安静。"),
    ("field_label", "en", "Output: A small place.", "A small place."),
    ("field_label", "en", "### Response:\nA small place.", "A small place."),
    ("field_label", "en", "Answer: yes, it is small.", "yes, it is small."),
    ("field_label", "zh", "输出：一个小地方。", "一个小地方。"),
    ("field_label", "zh", "答：一个小地方。", "一个小地方。"),
    ("list_spacing", "en", "1.Boats\n2. Nets\n3. Ropes", "1. Boats\n2. Nets\n3. Ropes"),
    ("list_spacing", "en", "So:\n1) Boats\nof wood\n2)Nets", "So:\n1) Boats\nof wood\n2) Nets"),
    ("list_spacing", "zh", "1.渔船\n2. 渔网\n3.绳子", "1. 渔船\n2. 渔网\n3. 绳子"),
    ("white_space", "en", "\n Small and quiet. \n\n", "Small and quiet."),
    ("white_space", "zh", "\u3000又小又安静。 ", "又小又安静。"),
    ("white_space", "en", "Small.\n\n \t\n\nQuiet.", "Small.\n\nQuiet."),
]


@pytest.mark.parametrize(("rule", "language", "before", "after"), OUTPUTS)
def test_outputs_are_repaired_by_this_rule(rule: str, language: str, before: str, after: str) -> None:
    task, repairs = repair(ask(ASK[language], "", before), {rule})
    assert task == ask(ASK[language], "", after)
    assert repairs == (Repair(rule, "output", before, after),)


NO_INPUT = [
    "<noinput>", "<No Input>", '"<noinput>"', "`<noinput>`", "<noinput>.", "<noinput", "Noinput", "No input.",
    "(no input)", "No input needed", "No input is required.", "No additional input required",
    "Input not required", "N/A", "n/a", "None.", "Not applicable", "[No Input]", "无", "无。", "无输入",
    "<无输入>", "“<无输入>”", "【无输入】", "没有输入。", "不需要输入", "无需输入", "无需任何输入", "輸入：無",
    "沒有輸入", "無輸入", "不适用", "（无）",
]  # fmt: skip


@pytest.mark.parametrize("marker", NO_INPUT)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_inputs_that_say_there_is_none_become_empty(marker: str, language: str) -> None:
    task, repairs = repair(ask(ASK[language], marker))
    assert task.input == ""
    assert repairs == (Repair("no_input_marker", "input", marker, ""),)


REPEATED = [
    ('Shorten this sentence: "The old boat lay on the sand."', "The old boat lay on the sand."),
    ("Shorten this sentence: The old boat lay on the sand.", "The old boat lay on the sand."),
    ("Shorten the following:\n\nThe old boat lay on the sand", "The old boat lay on the sand"),
    ('Put "the old boat" into the plural.', "the old boat"),
    ("Sort these numbers (4, 9, 1) in rising order.", "4, 9, 1"),
    ("How far does a ship go at 12 knots in 3 hours?", "12 knots in 3 hours"),
    ("Sum up the text below\nThe old boat.\nUse one word.", "The old boat."),
    ("缩写这句话：“旧船停在沙滩上。”", "旧船停在沙滩上。"),
    ("把下面的句子翻译成英文：旧船停在沙滩上", "旧船停在沙滩上"),
    ("用“海边的村庄”造句。", "海边的村庄"),
]


@pytest.mark.parametrize(("instruction", "text"), REPEATED)
def test_inputs_that_the_instruction_holds_become_empty(instruction: str, text: str) -> None:
    task, repairs = repair(ask(instruction, text))
    assert (task.instruction, task.input) == (instruction, "")
    assert repairs == (Repair("input_in_instruction", "input", text, ""),)


LABELS = [
    (ask("Instruction: Name a fish."), ask("Name a fish."), "instruction"),
    (ask("12. Instruction: Name a fish."), ask("Name a fish."), "instruction"),
    (ask("指令：说出一种鱼。"), ask("说出一种鱼。"), "instruction"),
    (ask("Shorten the text.", "Input: The boat is old."), ask("Shorten the text.", "The boat is old."), "input"),
    (ask("缩短这段话。", "输入：船很旧。"), ask("缩短这段话。", "船很旧。"), "input"),
]


@pytest.mark.parametrize(("row", "repaired", "field"), LABELS)
def test_instructions_and_inputs_lose_their_labels(row: Task, repaired: Task, field: str) -> None:
    task, repairs = repair(row)
    assert task == repaired
    assert [(found.rule, found.field) for found in repairs] == [("field_label", field)]


def test_chinese_punctuation_is_changed_only_when_asked_for() -> None:
    row = ask("写一句问候,然后道别!", "", "你好,朋友;再见:保重?好!是")
    assert repair(row) == (row, ())
    task, repairs = repair(row, DEFAULT | {"chinese_punctuation"})
    assert (task.instruction, task.output) == ("写一句问候，然后道别!", "你好，朋友；再见：保重？好！是")
    assert [found.rule for found in repairs] == ["chinese_punctuation"] * 2


def test_rules_work_on_what_others_left() -> None:
    task, repairs = repair(ask("描述大海。", "&lt;无输入&gt;", "\u200b 很大。\r\n\r\n"))
    assert task == ask("描述大海。", "", "很大。")
    assert [(found.rule, found.field, found.after) for found in repairs] == [
        ("line_ends", "output", "\u200b 很大。\n\n"),
        ("hidden_characters", "output", " 很大。\n\n"),
        ("html_entities", "input", "<无输入>"),
        ("no_input_marker", "input", ""),
        ("white_space", "output", "很大。"),
    ]


def test_a_label_found_late_is_trimmed_too() -> None:
    task, _ = repair(ask("Describe the sea.", "", "&nbsp;\u200bOutput: \\nWide."))
    assert task.output == "Wide."


def test_id_and_labels_stay() -> None:
    row = Task("seed_7", " Name a fish.", "", "Cod", (("kind", "open"),))
    assert repair(row)[0] == Task("seed_7", "Name a fish.", "", "Cod", (("kind", "open"),))


def test_only_the_named_rules_run() -> None:
    row = ask(" Name a fish.", "N/A")
    assert repair(row, ["white_space"])[0] == ask("Name a fish.", "N/A")
    assert repair(row, ["no_input_marker"])[0] == ask(" Name a fish.", "")
    assert repair(row, []) == (row, ())


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(UsageError, match="no repair is called nonsense") as caught:
        repair(ask("Name a fish."), ["white_space", "nonsense"])
    assert "white_space" in caught.value.todo


def test_every_rule_is_described_and_tried_here() -> None:
    tried = {rule for rule, *_ in OUTPUTS} | {"no_input_marker", "input_in_instruction", "chinese_punctuation"}
    assert tried == set(RULES)
    assert set(RULES) - DEFAULT == OFF == {"chinese_punctuation"}
    assert all(line.endswith(".") and "\n" not in line for line in RULES.values())
