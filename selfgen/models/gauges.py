"""What a model server says of its own queue: from the text of GET /metrics to five numbers.

Knows the Prometheus text format and the names that vLLM (0.6 to 0.32), SGLang and llama.cpp give to the same things.
Knows no sockets and no clock, and decides nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

LARGEST_TEXT = 4_000_000
"""Characters. A server with eight engines and all histograms says about 600,000; whatever is larger is no queue."""
LONGEST_LINE = 4_000
LARGEST_VALUE = 1e18


@dataclass(frozen=True, slots=True)
class Gauges:
    """One look at a server. None: it does not say. `preemptions` and `generation_tokens` only ever grow while the
    server lives; `kv_use` is the share of the cache in use, 0 to 1."""

    running: float | None = None
    waiting: float | None = None
    kv_use: float | None = None
    preemptions: float | None = None
    generation_tokens: float | None = None


@dataclass(frozen=True, slots=True)
class _Metric:
    """The names of one number, the best first: the first that is there counts, and lines of several engines are joined
    by `join`. `only`: a label that the line must have."""

    names: tuple[str, ...]
    join: Callable[[Sequence[float]], float] = math.fsum
    only: tuple[str, str] | None = None


_METRICS = {
    "running": (_Metric(("vllm:num_requests_running", "sglang:num_running_reqs", "llamacpp:requests_processing")),),
    # What waits for a grammar or for another node (reason "deferred") says nothing of how full the server is.
    "waiting": (
        _Metric(("vllm:num_requests_waiting_by_reason",), only=("reason", "capacity")),
        _Metric(("vllm:num_requests_waiting", "sglang:num_queue_reqs", "llamacpp:requests_deferred")),
    ),
    # The fullest engine is the one that preempts, however empty the others are.
    "kv_use": (
        _Metric(
            (
                "vllm:kv_cache_usage_perc",
                "vllm:gpu_cache_usage_perc",
                "sglang:token_usage",
                "llamacpp:kv_cache_usage_ratio",
            ),
            max,
        ),
    ),
    "preemptions": (
        _Metric(
            (
                "vllm:num_preemptions_total",
                "vllm:num_preemptions",
                "sglang:num_retracted_requests_total",
                "sglang:num_retracted_reqs_total",
            )
        ),
    ),
    "generation_tokens": (
        _Metric(
            (
                "vllm:generation_tokens_total",
                "vllm:generation_tokens",
                "sglang:generation_tokens_total",
                "llamacpp:tokens_predicted_total",
            )
        ),
    ),
}
_NAMES = frozenset(name for metrics in _METRICS.values() for metric in metrics for name in metric.names)
_LINE = re.compile(
    r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>(?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*)\})?"
    r"[ \t]+(?P<value>\d[\d.]*(?:[eE][+-]?\d+)?)(?:[ \t]+-?\d+)?[ \t]*",
    re.ASCII,
)
_LABEL = re.compile(r'(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class _Sample:
    labels: dict[str, str]
    value: float


def read_gauges(text: str, model_name: str = "") -> Gauges | None:
    """Read what a server says; None where nothing of it is known to us.

    Where lines carry our model's name, only those count (several models behind one address); engines of one server
    are summed, but of `kv_use` the largest counts. Lines with NaN, negative or absurd values are passed over."""
    if len(text) > LARGEST_TEXT:
        return None
    samples: dict[str, list[_Sample]] = {}
    for line in text.splitlines():
        name = line[:64].partition("{")[0].split(maxsplit=1)
        if name and name[0] in _NAMES and (sample := _read_line(line)) is not None:
            samples.setdefault(name[0], []).append(sample)
    found = Gauges(**{each.name: _pick(each.name, samples, model_name) for each in fields(Gauges)})
    return None if found == Gauges() else found


def _read_line(line: str) -> _Sample | None:
    match = _LINE.fullmatch(line) if len(line) <= LONGEST_LINE else None
    if match is None:
        return None
    try:
        value = float(match["value"])
    except ValueError:
        return None
    if value > LARGEST_VALUE:
        return None
    return _Sample(dict(_LABEL.findall(match["labels"] or "")), value)


def _pick(field: str, samples: dict[str, list[_Sample]], model_name: str) -> float | None:
    for metric in _METRICS[field]:
        for name in metric.names:
            lines = samples.get(name, [])
            if metric.only is not None:
                lines = [each for each in lines if each.labels.get(metric.only[0]) == metric.only[1]]
            ours = [each for each in lines if each.labels.get("model_name") == model_name]
            values = [each.value for each in ours or lines if field != "kv_use" or each.value <= 1]
            if values:
                return metric.join(values)
    return None
