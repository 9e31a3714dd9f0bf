"""Templates from strangers: each of these is refused quickly, and nothing of it runs."""

from __future__ import annotations

import time

import pytest

from selfgen.errors import BadConfig
from selfgen.recipes.templates import Templates

VALUES = {"text": "x" * 1000, "number": 10**6, "examples": [{"instruction": "a", "input": "b"}] * 8}

PAYLOADS = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ text.__class__ }}",
    "{{ text['__class__'] }}",
    "{{ examples[0]['_private'] }}",
    "{{ _self }}",
    "{{ text | attr('__class__') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'] }}",
    "{{ self._TemplateReference__context }}",
    "{{ config.items() }}",
    "{{ request }}",
    "{{ range(10**9) }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{% for a in examples %}{% for b in examples %}x{% endfor %}{% endfor %}",
    "{% for a in examples recursive %}{{ loop(examples) }}{% endfor %}",
    "{% for a in 'xxxxxxxx' %}a{% endfor %}",
    "{% for a in text ~ text %}a{% endfor %}",
    "{{ 'x' * 10**9 }}",
    "{{ text * number }}",
    "{{ 9**9**9 }}",
    "{{ 10 // 0 }}",
    "{{ '%999999999d' % 5 }}",
    "{{ '{0.__class__}'.format(text) }}",
    "{{ 'x'.center(10**9) }}",
    "{{ 'x' | center(1000000000) }}",
    "{{ 'x' | indent(1000000000) }}",
    "{{ text | replace('', text) | replace('', text) }}",
    "{{ text | join(text) | join(text) }}",
    "{{ examples | map('upper') | list }}",
    "{{ examples | tojson }}",
    "{{ examples.append(1) }}",
    "{{ examples.append }}",
    "{{ text.upper() }}",
    "{% set a = [] %}{{ a }}",
    "{% set examples.x = 1 %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import path %}",
    "{% extends 'base' %}",
    "{% block a %}{% endblock %}",
    "{% macro a() %}{{ a() }}{% endmacro %}",
    "{% call a() %}{% endcall %}",
    "{% filter upper %}a{% endfilter %}",
    "{% with a = 1 %}{{ a }}{% endwith %}",
    "{% autoescape true %}{{ text }}{% endautoescape %}",
    "{% do examples.clear() %}",
    "{% debug %}",
    "{% trans %}a{% endtrans %}",
    "{{ {'a': 1} }}",
    "{{ " + "(" * 30_000 + "1" + ")" * 30_000 + " }}",
    "{{ " + "not " * 200 + "text }}",
    "{{ " + "- " * 50_000 + "1 }}",
    "{{ text" + "[0]" * 100 + " }}",
    "{{ " + "text ~ " * 700 + "text }}",
    "{% if text %}" * 40 + "{% endif %}" * 40,
    "{{ " + "9" * 5000 + " }}",
    "{{ text",
    "{% if %}",
    "{{ '\\ud800' }}",
    "a" * 70_000,
    "{{ text }}" * 100,
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: repr(payload[:40]))
def test_payload_is_refused_in_under_a_second(payload: str) -> None:
    began = time.monotonic()
    with pytest.raises(BadConfig, match=r"r/a\.j2"):
        Templates.of({"r/a.j2": payload}).render("r/a.j2", VALUES)
    assert time.monotonic() - began < 1
