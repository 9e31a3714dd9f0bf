"""`selfgen doctor`: what would go wrong tonight, found now."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from selfgen.cli.screen import cut, line, next_step, out, say, text
from selfgen.errors import BadData, SelfgenError

_STYLES = {"ok": "green", "note": "yellow", "FAIL": "red"}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("doctor", help=doctor.__doc__)(doctor)


def doctor(
    seeds: Annotated[list[str] | None, typer.Option(help="Seed file, or a set that ships.")] = None,
    model: Annotated[str | None, typer.Option(help="Model to try; `mock` needs no server.")] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible server.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file with settings.")] = None,
    seed_format: Annotated[str | None, typer.Option(help="Form of the seed files.")] = None,
    lang: Annotated[str | None, typer.Option(help="auto, en or zh.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not look for a server.")] = False,
) -> int:
    """Check installation, seeds (with every filter) and model server."""
    from selfgen.assemble.doctor import examine
    from selfgen.assemble.settings import environment, gather
    from selfgen.cli.work import nest

    given = {
        ("seeds",): seeds or None,
        ("propose", "model"): model,
        ("propose", "base_url"): base_url,
        ("seed_format",): seed_format,
        ("lang",): lang,
    }
    worst: SelfgenError | None = None
    failed = 0
    gathered = gather(config, nest(given))
    for finding in examine(gathered, environment(), offline=offline):
        out().print(text(f"{finding.grade:<4} ", _STYLES[finding.grade]) + text(line(finding.what)))
        for detail in finding.details:
            say(f"       {cut(detail, 200)}", "dim")
        failed += finding.grade == "FAIL"
        worst = worst or finding.error
    if worst is not None:
        return worst.exit_code
    if failed:
        return BadData.exit_code
    if gathered.seeds and not offline:
        next_step(shlex.join(["selfgen", "run", *_options(seeds, config, model, base_url)]), "all is ready")
    return 0


def _options(seeds: list[str] | None, config: Path | None, model: str | None, base_url: str | None) -> list[str]:
    """Return what was checked as options for `selfgen run`."""
    named = [("--seeds", seed) for seed in seeds or []]
    named += [("--config", str(config or "")), ("--model", model or ""), ("--base-url", base_url or "")]
    return [word for pair in named if pair[1] for word in pair]
