"""English families about knowledge: terms, proverbs, countries, words. Every answer stands in a small table."""

from __future__ import annotations

import json

from selfgen.models.mocking.en_facts_tables import COUNTRIES, ELEMENTS, OPPOSITES, PLURALS, PROVERBS, TERMS, VERBS
from selfgen.models.mocking.en_words import JOBS, NAMES, PLACES, SHOPS
from selfgen.models.mocking.frame import STYLE, Family, Pool, Slots

ASKING: dict[str, Pool] = {"who": NAMES, "place": PLACES, "trade": JOBS, "shop": SHOPS}
TAILS = (
    ("One sentence is enough.", "short"),
    ("Add an example.", "example"),
    ("Use plain words.", "short"),
    ("Give an everyday example as well.", "example"),
    ("No jargon, please.", "short"),
    ("Make it memorable with an example.", "example"),
)
WORD_TAILS = (
    ("A single word is enough.", "bare"),
    ("Use it in a sentence as well.", "used"),
    ("Nothing but the word, please.", "bare"),
    ("Show it in a short sentence.", "used"),
)


def _term(slots: Slots, _: str) -> str:
    meaning, example = TERMS[slots["term"]]
    term = slots["term"][0].upper() + slots["term"][1:]
    said = f"{term} is {meaning}."
    return said if slots.get(STYLE) == "short" else f"{said} For example, {example}."


def _which_term(slots: Slots, _: str) -> str:
    return next(term for term, (meaning, _) in TERMS.items() if meaning == slots["meaning"])


def _proverb(slots: Slots, _: str) -> str:
    meaning, use = PROVERBS[slots["proverb"]]
    return (
        f"It means that {meaning}."
        if slots.get(STYLE) == "short"
        else f"It means that {meaning}. You might say it {use}."
    )


def _capital(slots: Slots, _: str) -> str:
    capital, _, _ = COUNTRIES[slots["country"]]
    return capital if slots.get(STYLE) == "bare" else f"The capital of {slots['country']} is {capital}."


def _country(slots: Slots, _: str) -> str:
    country = next(name for name, (capital, _, _) in COUNTRIES.items() if capital == slots["capital"])
    return f"{slots['capital']} is the capital of {country}, which lies in {COUNTRIES[country][1]}."


def _profile(slots: Slots, _: str) -> str:
    country = slots["country"]
    capital, continent, currency = COUNTRIES[country]
    if slots.get(STYLE) == "json":
        fields = {"country": country, "capital": capital, "continent": continent, "currency": currency}
        return json.dumps(fields, ensure_ascii=False)
    return f"- Capital: {capital}\n- Continent: {continent}\n- Currency: {currency}"


def _element(slots: Slots, _: str) -> str:
    symbol, atomic, what = ELEMENTS[slots["element"]]
    name = slots["element"].capitalize()
    return f"{name} has the symbol {symbol} and the atomic number {atomic}. It is {what}."


def _opposite(slots: Slots, _: str) -> str:
    word, sentence = OPPOSITES[slots["word"]]
    return f"{word}. {sentence}" if slots.get(STYLE) == "used" else word


def _plural(slots: Slots, _: str) -> str:
    plural = PLURALS[slots["noun"]]
    return plural if slots.get(STYLE) == "bare" else f"The plural of “{slots['noun']}” is “{plural}”."


def _verb(slots: Slots, _: str) -> str:
    past, participle = VERBS[slots["verb"]]
    return f"{slots['verb']}, {past}, {participle}"


def _quiz(slots: Slots, _: str) -> str:
    country = slots["country"]
    capital, continent, _ = COUNTRIES[country]
    wrong = [other[0] for name, other in COUNTRIES.items() if other[1] == continent and name != country][:2]
    options = sorted([capital, *wrong])
    lines = [f"{letter}) {option}" for letter, option in zip("ABC", options, strict=False)]
    answer = "ABC"[options.index(capital)]
    return "\n".join([f"What is the capital of {country}?", *lines, f"Correct answer: {answer}) {capital}"])


