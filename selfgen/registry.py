"""Names to parts: built-ins as "module:attribute" strings, then plug-ins from entry points. One way for all sockets.

A plug-in package declares, for example:

    [project.entry-points."selfgen.filters"]
    profanity = "my_package.filters:ProfanityFilter"

Nothing registers itself on import, and nothing is imported before it is asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from selfgen.errors import BadConfig

Socket = Literal["recipes", "filters", "models", "exporters"]

BUILTIN: dict[Socket, str] = {
    "recipes": "selfgen.recipes:BUILTIN",
    "filters": "selfgen.filters:BUILTIN",
    "exporters": "selfgen.export:BUILTIN",
}
"""Where each room lists its parts; `models` has none to list: a model is `mock` or a server."""


def names(socket: Socket) -> dict[str, str]:
    """Return what a socket offers: name to "module:attribute". Raises BadConfig when two owners claim one name."""
    found = dict(_attribute(BUILTIN[socket])) if socket in BUILTIN else {}
    for plugin in entry_points(group=f"selfgen.{socket}"):
        if plugin.name in found:
            raise BadConfig(
                f"two {socket} are called {plugin.name!r}: {found[plugin.name]} and {plugin.value} of {_owner(plugin)}",
                todo="Remove one of the two packages, or rename one of the entry points.",
            )
        found[plugin.name] = plugin.value
    return found


def load(socket: Socket, name: str) -> Any:
    """Import one part. Raises BadConfig, which lists the names there are, when there is none of that name."""
    offered = names(socket)
    if name not in offered:
        raise BadConfig(f"there are no {socket} called {name!r}", todo=f"Choose from: {', '.join(sorted(offered))}.")
    return _attribute(offered[name])


def owner(socket: Socket, name: str) -> str:
    """Return package and version of the plug-in that a name stands for, "" for a built-in part."""
    found = (_owner(plugin) for plugin in entry_points(group=f"selfgen.{socket}") if plugin.name == name)
    return next(found, "")


def make(what: str, factory: Callable[..., Any], given: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """Call a factory with what we give it and what a person set. Raises BadConfig naming an option it does not take."""
    takes = [name for name in inspect.signature(factory).parameters if name not in given]
    for name in options:
        if name not in takes:
            raise BadConfig(f"{what} has no option {name!r}", todo=f"Its options are: {', '.join(takes) or 'none'}.")
    try:
        return factory(**given, **options)
    except (TypeError, ValueError) as error:
        raise BadConfig(f"{what}: {error}", todo="Check its options in the configuration.") from error


def _owner(plugin: EntryPoint) -> str:
    return f"{plugin.dist.name} {plugin.dist.version}" if plugin.dist else "an unknown package"


def _attribute(target: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadConfig(f"cannot load {target}: {error}", todo="Reinstall the package that it comes from.") from error
