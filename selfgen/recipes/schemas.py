"""The JSON forms that recipes ask for, written so that every server takes them.

Only the keywords that the strict mode of hosted APIs and the grammars of local servers share are used: no lengths of
texts, no patterns. The order of the fields is the order in which a model writes them (an output before its input where
the recipe says so), so the JSON text keeps it. This file knows no recipe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from selfgen.core.work import Schema

TEXT: Mapping[str, Any] = {"type": "string"}
FLAG: Mapping[str, Any] = {"type": "boolean"}


def one_of(*values: str) -> Mapping[str, Any]:
    """Return the form of a text that is one of `values`."""
    return {"type": "string", "enum": list(values)}


def an_object(**fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the form of an object with exactly these fields, in this order."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def a_list(item: Mapping[str, Any], most: int) -> Mapping[str, Any]:
    """Return the form of a list of 1 to `most` items. The limit ends models that would go on for ever."""
    return {"type": "array", "items": item, "minItems": 1, "maxItems": most}


def schema(name: str, form: Mapping[str, Any]) -> Schema:
    """Return the Schema. Its text is compact JSON with the fields in order, and not sorted as canonical JSON is."""
    return Schema(name, json.dumps(form, ensure_ascii=False, separators=(",", ":")))
