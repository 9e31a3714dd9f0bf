"""Unit vectors, and the nearest of them to a question. Knows numpy, and usearch where it is installed.

Vectors are rounded to half precision once, where they are made: what was kept on disk and what is new are the same
numbers, so that a verdict does not depend on where a vector came from. The search finds candidates by matrix products,
in which numpy releases the GIL; a cosine that decides is then computed again from the two vectors alone, in double
precision. So the size of a batch, and whether it was looked up early or late, change nothing. Knows no texts and no
limits.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from selfgen.errors import BadConfig

Vectors = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
Positions = npt.NDArray[np.int64]

GRAPH_FROM = 100_000
"""From so many vectors on a graph is grown: below, exact batches cost less than building it (see `bench semantic`)."""
GRAPH_UPTO = 200_000
"""So many vectors a graph may hold without losing neighbours above the limit; of a million it lost 6 of 100."""
_BLOCK = 16_384  # rows of one array: no copying when the index grows, and products that stay in the cache
_GROWTH = 8  # rows that join the graph for each question, until it has caught up
_CANDIDATES = 8  # neighbours that the graph is asked for; those above a limit are among them
_EFFORT = 128  # nodes kept in view in a search: at 200,000 vectors 64 lost one of 234 neighbours above the limit
_SLACK = 1e-5  # beyond the rounding of a product in single precision
_MOST_TIES = 64  # candidates of one block that are compared again; more are copies of one another


@dataclass(frozen=True, slots=True)
class Near:
    """The nearest vector among those from a position on and before `upto`: -1 where there is none."""

    position: int
    cosine: float
    upto: int


def to_halves(vectors: npt.ArrayLike) -> Halves:
    """Return vectors of shape (n, d) as length 1, rounded to half precision: the form in which they are kept.

    What is in half precision already stays as it is. Raises ValueError for another shape, or a number that is not
    finite."""
    rows = np.asarray(vectors)
    rows = rows if rows.dtype == np.float16 else rows.astype(np.float32)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise ValueError(f"shape {rows.shape}" if rows.ndim != 2 else "not all numbers are finite")
    return rows if rows.dtype == np.float16 else _normalise(rows).astype(np.float16)


def to_units(vectors: npt.ArrayLike) -> Vectors:
    """Return vectors as length 1, each a function of its kept form alone. Raises ValueError as `to_halves`.

    An all-zero vector stays zero, and is near to nothing."""
    return _normalise(to_halves(vectors))


def _normalise(rows: npt.NDArray[np.floating]) -> Vectors:
    doubles = rows.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", doubles, doubles))[:, None]
    units: Vectors = np.divide(doubles, lengths, out=np.zeros_like(doubles), where=lengths > 0).astype(np.float32)
    return units


def cosine(one: Vectors, other: Vectors) -> float:
    """Return the cosine of two vectors, exact to 15 digits; 0 where one of them is zero."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    squares = float(a @ a) * float(b @ b)
    return max(-1.0, min(1.0, float(a @ b) / squares**0.5)) if squares else 0.0


class Graph(Protocol):
    """An approximate index. Positions count from 0 in the order of adding."""

    def __len__(self) -> int: ...
    def add(self, rows: Vectors) -> None: ...
    def search(self, queries: Vectors, count: int) -> Positions:
        """Return positions of shape (queries, count), -1 where there are fewer."""
        ...


class UsearchGraph:
    """A graph of usearch over 8-bit copies: they lead to the candidates, whose cosines are computed from the originals.

    Built by one thread, so that the same vectors give the same graph. Raises BadConfig where the package is missing."""

    def __init__(self, dimensions: int) -> None:
        try:
            from usearch.index import Index
        except ImportError as error:
            raise BadConfig(
                "filter semantic: index is graph, and the package usearch is not installed",
                todo="Install it with: pip install 'selfgen[ann]', or set index: auto.",
            ) from error
        self._index = Index(
            ndim=dimensions, metric="cos", dtype="i8", connectivity=16, expansion_add=64, expansion_search=_EFFORT
        )

    def __len__(self) -> int:
        return len(self._index)

    def add(self, rows: Vectors) -> None:
        """Add rows after those that are there."""
        first = len(self._index)
        self._index.add(np.arange(first, first + len(rows), dtype=np.uint64), rows, threads=1)

    def search(self, queries: Vectors, count: int) -> Positions:
        """See Graph."""
        found = np.full((len(queries), count), -1, dtype=np.int64)
        for row, query in zip(found, queries, strict=True):
            keys = self._index.search(query, count, threads=1).keys
            row[: len(keys)] = keys
        return found


