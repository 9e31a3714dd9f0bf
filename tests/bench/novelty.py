"""How fast the novelty index is, beside what others do, all in one run, on made-up instructions in both languages.

Each size runs in a process of its own, so that its memory can be told. What would take hours is extrapolated from a
part, and says so. The scan is greedy: a text is kept if nothing kept before is above the limit.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from rapidfuzz import process
from rapidfuzz.distance import Indel
from rouge_score.rouge_scorer import RougeScorer

from selfgen.filters.novelty import NoveltyIndex
from selfgen.filters.tokens import comparison_tokens
from tests.bench.common import table
from tests.bench.texts import make_texts

LIMIT = "0.7"
SCAN = 52_000
SIZES = ((10_000, "en"), (10_000, "zh"), (50_000, "en"), (50_000, "zh"), (200_000, "en"), (200_000, "zh"))
LARGE = (1_000_000, "en+zh")
QUERIES = 400
PAIRS = 3_000


@dataclass(frozen=True)
class Size:
    """Milliseconds a draft, in batches of eight: at the limit, with the margin that a run measures, by brute force."""

    texts: int
    lang: str
    limit_ms: float
    margin_ms: float
    brute_ms: float
    add_us: float
    mb: float


def texts_of(number: int, lang: str) -> list[str]:
    if lang != "en+zh":
        return make_texts(number, lang)
    pairs = zip(make_texts(number // 2, "en"), make_texts(number // 2, "zh"), strict=True)
    return [text for pair in pairs for text in pair]


def rss_mb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def measure(number: int, lang: str) -> Size:
    texts = texts_of(number + QUERIES, lang)
    pool, queries = texts[:number], texts[number:]
    before = rss_mb()
    started = time.perf_counter()
    index = NoveltyIndex(LIMIT)
    for position, text in enumerate(pool):
        index.add(str(position), text)
    add_us = (time.perf_counter() - started) / number * 1e6
    mb = rss_mb() - before
    limit_ms = time_looks(index, queries)
    found = [near is not None for near in map(index.check, queries)]
    del index
    wide = NoveltyIndex(LIMIT, "0.6")
    for position, text in enumerate(pool):
        wide.add(str(position), text)
    margin_ms = time_looks(wide, queries)
    del wide
    brute_ms = check_by_brute_force(pool, queries[:40], found)
    return Size(number, lang, limit_ms, margin_ms, brute_ms, add_us, mb)


def time_looks(index: NoveltyIndex, queries: Sequence[str]) -> float:
    """Return milliseconds a text, from the text to its neighbour; the best of three rounds."""
    rounds = []
    for _ in range(3):
        started = time.perf_counter()
        for first in range(0, len(queries), 8):
            look = index.look(queries[first : first + 8])
            for number in range(len(queries[first : first + 8])):
                look.nearest(number)
        rounds.append((time.perf_counter() - started) / len(queries) * 1e3)
    return min(rounds)


def encode(texts: Sequence[str]) -> list[str]:
    """Return texts of one character for each token."""
    codes: dict[str, str] = {}
    return [
        "".join(codes.setdefault(token, chr(0x10000 + len(codes))) for token in comparison_tokens(text))
        for text in texts
    ]


def check_by_brute_force(pool: Sequence[str], queries: Sequence[str], found: Sequence[bool]) -> float:
    """Return milliseconds a text for comparing with all by rapidfuzz, after making sure that it decides alike."""
    coded = encode([*pool, *queries])
    started = time.perf_counter()
    scores = [
        process.extractOne(query, coded[: len(pool)], scorer=Indel.normalized_similarity, processor=None)[1]
        for query in coded[len(pool) :]
    ]
    took = (time.perf_counter() - started) / len(queries) * 1e3
    for score, above in zip(scores, found, strict=False):
        assert (score > 0.7 + 1e-9) == above, "not the same decision"
    return took


def scan_ours(texts: Sequence[str]) -> int:
    index, kept = NoveltyIndex(LIMIT), 0
    for first in range(0, len(texts), 256):
        batch = texts[first : first + 256]
        look = index.look(batch)
        for number in range(len(batch)):
            if not index.above(look.nearest(number)):
                look.add(number, str(first + number))
                kept += 1
    return kept


def scan_brute(texts: Sequence[str]) -> int:
    kept: list[str] = []
    for text in encode(texts):
        # The cutoff is taken with some slack, so the score is held against the limit once more.
        near = process.extractOne(text, kept, scorer=Indel.normalized_similarity, score_cutoff=0.7)
        if near is None or near[1] <= 0.7 + 1e-9:
            kept.append(text)
    return len(kept)


def scan_minhash(texts: Sequence[str]) -> int:
    """datasketch's LSH over sets of tokens, 128 permutations, threshold 0.7, hashed in bulk, its fastest way."""
    from datasketch import MinHash, MinHashLSH

    lsh, kept = MinHashLSH(threshold=0.7, num_perm=128), 0
    sets = ([token.encode() for token in set(comparison_tokens(text))] for text in texts)
    for number, made in enumerate(MinHash.generator(sets, num_perm=128)):
        if not lsh.query(made):
            lsh.insert(str(number), made)
            kept += 1
    return kept


