"""English families that work on a list, a text or a table in the input. Every answer is computed from the input."""

from __future__ import annotations

from selfgen.models.mocking import compute, listing
from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.en_words import EVENTS, GOODS, HOBBIES, JOBS, MONTHS, NAMES, PLACES, ROOMS, SHOPS
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


def give_sentence(_: Slots, dice: Dice) -> str:
    who, other = dice.some(NAMES, 2)
    forms = (
        f"{who} the {dice.pick(JOBS)} met {other} at {dice.pick(EVENTS)} in {dice.pick(PLACES)}.",
        (
            f"On {dice.below(27) + 1} {dice.pick(MONTHS)} the {dice.pick(SHOPS)} in {dice.pick(PLACES)} sold out "
            f"of {dice.pick(GOODS)}."
        ),
        f"{other} has practised {dice.pick(HOBBIES)} since {dice.below(60) + 1960} and still meets {who} every week.",
        f"Please bring the {dice.pick(GOODS)} to {dice.pick(ROOMS)} before {who} arrives from {dice.pick(PLACES)}.",
    )
    return dice.pick(forms)


def give_table(_: Slots, dice: Dice) -> str:
    rows = [
        f"{item},{dice.below(48) + 2},{dice.pick(('1.50', '2.25', '3.10', '4.80', '6.40', '7.95'))}"
        for item in dice.some(GOODS, 3 + dice.below(2))
    ]
    return "\n".join(["product,pieces,price", *rows])


def stock_value(_: Slots, given: str) -> str:
    total = sum(compute.number(row["pieces"]) * compute.number(row["price"]) for row in listing.rows_of(given))
    return f"The goods are worth {compute.money(total)} altogether."


def most_pieces(_: Slots, given: str) -> str:
    best = max(listing.rows_of(given), key=lambda row: int(row["pieces"]))
    return f"{best['product']} ({best['pieces']} pieces)"


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
            "Work out the range of the temperatures that {name} recorded in {place}.",
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
        listing.from_list(listing.counts),
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
    Family(
        "word_count",
        (
            "How many words does the sentence below have?",
            "{name} pays a translator by the word. Count the words of the sample sentence below.",
            "A notice board in {place} takes ten words at most. How long, in words, is the note below?",
        ),
        OWNERS,
        listing.from_text(lambda text: str(len(text.split())), "It has {value} words."),
        NUMBER_TAILS,
        give=give_sentence,
    ),
    Family(
        "vowel_count",
        (
            "Count the vowels (a, e, i, o, u) in the sentence below.",
            "How often do the letters a, e, i, o and u occur in the line that {name} wrote, capitals included?",
        ),
        OWNERS,
        listing.from_text(lambda text: str(sum(c in "aeiou" for c in text.lower())), "There are {value} vowels."),
        NUMBER_TAILS,
        give=give_sentence,
        weight=1,
    ),
    Family(
        "reverse_words",
        (
            "Reverse the order of the words in the sentence below, dropping punctuation.",
            "Read the sentence below backwards word by word and write down what you get, without punctuation.",
        ),
        {},
        listing.from_text(lambda text: " ".join(listing.words(text)[::-1]), "{value}"),
        (),
        give=give_sentence,
        weight=1,
    ),
    Family(
        "capitals",
        (
            "Rewrite the sentence below in capital letters.",
            "For a sign at the {shop}, put the line below into upper case.",
            "{name} wants the announcement below to shout: every letter a capital.",
        ),
        OWNERS,
        listing.from_text(str.upper, "{value}"),
        (),
        give=give_sentence,
    ),
    Family(
        "longest_word",
        (
            "What is the longest word in the sentence below? If several are equally long, take the first.",
            "Spot the word with the most letters in {name}'s sentence; the earlier one wins a tie.",
        ),
        OWNERS,
        listing.from_text(lambda text: max(listing.words(text), key=len), "It is {value}."),
        NUMBER_TAILS[2:4],
        give=give_sentence,
        weight=1,
    ),
    Family(
        "initials",
        (
            "Take the first letter of every word below and write the letters as one word in capitals.",
            "Build an acronym from the initial letters of {name}'s sentence.",
        ),
        OWNERS,
        listing.from_text(lambda text: "".join(word[0] for word in listing.words(text)).upper(), "{value}"),
        (),
        give=give_sentence,
        weight=1,
    ),
    Family(
        "markdown_table",
        (
            "Turn the comma-separated lines below into a Markdown table.",
            (
                "The stock list of a {shop} in {place} is given as CSV below; format it as a Markdown table with "
                "a header row."
            ),
            "{name} wants the price list below as a neat Markdown table.",
        ),
        OWNERS,
        listing.to_markdown,
        (),
        give=give_table,
    ),
    Family(
        "csv_json",
        (
            "Convert the CSV data below to a JSON array of objects, with all values as strings.",
            (
                "A developer at the {shop} needs the table below as JSON: one object a row, keys from the first "
                "line, values as text."
            ),
            "Express {name}'s inventory below in JSON, every cell a string.",
        ),
        OWNERS,
        listing.to_json,
        (),
        give=give_table,
    ),
    Family(
        "stock_value",
        (
            "The table below lists pieces and unit prices. What is the whole stock worth?",
            "{name} insures the {shop} and needs the total value of the goods below (pieces times price, summed).",
        ),
        OWNERS,
        stock_value,
        (),
        give=give_table,
    ),
    Family(
        "most_pieces",
        (
            "According to the table below, which product is there the most of?",
            "Check the inventory of the {place} {shop} below and name the product with the largest number of pieces.",
        ),
        OWNERS,
        most_pieces,
        (),
        give=give_table,
        weight=1,
    ),
)
