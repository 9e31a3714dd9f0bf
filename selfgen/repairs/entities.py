"""Repairs HTML entities that a row was left with by a program. Knows how to tell them from entities that are meant."""

from __future__ import annotations

import re
from html.entities import name2codepoint

from selfgen.repairs.fields import Fields, each

_CORE = {"quot": '"', "lt": "<", "gt": ">", "amp": "&", "apos": "'", "nbsp": " ", "#39": "'", "#34": '"'}
"""Entities that programs write. These are read in broken forms too: spaced, full-width, in capitals."""
# Other names are names of variables too ("p = &sum;"); these are letters with accents, and signs of typesetting.
_NAMES = re.compile(
    r"[A-Za-z]{1,2}(?:acute|grave|circ|tilde|uml|cedil|ring|slash|lig)|hellip|[mn]dash|[lrs]squo|[lrb]dquo|sbquo|[lr]aquo|"
    r"bull|middot|trade|copy|reg|deg|times|euro|iexcl|iquest|ensp|emsp|thinsp"
)
_ENTITY = re.compile(
    r"(?P<chain>[&＆][ \t]?(?:amp[ \t]?[;；][ \t]?)*)"
    r"(?P<name>\#[ \t]?(?:[xX][0-9A-Fa-f]{1,6}|[0-9]{1,7})|[A-Za-z][A-Za-z0-9]{1,30})[ \t]?[;；]"
)
_ADDRESS_OF = re.compile(r"[=(,&|*][ \t]?\Z|\breturn[ \t]\Z")
_ABOUT_ENTITIES = re.compile(
    r"escap|(?:html|xml) (?:entit|code for|symbol)|character (?:entit|reference|code)|encod|decod|saniti[sz]|\bXSS\b|"
    r"special char|unicode|[&＆]#?\w+;|转义|轉義|实体|實體|编码|編碼|解码|解碼|字符引用|特殊字符|跨站",
    re.IGNORECASE,
)
_ABOUT_MARKUP = re.compile(r"html|xml|markup|web ?page|网页|網頁|标记语言", re.IGNORECASE)
_TAG = re.compile(r"<(?!/?\s?no ?(?:in|out)put)[A-Za-z/!][^<>\n]{0,200}>", re.IGNORECASE)


def may_hold_entity(whole: str) -> bool:
    """Tell whether an ampersand and a semicolon are there."""
    return ("&" in whole or "＆" in whole) and (";" in whole or "；" in whole)


def unescape_entities(fields: Fields) -> Fields:
    """Read entities as their characters, through any number of "&amp;" in front of them.

    A row that a program escaped is escaped throughout. So an entity is meant where its character stands in the row as
    itself too, or a tag does; where a field is nothing else; where the instruction is about escaping, or about markup
    and reading the entities gives no tag. Such a row stays as it is."""
    changed = each(_read_all, fields)
    if changed is fields or _ABOUT_ENTITIES.search(changed.instruction):
        return fields
    found = {_read(match) for text in fields for match in _ENTITY.finditer(text)}
    plain = "\n".join(_ENTITY.sub(_keep_unread, text) for text in fields)
    if any(character in plain for character in found if len(character) == 1 and character != " ") or _TAG.search(plain):
        return fields
    if any(len(text) == 1 and before != text for before, text in zip(fields, changed, strict=True)):
        return fields
    if _ABOUT_MARKUP.search(changed.instruction) and not any(_TAG.search(text) for text in changed):
        return fields
    return changed


def _read_all(text: str) -> str:
    return _ENTITY.sub(_read, text) if may_hold_entity(text) else text


def _keep_unread(match: re.Match[str]) -> str:
    """Return "" for an entity, and what is none as it stands."""
    return match.group() if _read(match) == match.group() else ""


def _read(match: re.Match[str]) -> str:
    """Return what an entity stands for; the text itself where it stands for nothing."""
    chain, name = match["chain"], match["name"]
    core = _CORE.get(re.sub(r"\s", "", name).lower())
    if core is not None:
        return core
    rest = match.group()[len(chain) :]
    whole = rest == name + ";" and chain.startswith("&") and not chain.endswith((" ", "\t"))
    character = _character(name) if whole else ""
    before = match.string[max(0, match.start() - 8) : match.start()]
    if character and (name[0] == "#" or "amp" in chain or not _ADDRESS_OF.search(before)):
        return character
    return "&" + chain[len(chain.rstrip()) :] + rest if "amp" in chain else match.group()


def _character(name: str) -> str:
    """Return the character of an entity's name or number if it prints, "" otherwise. A no-break space is a space."""
    if name[0] != "#":
        return chr(name2codepoint[name]) if _NAMES.fullmatch(name) and name in name2codepoint else ""
    if not name[1:].isalnum():
        return ""
    code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    if code > 0x10FFFF:
        return ""
    return " " if code == 0xA0 else chr(code) if code == 10 or chr(code).isprintable() else ""
