"""Who is told of a run's end and trouble: the webhooks of a configuration, with their addresses from the environment.

A webhook that is not there, or that does not take a message, is a note and never an error of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from selfgen.config import RunConfig
from selfgen.webhooks.bodies import Message
from selfgen.webhooks.post import BadAddress, Hook, Outcome, Postman, build_hook, post
from selfgen.webhooks.texts import Event, Facts, compose, compose_test


@dataclass(frozen=True, slots=True)
class Listener:
    """A webhook, and the events it wants to hear of."""

    hook: Hook
    on: tuple[str, ...]


def find_listeners(config: RunConfig, environment: Mapping[str, str]) -> tuple[list[Listener], list[str]]:
    """Return the webhooks that can be posted to, and a sentence about each that cannot; it holds no address."""
    listeners: list[Listener] = []
    troubles: list[str] = []
    for each in config.webhooks:
        url = environment.get(each.url_env, "")
        if not url.strip():
            troubles.append(f"{each.url_env}: the environment variable is not set")
            continue
        try:
            listeners.append(Listener(build_hook(each.url_env, url, each.kind), each.on))
        except BadAddress as error:
            troubles.append(f"{each.url_env}: {error}")
    return listeners, troubles


class Herald:
    """Tells all who want to hear. `note` writes what became of messages into the run's story."""

    def __init__(self, config: RunConfig, environment: Mapping[str, str], note: Callable[[str, str], None]) -> None:
        self._listeners, troubles = find_listeners(config, environment)
        self._lang = config.lang
        self._note = note
        self._postman = Postman([listener.hook for listener in self._listeners])
        for trouble in troubles:
            note("webhook", trouble)

    def tell(self, event: Event, facts: Facts) -> None:
        """Post a message to whom it interests, and come back at once."""
        message: Message = compose(event, facts, self._lang)
        self._postman.send(message, [listener.hook for listener in self._listeners if event in listener.on])

    def hear(self) -> None:
        """Note what became of messages."""
        self._write(self._postman.outcomes())

    def close(self) -> None:
        """Wait for messages on their way, for at most a quarter of a minute."""
        self._write(self._postman.close())

    def _write(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            trouble = f": {outcome.trouble}" if outcome.trouble else ""
            self._note("webhook", f"{outcome.hook} was {'not ' if trouble else ''}told of {outcome.event!r}{trouble}")


def send_test(config: RunConfig, environment: Mapping[str, str]) -> tuple[list[Outcome], list[str]]:
    """Post a test message to each webhook, one after another; return what became of each, and which cannot be posted
    to at all."""
    listeners, troubles = find_listeners(config, environment)
    message = compose_test(config.lang)
    return [post(listener.hook, message) for listener in listeners], troubles


def name_run(path: Path) -> str:
    """Return what people call a run: the name of its folder, which holds nothing but letters, digits, . _ and -."""
    return path.absolute().name
