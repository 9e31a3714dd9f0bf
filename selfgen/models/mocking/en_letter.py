"""English families that write something new: letters, notes, leaflets, openings of stories, parts in role play."""

from __future__ import annotations

from selfgen.models.mocking.en_words import EVENTS, GOODS, HOBBIES, JOBS, NAMES, PLACES, ROOMS, SHOPS, THINGS, WEEKDAYS
from selfgen.models.mocking.frame import Answer, Family, Pool, Slots, span, written

TAILS = (
    ("Keep it under forty words.", "short"),
    ("Two or three sentences will do.", "short"),
    ("It has to fit on a postcard.", "short"),
    ("A warm tone, nothing stiff.", ""),
    ("Plain words, no clichés.", ""),
    ("Avoid flowery language.", ""),
    ("It should sound like a real person.", ""),
)
WORDS: dict[str, Pool] = {
    "dish": ("a salad", "fruit", "a pot of soup", "some bread", "a pie", "lemonade", "cheese", "a cake", "olives"),
    "who|other": NAMES,
    "place": PLACES,
    "item": GOODS,
    "thing": THINGS,
    "shop": SHOPS,
    "trade": JOBS,
    "room": ROOMS,
    "n": span(3, 30),
    "hobby": HOBBIES,
    "day": WEEKDAYS,
    "event": EVENTS,
    "damp": (
        "the heating has been broken",
        "the roof has been leaking",
        "the front door has not closed properly",
        "there has been mould on the stairs",
        "the lift has been stuck",
        "there has been no hot water in the morning",
    ),
    "mishap": (
        "broke a vase",
        "forgot the appointment",
        "stained the carpet",
        "lost the spare key",
        "scratched the car",
        "let the plants dry out",
    ),
    "joy": (
        "the new job",
        "passing the exam",
        "the birth of the twins",
        "fifty years of marriage",
        "the move to the countryside",
        "the first marathon",
    ),
    "odd": (
        "a letter dated tomorrow",
        "a door behind the wallpaper",
        "a suitcase full of keys",
        "a clock that runs backwards",
        "a parrot that knows poems",
        "a stranger's diary with their own name in it",
    ),
    "worry": (
        "insists on a refund without a receipt",
        "cannot decide between two colours",
        "has never been here before and is shy",
        "is in a great hurry",
        "complains about the price",
        "brings back something used",
    ),
}
LINES = {
    **{
        "A": "Always ready with a helping hand,",
        "B": "Brave when the weather turns,",
        "C": "Calm in the middle of noise,",
    },
    **{"D": "Dreaming of places far away,", "E": "Eager to hear a good story,", "F": "Faithful to friends of old,"},
    **{"G": "Glad of the smallest gift,", "H": "Humming a tune at dawn,", "I": "Inventing games on rainy days,"},
    **{"J": "Joking when others despair,", "K": "Keeping a secret safe,", "L": "Laughing until it hurts,"},
    **{"M": "Mending whatever is torn,", "N": "Never too proud to ask,", "O": "Open to every new road,"},
    **{"P": "Patient with clumsy hands,", "Q": "Quick to forgive a mistake,", "R": "Reading beneath the lamp,"},
    **{
        "S": "Sharing the last piece of bread,",
        "T": "Telling the truth with care,",
        "U": "Undaunted by hills and stairs,",
    },
    **{
        "V": "Visiting those who are lonely,",
        "W": "Walking the dogs at dusk,",
        "X": "X marks the spot of a treasured heart,",
    },
    **{"Y": "Young in spirit for ever,", "Z": "Zest in each word and step,"},
}


def _acrostic(slots: Slots, _: str) -> str:
    lines = [LINES[letter] for letter in slots["who"].upper()]
    return "\n".join([*lines[:-1], lines[-1].rstrip(",") + "."])


def letter(name: str, texts: tuple[str, ...], form: str, short: str, weight: int = 2) -> Family:
    """Make a family whose answer names what its task names; all its sentence forms hold the same slots."""
    answer: Answer = written(form, short)
    return Family(name, texts, WORDS, answer, TAILS, weight=weight)


