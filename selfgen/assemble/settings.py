"""Where settings come from, and where the seeds and prompts that ship are found."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selfgen.assemble.places import OWN, addresses, unfold
from selfgen.config import RunConfig, build, merge, read_file
from selfgen.errors import BadConfig, UsageError

ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "SELFGEN_MODEL": ("propose", "model"),
    "SELFGEN_BASE_URL": ("propose",),
    "SELFGEN_LANG": ("lang",),
    "SELFGEN_CONCURRENCY": ("calls", "concurrency"),
}
"""Environment variables that set something, and what."""

MOST_VALUES = 10_000
"""No configuration file has more values than this."""


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def wants_traceback() -> bool:
    """Tell whether whoever started us wants to see tracebacks."""
    return bool(os.environ.get("SELFGEN_DEBUG"))


def gather(config_file: Path | None, command_line: Mapping[str, Any]) -> RunConfig:
    """Lay configuration file, environment and command line over one another.

    Each is checked by itself first, so that a fault is laid at the right door. Raises BadConfig."""
    layers: list[Mapping[str, Any]] = []
    if config_file:
        from_file = _read_plain(config_file)
        build(from_file, str(config_file))
        layers.append(_anchor(from_file, config_file.parent))
    for name, place in ENVIRONMENT.items():
        if value := os.environ.get(name):
            layers.append(_nest(place, addresses([value]) if name == "SELFGEN_BASE_URL" else value))
            build(layers[-1], f"environment variable {name}")
    build(command_line, "command line")
    return unfold(build(merge(*layers, command_line), "settings"))


def _read_plain(config_file: Path) -> dict[str, Any]:
    """Read a configuration file that holds plain values only: what JSON knows, and not too much of it.

    YAML has more: dates, sets, values that hold themselves, and aliases that grow without end."""
    try:
        values = read_file(config_file)
    except RecursionError as error:
        raise BadConfig(f"{config_file}: nested too deeply", todo="Settings go four levels deep at most.") from error
    room = MOST_VALUES
    waiting: list[tuple[str, Any]] = list(values.items())
    while waiting:
        place, value = waiting.pop()
        room -= 1
        if room < 0:
            raise BadConfig(
                f"{config_file}: {place}: more than {MOST_VALUES:,} values, or one that holds itself",
                todo="Write the values out; look for & and * in the file.",
            )
        if isinstance(value, dict):
            waiting += [(f"{place}.{name}", each) for name, each in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{place}.{number}", each) for number, each in enumerate(value)]
        elif not isinstance(value, str | int | float | None):
            what = f"{config_file}: {place}: {value} is a {type(value).__name__} in YAML"
            raise BadConfig(what, todo="Put it in quotes to have it as text.")
    return values


def _anchor(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths in a configuration file count from where the file lies."""
    anchored = dict(values)
    if isinstance(seeds := values.get("seeds"), list):
        anchored["seeds"] = [_from_folder(seed, folder) for seed in seeds]
    elif isinstance(seeds, str):
        anchored["seeds"] = [_from_folder(seeds, folder)]
    if isinstance(prompts := values.get("prompts"), str) and prompts:
        anchored["prompts"] = str(folder / prompts)
    for role in ("propose", "answer"):
        if isinstance(model := values.get(role), dict):
            anchored[role] = model | {"model": _anchor_model(model.get("model"), folder)}
            if isinstance(served := model.get("vllm"), dict) and isinstance(source := served.get("model"), str):
                own = _anchor_model(OWN + source, folder).removeprefix(OWN)
                anchored[role]["vllm"] = served | {"model": own}
    return anchored


def _anchor_model(name: Any, folder: Path) -> Any:
    """A model to serve that is a folder beside the configuration file."""
    source = name.removeprefix(OWN) if isinstance(name, str) and name.startswith(OWN) else ""
    if source and (folder / source).is_dir():
        return f"{OWN}{(folder / source).resolve()}"
    return name if name is not None else ""


def _from_folder(seed: Any, folder: Path) -> Any:
    return str(folder / seed) if isinstance(seed, str) and (folder / seed).exists() else seed


def _nest(place: Sequence[str], value: Any) -> dict[str, Any]:
    nested = value
    for name in reversed(place):
        nested = {name: nested}
    return dict(nested)


def read_semantic(text: str) -> bool | dict[str, Any]:
    """Read what stands after --semantic as a setting of the filter: "on" (with what a file says of it), "off", or
    options, as in "max=0.9,model=/models/mine,band=0.6..0.8". Raises UsageError for an option that does not exist."""
    from selfgen.filters import DEFAULTS

    known = DEFAULTS["semantic"]
    if text in ("on", "off"):
        return {} if text == "on" else False
    options: dict[str, Any] = {}
    for part in re.split(r",(?=\s*[a-z_]+=)", text):
        name, equals, value = (each.strip() for each in part.partition("="))
        if not equals or name not in known or name in options:
            what = f"{name!r} twice" if name in options else f"{part.strip()!r}"
            todo = f"Give on, off, or options with commas between: {', '.join(known)}, as in max=0.9."
            raise UsageError(f"--semantic: {what} is no option", todo=todo)
        options[name] = value if isinstance(known[name], str) else _read_number(name, value)
    return options


def _read_number(name: str, value: str) -> int | float:
    try:
        return int(value) if value.isdecimal() else float(value)
    except ValueError as error:
        raise UsageError(f"--semantic: {name} is {value!r}", todo=f"Give {name} as a number.") from error


def shipped(name: str) -> Path:
    """Return the folder of what ships: "prompts" or "seed_tasks", in an installed package or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for place in (package / "shipped" / name, package.parent / name):
        if place.is_dir():
            return place
    raise BadConfig(f"this installation of selfgen has no {name}", todo="Reinstall the package.")


def shipped_seeds() -> dict[str, Path]:
    """Return the seed sets that ship, by their bare name ("general_en")."""
    return {path.stem: path for path in sorted(shipped("seed_tasks").glob("*.jsonl"))}


def find_seeds(names: Sequence[str]) -> list[Path]:
    """Return the seed files that are meant: paths, or bare names of sets that ship. A path that exists comes first.

    Raises UsageError for an empty name, which a shell makes of a variable that is not set."""
    if not all(names):
        raise UsageError("a seed file without a name", todo="Name a file after --seeds; is a shell variable empty?")
    sets = shipped_seeds()
    return [sets[name] if name in sets and not Path(name).exists() else Path(name) for name in names]
