"""A run's configuration: what a person may set, what it means, and which of it makes the dataset what it is.

Sources, later ones win: the defaults here, a YAML file, SELFGEN_* environment variables, the command line.
Identity is everything except `NOT_IDENTITY`, a short list of fields that cannot change the data, each with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from selfgen.errors import BadConfig, DataFault


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _without_secrets(value: str) -> str:
    parts = urlsplit(value)
    if "@" in parts.netloc or parts.query:
        raise ValueError("holds a user name, a password or a query; keys come from the environment (api_key_env)")
    return value


_ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"


class EndpointConfig(_Part):
    """One of several servers that offer the same model."""

    url: str = Field(min_length=1, description="an OpenAI-compatible server, with its /v1")
    model: str = Field("", description="what this server calls the model, if it is another name")
    weight: float = Field(1.0, gt=0, description="its share of the calls in flight, beside the others")
    api_key_env: str = Field(
        "", pattern=r"^$|" + _ENV_NAME, description="the variable with its key; empty: that of the model"
    )
    rpm: int | None = Field(None, ge=1, description="requests a minute, at most")
    tpm: int | None = Field(None, ge=1, description="tokens a minute, at most")

    _no_secrets = field_validator("url")(_without_secrets)


class VllmConfig(_Part):
    """A vLLM server that selfgen starts, watches and stops by itself. `model: vllm:PATH_OR_ID` is the short form."""

    model: str = Field("", description="a folder, or an id that vLLM can load; empty: no server is started")
    command: str = Field("", description="the vllm executable; empty: the one on the PATH")
    args: tuple[str, ...] = Field((), description="handed to `vllm serve` as they are: --tensor-parallel-size, 2 ...")
    port: int = Field(0, ge=0, le=65535, description="0: any free one")
    restarts: int = Field(3, ge=0, description="how often a server that dies is started again in one session")
    start_s: float = Field(3600, gt=0, description="how long loading may take")


class ModelConfig(_Part):
    """One model: who it is, where it is, and how it samples."""

    model: str = Field(
        "", description="`mock`, a model name of the server, or vllm:PATH_OR_ID; empty: the only one there"
    )
    base_url: str = Field("", description="an OpenAI-compatible server, with its /v1; empty: look for one")
    endpoints: tuple[EndpointConfig, ...] = Field((), description="several servers of this model, in place of base_url")
    vllm: VllmConfig = VllmConfig()
    api_key_env: str = Field(
        "OPENAI_API_KEY",
        pattern=_ENV_NAME,
        description="the name of the environment variable that holds the key",
    )
    temperature: float = Field(1.0, ge=0, le=2)
    top_p: float = Field(0.95, gt=0, le=1)
    max_tokens: int = Field(2048, ge=1, le=1_000_000, description="room for one reply")
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra_body: dict[str, Any] = Field(default_factory=dict, description="sent along with each call as it is")

    options: dict[str, float | str] = Field(default_factory=dict, description="options of `mock`, such as latency_s")

    _no_secrets = field_validator("base_url")(_without_secrets)

    @field_validator("endpoints")
    @classmethod
    def _each_once(cls, value: tuple[EndpointConfig, ...]) -> tuple[EndpointConfig, ...]:
        urls = [each.url.rstrip("/") for each in value]
        if len(set(urls)) < len(urls):
            raise ValueError(f"{next(url for url in urls if urls.count(url) > 1)} is named twice")
        return value

    @property
    def places(self) -> tuple[EndpointConfig, ...]:
        """The servers of this model: `endpoints`, or else the one at `base_url`."""
        return self.endpoints or ((EndpointConfig(url=self.base_url),) if self.base_url else ())


class LimitsConfig(_Part):
    """Where a run stops before its target. Empty means no limit. All but the hours count from the run's beginning."""

    max_calls: int | None = Field(None, ge=1)
    max_tokens: int | None = Field(None, ge=1, description="tokens read and written")
    max_cost: Decimal | None = Field(None, gt=0, description="in the currency of `prices`, which it needs")
    max_hours: float | None = Field(None, gt=0, description="of this session, not of the run's whole life")
    until: str = Field(
        "", pattern=r"^$|^([01]?\d|2[0-3]):[0-5]\d$", description="stop this session at HH:MM, local time"
    )