def timed(scan: Callable[[Sequence[str]], int], texts: Sequence[str]) -> tuple[float, int]:
    started = time.perf_counter()
    kept = scan(texts)
    return time.perf_counter() - started, kept


def rouge_score_us(texts: Sequence[str]) -> float:
    """Return microseconds a pair. Chinese it cuts to nothing, so it is given English."""
    scorer = RougeScorer(["rougeL"])
    started = time.perf_counter()
    for one, other in zip(texts[:PAIRS], texts[PAIRS : 2 * PAIRS], strict=True):
        scorer.score(one, other)
    return (time.perf_counter() - started) / PAIRS * 1e6


def scan_rows(lang: str) -> list[tuple[object, ...]]:
    texts = make_texts(SCAN, lang)
    ours, kept = min(timed(scan_ours, texts) for _ in range(3))
    rows: list[tuple[object, ...]] = [(lang, "selfgen", ours, kept, 1.0)]
    brute, brute_kept = timed(scan_brute, texts)
    assert brute_kept == kept, "not the same decisions"
    rows.append((lang, "rapidfuzz, all pairs", brute, brute_kept, brute / ours))
    try:
        minhash, minhash_kept = min(timed(scan_minhash, texts) for _ in range(2))
        rows.append((lang, "datasketch MinHashLSH (other decisions)", minhash, minhash_kept, minhash / ours))
    except ImportError:
        print("datasketch is not installed (pip install 'selfgen[bench]'): left out")
    if lang == "en":
        pairs = kept * (kept - 1) / 2 + (SCAN - kept) * kept / 2
        hours = rouge_score_us(texts) * pairs / 1e6
        rows.append((lang, f"rouge-score, extrapolated from {PAIRS:,} pairs", hours, kept, hours / ours))
    return rows


def main() -> None:
    for sizes in (SIZES, (LARGE,)):
        run(sizes)
    rows = [row for lang in ("en", "zh") for row in scan_rows(lang)]
    print()
    head = ("language", "by", "seconds", "kept", "times as long")
    table(f"Greedy scan of {SCAN:,} instructions at {LIMIT}, one thread", head, rows)


def run(sizes: Sequence[tuple[int, str]]) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        found = [pool.submit(measure, *size).result() for size in sizes]
    rows = [(f"{s.texts:,}", s.lang, s.limit_ms, s.margin_ms, s.brute_ms, s.add_us, round(s.mb)) for s in found]
    head = ("texts", "language", "ms at 0.7", "ms down to 0.6", "ms rapidfuzz, all", "us to add", "MB")
    table("Nearest neighbour of a draft, in batches of eight, tokens included", head, rows)


if __name__ == "__main__":
    main()
