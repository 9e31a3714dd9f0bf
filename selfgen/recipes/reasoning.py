"""Parts what a model says from the thinking in front of it, where the server did not.

Models put their thinking between two marks. The opening one may be missing: some chat templates write it, as the end of
the prompt. The closing one may be missing: the model ran out of room. Marks count in front of the answer alone; an
answer may speak of them, in code or in prose, and stays as it is. The spellings are those of model cards and of the
parsers of inference servers. This file knows nothing of recipes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

_MARKS = {
    **{f"<{name}>": f"</{name}>" for name in ("think", "thinking", "thought", "reasoning", "seed:think", "mm:think")},
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|channel>thought": "<channel|>",
}


def _spell(mark: str) -> str:
    """Return the pattern of a mark. Tags are written in any case; single tokens of a vocabulary are not."""
    return f"(?i:{re.escape(mark)})" if mark[-2:] != "|>" and mark[0] == "<" else re.escape(mark)


_OPENING = re.compile(rf"\s*({'|'.join(map(_spell, _MARKS))})")
_OTHER = {one.lower(): re.compile(_spell(other)) for pair in _MARKS.items() for one, other in (pair, pair[::-1])}
_ANSWER = re.compile(
    r"\s*(?:<\|begin_of_solution\|>(.*?)(?:<\|end_of_solution\|>\s*)?"
    r"|<\|START_RESPONSE\|>(.*?)(?:<\|END_RESPONSE\|>\s*)?|<\|begin_of_box\|>(.*?)(?:<\|end_of_box\|>\s*)?)",
    re.DOTALL,
)
# Some models speak in channels, of which one is the answer; a server that drops the marks leaves their names.
_CHANNEL = re.compile(
    r"\s*(?:<\|start\|>assistant)?<\|channel\|>(\w+)[^<\n]*(?:<\|constrain\|>\w+)?<\|message\|>"
    r"(.*?)(?:<\|(?:end|return|call)\|>|(?=<\|start\|>assistant)|\Z)",
    re.DOTALL,
)
_BARE_CHANNELS = re.compile(r"\s*analysis(.*?)assistantfinal(.*)", re.DOTALL)
_CLOSING = "|".join(map(_spell, _MARKS.values()))
# Where a closing mark may stand that nothing opened: in front of a line, behind a sentence, or at the end of a line and
# close to its text. A mark between two words is spoken of: "The </think> tag ends it."
_LONE = re.compile(
    rf"^[ \t]*({_CLOSING})|(?<=[.!?…。！？])({_CLOSING})|(?<=[^\s\"'`“‘「『])({_CLOSING})(?=[ \t]*$)", re.MULTILINE
)
_CLOSINGS = tuple(mark.lower() for mark in _MARKS.values())
"""Most texts hold none of them, and to find that out takes hardly any time."""
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_MOST_LOOKED_AT = 64


@dataclass(frozen=True, slots=True)
class Parted:
    """A reply in two parts, as they were written. `ended` is False where the text ends while the model thinks."""

    answer: str
    reasoning: str = ""
    ended: bool = True


def part(text: str, *, separated: bool = False) -> Parted:
    """Part a reply. `separated`: the server named the thinking apart, so only a whole block in front is one.

    Several blocks in a row are all thinking. A closing mark without an opening one ends the thinking where a model puts
    it (see _LONE), unless code stands around it, or the text begins as JSON or code does."""
    if text.lstrip()[:2] in ("<|", "an") and (spoken := _part_channels(text)) is not None:
        return spoken
    thoughts: list[str] = []
    while opened := _OPENING.match(text):
        closed = _OTHER[opened[1].lower()].search(text, opened.end())
        if closed is None:
            return Parted("", _join([*thoughts, text[opened.end() :]]), ended=False)
        thoughts.append(text[opened.end() : closed.start()])
        text = text[closed.end() :]
    if not thoughts and not separated and (lone := _find_lone(text)):
        thoughts = [text[: lone.start()]]
        text = text[lone.end() :]
    if thoughts and (said := _ANSWER.fullmatch(text)):
        text = said[1] or said[2] or said[3] or ""
    return Parted(text, _join(thoughts))


def _part_channels(text: str) -> Parted | None:
    """Part a reply in channels, None for any other."""
    if bare := _BARE_CHANNELS.fullmatch(text):
        return Parted(bare[2], bare[1].strip())
    thoughts: list[str] = []
    end = 0
    while spoken := _CHANNEL.match(text, end):
        if spoken[1] == "final":
            return Parted(spoken[2], _join(thoughts))
        thoughts.append(spoken[2])
        end = spoken.end()
    return Parted(text[end:], _join(thoughts), ended=bool(text[end:].strip())) if thoughts else None


def _find_lone(text: str) -> re.Match[str] | None:
    lowered = text.lower()
    if text.lstrip()[:1] in ("{", "[", "`") or not any(mark in lowered for mark in _CLOSINGS):
        return None
    for found in islice(_LONE.finditer(text), _MOST_LOOKED_AT):
        mark = (found[1] or found[2] or found[3]).lower()
        before = text[: found.start()]
        line = before[before.rfind("\n") + 1 :]
        in_code = len(_FENCE.findall(before)) % 2 or line.count("`") % 2
        if not in_code and not _OTHER[mark].search(before):
            return found
    return None


def _join(thoughts: list[str]) -> str:
    return "\n\n".join(thought.strip() for thought in thoughts if thought.strip())
