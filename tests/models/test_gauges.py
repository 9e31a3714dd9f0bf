"""What servers say of their queues: several servers and versions, several engines and models, hostile text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.models.gauges import LARGEST_TEXT, Gauges, read_gauges

VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="tiny"} 12.0
vllm:num_requests_waiting{engine="0",model_name="tiny"} 5.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="tiny",reason="capacity"} 3.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="tiny",reason="deferred"} 2.0
vllm:kv_cache_usage_perc{engine="0",model_name="tiny"} 0.25
vllm:num_preemptions_total{engine="0",model_name="tiny"} 7.0
vllm:num_preemptions_created{engine="0",model_name="tiny"} 1.7952642565218444e+09
vllm:generation_tokens_total{engine="0",model_name="tiny"} 1.4547e+04
vllm:generation_tokens_created{engine="0",model_name="tiny"} 1.795264256521895e+09
"""

OLD_VLLM = """\
vllm:num_requests_running{model_name="tiny"} 3.0
vllm:num_requests_swapped{model_name="tiny"} 9.0
vllm:num_requests_waiting{model_name="tiny"} 1.0
vllm:gpu_cache_usage_perc{model_name="tiny"} 0.5
vllm:cpu_cache_usage_perc{model_name="tiny"} 0.9
vllm:num_preemptions_total{model_name="tiny"} 2.0
vllm:generation_tokens_total{model_name="tiny"} 100.0
"""

SGLANG = """\
sglang:num_running_reqs{model_name="tiny"} 161.0
sglang:num_queue_reqs{model_name="tiny"} 11.0
sglang:token_usage{model_name="tiny"} 0.28
sglang:num_retracted_requests_total{model_name="tiny"} 4.0
sglang:generation_tokens_total{model_name="tiny"} 7.5e+06
"""

LLAMA_CPP = """\
llamacpp:requests_processing 2
llamacpp:requests_deferred 6
llamacpp:kv_cache_usage_ratio 0.125
llamacpp:tokens_predicted_total 7801
"""


@pytest.mark.parametrize(
    ("text", "gauges"),
    [
        (VLLM, Gauges(12, 3, 0.25, 7, 14547)),
        (OLD_VLLM, Gauges(3, 1, 0.5, 2, 100)),
        (SGLANG, Gauges(161, 11, 0.28, 4, 7_500_000)),
        (LLAMA_CPP, Gauges(2, 6, 0.125, None, 7801)),
    ],
    ids=["vllm 0.32", "vllm 0.6", "sglang", "llama.cpp"],
)
def test_servers(text: str, gauges: Gauges) -> None:
    assert read_gauges(text) == gauges
    assert read_gauges(text, "tiny") == gauges
    assert read_gauges(text.replace("\n", "\r\n")) == gauges


def test_engines_are_summed_and_the_fullest_cache_counts() -> None:
    other = VLLM.replace('engine="0"', 'engine="1"').replace(" 0.25", " 0.75").replace(" 12.0", " 10.0")
    assert read_gauges(VLLM + other) == Gauges(22, 6, 0.75, 14, 29094)


def test_only_our_model_counts_among_several() -> None:
    other = VLLM.replace('model_name="tiny"', 'model_name="large"').replace(" 12.0", " 90.0")
    assert read_gauges(other + VLLM, "tiny") == read_gauges(VLLM)
    both = read_gauges(other + VLLM)
    assert both is not None
    assert both.running == 102


def test_an_alias_that_no_line_has_takes_them_all() -> None:
    assert read_gauges(VLLM, "alias") == read_gauges(VLLM)


def test_a_new_name_beside_the_old_one_is_not_counted_twice() -> None:
    gauges = read_gauges(VLLM + 'vllm:gpu_cache_usage_perc{engine="0",model_name="tiny"} 0.99\n')
    assert gauges is not None
    assert gauges.kv_use == 0.25


def test_labels_may_hold_anything_in_quotes() -> None:
    line = 'vllm:num_requests_running{model_name="a} \\"b\\" , c=1",engine="0"} 4 1700000000000\n'
    assert read_gauges(line) == Gauges(running=4)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "1e400", "1e30", "1_000", "0x10", "", "4 5 6", "1.2.3"])
def test_values_that_make_no_sense_are_passed_over(value: str) -> None:
    bad = f'vllm:num_requests_running{{engine="0"}} {value}\n'
    assert read_gauges(bad) is None
    assert read_gauges(bad + "vllm:num_requests_waiting 2\n") == Gauges(waiting=2)


def test_a_share_above_one_is_passed_over() -> None:
    assert read_gauges("vllm:kv_cache_usage_perc 25.0\n") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html><body>vllm:num_requests_running 5</body></html>",
        '{"vllm:num_requests_running": 5}',
        "# vllm:num_requests_running 5",
        "vllm:num_requests_running_per_second 5",
        "x_vllm:num_requests_running 5",
        'vllm:num_requests_running{engine="0" 5',
        "vllm:num_requests_running 5\n" + "x" * LARGEST_TEXT,
    ],
)
def test_what_is_no_such_text_is_none(text: str) -> None:
    assert read_gauges(text) is None


@pytest.mark.parametrize("open_label", ['{"', "{a" * 1900, '{a="' + "\\" * 3000, '{a="' + '"' * 3900])
def test_unclosed_labels_cost_no_time(open_label: str) -> None:
    text = f"vllm:num_requests_running{open_label} 1\n" * 500
    started = time.process_time()
    assert read_gauges(text) is None
    assert time.process_time() - started < 2


@settings(deadline=None)
@given(st.text(max_size=300), st.sampled_from([VLLM, SGLANG, LLAMA_CPP]), st.integers(0, 900))
def test_any_text_gives_sensible_numbers_or_none(noise: str, page: str, at: int) -> None:
    gauges = read_gauges(page[:at] + noise + page[at:])
    for value in () if gauges is None else (gauges.running, gauges.waiting, gauges.preemptions):
        assert value is None or 0 <= value <= 1e19
    assert gauges is None or gauges.kv_use is None or 0 <= gauges.kv_use <= 1
