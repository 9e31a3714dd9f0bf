"""What is typed to start a vLLM server: executable, options, environment, and where it will listen.

Our defaults give way to whatever the user set, and no option is given twice. Reads a model's config.json where it is on
this machine, to choose a context length. Starts nothing.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfgen.errors import BadConfig
from selfgen.models.vllm_faults import not_found

MAX_MODEL_LEN = 16_384
"""Tokens of prompt and reply together. Prompts here take two or three thousand; room for the 131,072 that some models
can read would cost a small GPU its KV cache, and vLLM refuses to start where not even one such sequence fits."""

HOST = "127.0.0.1"
_EVERYWHERE = {"0.0.0.0": HOST, "::": "::1", "": HOST}
_NOT_OURS = {
    "--uds": "listens on a socket file",
    "--grpc": "does not speak HTTP",
    "--headless": "listens nowhere",
    "--ssl-certfile": "speaks https",
    "--ssl-keyfile": "speaks https",
}
_HIDDEN = frozenset({"--api-key", "--hf-token"})
_QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
_MODEST = {"VLLM_CPU_KVCACHE_SPACE": "4"}
"""Read by builds without a GPU alone: they would take nearly all memory of the machine. In GiB."""
_KEY_NAMES = re.compile(
    r"(?:_API_?KEY|_TOKEN|_SECRET|_SECRET_?KEY|_ACCESS_KEY(?:_ID)?|_PRIVATE_KEY|_PASSWORD|_PASSWD|_CREDENTIALS?"
    r"|_CONNECTION_STRING|_DSN|_WEBHOOK|_WEBHOOK_URL|DATABASE_URL)$"
)
_KEPT_KEYS = re.compile(r"(?:VLLM_.*|HF_TOKEN|HUGGING_?FACE_HUB_TOKEN|MODELSCOPE_API_TOKEN)$")
_STORE_KEYS = re.compile(r"(?:AWS|GOOGLE|AZURE|RUNAI)_")
"""What opens a store in a cloud, and is of use where the model lies in one: s3://, gs://, az://."""
_LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length", "seq_length")


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line and what follows from it. `host` is where we connect to; `key` is what the server will ask for, ""
    for nothing; `notes` are what a person should know beforehand."""

    words: tuple[str, ...]
    model: str
    name: str
    host: str
    port: int
    key: str
    notes: tuple[str, ...]

    @property
    def base_url(self) -> str:
        """Return the address for OpenAI-compatible calls."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/v1"

    def shown(self) -> str:
        """Return the command line for a log or a person, without keys."""
        words, hidden = [], False
        for word in self.words:
            name, equals, _ = word.partition("=")
            if word.startswith("--"):
                hidden = _is_hidden(_spell(name))
                words.append(f"{name}=..." if hidden and equals else word)
            else:
                words.append("..." if hidden else word)
        return shlex.join(words)


def prepare(
    model: str,
    environment: Mapping[str, str],
    *,
    name: str = "",
    command: str = "",
    args: Sequence[str] = (),
    port: int,
    tokens: int = MAX_MODEL_LEN,
) -> Launch:
    """Make the command line of `vllm serve`. `tokens` caps the context of models that can read more.

    Raises BadConfig for a folder that holds no model, an executable that is not there, or options under which nobody
    could speak with the server; NoServer where vLLM is not installed."""
    place, given = _place(model), options(args)
    for option, why in _NOT_OURS.items():
        if option in given:
            raise BadConfig(f"{option} in --vllm-args: such a server {why}", todo="Leave it out.")
    name = _value(given, "--served-model-name") or name or name_of(model)
    if name.startswith("-") or not name.isprintable():
        what = f"a model cannot be called {name!r}"
        raise BadConfig(what, todo="Rename the folder, or give --served-model-name NAME in --vllm-args.")
    host, port = _value(given, "--host") or HOST, _port(given, port)
    config = find_config(place, environment)
    ours = [("--served-model-name", name), ("--host", host), ("--port", str(port))]
    notes = []
    if "--config" not in given:
        # A file of the user's gives way to the command line, so there only what we must know is said.
        ours += [("--enable-prefix-caching", ""), ("--disable-uvicorn-access-log", "")]
        longest = _longest(config)
        if longest is not None and longest > tokens and not _has(given, "--max-model-len"):
            ours += [("--max-model-len", str(tokens))]
            notes.append(
                f"context: {tokens:,} of the {longest:,} tokens that {name} can read (--max-model-len in --vllm-args)"
            )
    if config is None and "--download-dir" not in given:
        notes += _about_a_download(place, environment)
    words = [*find_command(command, environment), "serve", place]
    for option, value in ours:
        if not _has(given, option):
            words += [option, value] if value else [option]
    key = _value(given, "--api-key") or environment.get("VLLM_API_KEY", "")
    return Launch((*words, *args), place, name, _EVERYWHERE.get(host, host), port, key, tuple(notes))


def options(args: Sequence[str]) -> dict[str, str]:
    """Read options: the first value of each, "" for a switch. vLLM takes --a_b for --a-b, and --a=b for --a b."""
    found: dict[str, str] = {}
    for place, word in enumerate(args):
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word.partition("=")
            after = args[place + 1] if place + 1 < len(args) else ""
            found[_spell(name)] = value if equals else after if not after.startswith("--") else ""
    return found


def name_of(model: str) -> str:
    """Return what a model is called where nobody gave it a name: its folder's name, or its id."""
    return Path(_place(model)).resolve().name if Path(_place(model)).exists() else model


