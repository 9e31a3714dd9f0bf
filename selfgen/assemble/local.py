"""A vLLM server of our own, from the configuration: started, proved, and watched from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from selfgen.config import VllmConfig

if TYPE_CHECKING:
    from selfgen.models.vllm_log import Stage as Stage
    from selfgen.models.vllm_server import VllmServer

ROOM_FOR_PROMPTS = 8192
"""Tokens beside the reply, where replies may be long."""


def start(
    config: VllmConfig,
    name: str,
    log: Path,
    on_stage: Callable[[Stage], None],
    environment: Mapping[str, str],
    *,
    tell: Callable[[str, str], None] = lambda kind, sentence: None,
    max_tokens: int = 0,
    secrets: Sequence[str] = (),
) -> VllmServer:
    """Start the server of `config` and return it when it has generated a token. The caller stops it, or leaves its
    `with`; a death of this process stops it in any case.

    `name`: what it calls the model ("": the name of its folder, or its id). `max_tokens`: the longest reply that will
    be asked for. `secrets`: environment variables that it must not see, beside those whose names end in _API_KEY.
    `tell(kind, sentence)` hears its story: here what should be known beforehand, later, on another thread, deaths and
    returns. Raises BadConfig, NoServer, NotAuthorised or StoreFault, in words for a person, and leaves nothing."""
    from selfgen.models.vllm_command import MAX_MODEL_LEN
    from selfgen.models.vllm_server import VllmServer

    server = VllmServer(
        config.model,
        log=log,
        environment=environment,
        name=name,
        command=config.command,
        args=config.args,
        port=config.port,
        restarts=config.restarts,
        tokens=max(MAX_MODEL_LEN, max_tokens + ROOM_FOR_PROMPTS),
        secrets=secrets,
        tell=tell,
    )
    for note in server.launch.notes:
        tell("vllm", note)
    with ExitStack() as undone:
        undone.enter_context(server)
        server.start()
        server.wait_ready(config.start_s, on_stage)
        if server.completions:
            tell("vllm", f"{server.name} has no chat template: it is asked to complete texts")
        server.watch()
        undone.pop_all()
    return server
