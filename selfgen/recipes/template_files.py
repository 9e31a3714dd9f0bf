"""Finds template files on disk and splits each into the messages that it holds.

Folders are given in order of precedence: the first that has a file wins, so a folder of the user's own comes before the
shipped one. This file knows no Jinja: see templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from selfgen.errors import BadConfig

MessageRole = Literal["system", "user", "assistant"]
_ROLES: Mapping[str, MessageRole] = {"system": "system", "user": "user", "assistant": "assistant"}
_SEPARATOR = re.compile(r"^---[ \t]*([^\W\d]\w*)[ \t]*---[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)


def language_folder(root: Path, lang: str) -> Path:
    """Return `root/lang` where there is such a folder, else `root`: a prompts folder may serve one language or more."""
    return root / lang if (root / lang).is_dir() else root


def read_folders(folders: Sequence[Path]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for rank, folder in enumerate(reversed(folders)):
        if not folder.is_dir():
            raise BadConfig(f"{folder}: there is no such prompts folder", todo="Give a folder of *.j2 files.")
        paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.j2")) if path.is_file()}
        for name, path in paths.items():
            if rank and name not in found:
                near = get_close_matches(name, sorted(found), 1, 0) or ["none"]
                raise BadConfig(f"{path}: replaces no template of selfgen", todo=f"Name it as the original: {near[0]}")
            found[name] = (str(path), _read(path))
        if not paths:
            raise BadConfig(f"{folder}: holds no *.j2 file", todo="See prompts/README.md for the names of templates.")
    return found


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise BadConfig(f"{path}: cannot be read: {error.strerror}", todo="Check the file and its rights.") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadConfig(f"{path}:{line}: not UTF-8", todo="Save the template as UTF-8.") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split_messages(origin: str, text: str) -> Iterator[tuple[MessageRole, str]]:
    """Yield role and source of each message. Blank lines stand in for what came before, so line numbers hold."""
    marks = list(_SEPARATOR.finditer(text))
    head = text[: marks[0].start()] if marks else ""
    if _COMMENT.sub("", head).strip():
        raise BadConfig(f"{origin}:1: text before the first `--- role ---` line", todo="Put it below such a line.")
    if not marks:
        yield "user", text
        return
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        above = text.count("\n", 0, mark.end())
        if mark[1] not in _ROLES:
            what = f"{origin}:{above + 1}: {mark[1]} is not a role"
            raise BadConfig(what, todo="Use --- system ---, --- user --- or --- assistant ---.")
        yield _ROLES[mark[1]], "\n" * above + text[mark.end() : following.start() if following else None]
