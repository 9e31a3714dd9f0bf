"""Rows that look as if they needed a repair and are as they should be: every rule leaves them alone."""

from __future__ import annotations

import pytest

from selfgen.core.tasks import Task
from selfgen.repairs import DEFAULT, RULES, repair


def ask(instruction: str, input: str = "", output: str = "Fine.") -> Task:
    return Task("row", instruction, input, output)


INNOCENT = [
    # backslashes
    ask("Write C code that prints two lines.", "", 'printf("one\\n");\nprintf("two\\n");'),
    ask("Print a greeting.", "", 'puts("Hello\\nWorld");'),
    ask("Where is the log kept?", "", "In C:\\new\\notes and in D:\\Data\\nightly."),
    ask("State the identity.", "", "$\\nabla \\cdot B = 0$ and $\\nu \\neq 0$"),
    ask("What does \\n stand for?", "", "\\n stands for the end of a line."),
    ask("How is a line ended in Unix?", "", "With “\\n”."),
    ask("换行符怎么写？", "", "写作 \\n。"),
    ask("Show the first rows.", "", "time\tvalue\n1\t2"),
    ask("Which pattern finds a word?", "", "Use \\b\\w+\\b, or \\n+ for lines."),
    # hidden characters with work to do
    ask("Show a family emoji.", "", "\U0001f468\u200d\U0001f469\u200d\U0001f467 and \u2764\ufe0f\u200d\U0001f525"),
    ask("Show the flag of Scotland.", "", "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"),
    ask("Translate into Persian.", "I want", "می\u200cخواهم"),
    ask("Write the ligature in Hindi.", "", "क\u094d\u200dष and \u0d28\u0d4d\u200d here"),
    ask("Greet in Hebrew.", "", "שלום\u200f, world!"),
    ask("Greet in Thai.", "", "สวัสดี\u200bครับ"),
    ask("Write a zero-width space between two letters.", "", "a\u200bb"),
    ask("在两个字之间写一个零宽空格。", "", "海\u200b边"),
    ask("Repair the text.", "caf\ufffd", "café"),
    ask("Colour a word.", "", "\x1b[31mred\x1b[0m"),
    ask("Repair the text.", "itâ\x80\x99s", "it’s"),
    ask("Repair the text.", "seaâ\x80\x94sand, 3 Ã\x97 3", "sea—sand, 3 × 3"),
    # entities that are meant
    ask("Escape the text for HTML.", "", "a &lt; b"),
    ask("Which HTML entity stands for the ampersand?", "", "&amp;"),
    ask("How do I show a less-than sign in HTML?", "", "Write &lt; in its place."),
    ask("How do I write a copyright sign on a web page?", "", "Use &copy; in the text."),
    ask("Make a link of it.", "AT&T", '<a href="/">AT&amp;T</a>'),
    ask("Write a heading in HTML.", "", "<h1>Salt &amp; Sand</h1>"),
    ask("Make a link.", "", "<a href='/'>AT&amp;T</a>"),
    ask("Which sign is this?", "&#167;", "The section sign."),
    ask("Say which is larger.", "3 < 5", "3 &lt; 5"),
    ask("Which sign is this?", "&para;", "A pilcrow."),
    ask("Take the address.", "", "int *p = &sum; int *q = &copy; return &deg;"),
    ask("What is in the query?", "", "?a=1&lt=2&copy=3; that is all"),
    ask("Mix them.", "", "R & D; M & A;"),
    ask("写出小于号的HTML实体。", "", "&lt;"),
    ask("对文本进行转义。", "", "甲 &lt; 乙"),
    # width
    ask("全角数字和半角数字有什么区别？", "", "１是全角，1是半角。"),
    ask("Write the name in full-width letters.", "", "ＳＥＡ"),
    ask("日本語で住所を書いてください。", "", "３丁目Ａ棟です。"),
    ask("描述价格。", "", "价格是１００元（含税）：贵！".replace("１００", "100")),
    # inputs that are material
    ask("What does this abbreviation stand for?", "N/A", "Not available."),
    ask("Translate the word.", "无", "nothing"),
    ask("写出这个字的拼音。", "无", "wú"),
    ask("Translate the text into French.", "No input", "Aucune entrée"),
    ask("What does the message 'no input' mean?", "No input", "That nothing was typed."),
    ask("Which type has this value in Python?", "None", "NoneType"),
    ask("Continue the tale.", "None of them spoke.", "They rowed on."),
    ask("Sum up the poem.", "No man is an island", "We need each other."),
    ask("把句子补充完整。", "无人驾驶汽车", "无人驾驶汽车很安全。"),
    ask("续写故事。", "没有输入密码的人站在门外", "他等着。"),
    # inputs that are named, searched for or compared
    ask("Write a poem about freedom.", "freedom", "Wide sky."),
    ask("Write a tale about New York.", "New York", "Once ..."),
    ask("How often does 'to be or not' occur here: to be or not", "to be or not", "Once."),
    ask('Does the text contain "the old boat"?', "the old boat", "Yes."),
    ask("Compare the text with this one: the old boat", "the old boat", "They are the same."),
    ask("Is the old boat fit for the sea?", "the old boat", "No."),
    ask("Find the noun in: the old boats", "the old boat", "boat"),
    ask("Sum up: lathe old boat", "the old boat", "A boat."),
    ask("the old boat", "the old boat", "A boat."),
    ask("写一首关于海边村庄的诗。", "海边村庄", "海风。"),
    ask("“海边的村庄”在文中出现了几次？", "海边的村庄", "一次。"),
    # labels and records that were asked for
    ask("Give a sample input and output.", "", "Input: 3\nOutput: 9"),
    ask("Write a riddle.", "", "Answer: a boat"),
    ask("Answer with a label in front.", "", "Output: yes"),
    ask("Sort the fish.", "", "Output: cod\nReason: it is first"),
    ask("Describe the port.", "", "Outputs: 3 boats"),
    ask("写一个谜语。", "", "答：一条船"),
    ask("给出示例。", "", "输出：9"),
    ask("Instruction: Name a fish.\nExample: cod", "", "Hake"),
    ask("Explain how to mount a shelf.", "", "Do this.\n1. Instructions: read them.\n2. Input: plug it in."),
    ask("Write two instructions.", "", "Here.\n1. Instruction: add.\n1. Input: 1\n2. Instruction: halve.\n2. Input: 2"),
    ask("Make two rows.", "", "Instruction: add.\nInput: 1.\n2. Instruction: halve.\n2. Input: 2."),
    ask("Make rows of data.", "", "Instruction: add\nInput: 1\n\n2. Instruction: halve\n2. Input: 2"),
    ask("Describe the port.", "", "Small and\n12. Instruction: add.\n12. Input: 1"),
    ask("Draw a pattern of signs.", "", "#\n##\n###"),
    ask("Show the headings.", "", "## Sea\n\ntext\n\n###"),
    ask("Outline the tale.", "", "## Sea\n\nWide.\n\n###"),
    ask("Which sign starts a heading in Markdown?", "", "It is ###"),
    ask("编写两条指令。", "", "好。\n1. 指令：求和。\n1. 输入：1"),
    # lists and white space
    ask("Name the versions.", "", "1. one\n2.5 is the second\n3. three"),
    ask("List boats.", "", "1.Cutter\n2.Yawl\n3.Ketch"),
    ask("List boats.", "", "1. Cutter\n2. Yawl"),
    ask("List boats and times.", "", "1.Cutter\n\n7. Yawl"),
    ask("Bring the list into one format.", "1.Cutter\n2. Yawl", "1. Cutter\n2. Yawl"),
    ask("列出船只。", "", "1、帆船\n2、渔船"),
    ask("Complete the body.", "", "    x = 1\n    return x"),
    ask("写两段话。", "", "\u3000\u3000第一段。\n\u3000\u3000第二段。"),
    ask("Trim the outer spaces.", "  boat  ", "boat"),
    ask("删除首尾空格。", " 船 ", "船"),
    ask("Write two paragraphs.", "", "One.\n\n\nTwo.  \nThree."),
    ask("Write a call.", "", "f(a,b); g(c)?d:e"),
    ask("Salute.", "", "Bonjour\u00a0! Ça va\u00a0?"),
]


@pytest.mark.parametrize(
    "row", INNOCENT, ids=lambda row: f"{row.instruction[:30]}|{row.output[:20]}".encode("ascii", "replace").decode()
)
@pytest.mark.parametrize("rules", [DEFAULT, frozenset(RULES)], ids=["default", "all"])
def test_innocent_rows_come_back_as_the_same_object(row: Task, rules: frozenset[str]) -> None:
    task, repairs = repair(row, rules)
    assert repairs == ()
    assert task is row


def test_tables_of_chinese_words_are_why_a_rule_is_off() -> None:
    row = ask("列出表头。", "", "姓名,年龄,城市")
    assert repair(row)[0] is row
    assert repair(row, RULES)[0].output == "姓名，年龄，城市"
    assert repair(ask("找出标点错误。", "你好,朋友", "逗号"), RULES)[0].input == "你好,朋友"