class SaturationConfig(_Part):
    """When a run gives up: fewer than `floor` of the drafts were kept over the last `window` turns."""

    window: int = Field(64, ge=4)
    floor: float = Field(0.02, ge=0, le=1)


class PricesConfig(_Part):
    """Prices of a million tokens, for the cost shown and for max_cost. Any currency."""

    prompt: Decimal = Field(Decimal(0), ge=0)
    cached_prompt: Decimal | None = Field(None, ge=0, description="for prompt tokens from the server's cache")
    completion: Decimal = Field(Decimal(0), ge=0)
    currency: str = Field("$", max_length=12, description="a sign or a code: $, €, ¥, CNY ...")


class WebhookConfig(_Part):
    """Who is told when a run is done, paused or stalled. The address may hold a secret, hence it stays outside."""

    url_env: str = Field(pattern=_ENV_NAME, description="the environment variable that holds the address")
    kind: Literal["auto", "json", "slack", "feishu", "dingtalk", "wecom"] = "auto"
    on: tuple[Literal["done", "stalled", "paused", "failed"], ...] = ("done", "stalled", "paused", "failed")


class CallsConfig(_Part):
    """How calls are made. None of it changes the data."""

    executor: Literal["stream", "batch"] = Field(
        "stream", description="batch: files, for a Batch API or vllm run-batch"
    )
    batch_size: int = Field(1000, ge=1, le=50_000, description="calls in one batch, at most")
    batch_poll_s: float = Field(30, gt=0, description="between two looks at a batch")
    concurrency: int | Literal["auto"] = "auto"
    max_concurrency: int = Field(1024, ge=1)
    timeout_s: float = Field(600, gt=0, description="one call, from sending to the last byte")
    idle_timeout_s: float = Field(300, gt=0, description="silence within one call")
    patience_s: float = Field(3600, gt=0, description="how long a run waits for a server that is away")
    send_seed: Literal["auto", "on", "off"] = Field("auto", description="a seed with each call; auto: not to vLLM")
    allow_insecure_key: bool = Field(False, description="send a key over plain http to another machine")

    @field_validator("concurrency")
    @classmethod
    def _at_least_one(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 1:
            raise ValueError("must be at least 1, or auto")
        return value


class RunConfig(_Part):
    """Everything that can be set for a run."""

    seeds: tuple[str, ...] = Field((), description="seed files; a bare name such as general_en means a set that ships")
    seed_format: Literal["auto", "self-instruct", "alpaca", "messages", "sharegpt", "csv", "txt", "lines"] = "auto"
    recipe: str = Field("self-instruct", description="self-instruct, alpaca, or that of a plug-in")
    recipe_options: dict[str, Any] = Field(default_factory=dict, description="such as tasks_per_call, seed_examples")
    lang: Literal["auto", "en", "zh"] = Field("auto", description="of prompts and tasks; auto: that of the seeds")
    domain: str = Field("", max_length=2000, description="a sentence about the field that the tasks should come from")
    prompts: str = Field("", description="a folder of templates that replace those that ship, file by file")
    target: int = Field(100, ge=1, description="records in the dataset")
    seed: int = Field(42, ge=0, lt=2**63, description="of all draws")
    propose: ModelConfig = ModelConfig()
    answer: ModelConfig | None = Field(None, description="the model that answers; empty: the one that proposes")
    filters: dict[str, bool | dict[str, Any]] = Field(
        default_factory=dict, description="options by filter name; false turns one off, true turns one on"
    )
    structured: Literal["auto", "json_schema", "grammar", "off"] = Field(
        "auto", description="auto: as the server proves it can"
    )
    lag_min: int = Field(16, ge=1, description="turns in flight, at least")
    lag_max: int = Field(8192, ge=1, description="turns in flight, at most")
    limits: LimitsConfig = LimitsConfig()
    saturation: SaturationConfig = SaturationConfig()
    prices: PricesConfig = PricesConfig()
    answer_prices: PricesConfig | None = Field(
        None, description="of the answering model, if they are others; in the same currency"
    )
    webhooks: tuple[WebhookConfig, ...] = ()
    calls: CallsConfig = CallsConfig()

    @property
    def answering(self) -> ModelConfig:
        """The model that answers: the one that proposes, at a calmer temperature, unless another is set."""
        return self.answer or self.propose.model_copy(update={"temperature": min(0.7, self.propose.temperature)})


NOT_IDENTITY: Mapping[str, str] = {
    "target": "a smaller target gives the beginning of the larger dataset",
    "limits": "they say where a run stops, not what it contains",
    "saturation": "it says where a run stops, not what it contains",
    "prices": "they say what a run costs and where it stops, not what it contains",
    "answer_prices": "they say what a run costs and where it stops, not what it contains",
    "webhooks": "who is told does not change the data",
    "calls": "order and speed of arrival cannot matter",
    "calls.send_seed": "a wish to the server; what it replied is in the journal",
    "seeds": "the tasks read from them count, not where they lie",
    "seed_format": "the tasks read count",
    "prompts": "the templates read count, not where they lie",
    "propose.base_url": "the same model may move to another server",
    "propose.endpoints": "the same model may be on any number of servers",
    "propose.vllm": "who started the server does not change the data",
    "propose.api_key_env": "who pays does not change the data",
    "answer.base_url": "the same model may move to another server",
    "answer.endpoints": "the same model may be on any number of servers",
    "answer.vllm": "who started the server does not change the data",
    "answer.api_key_env": "who pays does not change the data",
}
"""Fields that do not make the dataset what it is, each with the reason."""


def identity_of(config: RunConfig) -> dict[str, Any]:
    """Return the part of a configuration that makes the dataset what it is, flat: "propose.temperature" -> 1.0."""
    flat = _flatten(config.model_dump(mode="json") | {"answer": config.answering.model_dump(mode="json")})
    return {name: value for name, value in flat.items() if not _excluded(name)}


def _excluded(name: str) -> bool:
    return any(name == field or name.startswith(field + ".") for field in NOT_IDENTITY)


_OPEN = frozenset({"extra_body", "options", "recipe_options"})
"""Tables whose names are not ours: kept whole, since a name in them may hold a dot."""


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in sorted(values.items()):
        if isinstance(value, Mapping) and value and name not in _OPEN:
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def read_file(path: Path) -> dict[str, Any]:
    """Read a YAML configuration. Raises BadConfig naming file and line."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadConfig(f"cannot read {path}: {error.strerror}", todo="Check --config.") from error
    except UnicodeDecodeError as error:
        raise BadConfig(f"{path} is not UTF-8 text", todo="Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "not YAML"
        raise BadConfig(f"{where}: {problem}", todo="See the example that `selfgen init` writes.") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise BadConfig(f"{path}: expected settings as `name: value` lines", todo="See `selfgen init`.")
    return values


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay settings over one another, later ones on top, tables merged by key."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            below = merged.get(name)
            merged[name] = merge(below, value) if isinstance(value, Mapping) and isinstance(below, Mapping) else value
    return merged


def build(values: Mapping[str, Any], origin: str) -> RunConfig:
    """Check settings. Raises BadConfig with every fault, naming each field; `origin` says where they came from."""
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        faults = [DataFault(origin, 0, f"{_place(part['loc'])}: {_say(part)}") for part in error.errors()]
        known = ", ".join(RunConfig.model_fields)
        raise BadConfig("\n".join(map(str, faults)), todo=f"Settings that exist: {known}.") from error


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)


def _say(part: Any) -> str:
    if part["type"] == "extra_forbidden":
        return "there is no such setting"
    return str(part["msg"]).removeprefix("Value error, ").lower()
