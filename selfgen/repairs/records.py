"""Repairs what a reply's reader left in a row: labels in front of a field, and the records that followed.

Knows the labels of instruction data in English and Chinese."""

from __future__ import annotations

import re

from selfgen.repairs.fields import Fields

_FRONT = r"[ \t]*(?:\#{1,6}[ \t]*\d{0,3}[ \t]*[.、)．:]?|\d{1,3}[ \t]*[.、)．:])[ \t]*"
_INSTRUCTION = r"(?:Instruction|Task|指令|指示|说明|說明|任务|任務)[ \t]*\d{0,3}[ \t]*[:：]"
_FIELD = r"(?:Input|Output|Response|输入|輸入|输出|輸出|回答|回应|答案)[ \t]*\d{0,3}[ \t]*[:：]"
_NEXT_RECORD = re.compile(rf"\n{_FRONT}{_INSTRUCTION}", re.IGNORECASE)
_NEXT_FIELD = re.compile(rf"\n{_FRONT}{_FIELD}", re.IGNORECASE)
_ANY_LABEL = re.compile(rf"(?:\A|\n)(?:{_FRONT})?(?:{_INSTRUCTION}|{_FIELD})", re.IGNORECASE)
_SEPARATOR = re.compile(r"[#/*=_~-]{1,20}|\d{1,3}")  # a line between an answer and the record behind it
_WHOLE = re.compile(r"[.!?。！？…;；)）\]】}>\"”’'」』》`|]")
_ABOUT_RECORDS = re.compile(
    r"\binstructions?\b|\btasks?\b|\bprompts?\b|data ?set|\bfew[- ]shot|指令|任务|任務|提示词|数据集|數據集|样本",
    re.IGNORECASE,
)
_ABOUT_SIGNS = re.compile(
    r"#|\bhash|\bpattern|\bsymbol|ascii|markdown|heading|delimit|separat|井号|图案|符号|分隔|标题|標題", re.IGNORECASE
)

_LABEL_FRONT = r"(?:\#{1,6}[ \t]*)?(?:\d{1,3}[.、)．][ \t]*)?"
_LABELS = {
    "instruction": re.compile(rf"{_LABEL_FRONT}(?:Instructions?|指令|指示)[ \t]*[:：]\s*(?=\S)", re.IGNORECASE),
    "input": re.compile(rf"{_LABEL_FRONT}(?:Input|输入|輸入)[ \t]*[:：]\s*(?=\S)", re.IGNORECASE),
    "output": re.compile(
        rf"{_LABEL_FRONT}(?:Output|Response|Answer|输出|輸出|回答|答案|答)[ \t]*[:：]\s*(?=\S)", re.IGNORECASE
    ),
}
_LABELLED_LINE = re.compile(r"\n[ \t]{0,8}[*#>-]{0,3}[ \t]{0,8}[^\s:：][^\n:：]{0,24}[:：](?!//)")
_ABOUT_LABELS = re.compile(
    r"\binputs?\b|\boutputs?\b|\brespon[sd]\w*|\banswers?\b|\bquestions?\b|\bQ ?& ?A\b|\bquiz|\briddle|\bjoke|\btrivia|"
    r"\bdialog|\bconversation|\binterview|\bformat|\blabel|\bprefix|\btemplate|\bexample|\bstart(?:s|ing)? with|\bFAQ|"
    r"输入|輸入|输出|輸出|回答|答案|问答|問答|问题|問題|谜|謎|笑话|對話|对话|采访|格式|标签|前缀|开头|模板|示例|例子|题",
    re.IGNORECASE,
)


def may_be_merged(whole: str) -> bool:
    """Tell whether another record may begin, or a record's end be marked."""
    return "###" in whole or _NEXT_RECORD.search(whole) is not None


def cut_records(fields: Fields) -> Fields:
    """Cut the output where another record begins, if it is whole up to there; take "###" away from its end.

    A record begins at a line like "12. Instruction:" or "### Instruction:" (in Chinese: 指令, 说明, 任务) and has an
    input or output of its own. Tasks that ask for instructions or data, and outputs made of records, stay as they are;
    so does "###" in tasks about signs, and in outputs that have more of it."""
    output = fields.output
    if not _ABOUT_RECORDS.search(fields.instruction):
        output = _cut(output)
    signs = output.rstrip()
    if signs.endswith("###") and not _ABOUT_SIGNS.search(fields.instruction):
        answer = signs.rstrip("#").rstrip()
        output = answer if answer and len(signs) - len(signs.rstrip("#")) <= 5 and "##" not in answer else output
    return fields if output == fields.output else fields._replace(output=output)


def _cut(text: str) -> str:
    """Return the text up to the first record behind it; the text itself where none follows, or where the text up to
    there has labels too, or does not end like a whole one."""
    marker = _NEXT_RECORD.search(text)
    if marker is None or not _NEXT_FIELD.search(text, marker.end()):
        return text
    answer = text[: marker.start()].rstrip()
    if _ANY_LABEL.search(answer):
        return text
    head, _, line = answer.rpartition("\n")
    if _SEPARATOR.fullmatch(line.strip()) and _ends_whole(head.rstrip()):
        return head.rstrip()
    return answer if _ends_whole(answer) else text


def _ends_whole(text: str) -> bool:
    return _WHOLE.match(text[-1:]) is not None


def may_be_labelled(whole: str) -> bool:
    """Tell whether a colon is there."""
    return ":" in whole or "：" in whole


def drop_labels(fields: Fields) -> Fields:
    """Take a field's own label ("Output:", "指令：") away from its start, where the whole content follows.

    The label stays where another line is labelled too, as it is one of a set then, and, before inputs and outputs,
    where the instruction speaks of inputs, answers, questions or a format, as it may have been asked for."""
    changed = fields
    for name, text in zip(Fields._fields, fields, strict=True):
        match = _LABELS[name].match(text)
        if match is None or _LABELLED_LINE.search(text, match.end()):
            continue
        if name == "instruction" or not _ABOUT_LABELS.search(fields.instruction):
            changed = changed._replace(**{name: text[match.end() :]})
    return changed
