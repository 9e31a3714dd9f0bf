"""English scenes that may stand before a task, and openings for near-duplicates. They never change the answer."""

from __future__ import annotations

from selfgen.models.mocking.en_words import HOBBIES, JOBS, NAMES, PLACES, SHOPS
from selfgen.models.mocking.frame import Frame, Pool

GAP = " "
OPENINGS = ("", "", "Quick one: ", "Another task: ", "Small favour: ")
SCENE_SLOTS: dict[str, Pool] = {"who|other": NAMES, "town": PLACES, "trade": JOBS, "shop": SHOPS, "hobby": HOBBIES}
SCENES = tuple(
    Frame(text)
    for text in (
        "I teach an evening class in {town}.",
        "{who} from our {town} branch needs help.",
        "My flatmate {who} and I cannot agree on this.",
        "For the staff newsletter of a {shop} in {town}:",
        "I work as a {trade} in {town} and this came up today.",
        "{who}, a retired {trade}, sent me the question by post.",
        "Here is something for the quiz night in {town}.",
        "You are helping {who}, who runs a {shop}.",
        "Between two shifts at the {shop}, {who} asked me the same thing.",
        "My daughter {who} brought this home from school.",
        "We are training a new {trade} next week.",
        "On the train to {town} a {trade} told me about it.",
        "This is for {who}, who likes {hobby} and hates long explanations.",
        "Please help me settle a bet with {who}, a {trade} from {town}.",
        "I promised {who} an answer before the {town} trip.",
        "Practice question for an apprentice {trade}:",
        "Our {shop} has just moved to {town}.",
        "A customer of the {shop} in {town} left a note for {who}.",
        "As the {trade} in charge I have to be sure about this one.",
        "Since {who} took up {hobby}, questions like this keep coming.",
        "Tomorrow I explain this to another {trade}.",
        "{who} and {other} are revising for a test.",
        "At the {hobby} club in {town} nobody knew.",
        "Suppose that I run a {shop} together with {who}.",
        "I am writing a short column for a weekly paper in {town}.",
        "The community centre in {town} hands out puzzles like this.",
        "It is raining in {town} and {who} is bored.",
        "Help me check what the other {trade} said.",
        "Before I ring {who} back:",
        "{who} wrote to me from {town} this morning.",
        "An old friend who works as a {trade} wants to know.",
        "For my notes on {hobby}, if you have a minute:",
        "Think of a small {shop} on a side street in {town}.",
        "I have only a short lunch break at the {shop}.",
        "Mrs {who}, our {trade}, would do it in her head.",
        "A {trade} and a customer argued about this in {town}.",
    )
)
