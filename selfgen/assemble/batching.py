"""The batch executor of a run, from its configuration: and which service takes the files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from selfgen.assemble.keys import key_for
from selfgen.assemble.servers import is_mock
from selfgen.assemble.serving import secrets_of
from selfgen.config import ModelConfig, RunConfig
from selfgen.core.work import Role
from selfgen.errors import BadConfig
from selfgen.store.journal import Reader, Writer
from selfgen.store.run_dir import RunDir

if TYPE_CHECKING:
    from selfgen.executors.batch_port import Backend
    from selfgen.models.batch_lines import Lines


def settle_unserved(config: RunConfig) -> RunConfig:
    """Settle what no server can be asked: `vllm run-batch` has none, and it keeps to grammars, as nobody else does."""
    alone = config.propose.vllm.model and config.answering.vllm.model
    form = "grammar" if alone else "json_schema"
    settled: dict[str, Any] = {"structured": form} if config.structured == "auto" else {}
    if config.calls.send_seed == "auto":
        settled["calls"] = config.calls.model_copy(update={"send_seed": "off"})
    return config.model_copy(update=settled)


def build_backends(config: RunConfig, environment: Mapping[str, str], run: RunDir) -> dict[Role, Backend]:
    """Build what takes the files of each role; roles that speak to the same model share it. Raises BadConfig."""
    propose = _build(config, "propose", environment, run)
    if _served(config.answering) == _served(config.propose):
        return {"propose": propose, "answer": propose}
    return {"propose": propose, "answer": _build(config, "answer", environment, run)}


def _served(model: ModelConfig) -> dict[str, Any]:
    return model.model_dump(exclude={"temperature", "top_p", "max_tokens"})


def check_batches(config: RunConfig) -> None:
    """Raise BadConfig where calls are to go out in batches, and a model is not at one service that could take them."""
    for model in (config.propose, config.answering) if config.calls.executor == "batch" else ():
        if is_mock(model) or len(model.places) > 1:
            where = f"has {len(model.places)} addresses" if model.places else "is no service"
            raise BadConfig(
                f"batches go to one service, and {model.model or 'the model'} {where}",
                todo="Name one with --base-url, a model of your own with --model vllm:PATH, or use --executor stream.",
            )


def _build(config: RunConfig, role: Role, environment: Mapping[str, str], run: RunDir) -> Backend:
    from selfgen.assemble.local import ROOM_FOR_PROMPTS
    from selfgen.models.batches import Batches
    from selfgen.models.vllm_batch import VllmBatch
    from selfgen.models.vllm_command import MAX_MODEL_LEN

    model = config.propose if role == "propose" else config.answering
    if model.vllm.model:
        room = max(config.propose.max_tokens, config.answering.max_tokens) + ROOM_FOR_PROMPTS
        return VllmBatch(
            _lines(config, model, model.model, ""),
            model.vllm.model,
            log=run.log_of(role),
            environment=environment,
            command=model.vllm.command,
            args=model.vllm.args,
            tokens=max(MAX_MODEL_LEN, room),
            secrets=secrets_of(config),
        )
    if len(model.places) != 1:
        raise BadConfig(
            f"batches go to one service, and {model.model or 'the model'} has no address",
            todo="Name it with --base-url, or --answer-base-url where it answers only.",
        )
    endpoint = model.places[0]
    key = key_for(endpoint, model, environment)
    return Batches(
        _lines(config, model, endpoint.model or model.model, key),
        base_url=endpoint.url,
        key=key,
        idle_s=config.calls.idle_timeout_s,
        allow_insecure=config.calls.allow_insecure_key,
    )


def _lines(config: RunConfig, model: ModelConfig, name: str, key: str) -> Lines:
    from selfgen.models.batch_lines import Lines

    return Lines(
        model=name,
        key=key,
        structured="off" if config.structured == "auto" else config.structured,
        extra_body=model.extra_body,
        max_tokens_field=model.max_tokens_field,
        send_seed=config.calls.send_seed == "on",
    )


class HeaderLedger:
    """Keeps what was submitted in the header of the journal."""

    def __init__(self, writer: Writer, run: RunDir) -> None:
        self._writer, self._run = writer, run

    def put(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep a value by name, durable on return."""
        self._writer.put_header({name: value})

    def all(self) -> Mapping[str, Any]:
        """Return all values by name, those of others too."""
        with closing(Reader(self._run.database)) as reader:
            return reader.header()