def clean_environment(
    environment: Mapping[str, str], secrets: Sequence[str] = (), *, model: str = ""
) -> dict[str, str]:
    """Return the environment for vLLM: the user's, without keys, tokens and passwords for other services (`secrets`:
    more such names), and without telemetry unless the user wants it. HF_TOKEN and what begins with VLLM_ stay: they are
    vLLM's own; so does what opens the store of a model in a cloud. Where there is no GPU the cache is of a modest size
    unless the user sets it."""
    kept = {name: value for name, value in environment.items() if _may_pass(name, secrets, in_cloud="://" in model)}
    return _QUIET | _MODEST | kept


def _may_pass(name: str, secrets: Sequence[str], *, in_cloud: bool) -> bool:
    upper = name.upper()
    if _KEPT_KEYS.match(upper):
        return True
    return name not in secrets and (not _KEY_NAMES.search(upper) or (in_cloud and bool(_STORE_KEYS.match(upper))))


def find_command(command: str, environment: Mapping[str, str]) -> list[str]:
    """Return the words that start vLLM. Raises NoServer where it is not installed, BadConfig for no executable."""
    path = environment.get("PATH", os.defpath)
    if found := shutil.which(os.path.expanduser(command) or "vllm", path=path):
        return [found]
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if len(words) > 1 and (found := shutil.which(os.path.expanduser(words[0]), path=path)):
        return [found, *words[1:]]
    raise not_found(command)


def find_config(model: str, environment: Mapping[str, str]) -> Path | None:
    """Return the config.json of a model: in its folder, or where huggingface_hub keeps downloads. None: not here."""
    if Path(model).is_dir():
        config = Path(model) / "config.json"
        return config if config.is_file() else None
    if not _is_hub_id(model):
        return None
    cache = Path(environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "huggingface"
    home = Path(environment.get("HF_HOME") or cache)
    hub = Path(environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE") or home / "hub")
    found = sorted((hub / f"models--{model.replace('/', '--')}" / "snapshots").glob("*/config.json"))
    return found[0] if found else None


def _place(model: str) -> str:
    """Return a model as vLLM should find it. Raises BadConfig for a path that is none, or holds no model."""
    path = Path(os.path.expanduser(model))
    if model and not model.startswith("-") and path.is_dir():
        if not any((path / name).is_file() for name in ("config.json", "params.json")) and not [*path.glob("*.gguf")]:
            todo = "Give the folder that holds config.json, tokenizer and weights."
            raise BadConfig(f"{model} holds no model: there is no config.json in it", todo=todo)
        return str(path)
    looks_like_path = model.startswith(("/", "./", "../", "~")) or (model.count("/") > 1 and "://" not in model)
    if not model or model.startswith("-") or not model.isprintable() or (looks_like_path and not path.exists()):
        raise BadConfig(
            f"there is no model at {model!r}", todo="Give the folder of a model, or an id as in Qwen/Qwen3-8B."
        )
    return str(path) if path.exists() else model


def _is_hub_id(model: str) -> bool:
    return re.fullmatch(r"[\w.-]+(?:/[\w.-]+)?", model) is not None and not Path(model).exists()


def _about_a_download(model: str, environment: Mapping[str, str]) -> list[str]:
    """Say beforehand that a model which is not here will be fetched, or cannot be. ModelScope keeps its own apart."""

    def is_set(variable: str) -> bool:
        return environment.get(variable, "").lower() in ("1", "true", "yes", "on")

    if not _is_hub_id(model) or is_set("VLLM_USE_MODELSCOPE"):
        return []
    then = "HF_HUB_OFFLINE forbids a download" if is_set("HF_HUB_OFFLINE") else "vLLM downloads it from its hub now"
    return [f"{model} is not on this machine: {then}"]


def _longest(config: Path | None) -> int | None:
    """Return how many tokens a model can read by its own files, None where they do not say."""
    if config is None:
        return None
    values = _read(config)
    text = values.get("text_config")
    lengths = [table.get(name) for table in (values, text if isinstance(text, dict) else {}) for name in _LENGTHS]
    whole = [length for length in lengths if isinstance(length, int)]
    if not whole:
        return None
    limit = _read(config.with_name("tokenizer_config.json")).get("model_max_length")
    return min(max(whole), limit) if isinstance(limit, int) else max(whole)


def _read(path: Path) -> dict[str, Any]:
    """Read a JSON file of a model. What cannot be read says nothing; vLLM reads it too, and says what is wrong."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _port(given: Mapping[str, str], port: int) -> int:
    text = _value(given, "--port") or str(port)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise BadConfig(f"--port {text} in --vllm-args is no port", todo="Give one from 1 to 65535, or none.")
    return int(text)


def _spell(option: str) -> str:
    return "--" + option.removeprefix("--").replace("_", "-").lower()


def _is_hidden(name: str) -> bool:
    """Tell whether an option holds a secret: by its name, or by a beginning of it that could mean another one too."""
    return len(name) > 4 and any(option.startswith(name) for option in _HIDDEN)


def _has(given: Mapping[str, str], option: str) -> bool:
    """Tell whether the user set an option: by its name, shortened as argparse allows, or switched off."""
    return any(_means(each.replace("--no-", "--", 1), option) for each in given)


def _value(given: Mapping[str, str], option: str) -> str:
    """Return the value that the user gave an option, "" for none."""
    return next((value for name, value in given.items() if _means(name, option)), "")


def _means(name: str, option: str) -> bool:
    return name == option or (len(name) > 7 and option.startswith(name))
