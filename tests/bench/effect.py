"""What the semantic filter adds to ROUGE-L on real instructions.

`python -m tests.bench effect DATA.jsonl[.gz] --model DIR [--max 0.92] [--band 0.6..0.8] [--first 3000] [--show N]`

Three gates look at the same different instructions, in order: ROUGE-L at 0.7 alone, with the filter behind it, and with
the filter as a second opinion in the band. `--show N` prints N pairs that the filter found, drawn with a fixed seed, to
be read.
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfgen.core.tasks import Draft
from selfgen.filters import BUILTIN, build_filters
from selfgen.filters.encoders import SentenceEncoder
from selfgen.filters.gate import Gate
from selfgen.filters.tokens import main_language
from tests.bench.common import table
from tests.bench.rules import read_rows

BATCH = 256


@dataclass
class Counting:
    """An encoder that counts the texts it is given."""

    inner: SentenceEncoder
    texts: int = 0

    def encode(self, texts: Sequence[str]) -> Any:
        self.texts += len(texts)
        return self.inner.encode(texts)


def read_instructions(data: Path, lang: str, first: int) -> list[Draft]:
    found = (task.instruction for _, task in read_rows(data) if main_language(task.instruction) == lang)
    different = itertools.islice(dict.fromkeys(found), first)
    return [Draft(str(number), instruction) for number, instruction in enumerate(different)]


def judge(drafts: Sequence[Draft], semantic: dict[str, Any] | bool, encoder: Counting, lang: str) -> list[Any]:
    options = dict.fromkeys(BUILTIN, False) | {"rouge": True, "semantic": semantic}
    gate = Gate(build_filters(lang, options, encoder=encoder))
    batches = (drafts[start : start + BATCH] for start in range(0, len(drafts), BATCH))
    return [verdict for batch in batches for verdict in gate.judge(batch)]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench effect")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--max", type=float, default=0.92)
    parser.add_argument("--band", default="0.6..0.8")
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    parser.add_argument("--first", type=int, default=3000)
    parser.add_argument("--show", type=int, default=0)
    given = parser.parse_args(arguments)
    drafts = read_instructions(given.data, given.lang, given.first)
    rows = []
    for name, semantic in (
        ("ROUGE-L at 0.7 alone", False),
        (f"and meaning above {given.max}", {"max": given.max}),
        (f"meaning as a second opinion in {given.band}", {"max": given.max, "band": given.band}),
    ):
        encoder = Counting(SentenceEncoder(given.model))
        verdicts = judge(drafts, semantic, encoder, given.lang)
        reasons = Counter(verdict.reason for verdict in verdicts)
        rows.append((name, reasons["near_duplicate"], reasons["too_similar"], encoder.texts))
        show(drafts, [verdict for verdict in verdicts if verdict.reason == "too_similar"], given.show)
    title = f"{len(drafts):,} different instructions ({given.lang}) of {given.data.name}, {Path(given.model).name}"
    table(title, ("gate", "near_duplicate", "too_similar", "texts encoded"), rows)


def show(drafts: Sequence[Draft], found: Sequence[Any], number: int) -> None:
    for verdict in random.Random(7).sample(found, min(number, len(found))):
        measure = verdict.measures[-1]
        one, other = (drafts[int(id)].instruction for id in (verdict.draft, measure.nearest))
        print(f"{measure.value:.3f}  {one}\n       {other}")
