"""How often each rule of the filters and each repair hits real rows, and how often a reader found it right.

`python -m tests.bench rules DATA.jsonl[.gz] [--judged FILE.csv ...] [--sample RULE N] [--lang en|zh]`

DATA has one row a line: instruction, input, output. Repairs run first, as in `selfgen clean`; then every filter that is
on by default, set as `selfgen clean` sets it, looks at every row, alone, and remembers only what it passed itself.
Rules are named by their reason, repairs `repair:NAME`; `near_duplicate_in_run` is the novelty that a run asks for. Each
row is taken for a classification task, so that the rule on labels has something to look at.

A judged file has the columns rule, row (the line in DATA) and verdict (right or wrong): one line for each row that a
person read. It belongs to one DATA. `--sample RULE N` prints the rows to read: all hits where there are no more than N,
else N that are drawn with a fixed seed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
import math
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from selfgen.assemble.clean_plan import DEFAULTS as CLEAN
from selfgen.core.ports import Filter
from selfgen.core.tasks import CLASSIFICATION, KIND, Draft, Task
from selfgen.filters import BUILTIN, OFF, build_filters
from selfgen.filters.tokens import main_language
from selfgen.repairs import repair
from tests.bench.common import table

ENOUGH = 50  # rows of a rule that should have been read, or all where it hits fewer
SEED = 7
IN_RUN = "_in_run"
_PEEK = 200  # rows from which the language of a file is told
FILTERS = tuple(name for name in BUILTIN if name not in OFF)
_VERDICTS = {"right": True, "wrong": False}

Judged = dict[str, dict[int, bool]]
"""Rule -> line -> whether the reader found the rule right."""


@dataclass(slots=True)
class Hits:
    """What hit: rule -> lines, the filters that did, and the texts of the one rule that is to be sampled."""

    rows: int = 0
    lines: dict[str, list[int]] = field(default_factory=dict)
    filters: set[str] = field(default_factory=set)
    texts: dict[int, str] = field(default_factory=dict)

    def add(self, rule: str, line: int) -> None:
        lines = self.lines.setdefault(rule, [])
        if not lines or lines[-1] != line:
            lines.append(line)


def run(data: Path, judged: Sequence[Path] = (), *, lang: str = "", sample: tuple[str, int] | None = None) -> None:
    """Print the table, or the sample. Raises SystemExit with file and line for what cannot be read."""
    verdicts = read_judged(judged)
    language = lang or guess_language(data)
    hits = collect(data, language, sample[0] if sample else "")
    if sample:
        show_sample(hits, *sample)
        return
    kinds = sorted(hits.lines, key=lambda rule: (rule.startswith("repair:"), rule))
    rows = [measure(rule, hits, verdicts.get(rule, {})) for rule in kinds]
    table(
        f"Rules on {hits.rows:,} rows of {data.name}, language {language}",
        ("rule", "hits", "rate", "read", "right", "precision", "95 % interval"),
        rows,
    )
    print(f"No hits: {', '.join(name for name in FILTERS if name not in hits.filters) or 'none'}")
    for warning in warnings(hits, verdicts):
        print(f"! {warning}")


def measure(rule: str, hits: Hits, verdicts: Mapping[int, bool]) -> tuple[object, ...]:
    """Return one line of the table. Only verdicts on rows that the rule hits now count."""
    lines = hits.lines[rule]
    read = [verdicts[line] for line in lines if line in verdicts]
    low, high = wilson(sum(read), len(read))
    interval = f"{low:.0%} to {high:.0%}" if read else "-"
    precision = f"{sum(read) / len(read):.0%}" if read else "-"
    return rule, len(lines), f"{len(lines) / hits.rows:.2%}", len(read), sum(read), precision, interval


def warnings(hits: Hits, verdicts: Judged) -> Iterator[str]:
    """Yield what makes the table less than it seems."""
    for rule, judged in sorted(verdicts.items()):
        lines = set(hits.lines.get(rule, ()))
        if gone := sorted(set(judged) - lines):
            yield f"{rule}: judged and no longer hit: rows {', '.join(map(str, gone))}"
    for rule, lines in sorted(hits.lines.items()):
        read, wanted = len(set(lines) & set(verdicts.get(rule, ()))), min(ENOUGH, len(lines))
        if read < wanted:
            yield f"{rule}: {read} rows read of {wanted}; see --sample {rule} {ENOUGH}"


def wilson(right: int, read: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's interval of a share, (0, 1) where nothing was read."""
    if not read:
        return 0.0, 1.0
    share, spread = right / read, z * z / read
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / read + spread / (4 * read)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def collect(data: Path, lang: str, sampled: str = "") -> Hits:
    """Run the repairs and each filter alone over a file, row by row."""
    settings = [(name, dict(CLEAN.get(name, {})), "") for name in FILTERS] + [("rouge", {}, IN_RUN)]
    filters = [
        (build_filters(lang, dict.fromkeys(BUILTIN, False) | {name: options})[0], suffix)
        for name, options, suffix in settings
    ]
    hits = Hits()
    for line, task in read_rows(data):
        hits.rows += 1
        repaired, repairs = repair(task)
        for change in repairs:
            rule = f"repair:{change.rule}"
            hits.add(rule, line)
            if rule == sampled:
                seen = hits.texts.get(line, "")
                hits.texts[line] = (
                    f"{seen}  {change.field} before: {change.before}\n  {change.field} after:  {change.after}\n"
                )
        draft = Draft(task.id, repaired.instruction, repaired.input, repaired.output, ((KIND, CLASSIFICATION),))
        for each, suffix in filters:
            reason, evidence = judge(each, draft)
            reason += suffix if reason else ""
            if reason:
                hits.filters.add(each.name)
                hits.add(reason, line)
            if reason and reason == sampled:
                hits.texts[line] = (
                    f"  found: {evidence}\n  instruction: {draft.instruction}\n  input: {draft.input}\n"
                    f"  output: {draft.output}\n"
                )
    return hits


