"""English classification families: the instruction names the labels, the input deserves one of them."""

from __future__ import annotations

from selfgen.models.mocking import en_label_texts as own
from selfgen.models.mocking.en_words import HOBBIES, JOBS, NAMES, PLACES, SHOPS
from selfgen.models.mocking.frame import Family, Pool
from selfgen.models.mocking.labelling import Sorter, WordSets, classification, label_rows

ASKING: dict[str, Pool] = {"who": NAMES, "place": PLACES, "shop": SHOPS, "trade": JOBS, "hobby": HOBBIES}


def rows(sets: WordSets, *sizes: int) -> tuple[str, ...]:
    return label_rows(sets, sizes, (" or ", ", "), ", ")


FAMILIES: tuple[Family, ...] = (
    classification(
        "sentiment",
        (
            "Is the review below {labels}?",
            "Read what a customer of the {shop} wrote and sort it into one of these classes: {labels}.",
            "{who} collects feedback for a hotel group in {place}. Label the comment below as {labels}.",
            "How does the writer of the text below feel about the purchase? Possible answers: {labels}.",
            "Assign the customer comment exactly one label from {labels}.",
        ),
        Sorter(own.SENTIMENT, own.SENTIMENT_TEXTS, own.POOLS),
        rows(own.SENTIMENT, 3),
        ASKING,
    ),
    classification(
        "ticket",
        (
            "Which team should handle the ticket below: {labels}?",
            "You sort the mail of an online shop in {place}. Forward the message below to one of {labels}.",
            "Route the customer's message to the right desk; the desks are {labels}.",
            "{who} answers tickets and only knows these queues: {labels}. Where does the text below belong?",
        ),
        Sorter(own.TICKET, own.TICKET_TEXTS, own.POOLS),
        rows(own.TICKET, 3, 4),
        ASKING,
    ),
    classification(
        "intent",
        (
            "What is the intent of the message below? Choose between {labels}.",
            "A chat assistant in a {shop} must react to the line below. Tag its intent with one of {labels}.",
            "Say which speech act {who} performs in the line below: {labels}.",
        ),
        Sorter(own.INTENT, own.INTENT_TEXTS, own.POOLS),
        rows(own.INTENT, 3, 4),
        ASKING,
    ),
    classification(
        "topic",
        (
            "To which section of a newspaper does the headline below belong: {labels}?",
            "An editor in {place} sorts headlines under {labels}. Pick the section for the one below.",
            "Tag the headline with a single topic out of {labels}.",
            (
                "{who} scans the morning papers for {hobby} friends. Name the topic of the headline below, one "
                "of {labels}."
            ),
        ),
        Sorter(own.TOPIC, own.TOPIC_TEXTS, own.POOLS),
        rows(own.TOPIC, 3, 4),
        ASKING,
    ),
    classification(
        "urgency",
        (
            "Rate the priority of the report below: {labels}.",
            "The caretaker {who} reads many notes a day. Decide for the one below: {labels}?",
            "For the on-call {trade} in {place}, mark the message below as {labels}.",
        ),
        Sorter(own.URGENCY, own.URGENCY_TEXTS, own.POOLS),
        rows(own.URGENCY, 2),
        ASKING,
    ),
    classification(
        "tone",
        (
            "Is the register of the text below {labels}?",
            "Judge the style of the message that reached {who}: {labels}.",
            "A style guide for {place} town hall knows two tones, {labels}. Which one does the line below have?",
        ),
        Sorter(own.TONE, own.TONE_TEXTS, own.POOLS),
        rows(own.TONE, 2),
        ASKING,
    ),
    classification(
        "emotion",
        (
            "Name the main emotion in the diary entry below: {labels}.",
            "{who} listens to callers at a help line in {place}. Which feeling speaks from the words below, {labels}?",
            "Choose the feeling that fits the text best from {labels}.",
        ),
        Sorter(own.EMOTION, own.EMOTION_TEXTS, own.POOLS),
        rows(own.EMOTION, 3, 4),
        ASKING,
    ),
    classification(
        "fact_opinion",
        (
            "Does the sentence below count as {labels}?",
            "A pupil of {who} must tell claims apart. Classify the statement below as {labels}.",
            "Check the line from a {place} travel guide and answer with {labels}.",
        ),
        Sorter(own.OPINION, own.OPINION_TEXTS, own.POOLS),
        rows(own.OPINION, 2),
        ASKING,
    ),
    classification(
        "spam",
        (
            "Would you call the message below {labels}?",
            "The mail guard of a {shop} has two trays: {labels}. Put the message below into one of them.",
            "{who} fears tricks in the inbox. Label the text below: {labels}.",
        ),
        Sorter(own.SPAM, own.SPAM_TEXTS, own.POOLS),
        rows(own.SPAM, 2),
        ASKING,
    ),
    classification(
        "speech_language",
        (
            "In which language is the sentence below written: {labels}?",
            (
                "A hotel in {place} gets post from all over Europe. Identify the language of the line below; "
                "choose from {labels}."
            ),
            "{who} found a note in an old {thing_of}. Decide whether it is {labels}.",
        ),
        Sorter(own.SPEECH_LANGUAGE, own.SPEECH_LANGUAGE_TEXTS, own.POOLS),
        rows(own.SPEECH_LANGUAGE, 3, 4),
        {**ASKING, "thing_of": ("cookbook", "suitcase", "drawer", "piano stool", "coat pocket", "biscuit tin")},
    ),
)
