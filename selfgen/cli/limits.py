"""The options of a command line that say where a run stops and what its tokens cost, as settings."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

import typer

from selfgen.errors import UsageError

MaxCalls = Annotated[int | None, typer.Option(min=1, help="Stop after so many calls in all.")]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Stop after so many tokens in all, read and written.")]
MaxCost = Annotated[str | None, typer.Option(metavar="MONEY", help="Stop at so much money in all; needs prices.")]
MaxHours = Annotated[float | None, typer.Option(min=0.001, help="Stop this session after so long.")]
Until = Annotated[str | None, typer.Option(metavar="HH:MM", help="Stop this session at this time of day, as in 07:00.")]
PriceOption = Annotated[
    str | None,
    typer.Option(metavar="READ:WRITTEN", help="Prices of a million tokens, as in 0.15:0.60 (:0.075 for cached ones)."),
]
AnswerPrices = Annotated[
    str | None, typer.Option(metavar="READ:WRITTEN", help="Those of the answering model, if they are others.")
]
Currency = Annotated[str | None, typer.Option(help="Of the prices: a sign or a code ($).")]

Settings = dict[tuple[str, ...], Any]


def limits(calls: int | None, tokens: int | None, cost: str | None, hours: float | None, until: str | None) -> Settings:
    """Return the limits as settings. Raises UsageError for what is no amount of money and no time of day."""
    if until is not None and not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", until, re.ASCII):
        raise UsageError(f"--until {until} is no time of day", todo="Give hours and minutes, as in --until 07:00.")
    return {
        ("limits", "max_calls"): calls,
        ("limits", "max_tokens"): tokens,
        ("limits", "max_cost"): None if cost is None else str(_read_cost(cost)),
        ("limits", "max_hours"): hours,
        ("limits", "until"): until,
    }


def read_prices(given: str | None, answer: str | None, currency: str | None) -> Settings:
    """Return prices as settings. Raises UsageError for what is no price."""
    return {
        **_price("prices", "--prices", given),
        **_price("answer_prices", "--answer-prices", answer),
        ("prices", "currency"): currency,
    }


def _price(place: str, option: str, given: str | None) -> Settings:
    """Read READ:WRITTEN or READ:WRITTEN:CACHED."""
    if given is None:
        return {}
    parts = [_number(part) for part in given.split(":")]
    if not 2 <= len(parts) <= 3 or None in parts:
        todo = "Give the prices of a million tokens, read and written, as in 0.15:0.60; a third one is for cached ones."
        raise UsageError(f"{option} {given} are no prices", todo=todo)
    names = ("prompt", "completion", "cached_prompt")
    return {(place, name): str(part) for name, part in zip(names, parts, strict=False)}


def _read_cost(cost: str) -> Decimal:
    amount = _number(cost)
    if not amount:
        raise UsageError(f"--max-cost {cost} is no amount of money", todo="Give a number, as in --max-cost 5.00.")
    return amount


def _number(text: str) -> Decimal | None:
    """Read a plain decimal number that is not negative."""
    if not re.fullmatch(r"\d{1,12}(\.\d{1,12})?|\.\d{1,12}", text.strip(), re.ASCII):
        return None
    return Decimal(text.strip())
