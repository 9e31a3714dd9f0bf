"""The encoder of the semantic filter, made from what a run is: a model on this machine or a server, and the vectors
that lie beside the run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from selfgen.canon import canonical_json
from selfgen.config import RunConfig
from selfgen.store.run_dir import RunDir

_MAKES_VECTORS = ("model", "dtype", "prompt")
"""Options that make a vector what it is; where it is computed is no part of that."""
_MAKES_ENCODER = (*_MAKES_VECTORS, "device", "batch")


def semantic_options(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the semantic filter, defaults included; {} where it is off."""
    from selfgen.filters import DEFAULTS

    chosen = filters.get("semantic", False)
    if chosen is False:
        return {}
    return dict(DEFAULTS["semantic"]) | (dict(chosen) if isinstance(chosen, Mapping) else {})


def build_encoder(
    filters: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    run: RunDir | None = None,
    writable: bool = True,
    allow_insecure: bool = False,
) -> Any:
    """Return what encodes for the semantic filter of this configuration; None where it is off.

    With a run, vectors are taken from beside it, and kept there unless it is only read. One model on this machine
    serves all encoders of a process; connections to a server belong to one encoder, which closes them.
    Raises BadConfig for an option that does not exist, or a server's address that cannot be used."""
    from selfgen.filters import check_options

    options = semantic_options(filters)
    if not options:
        return None
    check_options("semantic", options)
    if options["base_url"]:
        encoder = _ask_server(options, environment.get(str(options["api_key_env"]), ""), allow_insecure)
    else:
        encoder = _load_model(canonical_json({name: options[name] for name in _MAKES_ENCODER}))
    if run is None:
        return encoder
    from selfgen.filters.encoders import KeptEncoder
    from selfgen.store.vectors import VectorFile

    return KeptEncoder(encoder, VectorFile(run, _owner(options), writable=writable))


def language_notice(config: RunConfig, environment: Mapping[str, str]) -> str:
    """Return a warning where the embedding model does not know the run's language, "" where it does or is not used."""
    encoder = build_encoder(config.filters, environment, allow_insecure=config.calls.allow_insecure_key)
    return warn_of_language(encoder, config.lang) if encoder is not None else ""


def warn_of_language(encoder: Any, lang: str) -> str:
    """Return a warning where an encoder cannot match paraphrases of a language, "" where it can."""
    from selfgen.filters.encoders import KNOWS, match_pairs

    matched = match_pairs(encoder, lang)
    if matched >= KNOWS:
        return ""
    name = {"zh": "Chinese", "en": "English"}[lang]
    return (
        f"the embedding model does not know {name}: it matches {matched} of 10 plain paraphrases; "
        "its similarities mean little, so name a multilingual model, or turn semantic off"
    )


def _ask_server(options: Mapping[str, Any], key: str, allow_insecure: bool) -> Any:
    from selfgen.models.embeddings import Embeddings

    return Embeddings(
        base_url=options["base_url"],
        model=options["model"],
        key=key,
        batch=options["batch"],
        allow_insecure=allow_insecure,
    )


@lru_cache(maxsize=2)
def _load_model(options_json: str) -> Any:
    """Build an encoder once for equal options: loading a model takes seconds, and a rehearsal needs it too."""
    import json

    from selfgen.filters.encoders import SentenceEncoder

    options = json.loads(options_json)
    return SentenceEncoder(options.pop("model"), **options)


def _owner(options: Mapping[str, Any]) -> str:
    """Return whose vectors a file holds: the model with all that makes its vectors what they are. A folder is known by
    its files too, since a model may be trained on under its name."""
    made = {name: options[name] for name in _MAKES_VECTORS}
    folder = Path(str(options["model"]))
    if not options["base_url"] and folder.is_dir():
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        made["files"] = [
            [path.relative_to(folder).as_posix(), path.stat().st_size, path.stat().st_mtime_ns] for path in files
        ]
    return canonical_json(made)
