"""Looking at all servers of a configuration at once, before anything is spent: what each can do, or what is wrong.

Servers of one model are asked side by side. One that is not there is waited for until another has answered; then the
run can begin without it. Every fault of the set-up is found in one go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from selfgen.assemble.keys import explain_key, key_for
from selfgen.config import EndpointConfig, ModelConfig, RunConfig
from selfgen.errors import BadConfig, NoServer, NotAuthorised, SelfgenError

if TYPE_CHECKING:
    from selfgen.models.abilities import Capabilities, Wanted
    from selfgen.models.chat import Chat
    from selfgen.models.lane import Look
    from selfgen.models.preflight import Patience

PATIENCE_S = 60.0
LOOK_S = 10.0
LATE_S = 30.0
"""How much longer than the first one the other servers of a model may take."""
SILENCE_S = 120.0
"""How long one of these small calls may go unanswered: a server may load its model for the first of them."""
WHOLE_S = 300.0
"""How long one of them may take in all: a reply that trickles is no answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """One model on one server. `role` is the first of the run that it serves."""

    role: str
    model: ModelConfig
    endpoint: EndpointConfig

    @property
    def name(self) -> str:
        """How people and headers name it."""
        return place_name(self.endpoint, self.model)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found out about a place: what it can do, or why that is not known."""

    place: Place
    found: Capabilities | None
    error: SelfgenError | None = None


def place_name(endpoint: EndpointConfig, model: ModelConfig) -> str:
    """Name a model on a server: "MODEL at URL"."""
    return f"{endpoint.model or model.model} at {endpoint.url}"


def places_of(models: Mapping[str, ModelConfig]) -> tuple[Place, ...]:
    """Return the places of the models by role, each once; of two that are the same the one with more room for replies
    is looked at."""
    chosen: dict[str, Place] = {}
    for role, model in models.items():
        for endpoint in model.places:
            place = Place(role, model, endpoint)
            before = chosen.get(place.name)
            if before is None:
                chosen[place.name] = place
            elif before.model.max_tokens < model.max_tokens:
                chosen[place.name] = Place(before.role, model, endpoint)
    return tuple(chosen.values())


def look_at_all(
    places: Sequence[Place], config: RunConfig, environment: Mapping[str, str], *, patience_s: float = PATIENCE_S
) -> tuple[Outcome, ...]:
    """Look at every place; return the outcomes in the order of `places`."""
    return asyncio.run(_look_at_all(places, config, environment, patience_s))


async def _look_at_all(
    places: Sequence[Place], config: RunConfig, environment: Mapping[str, str], patience_s: float
) -> tuple[Outcome, ...]:
    by_role: dict[str, list[Place]] = {}
    for place in places:
        by_role.setdefault(place.role, []).append(place)
    groups = await asyncio.gather(*(_look_at_some(each, config, environment, patience_s) for each in by_role.values()))
    found = {outcome.place.name: outcome for group in groups for outcome in group}
    return tuple(found[place.name] for place in places)


async def _look_at_some(
    places: Sequence[Place], config: RunConfig, environment: Mapping[str, str], patience_s: float
) -> list[Outcome]:
    """Look at the servers of one model."""
    from selfgen.models.preflight import Patience

    patience = Patience(patience_s)
    looks = {asyncio.create_task(_look_at(place, config, environment, patience)): place for place in places}
    pending = set(looks)
    while pending and not any(look.done() and look.result().found for look in looks):
        _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    patience.end()
    if pending:
        _, pending = await asyncio.wait(pending, timeout=LATE_S)
    for late in pending:
        late.cancel()
    await asyncio.gather(*looks, return_exceptions=True)
    return [look.result() if not look.cancelled() else _too_late(place) for look, place in looks.items()]


def _too_late(place: Place) -> Outcome:
    what = f"{place.endpoint.url} does not answer, {LATE_S:g} s after another server did"
    return Outcome(place, None, NoServer(what, todo="See to it, or leave it out."))


async def _look_at(place: Place, config: RunConfig, environment: Mapping[str, str], patience: Patience) -> Outcome:
    """Look at one place. Errors that a person should read are an outcome too."""
    from selfgen.models.preflight import probe

    model, endpoint = place.model, place.endpoint
    try:
        chat = _open_chat(place, config, environment)
        try:
            return Outcome(place, await probe(chat, wanted_by(model, config), patience))
        finally:
            await chat.aclose()
    except NotAuthorised as error:
        return Outcome(place, None, explain_key(error, endpoint, model, environment))
    except SelfgenError as error:
        return Outcome(place, None, error)


def _open_chat(place: Place, config: RunConfig, environment: Mapping[str, str], *, completions: bool = False) -> Chat:
    from selfgen.models.chat import Chat

    model, endpoint, calls = place.model, place.endpoint, config.calls
    return Chat(
        base_url=endpoint.url,
        model=endpoint.model or model.model,
        key=key_for(endpoint, model, environment),
        extra_body=model.extra_body,
        max_tokens_field=model.max_tokens_field,
        idle_s=min(calls.idle_timeout_s, SILENCE_S),
        total_s=min(calls.timeout_s, WHOLE_S),
        allow_insecure=calls.allow_insecure_key,
        completions=completions,
    )


def look_again(
    known: Sequence[tuple[Place, Mapping[str, Any]]], config: RunConfig, environment: Mapping[str, str]
) -> Mapping[str, Look]:
    """Ask places that are known (their capabilities as JSON values) who they are now; return the looks by name. Places
    that do not answer at once are left out: the run waits for them."""

    async def look(place: Place, completions: bool) -> Look | None:
        chat = _open_chat(place, config, environment, completions=completions)
        try:
            async with asyncio.timeout(LOOK_S):
                return await chat.look()
        except (SelfgenError, TimeoutError):
            return None
        finally:
            await chat.aclose()

    async def look_at() -> list[Look | None]:
        return await asyncio.gather(*(look(place, bool(found.get("completions"))) for place, found in known))

    looks = asyncio.run(look_at()) if known else []
    return {place.name: found for (place, _), found in zip(known, looks, strict=True) if found is not None}


def wanted_by(model: ModelConfig, config: RunConfig) -> Wanted:
    """Return what a run will ask of a model."""
    from selfgen.core.work import Sampling
    from selfgen.models.abilities import Wanted

    form = config.structured
    return Wanted(
        Sampling(model.temperature, model.top_p, model.max_tokens),
        None if form == "auto" else () if form == "off" else (form,),
        form_required=form not in ("auto", "off"),
        send_seed=config.calls.send_seed,
    )


def check(outcomes: Sequence[Outcome], known: Sequence[tuple[Place, Look]] = ()) -> tuple[str, ...]:
    """Return warnings about servers that are not there. `known` are places that need not be looked at. Raises all
    faults of the set-up as one error, NoServer where no server of a model answers, and BadConfig where servers of one
    model have different ones."""
    faults = [each for each in outcomes if each.error is not None and not isinstance(each.error, NoServer)]
    if faults:
        raise join_errors(faults, alone=len(outcomes) + len(known) == 1)
    for role in dict.fromkeys(each.place.role for each in outcomes):
        group = [each for each in outcomes if each.place.role == role]
        looks = [(place, look) for place, look in known if place.role == role]
        looks += [(each.place, each.found.look) for each in group if each.found]
        if not looks:
            raise join_errors(group, alone=len(group) == 1)
        check_same(looks)
    away = [each for each in outcomes if each.error is not None]
    return tuple(f"{each.place.name} is left out until it answers. {each.error.what}" for each in away if each.error)


def join_errors(outcomes: Sequence[Outcome], *, alone: bool) -> SelfgenError:
    """Make one error of several, each with its place; of one kind where they are."""
    errors = [(each.place, each.error) for each in outcomes if each.error is not None]
    if alone:
        return errors[0][1]
    kinds = {type(error) for _, error in errors}
    kind = kinds.pop() if len(kinds) == 1 else BadConfig
    todo = "\n".join(dict.fromkeys(error.todo for _, error in errors if error.todo))
    return kind("\n".join(f"{place.name}: {error.what}" for place, error in errors), todo=todo)


def check_same(looks: Sequence[tuple[Place, Look]]) -> None:
    """Raise BadConfig unless all servers of a model have the same one, with the same context. What a server does not
    tell differs from nothing."""
    if all(_is_same(one, other) for one in looks for other in looks):
        return
    told = [
        f"  {place.endpoint.url}: {look.model}{f' ({look.root})' if look.root else ''}, "
        f"{f'{look.max_model_len:,} tokens' if look.max_model_len else 'context not told'}"
        for place, look in looks
    ]
    what = "\n".join([f"the servers of {looks[0][0].model.model} do not have the same model:", *told])
    raise BadConfig(what, todo="Serve the same model with the same length on all of them, or leave some out.")


def _is_same(one: tuple[Place, Look], other: tuple[Place, Look]) -> bool:
    """Tell whether two servers may have the same model. Weights are told by the last part of their path, since folders
    are where they are; without weights by the id, unless one of them is an alias."""
    first, second = one[1], other[1]
    if first.max_model_len and second.max_model_len and first.max_model_len != second.max_model_len:
        return False
    if first.root and second.root:
        return _last_part(first.root) == _last_part(second.root)
    return first.model == second.model or bool(one[0].endpoint.model or other[0].endpoint.model)


def _last_part(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