def judge(filter: Filter, draft: Draft) -> tuple[str, str]:
    """Return the reason and the evidence of one filter; it remembers what it passed."""
    filter.prepare([draft])
    finding = filter.check(draft)
    if not finding.reason:
        filter.remember(draft)
        return "", ""
    return finding.reason, "; ".join(f"{m.value} ({m.unit}, limit {m.limit}) {m.nearest}" for m in finding.measures)


def show_sample(hits: Hits, rule: str, number: int) -> None:
    """Print the drawn rows of a rule, with the line of each."""
    lines = hits.lines.get(rule, [])
    drawn = sorted(random.Random(SEED).sample(lines, number)) if len(lines) > number else lines
    print(f"{rule}: {len(drawn)} of {len(lines)} hits")
    for line in drawn:
        print(f"row {line}\n{hits.texts[line]}")


def open_text(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def read_rows(data: Path) -> Iterator[tuple[int, Task]]:
    """Yield (line, task); the line numbers begin with 1, and are the ids."""
    with open_text(data) as file:
        for line, text in enumerate(file, 1):
            try:
                row = json.loads(text)
                task = Task(str(line), row["instruction"], row.get("input") or "", row["output"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                sys.exit(f"{data}:{line}: no row with instruction and output ({error!r})")
            yield line, task


def guess_language(data: Path) -> str:
    """Return the language of most of the first instructions."""
    counts = Counter(main_language(task.instruction) for _, task in itertools.islice(read_rows(data), _PEEK))
    return "zh" if counts["zh"] > counts["en"] else "en"


def read_judged(paths: Sequence[Path]) -> Judged:
    """Read the verdicts of all files. Raises SystemExit where a line cannot be read, or contradicts an earlier one."""
    judged: Judged = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            for row in reader:
                where = f"{path}:{reader.line_num}"
                try:
                    rule, line, verdict = row["rule"], int(row["row"]), _VERDICTS[row["verdict"]]
                except (KeyError, ValueError, TypeError):
                    sys.exit(f"{where}: give rule, row and verdict (right or wrong), not {row}")
                if judged.setdefault(rule, {}).setdefault(line, verdict) != verdict:
                    sys.exit(f"{where}: {rule}, row {line} is judged right and wrong; keep one of the two")
    return judged


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench rules", description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("data", type=Path)
    parser.add_argument("--judged", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--lang", choices=("en", "zh"), default="")
    parser.add_argument("--sample", nargs=2, metavar=("RULE", "N"))
    given = parser.parse_args(arguments)
    if given.sample and not given.sample[1].isdecimal():
        parser.error(f"--sample: N is {given.sample[1]!r}, and should be a number")
    run(
        given.data,
        given.judged,
        lang=given.lang,
        sample=(given.sample[0], int(given.sample[1])) if given.sample else None,
    )
