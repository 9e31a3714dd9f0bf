"""`selfgen serve`: a vLLM server in one command, with its start made visible and its end made sure."""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfgen.cli.screen import err, line, next_step, say, tell, text
from selfgen.errors import NoServer, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from selfgen.assemble.local import Stage

LOOK_S = 0.2


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("serve", help=serve.__doc__)(serve)


def serve(
    model: Annotated[str, typer.Argument(help="A folder with a model, or an id as in Qwen/Qwen3-8B.")],
    vllm_command: Annotated[str, typer.Option(help="The vllm executable, if it is not on the PATH.")] = "",
    vllm_args: Annotated[str, typer.Option(help='For `vllm serve`, in quotes: "--tensor-parallel-size 2".')] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 0,
    name: Annotated[str, typer.Option(help="What the server calls the model; without it that of the folder.")] = "",
    log: Annotated[Path, typer.Option(help="Where its log goes.")] = Path("vllm.log"),
) -> int:
    """Start a vLLM server, wait until it generates, and keep it until Ctrl-C."""
    from selfgen.assemble.local import start
    from selfgen.assemble.places import OWN
    from selfgen.assemble.settings import environment
    from selfgen.config import VllmConfig

    model = model.removeprefix(OWN)
    config = VllmConfig(model=model, command=vllm_command, args=split(vllm_args), port=port)
    tell(f"starting vLLM for {line(model)}; its log is {log}", "bold")
    with _terminated_as_interrupted():
        with stages() as on_stage:
            server = start(config, name, log, on_stage, environment(), tell=_hear)
        with server:
            with suppress(KeyboardInterrupt):
                say(server.base_url)
                run = ["selfgen", "run", "--seeds", "general_en", "--base-url", server.base_url, "--model", server.name]
                next_step(shlex.join(run), "in another terminal; Ctrl-C here stops the server")
                while not server.given_up:
                    time.sleep(LOOK_S)
                raise NoServer("vLLM does not come back", todo=f"Its log: {log}")
            tell("stopping vLLM ...", "dim")
    tell("vLLM is stopped; nothing of it is left", "dim")
    return 0


def split(vllm_args: str) -> tuple[str, ...]:
    """Cut what stands after --vllm-args into words, as a shell does. Raises UsageError for an open quote."""
    try:
        return tuple(shlex.split(vllm_args))
    except ValueError as error:
        what = f"--vllm-args: {str(error).lower()}: {vllm_args}"
        raise UsageError(what, todo="Close the quote; quote the whole once more.") from error


@contextmanager
def stages() -> Iterator[Callable[[Stage], None]]:
    """Show the stages of a start: in one moving line on a terminal, as a line for each elsewhere."""
    console = err()
    if console.is_terminal:
        with console.status(text("starting vLLM")) as status:
            yield lambda stage: status.update(text(stage.sentence))
    else:
        yield _Lines().show


class _Lines:
    """A dated line for each stage; progress within one is left out."""

    def __init__(self) -> None:
        self._last = ""

    def show(self, stage: Stage) -> None:
        if stage.name != self._last:
            self._last = stage.name
            tell(f"{time.strftime('%H:%M:%S')}  {stage.name}")


def _hear(kind: str, sentence: str) -> None:
    tell(f"{time.strftime('%H:%M:%S')}  {line(sentence)}", "yellow")


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Treat SIGTERM, and a terminal that goes away, like Ctrl-C."""

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
