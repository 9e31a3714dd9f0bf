"""Tasks that look like faults and are none: every text rule passes them, in both languages."""

from __future__ import annotations

import pytest

from selfgen.core.tasks import Draft
from selfgen.filters import build_filters
from selfgen.filters.tokens import has_cjk


def reasons(draft: Draft) -> list[str]:
    """Every reason that any text rule gives, not only the first."""
    rules = build_filters("zh" if has_cjk(draft.instruction) else "en", {"exact": False, "rouge": False})
    return [found.reason for rule in rules if (found := rule.check(draft)).reason]


def ask(instruction: str, input: str = "", output: str = "Fine 好") -> Draft:
    return Draft("d", instruction, input, output)


INNOCENT_EN = [
    "Explain the basics of graph theory.",
    "Explain what the map function does in functional programming.",
    "Plot the main events of a short story about a lost dog.",
    "What conclusion can you draw from a falling birth rate?",
    "Draw a conclusion from these facts: sales rose, prices fell.",
    "Draw a comparison between solar and wind power.",
    "Write a Python script that downloads a file from a given address.",
    "Write a function that opens an image and rotates it by ninety degrees.",
    "Create an SVG image of a red circle.",
    "Write SQL that joins two tables and prints the result.",
    "Explain how image compression works.",
    "Describe the image of the hero in Romantic poetry.",
    "What is the difference between a file and a folder?",
    "Give three tips for taking good photographs at night.",
    "How do I set an alarm on an old mechanical clock?",
    "Suggest a playlist title for a rainy afternoon.",
    "Write an email saying that the file is attached.",
    "Translate into French: 'Remind me to call my mother.'",
    "Classify this command: turn off the kitchen lights.",
    "Write a caption for a photo of a sunset.",
    "Explain the parts of the URL https://example.org/a?b=c",
    "Explain how links between web pages helped search engines.",
    "Write a dialogue in which a customer asks a waiter to play some music.",
    "Name the countries that visited the moon.",
    "What are the steps to draw blood from a patient?",
    "Describe a picture in words: a storm at sea.",
    "List the tasks of a project manager.",
    "Give an example: when does a metaphor fail?",
    "What is the task of the mitochondria in a cell?",
    "Write a limerick about a man from Japan.",
    '"To be, or not to be": who says this, and when?',
    "(Hard) Prove that the square root of two is irrational.",
    ".NET or Java: which would you choose for a small web service?",
    'Write a story based on the prompt "the last train home".',
    "Write a function that returns the largest number in the given list.",
    "Describe what happened in the years following the war.",
    "Answer the question. Which planet is closest to the sun?",
    "Given the numbers 3, 1 and 2, sort them in ascending order.",
    "Convert the following temperature to Fahrenheit: 20 °C.",
    "Explain the saying 'still waters run deep'.",
    "Name three uses of a paper clip.",
    'Who said "draw a picture of your future" first?',
    "Count the syllables: turn off the kitchen lights",
    "What does the word 'file' mean in 'single file'?",
    "Describe the following in one sentence: photosynthesis.",
    "Plan a visit to the website team: what should the agenda be?",
]
INNOCENT_ZH = [
    "解释图论的基本概念。",
    "什么是思维导图？它有什么用处？",
    "这段文字用了生动的图像，分析“落日熔金”的意象。",
    "解释什么是链接动词，并举例说明。",
    "起草一份租房法律文件的大纲。",
    "介绍一下中国地图出版社的历史。",
    "用Python画一个折线图，数据为1、3、5。",
    "写一个脚本，自动下载网页里的文件。",
    "用ASCII字符画一只猫。",
    "拍摄一部短片需要哪些步骤？",
    "如何设置手机闹钟？",
    "写一封邮件，提醒我的同事明天开会。",
    "写一封邮件，告诉客户报价单已经放在附件中。",
    "翻译成英文：请打开这个链接。",
    "解释成语“画蛇添足”的意思。",
    "画家齐白石有哪些代表作？",
    "以“画面”为题写一段描写。",
    "为一家咖啡馆设计一句广告语。",
    "设计一个图书馆的借阅流程。",
    "设计一个提高客服效率的方案。",
    "写一张海报的宣传文案。",
    "介绍图灵测试的含义。",
    "把“我喜欢唱歌”改成疑问句。",
    "下面我们来讨论一下时间管理，请给出三条建议。",
    "编写一个函数，返回给定的数字列表中的最大值。",
    "如下所述，水的沸点是多少摄氏度？",
    "将下列数字从小到大排序：5、2、9。",
    "请写一个句子，包含“以下”这个词。",
    "列出三种可以提高记忆力的方法。",
    "为什么天空是蓝色的？",
    "用一句话解释什么是通货膨胀。",
    "写一首关于秋天的七言绝句。",
    "鲁迅的原名是什么？",
    "小明有8个苹果，吃了3个，还剩几个？",
    "比较高铁和飞机出行的优缺点。",
    "“但愿人长久”的下一句是什么？",
    "《红楼梦》的作者是谁？",
    "（选做）证明根号2是无理数。",
    "请用文言文写一则请假条。",
    "给新员工写一份入职任务清单。",
    "例如北京、上海这样的城市，有哪些交通问题？",
    "任务管理软件有哪些常见功能？",
    "“请帮我打开空调”有几个字？",
    "数一数音节：请帮我播放音乐",
    "帮我想三个适合小猫的名字。",
    "請用繁體字介紹台灣的夜市文化。",
    "学校的网站应当包含哪些栏目？",
    "访问学者在申请签证时要注意什么？",
]


