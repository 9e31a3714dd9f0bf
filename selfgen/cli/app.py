"""All commands under one roof, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import typer
from typer.core import TyperGroup

from selfgen import __version__
from selfgen.cli import care, checks, clean, control, look, plan, serve, start, work
from selfgen.cli.screen import show_error, tell
from selfgen.errors import InternalError, SelfgenError, StoreFault

INTERRUPTED = 130

_HELP = """Grow an instruction dataset from a handful of seed tasks, in English and Chinese.

  selfgen run --seeds general_en --model mock --target 200    see it work, no model needed

  selfgen run --seeds my_seeds.jsonl --base-url http://localhost:8000/v1 --target 5000

  selfgen clean data.jsonl --dry-run                          see what is wrong with data that you have

A run is a folder under runs/. Stop it whenever you like, also with kill -9: the same command continues it.

Exit codes: 0 target reached, 10 budget used up, 11 saturated, 64 usage, 65 bad data, 69 no server, 70 fault of selfgen,
73 run folder in use, 74 disk full, 75 paused (server away, quota), 77 key refused, 78 bad configuration,
130 interrupted.
"""


class Ordered(TyperGroup):
    """Lists commands in the order in which a newcomer meets them."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run a command. An interrupt is told here, since typer makes a bare exit code of it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            tell("interrupted, nothing is lost; the same command goes on")
            return INTERRUPTED

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Return the names in the order in which they were added."""
        return list(self.commands)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"selfgen {__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """Build the command tree."""
    app = typer.Typer(
        cls=Ordered,
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def root(
        version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
    ) -> None: ...

    for group in (start, clean, plan, work, serve, look, control, care, checks):
        group.add_to(app)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. No traceback reaches a person unless SELFGEN_DEBUG is set."""
    try:
        result = typer.main.get_command(build())(list(arguments), prog_name="selfgen", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except SelfgenError as error:
        show_error(error)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        tell("interrupted, nothing is lost; the same command goes on")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # The reader of our output (head, less) has left, which typer turns into SystemExit.
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()
        return _report_system(error)
    except Exception as error:
        return _report(error)


def _drop_output() -> None:
    """Lead nowhere what standard output no longer takes: Python flushes it again on its way out."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_system(error: OSError) -> int:
    """Tell what the operating system would not do: a full disk, a missing right."""
    from selfgen.assemble.settings import wants_traceback

    if wants_traceback():
        traceback.print_exc()
    what = f"{error.filename or 'standard output'}: {error.strerror or error}"
    show_error(StoreFault(what, todo="Correct this and give the same command again; nothing is lost."))
    return StoreFault.exit_code


def _report(error: Exception) -> int:
    """Turn a usage error into its message, and anything unforeseen into one line and a file with the traceback."""
    show = getattr(error, "show", None)
    if callable(show):
        show()
        return 64
    from selfgen.assemble.settings import wants_traceback

    if wants_traceback():
        traceback.print_exc()
    else:
        with tempfile.NamedTemporaryFile("w", prefix="selfgen-", suffix=".log", delete=False) as log:
            traceback.print_exc(file=log)
        where = Path(log.name)
        what = f"selfgen stumbled: {type(error).__name__}: {error}"
        show_error(InternalError(what, todo=f"Please report this with {where}. A run loses nothing: run it again."))
    return InternalError.exit_code
