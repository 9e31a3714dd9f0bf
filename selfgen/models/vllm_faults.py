"""Why a vLLM server did not start, or died: from the lines of its log and its exit code to words and what to do.

Knows the messages of vLLM 0.32 and of what it stands on (argparse, torch, transformers, huggingface_hub), each by a
phrase that its code writes. Pure. What none of the rules knows is shown as the log has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from selfgen.errors import BadConfig, NoServer, NotAuthorised, SelfgenError, StoreFault
from selfgen.models.faults import clean_text
from selfgen.models.vllm_guard import CANNOT_START
from selfgen.models.vllm_log import is_error, message_of

KILLED = 128 + 9
LINES_SHOWN = 6
ALL_OPTIONS = "`vllm serve --help=all` lists all options."
INSTALL = (
    "Install it (`pip install vllm`, in an environment of its own if you like), or name its executable with "
    "--vllm-command PATH. Any other OpenAI-compatible server does as well: --base-url http://HOST:PORT/v1"
)


@dataclass(frozen=True, slots=True)
class Start:
    """What was tried: the model, where it was to listen, the executable, and where its log is."""

    model: str
    port: int
    command: str
    log: Path


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    kind: type[SelfgenError]
    say: Callable[[re.Match[str], Start], tuple[str, str]]


def _less_memory(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"the GPU has too little memory for {start.model}",
        "Spread it over more GPUs (--tensor-parallel-size 2 in --vllm-args), or take a smaller or a quantised model. "
        "If memory ran out after the weights were loaded, lower --max-model-len or --max-num-seqs; "
        "if other programs use this GPU too, lower --gpu-memory-utilization.",
    )


def _small_cache(found: re.Match[str], start: Start) -> tuple[str, str]:
    longest = re.search(r"estimated maximum model length is (\d+)", found.string[found.start() :])
    fits = f" (it has room for {longest[1]} tokens)" if longest else ""
    wanted = f"--max-model-len {longest[1]}" if longest else "a smaller --max-model-len"
    return (
        f"too little memory is left for the KV cache of one sequence of {found[1]} tokens{fits}",
        f"Give {wanted} in --vllm-args, raise --gpu-memory-utilization, use more GPUs (--tensor-parallel-size), "
        "or take a smaller or a quantised model.",
    )


def _no_cache(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"the weights of {start.model} leave no memory for the KV cache",
        "Raise --gpu-memory-utilization in --vllm-args (up to 0.95 where nothing else uses the GPU), use more GPUs "
        "(--tensor-parallel-size), or take a smaller or a quantised model.",
    )


def _little_memory(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"only {found[1]} of {found[2]} GiB of this machine's memory are free, and vLLM wants {found[4]}",
        "End other programs, set VLLM_CPU_KVCACHE_SPACE to so many GiB for the cache as there are to spare, "
        "or lower --gpu-memory-utilization in --vllm-args (without a GPU it is of this memory).",
    )


def _taken_memory(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"only {found[2]} of {found[3]} GiB are free on {found[1]}, and vLLM wants {found[5]} "
        f"(--gpu-memory-utilization {found[4]})",
        "Another process holds memory of this GPU: `nvidia-smi` names it. End it, choose another GPU with "
        "CUDA_VISIBLE_DEVICES, or lower --gpu-memory-utilization in --vllm-args.",
    )


def _small_machine(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        "this machine has too little free memory for the KV cache of vLLM on the CPU",
        "Set VLLM_CPU_KVCACHE_SPACE=2 (GiB) or lower --gpu-memory-utilization, which counts main memory here; "
        "or end other programs.",
    )


def _no_gpu(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        "vLLM finds no GPU that it can use",
        "Does `nvidia-smi` list one? If so, driver and vLLM do not fit, or CUDA_VISIBLE_DEVICES hides it. Without a "
        "GPU use the CPU build of vLLM, or a server elsewhere: --base-url http://HOST:PORT/v1",
    )


def _few_gpus(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"{found[1]} GPUs are asked for, and vLLM sees {found[2]}",
        "Lower --tensor-parallel-size or --pipeline-parallel-size in --vllm-args, and look at CUDA_VISIBLE_DEVICES.",
    )


def _gated(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"{start.model} is a gated model: its owner wants to know who downloads it",
        f"Accept its licence at https://huggingface.co/{start.model}, make a token that may read, and give it: "
        "export HF_TOKEN=hf_...",
    )


def _no_network(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"{start.model} is not on this machine, and cannot be downloaded from here",
        "Give the folder of a copy, or download it where there is a network (`hf download`) and bring it here; "
        "is HF_HUB_OFFLINE set, or a proxy (HTTPS_PROXY), mirror (HF_ENDPOINT) or VLLM_USE_MODELSCOPE=true missing?",
    )


def _unknown_model(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"there is no model {start.model}",
        "Give a folder with a config.json, or an id as in Qwen/Qwen3-8B. A private model wants HF_TOKEN.",
    )


def _foreign_code(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"{start.model} brings Python code of its own, which vLLM runs only if you say so",
        "If you trust its author with this machine, add --trust-remote-code to --vllm-args.",
    )


def _unsupported(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"this vLLM does not know the architecture of {start.model} ({found[1]})",
        "A newer vLLM may know it (`pip install -U vllm`); or take another model.",
    )


def _unknown_option(found: re.Match[str], start: Start) -> tuple[str, str]:
    return f"vLLM does not know {found[1].strip()}", f"Correct --vllm-args. {ALL_OPTIONS}"


def _bad_value(found: re.Match[str], start: Start) -> tuple[str, str]:
    return f"vLLM cannot use {found[1]}: {found[2].strip()}", f"Correct --vllm-args. {ALL_OPTIONS}"


def _too_long(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"--max-model-len {found[1]} is more than {start.model} can read",
        f"Give at most {found[2].removesuffix('.0')} in --vllm-args.",
    )


def _heads(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        f"{start.model} cannot be spread over {found[2]} GPUs: it has {found[1]} attention heads",
        f"Give --tensor-parallel-size a number that divides {found[1]}.",
    )


def _port_taken(found: re.Match[str], start: Start) -> tuple[str, str]:
    return port_taken(start.port)


def _disk_full(found: re.Match[str], start: Start) -> tuple[str, str]:
    return (
        "the disk is full",
        "Make room where models are kept (HF_HOME, or ~/.cache/huggingface), compiled graphs (VLLM_CACHE_ROOT), and in "
        "/dev/shm (in Docker: --shm-size), then give the same command again.",
    )


def _killed(found: re.Match[str] | None, start: Start) -> tuple[str, str]:
    return (
        "vLLM was killed by signal 9",
        "Mostly this is the system out of main memory (`dmesg` then says: Out of memory). End other programs, "
        "or take a smaller model.",
    )


def _dead_engine(found: re.Match[str], start: Start) -> tuple[str, str]:
    return "the engine of vLLM died", f"The reason stands in {start.log}, above this."


_FATAL = tuple(
    _Rule(re.compile(pattern), kind, say)
    for pattern, kind, say in (
        (r"error: unrecognized arguments: ([^\n]+)", BadConfig, _unknown_option),
        (r"error: ambiguous option: ([^\n]+)", BadConfig, _unknown_option),
        (r"error: argument ([^\s:]+): ([^\n]+)", BadConfig, _bad_value),
        # Not the words alone: torch uses them for ports of its own.
        (r"\[Errno (?:98|48)\] Address already in use|attempting to bind on address", BadConfig, _port_taken),
        (r"No space left on device|Disk quota exceeded", StoreFault, _disk_full),
        (r"Cannot access gated repo|access a gated repo|is a gated repository|GatedRepoError", NotAuthorised, _gated),
        (
            r"pass the argument `trust_remote_code=True`|`--trust-remote-code`|requires you to execute the"
            r" (?:configuration|tokenizer|modeling) file",
            BadConfig,
            _foreign_code,
        ),
        (
            r"outgoing traffic has been disabled|couldn't connect to '|offline mode is enabled|LocalEntryNotFoundError",
            NoServer,
            _no_network,
        ),
        (
            r"is not a valid model identifier|Repository Not Found|Repo id must be in the form"
            r"|Invalid repository ID or local directory|RepositoryNotFoundError",
            BadConfig,
            _unknown_model,
        ),
        (r"Model architectures \[([^\]]+)\] are not supported", BadConfig, _unsupported),
        (r"Model architecture (\S+) (?:was supported|is not supported)", BadConfig, _unsupported),
        (r"The checkpoint you are trying to load has model type `([^`]+)`", BadConfig, _unsupported),
        (
            r"User-specified max_model_len \((\d+)\) is greater than the derived max_model_len \(\w+=([\d.]+)",
            BadConfig,
            _too_long,
        ),
        (r"attention heads \((\d+)\) must be divisible by tensor parallel size \((\d+)\)", BadConfig, _heads),
        (r"World size \((\d+)\) is larger than the number of available GPUs \((\d+)\)", BadConfig, _few_gpus),
        (
            r"Failed to infer device type|No CUDA GPUs are available|Found no NVIDIA driver|no NVIDIA GPU|"
            r"NVIDIA driver on your system is too old|CUDA driver version is insufficient|cudaGetDeviceCount|"
            r"no kernel image is available",
            NoServer,
            _no_gpu,
        ),
        (
            r"Free memory on device (\S+) \(([\d.]+)/([\d.]+) GiB\) on startup is less than desired GPU memory "
            r"utilization \(([\d.]+), ([\d.]+) GiB\)",
            NoServer,
            _taken_memory,
        ),
        (
            r"Available memory on node \S+ \(([\d.]+)/([\d.]+) GiB\) on startup is less than desired CPU memory "
            r"utilization \(([\d.]+), ([\d.]+) GiB\)",
            NoServer,
            _little_memory,
        ),
        (r"at least one request with the model's max seq len \((\d+)\)", NoServer, _small_cache),
        (r"No available memory for the cache blocks", NoServer, _no_cache),
        (r"Available memory on node .* is less than requested memory for kv", NoServer, _small_machine),
        (
            r"CUDA out of memory|HIP out of memory|OutOfMemoryError|not enough GPU memory|CUBLAS_STATUS_ALLOC_FAILED",
            NoServer,
            _less_memory,
        ),
        (r"exit ?code:? -9\b|core proc\(s\): \{[^}\n]{0,400}: -9\b", NoServer, _killed),
        (r"EngineDeadError|EngineCore encountered an issue|died unexpectedly", NoServer, _dead_engine),
    )
)
"""In this order: the cause of a failure stands before its consequences."""

_EXCEPTION = re.compile(r"(?:[A-Za-z_][\w]*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt)\b(?::|$)")


def explain(lines: Sequence[str], code: int | None, start: Start) -> SelfgenError:
    """Return what ended a server (`code` None: it has not ended) in words, with what to do and where its log is."""
    text = "\n".join(map(message_of, lines))
    if code == CANNOT_START and (found := re.search(r"selfgen: cannot start (.+?): ([^\n]+)", text)):
        return NoServer(f"{found[1]} cannot be started: {found[2]}", todo=INSTALL)
    for rule in _FATAL:
        if found := rule.pattern.search(text):
            what, todo = rule.say(found, start)
            return rule.kind(what, todo=f"{todo}\nIts log: {start.log}")
    if code == KILLED:
        what, todo = _killed(None, start)
        return NoServer(what, todo=f"{todo}\nIts log: {start.log}")
    last = last_words(lines)
    shown = "".join(f"\n  {line}" for line in last)
    ended = "does not go on" if code is None else f"ended with exit code {code}"
    return NoServer(f"vLLM {ended}{':' if last else ''}{shown}", todo=f"Its log has more: {start.log}")


def last_words(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the last lines that speak of an error, else the last lines, without secrets."""
    errors = [line for line in lines if is_error(line) or _EXCEPTION.match(message_of(line).strip())]
    shown = [text for line in (errors or lines) if (text := clean_text(message_of(line).strip()))]
    return tuple(dict.fromkeys(shown[-LINES_SHOWN:]))


def port_taken(port: int) -> tuple[str, str]:
    """Say that a port is taken, and what to do."""
    return (
        f"port {port} is taken by another program",
        f"Give another with --port (0: any free one). If a model server is there already, use it: "
        f"--base-url http://127.0.0.1:{port}/v1",
    )


def not_found(command: str) -> SelfgenError:
    """Say that there is no vLLM."""
    if command:
        return BadConfig(f"{command} is no executable", todo="Correct --vllm-command, or leave it out.")
    return NoServer("vLLM is not installed here: there is no `vllm` on the PATH", todo=INSTALL)
