"""The servers of one session: those that selfgen starts by itself, and what preflight finds out about all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from selfgen.assemble.places import OWN_KEY, at, own_servers
from selfgen.assemble.preflight import look_again, places_of
from selfgen.assemble.servers import served_models, settle_all
from selfgen.config import RunConfig
from selfgen.errors import BadConfig
from selfgen.store.run_dir import RunDir

if TYPE_CHECKING:
    from selfgen.assemble.servers import Settled
    from selfgen.models.vllm_log import Stage


class Serving:
    """Starts the servers of a session and stops them. `on_stage` sees them start, `tell` hears their story, on any
    thread. Use it as a context."""

    def __init__(
        self,
        run: RunDir,
        environment: Mapping[str, str],
        on_stage: Callable[[Stage], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._run, self._on_stage, self._tell = run, on_stage, tell
        self._servers = ExitStack()
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
            config = at(config, role, server.base_url)
            if server.key:
                config = self._hand_key(config, role, server.key)
        return config

    def _hand_key(self, config: RunConfig, role: str, key: str) -> RunConfig:
        """A person gave the server a key of its own among its arguments; only this server is sent it."""
        name_of_key = OWN_KEY + role.upper()
        self.environment[name_of_key] = key
        served = (config.propose if role == "propose" else config.answering).vllm.model
        placed: dict[str, Any] = {}
        for name, model in (("propose", config.propose), ("answer", config.answering)):
            if model.vllm.model == served:
                placed[name] = model.model_copy(update={"api_key_env": name_of_key})
        return config.model_copy(update=placed)

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

    def close(self) -> None:
        """Stop every server that was started here."""
        self._servers.close()


def secrets_of(config: RunConfig) -> tuple[str, ...]:
    """Return the environment variables that no server of our own should see."""
    models = (config.propose, config.answering)
    keys = [name for model in models for name in (model.api_key_env, *(each.api_key_env for each in model.endpoints))]
    return (*filter(None, keys), *(hook.url_env for hook in config.webhooks))
