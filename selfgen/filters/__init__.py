"""The filters that ship: what they are called, their options, and how a gate's list of them is built.

Importing this package loads none of them; each comes in when it is named. The order of the names is the order of a
gate: cheap rules first, then memory, then models.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import cast

from selfgen.core.ports import Filter, Scope
from selfgen.errors import BadConfig

Option = str | int | float | bool
Options = Mapping[str, Option]
Factory = Callable[..., Filter]

BUILTIN: Mapping[str, str] = MappingProxyType(
    {
        "control": "selfgen.filters.control:control_filter",
        "start": "selfgen.filters.instructions:start_filter",
        "length": "selfgen.filters.instructions:length_filter",
        "language": "selfgen.filters.instructions:language_filter",
        "echo": "selfgen.filters.instructions:echo_filter",
        "unsuitable": "selfgen.filters.instructions:unsuitable_filter",
        "empty": "selfgen.filters.outputs:empty_filter",
        "control_answer": "selfgen.filters.control:control_answer_filter",
        "placeholder": "selfgen.filters.outputs:placeholder_filter",
        "refusal": "selfgen.filters.outputs:refusal_filter",
        "clarification": "selfgen.filters.outputs:clarification_filter",
        "merged": "selfgen.filters.relations:merged_filter",
        "incomplete": "selfgen.filters.outputs:incomplete_filter",
        "same_as_input": "selfgen.filters.relations:same_as_input_filter",
        "dangling": "selfgen.filters.relations:dangling_filter",
        "answer_label": "selfgen.filters.labels:answer_label_filter",
        "answer_language": "selfgen.filters.relations:answer_language_filter",
        "repetition": "selfgen.filters.repetition:repetition_filter",
        "long": "selfgen.filters.outputs:long_filter",
        "exact": "selfgen.filters.exact:ExactFilter",
        "rouge": "selfgen.filters.rouge:RougeFilter",
        "semantic": "selfgen.filters.semantic:SemanticFilter",
    }
)
"""Filter name -> "module:attribute" of its factory, in the order of a gate."""

OFF: frozenset[str] = frozenset({"long", "semantic"})
"""Filters that run only when the configuration names them."""

DEFAULTS: Mapping[str, Options] = MappingProxyType(
    {name: MappingProxyType({}) for name in BUILTIN}
    | {
        "length": MappingProxyType({"min": 4, "max": 260}),
        "clarification": MappingProxyType({"max": 140}),
        "repetition": MappingProxyType({"max": 0.5}),
        "long": MappingProxyType({"max": 2000}),
        "rouge": MappingProxyType({"max": "0.7", "fields": "instruction", "margin": "0", "tokenizer": "characters"}),
        "semantic": MappingProxyType(
            {
                "model": "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
                "base_url": "",
                "api_key_env": "OPENAI_API_KEY",
                "max": 0.92,
                "band": "",
                "fields": "instruction",
                "dtype": "auto",
                "device": "auto",
                "index": "auto",
                "prompt": "",
                "batch": 64,
            }
        ),
    }
)
"""Filter name -> its options with their default values, in the order of a gate."""

PLACES: Mapping[str, frozenset[str]] = MappingProxyType(
    {"semantic": frozenset({"base_url", "api_key_env", "device", "batch"})}
)
"""Options that say where and how fast a filter works; the same model may move to another server."""

GIVEN: frozenset[str] = frozenset({"lang", "encoder", "lexical"})
"""Parameters of factories that are no options: they are handed in to those that name them."""


def build_filters(
    lang: str,
    options: Mapping[str, Options | bool] = MappingProxyType({}),
    *,
    scopes: Sequence[Scope] = ("instruction", "task"),
    plugins: Mapping[str, Factory] = MappingProxyType({}),
    encoder: object = None,
) -> list[Filter]:
    """Return fresh filters for one gate: the built-in ones in their order, then the plug-ins that `options` names.

    `options` holds per filter name its options, True (defaults) or False (off); what it does not name has its
    defaults. `scopes` keeps the filters of these scopes. Filters have memory, so each gate needs its own list.
    A factory that names them is handed `lang`, `encoder` (see encoders.py) and, as `lexical`, the ROUGE-L filter.
    Raises BadConfig for an unknown filter or option, or a value of the wrong type; the message lists known ones."""
    known = [*BUILTIN, *plugins]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise BadConfig(f"there is no filter {', '.join(unknown)}", todo=f"The filters are: {', '.join(known)}.")
    options = _make_room(options)
    given: dict[str, object] = {"lang": lang, "encoder": encoder, "lexical": None}
    filters = []
    for name in known:
        chosen = options.get(name, name in BUILTIN and name not in OFF)
        if chosen is False:
            continue
        if chosen is not True and not isinstance(chosen, Mapping):
            raise BadConfig(f"filter {name}: {chosen!r} is no setting", todo="Give its options, or true or false.")
        factory = plugins[name] if name in plugins else _load(BUILTIN[name])
        filters.append(_build(name, factory, given, {} if chosen is True else chosen))
        if name == "rouge":
            given["lexical"] = filters[-1]
    return [each for each in filters if each.scope in scopes]


def _load(target: str) -> Factory:
    module, attribute = target.split(":")
    return cast(Factory, getattr(import_module(module), attribute))


def _make_room(options: Mapping[str, Options | bool]) -> Mapping[str, Options | bool]:
    """Where the semantic filter has a band, ROUGE-L rejects above the band's upper end only. Raises BadConfig where the
    configuration says something else."""
    from selfgen.filters.band import read_band
    from selfgen.filters.rule import read_fraction

    semantic, rouge = options.get("semantic"), options.get("rouge", True)
    band = read_band(str(semantic.get("band", ""))) if isinstance(semantic, Mapping) else None
    if band is None or rouge is False:
        return options
    settings = dict(rouge) if isinstance(rouge, Mapping) else {}
    if read_fraction("rouge", "max", settings.get("max", band.high)) != read_fraction("semantic", "band", band.high):
        raise BadConfig(
            f"filter rouge: max is {settings['max']!r}, and the band of the filter semantic ends at {band.high}",
            todo="Leave max of rouge out: with a band, its upper end is the limit.",
        )
    return {**options, "rouge": {**settings, "max": band.high}}


def _build(name: str, factory: Factory, given: Mapping[str, object], options: Options) -> Filter:
    """Call a factory with checked options, and with what it takes of the given."""
    parameters = inspect.signature(factory).parameters
    _check_options(name, parameters, options)
    return factory(**options, **{name: value for name, value in given.items() if name in parameters})


def check_options(name: str, options: Options) -> None:
    """Raise BadConfig for an option that a built-in filter does not have, or a value of the wrong type."""
    _check_options(name, inspect.signature(_load(BUILTIN[name])).parameters, options)


def _check_options(name: str, parameters: Mapping[str, inspect.Parameter], options: Options) -> None:
    names = [parameter for parameter in parameters if parameter not in GIVEN]
    for option, value in options.items():
        if option not in names:
            todo = f"Its options are: {', '.join(names)}." if names else "It has none: set it to true or false."
            raise BadConfig(f"filter {name} has no option {option!r}", todo=todo)
        _check_type(name, option, value, parameters[option].default)


def _check_type(name: str, option: str, value: object, default: object) -> None:
    """Raise BadConfig unless the value is of its default's kind. A decimal may be spelled as text or as a number."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(default, bool):
        fits, kind = isinstance(value, bool), "true or false"
    elif isinstance(default, int | float):
        fits, kind = number, "a number"
    elif isinstance(default, str):
        fits, kind = isinstance(value, str) or number, "text"
    else:
        return
    if not fits or value != value:
        raise BadConfig(
            f"filter {name}: {option} is {value!r}", todo=f"Give {option} as {kind}, for example {default!r}."
        )
