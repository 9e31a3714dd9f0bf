"""The servers of one session: those that selfgen starts by itself, and what preflight finds out about all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from selfgen.assemble.places import at, is_own, key_name, own_servers
from selfgen.assemble.preflight import look_again, places_of
from selfgen.assemble.servers import served_models, settle_all
from selfgen.config import ModelConfig, RunConfig
from selfgen.errors import BadConfig, Paused
from selfgen.store.run_dir import RunDir

if TYPE_CHECKING:
    from selfgen.assemble.servers import Settled
    from selfgen.models.vllm_hang import Hang
    from selfgen.models.vllm_log import Stage
    from selfgen.models.vllm_server import VllmServer


class Serving:
    """Starts the servers of a session, sees to them, and stops them. `on_stage` sees them start, `tell` hears their
    story, on any thread."""

    def __init__(
        self,
        run: RunDir,
        environment: Mapping[str, str],
        on_stage: Callable[[Stage], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._run, self._on_stage, self._tell = run, on_stage, tell
        self._servers = ExitStack()
        self._started: dict[str, VllmServer] = {}
        self._hangs: dict[str, Hang] = {}
        self.environment = dict(environment)

    def start(self, config: RunConfig) -> RunConfig:
        """Start what is to be started, wait until it generates, and return the configuration with its address.

        Raises what local.start raises, and leaves nothing then."""
        from selfgen.assemble.local import start

        for role in own_servers(config):
            model = config.propose if role == "propose" else config.answering
            server = start(
                model.vllm,
                model.model,
                self._run.log_of(role),
                self._on_stage,
                self.environment,
                tell=self._tell,
                max_tokens=max(config.propose.max_tokens, config.answering.max_tokens),
                secrets=secrets_of(config),
            )
            self._servers.enter_context(server)
            self._started[model.vllm.model] = server
            # Empty, unless a person gave the server a key of its own among its arguments.
            self.environment[key_name(role)] = server.key
            config = at(config, role, server.base_url, server.name)
        return config

    def settle(self, config: RunConfig, before: Mapping[str, Mapping[str, Any]]) -> Settled:
        """Look at all servers, and settle what depends on them. Those that earlier sessions looked at (`before`) are
        only asked who they are: another model than then is refused. One that is away is waited for later, while the run
        works. Raises BadConfig, and what settle_all raises."""
        settled = settle_all(config, self.environment, before)
        places = places_of(served_models(settled.config))
        again = [(place, before[place.name]) for place in places if place.name in before]
        for place, look in look_again(again, settled.config, self.environment).items():
            if difference := settled.looks[place].differs(look):
                what = f"{place} has another model than when the run began: {difference}"
                raise BadConfig(what, todo="Serve the same model again, or start a new run with another --out.")
        return settled

    def check(self) -> None:
        """Raise Paused when a server of ours is dead for good: nobody else will bring it back."""
        for server in self._started.values():
            if server.given_up:
                what = f"vLLM is dead, and its restarts are used up: see {server.log}"
                raise Paused(what, todo="Nothing is lost: the same command starts it again and goes on.")

    def hearer(self, model: ModelConfig) -> Callable[[str, str], None]:
        """Return who hears the story of a model's servers. Where it is ours alone, and hangs, and still does so a while
        after its calls were taken back, it is started again."""
        from selfgen.models.vllm_hang import Hang

        server = self._started.get(model.vllm.model)
        if server is None or not all(map(is_own, model.places)):
            return self._tell

        def restart() -> None:
            self._tell("vllm", "vLLM hangs; it is ended, and started again")
            server.restart()

        hang = self._hangs.setdefault(model.vllm.model, Hang(restart))

        def hear(kind: str, sentence: str) -> None:
            self._tell(kind, sentence)
            hang.hear(kind)

        return hear

    def close(self) -> None:
        """Stop every server that was started here."""
        for hang in self._hangs.values():
            hang.cancel()
        if self._started:
            self._tell("vllm", "stopping vLLM")
        self._started.clear()
        self._servers.close()


def lasting(settled: Settled) -> dict[str, Mapping[str, Any]]:
    """Return what a run keeps of what was found out about its servers: nothing of those that lived for one session."""
    places = places_of(served_models(settled.config))
    brief = {place.name for place in places if is_own(place.endpoint)}
    return {name: found for name, found in settled.capabilities.items() if name not in brief}


def secrets_of(config: RunConfig) -> tuple[str, ...]:
    """Return the environment variables that no server of our own should see."""
    models = (config.propose, config.answering)
    keys = [name for model in models for name in (model.api_key_env, *(each.api_key_env for each in model.endpoints))]
    return (*filter(None, keys), *(hook.url_env for hook in config.webhooks))
