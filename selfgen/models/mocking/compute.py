"""What the answers of the number, date, unit and table families are computed with. Knows no language and no sentence.

A sum takes the slots of a task and returns the value and the working, both as texts. Money is counted in cents and
fractions stay exact until they are written down.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from selfgen.models.mocking.frame import STYLE, Answer, Slots

Sum = Callable[[Slots], tuple[str, str]]


_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?")


def number(text: str) -> Fraction:
    """Read "12", "2.50" or "1,200" exactly. Raises ValueError for anything else, and for numbers beyond reason."""
    plain = text.strip().replace(",", "")
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"not a number of this grammar: {text[:40]!r}")
    return Fraction(plain)


def count(text: str, most: int) -> int:
    """Read a whole number up to `most`: people write tasks too, and a sum must not run for hours."""
    value = int(number(text))
    if not 0 < value <= most:
        raise ValueError(f"beyond this grammar: {text[:40]!r}")
    return value


def trim(value: Fraction | int, places: int = 2) -> str:
    """Write a number with at most `places` decimals (half away from zero), no trailing zeros."""
    scaled = abs(Fraction(value)) * 10**places
    whole = math.floor(scaled + Fraction(1, 2))
    sign = "-" if value < 0 and whole else ""
    head, tail = divmod(whole, 10**places)
    decimals = f"{tail:0{places}d}".rstrip("0") if places else ""
    return f"{sign}{head}.{decimals}" if decimals else f"{sign}{head}"


def rounded(value: Fraction, places: int) -> tuple[str, str]:
    """Return the number as `trim` writes it, and "=" where nothing was lost, else "≈"."""
    text = trim(value, places)
    return text, "=" if Fraction(text) == value else "≈"


def money(value: Fraction | int) -> str:
    """Write an amount: whole, or with two decimals."""
    cents = math.floor(Fraction(value) * 100 + Fraction(1, 2))
    return f"{cents // 100}.{cents % 100:02d}" if cents % 100 else str(cents // 100)


def bill(s: Slots) -> tuple[str, str]:
    value = money(number(s["n"]) * number(s["p"]) + number(s["m"]) * number(s["q"]))
    return value, f"{s['n']} × {s['p']} + {s['m']} × {s['q']} = {value}"


def change(s: Slots) -> tuple[str, str]:
    cost = number(s["n"]) * number(s["p"])
    value = money(number(s["note"]) - cost)
    return value, f"{s['note']} − {s['n']} × {s['p']} = {s['note']} − {money(cost)} = {value}"


def percent(s: Slots) -> tuple[str, str]:
    value = trim(number(s["pct"]) * number(s["n"]) / 100)
    return value, f"{s['n']} × {s['pct']} / 100 = {value}"


def discount(s: Slots) -> tuple[str, str]:
    off = number(s["p"]) * number(s["pct"]) / 100
    value = money(number(s["p"]) - off)
    return value, f"{s['p']} × {s['pct']} / 100 = {money(off)}; {s['p']} − {money(off)} = {value}"


def two_discounts(s: Slots) -> tuple[str, str]:
    first = number(s["p"]) * (100 - number(s["pct"])) / 100
    value = money(first * (100 - number(s["more"])) / 100)
    steps = f"{s['p']} × {trim((100 - number(s['pct'])) / 100)} × {trim((100 - number(s['more'])) / 100)}"
    return value, f"{steps} = {value}"


def growth(s: Slots) -> tuple[str, str]:
    old, new = number(s["old"]), number(s["new"])
    value, sign = rounded((new - old) * 100 / old, 1)
    return value, f"({s['new']} − {s['old']}) / {s['old']} × 100 {sign} {value}"


def distance(s: Slots) -> tuple[str, str]:
    value = trim(number(s["v"]) * number(s["h"]))
    return value, f"{s['v']} × {s['h']} = {value}"


def hours_needed(s: Slots) -> tuple[str, str]:
    value, sign = rounded(number(s["d"]) / number(s["v"]), 2)
    return value, f"{s['d']} / {s['v']} {sign} {value}"


def share(s: Slots) -> tuple[str, str]:
    total, people = int(s["n"]), int(s["k"])
    each, left = divmod(total, people)
    return f"{each}, {left}", f"{total} = {people} × {each} + {left}"


def scale(s: Slots) -> tuple[str, str]:
    value, sign = rounded(number(s["g"]) * number(s["b"]) / number(s["a"]), 2)
    return value, f"{s['g']} / {s['a']} × {s['b']} {sign} {value}"


def area(s: Slots) -> tuple[str, str]:
    value = trim(number(s["a"]) * number(s["b"]))
    return value, f"{s['a']} × {s['b']} = {value}"


def fence(s: Slots) -> tuple[str, str]:
    value = trim((number(s["a"]) + number(s["b"])) * 2)
    return value, f"2 × ({s['a']} + {s['b']}) = {value}"


def interest(s: Slots) -> tuple[str, str]:
    value = money(number(s["n"]) * number(s["pct"]) * number(s["years"]) / 100)
    return value, f"{s['n']} × {s['pct']} / 100 × {s['years']} = {value}"


def mean_of_four(s: Slots) -> tuple[str, str]:
    total = sum((number(s[name]) for name in ("a", "b", "c", "d")), Fraction(0))
    value = trim(total / 4)
    return value, f"({s['a']} + {s['b']} + {s['c']} + {s['d']}) / 4 = {trim(total)} / 4 = {value}"


def expression(s: Slots) -> tuple[str, str]:
    a, b, c, d = (int(s[name]) for name in ("a", "b", "c", "d"))
    value = str(a * (b + c) - d)
    return value, f"{a} × {b + c} − {d} = {a * (b + c)} − {d} = {value}"


def younger(s: Slots) -> tuple[str, str]:
    gap, together = int(s["gap"]), int(s["together"])
    value = str((together - gap) // 2)
    return value, f"({together} − {gap}) / 2 = {value}"


def savings(s: Slots) -> tuple[str, str]:
    value = money(number(s["start"]) + number(s["w"]) * number(s["n"]))
    return value, f"{s['start']} + {s['w']} × {s['n']} = {value}"


def pairs(s: Slots) -> tuple[str, str]:
    n = int(s["n"])
    return str(n * (n - 1) // 2), f"{n} × {n - 1} / 2 = {n * (n - 1) // 2}"


def outfits(s: Slots) -> tuple[str, str]:
    value = str(int(s["a"]) * int(s["b"]) * int(s["c"]))
    return value, f"{s['a']} × {s['b']} × {s['c']} = {value}"


def tank(s: Slots) -> tuple[str, str]:
    value, sign = rounded(number(s["n"]) / (number(s["a"]) - number(s["b"])), 1)
    return value, f"{s['n']} / ({s['a']} − {s['b']}) {sign} {value}"


def next_term(s: Slots) -> tuple[str, str]:
    terms = [int(number(part)) for part in s["terms"].replace("，", ",").replace("、", ",").split(",")]
    steps = [after - before for before, after in pairwise(terms)]
    if len(set(steps)) == 1:
        return str(terms[-1] + steps[0]), f"{terms[-1]} + {steps[0]} = {terms[-1] + steps[0]}".replace("+ -", "− ")
    ratio = terms[1] // terms[0]
    return str(terms[-1] * ratio), f"{terms[-1]} × {ratio} = {terms[-1] * ratio}"


def common_divisor(s: Slots) -> tuple[str, str]:
    a, b = int(s["a"]), int(s["b"])
    value = math.gcd(a, b)
    return str(value), f"{a} = {value} × {a // value}, {b} = {value} × {b // value}"


def common_multiple(s: Slots) -> tuple[str, str]:
    a, b = int(s["a"]), int(s["b"])
    value = math.lcm(a, b)
    return str(value), f"{a} × {value // a} = {b} × {value // b} = {value}"


def binary(s: Slots) -> tuple[str, str]:
    n = count(s["n"], 10**6)
    powers = [str(1 << bit) for bit in range(n.bit_length() - 1, -1, -1) if n >> bit & 1]
    return f"{n:b}", f"{n} = {' + '.join(powers)}"


def roman(s: Slots) -> tuple[str, str]:
    rest, letters, steps = count(s["n"], 3999), "", []
    for value, sign in _ROMAN:
        while rest >= value:
            letters, rest = letters + sign, rest - value
            steps.append(str(value))
    return letters, f"{s['n']} = {' + '.join(steps)}"


_ROMAN = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
    *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)


def factors(s: Slots) -> tuple[str, str]:
    rest, found, divisor = count(s["n"], 10**6), [], 2
    while divisor * divisor <= rest:
        while rest % divisor == 0:
            found.append(str(divisor))
            rest //= divisor
        divisor += 1
    if rest > 1:
        found.append(str(rest))
    return " × ".join(found), f"{s['n']} = {' × '.join(found)}"


def clock(s: Slots) -> tuple[str, str]:
    hours, minutes = (int(part) for part in s["start"].split(":"))
    end = (hours * 60 + minutes + int(s["h"]) * 60 + int(s["min"])) % (24 * 60)
    value = f"{end // 60:02d}:{end % 60:02d}"
    return value, f"{s['start']} + {s['h']}:{int(s['min']):02d} = {value}"


def told(compute_sum: Sum, sentence: str, joint: str = ", ") -> Answer:
    """Answer with a sum in the style that a task asks for: bare, in a sentence, or with the working before it."""

    def answer(slots: Slots, _: str) -> str:
        value, working = compute_sum(slots)
        value = value.replace(", ", joint)
        style = slots.get(STYLE, "")
        if style == "bare":
            return value
        said = sentence.format_map({**slots, "value": value})
        return f"{working}\n{said}" if style == "work" else said

    return answer


def later(start: str, minutes: int) -> str:
    """Return the time of day some minutes after "08:30"."""
    hour, minute = map(int, start.split(":"))
    return f"{(hour + (minute + minutes) // 60) % 24:02d}:{(minute + minutes) % 60:02d}"


CONVERSIONS = {
    "km-mi": (Fraction(100000, 160934), Fraction(0)),
    "mi-km": (Fraction(1609344, 1000000), Fraction(0)),
    "kg-lb": (Fraction(100000000, 45359237), Fraction(0)),
    "lb-kg": (Fraction(45359237, 100000000), Fraction(0)),
    "c-f": (Fraction(9, 5), Fraction(32)),
    "f-c": (Fraction(5, 9), Fraction(-160, 9)),
    "in-cm": (Fraction(254, 100), Fraction(0)),
    "l-gal": (Fraction(1000000, 3785412), Fraction(0)),
    "kmh-ms": (Fraction(10, 36), Fraction(0)),
    "min-h": (Fraction(1, 60), Fraction(0)),
    "m-ft": (Fraction(10000, 3048), Fraction(0)),
    "jin-kg": (Fraction(1, 2), Fraction(0)),
    "kg-jin": (Fraction(2), Fraction(0)),
    "li-km": (Fraction(1, 2), Fraction(0)),
    "mu-m2": (Fraction(2000, 3), Fraction(0)),
    "chi-cm": (Fraction(100, 3), Fraction(0)),
}
"""Factor and offset: y = factor × x + offset. The Chinese market units are the metric ones in force since 1930."""


def convert(kind: str, amount: str) -> tuple[str, str]:
    """Return the converted amount with at most two decimals, and the working."""
    factor, offset = CONVERSIONS[kind]
    value, sign = rounded(number(amount) * factor + offset, 2)
    if kind == "c-f":
        return value, f"{amount} × 9 / 5 + 32 {sign} {value}"
    if kind == "f-c":
        return value, f"({amount} − 32) × 5 / 9 {sign} {value}"
    return value, f"{amount} × {trim(factor, 5)} {sign} {value}"


def weekday(year: int, month: int, day: int) -> int:
    """Return 0 for Monday to 6 for Sunday."""
    return date(year, month, day).weekday()


def days_between(first: date, second: date) -> int:
    return abs((second - first).days)


def days_later(start: date, days: int) -> date:
    return start + timedelta(days=days)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def median(values: list[Fraction]) -> Fraction:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2
