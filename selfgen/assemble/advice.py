"""What the abilities of a model mean for a run: lines of a table, advice, and the few things that a person must hear.

Pure: knows capabilities and settings, and asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from selfgen.config import ModelConfig, RunConfig

if TYPE_CHECKING:
    from selfgen.models.abilities import Capabilities

THINKING_ROOM = 4096
"""A max_tokens below this may end in the middle of a thought."""
_FORMS = {"grammar": "to a grammar", "json_schema": "to a JSON schema", "off": "no"}
_UNTRIED = "not tried"
_SEEDS = {"exact": "same seed, same text", "taken": "taken, not exact", "refused": "refused", "untried": _UNTRIED}
_ANSWERS = {True: "yes", False: "no", None: "not known"}


def table(found: Sequence[Capabilities]) -> tuple[tuple[str, ...], ...]:
    """Return the abilities of one model on its servers as rows of cells: a property, and its value on each kind of
    server. Servers that can do the same share a column, headed by their numbers in `found`."""
    columns: dict[tuple[str, ...], list[int]] = {}
    for number, each in enumerate(found, 1):
        columns.setdefault(tuple(_cells(each).values()), []).append(number)
    rows = zip(_cells(found[0]), *columns, strict=True) if found else ()
    head = [("server", *(ranges(numbers) for numbers in columns.values()))] if len(found) > 1 else []
    return (*head, *(row for row in rows if set(row[1:]) != {_UNTRIED}))


def _cells(found: Capabilities) -> dict[str, str]:
    look = found.look
    server = found.version and f"vLLM {found.version}"
    limits = ", ".join(f"{number:,} {name}" for name, number in found.limits.items())
    cells = {
        "answers as": found.served_as,
        "software": server or look.fingerprint or "not told",
        "context": f"{look.max_model_len:,} tokens" if look.max_model_len else "not told",
        "protocol": "completions (no chat template)" if found.completions else "chat",
        "keeps to a form": _FORMS[found.structured],
        "thinks first": _ANSWERS[found.thinks],
        "counts tokens": _ANSWERS[found.usage_known],
        "seeds": _SEEDS[found.seed],
        "two replies a call": _ANSWERS[found.n],
        "rate limits": limits or "none told",
    }
    seen = f", counted as {found.long_prompt_tokens:,}" if found.long_prompt_tokens is not None else ""
    return cells | {"3,000-word prompt": _UNTRIED if found.long_prompt == "untried" else f"{found.long_prompt}{seen}"}


def ranges(numbers: Sequence[int]) -> str:
    """Write rising numbers short: 1-3,5."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def advise(found: Capabilities, model: ModelConfig, config: RunConfig) -> Iterator[str]:
    """Yield what a person could do for a better run on this model."""
    from selfgen.models.abilities import PROMPT_ROOM, fitting_room

    context, asked = found.look.max_model_len, model.max_tokens
    if found.long_prompt == "cut":
        yield _cut(found)
    if found.long_prompt == "refused":
        yield "refuses a prompt of 3,000 words: serve it with a longer context, or lower recipe_options.seed_examples"
    if context and context < PROMPT_ROOM:
        yield (
            f"context {context:,}: prompts of self-instruct need about {PROMPT_ROOM:,} tokens; lower "
            "recipe_options.seed_examples, or serve it with another --max-model-len"
        )
    elif context and context - asked < PROMPT_ROOM:
        yield (
            f"context {context:,} less max_tokens {asked:,} leaves little for prompts: set max_tokens to "
            f"{fitting_room(context):,} or less, or serve it with another --max-model-len"
        )
    if found.thinks and asked < THINKING_ROOM:
        yield f"thinks before it answers: set max_tokens to {THINKING_ROOM:,} or more"
    if not found.finished and not found.thinks:
        yield "does not come to an end by itself: a base model, or one that thinks; look at the first records"
    if found.completions:
        yield "has no chat template: prompts are sent as plain text; a model tuned for chat does better"
    if found.structured == "off" and config.structured != "off":
        yield "does not keep to a form: replies are read tolerantly; a vLLM or llama.cpp server would"
    if not found.usage_known:
        yield "does not count tokens: budgets are estimates"
    if found.exposed:
        yield "lets anybody on the network put it to sleep: start vLLM without VLLM_SERVER_DEV_MODE"
    if found.seed == "refused":
        yield "takes no seeds: they are not sent"


def warn(place: str, found: Capabilities, config: RunConfig) -> Iterator[str]:
    """Yield what a person must hear before a run begins."""
    if found.long_prompt == "cut":
        yield f"{place} {_cut(found)}"
    if config.structured not in ("auto", "off") and found.structured == "off":
        yield f"{place} does not keep to structured: {config.structured}, though it takes it; set structured: auto"


def _cut(found: Capabilities) -> str:
    return (
        f"cuts long prompts without a word: of 3,000 words it read {found.long_prompt_tokens:,} tokens. Give it a "
        "longer context (Ollama: OLLAMA_CONTEXT_LENGTH), or the model never sees the beginning of a prompt"
    )