FAMILIES: tuple[Family, ...] = (
    Family(
        "term",
        (
            "What is meant by {term}?",
            "Define {term} for somebody who has never heard of it.",
            "{who}, a {trade} in {place}, came across the words “{term}”. Explain them.",
            "How would you describe {term} to a class of twelve-year-olds?",
            "Put {term} into words that fit on a card for a {shop}'s quiz evening.",
        ),
        {"term": tuple(TERMS), **ASKING},
        _term,
        TAILS,
        weight=5,
    ),
    Family(
        "which_term",
        (
            "Which term stands for this: {meaning}?",
            "{who} has a crossword clue: {meaning}. What is the solution?",
            "Name the word that a dictionary would explain as “{meaning}”.",
        ),
        {"meaning": tuple(meaning for meaning, _ in TERMS.values()), **ASKING},
        _which_term,
        weight=3,
    ),
    Family(
        "proverb",
        (
            "What does the proverb “{proverb}” mean?",
            "{who} hears people in {place} say “{proverb}”. Explain the saying to a learner of English.",
            "When would a {trade} say “{proverb}”? Give the meaning too.",
        ),
        {"proverb": tuple(PROVERBS), **ASKING},
        _proverb,
        (("Keep it to the meaning.", "short"), ("Name a situation where it fits.", "")),
        weight=3,
    ),
    Family(
        "capital",
        (
            "What is the capital of {country}?",
            "{who} is filling in a crossword: the capital of {country}. Which city is it?",
        ),
        {"country": tuple(COUNTRIES), **ASKING},
        _capital,
        (("Only the name of the city.", "bare"), ("Answer in a sentence.", "full")),
        weight=1,
    ),
    Family(
        "country",
        (
            "Of which country is {capital} the capital, and on which continent does it lie?",
            "{who} has won a journey to {capital}. In which country and on which continent will the plane land?",
        ),
        {"capital": tuple(capital for capital, _, _ in COUNTRIES.values()), **ASKING},
        _country,
        weight=1,
    ),
    Family(
        "profile",
        (
            "Give the capital, the continent and the currency of {country}.",
            "A pupil in {place} prepares a talk on {country}. Supply capital, continent and currency.",
            "Fill in a short profile of {country} with the fields capital, continent and currency.",
        ),
        {"country": tuple(COUNTRIES), **ASKING},
        _profile,
        (
            ("JSON would be best, with the country as the first key.", "json"),
            ("Bullet points, please.", ""),
            ("A list is fine.", ""),
        ),
    ),
    Family(
        "quiz",
        (
            (
                "Make up a multiple-choice question about the capital of {country} with three options, and mark "
                "the right one."
            ),
            (
                "For the pub quiz in {place}, set one question with options A to C on the capital of {country} "
                "and add the solution."
            ),
        ),
        {"country": tuple(COUNTRIES), **ASKING},
        _quiz,
    ),
    Family(
        "element",
        (
            "What are the symbol and the atomic number of {element}?",
            (
                "{who} learns the periodic table. Say something about {element}: symbol, atomic number and what "
                "kind of substance it is."
            ),
        ),
        {"element": tuple(ELEMENTS), **ASKING},
        _element,
        weight=1,
    ),
    Family(
        "opposite",
        (
            "What is the opposite of “{word}”?",
            "{who} seeks an antonym of “{word}” for a word game. Which one fits?",
            "Replace “{word}” by a word that means the contrary; which would you take?",
        ),
        {"word": tuple(OPPOSITES), **ASKING},
        _opposite,
        WORD_TAILS,
    ),
    Family(
        "plural",
        (
            "How does one form the plural of “{noun}”?",
            "A learner in {place} wrote “two {noun}”, unsure of the ending. What is the plural?",
        ),
        {"noun": tuple(PLURALS), **ASKING},
        _plural,
        (("Just the word.", "bare"), ("A short sentence, please.", "")),
        weight=1,
    ),
    Family(
        "verb_forms",
        (
            "List infinitive, simple past and past participle of the verb “{verb}”.",
            "{who} mixes up the forms of “{verb}”. What are its three basic forms?",
        ),
        {"verb": tuple(VERBS), **ASKING},
        _verb,
        weight=1,
    ),
)
