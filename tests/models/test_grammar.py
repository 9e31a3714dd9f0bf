"""Grammars made of JSON forms: what they allow is what the schema allows, without loose white space."""

from __future__ import annotations

import json

from selfgen.core.work import Ask, CallId, Message, Sampling, Schema
from selfgen.models.grammar import to_grammar
from selfgen.models.wire import request_body

FORM = {
    "type": "object",
    "properties": {
        "tasks": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"b": {"type": "string"}, "a": {"type": "string", "enum": ['x"y', "中"]}},
                "required": ["b", "a"],
            },
            "minItems": 1,
            "maxItems": 3,
        },
        "ok": {"type": "boolean"},
    },
    "required": ["tasks", "ok"],
}


def test_a_form_becomes_a_grammar_with_its_fields_in_order() -> None:
    grammar = to_grammar(json.dumps(FORM))
    assert grammar is not None
    root = grammar.split("\n")[0]
    item = r'"{" "\"b\"" ":" " "? text "," " "? "\"a\"" ":" " "? ("\"x\\\"y\"" | "\"中\"") "}"'
    assert root == (
        r'root ::= "{" "\"tasks\"" ":" " "? "[" '
        + item
        + r' ( "," " "? '
        + item
        + r'){0,2} "]" "," " "? "\"ok\"" ":" " "? ("true" | "false") "}"'
    )


def test_an_unknown_keyword_makes_no_grammar() -> None:
    assert to_grammar('{"type": "number"}') is None
    assert to_grammar('{"anyOf": []}') is None


def ask(form: object) -> Ask:
    schema = Schema("form", json.dumps(form))
    return Ask(CallId(0, 0, 0), "propose", (Message("user", "x"),), Sampling(1.0, 1.0, 5), 7, schema, "")


def test_the_body_carries_the_grammar_and_falls_back_to_the_schema() -> None:
    body = json.loads(request_body(ask(FORM), model="m", structured="grammar", extra={}))
    assert body["structured_outputs"] == {"grammar": to_grammar(json.dumps(FORM))}
    assert "response_format" not in body
    unknown = json.loads(request_body(ask({"type": "number"}), model="m", structured="grammar", extra={}))
    assert unknown["response_format"]["json_schema"]["schema"] == {"type": "number"}
    off = json.loads(request_body(ask(FORM), model="m", structured="off", extra={}))
    assert "response_format" not in off
    assert "structured_outputs" not in off


def test_the_seed_goes_along_only_where_it_is_wanted() -> None:
    assert json.loads(request_body(ask(FORM), model="m", structured="off", extra={}))["seed"] == 7
    assert "seed" not in json.loads(request_body(ask(FORM), model="m", structured="off", extra={}, send_seed=False))
