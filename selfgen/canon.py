"""Canonical JSON and tagged digests. Nothing else in selfgen hashes anything.

A digest names its algorithm (`sha256:...`), so that a later one can live beside it. The canonical form is part of the
contract: sorted keys, no spaces, text as itself and not escaped, no NaN.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Return the one JSON text for `value`. Raises ValueError for NaN or infinity, TypeError for what is not JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_bytes(data: bytes) -> str:
    """Return `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Return the digest of the canonical JSON of `value`. A lone surrogate in a text raises UnicodeEncodeError."""
    return digest_bytes(canonical_json(value).encode("utf-8"))


def hash_int(*address: object) -> int:
    """Return 256 bits that depend on `address` alone: the source of all randomness (see core.draw)."""
    text = "\x1f".join(str(part) for part in address)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest(), "big")
