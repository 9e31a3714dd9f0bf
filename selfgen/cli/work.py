"""`selfgen run` and `selfgen resume`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfgen.cli.limits import (
    AnswerPrices,
    Currency,
    MaxCalls,
    MaxCost,
    MaxHours,
    MaxTokens,
    PriceOption,
    Until,
    limits,
    read_prices,
)
from selfgen.cli.places import BASE_URL, MODEL, VLLM_ARGS, Executor, Wait, moved, own, served
from selfgen.cli.screen import err, line, tell
from selfgen.errors import UsageError

if TYPE_CHECKING:
    from selfgen.assemble.session import Session

Seeds = Annotated[
    list[str] | None,
    typer.Option(help="Seed file, or a set that ships (general_en, general_zh ...). May be given several times."),
]
SEMANTIC = "Embedding similarity: on, off, or options, as in max=0.92,model=/models/mine,band=0.6..0.8 (off)."
TOKENIZER = "How ROUGE-L cuts Chinese: characters, or jieba, by words (needs the package jieba)."


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("run", help=run.__doc__)(run)
    app.command("resume", help=resume.__doc__)(resume)


def run(
    seeds: Seeds = None,
    model: Annotated[str | None, typer.Option(help=MODEL)] = None,
    base_url: Annotated[list[str] | None, typer.Option(help=BASE_URL)] = None,
    answer_model: Annotated[str | None, typer.Option(help="Model that answers, if it is another.")] = None,
    answer_base_url: Annotated[list[str] | None, typer.Option(help="Its server, if it is another.")] = None,
    vllm_command: Annotated[str | None, typer.Option(help="The vllm executable, if it is not on the PATH.")] = None,
    vllm_args: Annotated[str | None, typer.Option(help=VLLM_ARGS)] = None,
    target: Annotated[int | None, typer.Option(min=1, help="Records wanted (100). May grow later.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; without it runs/SEEDS-MODEL.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file with any setting; see `selfgen init`.")] = None,
    recipe: Annotated[str | None, typer.Option(help="self-instruct or alpaca.")] = None,
    lang: Annotated[str | None, typer.Option(help="auto, en or zh.")] = None,
    domain: Annotated[str | None, typer.Option(help="The field that tasks should come from, in a sentence.")] = None,
    tokenizer: Annotated[str | None, typer.Option(help=TOKENIZER)] = None,
    semantic: Annotated[str | None, typer.Option(help=SEMANTIC)] = None,
    prompts: Annotated[Path | None, typer.Option(help="Folder of templates that replace those that ship.")] = None,
    seed_format: Annotated[str | None, typer.Option(help="Form of the seed files, if detection is wrong.")] = None,
    concurrency: Annotated[str | None, typer.Option(help="Calls at once: auto, or a number.")] = None,
    executor: Executor = None,
    wait: Wait = True,
    seed: Annotated[int | None, typer.Option(min=0, help="Of all random draws (42).")] = None,
    max_calls: MaxCalls = None,
    max_tokens: MaxTokens = None,
    max_cost: MaxCost = None,
    max_hours: MaxHours = None,
    until: Until = None,
    prices: PriceOption = None,
    answer_prices: AnswerPrices = None,
    currency: Currency = None,
    floor: Annotated[float | None, typer.Option(min=0, max=1, help="Acceptance below which it is saturated.")] = None,
) -> int:
    """Grow a dataset from seeds; the same command again continues it.

    Example:  selfgen run --seeds general_zh --model mock --target 200

    Example:  selfgen run --seeds my.jsonl --base-url http://localhost:8000/v1 --target 5000 --max-hours 8
    """
    settings = nest(
        {
            ("seeds",): seeds or None,
            ("propose", "model"): model,
            ("answer", "model"): answer_model,
            **served("propose", base_url, vllm_command, vllm_args),
            **served("answer", answer_base_url, *own(answer_model, vllm_command, vllm_args)),
            ("target",): target,
            ("recipe",): recipe,
            ("lang",): lang,
            ("domain",): domain,
            **_similarity(tokenizer, semantic),
            ("prompts",): str(prompts) if prompts else None,
            ("seed_format",): seed_format,
            **_calls(concurrency, executor),
            ("seed",): seed,
            **limits(max_calls, max_tokens, max_cost, max_hours, until),
            **read_prices(prices, answer_prices, currency),
            ("saturation", "floor"): floor,
        }
    )
    return _start(config, settings, out, wait)


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    target: Annotated[int | None, typer.Option(min=1, help="Records wanted, if no longer as before.")] = None,
    base_url: Annotated[list[str] | None, typer.Option(help="The server, or servers, if it has moved.")] = None,
    vllm_command: Annotated[str | None, typer.Option(help="The vllm executable, if it has moved.")] = None,
    vllm_args: Annotated[str | None, typer.Option(help=VLLM_ARGS)] = None,
    concurrency: Annotated[str | None, typer.Option(help="Calls at once: auto, or a number.")] = None,
    executor: Executor = None,
    wait: Wait = True,
    max_calls: MaxCalls = None,
    max_tokens: MaxTokens = None,
    max_cost: MaxCost = None,
    max_hours: MaxHours = None,
    until: Until = None,
    prices: PriceOption = None,
    answer_prices: AnswerPrices = None,
    currency: Currency = None,
    floor: Annotated[float | None, typer.Option(min=0, max=1, help="Acceptance below which it is saturated.")] = None,
) -> int:
    """Continue a run from its folder alone."""
    from selfgen.assemble.book import find_run, read_source
    from selfgen.config import build, merge

    folder = find_run(run)
    source = read_source(folder)
    settings = nest(
        {
            ("target",): target,
            **served("propose", None, vllm_command, vllm_args),
            **served("answer", None, vllm_command, vllm_args),
            **_calls(concurrency, executor),
            **limits(max_calls, max_tokens, max_cost, max_hours, until),
            **read_prices(prices, answer_prices, currency),
            ("saturation", "floor"): floor,
        }
    )
    before = moved(source.config, base_url or [])
    config = build(merge(before.model_dump(mode="json"), settings), "command line")
    return _work(folder, source.settle(config), wait)


def _start(config: Path | None, settings: dict[str, Any], out: Path | None, wait: bool) -> int:
    from selfgen.assemble.settings import gather
    from selfgen.assemble.source import load_source
    from selfgen.store.run_dir import RunDir

    gathered = gather(config, settings)
    source = load_source(gathered)
    folder = out or Path("runs") / default_name(gathered.seeds, gathered.recipe, gathered.propose.model)
    for notice in source.notices:
        tell(f"note: {notice}", "dim")
    return _work(RunDir(folder), source, wait)


def nest(values: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    """Return what was given on the command line as nested settings."""
    settings: dict[str, Any] = {}
    for place, value in values.items():
        if value is not None:
            table = settings
            for name in place[:-1]:
                table = table.setdefault(name, {})
            table[place[-1]] = value
    return settings


def _similarity(tokenizer: str | None, semantic: str | None) -> dict[tuple[str, ...], Any]:
    from selfgen.assemble.settings import read_semantic

    chosen = None if semantic is None else read_semantic(semantic)
    return {("filters", "rouge", "tokenizer"): tokenizer, ("filters", "semantic"): chosen}


def _calls(concurrency: str | None, executor: str | None) -> dict[tuple[str, ...], Any]:
    return {("calls", "concurrency"): read_concurrency(concurrency), ("calls", "executor"): executor}


def read_concurrency(value: str | None) -> int | str | None:
    """Read what stands after --concurrency. Raises UsageError for what is no number of calls."""
    if value in (None, "auto"):
        return value
    if value is not None and re.fullmatch("0*[1-9][0-9]{0,5}", value):
        return int(value)
    raise UsageError(f"--concurrency {value} is no number of calls", todo="Give a number from 1, or auto.")


def default_name(seeds: tuple[str, ...], recipe: str, model: str) -> str:
    """Return the run folder's name for a command without --out: the same command finds the same run."""
    parts = [Path(name).name.split(".")[0] for name in seeds[:2]]
    parts += [recipe] if recipe != "self-instruct" else []
    parts += [model.rstrip("/").rsplit("/", 1)[-1]] if model else []
    name = re.sub(r"[^A-Za-z0-9\u3400-\u9fff._-]+", "-", "-".join(parts)).strip("-._")
    return name[:80] or "run"


