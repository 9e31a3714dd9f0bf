"""What a list of phrases is, English and Chinese side by side, and the two lists that excuse all others.

The lists are made to be right rather than complete: single words such as "image", "file", "图像" or "链接" have too
many good uses (graph theory, a file of soldiers, 生动的图像), so a phrase names the whole request. No word boundaries
are used next to Chinese characters, where there are none. The rules that use the lists are elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LETTER = re.compile("[a-z]", re.IGNORECASE)
_Pattern = re.Pattern[str]
Needs = tuple[str, ...]
"""Literals in small letters, one of which every match holds; () where none are known.

Most texts hold none of them, and to look for literals takes a small part of the time that a search for phrases takes
which may begin anywhere. A literal that some phrase can do without loses that phrase: see the tests."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """One list of phrases in both languages. Both are always searched: a Chinese task may hold English text."""

    en: re.Pattern[str]
    zh: re.Pattern[str]
    en_needs: Needs = ()
    zh_needs: Needs = ()

    def find(self, text: str) -> str:
        """Return the first phrase found, "" where there is none."""
        match = self.search(text)
        return match.group() if match else ""

    def begin(self, text: str) -> str:
        """Return the phrase at the beginning of the text, "" where there is none; looks nowhere else."""
        match = self.en.match(text)
        match = self.zh.match(text) if match is None and not text.isascii() else match
        return match.group() if match else ""

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match, an English one before a Chinese one."""
        match = self.en.search(text) if has_needs(text, self.en_needs) else None
        if match is not None or text.isascii():
            return match
        return self.zh.search(text) if has_needs(text, self.zh_needs) else None


def has_needs(text: str, needs: Needs) -> bool:
    """Tell whether a text holds one of these in any case; True where there are none."""
    return not needs or any(map(_small(text).__contains__, needs))


def _small(text: str) -> str:
    """Return a text in small letters, as patterns that ignore case read them: İ and ı are an i, ſ is an s."""
    if not text.isascii():
        text = text.replace("İ", "i").replace("ı", "i").replace("ſ", "s")
    return text.lower()


@dataclass(frozen=True, slots=True)
class Openings:
    """Phrases that count only where a request opens: at the `start` of the text, or `later` at the start of a sentence,
    after "please" or 帮我."""

    start: Phrases
    later: Phrases
    phrases: Phrases

    def find(self, text: str) -> str:
        """Return the first phrase found, an English one before a Chinese one; "" where there is none."""
        found = ""
        if _LETTER.search(text) and has_needs(text, self.phrases.en_needs):
            found = _find_opened(text, self.start.en, self.later.en, self.phrases.en, self.later.en_needs)
        if not found and not text.isascii() and has_needs(text, self.phrases.zh_needs):
            found = _find_opened(text, self.start.zh, self.later.zh, self.phrases.zh, self.later.zh_needs)
        return found


def _find_opened(text: str, start: _Pattern, later: _Pattern, phrase: _Pattern, needs: Needs) -> str:
    """Return the first phrase behind an opening. An opening at the very end opens nothing: what it needs is looked for
    before the last character, which is a full stop more often than not."""
    begun = start.match(text)
    ends = [begun.end()] if begun else []
    if has_needs(text[:-1], needs):
        ends += [opening.end() for opening in later.finditer(text, *ends)]
    matches = (phrase.match(text, end) for end in ends)
    return next((match.group() for match in matches if match), "")


def phrases(*, en: Iterable[str], zh: Iterable[str], en_needs: Needs = (), zh_needs: Needs = ()) -> Phrases:
    """Return the list of these patterns, regardless of case."""
    return Phrases(re.compile("|".join(en), re.IGNORECASE), re.compile("|".join(zh), re.IGNORECASE), en_needs, zh_needs)


CODE = phrases(
    en=[
        r"\b(?:python|java|javascript|typescript|php|ruby|rust|kotlin|swift|matlab|sql|html\d?|css|svg|xml|json|yaml)\b",
        r"\b(?:regex|bash|shell|powershell|linux|unix|git|docker|code|codes|coding|pseudocode|programs?|programming)\b",
        r"\b(?:scripts?|functions?|algorithms?|api|class|methods?|commands?|loop|array|string|mermaid|ascii|graphviz)\b",
        r"\b(?:plantuml|latex|tikz|matplotlib|plotly|markdown|excel|macro|apps?|software|database|query|library)\b",
        r"\b(?:models?|networks?|classifier|neural|emojis?)\b|\bc\+\+|\bc#|\.net\b",
    ],
    zh=[
        "代码|编程|程序|脚本|函数|算法|命令|字符画|接口|公式|正则|数组|字符串|软件|数据库|应用|模型|网络|文本形式|文字形式",
        "表情符号|python|java|sql|html|css|svg|ascii|mermaid|markdown|latex|excel",
    ],
)
"""Requests about code: "write a script that downloads the file" asks for text."""

SPEECH = phrases(
    en=[
        r"\b(?:e-?mails?|letters?|memo|messages?|reply|replies|respond|response|dialogues?|conversations?|chatbots?)\b",
        r"\b(?:role-?play|pretend|act as|imagine|screenplay|speech|story|stories|poems?|lyrics|scene|monologue|skit)\b",
        r"\b(?:translat\w+|rewrit\w+|rephras\w+|paraphras\w+|reword\w*|edit|correct|proofread|punctuat\w+|convert)\b",
        r"\b(?:sentences?|notice|announcement|customers?|complaint|invitation|apolog\w+|excuses?|quotes?|interview)\b",
        r"\b(?:declin\w+|refus\w+)\b",
        r"\b(?:voicemail|parody|sarcas\w+|classif\w+|categor\w+|intent|entit\w+|extract|turn \w+ (?:\w+ )?into)\b",
    ],
    zh=[
        "邮件|来信|回信|写信|一封信|书信|短信|消息|回复|答复|通知|公告|对话|扮演|假装|假设你|假如你|模拟|剧本|台词|演讲|独白",
        "故事|小说|诗|歌词|翻译|译成|改写|改成|改为|转换|润色|修改|纠正|改正|校对|造句|句子|客服|客户|顾客|投诉|邀请|道歉",
        "借口|拒绝|婉拒|回绝|话术|便条|便签|留言|请假|致歉|采访|分类|意图|实体|提取|抽取",
    ],
)
"""Requests for words in somebody's mouth, or for other words: there "I am sorry, I cannot come" is a good answer."""
