"""Exact duplicates of whole tasks."""

from __future__ import annotations

import pytest

from selfgen.core.tasks import Draft
from selfgen.filters.exact import ExactFilter


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Draft("a", "Translate this.", "Good day"), Draft("b", "translate  this.", "good day\n")),
        (Draft("a", "翻譯成英文", "你好"), Draft("b", "翻译成英文", "你好")),
    ],
)
def test_the_same_task_again_is_rejected_with_the_first_of_its_kind(first: Draft, second: Draft) -> None:
    exact = ExactFilter()
    assert exact.check(first).reason == ""
    exact.remember(first)
    exact.remember(second)
    found = exact.check(Draft("c", second.instruction, second.input))
    assert (found.reason, found.measures[0].nearest) == ("exact_duplicate", "a")


def test_another_input_or_another_sign_is_another_task() -> None:
    exact = ExactFilter()
    exact.remember(Draft("a", "计算", "2² + 1"))
    assert exact.check(Draft("b", "计算", "22 + 1")).reason == ""
    assert exact.check(Draft("c", "计算", "2² - 1")).reason == ""
    assert exact.check(Draft("d", "计算2² + 1", "")).reason == ""
