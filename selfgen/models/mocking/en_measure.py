"""English families about counting, notation, units, times of day and dates. The answers are computed in `compute`."""

from __future__ import annotations

from datetime import date

from selfgen.models.mocking import compute
from selfgen.models.mocking.compute import told
from selfgen.models.mocking.en_number import TAILS
from selfgen.models.mocking.en_words import HOBBIES, MONTHS, NAMES, PLACES, WEEKDAYS
from selfgen.models.mocking.frame import STYLE, Family, Slots, span

TIMES = tuple(f"{hour:02d}:{minute:02d}" for hour in range(5, 24) for minute in range(5, 60, 10))
SERIES = (
    *(", ".join(str(start + step * i) for i in range(5)) for start in range(2, 60, 5) for step in (3, 4, 6, 7, 9, 11)),
    *(", ".join(str(start * ratio**i) for i in range(4)) for start in range(2, 12) for ratio in (2, 3, 4, 5)),
)
UNITS = (
    ("km-mi", "kilometres", "miles"),
    ("mi-km", "miles", "kilometres"),
    ("kg-lb", "kilograms", "pounds"),
    ("lb-kg", "pounds", "kilograms"),
    ("c-f", "degrees Celsius", "degrees Fahrenheit"),
    ("f-c", "degrees Fahrenheit", "degrees Celsius"),
    ("in-cm", "inches", "centimetres"),
    ("l-gal", "litres", "US gallons"),
    ("kmh-ms", "kilometres per hour", "metres per second"),
    ("min-h", "minutes", "hours"),
    ("m-ft", "metres", "feet"),
)
UNIT_PAIRS = tuple((source, target) for _, source, target in UNITS)
DAYS = span(1, 28)
YEARS = span(1905, 2039)


def _convert(slots: Slots) -> tuple[str, str]:
    kind = next(kind for kind, source, target in UNITS if (source, target) == (slots["source"], slots["target"]))
    return compute.convert(kind, slots["n"])


def _converted(slots: Slots, given: str) -> str:
    """Answer with a sentence that says where the amount was rounded."""
    equal = "equal about" if "≈" in _convert(slots)[1] else "equal"
    return told(_convert, f"{{n}} {{source}} {equal} {{value}} {{target}}.")(slots, given)


def _date(year: str, month: str, day: str) -> date:
    return date(int(year), MONTHS.index(month) + 1, int(day))


def _weekday(slots: Slots, _: str) -> str:
    name = WEEKDAYS[_date(slots["year"], slots["month"], slots["day"]).weekday()]
    return name if slots.get(STYLE) == "bare" else f"{slots['day']} {slots['month']} {slots['year']} was a {name}."


def _days_later(slots: Slots) -> tuple[str, str]:
    end = compute.days_later(_date(slots["year"], slots["month"], slots["day"]), int(slots["n"]))
    value = f"{end.day} {MONTHS[end.month - 1]} {end.year}"
    return value, f"{slots['day']} {slots['month']} {slots['year']} + {slots['n']} days = {value}"


def _days_between(slots: Slots) -> tuple[str, str]:
    first = _date(slots["year"], slots["month"], slots["day"])
    second = _date(slots["year"], slots["late"], slots["end"])
    value = str(compute.days_between(first, second))
    return value, f"from {first.isoformat()} to {second.isoformat()}: {value} days"


def _weekday_later(slots: Slots, _: str) -> str:
    day = WEEKDAYS[(WEEKDAYS.index(slots["weekday"]) + int(slots["n"])) % 7]
    rest = int(slots["n"]) % 7
    if slots.get(STYLE) == "work":
        return f"{slots['n']} = {int(slots['n']) // 7} × 7 + {rest}, so the weekday moves on by {rest}: {day}."
    return f"It will be a {day}."


