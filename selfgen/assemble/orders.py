"""What may be set while a run works, and how: names and values as a person types them, checked on both sides.

Nothing here can change what the dataset contains: how many calls run at once, and where the run stops.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from selfgen.config import RunConfig
from selfgen.errors import UsageError

SETTABLE: Mapping[str, str] = {
    "concurrency": "calls at once: a number, or auto",
    "target": "records wanted",
    "max_calls": "stop after about so many calls, or none",
    "max_tokens": "stop after about so many tokens, or none",
    "max_cost": "stop after about so much money, or none",
}
"""What may be set while a run works, and what it takes."""

_NUMBER = re.compile("[1-9][0-9]{0,14}")
_MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")

Name = Literal["concurrency", "target", "max_calls", "max_tokens", "max_cost"]


@dataclass(frozen=True, slots=True)
class Change:
    """One setting as it should be from now on. `number` is None for auto and none; `text` is what was typed."""

    name: str
    text: str
    number: int | None = None
    money: Decimal | None = None

    def apply(self, config: RunConfig) -> RunConfig:
        """Return the configuration with this change in it."""
        if self.name == "target":
            return config.model_copy(update={"target": self.number})
        if self.name == "concurrency":
            calls = config.calls.model_copy(update={"concurrency": self.number or "auto"})
            return config.model_copy(update={"calls": calls})
        value = self.money if self.name == "max_cost" else self.number
        return config.model_copy(update={"limits": config.limits.model_copy(update={self.name: value})})


def parse_settings(words: list[str]) -> dict[str, str]:
    """Return NAME=VALUE words as names and values. Raises UsageError, which lists the names there are."""
    settings = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"{word!r} is not NAME=VALUE", todo=_names())
        settings[name.strip().replace("-", "_")] = value.strip()
    read_changes(settings)
    return settings


def read_changes(settings: Mapping[str, str]) -> list[Change]:
    """Check names and values. Raises UsageError for what cannot be set, or not so."""
    if not settings:
        raise UsageError("nothing to set", todo=_names())
    return [_read(name, value) for name, value in settings.items()]


def _read(name: str, value: str) -> Change:
    if name not in SETTABLE:
        raise UsageError(f"{name!r} cannot be set while a run works", todo=_names())
    empty = {"concurrency": "auto", "target": ""}.get(name, "none")
    if empty and value == empty:
        return Change(name, value)
    if name == "max_cost":
        return Change(name, value, money=_read_money(name, value))
    if not _NUMBER.fullmatch(value):
        raise UsageError(f"{name}={value}: expected {SETTABLE[name]}", todo="Give a whole number from 1.")
    number = int(value)
    if name == "concurrency" and number > 1_000_000:
        raise UsageError(f"{name}={value} is beyond any server", todo="Give a smaller number, or auto.")
    return Change(name, value, number)


def _read_money(name: str, value: str) -> Decimal:
    try:
        money = Decimal(value) if _MONEY.fullmatch(value) else Decimal(0)
    except InvalidOperation:
        money = Decimal(0)
    if money <= 0:
        raise UsageError(f"{name}={value}: expected {SETTABLE[name]}", todo="Give an amount, as in max_cost=12.50.")
    return money


def _names() -> str:
    return "What can be set: " + "; ".join(f"{name} ({what})" for name, what in SETTABLE.items()) + "."
