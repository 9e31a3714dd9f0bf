"""Prompt templates: loads them, refuses what could harm, renders chat messages. The only home of jinja2.

A template file holds one message or several. A line `--- system ---`, `--- user ---` or `--- assistant ---` starts
a message; a file without such a line is one user message. The file is split before Jinja sees it, so no value that a
template prints can start a message; a message that renders empty is left out.

Templates may come from strangers: only an allow-list of Jinja is accepted, checked on the syntax tree before anything
runs, and what a template may print is limited in kind and length. Texts of seeds and models are only ever values,
never template code, and no message holds a chat control token (see control_tokens). This file does not know what any
template is for.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

from selfgen.canon import digest
from selfgen.core.work import Message
from selfgen.errors import BadConfig
from selfgen.recipes.control_tokens import neutralise
from selfgen.recipes.template_files import MessageRole, read_folders, split_messages

MOST_SOURCE = 64 * 1024
"""Characters that a template file may hold."""
MOST_OUTPUT = 64 * 1024
"""Characters that one rendered prompt may hold."""
MOST_NODES = 600
MOST_DEPTH = 16

# No Call, Set, Block, Import, Include, Extends, Macro; no Mul, Pow, Mod: they make a short template print gigabytes.
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Filter, nodes.Test, nodes.For, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.Add, nodes.Sub, nodes.Tuple, nodes.List, nodes.Keyword,
)  # fmt: skip
_TESTS = ("defined", "undefined", "none", "equalto", "==", "odd", "even")
_RENDER_FAULTS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)
_encode_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _join(values: Sequence[object], separator: str = "") -> str:
    parts = [str(value) for value in values]
    if sum(map(len, parts)) + len(separator) * len(parts) > MOST_OUTPUT:
        raise ValueError(f"join makes more than {MOST_OUTPUT} characters")
    return separator.join(parts)


def _squeeze(value: str) -> str:
    return " ".join(value.split())


_FILTERS: Mapping[str, Any] = {
    "json": _encode_json,
    "join": _join,
    "oneline": _squeeze,
    **{name: FILTERS[name] for name in ("default", "first", "last", "length", "lower", "trim", "upper")},
}


def _print(value: object) -> object:
    """Let a template print texts and numbers alone; a list or a method in a prompt is always a slip."""
    if isinstance(value, Undefined) or type(value) in (str, int, float):
        return value
    raise TypeError(f"it prints a {type(value).__name__}, which is neither a text nor a number; `| json` prints data")


def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, finalize=_print, autoescape=False, trim_blocks=True, lstrip_blocks=True, loader=None
    )
    made.globals.clear()
    made.filters = dict(_FILTERS)
    made.tests = {name: TESTS[name] for name in _TESTS}
    return made


_ENVIRONMENT = _environment()


@dataclass(frozen=True, slots=True)
class _Section:
    """One message of a template file. `origin` is the file's path as people know it."""

    role: MessageRole
    origin: str
    template: Template


class Templates:
    """A set of templates by name ("self_instruct/propose.j2"), checked and compiled.

    The first folder that has a file wins, so a folder of the user's own comes before the shipped one. The last folder
    says which names exist: a file elsewhere that replaces none of them is refused as a likely slip of the pen. All
    faults raise BadConfig with file and line.
    """

    __slots__ = ("_sections", "sources")

    def __init__(self, folders: Sequence[Path]) -> None:
        self._fill(read_folders(folders))

    @classmethod
    def of(cls, sources: Mapping[str, str]) -> Templates:
        """Make templates from texts by name, as `sources` gives them."""
        made = cls.__new__(cls)
        made._fill({name: (name, text) for name, text in sources.items()})
        return made

    def _fill(self, found: Mapping[str, tuple[str, str]]) -> None:
        self.sources: Mapping[str, str] = MappingProxyType({name: found[name][1] for name in sorted(found)})
        self._sections = {name: _compile(origin, text) for name, (origin, text) in found.items()}

    @property
    def digest(self) -> str:
        """The digest of all sources: what a run's identity needs to know of its prompts."""
        return digest(dict(self.sources))

    def render(self, name: str, values: Mapping[str, object]) -> tuple[Message, ...]:
        """Return the messages of one template. Raises BadConfig where it fails, prints nothing or prints too much."""
        messages = []
        left = MOST_OUTPUT
        for section in self._get(name):
            text = _render(section, values, left)
            left -= len(text)
            content = neutralise(text.strip())
            if content:
                messages.append(Message(section.role, content))
        if not messages:
            raise BadConfig(f"{name}: the template prints nothing", todo="Let it hold at least one message.")
        return tuple(messages)

    def _get(self, name: str) -> tuple[_Section, ...]:
        if name not in self._sections:
            known = ", ".join(sorted(self._sections)) or "none"
            raise BadConfig(f"There is no template {name}.", todo=f"Add it to your prompts folder; found: {known}.")
        return self._sections[name]


