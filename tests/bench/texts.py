"""Made-up instructions with the statistics of real ones, for benches: Zipfian words, skeletons that recur, near
duplicates. Both languages; the words are nonsense, their frequencies are not.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

_HEADS_EN = """
Generate|Generate a list of|Create|Write|Write a short # about|Describe|What is|What are the # of|Explain|Explain why
Given|Rewrite|Rewrite the sentence:|Classify|Name three #|How does # affect|Summarize|Compare|Find|Suggest|Come up with
Edit|Identify|Calculate|Provide|Provide an example of|Tell me|List|Design|Convert|Which #|Outline|Categorize|Predict
Compose|Construct|Brainstorm|Determine|Analyze|Answer:
"""
_NOUNS_EN = """
a #|the #|the # #|a # #|#|# #|the following #|an # of #|this #|five # #|the given #
"""
_LINKS_EN = """
of|for|in|to|with|and|about|that #|is #|from|based on|who #|as|using
"""
_HEADS_ZH = """
列出|写一|写一篇关于|解释|解释一下|给定|为#设计|将#改写成|比较|描述|根据#，判断|为什么|用#和#造句：|请为|总结|如何|计算|推荐
把#翻译成|创建|以“#”为题写|从#的角度谈谈|给出|生成|生成一个|修改|说出|找出|分析|提供三个|编写|请问|什么是|构思|预测|对#进行分类：
介绍
"""
_NOUNS_ZH = """
#|##|一个#|这段#|以下#|#的#|三个##|一些#|给定的#|##的#
"""
_LINKS_ZH = """
的|和|在|，并|对|中的|，使其|用于|或|与|，以|关于
"""

_ONSETS = (*"bcdfghjklmnprstvwz", "bl", "br", "cr", "dr", "fl", "gr", "pl", "pr", "sh", "st", "th", "tr")
_NUCLEI = (*"aeiou", "ai", "ea", "ee", "io", "ou")
_CODAS = ("", *"nrlstm", "nd", "st", "ck", "ng")


def make_texts(number: int, lang: str, seed: int = 1, near: float = 0.08) -> list[str]:
    """Return instructions; a share of `near` are edits of earlier ones, by one to three words or characters."""
    rng = random.Random(f"{seed} {lang}")
    words = _Words(lang, rng, 400_000)
    texts: list[str] = []
    for _ in range(number):
        if texts and rng.random() < near:
            texts.append(_edit(rng.choice(texts), lang, words, rng))
        else:
            texts.append(words.fill())
    return texts


class _Words:
    """A supply of words by frequency (Zipf-Mandelbrot), drawn in one go, and skeletons that they fill."""

    def __init__(self, lang: str, rng: random.Random, supply: int) -> None:
        made = _english_words(rng, 30_000) if lang == "en" else _chinese_words(rng, 30_000)
        weights = list(itertools.accumulate(1 / (rank + 12) for rank in range(len(made))))
        self._rng = rng
        self._lang = lang
        self._supply = rng.choices(made, cum_weights=weights, k=supply)
        chosen = (_HEADS_EN, _NOUNS_EN, _LINKS_EN) if lang == "en" else (_HEADS_ZH, _NOUNS_ZH, _LINKS_ZH)
        self._heads, self._nouns, self._links = (block.strip().replace("\n", "|").split("|") for block in chosen)

    def draw(self) -> str:
        """Return a content word."""
        return self._supply[int(self._rng.random() * len(self._supply))]

    def fill(self) -> str:
        """Return an opening, a noun phrase, and one to three more with links between them."""
        rng = self._rng
        parts = [_pick(rng, self._heads), _pick(rng, self._nouns)]
        for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
            parts += [_pick(rng, self._links), _pick(rng, self._nouns)]
        pieces = (" " if self._lang == "en" else "").join(parts).split("#")
        return pieces[0] + "".join(self.draw() + piece for piece in pieces[1:])


def _pick(rng: random.Random, choices: Sequence[str]) -> str:
    """Draw the first ones more often than the last ones."""
    return choices[int(len(choices) * rng.random() ** 1.6)]


def _english_words(rng: random.Random, number: int) -> Sequence[str]:
    made: dict[str, None] = {}
    while len(made) < number:
        parts = rng.choice((1, 2, 2, 3))
        word = "".join(rng.choice(_ONSETS) + rng.choice(_NUCLEI) + rng.choice(_CODAS) for _ in range(parts))
        made[word] = None
    return list(made)


def _chinese_words(rng: random.Random, number: int) -> Sequence[str]:
    """Words of one to three characters; characters are Zipfian too."""
    characters = [chr(0x4E00 + code) for code in rng.sample(range(20_000), 4_000)]
    weights = list(itertools.accumulate(1 / (rank + 40) for rank in range(len(characters))))
    made: dict[str, None] = {}
    while len(made) < number:
        made["".join(rng.choices(characters, cum_weights=weights, k=rng.choice((1, 2, 2, 2, 3))))] = None
    return list(made)


def _edit(text: str, lang: str, words: _Words, rng: random.Random) -> str:
    parts = text.split(" ") if lang == "en" else list(text)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(parts))
        match rng.choice(("replace", "drop", "add")):
            case "replace":
                parts[at] = words.draw()
            case "add":
                parts.insert(at, words.draw())
            case _ if len(parts) > 3:
                del parts[at]
            case _:
                pass
    return (" " if lang == "en" else "").join(parts)
