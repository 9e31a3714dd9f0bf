"""What a run is made of: its configuration, its seeds, its templates. All of it stands in the journal's header, so that
a run folder can be moved, resumed and rebuilt without the files that it came from.

Identity is what makes two runs the same dataset. A mismatch on resume is refused with the difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from selfgen import __version__, registry
from selfgen.assemble.places import nowhere
from selfgen.assemble.settings import find_seeds, shipped
from selfgen.canon import digest
from selfgen.config import RunConfig, identity_of
from selfgen.core.tasks import Task
from selfgen.errors import IdentityChanged, StoreFault, UsageError

BEHAVIOUR = 3
"""Raised whenever a new version would make another dataset of the same replies: planning, drawing, reading, filters."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a run is made of. `config.lang` is never auto; models and `config.structured` are settled by `settle`."""

    config: RunConfig
    seeds: tuple[Task, ...]
    templates: Mapping[str, str]
    notices: tuple[str, ...] = ()

    def settle(self, config: RunConfig) -> Source:
        """Return the same with what a server told: model names and whether it keeps to a JSON schema."""
        return replace(self, config=config)


def load_source(config: RunConfig) -> Source:
    """Read seeds and templates. Raises BadData with every fault in the seeds, BadConfig for the templates."""
    from selfgen.store.seeds import read_seeds

    if not config.seeds:
        raise UsageError(
            "no seeds are named", todo="Name seed files with --seeds, or a set that ships: --seeds general_en."
        )
    read = read_seeds(find_seeds(config.seeds), config.seed_format)
    lang = config.lang if config.lang != "auto" else _language_of(read.tasks)
    settled = config.model_copy(update={"lang": lang, "answer": config.answering})
    notices = [f"{file.path}: {notice}" for file in read.files for notice in file.notices]
    if 50 * (strangers := _strangers(read.tasks, lang)) >= len(read.tasks):
        notices.append(
            f"{strangers} of {len(read.tasks)} seeds are not in the run's language ({lang}); a run has one language, "
            "so keep seeds of each language in a run of their own, or choose with --lang"
        )
    return Source(settled, read.tasks, _load_templates(settled), tuple(notices))


def _strangers(tasks: Sequence[Task], lang: str) -> int:
    """Return how many seeds are plainly in the other of the two languages."""
    from selfgen.filters.tokens import main_language

    other = "en" if lang == "zh" else "zh"
    return sum(main_language(task.instruction) == other for task in tasks)


def _language_of(tasks: Sequence[Task]) -> str:
    """Return the language in which most instructions are written; what is neither counts as English."""
    from selfgen.filters.tokens import main_language

    chinese = sum(main_language(task.instruction) == "zh" for task in tasks)
    return "zh" if 2 * chinese >= len(tasks) else "en"


def _load_templates(config: RunConfig) -> Mapping[str, str]:
    from selfgen.recipes.template_files import language_folder
    from selfgen.recipes.templates import Templates

    folders = [language_folder(shipped("prompts"), config.lang)]
    if config.prompts:
        folders.insert(0, language_folder(Path(config.prompts), config.lang))
    sources = Templates(folders).sources
    own = config.recipe.replace("-", "_") + "/"
    return {name: text for name, text in sources.items() if name.startswith(own)} or sources


def filter_options(config: RunConfig) -> dict[str, Any]:
    """Return what each filter that is on is set to, defaults included: this is what makes the dataset what it is, so
    it leaves out where and how fast a filter works."""
    from selfgen.filters import DEFAULTS, OFF, PLACES

    options: dict[str, Any] = {}
    for name in [*DEFAULTS, *(name for name in config.filters if name not in DEFAULTS)]:
        chosen = config.filters.get(name, name not in OFF)
        if chosen is not False:
            given = dict(DEFAULTS.get(name, {})) | ({} if chosen is True else dict(chosen))
            options[name] = {option: value for option, value in given.items() if option not in PLACES.get(name, ())}
    return options


def identity(source: Source) -> dict[str, Any]:
    """Return what makes the dataset what it is, flat and in words, for comparison and for the eye."""
    values = {name: value for name, value in identity_of(source.config).items() if not name.startswith("filters")}
    for name, options in filter_options(source.config).items():
        values[f"filters.{name}"] = options
        if owner := registry.owner("filters", name):
            values[f"plugin.filters.{name}"] = owner
    if owner := registry.owner("recipes", source.config.recipe):
        values["plugin.recipe"] = owner
    return values | {
        "behaviour": BEHAVIOUR,
        "seeds": digest([[t.id, t.instruction, t.input, t.output, t.labels] for t in source.seeds]),
        **{f"prompts.{name}": digest(text) for name, text in source.templates.items()},
    }


def _brief(value: Any) -> str:
    """Return a value as a person reads it: a digest by its beginning, nothing as empty quotes."""
    text = str(value)
    return text[:15] + "…" if text.startswith("sha256:") else text or '""'


def check_identity(before: Mapping[str, Any], now: Mapping[str, Any], where: Path) -> None:
    """Raise IdentityChanged, with a line for each difference, when a run would mix two datasets."""
    missing = "(none)"
    difference = [
        f"{name}: {_brief(before.get(name, missing))} -> {_brief(now.get(name, missing))}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name, missing) != now.get(name, missing)
    ]
    if difference:
        todo = f"Continue it as it was with `selfgen resume {where}`"
        if before.get("behaviour") != now.get("behaviour"):
            todo = f"Continue it with the selfgen version that made it (`selfgen status {where}` names it)"
        raise IdentityChanged(
            f"{where} holds another run; these settings changed since:",
            difference,
            todo=f"{todo}, or start a new run with another --out.",
        )


def to_header(source: Source) -> dict[str, Any]:
    """Return the header of the journal that begins with this source."""
    return {
        "selfgen": __version__,
        "config": config_header(source.config),
        "identity": identity(source),
        "seeds": [[t.id, t.instruction, t.input, t.output, [list(pair) for pair in t.labels]] for t in source.seeds],
        "templates": dict(source.templates),
    }


def config_header(config: RunConfig) -> dict[str, Any]:
    """Return the part of the header that later sessions may change."""
    return _lasting(config).model_dump(mode="json")


def _lasting(config: RunConfig) -> RunConfig:
    """Return what later sessions go by; hours, and a server that selfgen started, were those of one session."""
    limits = config.limits.model_copy(update={"max_hours": None, "until": ""})
    return nowhere(config.model_copy(update={"limits": limits}))


def from_header(header: Mapping[str, Any]) -> Source:
    """Return the source that a journal's header holds. Raises StoreFault when the header is not of its form."""
    try:
        seeds = tuple(
            Task(id, instruction, input, output, tuple((name, value) for name, value in labels))
            for id, instruction, input, output, labels in header["seeds"]
        )
        return Source(RunConfig.model_validate(header["config"]), seeds, header["templates"])
    except (LookupError, TypeError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error).split("\n")[0]
        todo = "Restore the run folder from a backup, or start a new run with --out."
        raise StoreFault(f"the journal's header is damaged: {what}", todo=todo) from error


def recipe_of(source: Source) -> Any:
    """Build the recipe of a run from the templates in its source."""
    from selfgen.recipes.templates import Templates

    made = registry.load("recipes", source.config.recipe)
    options = source.config.recipe_options
    return registry.make(
        f"recipe {source.config.recipe}",
        made,
        {"templates": Templates.of(source.templates), "lang": source.config.lang, "domain": source.config.domain},
        options,
    )
