"""Where settings come from, and where the seeds and prompts that ship are found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selfgen.config import RunConfig, build, merge, read_file
from selfgen.errors import BadConfig

ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "SELFGEN_MODEL": ("propose", "model"),
    "SELFGEN_BASE_URL": ("propose", "base_url"),
    "SELFGEN_LANG": ("lang",),
    "SELFGEN_CONCURRENCY": ("calls", "concurrency"),
}
"""Environment variables that set something, and what."""


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def wants_traceback() -> bool:
    """Tell whether whoever started us wants to see tracebacks."""
    return bool(os.environ.get("SELFGEN_DEBUG"))


def gather(config_file: Path | None, command_line: Mapping[str, Any]) -> RunConfig:
    """Lay configuration file, environment and command line over one another, and check the result."""
    from_file = read_file(config_file) if config_file else {}
    if config_file:
        from_file = _anchor(from_file, config_file.parent)
    from_environment: dict[str, Any] = {}
    for name, place in ENVIRONMENT.items():
        if value := os.environ.get(name):
            from_environment = merge(from_environment, _nest(place, value))
    origin = str(config_file) if config_file else "settings"
    return build(merge(from_file, from_environment, command_line), origin)


def _anchor(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths in a configuration file count from where the file lies."""
    anchored = dict(values)
    if isinstance(seeds := values.get("seeds"), list):
        anchored["seeds"] = [_from_folder(seed, folder) for seed in seeds]
    elif isinstance(seeds, str):
        anchored["seeds"] = [_from_folder(seeds, folder)]
    if isinstance(prompts := values.get("prompts"), str) and prompts:
        anchored["prompts"] = str(folder / prompts)
    return anchored


def _from_folder(seed: Any, folder: Path) -> Any:
    return str(folder / seed) if isinstance(seed, str) and (folder / seed).exists() else seed


def _nest(place: Sequence[str], value: str) -> dict[str, Any]:
    nested: Any = value
    for name in reversed(place):
        nested = {name: nested}
    return dict(nested)


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
    """Return the seed files that are meant: paths, or bare names of sets that ship. A path that exists comes first."""
    sets = shipped_seeds()
    return [sets[name] if name in sets and not Path(name).exists() else Path(name) for name in names]
