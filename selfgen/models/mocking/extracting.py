"""Documents with fields: written from sentence forms, read back, and answered with the fields that a task names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.frame import STYLE, Frame, Pool, Slots, fill, make_frames
from selfgen.models.mocking.labelling import split_labels

FIELDS = "fields"


@dataclass(frozen=True, slots=True)
class Document:
    """One kind of document. `fields` maps words of an instruction to slots; `colon` parts a name from its value."""

    texts: tuple[str, ...]
    pools: Mapping[str, Pool]
    fields: Mapping[str, str]
    colon: str
    frames: tuple[Frame, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", make_frames(self.texts, self.pools))

    def give(self, _: Slots, dice: Dice) -> str:
        return dice.pick(self.frames).render(fill(self.pools, dice))

    def answer(self, slots: Slots, given: str) -> str:
        """Return the fields in the order of the instruction: one value alone, else lines or JSON. Raises ValueError
        for a document that is none of ours."""
        read = next((found[0] for frame in self.frames if (found := frame.read(given))), None)
        if read is None:
            raise ValueError("no form fits the document")
        values = {name: read[self.fields[name]] for name in split_labels(slots[FIELDS])}
        if slots.get(STYLE) == "json":
            return json.dumps(values, ensure_ascii=False)
        if len(values) == 1:
            return next(iter(values.values()))
        return "\n".join(f"{name}{self.colon}{value}" for name, value in values.items())
