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
        "My flatmate {who} asked me to pass this on.",
        "A request from a {shop} in {town}:",
        "I work as a {trade} in {town} and this came up today.",
        "{who}, a retired {trade}, sent me this by post.",
        "I owe somebody in {town} a favour, so here it is.",
        "You are helping {who}, who runs a {shop}.",
        "Between two shifts at the {shop}, {who} asked me for the same thing.",
        "My neighbour {who} has been waiting since yesterday.",
        "We are training a new {trade}, who should see how it is done.",
        "On the train to {town} a {trade} told me about it.",
        "This is for {who}, whom I know through {hobby}.",
        "{who}, a {trade} from {town}, is in a hurry.",
        "I promised {who} a reply before the {town} trip.",
        "As an example for our apprentice {trade}:",
        "Our {shop} has just moved to {town}, and I could use a hand.",
        "A customer of the {shop} in {town} turned to {who} with this.",
        "As the {trade} in charge I have to be sure about this one.",
        "While {who} is busy with {hobby}, the work lands on my desk.",
        "Tomorrow I show the result to another {trade}.",
        "{who} and {other} both count on me here.",
        "Someone whom I know from {hobby} wanted my help in {town}.",
        "I run a {shop} together with {who}.",
        "This week I am standing in for {who} in {town}.",
        "The community centre in {town} gave me this job.",
        "I ask on behalf of {who}, who lives in {town}.",
        "A former colleague, now a {trade}, wishes to see this.",
        "Before I ring {who} back:",
        "{who} wrote to me from {town} this morning.",
        "An old friend who works as a {trade} wants to know.",
        "My evening is for {hobby}, so one last thing:",
        "I help out in a small {shop} on a side street in {town}.",
        "I am on my lunch break at the {shop}.",
        "{who}, our {trade}, is on leave, so I took this over.",
        "A {trade} in {town} has to have it today.",
    )
)