FAMILIES: tuple[Family, ...] = (
    Family(
        "handshakes",
        (
            "At {name}'s party {n} people all shake hands once with each other. How many handshakes are there?",
            (
                "In a {hobby} league in {place} every one of {n} teams meets every other team once. How many "
                "matches must be planned?"
            ),
        ),
        {"name": NAMES, "n": span(5, 36), "hobby": HOBBIES[:8], "place": PLACES},
        told(compute.pairs, "There are {value}."),
        TAILS,
        weight=1,
    ),
    Family(
        "outfits",
        (
            "{name} packs {a} shirts, {b} pairs of trousers and {c} hats. How many different outfits are possible?",
            (
                "A cafe in {place} offers {a} soups, {b} main dishes and {c} desserts. In how many ways can a "
                "guest put together a meal of one each?"
            ),
        ),
        {"name": NAMES, "a|b|c": span(2, 12), "place": PLACES},
        told(compute.outfits, "{value} combinations are possible."),
        TAILS,
        weight=1,
    ),
    Family(
        "tank",
        (
            (
                "A tank of {n} litres fills at {a} litres per minute while {b} litres per minute leak out. After "
                "how many minutes is it full (one decimal)?"
            ),
            (
                "Water runs into the {place} pool at {a} litres a minute and {b} litres a minute drain away. How "
                "long, to one decimal, until {n} litres are in it?"
            ),
        ),
        {"n": span(200, 2400, 50), "a": span(14, 40), "b": span(2, 9), "place": PLACES},
        told(compute.tank, "It takes {value} minutes."),
        TAILS,
        weight=1,
    ),
    Family(
        "next_term",
        (
            "Which number comes next in the sequence {terms}?",
            "Continue the series by one term: {terms}.",
            "{name} writes {terms} on the board. What is the next number, if the rule stays the same?",
        ),
        {"terms": SERIES, "name": NAMES},
        told(compute.next_term, "The next number is {value}."),
        TAILS,
    ),
    Family(
        "divisor",
        (
            "What is the greatest common divisor of {a} and {b}?",
            (
                "{name} cuts two ribbons of {a} cm and {b} cm into equal pieces without waste. How long, in "
                "centimetres, can the pieces be at most?"
            ),
        ),
        {"a|b": span(24, 210, 6), "name": NAMES},
        told(compute.common_divisor, "It is {value}."),
        TAILS,
        weight=1,
    ),
    Family(
        "multiple",
        (
            "Find the least common multiple of {a} and {b}.",
            (
                "One bus in {place} leaves every {a} minutes, another every {b} minutes; both have just left. In "
                "how many minutes do they leave together again?"
            ),
        ),
        {"a|b": span(4, 36), "place": PLACES},
        told(compute.common_multiple, "It is {value}."),
        TAILS,
        weight=1,
    ),
    Family(
        "notation",
        ("Write the decimal number {n} in binary.", "How does a computer store {n} with zeros and ones?"),
        {"n": span(9, 250)},
        told(compute.binary, "{n} in binary is {value}."),
        TAILS[4:],
        weight=1,
    ),
    Family(
        "roman",
        (
            "Convert the year {n} to Roman numerals.",
            "A stone over a door in {place} should show {n} in Roman numerals. What must the mason carve?",
        ),
        {"n": span(1066, 2040), "place": PLACES},
        told(compute.roman, "{n} is {value} in Roman numerals."),
        TAILS[4:7],
        weight=1,
    ),
    Family(
        "factors",
        ("Break {n} down into its prime factors.", "As a product of primes, {n} equals what?"),
        {"n": span(24, 990, 6)},
        told(compute.factors, "{n} = {value}"),
        (),
        weight=1,
    ),
    Family(
        "clock",
        (
            (
                "A bus leaves {place} at {start} and needs {h} hours and {min} minutes. When does it arrive "
                "(24-hour clock)?"
            ),
            "{name} puts bread into the oven at {start}; it takes {h} h {min} min. At what time is it done?",
            "The shift of {name} starts at {start} and lasts {h} hours {min} minutes. When may {name2} leave?",
        ),
        {
            "place": PLACES,
            "start": TIMES,
            "h": span(1, 9),
            "min": span(5, 55, 5),
            "name,name2": tuple((n, n) for n in NAMES),
        },
        told(compute.clock, "It will be {value} then."),
        TAILS[4:],
    ),
    Family(
        "convert",
        (
            "Convert {n} {source} to {target}, rounded to two decimals.",
            "How much is {n} {source} in {target}?",
            "A leaflet from {place} says {n} {source}. What should a reader who is used to {target} see there?",
            "{name} only thinks in {target}. Please restate {n} {source} with at most two decimals.",
        ),
        {"n": span(3, 420, 3), "source,target": UNIT_PAIRS, "place": PLACES, "name": NAMES},
        _converted,
        TAILS,
        weight=3,
    ),
    Family(
        "weekday",
        (
            "Which day of the week was {day} {month} {year}?",
            "{name} was born on {day} {month} {year}. On what weekday was that?",
            "A diary found in {place} begins on {day} {month} {year}. Name the day of the week.",
        ),
        {"day": DAYS, "month": MONTHS, "year": span(1905, 2019), "name": NAMES, "place": PLACES},
        _weekday,
        (("One word is enough.", "bare"), ("Answer with a whole sentence.", "full")),
    ),
    Family(
        "date_later",
        (
            "What date is {n} days after {day} {month} {year}?",
            "A library book borrowed in {place} on {day} {month} {year} is due in {n} days. Name the due date.",
            "{name}'s warranty starts on {day} {month} {year} and runs for {n} days. On which date does it end?",
        ),
        {"n": span(10, 200, 3), "day": DAYS, "month": MONTHS, "year": YEARS, "place": PLACES, "name": NAMES},
        told(_days_later, "It is {value}."),
        TAILS[4:],
    ),
    Family(
        "days_between",
        (
            "How many days lie between {day} {month} and {end} {late} {year}, the first day not counted?",
            "{name} leaves on {day} {month} and returns on {end} {late} {year}. Count the nights away.",
        ),
        {"day|end": DAYS, "month": MONTHS[:6], "late": MONTHS[6:], "year": YEARS, "name": NAMES},
        told(_days_between, "The count is {value}."),
        TAILS,
    ),
    Family(
        "weekday_later",
        (
            "Today is {weekday}. Which weekday will it be in {n} days?",
            "A ship sails on a {weekday} and is back after {n} days. Name the weekday of its return.",
            "{name} signs a lease on a {weekday} and moves in {n} days later. On which day of the week is that?",
        ),
        {
            "weekday": WEEKDAYS,
            "n": span(9, 120),
            "name": NAMES,
        },
        _weekday_later,
        (("Explain the step with the remainder.", "work"), ("Keep it to one sentence.", "full")),
    ),
)
