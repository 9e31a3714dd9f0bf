"""What cleaning found, as a Markdown page for people: the funnel, each reason and repair with examples, the settings.

Knows words and Markdown. The texts of a dataset are hostile: they stand in fenced blocks only, without controls.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from selfgen import __version__
from selfgen.assemble.clean_counts import Counts, Outcome
from selfgen.assemble.clean_plan import Plan, settings_lines
from selfgen.assemble.cleaning import Cleaner
from selfgen.assemble.starter_words import FILTERS
from selfgen.core.work import Measure
from selfgen.repairs import RULES, Repair
from selfgen.store.seed_findings import make_printable

_EXAMPLES = 3
_LONGEST = 300
_BEFORE_CHANGE = 40


@dataclass(slots=True)
class Examples:
    """The first rows of each reason and of each repair, as blocks of text."""

    reasons: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    repairs: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, outcome: Outcome, cleaner: Cleaner) -> None:
        """Take in a row, if it is still of use."""
        if outcome.verdict is None:
            self._add(self.reasons["unreadable"], outcome, [outcome.row.fault])
        elif not outcome.kept and outcome.task is not None:
            lines = [f"instruction: {_show(outcome.task.instruction)}"]
            lines += _word_measure(outcome.verdict.measures[-1:], cleaner)
            self._add(self.reasons[outcome.verdict.reason], outcome, lines)
        for each in outcome.repairs:
            lines = _word_repair(each)
            if each.field == "input" and outcome.task is not None:
                lines.insert(0, f"instruction: {_show(outcome.task.instruction)}")
            self._add(self.repairs[each.rule], outcome, lines)

    def _add(self, blocks: list[str], outcome: Outcome, lines: Sequence[str]) -> None:
        if len(blocks) < _EXAMPLES:
            place = make_printable(f"{outcome.row.file}:{outcome.row.line}")
            blocks.append(fence("\n".join([place, *map(make_printable, lines)])))


def build_report(plan: Plan, counts: Counts, examples: Examples) -> str:
    """Return the page."""
    parts = [
        "# What cleaning found",
        f"{_list_files(plan)}, cleaned by selfgen {__version__}.",
        "## The funnel",
        _table(("", "rows", "share"), _funnel(counts)),
        f"{counts.account}.",
        *_notices(counts),
        "## What was dropped, and why",
        *_reasons(counts, examples),
        "## What was repaired",
        *_repairs(counts, examples),
        "## Lengths in characters, before and after",
        _table(("field", "median", "95 %", "longest", "kept: median", "95 %", "longest"), _lengths(counts)),
        "## Settings",
        fence("\n".join(map(make_printable, settings_lines(plan)))),
        "## To look further",
        _FURTHER,
    ]
    return "\n\n".join(parts) + "\n"


_FURTHER = """Every dropped row stands in `rejected.jsonl` under `data`, whole and as it came, with file, line, reason
and what was measured; every repair stands in `repairs.jsonl`, with the field before and after. One reason alone:

```sh
grep '"reason": "near_duplicate"' rejected.jsonl | less
```

A filter that drops too much is turned off with `--off FILTER`, a repair with `--repair-off RULE`. With `--near 0.9`
fewer rows count as near duplicates than with 0.85, with 0.7 more, with `--no-near` none.

Single rows go back by hand: put the right lines of `rejected.jsonl` into a file `back.jsonl`, and append their rows to
the dataset. That fits where the dataset has the rows as they came, without `--format`:

```sh
jq -c .data back.jsonl >> dataset.jsonl
```"""


def fence(text: str) -> str:
    """Return a fenced block that no text within can end."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"{mark}text\n{text}\n{mark}"


def _list_files(plan: Plan) -> str:
    names = [f"`` {make_printable(str(path)).replace('`', '')} ``" for path in plan.data]
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _funnel(counts: Counts) -> list[tuple[str, ...]]:
    rows = [
        ("read", counts.read),
        ("unreadable", counts.unreadable),
        ("rejected", counts.rejected.total()),
        ("kept", counts.kept),
        ("repaired, kept or not", counts.repaired),
        *((f"in {name}", number) for name, number in counts.languages.most_common()),
    ]
    return [(name, f"{number:,}", rate(number, counts.read)) for name, number in rows]


def _notices(counts: Counts) -> list[str]:
    lines = [f"{make_printable(notice)}: {number:,}" for notice, number in counts.notices.items()]
    return [fence("\n".join(lines))] if lines else []


def _reasons(counts: Counts, examples: Examples) -> Iterator[str]:
    ranked = sorted(counts.rejected.items(), key=lambda pair: (-pair[1], pair[0]))
    means = FILTERS["en"]
    rows = [
        (reason, filter, f"{number:,}", rate(number, counts.read), means.get(filter, ""))
        for (reason, filter), number in ranked
    ]
    if counts.unreadable:
        rows.append(("unreadable", "", f"{counts.unreadable:,}", rate(counts.unreadable, counts.read), "no row at all"))
    yield _table(("reason", "filter", "rows", "share", "what the filter is about"), rows) if rows else "Nothing."
    for reason in dict.fromkeys(row[0] for row in rows):
        yield f"### {reason}"
        yield from examples.reasons[reason]


def _repairs(counts: Counts, examples: Examples) -> Iterator[str]:
    ranked = sorted(counts.repairs.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [(rule, RULES[rule], f"{number:,}", rate(number, counts.read)) for rule, number in ranked]
    yield _table(("rule", "what it does", "rows", "share"), rows) if rows else "Nothing."
    for rule, _ in ranked:
        yield f"### {rule}"
        yield from examples.repairs[rule]


def _lengths(counts: Counts) -> list[tuple[str, ...]]:
    return [
        (name, *(f"{n:,}" for n in (*counts.before[name].summary(), *counts.after[name].summary())))
        for name in counts.before
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; a bar in a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def rate(part: int, whole: int) -> str:
    """Return a share in percent, precise enough for rare things; "-" of nothing."""
    if not whole:
        return "-"
    share = 100 * part / whole
    return f"{share:.2f} %" if 0 < share < 10 else f"{share:.1f} %"


def word_measure(measure: Measure) -> str:
    """Return what a filter measured in a few words."""
    if measure.limit == "none":
        return f'{measure.filter} found "{measure.value}"'
    value = round(measure.value, 3) if isinstance(measure.value, float) else measure.value
    return f"{measure.filter} {value}, limit {measure.limit} {measure.unit}"


def _word_measure(measures: Sequence[Measure], cleaner: Cleaner) -> Iterator[str]:
    for measure in measures:
        yield word_measure(measure)
        if near := cleaner.find(measure.nearest):
            yield f"nearest {near.file}:{near.line}: {_show(near.instruction)}"


def _word_repair(each: Repair) -> list[str]:
    """Return field, before and after, cut to where they begin to differ."""
    same = 0
    for one, other in zip(each.before, each.after, strict=False):
        if one != other:
            break
        same += 1
    start = max(0, same - _BEFORE_CHANGE)
    lead = "…" if start else ""
    shown = [lead + _show(text[start:]) for text in (each.before, each.after)]
    return [f"{each.field} before: {shown[0]}", f"{each.field} after:  {shown[1]}"]


def _show(text: str) -> str:
    """Return a text on one line, its line breaks visible, cut where it is long."""
    line = json.dumps(text[:_LONGEST], ensure_ascii=False)
    return f"{line} …" if len(text) > _LONGEST else line
