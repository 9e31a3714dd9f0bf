"""Each way in which vLLM fails, by what its code writes into the log: the words for a person, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfgen.errors import BadConfig, NoServer, NotAuthorised, SelfgenError, StoreFault
from selfgen.models.vllm_faults import Start, explain, last_words, not_found

START = Start("some-org/plain-7b", 8123, "vllm", Path("runs/night/vllm.log"))
CORE = "(EngineCore pid=31) ERROR 11-21 09:00:05 [core.py:1100] "
AFTER = [
    CORE + "Traceback (most recent call last):",
    "(APIServer pid=30) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
]
CASES: list[tuple[str, str, type[SelfgenError], str, str]] = [
    (
        "option",
        "vllm: error: unrecognized arguments: --frobnicate 3",
        BadConfig,
        "does not know --frobnicate 3",
        "--help",
    ),
    (
        "short",
        "vllm serve: error: ambiguous option: --max could match --max-a, --max-b",
        BadConfig,
        "--max could",
        "--help",
    ),
    (
        "value",
        "vllm serve: error: argument --dtype: invalid choice: 'f9'",
        BadConfig,
        "cannot use --dtype",
        "--vllm-args",
    ),
    ("port", "OSError: [Errno 98] Address already in use", BadConfig, "port 8123 is taken", "--base-url"),
    (
        "port later",
        "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8123): address already in use",
        BadConfig,
        "port 8123 is taken",
        "--port",
    ),
    ("disk", "OSError: [Errno 28] No space left on device: '/models/x'", StoreFault, "disk is full", "HF_HOME"),
    (
        "gated",
        "Cannot access gated repo for url https://hub/some-org/plain-7b/resolve/main/config.json.",
        NotAuthorised,
        "some-org/plain-7b is a gated model",
        "HF_TOKEN",
    ),
    (
        "code",
        "Please pass the argument `trust_remote_code=True` to allow custom code to be run. [type=value_error]",
        BadConfig,
        "Python code of its own",
        "--trust-remote-code",
    ),
    (
        "code in a tokenizer",
        "using the `--trust-remote-code` flag in the CLI.",
        BadConfig,
        "Python code",
        "trust its author",
    ),
    (
        "network",
        "OSError: We couldn't connect to 'https://hub' to load the files, and couldn't find them in the cached files.",
        NoServer,
        "cannot be downloaded from here",
        "HF_ENDPOINT",
    ),
    (
        "offline",
        "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder for the "
        "specified revision on the local disk and outgoing traffic has been disabled.",
        NoServer,
        "is not on this machine",
        "HF_HUB_OFFLINE",
    ),
    (
        "unknown id",
        "OSError: some-org/plain-7b is not a local folder and is not a valid model identifier listed on 'https://hub'",
        BadConfig,
        "there is no model some-org/plain-7b",
        "HF_TOKEN",
    ),
    (
        "folder",
        "  Value error, Invalid repository ID or local directory specified: '/models/empty'.",
        BadConfig,
        "there is no model",
        "config.json",
    ),
    (
        "architecture",
        "  Value error, Model architectures ['OddForCausalLM'] are not supported for now.",
        BadConfig,
        "('OddForCausalLM')",
        "newer vLLM",
    ),
    (
        "old architecture",
        "Model architecture OddLM was supported in vLLM until v0.9.0, and is not supported anymore.",
        BadConfig,
        "(OddLM)",
        "another model",
    ),
    (
        "model type",
        "ValueError: The checkpoint you are trying to load has model type `odd` but Transformers does not recognize it",
        BadConfig,
        "(odd)",
        "newer vLLM",
    ),
    (
        "too long",
        "User-specified max_model_len (99999) is greater than the derived max_model_len (max_len=4096.0 or",
        BadConfig,
        "99999 is more than",
        "at most 4096 in",
    ),
    (
        "heads",
        "  Value error, Total number of attention heads (32) must be divisible by tensor parallel size (3).",
        BadConfig,
        "over 3 GPUs: it has 32",
        "divides 32",
    ),
    (
        "few GPUs",
        "ValueError: World size (8) is larger than the number of available GPUs (4) in this node.",
        BadConfig,
        "8 GPUs are asked for, and vLLM sees 4",
        "--tensor-parallel-size",
    ),
    (
        "no GPU",
        "RuntimeError: Failed to infer device type, please set",
        NoServer,
        "no GPU that it can use",
        "nvidia-smi",
    ),
    ("no GPU seen", "RuntimeError: No CUDA GPUs are available", NoServer, "no GPU", "CUDA_VISIBLE_DEVICES"),
    (
        "no driver",
        "RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU",
        NoServer,
        "no GPU",
        "CPU build",
    ),
    (
        "memory taken",
        "ValueError: Free memory on device cuda:0 (11.2/79.1 GiB) on startup is less than desired GPU memory "
        "utilization (0.92, 72.77 GiB). Decrease GPU memory utilization or reduce GPU memory used by others.",
        NoServer,
        "only 11.2 of 79.1 GiB are free on cuda:0, and vLLM wants 72.77",
        "nvidia-smi",
    ),
    (
        "memory of a machine without a GPU",
        "ValueError: Available memory on node 0 (9.2/14.5 GiB) on startup is less than desired CPU memory utilization "
        "(0.92, 13.3 GiB). On the CPU backend the flag controls the fraction of CPU memory reserved.",
        NoServer,
        "only 9.2 of 14.5 GiB of this machine's memory are free, and vLLM wants 13.3",
        "VLLM_CPU_KVCACHE_SPACE",
    ),
    (
        "KV cache",
        "ValueError: To serve at least one request with the model's max seq len (32768), (8.0 GiB KV cache is "
        "needed, which is larger than the available KV cache memory (3.1 GiB). Based on the available memory, the "
        "estimated maximum model length is 12688. Try increasing",
        NoServer,
        "one sequence of 32768 tokens (it has room for 12688 tokens)",
        "--max-model-len 12688",
    ),
    (
        "KV cache, no estimate",
        "To serve at least one request with the model's max seq len (32768), (8.0 GiB KV cache is needed",
        NoServer,
        "of 32768 tokens",
        "a smaller --max-model-len",
    ),
    (
        "no KV cache",
        "ValueError: No available memory for the cache blocks.",
        NoServer,
        "no memory for the KV",
        "smaller or a quant",
    ),
    (
        "KV cache on the CPU",
        "ValueError: Available memory on node 0 (1.2/8.0 GiB) on kv cache allocation is less than requested memory for "
        "kv (4.0 GiB).",
        NoServer,
        "too little free memory",
        "VLLM_CPU_KVCACHE_SPACE",
    ),
    (
        "memory",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 896.00 MiB. GPU 0 has a total of 23.6 GiB",
        NoServer,
        "too little memory for some-org/plain-7b",
        "--tensor-parallel-size",
    ),
    (
        "engine killed",
        "RuntimeError: Engine core initialization failed. Failed core proc(s): {'EngineCore_0': -9}",
        NoServer,
        "killed by signal 9",
        "main memory",
    ),
    (
        "worker killed",
        "Worker proc VllmWorker-1 died unexpectedly (exit code: -9), shutting down executor.",
        NoServer,
        "killed by signal 9",
        "main memory",
    ),
    (
        "engine",
        "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue.",
        NoServer,
        "engine of vLLM died",
        "above",
    ),
]


@pytest.mark.parametrize(
    ("line", "kind", "what", "todo"), [each[1:] for each in CASES], ids=[each[0] for each in CASES]
)
def test_a_failure_in_plain_words(line: str, kind: type[SelfgenError], what: str, todo: str) -> None:
    for lines in ([line], [CORE + line, *AFTER], ["(APIServer pid=30) INFO 11-21 09:00:01 [x.py:1] hello", line, ""]):
        error = explain(lines, 1, START)
        assert type(error) is kind
        assert what in error.what
        assert todo in error.todo
        assert "runs/night/vllm.log" in error.todo


@pytest.mark.parametrize(
    "line",
    [
        "[W1121 socket.cpp:100] The server socket has failed to listen: port 29500, EADDRINUSE, address already in use",
        "(APIServer pid=30) INFO 11-21 09:00:01 [x.py:1] trust_remote_code=False, gpu_memory_utilization=0.92",
        "RuntimeError: the memory of an elephant is never full",
    ],
)
def test_innocent_look_alikes_get_no_wrong_advice(line: str) -> None:
    error = explain([line], 1, START)
    assert error.what.startswith("vLLM ended with exit code 1")


def test_what_nobody_knows_is_shown_as_the_log_has_it() -> None:
    lines = [
        "(APIServer pid=30) INFO 11-21 09:00:01 [x.py:1] non-default args: {'api_key': ['very-secret']}",
        *(CORE + f"line {number}" for number in range(20)),
        "somewhere.OddError: the moon is not right, sk-abcdefghijklmnopqrstuvwxyz0123456789",
        "a last line without meaning",
    ]
    error = explain(lines, 3, START)
    assert isinstance(error, NoServer)
    assert error.what.splitlines()[0] == "vLLM ended with exit code 3:"
    assert error.what.splitlines()[1:6] == [f"  line {number}" for number in range(15, 20)]
    assert error.what.splitlines()[6].startswith("  somewhere.OddError: the moon is not right")
    assert "very-secret" not in str(error)
    assert "sk-abc" not in str(error)
    assert error.todo == "Its log has more: runs/night/vllm.log"


def test_ends_without_words() -> None:
    assert explain([], 3, START).what == "vLLM ended with exit code 3"
    assert explain([], None, START).what == "vLLM does not go on"
    assert "signal 9" in explain(["hello"], 137, START).what
    assert last_words(["one", "two"]) == ("one", "two")
    started = explain(["selfgen: cannot start /opt/vllm: No such file or directory"], 127, START)
    assert started.what == "/opt/vllm cannot be started: No such file or directory"
    assert "pip install vllm" in started.todo
    assert "127" in explain(["bash: no such thing"], 127, START).what


def test_a_missing_executable() -> None:
    assert isinstance(not_found(""), NoServer)
    assert "pip install vllm" in not_found("").todo
    assert isinstance(not_found("/nowhere/vllm"), BadConfig)
    assert "--vllm-command" in not_found("/nowhere/vllm").todo
