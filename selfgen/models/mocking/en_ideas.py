"""English families that list, plan and compare. Ideas come from small tables; times and shares are computed."""

from __future__ import annotations

from selfgen.models.mocking import compute
from selfgen.models.mocking.en_compare_tables import CHOICES, MEALS, VERSUS
from selfgen.models.mocking.en_ideas_tables import GIFTS, HOW_TO, TRIPS
from selfgen.models.mocking.en_words import EVENTS, JOBS, NAMES, PLACES, SHOPS
from selfgen.models.mocking.frame import STYLE, Family, Slots, span
from selfgen.models.mocking.listing import from_table, lines

COUNTS = ("three", "four", "five")
TAILS = (
    ("Number them.", "number"),
    ("A bulleted list is fine.", "bullet"),
    ("Put each on a line of its own.", "line"),
    ("Short phrases are enough.", "bullet"),
    ("Start with the one you like best.", "number"),
    ("No introduction, only the list.", "bullet"),
    ("Nothing expensive, please.", "bullet"),
)
ADJECTIVES = ("Silver", "Quiet", "Merry", "Little", "Golden", "Wandering", "Blue", "Honest")
NOUNS = ("Lantern", "Sparrow", "Anchor", "Thimble", "Maple", "Compass", "Acorn", "Ladder")


def _shop_names(slots: Slots, _: str) -> str:
    count = COUNTS.index(slots["k"]) + 3
    first = sum(map(ord, slots["shop"] + slots["place"]))
    names = [f"The {ADJECTIVES[(first + i * 3) % 8]} {NOUNS[(first // 8 + i * 5) % 8]}" for i in range(count)]
    return lines(names, slots.get(STYLE, ""))


def _versus(slots: Slots, _: str) -> str:
    a, b = slots["a"], slots["b"]
    table = next(table for table in VERSUS.values() if a in table and b in table)
    said = [f"{aspect}: {a} {table[a][aspect]}, {b} {table[b][aspect]}" for aspect in table[a]]
    if slots.get(STYLE) == "table":
        rows = [f"| {aspect} | {table[a][aspect]} | {table[b][aspect]} |" for aspect in table[a]]
        return "\n".join([f"| | {a} | {b} |", "| --- | --- | --- |", *rows])
    return "\n".join(f"- {line}" for line in said)


def _pros_cons(slots: Slots, _: str) -> str:
    pros, cons = CHOICES[slots["choice"]]
    return lines([f"For: {pro}" for pro in pros] + [f"Against: {con}" for con in cons], "bullet")


def _study_day(slots: Slots, _: str) -> str:
    count, length, rest = compute.count(slots["n"], 30), int(slots["m"]), int(slots["b"])
    starts = [i * (length + rest) for i in range(count)]
    said = [
        f"{compute.later(slots['start'], s)}–{compute.later(slots['start'], s + length)} session {i}"
        for i, s in enumerate(starts, 1)
    ]
    return "\n".join([*said, f"The day ends at {compute.later(slots['start'], starts[-1] + length)}."])


def _agenda(slots: Slots, _: str) -> str:
    total = int(slots["m"])
    parts = (("Welcome and aims", 10), ("Report", 20), ("Discussion", 40), ("Decisions", 20), ("Next steps", 10))
    spent, said = 0, []
    for name, share in parts:
        length = total * share // 100
        said.append(f"{compute.later(slots['start'], spent)} {name} ({length} min)")
        spent += length
    return "\n".join(said)


def _budget(slots: Slots, _: str) -> str:
    income = compute.number(slots["n"])
    parts = (("needs", 50), ("wishes", 30), ("savings", 20))
    return "\n".join(f"- {name} ({share}%): ${compute.money(income * share / 100)}" for name, share in parts)


def _menu(slots: Slots, _: str) -> str:
    first = sum(map(ord, slots["who"] + slots["place"]))
    meals = MEALS[slots["diet"]]
    return "\n".join(
        f"Day {day}: {meals[(first + day) % len(meals)]}" for day in range(1, compute.count(slots["n"], 30) + 1)
    )


def _interview(slots: Slots, _: str) -> str:
    trade, event = slots["trade"], slots["event"]
    questions = (
        f"Which part of a {trade}'s day do outsiders never see?",
        f"How did you decide to become a {trade}?",
        f"What would you tell a beginner who wants to work as a {trade}?",
        f"What brought you to {event}?",
        "Which mistake taught you most?",
    )
    return lines(list(questions[: COUNTS.index(slots["k"]) + 3]), slots.get(STYLE, ""))


