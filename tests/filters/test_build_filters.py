"""From configuration to filters: names, options, defaults, and what a mistake is told."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from selfgen.core.ports import Filter
from selfgen.core.tasks import Draft
from selfgen.errors import BadConfig
from selfgen.filters import BUILTIN, DEFAULTS, GIVEN, OFF, Options, build_filters
from selfgen.filters.rule import PASSED, RuleFilter


def test_the_defaults_shown_are_those_of_the_factories() -> None:
    assert list(DEFAULTS) == list(BUILTIN)
    for name, target in BUILTIN.items():
        module, attribute = target.split(":")
        parameters = inspect.signature(getattr(import_module(module), attribute)).parameters
        defaults = {key: each.default for key, each in parameters.items() if key not in GIVEN}
        assert dict(DEFAULTS[name]) == defaults, name


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_filter_is_built_under_its_own_name_in_order(lang: str) -> None:
    names = [each.name for each in build_filters(lang)]
    assert names == [name for name in BUILTIN if name not in OFF]
    assert names[-1] == "rouge"


def test_a_gate_gets_the_filters_of_its_scopes() -> None:
    instruction = build_filters("en", scopes=("instruction",))
    task = build_filters("en", scopes=("task",))
    assert {each.scope for each in instruction} == {"instruction"}
    assert {each.scope for each in task} == {"task"}
    assert len(instruction) + len(task) == len(build_filters("en"))


def test_each_filter_can_be_turned_off_or_set() -> None:
    for name in BUILTIN:
        assert name not in [each.name for each in build_filters("en", {name: False})]
    built = {each.name: each for each in build_filters("en", {"length": {"min": 50}, "long": True, "semantic": True})}
    assert built["length"].check(Draft("d", "List three rivers of Europe.")).reason == "too_short"
    assert {"long", "semantic"} <= set(built)


def test_a_gate_with_fewer_words_to_compare_is_stricter() -> None:
    (rouge,) = (each for each in build_filters("en", {"rouge": {"max": 0.5}}) if each.name == "rouge")
    rouge.remember(Draft("a", "List three rivers of Europe"))
    assert rouge.check(Draft("b", "List four rivers of Asia")).reason == "near_duplicate"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rogue": True}, r"no filter rogue\n.*rouge"),
        ({"length": {"mim": 3}}, r"'mim'\n.*min, max"),
        ({"echo": {"max": 3}}, r"'max'\nIt has none"),
        ({"length": {"min": "three"}}, r"min is 'three'\nGive min as a number"),
        ({"length": {"min": True}}, r"min is True"),
        ({"length": {"min": float("nan")}}, r"min is nan"),
        ({"length": {"min": 9, "max": 3}}, r"min is 9 and max is 3"),
        ({"rouge": {"max": "high"}}, r"max is 'high'"),
        ({"rouge": {"max": 7}}, r"number from 0 to 1"),
        ({"rouge": {"fields": "all"}}, r"fields is 'all'"),
        ({"repetition": {"max": 2}}, r"max is 2"),
        ({"refusal": None}, r"None is no setting"),
        ({"language": {"lang": "fr"}}, r"no option 'lang'"),
    ],
)
def test_a_mistake_is_named_together_with_what_is_known(options: dict[str, Options | bool], message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        build_filters("en", options)


def test_a_language_that_the_rules_do_not_know_is_refused() -> None:
    with pytest.raises(BadConfig, match="lang is 'fr'"):
        build_filters("fr")


def shout_filter(*, lang: str, mark: str = "!") -> Filter:
    return RuleFilter(f"shout-{lang}{mark}", "instruction", lambda draft: PASSED)


def test_a_plug_in_comes_last_and_only_when_it_is_named() -> None:
    plugins = {"shout": shout_filter}
    assert "shout-zh!" not in [each.name for each in build_filters("zh", plugins=plugins)]
    assert build_filters("zh", {"shout": {"mark": "?"}}, plugins=plugins)[-1].name == "shout-zh?"
    with pytest.raises(BadConfig, match="shout"):
        build_filters("zh", {"shout": {"volume": 1}}, plugins=plugins)


def test_naming_the_filters_loads_nothing_heavy() -> None:
    code = (
        "import sys, selfgen.filters as f; assert f.DEFAULTS; "
        "print([m for m in ('numpy', 'opencc', 'rapidfuzz', 'torch', 'sentence_transformers') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    code = (
        "import sys, selfgen.filters as f; f.build_filters('en', {'semantic': True}); "
        "print([m for m in ('torch', 'sentence_transformers') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
