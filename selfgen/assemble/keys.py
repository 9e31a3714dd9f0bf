"""Which key goes to which server.

A key belongs to one host. An endpoint that names a variable of its own gets the key in it, and no other. The model's
own variable (OPENAI_API_KEY, unless another is set) is for the host of `base_url`; without one, for the host that all
endpoints without a variable of their own share. Where those are several hosts, none of them gets it: whoever writes a
list of servers does not thereby get the key that the reader of the list has for another place.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from selfgen.config import EndpointConfig, ModelConfig
from selfgen.errors import NotAuthorised


def key_for(endpoint: EndpointConfig, model: ModelConfig, environment: Mapping[str, str]) -> str:
    """Return the key that may be sent to a server of a model, "" for none."""
    name = key_variable(endpoint, model)
    return environment.get(name, "") if name else ""


def key_variable(endpoint: EndpointConfig, model: ModelConfig) -> str:
    """Return the name of the variable whose key may be sent to a server, "" where there is none."""
    if endpoint.api_key_env:
        return endpoint.api_key_env
    bound = [model.base_url] if model.base_url else [each.url for each in model.endpoints if not each.api_key_env]
    return model.api_key_env if {host_of(url) for url in bound} == {host_of(endpoint.url)} else ""


def host_of(url: str) -> str:
    """Return the host of an address in lower case, "" where there is none."""
    try:
        return (urlsplit(url.strip()).hostname or "").rstrip(".")
    except ValueError:
        return ""


def explain_key(
    error: NotAuthorised, endpoint: EndpointConfig, model: ModelConfig, environment: Mapping[str, str]
) -> NotAuthorised:
    """Say which variable is to blame for a key that was refused, or was not there."""
    name = key_variable(endpoint, model)
    if not name:
        what = f"the server wants a key, and {model.api_key_env} is not sent to several hosts"
        todo = f"Name the variable with the key of this server: endpoints: [{{url: {endpoint.url}, api_key_env: NAME}}]"
        return NotAuthorised(what, todo=todo)
    if not environment.get(name):
        return NotAuthorised(f"the server wants a key, and {name} is not set", todo=f"export {name}=...")
    return NotAuthorised(error.what, todo=f"Set the right key in {name}, then run the same command again.")
