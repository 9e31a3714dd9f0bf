"""English families that work on a list, a text or a table in the input. Every answer is computed from the input."""

from __future__ import annotations

from selfgen.models.mocking import compute, listing
from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.en_words import EVENTS, GOODS, NAMES, PLACES, SHOPS
from selfgen.models.mocking.frame import Family, Slots

OWNERS = {"name": NAMES, "shop": SHOPS, "place": PLACES}
NUMBER_TAILS = (
    ("Only the number, please.", "bare"),
    ("Give the result without any comment.", "bare"),
    ("Phrase the answer as a sentence.", "full"),
    ("Say it in one short sentence for the minutes.", "full"),
    ("Nothing but digits should come back.", "bare"),
)
LIST_TAILS = (
    ("Separate the entries with commas.", "comma"),
    ("Put one entry on each line.", "line"),
    ("Use a bulleted list.", "bullet"),
    ("Number the entries.", "number"),
    ("Keep everything on a single line with commas in between.", "comma"),
    ("A dash in front of every entry would be nice.", "bullet"),
)


def give_numbers(_: Slots, dice: Dice) -> str:
    return ", ".join(str(dice.below(190) + 3) for _ in range(5 + dice.below(6)))


def give_names(_: Slots, dice: Dice) -> str:
    return dice.pick((", ", "\n")).join(dice.some(NAMES, 5 + dice.below(5)))


def give_repeating(_: Slots, dice: Dice) -> str:
    goods = dice.some(GOODS, 3 + dice.below(2))
    return ", ".join(dice.pick(goods) for _ in range(8 + dice.below(5)))


def give_goods(_: Slots, dice: Dice) -> str:
    return ", ".join(dice.some(GOODS, 5 + dice.below(4)))


FAMILIES: tuple[Family, ...] = (
    Family(
        "sort_up",
        (
            "Sort the numbers below from smallest to largest.",
            "{name} wrote down lap times in seconds at the {place} pool; put them in ascending order.",
            "The counts below come from a {shop}. List them again, lowest first.",
            "Rearrange these readings so that they grow from left to right.",
        ),
        OWNERS,
        listing.from_list(lambda items: sorted(items, key=compute.number)),
        LIST_TAILS,
        give=give_numbers,
    ),
    Family(
        "sort_down",
        (
            "Order the values below from highest to lowest.",
            "Rank these daily takings of a {shop} in {place}, best day first.",
            "{name} collected the scores below; show them in descending order.",
        ),
        OWNERS,
        listing.from_list(lambda items: sorted(items, key=compute.number, reverse=True)),
        LIST_TAILS,
        give=give_numbers,
    ),
    Family(
        "alphabet",
        (
            "Put the names below into alphabetical order.",
            "These people signed up for {event}; arrange them from A to Z.",
            "For a register in {place}, sort the first names below alphabetically.",
            "{name} needs the guest list below in alphabetical order.",
        ),
        {**OWNERS, "event": EVENTS},
        listing.from_list(sorted),
        LIST_TAILS,
        give=give_names,
    ),
    Family(
        "sum_list",
        (
            "Add up all the numbers below.",
            "What do the amounts below come to in total?",
            "The list below shows how many visitors the {place} {shop} had on single days; find the overall number.",
            "{name} noted the distances of several walks in kilometres. Total them.",
        ),
        OWNERS,
        listing.from_list_value(listing.total, "The total is {value}."),
        NUMBER_TAILS,
        give=give_numbers,
    ),
    Family(
        "median_list",
        (
            "Find the median of the values below.",
            (
                "Which value lies in the middle once the numbers below are sorted? For an even count take the "
                "mean of the two central ones."
            ),
            "A nurse in {place} measured these waiting times in minutes. State the median.",
        ),
        OWNERS,
        listing.from_list_value(listing.median, "The median is {value}."),
        NUMBER_TAILS,
        give=give_numbers,
    ),
    Family(
        "mean_list",
        (
            "Compute the mean of the numbers below, to two decimals at most.",
            (
                "On average, how many {item} did the {shop} sell per day, judging by the daily figures below "
                "(two decimals at most)?"
            ),
            "Take the arithmetic mean of {name}'s scores below and round it to two decimals.",
        ),
        {**OWNERS, "item": GOODS},
        listing.from_list_value(
            listing.mean,
            "The mean is {value}.",
        ),
        NUMBER_TAILS,
        give=give_numbers,
    ),
    Family(
        "range_list",
        (
            "By how much do the largest and the smallest number below differ?",
            "Work out the range of the daily visitor numbers that {name} recorded in {place}.",
            "Give the spread (maximum minus minimum) of the figures below.",
        ),
        OWNERS,
        listing.from_list_value(listing.spread, "The range is {value}."),
        NUMBER_TAILS,
        give=give_numbers,
        weight=1,
    ),
    Family(
        "extreme_list",
        (
            "Pick the largest number from the list below.",
            "Among the weights below, in kilograms, which parcel of the {shop} is the heaviest?",
            "What was the highest score in {name}'s list?",
        ),
        OWNERS,
        listing.from_list_value(lambda items: max(items, key=compute.number), "The largest value is {value}."),
        NUMBER_TAILS,
        give=give_numbers,
        weight=1,
    ),
    Family(
        "even_list",
        (
            "Keep only the even numbers of the list below, in their order.",
            (
                "Houses with even numbers stand on the left side of the street. Which of the house numbers below "
                "are on the left?"
            ),
        ),
        {},
        listing.from_list(lambda items: [i for i in items if int(i) % 2 == 0] or ["none"]),
        LIST_TAILS,
        give=give_numbers,
        weight=1,
    ),
    Family(
        "unique_list",
        (
            "Remove the duplicates from the list below and keep the order.",
            "The order sheet of a {shop} repeats itself. Write every product below once, in order of first appearance.",
            "{name} typed some items twice; clean up the list so that each entry occurs a single time.",
        ),
        OWNERS,
        listing.from_list(listing.unique),
        LIST_TAILS,
        give=give_repeating,
    ),
    Family(
        "count_list",
        (
            "Count how often each item occurs in the list below, most frequent first.",
            "Make a tally of the goods that {name} scanned at the {shop}, the most common one at the top.",
            (
                "For stocktaking in {place}: how many of each product are in the list below? Start with the "
                "largest count and break ties alphabetically."
            ),
        ),
        OWNERS,
        listing.from_list(listing.counts(": ")),
        LIST_TAILS,
        give=give_repeating,
    ),
    Family(
        "reverse_list",
        (
            "Write the list below in reverse order.",
            "{name} queued the names below from first to last. Turn the queue around.",
            (
                "The guests left {event} in the opposite order of their arrival, which is listed below. Who left "
                "when, first to last?"
            ),
        ),
        {**OWNERS, "event": EVENTS},
        listing.from_list(lambda items: items[::-1]),
        LIST_TAILS,
        give=give_names,
    ),
    Family(
        "longest_item",
        (
            "Which entry of the list below has the most characters, spaces included?",
            "For the label printer of a {shop}: find the longest product name below.",
        ),
        OWNERS,
        listing.from_list_value(lambda items: max(items, key=len), "The longest entry is {value}."),
        (),
        give=give_goods,
        weight=1,
    ),
)
