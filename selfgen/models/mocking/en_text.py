"""English families that count, turn and reshape: sentences and small tables. Every answer is computed."""

from __future__ import annotations

from selfgen.models.mocking import compute, listing
from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.en_list import NUMBER_TAILS, OWNERS
from selfgen.models.mocking.en_words import EVENTS, GOODS, HOBBIES, JOBS, MONTHS, NAMES, PLACES, ROOMS, SHOPS
from selfgen.models.mocking.frame import Family, Slots


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