VERSUS_PAIRS = tuple((a, b) for table in VERSUS.values() for a in table for b in table if a != b)
FAMILIES: tuple[Family, ...] = (
    Family(
        "gifts",
        (
            "Suggest {k} presents for {who}, who loves {hobby}.",
            "{who} turns {n} next week and spends every free hour on {hobby}. Think of {k} gifts.",
            "What could colleagues in {place} give to somebody mad about {hobby}? I need {k} ideas.",
        ),
        {"k": COUNTS, "who": NAMES, "hobby": tuple(GIFTS), "n": span(18, 75), "place": PLACES},
        from_table(GIFTS, "hobby", COUNTS),
        TAILS,
        weight=3,
    ),
    Family(
        "packing",
        (
            "List the most important things to pack for {trip}.",
            "{who} sets off from {place} tomorrow for {trip}. What belongs in the bag?",
            "My neighbour {who} always forgets half of the things. Make a packing list for {trip}.",
        ),
        {"trip": tuple(TRIPS), "who": NAMES, "place": PLACES},
        from_table(TRIPS, "trip", COUNTS),
        TAILS[:4],
    ),
    Family(
        "how_to",
        (
            "Explain step by step how to {task}.",
            "{who} from {place} has never had to {task}. Give clear steps.",
            "What is the right order of steps if a {trade} wants to {task}?",
        ),
        {"task": tuple(HOW_TO), "who": NAMES, "place": PLACES, "trade": JOBS},
        from_table(HOW_TO, "task", COUNTS),
        TAILS[:3],
        weight=3,
    ),
    Family(
        "shop_names",
        (
            "Find {k} names for a {shop} that opens in {place}.",
            "{who} is about to open a {shop} in {place} and lacks a name. Brainstorm {k}.",
        ),
        {"k": COUNTS, "shop": SHOPS, "place": PLACES, "who": NAMES},
        _shop_names,
        TAILS[:6],
    ),
    Family(
        "versus",
        (
            "Compare {a} with {b}.",
            "{who} hesitates between {a} and {b}. Set out how they differ.",
            "In what respects do {a} and {b} differ? A pupil in {place} asks.",
        ),
        {"a,b": VERSUS_PAIRS, "who": NAMES, "place": PLACES},
        _versus,
        (
            ("Use a table.", "table"),
            ("Bullet points, please.", ""),
            ("One line per aspect.", ""),
            ("Arrange it as a Markdown table.", "table"),
        ),
        weight=3,
    ),
    Family(
        "pros_cons",
        (
            "What speaks for and against {choice}?",
            "{who} considers {choice}. List the advantages and drawbacks.",
            "A debating club in {place} discusses {choice}. Collect arguments for both sides.",
        ),
        {"choice": tuple(CHOICES), "who": NAMES, "place": PLACES},
        _pros_cons,
        (),
        weight=2,
    ),
    Family(
        "study_day",
        (
            "Plan a study day from {start} with {n} sessions of {m} minutes and breaks of {b} minutes in between.",
            (
                "{who} starts revising at {start}: {n} blocks of {m} minutes, {b} minutes of rest after each but "
                "the last. Lay out the timetable."
            ),
        ),
        {
            "start": tuple(f"{h:02d}:{m:02d}" for h in range(7, 15) for m in (0, 10, 15, 30, 40)),
            "n": span(3, 6),
            "m": span(25, 60, 5),
            "b": span(5, 20, 5),
            "who": NAMES,
        },
        _study_day,
        (("The 24-hour clock, please.", ""), ("State when the day ends.", "")),
    ),
    Family(
        "agenda",
        (
            "Set up an agenda of {m} minutes for a meeting about {event}, starting at {start}.",
            "{who} chairs the preparation of {event} at {start} and has {m} minutes. Propose an agenda with times.",
        ),
        {
            "m": span(30, 120, 10),
            "event": EVENTS,
            "start": tuple(f"{h:02d}:{m:02d}" for h in range(8, 19) for m in (0, 15, 30)),
            "who": NAMES,
        },
        _agenda,
    ),
    Family(
        "budget",
        (
            "Split a monthly income of ${n} by the 50/30/20 rule.",
            (
                "{who} earns ${n} a month as a {trade}. How much goes to needs, wishes and savings if half, "
                "three tenths and one fifth are set aside for them?"
            ),
        ),
        {"n": span(1200, 5200, 40), "who": NAMES, "trade": JOBS},
        _budget,
    ),
    Family(
        "menu",
        (
            "Put together a {diet} dinner plan for {n} days for {who} in {place}.",
            (
                "{who} rents a cabin near {place} for {n} days and wants {diet} dinners. What should be cooked "
                "on which day?"
            ),
        ),
        {"diet": tuple(MEALS), "n": span(3, 6), "who": NAMES, "place": PLACES},
        _menu,
        (("Everyday ingredients only.", ""), ("One line per day.", "")),
    ),
    Family(
        "interview",
        (
            "Prepare {k} interview questions for a {trade} who speaks at {event}.",
            "{who} hosts a talk with a {trade} during {event}. Which {k} questions would make the audience curious?",
        ),
        {"k": COUNTS, "trade": JOBS, "event": EVENTS, "who": NAMES},
        _interview,
        TAILS[:3],
    ),
)
