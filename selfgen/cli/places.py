"""The options of a command line that say where models are and how calls reach them, as settings."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from selfgen.cli.serve import split

MODEL = "Model that proposes: a name of the server, vllm:PATH_OR_ID (started and stopped with the run), or mock."
BASE_URL = "OpenAI-compatible server: http://HOST:PORT/v1. Several times: several servers of one model."
VLLM_ARGS = "For `vllm serve`, in quotes, as in '--tensor-parallel-size 8 --max-model-len 8192'."
Executor = Annotated[
    str | None, typer.Option(metavar="stream|batch", help="batch: by a Batch API, or vllm run-batch for vllm: models.")
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="With batches: wait for them, or submit and come back.")]


def served(role: str, urls: list[str] | None, command: str | None, args: str | None) -> dict[tuple[str, ...], Any]:
    """Return the settings of where a model is: addresses, or how its own server is started."""
    from selfgen.assemble.places import addresses

    words = None if args is None else list(split(args))
    placed: dict[tuple[str, ...], Any] = {(role, name): value for name, value in addresses(urls).items()}
    return placed | {(role, "vllm", "command"): command, (role, "vllm", "args"): words}


def own(model: str | None, command: str | None, args: str | None) -> tuple[str | None, str | None]:
    """What is said of vLLM holds for the answering model too, if it is one that selfgen serves."""
    from selfgen.assemble.places import OWN

    return (command, args) if model and model.startswith(OWN) else (None, None)


def moved(config: Any, urls: list[str]) -> Any:
    """Return the configuration of a run whose model is served elsewhere now; both roles move if they were together.
    Whether a server should be sent seeds is found out anew."""
    from selfgen.assemble.places import move

    if not urls:
        return config
    changed: dict[str, Any] = {"propose": move(config.propose, urls)}
    if _where(config.answering) == _where(config.propose):
        changed["answer"] = move(config.answering, urls)
    changed["calls"] = config.calls.model_copy(update={"send_seed": "auto"})
    return config.model_copy(update=changed)


def _where(model: Any) -> Any:
    """Return where a model is: on servers, which may have others too, or on one of its own."""
    return [place.url for place in model.places] or model.vllm.model
