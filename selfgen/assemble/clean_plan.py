"""What is cleaned and how: clean's own defaults, a configuration and a command line laid over one another.

Knows the names of filters and repairs, and builds the filters. Does not know rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfgen import registry
from selfgen.assemble.embedding import build_encoder
from selfgen.assemble.settings import environment
from selfgen.config import RunConfig, merge
from selfgen.core.ports import Filter
from selfgen.errors import BadConfig, UsageError
from selfgen.repairs import OFF as REPAIRS_OFF
from selfgen.repairs import RULES

_NO_LIMIT = 1_000_000

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "length": {"min": 4, "max": _NO_LIMIT},
    "rouge": {"max": "0.85", "fields": "both", "margin": "0"},
    "semantic": {"fields": "instruction+input"},
}
"""Where the gate differs from that of a run. A long instruction is a fault of a model that rambles, not of data that
exists; one instruction with two inputs is two tasks; and a run wants what is new, where here only copies should go."""

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is cleaned, and how. `filters` holds those that are on, with the options that are not their defaults;
    `first` ends the reading early."""

    data: tuple[Path, ...]
    data_format: str
    lang: str
    filters: Options
    repairs: frozenset[str]
    first: int | None = None
    allow_insecure: bool = False


def plan(
    data: Sequence[Path],
    config: RunConfig,
    wishes: Options,
    *,
    data_format: str = "auto",
    off: Sequence[str] = (),
    repairs: Sequence[str] = (),
    repairs_off: Sequence[str] = (),
    first: int | None = None,
) -> Plan:
    """Lay clean's defaults, the configuration and `wishes` (options by filter) over one another; `off` goes over all.

    Raises UsageError for the name of a rule that does not exist, BadConfig for settings that are wrong."""
    from selfgen import filters

    known = registry.names("filters")
    _check_names("filter", off, known)
    _check_names("repair", [*repairs, *repairs_off], RULES)
    if config.lang == "auto":
        if config.filters.get("language"):
            raise BadConfig("filter language: which language?", todo="Name it with --lang en or --lang zh.")
        off = [*off, "language"]
    chosen: dict[str, Any] = {}
    layers = (config.filters, wishes, dict.fromkeys(off, False))
    for name in [*filters.BUILTIN, *sorted(known.keys() - filters.BUILTIN.keys())]:
        options = _lay(dict(DEFAULTS.get(name, {})), name in filters.BUILTIN and name not in filters.OFF, name, layers)
        if options is not None:
            chosen[name] = options
    _suit_band(chosen, (config.filters, wishes))
    unknown = {name: value for name, value in config.filters.items() if name not in known}
    rules = ((frozenset(RULES) - REPAIRS_OFF) | frozenset(repairs)) - frozenset(repairs_off)
    insecure = config.calls.allow_insecure_key
    return Plan(tuple(data), data_format, config.lang, chosen | unknown, rules, first, insecure)


def _check_names(what: str, names: Sequence[str], known: Mapping[str, object]) -> None:
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"there is no {what} {', '.join(unknown)}", todo=f"There are: {', '.join(known)}.")


def _lay(options: dict[str, Any], on: bool, name: str, layers: Sequence[Options]) -> dict[str, Any] | None:
    """Return the options of one filter, None where the last layer that speaks of it turns it off."""
    for layer in layers:
        wish = layer.get(name)
        if isinstance(wish, Mapping):
            options, on = merge(options, wish), True
        elif wish is not None:
            on = bool(wish)
    return options if on else None


def _suit_band(chosen: dict[str, Any], layers: Sequence[Options]) -> None:
    """A band of the semantic filter is one of ROUGE-L on the instruction, and its end is the limit: these go over
    clean's own defaults, and not over what was asked for."""
    if not chosen.get("semantic", {}).get("band") or "rouge" not in chosen:
        return
    asked = {name for layer in layers if isinstance(wish := layer.get("rouge"), Mapping) for name in wish}
    own = {"fields": "instruction"} | {name: chosen["rouge"][name] for name in asked}
    chosen["rouge"] = own | {"margin": chosen["rouge"]["margin"]}
    if "fields" not in {
        name for layer in layers if isinstance(wish := layer.get("semantic"), Mapping) for name in wish
    }:
        chosen["semantic"] = {**chosen["semantic"], "fields": chosen["rouge"]["fields"]}


def build_plan_encoder(plan: Plan) -> Any:
    """Return what encodes for the semantic filter, None where it is off."""
    return build_encoder(plan.filters, environment(), allow_insecure=plan.allow_insecure)


def build_gate_filters(plan: Plan, encoder: Any) -> list[Filter]:
    """Return fresh filters for one gate. Raises BadConfig for options that are wrong."""
    from selfgen.filters import BUILTIN, build_filters

    offered = registry.names("filters")
    plugins = {name: registry.load("filters", name) for name in sorted(offered.keys() - BUILTIN.keys())}
    off = {name: False for name in BUILTIN if name not in plan.filters}
    lang = "en" if plan.lang == "auto" else plan.lang
    return build_filters(lang, {**off, **plan.filters}, plugins=plugins, encoder=encoder)


def settings_lines(plan: Plan) -> Iterator[str]:
    """Yield a line for each filter with all its options, and one for the repairs."""
    from selfgen.filters import DEFAULTS as PLAIN

    band = str(plan.filters.get("semantic", {}).get("band", ""))
    ends = {"max": band.rpartition("..")[2]} if band else {}
    for name, given in plan.filters.items():
        options = {**PLAIN.get(name, {}), **given} if isinstance(given, Mapping) else {}
        options |= ends if name == "rouge" else {}
        shown = ", ".join(f"{option} {value}" for option, value in options.items() if value != "")
        yield f"filter {name}" + (f": {shown}" if shown else "")
    yield f"repairs: {', '.join(name for name in RULES if name in plan.repairs) or 'none'}"
