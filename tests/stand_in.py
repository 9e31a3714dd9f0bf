"""Replies for the loopback server in whole-run tests: a pure function of the request body, with everything that a bad
night has: near-duplicates, fences, garbage, cut lists, refusals. A witness: it imports nothing of selfgen."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

WORDS = [
    "river",
    "lantern",
    "copper",
    "harvest",
    "violin",
    "orbit",
    "marble",
    "thunder",
    "basil",
    "ledger",
    "anchor",
    "canyon",
    "velvet",
    "tunnel",
    "glacier",
    "pepper",
    "saddle",
    "mirror",
    "falcon",
    "timber",
    "compass",
    "ribbon",
    "quarry",
    "meadow",
    "kettle",
    "harbour",
    "pigeon",
    "walnut",
    "engine",
    "blanket",
    "cactus",
    "drum",
]
VERBS = [
    "Explain",
    "Compare",
    "List",
    "Describe",
    "Suggest",
    "Rewrite",
    "Estimate",
    "Outline",
    "Name",
    "Plan",
    "Judge",
    "Translate",
]


def reply(body: dict[str, Any]) -> str:
    """Answer one chat completions request."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    chance = random.Random(hashlib.sha256(text.encode()).digest())
    name = (body.get("response_format") or {}).get("json_schema", {}).get("name", "")
    if name.endswith("propose"):
        return _proposals(chance, alpaca=name.startswith("alpaca"))
    if name.endswith("classify"):
        return json.dumps({"kind": "open"})
    if name.endswith("output_first"):
        return json.dumps({"output": chance.choice(["red", "blue"]), "input": _words(chance, 8)})
    if name.endswith("input_first"):
        return json.dumps({"input": _words(chance, 9)})
    return _words(chance, chance.randint(3, 40)).capitalize() + "."


def _proposals(chance: random.Random, *, alpaca: bool) -> str:
    shape = chance.random()
    if shape < 0.04:
        return "I would rather talk about something else."
    tasks = [_task(chance, alpaca=alpaca) for _ in range(chance.randint(2, 6))]
    text = json.dumps({"tasks": tasks})
    if shape < 0.08:
        return text[: len(text) * 2 // 3]
    return f"Here they are:\n```json\n{text}\n```\nEnjoy!" if shape < 0.2 else text


def _task(chance: random.Random, *, alpaca: bool) -> dict[str, Any]:
    kind = "classification" if chance.random() < 0.2 else "open"
    words = _words(chance, 3 if chance.random() < 0.2 else 7)
    instruction = f"{chance.choice(VERBS)} the {words} for a friend."
    if kind == "classification":
        instruction = f"Is this {words} red or blue? Answer red or blue."
    if alpaca:
        return {"instruction": instruction, "input": "", "output": _words(chance, 12)}
    return {"instruction": instruction, "kind": kind, "needs_input": chance.random() < 0.4}


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(count))
