"""Unit vectors and their search: equal to comparing with all, however the questions are put."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.errors import BadConfig
from selfgen.filters import vectors as module
from selfgen.filters.vectors import Near, UsearchGraph, VectorIndex, Vectors, cosine, to_halves, to_units

FLOATS = st.floats(-1e3, 1e3, width=32, allow_subnormal=False)
ROWS = st.lists(st.lists(FLOATS, min_size=4, max_size=4), min_size=1, max_size=12)


def clustered(count: int, dimensions: int = 32, seed: int = 0) -> Vectors:
    """Vectors in clusters of about ten, some of them copies of one another."""
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((max(1, count // 10), dimensions))
    rows = centres[draw.integers(0, len(centres), count)] + 0.2 * draw.standard_normal((count, dimensions))
    rows[count // 2 :: 7] = rows[: len(rows[count // 2 :: 7])]
    return to_units(rows)


def brute(rows: Vectors, query: Vectors, since: int = 0) -> tuple[int, float]:
    scores = [cosine(query, row) for row in rows[since:]]
    best = int(np.argmax(scores))
    return since + best, scores[best]


def filled(rows: Vectors, **options: object) -> VectorIndex:
    index = VectorIndex(**options)  # type: ignore[arg-type]
    for row in rows:
        index.add(row)
    return index


@given(ROWS)
def test_units_are_units_and_the_same_from_what_is_kept(rows: list[list[float]]) -> None:
    units, halves = to_units(rows), to_halves(rows)
    full = np.abs(np.asarray(rows)).max(axis=1) > 0
    assert np.allclose(np.linalg.norm(units, axis=1)[full], 1, atol=1e-6)
    assert not units[~full].any()
    assert (to_units(halves) == units).all()
    assert (to_halves(halves) == halves).all()
    assert all((to_units(halves[number : number + 1])[0] == row).all() for number, row in enumerate(units))


@given(st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=6), min_size=2, max_size=40))
def test_the_nearest_of_coarse_vectors_is_that_of_comparing_with_all(rows: list[list[int]]) -> None:
    units = to_units(rows)
    (near,) = filled(units[1:]).nearest(units[:1])
    assert (near.position, near.cosine) == (brute(units[1:], units[0]) if units[0].any() else (-1, 0.0))


@pytest.mark.parametrize("rows", [[1.0, 2.0], [[float("inf"), 1.0]], [[float("nan"), 1.0]], 3.0])
def test_what_is_no_list_of_vectors_is_refused(rows: object) -> None:
    with pytest.raises(ValueError, match=r"shape|finite"):
        to_units(rows)  # type: ignore[arg-type]


def test_half_precision_moves_a_cosine_by_little() -> None:
    draw = np.random.default_rng(3)
    rows = draw.standard_normal((200, 384))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    units = to_units(rows)
    worst = max(abs(cosine(units[0], unit) - float(rows[0] @ row)) for unit, row in zip(units, rows, strict=True))
    assert 0 < worst < 2e-4
    assert cosine(units[0], units[0]) == 1.0


@pytest.mark.parametrize("block", [7, 16_384])
def test_the_nearest_is_that_of_comparing_with_all(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    rows, queries = clustered(300), np.concatenate([clustered(300)[::9], clustered(40, seed=5)])
    found = filled(rows).nearest(queries)
    for query, near in zip(queries, found, strict=True):
        assert (near.position, near.cosine) == brute(rows, query)
        assert near.upto == 300


@pytest.mark.parametrize("block", [7, 16_384])
def test_the_size_of_a_batch_changes_no_bit(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    rows, queries = clustered(500), clustered(64, seed=8)
    index = filled(rows)
    together = index.nearest(queries)
    assert [index.nearest(query[None])[0] for query in queries] == together
    assert [near for start in range(0, 64, 8) for near in index.nearest(queries[start : start + 8])] == together


def test_looking_early_and_then_at_newcomers_finds_the_same() -> None:
    rows, queries = clustered(400), clustered(30, seed=2)
    index = filled(rows[:250])
    early = index.nearest(queries)
    for row in rows[250:]:
        index.add(row)
    late = index.nearest(queries, 250)
    for query, one, other in zip(queries, early, late, strict=True):
        better = other if other.cosine > one.cosine else one
        assert (better.position, better.cosine) == brute(rows, query)


def test_equal_vectors_are_named_by_the_first() -> None:
    row = to_units([[1.0, 2.0, 3.0]])
    index = filled(np.concatenate([to_units([[3.0, 2.0, 1.0]]), *[row] * 200]))
    assert index.nearest(row) == [Near(1, 1.0, 201)]
    assert index.nearest(row, 5) == [Near(5, 1.0, 201)]


def test_an_empty_index_and_an_empty_vector_have_no_neighbour() -> None:
    unit, zero = to_units([[1.0, 1.0]]), to_units([[0.0, 0.0]])
    assert VectorIndex().nearest(unit) == [Near(-1, 0.0, 0)]
    assert filled(unit).nearest(zero) == [Near(-1, 0.0, 1)]
    assert filled(unit).nearest(unit, 1) == [Near(-1, 0.0, 1)]


class Brute:
    """A graph without a graph: all rows, in the order of adding."""

    def __init__(self) -> None:
        self.rows: list[Vectors] = []

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, rows: Vectors) -> None:
        self.rows += list(rows)

    def search(self, queries: Vectors, count: int) -> npt.NDArray[np.int64]:
        order = np.argsort(-(queries @ np.stack(self.rows).T), axis=1, kind="stable")[:, :count]
        return np.pad(order, ((0, 0), (0, count - order.shape[1])), constant_values=-1)


def test_a_graph_grows_with_the_questions_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 32)
    rows, queries = clustered(200), clustered(30, seed=4)
    graph = Brute()
    index, plain = filled(rows, graph=graph, graph_from=100), filled(rows)
    sizes = []
    for query in queries:
        assert index.nearest(query[None]) == plain.nearest(query[None])
        sizes.append(len(graph))
    assert sizes[:2] == [8, 16]
    assert sizes[-1] == 200


def test_a_graph_stops_growing_and_the_rest_is_searched_exactly() -> None:
    rows, queries = clustered(200), clustered(40, seed=4)
    graph = Brute()
    index, plain = filled(rows, graph=graph, graph_from=100, graph_upto=120), filled(rows)
    for query in queries:
        assert index.nearest(query[None]) == plain.nearest(query[None])
    assert len(graph) == 120


def test_a_small_pool_needs_no_graph() -> None:
    graph = Brute()
    filled(clustered(99), graph=graph, graph_from=100).nearest(clustered(3))
    assert len(graph) == 0


@pytest.mark.skipif(find_spec("usearch") is None, reason="usearch is not installed (pip install 'selfgen[ann]')")
@pytest.mark.parametrize("upto", [None, 700])
def test_usearch_finds_every_neighbour_above_the_limit(upto: int | None) -> None:
    """Where the graph holds all, and where it holds the first ones only."""
    rows = clustered(2000, 64)
    draw = np.random.default_rng(1)
    queries = to_units(rows[::20] + 0.03 * draw.standard_normal((100, 64)))
    index, plain = filled(rows, graph=UsearchGraph(64), graph_from=10, graph_upto=upto), filled(rows)
    index.nearest(clustered(300, 64, seed=9))
    for one, other in zip(index.nearest(queries), plain.nearest(queries), strict=True):
        assert other.cosine > 0.92
        assert one.cosine == other.cosine


@pytest.mark.skipif(find_spec("usearch") is not None, reason="usearch is installed")
def test_without_usearch_the_message_says_what_to_install() -> None:
    with pytest.raises(BadConfig, match=r"pip install 'selfgen\[ann\]'"):
        UsearchGraph(8)
