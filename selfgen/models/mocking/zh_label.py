"""Chinese classification families: the instruction names the labels, the input deserves one of them."""

from __future__ import annotations

from selfgen.models.mocking import zh_label_texts as own
from selfgen.models.mocking.frame import Family, Pool
from selfgen.models.mocking.labelling import Sorter, WordSets, classification, label_rows
from selfgen.models.mocking.zh_words import HOBBIES, JOBS, NAMES, PLACES, SHOPS

ASKING: dict[str, Pool] = {"who": NAMES, "place": PLACES, "shop": SHOPS, "trade": JOBS, "hobby": HOBBIES}


def rows(sets: WordSets, *sizes: int) -> tuple[str, ...]:
    return label_rows(sets, sizes, ("还是", "或", "、"), "、")


def plain(sets: WordSets, *sizes: int) -> tuple[str, ...]:
    return label_rows(sets, sizes, ("、", "或"), "、")


FAMILIES: tuple[Family, ...] = (
    classification(
        "sentiment",
        (
            "下面这条评价属于{labels}？",
            "看看{shop}的一位顾客写了什么，在{labels}里选一类。",
            "{who}替{place}的酒店收集意见，给下面的留言贴标签，可选：{labels}。",
            "写下面这段话的人对这次消费态度如何？从{labels}中选一个。",
        ),
        Sorter(own.SENTIMENT, own.SENTIMENT_TEXTS, own.POOLS),
        plain(own.SENTIMENT, 3),
        ASKING,
    ),
    classification(
        "ticket",
        (
            "下面这张工单该交给谁：{labels}？",
            "你在{place}的网店分拣来信，把下面的留言转给{labels}之一。",
            "客服{who}手里只有这几个队列：{labels}。这条消息放进哪个？",
            "顾客的来信如下，请派到对口的部门，部门有{labels}。",
        ),
        Sorter(own.TICKET, own.TICKET_TEXTS, own.POOLS),
        plain(own.TICKET, 3, 4),
        ASKING,
    ),
    classification(
        "intent",
        (
            "说下面这句话的人想干什么？在{labels}里选。",
            "{shop}的智能助手收到下面的消息，请给意图打上标签，备选为{labels}。",
            "{who}这句话属于哪种言语行为：{labels}？",
        ),
        Sorter(own.INTENT, own.INTENT_TEXTS, own.POOLS),
        plain(own.INTENT, 3, 4),
        ASKING,
    ),
    classification(
        "topic",
        (
            "下面的新闻标题该放在哪个版面：{labels}？",
            "{place}日报的编辑把标题归入{labels}几栏，下面这条归哪一栏？",
            "给这条标题选一个主题，范围是{labels}。",
            "{who}每天给{hobby}的朋友们念报，请指出下列标题的类别，只能从{labels}里挑。",
        ),
        Sorter(own.TOPIC, own.TOPIC_TEXTS, own.POOLS),
        plain(own.TOPIC, 3, 4),
        ASKING,
    ),
    classification(
        "urgency",
        (
            "给下面的报修定个级别：{labels}。",
            "物业的{who}一天要看很多条留言，下面这条算{labels}？",
            "替{place}值班的{trade}判断，下面的消息应标为{labels}。",
        ),
        Sorter(own.URGENCY, own.URGENCY_TEXTS, own.POOLS),
        rows(own.URGENCY, 2),
        ASKING,
    ),
    classification(
        "tone",
        (
            "下面这段文字的语体是{labels}？",
            "{who}收到的这条消息，口吻属于{labels}？",
            "{place}街道办的写作规范只分两种文风：{labels}。下面这句是哪一种？",
        ),
        Sorter(own.TONE, own.TONE_TEXTS, own.POOLS),
        rows(own.TONE, 2),
        ASKING,
    ),
    classification(
        "emotion",
        (
            "下面这则日记的主要情绪是什么？选项：{labels}。",
            "{who}在{place}的热线接电话，来电者说了下面的话，心情属于{labels}中的哪一种？",
            "从{labels}里挑出最贴合下面文字的情绪。",
        ),
        Sorter(own.EMOTION, own.EMOTION_TEXTS, own.POOLS),
        plain(own.EMOTION, 3, 4),
        ASKING,
    ),
    classification(
        "fact_opinion",
        (
            "下面这句话是{labels}？",
            "{who}的学生要学会分辨说法的性质，请判断下面的句子算{labels}。",
            "读一读{place}旅游手册里的这句话，只回答{labels}。",
        ),
        Sorter(own.OPINION, own.OPINION_TEXTS, own.POOLS),
        rows(own.OPINION, 2),
        ASKING,
    ),
    classification(
        "spam",
        (
            "下面这条短信算{labels}？",
            "{shop}的收件系统把消息分成两堆：{labels}。这条放哪堆？",
            "{who}怕受骗，请帮着给下面的消息定性：{labels}。",
        ),
        Sorter(own.SPAM, own.SPAM_TEXTS, own.POOLS),
        rows(own.SPAM, 2),
        ASKING,
    ),
    classification(
        "idiom_colour",
        (
            "下面这个成语的感情色彩是{labels}？",
            "{who}写评语时怕用错词，请说明下面的成语属于{labels}中的哪类。",
            "{place}小学语文测验：给下列成语选感情色彩，只能填{labels}之一。",
        ),
        Sorter(own.IDIOM, own.IDIOM_TEXTS, own.POOLS),
        plain(own.IDIOM, 3),
        ASKING,
    ),
)
