"""English families about numbers: word problems and percentages. The answers are computed in `compute`."""

from __future__ import annotations

from selfgen.models.mocking import compute
from selfgen.models.mocking.compute import told
from selfgen.models.mocking.en_words import GOODS, HOBBIES, MONTHS, NAMES, PLACES, SHOPS, THINGS
from selfgen.models.mocking.frame import Family, Pool, span

TAILS = (
    ("Give only the number.", "bare"),
    ("Reply with the result and nothing else.", "bare"),
    ("Just the bare figure is enough for me.", "bare"),
    ("No words, no units, only digits please.", "bare"),
    ("Show the calculation in one line.", "work"),
    ("Include the working so that others can check it.", "work"),
    ("I would like to see how you got there.", "work"),
    ("State the answer in one full sentence.", "full"),
    ("Answer with a sentence that a child of ten understands.", "full"),
    ("Write the result out in a complete sentence.", "full"),
    ("First the working, then the answer.", "work"),
)
PRICES = tuple(f"{cents // 100}.{cents % 100:02d}" for cents in range(65, 1995, 35))
AGES = tuple((str(gap), str(2 * young + gap)) for gap in range(2, 31) for young in range(4, 40, 3))


SHOPPING: dict[str, Pool] = {
    "name": NAMES, "item|thing": GOODS, "n": span(2, 19), "m": span(2, 15), "p|q": PRICES, "place": PLACES,
    "shop": SHOPS,
}  # fmt: skip