def _work(folder: Any, source: Any, wait: bool) -> int:
    from selfgen.assemble.book import guard, read_source
    from selfgen.assemble.doctor import rehearse
    from selfgen.assemble.embedding import language_notice
    from selfgen.assemble.places import own_servers
    from selfgen.assemble.servers import MOCK
    from selfgen.assemble.session import Session, World, read_header
    from selfgen.assemble.settings import environment

    guard(folder)
    if not read_header(folder):
        rehearse(source)
        if notice := language_notice(source.config, environment()):
            tell(f"note: {notice}", "yellow")
    elif source.config.target < (before := read_source(folder).config.target):
        tell(f"the target was {before:,}; the dataset now ends sooner, and the journal keeps the rest", "yellow")
    started = time.monotonic()
    if not folder.exists and source.config.propose.model != MOCK and not own_servers(source.config):
        places = source.config.propose.places
        asked = ", ".join(place.url for place in places) or "for a server"
        tell(f"asking {asked} ... (a server that is starting is waited for)")
    with ExitStack() as stack:
        with _Stages() as stages:
            world = World(stages.show, _hear, wait=wait)
            session = stack.enter_context(Session(folder, source, environment(), world))
            session.prepare()
        return _finish(session, started)


def _finish(session: Session, started: float) -> int:
    """Let a session work that is ready for it, with a view of it."""
    from selfgen.assemble.embedding import semantic_options
    from selfgen.assemble.parts import prices_of
    from selfgen.assemble.servers import MOCK
    from selfgen.cli.live import View
    from selfgen.cli.summary import show_ending

    config = session.source.config
    title = f"{session.run.path}   {config.recipe}  {config.lang}  {_models(config)}"
    tell(title, "bold")
    if session.machine.tally.turns:
        tell(f"continuing with {session.machine.tally.kept} records", "dim")
    if not semantic_options(config.filters):
        tell("similarity: ROUGE-L; embeddings are off (--semantic on turns them on)", "dim")
    if MOCK in (config.propose.model, config.answering.model):
        tell("mock is a stand-in, not a language model: do not train on its data", "yellow")
    with View(err(), title, config.target, prices_of(config)) as view:
        ending = session.work(view.watch)
    return show_ending(session, ending, time.monotonic() - started)


class _Stages:
    """Shows how servers of our own start, once one does."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._show: Callable[[Any], None] | None = None

    def __enter__(self) -> _Stages:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def show(self, stage: Any) -> None:
        """Show one stage."""
        from selfgen.cli.serve import stages

        if self._show is None:
            self._show = self._stack.enter_context(stages())
        self._show(stage)


def _hear(kind: str, sentence: str) -> None:
    """Print a part of the servers' story, on any thread."""
    tell(f"{time.strftime('%H:%M:%S')}  {line(sentence)}", "yellow")


def _models(config: Any) -> str:
    propose, answer = config.propose.model, config.answering.model
    return propose if propose == answer else f"{propose} proposes, {answer} answers"