def _compile(origin: str, text: str) -> tuple[_Section, ...]:
    if len(text) > MOST_SOURCE:
        raise BadConfig(f"{origin}: longer than {MOST_SOURCE} characters", todo="Shorten the template.")
    sections = []
    count = 0
    for role, source in split_messages(origin, text):
        try:
            tree = _ENVIRONMENT.parse(source)
            count = _check(origin, tree, count)
            code = _ENVIRONMENT.compile(tree, name=origin, filename=origin)
        except TemplateSyntaxError as error:
            raise BadConfig(f"{origin}:{error.lineno}: {error.message}", todo="Correct the template.") from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise BadConfig(f"{origin}: Jinja cannot read it: {error}", todo="Simplify the template.") from error
        sections.append(_Section(role, origin, Template.from_code(_ENVIRONMENT, code, {})))
    return tuple(sections)


def _check(origin: str, tree: nodes.Template, count: int) -> int:
    """Refuse a syntax tree that holds anything but the allow-list. Returns `count` plus its nodes."""
    waiting: list[tuple[nodes.Node, int, bool]] = [(tree, 0, False)]
    while waiting:
        node, depth, in_loop = waiting.pop()
        count += 1
        why = _fault_of(node, in_loop)
        if depth > MOST_DEPTH:
            why = f"nested more than {MOST_DEPTH} deep"
        if count > MOST_NODES:
            why = f"more than {MOST_NODES} expressions and blocks"
        if why:
            raise BadConfig(f"{origin}:{node.lineno}: {why}", todo="prompts/README.md says what templates may hold.")
        inside = in_loop or isinstance(node, nodes.For)
        waiting.extend((child, depth + 1, inside) for child in node.iter_child_nodes())
    return count


def _fault_of(node: nodes.Node, in_loop: bool) -> str:
    if type(node) not in _ALLOWED:
        return f"`{type(node).__name__.lower()}` is not allowed in a template"
    if isinstance(node, nodes.For):
        if in_loop or node.recursive:
            return "a loop inside a loop is not allowed"
        if not isinstance(node.iter, nodes.Name | nodes.Getattr | nodes.Getitem):
            return "a loop may only run over a variable"
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        return f"there is no filter `{node.name}`; there are: {', '.join(sorted(_FILTERS))}"
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        return f"there is no test `{node.name}`; there are: {', '.join(_TESTS)}"
    key = node.attr if isinstance(node, nodes.Getattr) else node.name if isinstance(node, nodes.Name) else ""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        key = str(node.arg.value)
    return f"`{key}` begins with an underscore" if key.startswith("_") else ""


def _render(section: _Section, values: Mapping[str, object], most: int) -> str:
    pieces = []
    size = 0
    try:
        for piece in section.template.generate(values):
            size += len(piece)
            if size > most:
                raise ValueError(f"it prints more than {MOST_OUTPUT} characters")
            pieces.append(piece)
        text = "".join(pieces)
        text.encode("utf-8")
    except _RENDER_FAULTS as error:
        line = _line_of(error, section.origin)
        known = ", ".join(sorted(values))
        what = getattr(error, "message", None) or str(error)
        raise BadConfig(f"{section.origin}{line}: {what}", todo=f"Its variables are: {known}.") from error
    return text


def _line_of(error: BaseException, origin: str) -> str:
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == origin]
    return f":{lines[-1]}" if lines else ""
