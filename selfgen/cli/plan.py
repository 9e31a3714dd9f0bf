"""`selfgen plan`: what a run will take, before it is paid for."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfgen.cli.limits import (
    AnswerPrices,
    Currency,
    MaxCalls,
    MaxCost,
    MaxHours,
    MaxTokens,
    PriceOption,
    Until,
    limits,
    read_prices,
)
from selfgen.cli.screen import err, line, next_step, out, say, text
from selfgen.cli.words import count, money, reasons, share, sign, span

if TYPE_CHECKING:
    from selfgen.assemble.forecast import Range
    from selfgen.assemble.planning import Planned

PROGRESS_S = 5.0
FEW = 8
"""Turns below which a range says little."""
PROBE = "Real turns to ask the model for, a few calls each; none: nothing is asked of a server."


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("plan", help=plan.__doc__)(plan)


def plan(
    context: typer.Context,
    seeds: Annotated[list[str] | None, typer.Option(help="Seed file, or a set that ships.")] = None,
    model: Annotated[str | None, typer.Option(help="Model that proposes.")] = None,
    base_url: Annotated[list[str] | None, typer.Option(help="OpenAI-compatible server: http://HOST:PORT/v1.")] = None,
    answer_model: Annotated[str | None, typer.Option(help="Model that answers, if it is another.")] = None,
    answer_base_url: Annotated[list[str] | None, typer.Option(help="Its server, if it is another.")] = None,
    target: Annotated[int | None, typer.Option(min=1, help="Records wanted (100).")] = None,
    probe: Annotated[int | None, typer.Option(min=1, max=1000, metavar="TURNS", help=PROBE)] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file with any setting; see `selfgen init`.")] = None,
    recipe: Annotated[str | None, typer.Option(help="self-instruct or alpaca.")] = None,
    lang: Annotated[str | None, typer.Option(help="auto, en or zh.")] = None,
    domain: Annotated[str | None, typer.Option(help="The field that tasks should come from, in a sentence.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="Folder of templates that replace those that ship.")] = None,
    concurrency: Annotated[str | None, typer.Option(help="Calls at once: auto, or a number.")] = None,
    max_calls: MaxCalls = None,
    max_tokens: MaxTokens = None,
    max_cost: MaxCost = None,
    max_hours: MaxHours = None,
    until: Until = None,
    prices: PriceOption = None,
    answer_prices: AnswerPrices = None,
    currency: Currency = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Forecast calls, tokens, cost and hours of a run, with a range; makes no run folder.

    Example:  selfgen plan --seeds my.jsonl --base-url http://localhost:8000/v1 --target 5000 --probe 16
    """
    from selfgen.assemble.places import addresses
    from selfgen.assemble.planning import make_plan
    from selfgen.assemble.settings import environment, gather
    from selfgen.assemble.source import load_source
    from selfgen.cli.work import nest, read_concurrency

    given: dict[tuple[str, ...], Any] = {
        ("seeds",): seeds or None,
        ("propose", "model"): model,
        ("answer", "model"): answer_model,
        **{("propose", name): value for name, value in addresses(base_url).items()},
        **{("answer", name): value for name, value in addresses(answer_base_url).items()},
        ("target",): target,
        ("recipe",): recipe,
        ("lang",): lang,
        ("domain",): domain,
        ("prompts",): str(prompts) if prompts else None,
        ("calls", "concurrency"): read_concurrency(concurrency),
        **limits(max_calls, max_tokens, max_cost, max_hours, until),
        **read_prices(prices, answer_prices, currency),
    }
    source = load_source(gather(config, nest(given)))
    planned = make_plan(source, environment(), probe, _progress())
    if as_json:
        out().print_json(json.dumps(_as_json(planned), ensure_ascii=False))
    else:
        _show(planned)
    _advise(planned, context)