@pytest.mark.parametrize("instruction", INNOCENT_EN + INNOCENT_ZH)
def test_innocent_instructions_pass(instruction: str) -> None:
    output = "一个合适的回答。" if has_cjk(instruction) else "A fitting answer."
    assert reasons(ask(instruction, output=output)) == []


INNOCENT_TASKS = [
    ask("Write an email declining an invitation.", output="I'm sorry, but I can't come to your party on Friday."),
    ask(
        "Respond to a customer who wants a refund.",
        output="I am sorry, I cannot provide a refund. Please share your data.",
    ),
    ask("Rewrite the request politely.", "Send data.", "Could you please provide the data?"),
    ask("Translate to English.", "请提供您的姓名和信息。", "Please provide your name and information."),
    ask("Name a sad song title.", output="Sorry Seems to Be the Hardest Word"),
    ask("Pretend you are a robot and greet me.", output="I am an AI built to greet you."),
    ask("Write a letter of complaint.", output="Dear Sir,\nThe kettle broke.\nYours,\n[Your Name]"),
    ask("Answer N/A if the question has no answer. Who is king of Mars?", output="N/A"),
    ask("Is there water on the sun?", output="None"),
    ask("What is the Morse code for S?", output="· · ·"),
    ask("Extract the nouns as a list.", "The fox saw the dog.", "['fox', 'dog']"),
    ask("Sort the list.", "[c, a, b]", "[a, b, c]"),
    ask("Choose a linking word.", "It rained. We left.", "Furthermore,"),
    ask("Complete the sentence.", "The sky is,", "The sky is, on most days, blue."),
    ask("Write the SQL for it.", "count users", "SELECT COUNT(*) FROM users;"),
    ask("Write HTML that strikes a word out.", output="<p><s>word</s></p>"),
    ask("Strike a word out in HTML.", output="<s>word</s>"),
    ask("Pipe a value through two functions in F#.", output="x |> f |> g <| y"),
    ask("Repeat the word tree ten times.", output="tree " * 30),
    ask("Print a table of zeros.", output="0 0 0 0 0 0\n" * 6),
    ask("List ten facts about bees.", output="\n".join(f"{n}. Bees know fact number {n * 37}." for n in range(1, 31))),
    ask("Name the emoji for joy.", output="😂"),
    ask("Give the regex for digits.", output=r"\d+"),
    ask("What is 2 + 2?", output="4"),
    ask("Explain Markdown headings.", output="# Output\nA single sign makes the largest heading."),
    ask("Say hello in Chinese.", output="你好，很高兴认识你，欢迎来到北京。"),
    ask("List ingredients for pancakes.", output="Ingredients: flour, eggs, milk.\nInstructions: mix and fry."),
    ask("写一封拒绝邀请的邮件。", output="很抱歉，我不能参加周五的聚会。"),
    ask("客服如何回复要求退款的顾客？", output="非常抱歉，我们无法退款，请提供订单信息。"),
    ask("翻译成英文。", "你好，世界", "Hello, world and all who live in it."),
    ask("给出这个句子里的英语单词。", "我爱Python和JavaScript", "Python, JavaScript and nothing else"),
    ask("用Java写一个单例模式。", output="public class A { private static A a = new A(); }"),
    ask("把句子里的错别字找出来。", "他在座作业。", "“座”应为“做”。"),
    ask("扮演一个机器人和我打招呼。", output="我是一个智能助手，你好！"),
    ask("世界上有没有永动机？", output="没有"),
    ask("补全句子。", "今天天气很好，", "今天天气很好，我们去公园吧。"),
    ask("把“加油”重复二十遍。", output="加油" * 20),
    ask("写一张请假条。", output="尊敬的老师：\n我因病请假一天。\n[您的姓名]"),
    ask("列出二十四节气中的前六个。", output="立春、雨水、惊蛰、春分、清明、谷雨"),
    ask("用一个表情表示开心。", output="😀"),
    ask("说出化学元素钠的符号。", output="Na"),
    ask("写出特斯拉公司的英文全称。", output="Tesla Incorporated of Texas"),
]


@pytest.mark.parametrize("draft", INNOCENT_TASKS)
def test_innocent_tasks_pass(draft: Draft) -> None:
    assert reasons(draft) == []