FAMILIES: tuple[Family, ...] = (
    Family(
        "bill",
        (
            "{name} buys {n} {item} at ${p} each and {m} {thing} at ${q} each. How much is that altogether?",
            (
                "At a market in {place}, {item} cost ${p} apiece and {thing} ${q} apiece. What would {name} pay "
                "for {n} of the first and {m} of the second?"
            ),
            "Work out the bill for {n} {item} (${p} each) and {m} {thing} (${q} each).",
            (
                "A customer of the {shop} puts {n} {item} and {m} {thing} on the counter; the first cost ${p} "
                "apiece, the second ${q}. Which total should {name} ask for?"
            ),
            "How many dollars does an order of {n} {item} for ${p} apiece plus {m} {thing} for ${q} apiece come to?",
        ),
        SHOPPING,
        told(compute.bill, "The total is ${value}."),
        TAILS,
        weight=3,
    ),
    Family(
        "change",
        (
            "{name} pays for {n} {item} at ${p} each with a ${note} note. How much change comes back?",
            "Out of ${note}, what is left after paying for {n} {item} that cost ${p} apiece?",
            (
                "In {place} one pays ${p} for each of {n} {item}. Starting with ${note} in the purse, what "
                "remains for {name}?"
            ),
        ),
        {"name": NAMES, "n": span(2, 5), "item": GOODS, "p": PRICES, "note": ("100", "150", "200"), "place": PLACES},
        told(compute.change, "${value} is left."),
        TAILS,
    ),
    Family(
        "percent",
        (
            "What is {pct}% of {n}?",
            "In a survey of {n} people in {place}, {pct}% said that they enjoy {hobby}. How many people is that?",
            "Calculate {pct} percent of {n} without rounding.",
            "Of the {n} members of the {hobby} club in {place}, {pct}% paid late. Work out the number of late payers.",
            "A {shop} gives {pct}% of its weekly profit of ${n} to charity. How many dollars does charity get?",
        ),
        {"pct": span(5, 95, 5), "n": span(120, 4900, 20), "place": PLACES, "hobby": HOBBIES, "shop": SHOPS},
        told(compute.percent, "{pct}% of {n} is {value}."),
        TAILS,
    ),
    Family(
        "discount",
        (
            "The price of {thing} was ${p} and is reduced by {pct}%. What does it cost now?",
            (
                "{name} has a voucher for {pct}% off and wants {thing} that is marked ${p}. Find the price after "
                "the discount."
            ),
            "If a {shop} in {place} takes {pct}% off {thing} at ${p}, how many dollars must still be paid?",
        ),
        {"thing": THINGS, "p": span(16, 480, 4), "pct": span(5, 60, 5), "name": NAMES, "shop": SHOPS, "place": PLACES},
        told(compute.discount, "The price after {pct}% off is ${value}."),
        TAILS,
    ),
    Family(
        "two_discounts",
        (
            (
                "In the {place} sale {thing} at ${p} is first reduced by {pct}% and then by another {more}% of "
                "the new price. What does {name} pay in the end?"
            ),
            "Two discounts, {pct}% and after it {more}%, are applied to ${p} for {thing}. Compute the final price.",
        ),
        {"thing": THINGS, "p": span(40, 480, 20), "pct|more": span(5, 40, 5), "name": NAMES, "place": PLACES},
        told(compute.two_discounts, "The final price is ${value}."),
        TAILS,
        weight=1,
    ),
    Family(
        "growth",
        (
            (
                "The number of visitors to the {place} museum rose from {old} to {new}. By what percentage did "
                "it grow, to one decimal place?"
            ),
            (
                "A {shop} had {old} customers in {month} last year and {new} in the same month this year. How "
                "big is the increase in percent (one decimal)?"
            ),
            (
                "Membership of a {hobby} club went up from {old} to {new}; express the rise as a percentage with "
                "one decimal."
            ),
        ),
        {
            "place": PLACES,
            "old": span(120, 890, 7),
            "new": span(900, 1700, 9),
            "shop": SHOPS,
            "month": MONTHS,
            "hobby": HOBBIES,
        },
        told(compute.growth, "That is an increase of {value}%."),
        TAILS,
    ),
    Family(
        "distance",
        (
            "How far does a train travel in {h} hours at a steady {v} kilometres per hour?",
            "{name} drives out of {place} at {v} km/h and keeps that speed for {h} hours. How many kilometres is that?",
            "A ferry makes {v} kilometres an hour. Which distance lies behind it after {h} hours?",
        ),
        {
            "h": ("2", "3", "4", "5", "6", "7", "1.5", "2.5", "3.5"),
            "v": span(24, 130, 2),
            "name": NAMES,
            "place": PLACES,
        },
        told(compute.distance, "The distance is {value} kilometres."),
        TAILS,
        weight=1,
    ),
    Family(
        "hours_needed",
        (
            (
                "From {place} to the coast it is {d} kilometres. How many hours does {name} need at an average "
                "of {v} km/h?"
            ),
            "A cyclist covers {v} kilometres per hour. In how many hours are {d} kilometres done?",
        ),
        {"place": PLACES, "d": span(36, 400, 4), "name": NAMES, "v": ("12", "15", "16", "18", "20", "24", "25", "30")},
        told(compute.hours_needed, "The trip takes {value} hours."),
        TAILS,
        weight=1,
    ),
    Family(
        "share",
        (
            (
                "{name} shares {n} {item} equally among {k} children. How many does each child get, and how many "
                "are left over?"
            ),
            "If {k} neighbours split {n} {item} evenly, what is each one's portion and what remains in the box?",
            "Divide {n} {item} into {k} equal bags; tell me the content of a bag and the remainder.",
        ),
        {"name": NAMES, "n": span(41, 399), "item": GOODS, "k": span(3, 14)},
        told(compute.share, "Each portion is {value}.", ", and the remainder is "),
        TAILS[4:],
    ),
    Family(
        "scale",
        (
            "A recipe for {a} people takes {g} grams of {food}. How many grams are needed for {b} people?",
            (
                "{name} cooks for {b} guests from a recipe meant for {a}, which lists {g} g of {food}. How much "
                "{food2} has to be bought?"
            ),
            "Scale {g} grams of {food} from {a} servings to {b} servings.",
        ),
        {
            "a": ("2", "3", "4", "5", "6"),
            "g": span(120, 960, 30),
            "b": span(7, 30),
            "name": NAMES,
            "food,food2": tuple(
                (w, w)
                for w in ("rice", "flour", "lentils", "butter", "spinach", "pasta", "sugar", "cheese", "beans", "oats")
            ),
        },
        told(compute.scale, "{value} grams are needed."),
        TAILS,
    ),
    Family(
        "area",
        (
            "The {room} measures {a} by {b} metres. How many square metres of carpet cover the floor?",
            "What is the area of a rectangular {room} that is {a} m long and {b} m wide?",
            "{name} wants to tile a {room} of {a} metres times {b} metres; find the area in square metres.",
        ),
        {
            "room": (
                "kitchen",
                "classroom",
                "waiting room",
                "hall",
                "garage",
                "bedroom",
                "workshop",
                "terrace",
                "studio",
                "cellar",
            ),
            "a": ("3.5", "4.5", "6", "7", "7.5", "8", "9", "11", "12.5"),
            "b": ("2", "2.4", "3", "4", "5", "5.5", "6.2"),
            "name": NAMES,
        },
        told(compute.area, "The area is {value} square metres."),
        TAILS,
        weight=1,
    ),
    Family(
        "fence",
        (
            (
                "A vegetable garden in {place} is {a} metres long and {b} metres wide. How many metres of fence "
                "go around it?"
            ),
            "{name} puts a rope once around a field of {a} m by {b} m. How long must the rope be?",
        ),
        {"place": PLACES, "a": span(12, 95), "b": span(5, 60), "name": NAMES},
        told(compute.fence, "{value} metres are needed."),
        TAILS,
        weight=1,
    ),
    Family(
        "interest",
        (
            "{name} lends ${n} at {pct}% simple interest a year. How much interest has built up after {years} years?",
            "How many dollars of simple interest do ${n} earn in {years} years at a yearly rate of {pct}%?",
            (
                "A savings bank in {place} pays {pct}% simple interest per year. What do {years} years bring on "
                "a deposit of ${n}?"
            ),
        ),
        {
            "name": NAMES,
            "n": span(400, 9800, 200),
            "pct": ("1.5", "2", "2.5", "3", "3.5", "4", "5"),
            "years": span(2, 9),
            "place": PLACES,
        },
        told(compute.interest, "The interest comes to ${value}."),
        TAILS,
    ),
    Family(
        "mean",
        (
            "{name} scored {a}, {b}, {c} and {d} points in four rounds of the {place} quiz. What is the average?",
            "Find the mean of {a}, {b}, {c} and {d}.",
            (
                "On four days a {shop} served {a}, {b}, {c} and {d} customers. How many customers is that per "
                "day on average?"
            ),
        ),
        {"name": NAMES, "a|b|c|d": span(12, 98), "place": PLACES, "shop": SHOPS},
        told(compute.mean_of_four, "The average is {value}."),
        TAILS,
    ),
    Family(
        "expression",
        (
            "Evaluate {a} × ({b} + {c}) − {d}.",
            "Multiply the sum of {b} and {c} by {a}, then subtract {d}. What do you get?",
            "Add {b} to {c}, take the result {a} times, and remove {d} at the end. Which number remains?",
        ),
        {"a": span(3, 19), "b|c": span(4, 60), "d": span(2, 45)},
        told(compute.expression, "The result is {value}."),
        TAILS,
        weight=1,
    ),
    Family(
        "younger",
        (
            "{elder} is {gap} years older than {junior}, and together they are {together}. How old is the younger one?",
            (
                "The ages of {junior} and {elder} add up to {together} years; {elder2} was born {gap} years "
                "earlier. Find the age of the younger person."
            ),
        ),
        {"elder,elder2": tuple((n, n) for n in NAMES[:24]), "junior": NAMES[24:], "gap,together": AGES},
        told(compute.younger, "The younger one is {value} years old."),
        TAILS,
    ),
    Family(
        "savings",
        (
            "{name} has ${start} in a jar and adds ${w} every week for {thing}. How much is in it after {n} weeks?",
            "Starting from ${start}, someone in {place} saves ${w} a week. What is the balance in {n} weeks?",
        ),
        {
            "name": NAMES,
            "start": span(5, 240, 5),
            "w": ("4", "6", "7.50", "8", "12", "12.50", "15", "22"),
            "thing": THINGS,
            "n": span(6, 40),
            "place": PLACES,
        },
        told(compute.savings, "After {n} weeks there are ${value}."),
        TAILS,
    ),
)
