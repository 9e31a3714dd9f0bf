"""`selfgen doctor`: what would go wrong tonight, found now."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfgen.cli.screen import cut, line, next_step, out, say, tell, text
from selfgen.errors import BadData

if TYPE_CHECKING:
    from selfgen.assemble.doctor import Finding

_STYLES = {"ok": "green", "note": "yellow", "FAIL": "red"}
_INDENT = 7
_ABREAST = 3


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("doctor", help=doctor.__doc__)(doctor)


def doctor(
    seeds: Annotated[list[str] | None, typer.Option(help="Seed file, or a set that ships.")] = None,
    model: Annotated[str | None, typer.Option(help="Model to try; `mock` needs no server.")] = None,
    base_url: Annotated[list[str] | None, typer.Option(help="OpenAI-compatible server; may be given again.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file with settings.")] = None,
    seed_format: Annotated[str | None, typer.Option(help="Form of the seed files.")] = None,
    lang: Annotated[str | None, typer.Option(help="auto, en or zh.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not look for a server.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print findings as JSON, for scripts.")] = False,
) -> int:
    """Check installation, seeds (with every filter) and what the model's servers can do."""
    from selfgen.assemble.doctor import examine
    from selfgen.assemble.places import addresses
    from selfgen.assemble.settings import environment, gather
    from selfgen.cli.work import nest

    given: dict[tuple[str, ...], Any] = {
        ("seeds",): seeds or None,
        ("propose", "model"): model,
        **{("propose", name): value for name, value in addresses(base_url).items()},
        ("seed_format",): seed_format,
        ("lang",): lang,
    }
    gathered = gather(config, nest(given))
    if not (offline or as_json) and gathered.propose.places:
        tell("asking the server, too (one that is starting is waited for, up to a minute)", "dim")
    findings: list[Finding] = []
    for finding in examine(gathered, environment(), offline=offline):
        findings.append(finding)
        if not as_json:
            _show(finding)
    code = _exit_code(findings)
    if as_json:
        say(json.dumps({"exit_code": code, "findings": [_plain(each) for each in findings]}, indent=2))
    elif code == 0 and gathered.seeds and not offline:
        next_step(shlex.join(["selfgen", "run", *as_options(seeds, config, model, base_url)]), "all is ready")
    return code


def _exit_code(findings: Sequence[Finding]) -> int:
    """Return that of the first error, or of bad data where something fails without one."""
    failed = [each for each in findings if each.grade == "FAIL"]
    worst = next((each.error for each in failed if each.error is not None), None)
    return worst.exit_code if worst is not None else BadData.exit_code if failed else 0


def _show(finding: Finding) -> None:
    out().print(text(f"{finding.grade:<4} ", _STYLES[finding.grade]) + text(line(finding.what)))
    for detail in finding.details:
        say(f"{' ' * _INDENT}{cut(detail, 200)}", "dim")
    for row in layout(finding.rows):
        say(f"{' ' * _INDENT}{row}", "dim")


def layout(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay a table out in lines of at most 80 terminal cells with the indent: its first column stands at the left of all
    others, three at a time; what does not fit is cut."""
    from rich.cells import cell_len, set_cell_size

    if not rows:
        return []
    label = max(cell_len(row[0]) for row in rows)
    lines: list[str] = []
    for start in range(1, len(rows[0]), _ABREAST):
        shown = [row[start : start + _ABREAST] for row in rows]
        most = (80 - _INDENT - label) // len(shown[0]) - 2
        widths = [min(most, max(map(cell_len, column))) for column in zip(*shown, strict=True)]
        for row, cells in zip(rows, shown, strict=True):
            parts = [set_cell_size(cut(cell, width), width) for cell, width in zip(cells, widths, strict=True)]
            lines.append("  ".join([set_cell_size(row[0], label), *parts]).rstrip())
    return lines


def _plain(finding: Finding) -> dict[str, object]:
    """Return a finding as JSON values."""
    todo = finding.error.todo if finding.error else ""
    return {
        "grade": finding.grade,
        "what": finding.what,
        "details": list(finding.details),
        "todo": todo,
        "capabilities": dict(finding.facts),
    }


def as_options(
    seeds: list[str] | None, config: Path | None, model: str | None, base_url: list[str] | None
) -> list[str]:
    """Return what was checked as options for `selfgen run`."""
    named = [("--seeds", seed) for seed in seeds or []]
    named += [
        ("--config", str(config or "")),
        ("--model", model or ""),
        *(("--base-url", url) for url in base_url or []),
    ]
    return [word for pair in named if pair[1] for word in pair]
