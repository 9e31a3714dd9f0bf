"""English families that reword a text: politer, looser, correct, in the past tense, in one sentence."""

from __future__ import annotations

from selfgen.models.mocking.en_words import (
    EVENTS,
    GOODS,
    HOBBIES,
    JOBS,
    MONTHS,
    NAMES,
    PLACES,
    ROOMS,
    SHOPS,
    THINGS,
    WEEKDAYS,
)
from selfgen.models.mocking.frame import Family, Pool, span
from selfgen.models.mocking.pairing import Pairs

POOLS: dict[str, Pool] = {
    "who|other": NAMES, "place": PLACES, "item": GOODS, "thing": THINGS, "shop": SHOPS, "trade": JOBS, "room": ROOMS,
    "n": span(3, 48), "hobby": HOBBIES, "day": WEEKDAYS, "month": MONTHS, "event": EVENTS,
}  # fmt: skip
ASKING: dict[str, Pool] = {"who": NAMES, "place": PLACES, "shop": SHOPS, "trade": JOBS}
BLUNT, POLITE, CASUAL = 0, 1, 2
TONES = Pairs(
    (
        (
            "Send me the {item} by {day}.",
            "Could you please send me the {item} by {day}?",
            "Mind sending the {item} over by {day}? Cheers!",
        ),
        (
            "You are late again, {who}.",
            "I have noticed, {who}, that you could not be on time today; may I ask what happened?",
            "Hey {who}, running late again? All good?",
        ),
        (
            "Move your boxes out of {room}.",
            "Would you be so kind as to take your boxes out of {room}?",
            "Fancy shifting your boxes out of {room}?",
        ),
        (
            "We do not sell {item} here.",
            "I am afraid that we do not carry {item}, but I would be glad to suggest a shop that does.",
            "No {item} here, sorry mate!",
        ),
        (
            "Your report on the {place} trip is too long, {who}.",
            "Thank you for the report on the {place} trip, {who}. Might you be able to shorten it a little?",
            "{who}, nice one on {place}, but can you trim it a bit?",
        ),
        (
            "Stop talking during {event}.",
            "May I ask everybody to keep their voices down during {event}?",
            "Shh, folks, let's keep it down during {event}!",
        ),
        (
            "Pay the {n} dollars now.",
            "We would be grateful if you could settle the open amount of {n} dollars.",
            "Quick one: you still owe us {n} dollars.",
        ),
        (
            "I cannot come to {event} on {day}.",
            "Unfortunately I shall not be able to attend {event} on {day}; please accept my apologies.",
            "Can't make {event} on {day}, gutted!",
        ),
        (
            "Tell {who} to ring me before {day}.",
            "Would you kindly ask {who} to give me a ring before {day}?",
            "Get {who} to give me a shout before {day}, yeah?",
        ),
        (
            "Nobody told me that {room} was closed.",
            "I regret to say that I had not been informed of the closure of {room}.",
            "Huh, no one said {room} was shut!",
        ),
    ),
    POOLS,
)
WRONG, RIGHT = 0, 1
GRAMMAR = Pairs(
    (
        ("{who} go to {place} every {day}.", "{who} goes to {place} every {day}."),
        ("There is {n} {item} on the shelf.", "There are {n} {item} on the shelf."),
        ("{who} have sold {thing} last {day}.", "{who} sold {thing} last {day}."),
        ("Me and {who} was in {place} since {month}.", "{who} and I have been in {place} since {month}."),
        ("The {trade} she don't like {hobby}.", "The {trade} doesn't like {hobby}."),
        ("If {who} would have time, he will come to {event}.", "If {who} had time, he would come to {event}."),
        ("Their are less {item} than in {month}.", "There are fewer {item} than in {month}."),
        ("{who} is more taller than {other}.", "{who} is taller than {other}."),
        ("Its to late for {event}.", "It's too late for {event}."),
        ("How much {item} does the {shop} have?", "How many {item} does the {shop} have?"),
        ("{who} did not went to {event}.", "{who} did not go to {event}."),
        ("I am living in {place} since {n} years.", "I have been living in {place} for {n} years."),
    ),
    POOLS,
)
TENSES = Pairs(
    (
        ("{who} buys {item} in {place}.", "{who} bought {item} in {place}."),
        ("The {trade} closes the {shop} and walks home.", "The {trade} closed the {shop} and walked home."),
        ("{who} and {other} sing at {event}.", "{who} and {other} sang at {event}."),
        ("On {day} the {shop} sells {n} {item}.", "On {day} the {shop} sold {n} {item}."),
        (
            "{who} teaches {hobby} and writes a letter to {other}.",
            "{who} taught {hobby} and wrote a letter to {other}.",
        ),
        ("A {trade} from {place} finds {n} coins in {room}.", "A {trade} from {place} found {n} coins in {room}."),
        ("{who} thinks about {event} and forgets the {item}.", "{who} thought about {event} and forgot the {item}."),
    ),
    POOLS,
)
STORY, GIST = 0, 1
REPORTS = Pairs(
    (
        (
            "On {day} {event} took place in {room}. About {n}0 people came, more than the organisers around "
            "{who} had expected."
            " The {item} were gone within an hour. Rain began towards evening, but hardly anybody left.",
            (
                "About {n}0 people came to {event} in {room}, more than expected, and even the rain did not "
                "drive them away."
            ),
        ),
        (
            "The {shop} in {place} has belonged to {who} for {n} years. In {month} the rent was doubled. "
            "Neighbours collected"
            " signatures and sold {item} on the pavement. The landlord has now agreed to a smaller rise.",
            "After protests by neighbours, the {shop} of {who} in {place} faces only a smaller rise in rent.",
        ),
        (
            "{who}, a {trade} from {place}, took up {hobby} after an illness. At first ten minutes a day "
            "were enough. After"
            " {n} months came a first club evening. Today the club has a second group, led by {other}.",
            (
                "An illness brought the {trade} {who} to {hobby}, and the club in {place} has since grown by a "
                "second group."
            ),
        ),
        (
            "A delivery of {n}00 {item} meant for {place} was sent to a school by mistake. The pupils "
            "counted and packed everything"
            " again. {who}, who runs the {shop}, invited them to cake on {day} to say thank you.",
            "Pupils repacked {n}00 {item} that had reached their school by mistake, and {who} thanked them with cake.",
        ),
        (
            "The town of {place} wants to close {room} in {month} because repairs cost {n},000 dollars. A "
            "group led by {who} offers"
            " to do half of the work for free. The council will decide after {event}.",
            "{place} may close {room} over repair costs of {n},000 dollars; volunteers led by {who} offer "
            "help, and the council decides"
            " after {event}.",
        ),
    ),
    POOLS,
)


