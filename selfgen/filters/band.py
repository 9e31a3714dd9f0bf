"""The band of ROUGE-L scores in which a second opinion is asked. Knows how it is spelled, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from selfgen.errors import BadConfig
from selfgen.filters.rule import read_fraction


@dataclass(frozen=True, slots=True)
class Band:
    """From `low` to `high`, both within; as decimals that spell exact fractions."""

    low: str
    high: str

    def holds(self, score: float) -> bool:
        """Tell whether a score is in the band."""
        return float(Fraction(self.low)) <= score <= float(Fraction(self.high))


def read_band(text: str) -> Band | None:
    """Read "0.6..0.8"; "" is no band. Raises BadConfig."""
    if not text:
        return None
    low, dots, high = str(text).replace(" ", "").partition("..")
    if not dots or read_fraction("semantic", "band", low) >= read_fraction("semantic", "band", high):
        raise BadConfig(
            f"filter semantic: band is {text!r}", todo='Give band as two ROUGE-L scores, for example "0.6..0.8".'
        )
    return Band(low, high)
