"""Repairs rows of data that exists: what a row's own text shows to be an accident of its making is put right.

Every rule is a pure function of the three fields. A rule touches only what cannot have been meant; what may be the
point of the task (case, width, punctuation, entities in a task about escaping) stays. This room knows no file, no
verdict and no model: which rows are kept is not decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from selfgen.core.tasks import Task
from selfgen.errors import UsageError
from selfgen.repairs import characters, entities, escapes, inputs, records, spacing
from selfgen.repairs.fields import Fields, Rule

_MOST_PASSES = 10


@dataclass(frozen=True, slots=True)
class Repair:
    """What one rule changed in one field. `before` and `after` are the whole field."""

    rule: str
    field: str
    before: str
    after: str


def _always(whole: str) -> bool:
    """Let a rule look that is as quick as any guard."""
    return True


_RULES: Mapping[str, Rule] = {
    "lost_backslash": Rule(
        "A LaTeX command whose backslash was read as an escape gets it back.",
        characters.may_lack_backslash,
        characters.restore_backslashes,
    ),
    "lost_marks": Rule(
        "Quotation marks and dashes that a wrong encoding made control characters come back.",
        characters.may_hold_lost_mark,
        characters.restore_marks,
    ),
    "line_ends": Rule("Every line ends in LF.", characters.has_odd_line_end, characters.unify_line_ends),
    "hidden_characters": Rule(
        "Control, zero-width and directional characters go where they have no work.",
        characters.may_hide,
        characters.drop_hidden,
    ),
    "html_entities": Rule(
        "HTML entities in a row that a program escaped become the characters they stand for.",
        entities.may_hold_entity,
        entities.unescape_entities,
    ),
    "literal_line_breaks": Rule(
        r"A literal \n in prose becomes a line break.", escapes.may_hold_escape, escapes.restore_line_breaks
    ),
    "full_width_letters": Rule(
        "Full-width letters and digits become half-width.", characters.has_wide, characters.narrow
    ),
    "merged_records": Rule("An output ends where another record begins.", records.may_be_merged, records.cut_records),
    "no_input_marker": Rule('An input that only says that there is none becomes "".', _always, inputs.clear_markers),
    "field_label": Rule(
        'A field loses its own label ("Output:") in front.', records.may_be_labelled, records.drop_labels
    ),
    "input_in_instruction": Rule(
        'An input that the instruction holds, quoted or at its end, becomes "".', _always, inputs.clear_repeated
    ),
    "list_spacing": Rule(
        "The numbers of one list all have a space behind them, or none has.",
        spacing.has_later_item,
        spacing.space_items,
    ),
    "chinese_punctuation": Rule(
        'Half-width ",;:?!" between two Chinese characters become full-width.',
        characters.has_narrow_mark,
        characters.widen_marks,
    ),
    "white_space": Rule("Outer white space goes; three and more blank lines become one.", _always, spacing.trim),
}

RULES: Mapping[str, str] = MappingProxyType({name: rule.says for name, rule in _RULES.items()})
"""What each rule does, in the order of application."""
OFF: frozenset[str] = frozenset({"chinese_punctuation"})
"""Rules that run only when asked for: a comma between Chinese characters may be that of a table."""
DEFAULT: frozenset[str] = frozenset(RULES) - OFF


def repair(task: Task, rules: Collection[str] = DEFAULT) -> tuple[Task, tuple[Repair, ...]]:
    """Apply the rules in the order of RULES, again and again until nothing changes.

    A row that needs no repair comes back as the same object. So does one that does not settle within ten passes, as
    only a text made for that can (entities in entities in entities ...): a row half repaired would change again the
    next time. Raises UsageError for the name of a rule that does not exist, and never for a text."""
    chosen = _choose(rules if isinstance(rules, frozenset) else frozenset(rules))
    first = fields = Fields(task.instruction, task.input, task.output)
    repairs = list[Repair]()
    for _ in range(_MOST_PASSES):
        changed = _pass(fields, chosen, repairs)
        if changed is fields:
            break
        fields = changed
    else:
        return task, ()
    if fields == first:
        return task, ()
    return replace(task, instruction=fields.instruction, input=fields.input, output=fields.output), tuple(repairs)


def _pass(fields: Fields, chosen: tuple[tuple[str, Rule], ...], repairs: list[Repair]) -> Fields:
    """Apply each rule once, and add to `repairs` what it changed."""
    whole = "\n".join(fields)
    for name, rule in chosen:
        if not rule.may_apply(whole):
            continue
        changed = rule.apply(fields)
        if changed is fields:
            continue
        for field, before, after in zip(Fields._fields, fields, changed, strict=True):
            if before != after:
                repairs.append(Repair(name, field, before, after))
        fields, whole = changed, "\n".join(changed)
    return fields


@lru_cache(maxsize=64)
def _choose(rules: frozenset[str]) -> tuple[tuple[str, Rule], ...]:
    unknown = sorted(rules - set(_RULES))
    if unknown:
        raise UsageError(f"no repair is called {', '.join(unknown)}", todo=f"Repairs are: {', '.join(RULES)}.")
    return tuple((name, rule) for name, rule in _RULES.items() if name in rules)
