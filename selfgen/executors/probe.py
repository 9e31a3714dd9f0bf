"""A look at the first turns of a run: real calls through the streaming executor, nothing written anywhere.

What comes back is what a forecast is made of: turns as they retired, and each call with its size and its time. Knows no
prices and draws no conclusions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from selfgen.core.machine import Machine
from selfgen.core.ports import Gates, Model
from selfgen.core.turns import Retired
from selfgen.core.work import Answered, Ask, Event, Refused, Role, Usage
from selfgen.errors import StoreFault
from selfgen.executors.purse import Purse
from selfgen.executors.stream import Ending, Stream


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it went: bytes of its prompt and of its reply, tokens as counted (None: refused), and when."""

    turn: int
    stage: int
    prompt_bytes: int
    reply_bytes: int
    usage: Usage | None
    began_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Probe:
    """What the first turns came to."""

    turns: tuple[Retired, ...]
    calls: tuple[Call, ...]
    ending: Ending


def probe(
    machine: Machine,
    gates: Gates,
    models: Mapping[Role, Model],
    purse: Purse,
    watch: Callable[[int], None] = lambda answered: None,
) -> Probe:
    """Work on a machine until its policy ends it; `watch` hears, a few times a second, how many calls are answered.
    Raises what ends a run badly."""
    timed: dict[int, _Timed] = {}
    calls: list[Call] = []
    for model in models.values():
        timed.setdefault(id(model), _Timed(model, calls))
    turns: list[Retired] = []
    watched = {role: timed[id(model)] for role, model in models.items()}
    stream = Stream(
        machine,
        gates,
        watched,
        _Nowhere(),
        turns.extend,
        purse=purse,
        watch=lambda snapshot: watch(len(calls)),
    )
    ending = stream.run()
    return Probe(tuple(turns), tuple(calls), ending)


class _Nowhere:
    """A journal that forgets: what a probe hears is for once."""

    def submit(self, events: Sequence[Event], done: Callable[[Sequence[Event]], None]) -> None:
        done(events)

    def watch(self, on_fault: Callable[[StoreFault], None]) -> None: ...

    def note(self, kind: str, text: str) -> None: ...


class _Timed:
    """A model whose calls are written down."""

    def __init__(self, model: Model, calls: list[Call]) -> None:
        self._model, self._calls = model, calls

    async def answer(self, ask: Ask) -> Answered | Refused:
        began_s = time.monotonic()
        event = await self._model.answer(ask)
        self._calls.append(
            Call(
                turn=ask.id.turn,
                stage=ask.id.stage,
                prompt_bytes=sum(len(message.content.encode("utf-8", "replace")) for message in ask.messages),
                reply_bytes=len(event.text.encode("utf-8", "replace")) if isinstance(event, Answered) else 0,
                usage=event.usage if isinstance(event, Answered) else None,
                began_s=began_s,
                ended_s=time.monotonic(),
            )
        )
        return event

    def room(self) -> int:
        return self._model.room()

    def state(self) -> str:
        return self._model.state()

    async def aclose(self) -> None:
        await self._model.aclose()
