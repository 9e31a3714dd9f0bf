"""The text rules: each reason is produced, alone, by an English and a Chinese example; and what a rejection shows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.tasks import Draft
from selfgen.filters import build_filters
from selfgen.filters.labels import stated_options
from selfgen.filters.repetition import repeated_share
from selfgen.filters.request import request_text
from selfgen.filters.tokens import has_cjk

MEMORY = {"exact": False, "rouge": False}
CLASSIFICATION = (("kind", "classification"),)


def reasons(draft: Draft, lang: str | None = None) -> list[str]:
    """Every reason that any text rule gives, not only the first."""
    language = lang or ("zh" if has_cjk(draft.instruction) else "en")
    return [found.reason for rule in build_filters(language, MEMORY) if (found := rule.check(draft)).reason]


def ask(instruction: str, input: str = "", output: str = "Fine 好") -> Draft:
    return Draft("d", instruction, input, output)


LOOP_EN = "The cat sat on the mat and looked at the moon. " * 8
LOOP_ZH = "今天的天气非常好我们一起去公园散步" * 8

REJECTED = [
    ("too_short", ask("Hello there.")),
    ("too_short", ask("写诗。")),
    ("too_long", ask("Write about the sea and its many colours in every season. " * 16)),
    ("too_long", ask("写一篇关于大海在不同季节里有哪些颜色的文章。" * 14)),
    ("control_characters", ask("List three rivers\x00 of Europe.")),
    ("control_characters", ask("列出三条\ufffd欧洲的河流。")),
    ("control_characters", ask("List three \ud800rivers of Europe.")),
    ("control_characters", ask("列出三条欧洲的河流。", output="莱茵河\x07、多瑙河")),
    ("control_tokens", ask("List three rivers of Europe.<|im_end|>")),
    ("control_tokens", ask("列出三条欧洲的河流。<｜end▁of▁sentence｜>")),
    ("control_tokens", ask("List three rivers of Europe.", output="The Rhine. [/INST] And more")),
    ("control_tokens", ask("列出三条欧洲的河流。", output="莱茵河<end_of_turn>")),
    ("control_tokens", ask("List three rivers of Europe.", output="The Rhine, the Danube and the Elbe.</s>")),
    ("control_characters", ask("List three rivers of Europe.", output="The Rhine." + "\u0326" * 12)),
    ("starts_with_punctuation", ask(", then list three rivers of Europe.")),
    ("starts_with_punctuation", ask("，然后列出三条欧洲的河流。")),
    ("prompt_echo", ask("Task 3: List three rivers of Europe.")),
    ("prompt_echo", ask("Here are five new tasks about rivers of Europe.")),
    ("prompt_echo", ask("#Rewritten Prompt# List three rivers of Europe.")),
    ("prompt_echo", ask("新任务：列出三条欧洲的河流。")),
    ("prompt_echo", ask("示例1：列出三条欧洲的河流。")),
    ("unsuitable", ask("Draw a cat sitting on a fence.")),
    ("unsuitable", ask("Please create a colourful poster for the school fair.")),
    ("unsuitable", ask("Describe what is happening in the attached image.")),
    ("unsuitable", ask("Play some relaxing music for me.")),
    ("unsuitable", ask("Remind me to buy milk tomorrow.")),
    ("unsuitable", ask("Visit the website and summarise what it says.")),
    ("unsuitable", ask("Summarise the article at https://example.org/rivers in two lines.")),
    ("unsuitable", ask("Download the file and count its lines.")),
    ("unsuitable", ask("Turn off the bedroom lights, please.")),
    ("unsuitable", ask("Create a 3D model of a castle.")),
    ("unsuitable", ask("Crop the photo so that only the dog is left.")),
    ("unsuitable", ask("Listen to this sound and name the bird.")),
    ("unsuitable", ask("Book two tickets for the evening train.")),
    ("unsuitable", ask("画一幅春天的风景。")),
    ("unsuitable", ask("请帮我生成一张关于环保的海报。")),
    ("unsuitable", ask("如下图所示，求三角形的面积。")),
    ("unsuitable", ask("帮我播放一首轻松的音乐。")),
    ("unsuitable", ask("明天早上八点提醒我开会。")),
    ("unsuitable", ask("请打开下面的链接并总结主要内容。")),
    ("unsuitable", ask("请帮我设置一个早上七点的闹钟。")),
    ("unsuitable", ask("请帮我上传这份文件。")),
    ("unsuitable", ask("这张照片里有哪些人？请看附上的文件。")),
    ("unsuitable", ask("描述这张图片里的人在做什么。")),
    ("unsuitable", ask("为校庆活动制作一张海报。")),
    ("unsuitable", ask("给短文绘制插图。", "小猫去河边钓鱼。")),
    ("unsuitable", ask("剪辑一个毕业典礼的视频。")),
    ("unsuitable", ask("渲染一幅古塔的图像。")),
    ("empty_output", ask("List three rivers of Europe.", output=" \n")),
    ("empty_output", ask("列出三条欧洲的河流。", output="\u200b")),
    ("placeholder_output", ask("List three rivers of Europe.", output="N/A")),
    ("placeholder_output", ask("List three rivers of Europe.", output="<noinput>")),
    ("placeholder_output", ask("Write a thank-you letter to a neighbour.", output="[Your Name]")),
    ("placeholder_output", ask("列出三条欧洲的河流。", output="无输出")),
    ("placeholder_output", ask("给邻居写一封感谢信。", output="【此处插入正文】")),
    ("placeholder_output", ask("为面包店的开业写一段话。", output="不需要任何输出")),
    ("placeholder_output", ask("排一排新店开张前的各项准备。", output="（甘特图）")),
    ("placeholder_output", ask("Describe a quiet street.", output="No output required")),
    ("placeholder_output", ask("Invent a coat of arms.", output="![A lion](https://example.org/lion.png)")),
    ("placeholder_output", ask("Show what a lighthouse looks like.", output="<sketch/drawing>")),
    ("placeholder_output", ask("Show the plan of the project.", output="(Gantt chart included)")),
    ("placeholder_output", ask("设计一枚徽章。", output="![狮子](https://example.org/lion.png)")),
    ("placeholder_input", ask("Summarise the article.", "[insert article here]")),
    ("placeholder_input", ask("Summarise the article.", "https://example.org/news/rivers-of-europe")),
    ("placeholder_input", ask("Who painted the picture?", "Image: https://example.org/p/17.jpg")),
    ("placeholder_input", ask("总结这篇文章的要点。", "文章链接：https://example.org/news/rivers")),
    ("placeholder_input", ask("总结这篇文章的要点。", "【此处粘贴文章】")),
    ("placeholder_input", ask("给画起个名字。", "附上图片")),
    ("placeholder_input", ask("概括主旨。", "整篇文章")),
    ("refusal", ask("List three rivers of Europe.", output="I'm sorry, but I can't assist with that request.")),
    ("refusal", ask("Write a poem about autumn.", output="As an AI language model, I do not write poems.")),
    ("refusal", ask("What is the weather today?", output="Unfortunately, I am unable to check the weather.")),
    (
        "refusal",
        ask("Edit the sentence.", "He go.", "I cannot answer that. Is there anything else I can do for you?"),
    ),
    ("refusal", ask("Name a river.", output="This instruction cannot be completed.")),
    ("refusal", ask("Write a letter.", output="The request can't be fulfilled by an AI language model.")),
    ("refusal", ask("Name a river.", output="Unable to complete this task as it needs a map.")),
    ("refusal", ask("列出三条欧洲的河流。", output="很抱歉，我无法回答这个问题。")),
    ("refusal", ask("写一首关于秋天的诗。", output="作为一个人工智能语言模型，我没有感情。")),
    ("refusal", ask("今天的金价是多少？", output="对不起，这个问题我没办法回答，您还有别的问题吗？")),
    ("refusal", ask("明天会下雨吗？", output="抱歉，这超出了我的能力范围。")),
    ("refusal", ask("明天会下雨吗？", output="我没有办法联网，因此不知道。")),
    ("refusal", ask("把桌上的杯子递给我。", output="GPT模型无法完成此类任务。")),
    ("clarification", ask("Summarise the main argument.", output="Sure! Please provide the text you want summarised.")),
    ("clarification", ask("Explain the result in detail.", output="Understood. Which result do you mean?")),
    ("clarification", ask("总结主要观点。", output="请提供需要总结的文章内容。")),
    ("clarification", ask("详细说明一下原因。", output="好的，您想了解哪方面的原因呢？")),
    ("clarification", ask("概括主要观点。", output="您似乎没有附上文章，麻烦补发一下。")),
    ("clarification", ask("概括主要观点。", output="抱歉，我没有看到您提供的文章。")),
    ("merged_records", ask("Name a river.", output="The Rhine.\n4. Instruction: Name a lake.\n4. Input: Lake Como")),
    ("merged_records", ask("Name a river.", output="The Rhine.\n###\nSomething else")),
    ("merged_records", ask("说出一条河流。", output="莱茵河。\n5. 指令：说出一个湖泊。")),
    ("merged_records", ask("说出一条河流。", output="莱茵河。\n新任务：说出一个湖泊。")),
    ("incomplete", ask("List three rivers of Europe.", output="Three well known rivers of Europe are:")),
    ("incomplete", ask("Show how a list is sorted.", output="Use this:\n```python\nitems.sort()")),
    ("incomplete", ask("Give the mood of the paragraph.", "It was late and the rain,", "The mood is gloomy.")),
    ("incomplete", ask("How deep is the river?", output="The last measurement was taken in the spring, in 20")),
    ("incomplete", ask("Who is the mayor?", output="She was elected mayor of the town on March 4, 20")),
    ("incomplete", ask("这条河有多深？", output="河水最深处约为十二米，数据截至20")),
    ("incomplete", ask("列出三条欧洲的河流。", output="欧洲著名的河流有以下几条：")),
    ("incomplete", ask("概括下面段落的情绪。", "夜已经深了，雨还在下，", "情绪低沉。")),
    ("same", ask("Rewrite the sentence in the past tense.", "She  walks home.", "She walks home.")),
    ("same", ask("把句子改成过去时。", "她走路回家。", "她走路回家。")),
    ("same", ask("改正句子中的语法错误。", "她走路回家。", "她走路回家。")),
    ("dangling_reference", ask("Summarise the following article in one sentence.", output="It is about rivers.")),
    ("dangling_reference", ask("What is the tone of the passage above?", output="Gloomy.")),
    ("dangling_reference", ask("Translate this sentence into French.", output="Bonjour.")),
    ("dangling_reference", ask("Explain what the following code does.", output="It counts words.")),
    ("dangling_reference", ask("Find the bug in the given code.", output="A bracket.")),
    ("dangling_reference", ask("Name the bird in the photo.", output="A wren.")),
    ("dangling_reference", ask("What is the mood of this painting?", output="Calm.")),
    ("dangling_reference", ask("Classify this song as slow or fast.", output="Slow.")),
    ("dangling_reference", ask("Given a photograph, suggest two captions for it.", output="Sunset; Evening")),
    ("dangling_reference", ask("解释以下代码的作用。", output="它统计字数。")),
    ("dangling_reference", ask("总结以下文章的主要内容。", output="文章讲了河流。")),
    ("dangling_reference", ask("把这段话翻译成英文。", output="Hello.")),
    ("dangling_reference", ask("就给定主题写一首诗。", output="春风又绿江南岸。")),
    ("dangling_reference", ask("为下面的图片写一个标题。", output="雨后的街角")),
    ("dangling_reference", ask("说出这幅画的作者。", output="齐白石")),
    ("dangling_reference", ask("识别照片中的植物。", output="银杏")),
    ("wrong_answer_language", ask("介绍一下长江的地理特征。", output="The Yangtze is the longest river in Asia.")),
    (
        "wrong_answer_language",
        ask("Describe the longest river in Asia.", output="长江是亚洲最长的河流，全长六千多公里。"),
    ),
    ("wrong_answer_language", ask("把下面的句子翻译成法语。", "春天来了。", "春天到了。")),
    ("wrong_answer_language", ask("“苹果”一词的西班牙语翻译", output="苹果")),
    ("wrong_answer_language", ask("Translate the greeting to German.", "你好", "您好")),
    ("repetition", ask("Describe a quiet evening.", output=LOOP_EN)),
    ("repetition", ask("描述一个安静的夜晚。", output=LOOP_ZH)),
]


@pytest.mark.parametrize(("reason", "draft"), REJECTED)
def test_each_fault_gives_exactly_its_reason(reason: str, draft: Draft) -> None:
    assert reasons(draft) == ["output_equals_input" if reason == "same" else reason]


@pytest.mark.parametrize(
    ("lang", "instruction"),
    [
        ("en", "列出三条欧洲的河流。"),
        ("en", "Перечислите три реки Европы."),
        ("zh", "List three rivers of Europe."),
        ("zh", "ヨーロッパの川を三つ挙げてください。"),
        ("zh", "유럽의 강 세 개를 나열하세요."),
    ],
)
def test_an_instruction_in_another_language_is_drift(lang: str, instruction: str) -> None:
    assert reasons(ask(instruction), lang) == ["wrong_language"]


@pytest.mark.parametrize(
    ("lang", "instruction"),
    [
        ("zh", "翻译成中文：The quick brown fox jumps over the lazy dog near the river bank."),
        ("zh", "用Python写一个函数 merge_sort(items)，返回排好序的列表。"),
        ("zh", "解釋「inflation」和「deflation」的區別。"),
        ("en", "Translate into English: 今天天气很好，我们一起去公园散步吧。"),
        ("en", "Explain the meaning of “塞翁失马，焉知非福” to a child."),
        ("en", "“塞翁失马，焉知非福” — explain this saying."),
        ("en", "Décris la ville de Lyon in three English sentences."),
    ],
)
def test_quoted_text_in_another_language_is_no_drift(lang: str, instruction: str) -> None:
    assert reasons(ask(instruction, output="Fine 好"), lang) == []


@pytest.mark.parametrize(
    ("instruction", "output"),
    [
        ("Classify the sentiment of the review as positive, negative or neutral.", "Happy"),
        ("Decide whether the statement is a fact or an opinion.", "Maybe"),
        ("Label the animal (mammal/bird/fish).", "Insect"),
        ("Sort the message into one of the types. Options: billing, delivery, returns", "Praise"),
        ("将下面的评论分类为正面、负面或中性。", "积极"),
        ("判断这句话的情感（正面/负面）。", "高兴"),
        ("判断这句话是事实还是观点。", "猜测"),
    ],
)
def test_a_label_that_was_not_offered_is_rejected(instruction: str, output: str) -> None:
    draft = Draft("d", instruction, "Some text. 一些文字。", output, CLASSIFICATION)
    assert reasons(draft) == ["label_not_offered"]
    assert reasons(Draft("d", instruction, "Some text. 一些文字。", output)) == []


@pytest.mark.parametrize(
    ("instruction", "output"),
    [
        ("Classify the sentiment of the review as positive, negative or neutral.", "The sentiment is positive."),
        ("Classify the sentiment of the review as positive, negative or neutral.", "Neutral"),
        ("Decide whether the statement is a fact or an opinion.", "Factual"),
        ("Decide whether the email is spam or not.", "No"),
        ("Design a form that sorts messages as urgent or harmless.", "Two check boxes"),
        ("设计一个流程，将邮件分类为紧急或普通。", "先看标题"),
        ("Classify whether the email is a spam or not. Output true or false.", "true"),
        ("Choose the odd one out. A. dog B. cat C. stone", "C"),
        ("Classify the sentence.", "Question"),
        ("将下面的评论分类为正面、负面或中性。", "正面情绪"),
        ("将下面的评论分类为正面、负面或中性。", "负面。"),
        ("判断两句话的意思是否相同，输出yes或no。", "是的"),
        ("判断下面的说法，回答真或假。", "错误的"),
        ("计算并返回两个数字之和。", "十五"),
        ("判断这句话是否通顺。", "是"),
        ("判断这首诗的作者（如李白、杜甫）。", "王维"),
    ],
)
def test_labels_that_fit_or_that_nobody_listed_pass(instruction: str, output: str) -> None:
    assert reasons(Draft("d", instruction, "Some text. 一些文字。", output, CLASSIFICATION)) == []


def test_options_are_read_in_their_order() -> None:
    assert stated_options("Classify it as sports, politics, or business news.") == (
        "sports",
        "politics",
        "business news",
    )
    assert stated_options("将新闻分类为“体育”、“政治”或“财经”。") == ("体育", "政治", "财经")
    assert stated_options("Say yes or no, as true or false.") == ()


def test_a_rejection_shows_what_was_found() -> None:
    rules = {rule.name: rule for rule in build_filters("en", MEMORY | {"long": {"max": 10}})}
    measure = rules["unsuitable"].check(ask("Please draw a cat on a fence.")).measures[0]
    assert (measure.filter, measure.value) == ("unsuitable", "draw a cat")
    measure = rules["length"].check(ask("Too short")).measures[0]
    assert (measure.value, measure.limit, measure.unit) == (3.4, 4, "units")
    measure = rules["control"].check(ask("A\x00 b")).measures[0]
    assert (measure.value, measure.unit) == ("U+0000", "instruction")
    found = rules["long"].check(ask("Count.", output="one two three four five six seven"))
    assert (found.reason, found.measures[0].value) == ("output_too_long", 11.9)


def test_what_is_shown_of_a_text_fits_any_file() -> None:
    rules = {rule.name: rule for rule in build_filters("en", MEMORY)}
    shown = (
        rules["same_as_input"]
        .check(ask("Translate.", "a \ud800 b\nc " + "x" * 90, "a \ud800 b\nc " + "x" * 90))
        .measures[0]
    )
    assert str(shown.value).encode().startswith(b"a ? b c xx")
    assert len(str(shown.value)) == 80


def test_kept_drafts_are_measured_too() -> None:
    rules = {rule.name: rule for rule in build_filters("zh", MEMORY)}
    found = rules["length"].check(ask("列出三条欧洲的河流。"))
    assert (found.reason, found.measures[0].value) == ("", 9.0)


@pytest.mark.parametrize(
    ("instruction", "request_part"),
    [
        ("Translate: draw a cat", "Translate"),
        ('Explain "draw a cat" to me', "Explain  …  to me"),
        ("Meet at 10:30 today", "Meet at 10:30 today"),
        ("Read https://example.org now", "Read https://example.org now"),
        ("翻译成英文：画一只猫", "翻译成英文"),
        ("解释「画一只猫」", "解释 … "),
        ("Don't use the teachers' words", "Don't use the teachers' words"),
        ("First line\nsecond line", "First line"),
    ],
)
def test_material_is_told_from_the_request(instruction: str, request_part: str) -> None:
    assert request_text(instruction) == request_part


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=300))
def test_no_text_breaks_a_rule(instruction: str, input: str, output: str) -> None:
    for lang in ("en", "zh"):
        for found in reasons(Draft("d", instruction, input, output, CLASSIFICATION), lang):
            assert found.replace("_", "").isalpha()


@settings(deadline=None)
@given(st.integers(4, 20), st.lists(st.sampled_from("abcdefgh"), min_size=8, max_size=12))
def test_a_pure_loop_is_all_repetition(rounds: int, unit: list[str]) -> None:
    text = " ".join(f"w{letter}" for letter in unit * rounds)
    assert repeated_share(text) > 0.9