FAMILIES: tuple[Family, ...] = (
    Family(
        "politer",
        (
            "Rewrite the message below so that it sounds polite.",
            "{who} wrote the line below in anger. Rephrase it courteously, without changing what is meant.",
            "The {shop} in {place} wants friendlier letters. Put the sentence below into courteous English.",
            "How would a well-mannered {trade} say the sentence below?",
        ),
        ASKING,
        TONES.answer(BLUNT, POLITE),
        give=TONES.giver(BLUNT),
    ),
    Family(
        "casual",
        (
            "Turn the stiff sentence below into a relaxed chat message to a friend.",
            "Make the line below sound like a text from {who} to a mate in {place}.",
            "A {trade} finds the sentence below far too formal. Loosen it up.",
        ),
        ASKING,
        TONES.answer(POLITE, CASUAL),
        give=TONES.giver(POLITE),
    ),
    Family(
        "grammar",
        (
            "Correct the mistake in the sentence below.",
            "Proofread the line that {who}, a learner from {place}, wrote; reply with the corrected sentence.",
            "The sign in the window of a {shop} contains the faulty sentence below. What should it say?",
        ),
        ASKING,
        GRAMMAR.answer(WRONG, RIGHT),
        give=GRAMMAR.giver(WRONG),
    ),
    Family(
        "past_tense",
        (
            "Put the sentence below into the simple past.",
            "{who} tells the scene below as if it happened now. Tell it in the past tense.",
            "For a report by a {trade} in {place}, change the verbs below from present to past.",
        ),
        ASKING,
        TENSES.answer(0, 1),
        give=TENSES.giver(0),
    ),
    Family(
        "summary",
        (
            "Summarise the report below in one sentence.",
            "{who} has ten seconds to read. Condense the paragraph below to a single sentence.",
            "What is the gist of the local news item below? One sentence, please.",
            "The {place} gazette needs a one-line version of the text below.",
        ),
        ASKING,
        REPORTS.answer(STORY, GIST),
        give=REPORTS.giver(STORY),
        weight=3,
    ),
)
