"""From texts to vectors: sentence-transformers models, and vectors that were kept from before.

This file is the only one that knows sentence-transformers and torch, which it imports on first use and lets load
nothing from the network: a model is a folder, or the name of one that is in the local cache already. Knows no filter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from selfgen.errors import BadConfig
from selfgen.filters.vectors import Halves, Vectors, to_halves, to_units

_MODEL_FILES = ("modules.json", "config.json")
DTYPES = ("auto", "float32", "bfloat16", "float16")


class Encoder(Protocol):
    """Turns n texts into n vectors: anything that numpy reads as an array of shape (n, d)."""

    def encode(self, texts: Sequence[str]) -> npt.ArrayLike: ...


class Shelf(Protocol):
    """Where vectors are kept: bytes by text."""

    def get(self, text: str) -> bytes | None: ...
    def put(self, rows: Sequence[tuple[str, bytes]]) -> None: ...


class SentenceEncoder:
    """A sentence-transformers model, loaded when the first texts come. Raises BadConfig then, where the package or the
    model is not on this machine.

    `device` is torch's name for it, or auto: a GPU where there is one. `dtype` auto is bfloat16 on a GPU, and on a
    processor that computes in it (one that does not is three times as slow with it as with float32); it moves a cosine
    by up to 0.005. `prompt` names one of the model's own prompts; none is used without it."""

    def __init__(
        self, model: str, *, device: str = "auto", dtype: str = "auto", prompt: str = "", batch: int = 64
    ) -> None:
        self._name, self._device, self._dtype = model, device, dtype
        self._prompt, self._batch = prompt or None, batch
        self._model: Any = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts, a batch at a time."""
        self._model = self._model or self._open()
        found = self._model.encode(
            list(texts),
            batch_size=self._batch,
            prompt_name=self._prompt,
            show_progress_bar=False,
            convert_to_tensor=True,
        )
        return np.asarray(found.float().cpu().numpy(), dtype=np.float32)

    def _open(self) -> Any:
        model = _load(self._name, self._device)
        if self._prompt and self._prompt not in model.prompts:
            names = ", ".join(model.prompts) or "none"
            raise BadConfig(
                f"filter semantic: {self._name} has no prompt called {self._prompt!r}",
                todo=f"Its prompts are: {names}.",
            )
        return model.to(dtype=_choose_dtype(self._dtype, model.device.type))


def _load(model: str, device: str) -> Any:
    folder = Path(model)
    if folder.is_dir() and not any((folder / name).is_file() for name in _MODEL_FILES):
        inside = sorted(path.parent for name in _MODEL_FILES for path in folder.glob(f"*/{name}"))
        raise BadConfig(
            f"filter semantic: the folder {model} holds no embedding model (no {' or '.join(_MODEL_FILES)})",
            todo=f"Did you mean {inside[0]}?" if inside else "Name the folder that holds the model's files.",
        )
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise BadConfig(
            "filter semantic: the package sentence-transformers is not installed",
            todo="Install it with: pip install 'selfgen[embed]', name an embeddings server with base_url, "
            "or set semantic: false.",
        ) from error
    from transformers.utils import logging

    logging.disable_progress_bar()  # a bar for the weights, in the middle of ours
    try:
        return SentenceTransformer(model, local_files_only=True, device=None if device == "auto" else device)
    except (OSError, ValueError) as error:
        if folder.is_dir():
            what, todo = f"the model in {model} cannot be read ({str(error).splitlines()[0]})", "Copy it here anew."
        else:
            what = f"there is no embedding model {model!r} on this machine"
            todo = (
                f"selfgen downloads no models. Fetch it once with: hf download {model}; or, without a network, copy its"
                " folder here and name that: model=/models/..."
            )
        raise BadConfig(f"filter semantic: {what}", todo=todo) from error
    except (RuntimeError, AssertionError) as error:
        raise BadConfig(
            f"filter semantic: {model!r} cannot be put on device {device!r} ({str(error).splitlines()[0]})",
            todo="Give device as auto, cpu or cuda.",
        ) from error


def _choose_dtype(dtype: str, device: str) -> Any:
    """Return torch's type. What a processor can do it tells itself; nothing is timed, so that a machine always chooses
    the same."""
    import torch

    if dtype != "auto":
        return getattr(torch, dtype)
    if device == "cpu":
        can: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        able = bool(can.get("amx_bf16") or can.get("avx512_bf16"))
    else:
        able = device == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if able else torch.float32


class KeptEncoder:
    """Takes vectors from a shelf, encodes those that are missing, and puts them there."""

    def __init__(self, encoder: Encoder, shelf: Shelf) -> None:
        self._encoder, self._shelf = encoder, shelf

    def encode(self, texts: Sequence[str]) -> Halves:
        """Return vectors in the form in which they are kept, old or new. Raises ValueError as `to_halves`."""
        found = {text: kept for text in texts if (kept := self._shelf.get(text)) is not None}
        missing = list(dict.fromkeys(text for text in texts if text not in found))
        if missing:
            halves = to_halves(self._encoder.encode(missing)).astype("<f2")
            fresh = {text: row.tobytes() for text, row in zip(missing, halves, strict=True)}
            if any(len(kept) != halves.shape[1] * 2 for kept in found.values()):
                raise ValueError(f"{halves.shape[1]} dimensions, and another number before")
            self._shelf.put(tuple(fresh.items()))
            found |= fresh
        return np.stack([np.frombuffer(found[text], dtype="<f2") for text in texts]).astype(np.float16)

    def close(self) -> None:
        """Close what asks a server, if that is what encodes: whoever waits for it, waits no longer."""
        if callable(close := getattr(self._encoder, "close", None)):
            close()


_PROBES = {
    "zh": (
        ("解释为什么天空是蓝色的。", "苍穹呈现碧蓝，原因在哪里"),
        ("写一首关于秋天的短诗。", "以金秋为题作几行诗句"),
        ("计算半径为五厘米的圆的面积。", "已知圆盘半径5cm，求它多大"),
        ("给客户写一封道歉邮件。", "替我起草致歉信，收件者是顾客"),
        ("列举减少塑料垃圾的方法。", "怎样在日常里少用一次性制品"),
        ("比较火车和飞机出行的优缺点。", "坐高铁与乘航班各有何利弊"),
        ("猫为什么喜欢纸箱？", "喵星人钻盒子的缘故"),
        ("怎样缓解考试前的紧张情绪？", "临考焦虑该如何平复"),
        ("用一句话概括这篇文章。", "归纳全文主旨，限单句"),
        ("为新开的咖啡店起个名字。", "替刚营业的饮品铺想一个招牌称呼"),
    ),
    "en": (
        ("How can I fall asleep faster?", "What helps people get to sleep sooner at night"),
        ("Recommend films for the whole family.", "Which movies could parents and children watch together?"),
        ("Translate this paragraph into Chinese.", "Put the text below in Mandarin"),
        ("Explain why the sky is blue.", "What is the reason the heavens look azure"),
        ("Write a short poem about autumn.", "Compose a few verses on the fall season"),
        ("How do I make scrambled eggs with tomatoes?", "Steps for cooking a tomato omelette"),
        ("Compute the area of a circle with radius five.", "Given r = 5 cm, how large is the disc"),
        ("Write an apology email to a customer.", "Draft a message to a client saying sorry"),
        ("List ways to reduce plastic waste.", "How can one use fewer disposable packages"),
        ("Compare trains and planes for travel.", "Pros and cons of going by rail or by air"),
    ),
}
KNOWS = 7
"""Pairs of ten that a model must match to count as knowing a language."""


def unusable(error: ValueError) -> BadConfig:
    """Return what is told of a model whose vectors are not n of one length, with finite numbers."""
    return BadConfig(
        f"filter semantic: the embedding model gives vectors that cannot be used: {error}",
        todo="Choose another model; one that changed under the same name needs a new run.",
    )


def match_pairs(encoder: Encoder, lang: str) -> int:
    """Return how many of ten questions are nearest to their own paraphrase, of all ten, in the eyes of an encoder.

    A model that does not know a language sees unknown characters in it, and matches by chance. Measured: all-MiniLM-L6-
    v2, which is English, matches 10 of 10 English pairs and 1 of 10 Chinese ones; multilingual-e5-small 10 and 10.
    Raises BadConfig for vectors that cannot be used."""
    pairs = _PROBES[lang]
    texts = [text for pair in pairs for text in pair]
    try:
        units = to_units(encoder.encode(texts))
        if len(units) != len(texts):
            raise ValueError(f"shape {units.shape} for {len(texts)} texts")
    except ValueError as error:
        raise unusable(error) from error
    products = units[0::2] @ units[1::2].T
    return int((products.argmax(axis=1) == np.arange(len(pairs))).sum())
