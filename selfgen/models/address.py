"""Addresses and keys that may be used: what a server's address may hold, and where a key may travel.

Knows no sockets. Addresses are checked before anything is sent.
"""

from __future__ import annotations

import ipaddress

import httpx2

from selfgen.errors import BadConfig


def is_loopback(host: str) -> bool:
    """Tell whether an address never leaves this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_address(base_url: str, *, has_key: bool, allow_insecure: bool) -> httpx2.URL:
    """Return the address without a closing slash. Raises BadConfig if it is none, or would give the key away."""
    try:
        url = httpx2.URL(base_url.strip())
    except httpx2.InvalidURL:
        raise BadConfig("The server's address is not a URL.", todo="Give --base-url http://host:port/v1.") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise BadConfig("The server's address must begin with http:// or https://.", todo="Correct --base-url.")
    if url.userinfo or url.query or url.fragment:
        todo = "Give the key through the environment, and the address without name, password and query."
        raise BadConfig(f"The address of {url.host} carries more than host and path.", todo=todo)
    if has_key and url.scheme == "http" and not is_loopback(url.host) and not allow_insecure:
        todo = "Use https, or set allow_insecure if you trust the network."
        raise BadConfig(f"The key would travel in the clear to {url.host}.", todo=todo)
    path = url.path.rstrip("/").removesuffix("/chat/completions")
    return url.copy_with(path=path or "/v1")


def check_key(key: str) -> str:
    """Return the key. Raises BadConfig where it cannot be a header: a line break of a file, or not ASCII."""
    if not key.isascii() or not key.isprintable() or key != key.strip():
        raise BadConfig(
            "The key holds blanks or characters that no key has.", todo="Set the key again, without quotes."
        )
    return key
