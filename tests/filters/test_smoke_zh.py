"""What a Chinese engineer tries first: pairs of instructions with the score that each must have, and the decision.

The scores are ROUGE-L F1 on the tokens of tokens.py, worked out by hand: 2 * LCS / (m + n).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from selfgen.core.tasks import Draft
from selfgen.filters.rouge import NoveltyIndex, RougeFilter
from selfgen.filters.words import words


@dataclass(frozen=True)
class Pair:
    what: str
    one: str
    other: str
    score: Fraction


PAIRS = (
    Pair("identical", "请写一首关于秋天的诗。", "请写一首关于秋天的诗。", Fraction(1)),
    Pair("one character different", "请写一首关于秋天的诗。", "请写一首关于春天的诗。", Fraction(9, 10)),
    Pair("one character more", "写一首关于秋天的诗", "请写一首关于秋天的诗", Fraction(18, 19)),
    Pair("reordered", "秋天和春天有什么不同？", "春天和秋天有什么不同？", Fraction(8, 10)),
    Pair("reversed clauses", "先翻译再总结", "先总结再翻译", Fraction(6, 12)),
    Pair("traditional against simplified", "請為這家餐廳寫一則廣告", "请为这家餐厅写一则广告", Fraction(1)),
    Pair("traditional word of another region", "下載這個軟體", "下载这个软件", Fraction(5, 6)),
    Pair("ambiguous characters keep their own", "乾隆皇帝是誰", "乾隆皇帝是谁", Fraction(1)),
    Pair(
        "full-width against half-width",
        "解释ＧＤＰ和ＣＰＩ的区别（２０２４年）",
        "解释GDP和CPI的区别(2024年)",
        Fraction(1),
    ),
    Pair("full-width punctuation against none", "你好，世界！", "你好 世界", Fraction(1)),
    Pair("upper case against lower case", "用Python写一个快速排序", "用python写一个快速排序", Fraction(1)),
    Pair("mixed zh-en, another task", "用Python写一个快速排序", "请解释Python中的装饰器", Fraction(2, 18)),
    Pair("mixed zh-en, spaces do not count", "用 Python 写一个 API 接口", "用Python写一个API接口", Fraction(1)),
    Pair("emoji do not count beside words", "写一句生日祝福🎂🎉", "写一句生日祝福", Fraction(1)),
    Pair("classical Chinese", "學而時習之，不亦說乎？", "学而时习之不亦乐乎", Fraction(8, 9)),
    Pair("classical Chinese, rare characters", "𠮷野家的菜單", "𠮷野家的菜单", Fraction(1)),
    Pair("iteration mark", "人々の生活", "人人の生活", Fraction(4, 5)),
    Pair("Japanese", "光合成を簡単に説明してください", "光合成を詳しく説明してください", Fraction(24, 30)),
    Pair("half-width kana", "ﾃｽﾄを書いてください", "テストを書いてください", Fraction(1)),
    Pair("Korean", "광합성을 설명하세요", "호흡을 설명하세요", Fraction(12, 17)),
    Pair("Korean, decomposed", "설명하세요", "설명하세요", Fraction(1)),
    Pair("numbers are words", "列出10种水果", "列出100种水果", Fraction(10, 12)),
    Pair("an antonym is one character", "给出“快乐”的反义词", "给出“快乐”的同义词", Fraction(14, 16)),
    Pair("zero-width and soft marks do not count", "翻译\u200b这句\ufeff话", "翻译这句话", Fraction(1)),
)


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.what for pair in PAIRS])
@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
def test_the_score_is_what_it_must_be_and_the_decision_follows(pair: Pair, turned: bool) -> None:
    one, other = (pair.other, pair.one) if turned else (pair.one, pair.other)
    index = NoveltyIndex("0.7")
    index.add("there", other)
    near = index.nearest(one)
    assert near is not None
    assert near.score == pair.score
    filter = RougeFilter(max="0.7")
    filter.remember(Draft("there", other))
    assert (filter.check(Draft("new", one)).reason == "near_duplicate") is (pair.score > Fraction(7, 10))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("🎂🎉", "🎂🎉", True),
        ("🎂🎉", "🎉🎂", False),
        ("？！", "?!", True),
        ("……", "。。。", False),
        ("", "  ", True),
    ],
)
def test_texts_without_a_token_are_near_only_to_themselves(one: str, other: str, same: bool) -> None:
    filter = RougeFilter()
    filter.remember(Draft("there", other))
    found = filter.check(Draft("new", one))
    assert (found.reason == "near_duplicate") is same
    assert [measure.unit for measure in found.measures] == (["same text"] if same else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请用Python写一个快速排序。", ("请", "用", "python", "写", "一个", "快速", "排序")),
        ("請寫一首關於秋天的詩", ("请", "写", "一首", "关于", "秋天", "的", "诗")),
        ("北京，大学", ("北京", "大学")),
        ("テストを書く", ("テ", "ス", "ト", "を", "书", "く")),
        ("plain English words", ("plain", "english", "words")),
        ("🎂", ()),
    ],
)
def test_jieba_cuts_chinese_into_words(text: str, expected: tuple[str, ...]) -> None:
    pytest.importorskip("jieba", reason="needs the package jieba: pip install 'selfgen[jieba]'")
    assert words(text) == expected


def test_with_jieba_a_changed_word_weighs_as_one_token() -> None:
    pytest.importorskip("jieba", reason="needs the package jieba: pip install 'selfgen[jieba]'")
    one, other = "解释生物进化的概念", "解释预测分析的概念"
    scores = {}
    for tokenizer in ("characters", "jieba"):
        filter = RougeFilter(max="0.9", margin="0.9", tokenizer=tokenizer)
        filter.remember(Draft("there", other))
        scores[tokenizer] = filter.check(Draft("new", one)).measures[0].value
    # 解释 生物进化 的 概念 against 解释 预测 分析 的 概念
    assert scores == {"characters": round(10 / 18, 6), "jieba": round(6 / 9, 6)}