class VectorIndex:
    """Vectors in the order of adding, asked for the nearest one; among equally near ones the first added.

    Exact, unless a graph is given: from `graph_from` vectors on it grows a little with each question, up to
    `graph_upto`, and what it does not hold is searched exactly. May be asked on one thread while another adds. Memory:
    4 bytes a number; 2 once the graph has it, and 1 in the graph."""

    def __init__(
        self, graph: Graph | None = None, *, graph_from: int = GRAPH_FROM, graph_upto: int | None = GRAPH_UPTO
    ) -> None:
        self._graph, self._graph_from = graph, graph_from
        self._graph_upto = sys.maxsize if graph_upto is None else graph_upto
        self._blocks: list[npt.NDArray[np.floating]] = []
        self._length = 0
        self._halved = 0
        self._lock = threading.Lock()
        self._growing = threading.Lock()

    def __len__(self) -> int:
        return self._length

    def add(self, vector: Vectors) -> None:
        """Add one vector of `to_units`."""
        with self._lock:
            row = self._length % _BLOCK
            if row == 0:
                self._blocks.append(np.zeros((_BLOCK, len(vector)), dtype=np.float32))
            self._blocks[-1][row] = vector
            self._length += 1

    def nearest(self, queries: Vectors, since: int = 0) -> list[Near]:
        """Return for each query the nearest of the vectors from position `since` on."""
        with self._lock:
            blocks, length = list(self._blocks), self._length
        scan = _Scan(queries)
        covered = self._ask_graph(queries, blocks, length, scan) if since == 0 else since
        for first, rows in _pieces(blocks, covered, length):
            scan.look(first, _restore(rows))
        return [Near(position, value, length) for position, value in scan.best()]

    def _ask_graph(self, queries: Vectors, blocks: list[npt.NDArray[np.floating]], length: int, scan: _Scan) -> int:
        """Look at what the graph finds, and return how many of the first vectors it answered for."""
        if self._graph is None or length < self._graph_from:
            return 0
        with self._growing:
            self._grow(blocks, min(length, self._graph_upto, len(self._graph) + _GROWTH * len(queries)))
            covered = min(length, len(self._graph))
            found = self._graph.search(queries, _CANDIDATES)
        for number, positions in enumerate(found):
            for position in sorted(p for p in positions.tolist() if 0 <= p < covered):
                row = blocks[position // _BLOCK][position % _BLOCK]
                scan.offer(number, position, _restore(row[None])[0])
        return covered

    def _grow(self, blocks: list[npt.NDArray[np.floating]], upto: int) -> None:
        """Let the graph take vectors in; blocks that it holds whole are halved, where that loses nothing."""
        assert self._graph is not None
        for _, rows in _pieces(blocks, len(self._graph), upto):
            self._graph.add(_restore(rows))
        while (self._halved + 1) * _BLOCK <= len(self._graph):
            whole = blocks[self._halved]
            half = whole.astype(np.float16)
            with self._lock:
                self._blocks[self._halved] = half if (_restore(half) == whole).all() else whole
            self._halved += 1


def _restore(rows: npt.NDArray[np.floating]) -> Vectors:
    """Return rows of a block in single precision."""
    return to_units(rows) if rows.dtype == np.float16 else rows.astype(np.float32, copy=False)


def _pieces(
    blocks: list[npt.NDArray[np.floating]], start: int, end: int
) -> Iterator[tuple[int, npt.NDArray[np.floating]]]:
    """Yield the rows from `start` to `end`, block by block, each with the position of its first row."""
    while start < end:
        stop = min(end, start - start % _BLOCK + _BLOCK)
        yield start, blocks[start // _BLOCK][start % _BLOCK : start % _BLOCK + stop - start]
        start = stop


class _Scan:
    """The best of what was looked at, for each query."""

    def __init__(self, queries: Vectors) -> None:
        self._queries = queries
        self._floors = np.where(queries.any(axis=1), -2.0, np.inf).astype(np.float32)
        self._found: list[list[tuple[float, int, Vectors]]] = [[] for _ in queries]

    def look(self, first: int, rows: Vectors) -> None:
        """Look at rows, the first of which has position `first`."""
        products = self._queries @ rows.T
        tops = products.max(axis=1)
        better = np.flatnonzero(tops >= self._floors)
        self._floors = np.maximum(self._floors, tops - _SLACK)
        for number in better.tolist():
            places = np.flatnonzero(products[number] >= self._floors[number])[:_MOST_TIES]
            for place in places.tolist():
                self._found[number].append((float(products[number, place]), first + place, rows[place].copy()))

    def offer(self, number: int, position: int, row: Vectors) -> None:
        """Look at one row, for one query."""
        product = float(self._queries[number] @ row)
        if product >= self._floors[number]:
            self._floors[number] = max(self._floors[number], product - _SLACK)
            self._found[number].append((product, position, row))

    def best(self) -> list[tuple[int, float]]:
        """Return position and cosine of the nearest row for each query: (-1, 0.0) where there is none."""
        return [self._choose(number) for number in range(len(self._queries))]

    def _choose(self, number: int) -> tuple[int, float]:
        best, nearest = -1, 0.0
        for product, position, row in sorted(self._found[number], key=lambda each: each[1]):
            if product < self._floors[number]:
                continue
            value = cosine(self._queries[number], row)
            if best < 0 or value > nearest:
                best, nearest = position, value
        return best, nearest