FAMILIES: tuple[Family, ...] = (
    letter(
        "thanks",
        (
            "Write a thank-you note to {who}, who lent me {thing} for {event}.",
            "{who} let me use {thing} during {event}. Compose a few grateful lines.",
            "How can I thank {who} in writing for lending me {thing} when {event} was on?",
        ),
        "Dear {who},\n\nthank you so much for lending me {thing}. Without it, {event} would have been half the fun. It "
        "is clean and safe, and I"
        " will bring it back this week together with a cake.\n\nYours gratefully",
        "Dear {who}, thank you for lending me {thing}! It saved {event}. I will bring it back this week, with cake.",
    ),
    letter(
        "apology",
        (
            "Help me apologise in writing to {who}: I {mishap} on {day}.",
            "On {day} I {mishap}, and {who} is cross with me. Draft a short apology.",
            "Compose a sincere message to {who} in which I say sorry because I {mishap} last {day}.",
        ),
        "Dear {who},\n\nI am sorry that I {mishap} on {day}. It was careless, and I understand that you are "
        "upset. Let me make up for"
        " it: tell me what would help, and I will see to it before the week is over.\n\nWarm regards",
        "Dear {who}, I am sorry that I {mishap} on {day}. It was my fault, and I will make up for it this week.",
    ),
    letter(
        "invitation",
        (
            "Invite the neighbours to {event} in {room} on {day}; everyone should bring {dish}.",
            "Compose an invitation to {event}: it is held on {day} in {room}, and guests bring {dish}.",
            (
                "The {trade} next door organises {event} on {day}. Word an invitation that mentions {room} and "
                "asks for {dish}."
            ),
        ),
        "Dear neighbours,\n\nyou are warmly invited to {event} on {day} in {room}. There will be coffee, "
        "good company and a corner for"
        " the children. Please bring {dish}, so that there is enough for everybody.\n\nWe look forward to seeing you!",
        "Come to {event} on {day} in {room}! Please bring {dish}. All neighbours are welcome.",
    ),
    letter(
        "landlord",
        (
            "Write to my landlord in {place}: for {n} days now {damp} in our building.",
            "For {n} days now {damp} in my building in {place}. Formulate a firm but polite letter to the owner.",
            (
                "A tenant in {place} has told the owner twice that {damp}. After {n} days, what should the third "
                "letter say?"
            ),
        ),
        "Dear Sir or Madam,\n\nfor {n} days now {damp} in my building in {place}. I have reported this before, "
        "and nothing has happened. I"
        " ask you to have it repaired within one week. If that is not possible, let me know in writing how "
        "you intend to proceed."
        "\n\nYours faithfully",
        (
            "Dear Sir or Madam, for {n} days {damp} in my building in {place}. Please have it repaired within one "
            "week. Yours faithfully"
        ),
    ),
    letter(
        "congratulation",
        (
            "Congratulate my old friend {who} from {place} on {joy}.",
            (
                "{who}, whom I know from the {hobby} club in {place}, deserves warm words about {joy}. Suggest a "
                "text for a card."
            ),
        ),
        "Dear {who},\n\nthe news about {joy} has reached me all the way from {place}, and I could not be "
        "happier for you. May the coming"
        " year be as bright as your smile. Let us celebrate together soon!\n\nWith love",
        "Dear {who}, congratulations on {joy}! Greetings to {place}, and let us celebrate soon.",
    ),
    letter(
        "advert",
        (
            "Advertise {item} for a {shop} in {place} in a few sentences.",
            "{who} opens a {shop} in {place} and wants to promote {item}. Draft the text for a leaflet.",
            "Praise the {item} of a small {shop} in {place} without exaggerating.",
        ),
        "Looking for {item} that last? At our {shop} in {place} every piece is chosen by hand and sold at a "
        "fair price. Come in, take"
        " your time, and ask us anything; we use what we sell.",
        "Fine {item} at a fair price: only at the {shop} in {place}. Come in and see for yourself.",
    ),
    letter(
        "story",
        (
            "Begin a story in which a {trade} from {place} comes across {odd}.",
            "Invent the first paragraph of a mystery: a {trade}, the town of {place}, and {odd}.",
            "What would be a gripping opening for a tale about a {trade} in {place} who discovers {odd}?",
        ),
        "Nobody in {place} paid much attention to the {trade}, who left home each morning at six and came "
        "back at dusk. So nobody"
        " noticed, either, that on one foggy morning the steps stopped halfway. In the gutter, as if it had "
        "been waiting, lay the reason:"
        " {odd}.",
        "It was an ordinary morning in {place} until the {trade} turned the corner and found {odd}.",
        weight=3,
    ),
    letter(
        "role",
        (
            "Play a {trade} in {place}. A customer {worry}; speak your first lines.",
            "You are the {trade} of a {shop} in {place}, and somebody {worry}. Answer in character.",
            "Stay in the part of a kindly old {trade} from {place} and greet a visitor who {worry}.",
        ),
        "Good morning, come in, come in! I have been a {trade} in {place} for longer than I care to admit, "
        "so there is little that"
        " surprises me. Take a seat, tell me the whole story from the start, and then we shall find a way "
        "that suits us both.",
        "Come in, friend! In all my years as a {trade} in {place} I have always found a way. Tell me everything.",
    ),
    letter(
        "reference",
        (
            "Recommend {who}, who worked for {n} months as a {trade} in our {shop}.",
            "After {n} months as a {trade}, {who} leaves our {shop} in {place}. Phrase a friendly reference.",
        ),
        "{who} worked with us as a {trade} for {n} months. We came to know a punctual, careful and cheerful "
        "colleague who kept calm on"
        " busy days and was liked by customers. We are sorry to see {who} leave our {shop} and recommend "
        "{who} without reservation.",
        "For {n} months {who} was a punctual, careful and cheerful {trade} in our {shop}. We recommend {who} warmly.",
    ),
    letter(
        "notice_board",
        (
            "Draft a notice that {room} stays closed on {day} because of {event}; {who} answers questions.",
            "Because of {event}, nobody can use {room} on {day}. Announce it on the board and name {who} as contact.",
        ),
        "Please note: owing to {event}, {room} will be closed all day on {day}. From the next morning on it "
        "is open as usual. If you"
        " have questions, turn to {who}. Thank you for your patience.",
        "On {day}, {room} is closed owing to {event}. Questions: {who}.",
    ),
    letter(
        "slogan",
        (
            "Coin a slogan for a {shop} in {place} that sells {item}.",
            "Which catchy line could stand over the door of {who}'s {shop} in {place}, known for its {item}?",
        ),
        "“Today {item}, tomorrow a smile: your {shop} in {place}.”",
        "",
    ),
    Family(
        "acrostic",
        (
            "Compose an acrostic for the name {who}, one line per letter.",
            "My friend {who} turns {n}0 in {place}. Honour the name with a poem whose lines begin with its letters.",
        ),
        {"who": NAMES, "n": span(3, 9), "place": PLACES},
        _acrostic,
    ),
)
