"""`selfgen init`: a folder to start a domain of one's own in."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from selfgen.cli.screen import next_step, say
from selfgen.errors import CannotCreate, UsageError


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("init", help=init.__doc__)(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
) -> None:
    """Make a folder to start a domain: configuration, seeds, prompts."""
    from selfgen.assemble.settings import shipped, shipped_seeds
    from selfgen.assemble.starter import config_text

    if lang not in ("en", "zh"):
        raise UsageError(f"there are no prompts in {lang!r}", todo="Choose --lang en or --lang zh.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CannotCreate(f"{folder} is not empty", todo="Name a folder that does not exist yet.")
        (folder / "selfgen.yaml").write_text(config_text(lang), encoding="utf-8")
        shutil.copyfile(shipped_seeds()[f"customer_service_{lang}"], folder / "seeds.jsonl")
        shutil.copytree(shipped("prompts") / lang, folder / "prompts")
    except OSError as error:
        raise CannotCreate(f"cannot write {folder}: {error.strerror}", todo="Name another folder.") from error
    say(f"{folder}: selfgen.yaml, seeds.jsonl, prompts/", "bold")
    where = shlex.quote(str(folder))
    next_step(f"selfgen doctor --config {where}/selfgen.yaml", "see what the filters say about the seeds")
    next_step(f"selfgen run --config {where}/selfgen.yaml --out runs/first --model mock", "try it without a model")
