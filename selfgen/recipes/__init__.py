"""Recipes turn a view of the pool and a draft into prompts, and replies into drafts."""

from __future__ import annotations

from collections.abc import Mapping

BUILTIN: Mapping[str, str] = {
    "alpaca": "selfgen.recipes.alpaca:Alpaca",
    "self-instruct": "selfgen.recipes.self_instruct:SelfInstruct",
}
"""The recipes that ship, by name; plug-ins add theirs through entry points."""