def _progress() -> Callable[[int, int, int], None]:
    """Return a watcher that tells how far the probe is: in one line that changes on a terminal, else now and then."""
    began = last = time.monotonic()
    pause = 0.2 if err().is_terminal else PROGRESS_S

    def watch(answered: int, done: int, turns: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= pause:
            last = now
            shown = f"probe: {count(answered)} calls answered, {done} of {turns} turns done, {span(now - began)}"
            err().print(text(shown, "dim"), end="\r" if err().is_terminal else "\n")

    return watch


def _show(planned: Planned) -> None:
    config = planned.config
    models = tuple(dict.fromkeys((config.propose.model, config.answering.model))) if planned.measured else ()
    say(f"plan: {', '.join((config.recipe, config.lang, f'{count(planned.seeds)} seeds', *models))}", "bold")
    _show_basis(planned)
    say()
    _table(
        ["stage", "calls a turn", "tokens read", "written"],
        [[row.name, f"{row.calls:.1f}", _mean(row.read), _mean(row.written)] for row in planned.stages if row.calls],
    )
    say()
    _show_needs(planned)
    say()
    for said in _assumptions(planned):
        say(said, "dim")
    if planned.shortage:
        say(f"{planned.shortage.limit} ends it first, at about {_range(planned.shortage.records)} records", "yellow")


def _show_needs(planned: Planned) -> None:
    """Show what targets take, and what hours bring."""
    titles = ["records", "calls", "tokens"] + ["cost"] * bool(planned.prices) + ["time"] * bool(planned.by_hour)
    currency = planned.prices.currency if planned.prices else ""
    rows = []
    for need in planned.needs:
        # With prices the range of the tokens is that of the cost, and the table stays within 80 columns.
        row = [count(need.records), _range(need.calls), about(need.tokens.middle) if need.cost else _range(need.tokens)]
        row += [sign(currency) + _range(need.cost, _two)] if need.cost else []
        row += [_time(need.hours)] if need.hours else []
        rows.append(row)
    _table(titles, rows)
    if planned.by_hour:
        say("records after " + ", ".join(f"{hours:g} h: {_range(records)}" for hours, records in planned.by_hour))


def _show_basis(planned: Planned) -> None:
    """Tell what the forecast stands on, and what that took."""
    spent, tokens = planned.spent, planned.spent.tokens
    kept = f"kept {planned.kept} of {planned.drafts} drafts ({share(planned.kept, planned.drafts)})"
    took = f"{count(tokens.prompt)} tokens read, {count(tokens.completion)} written"
    if planned.measured:
        cost = f", cost {money(planned.prices.cost(tokens), planned.prices.currency)}" if planned.prices else ""
        say(f"probe: {planned.turns} turns, {count(spent.calls)} calls in {_seconds(planned.seconds)}{cost}")
        say(f"  {took}; its replies are thrown away", "dim")
        refused = f"; refused: {reasons(planned.reasons, 2)}" if planned.reasons else ""
        say(f"  {kept}{refused}", "dim")
        for warning in planned.warnings:
            say(f"  {line(warning)}", "yellow")
    else:
        say("no server was asked: the stand-in answered real prompts, and much is assumed")


def _assumptions(planned: Planned) -> list[str]:
    """Return what the forecast takes for granted."""
    lines = ["ranges hold in 8 of 10 cases, if what is assumed holds:"]
    lines += ["  acceptance falls by 0 to 20% with each tenfold of seeds and records"]
    if not planned.measured:
        lines += [
            "  tokenizers, lengths of replies and acceptance differ from the stand-in's",
            "  by what models differ; hours are unknown without a probe",
        ]
        return lines
    if planned.by_hour:
        lines += ["  the server is as fast as in the probe; more calls at once may make it faster"]
    if planned.turns < FEW:
        lines += [f"  {planned.turns} turns are few: the true range is wider; --probe 16 or more tells more"]
    if not planned.kept:
        lines += ["  nothing was kept in the probe, so that all of this is a lower bound"]
    return lines


ROOM = 1.1
"""How much more than the upper end of the forecast the advised limit leaves: one run in ten is beyond that end."""


def _advise(planned: Planned, context: typer.Context) -> None:
    if not planned.measured:
        if own := planned.config.propose.vllm.model:
            next_step(f"selfgen serve {shlex.quote(own)}", "then plan with its --base-url and --probe 16: it measures")
        else:
            next_step("the same with --probe 16", "16 real turns, about 120 calls, measure what is assumed here")
        return
    need = next(need for need in planned.needs if need.records == planned.config.target)
    words = [*_typed(context), "--max-tokens", str(_round_up(need.tokens.high * ROOM))]
    next_step(shlex.join(["selfgen", "run", *words]), "ends it where the forecast was wrong")


def _typed(context: typer.Context) -> list[str]:
    """Return the options of this command line that are those of a run, but its limit of tokens."""
    words: list[str] = []
    for option in context.command.params:
        value = context.params[option.name or ""]
        if value and option.name not in ("probe", "as_json", "max_tokens"):
            for each in value if isinstance(value, list | tuple) else [value]:
                words += [option.opts[0], str(each)]
    return words


def _round_up(figure: float) -> int:
    """Round up to two figures."""
    whole = int(figure) + 1
    step: int = 10 ** max(0, len(str(whole)) - 2)
    return -(-whole // step) * step


def about(figure: float) -> str:
    """Return a count without false precision: two figures, 12k for thousands, 1.2M for millions."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if figure >= size * 0.995:
            unit = 1e3 if letter == "k" else size
            return f"{_two(figure / unit)}{letter}"
    return _two(figure)


def _two(figure: float) -> str:
    """Return two figures of a number, all of what stands before its point."""
    if figure >= 100:
        step = 10 ** (len(str(round(figure))) - 2)
        return count(round(figure / step) * step)
    return f"{float(f'{figure:.2g}'):.12g}"


def _seconds(seconds: float) -> str:
    return f"{_two(seconds)} s" if seconds < 60 else span(seconds)


def _time(hours: Range) -> str:
    """Return a span with its range, in the unit that suits it."""
    units: list[tuple[float, str, float]] = [(0.025, "s", 3600), (1.5, "min", 60), (72, "h", 1)]
    fitting = [(unit, times) for most, unit, times in units if hours.middle < most]
    unit, times = fitting[0] if fitting else ("days", 1 / 24)
    return f"{_range(hours, lambda each: _two(each * times))} {unit}"


def _range(figures: Range | None, words: Callable[[float], str] = about) -> str:
    """Return "1,200 (950-1,500)"; only the middle where all are the same to a person."""
    if figures is None:
        return "?"
    low, middle, high = words(figures.low), words(figures.middle), words(figures.high)
    return middle if low == high else f"{middle} ({low}-{high})"


def _mean(figure: float | None) -> str:
    return "-" if figure is None else about(figure)


def _table(titles: list[str], rows: list[list[str]]) -> None:
    """Print a table: names on the left, numbers on the right of their columns."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(titles, *rows, strict=True)]
    for number, row in enumerate([titles, *rows]):
        cells = [" " * (width - cell_len(cell)) + cell for cell, width in zip(row, widths, strict=True)]
        cells[0] = row[0] + " " * (widths[0] - cell_len(row[0]))
        say("  ".join(cells), "" if number else "dim")


def _as_json(planned: Planned) -> dict[str, Any]:
    """Return the plan as plain values; costs are in the currency of the prices."""
    values = {name: value for name, value in asdict(planned).items() if name not in ("config", "prices", "spent")}
    tokens = planned.spent.tokens
    return values | {
        "target": planned.config.target,
        "currency": planned.prices.currency if planned.prices else None,
        "probe": {"calls": planned.spent.calls, "read": tokens.prompt, "written": tokens.completion},
    }
