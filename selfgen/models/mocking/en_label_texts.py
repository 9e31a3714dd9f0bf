"""English labels, and sentence forms of texts that deserve them. Tables only."""

from __future__ import annotations

from selfgen.models.mocking.en_words import GOODS, HOBBIES, JOBS, MONTHS, NAMES, PLACES, ROOMS, SHOPS, THINGS, WEEKDAYS
from selfgen.models.mocking.frame import Pool, span

POOLS: dict[str, Pool] = {
    "who|other": NAMES, "place": PLACES, "item": GOODS, "thing": THINGS, "shop": SHOPS, "trade": JOBS, "room": ROOMS,
    "n": span(3, 48), "hour": span(5, 23), "year": span(1911, 2019), "gust": span(85, 150),
    "date": span(2, 28), "hobby": HOBBIES, "day": WEEKDAYS, "month": MONTHS,
}  # fmt: skip
SENTIMENT = (
    ("positive", "negative", "neutral"),
    ("happy", "unhappy", "indifferent"),
    ("praise", "complaint", "neither"),
)
SENTIMENT_TEXTS = (
    (
        "Ordered {thing} from {who}'s {shop} and could not be more delighted, it even came two days early.",
        "The {shop} in {place} deserves every star: friendly faces, fair prices and {item} that last.",
        "My third visit in {month} and again everything was spotless. {who} at the desk is a treasure.",
        "I have told all my neighbours about this {shop}; nobody else in {place} takes such care.",
        "What a find! {who} repaired {thing} within the hour and would not even take a tip.",
    ),
    (
        "Waited {n} minutes in the {shop} and then {who} told me they were closing. Never again.",
        "The {item} fell apart after a week and nobody in the {place} office answers my letters.",
        "I paid for {thing} in {month}, it arrived with a crack, and the {shop} refuses to refund me.",
        "Rude staff, sticky tables, and the bill was wrong twice. Avoid the {shop} in {place}.",
        "Sent {thing} back on {day}; still no money, and {who} keeps hanging up on me.",
    ),
    (
        "The {shop} in {place} opens at nine and sells {item} on the ground floor.",
        "I bought {thing} on {day}. It has the size that the label says.",
        "{who} served me. The {item} cost about the same as in other shops.",
        "This {shop} moved to {place} in {month}; the range of {item} has stayed as it was.",
    ),
)
TICKET = (
    ("billing", "delivery", "technical support", "account", "returns"),
    ("finance", "shipping", "help desk", "login team", "refunds"),
)
TICKET_TEXTS = (
    (
        "Why does my invoice for {month} show two charges of {n} dollars for the same {item}?",
        "Please send {who} a corrected bill; the tax line on mine is {n} dollars too high.",
        "I was promised a {n}% discount, but the invoice of {day} lists the full amount.",
    ),
    (
        "The parcel with my {item} was due on {day} and the tracking has not moved from {place} since.",
        "Your driver left the box with {who} at number {n}, and I live at the other end of the street.",
        "Could you tell me whether {thing} can still reach {place} before the end of {month}?",
    ),
    (
        "Since the update on {day} the app freezes whenever I scroll past {n} entries.",
        "The scanner in our {shop} shows error {n} each morning and only works after a restart.",
        "Every report that {who} exports comes out with empty columns, on both of our computers.",
    ),
    (
        "I no longer have the phone number {n}47 that you send codes to, so I am locked out of my profile.",
        "Please change the email of my profile from {who} to {other}; the old mailbox is gone.",
        "It says my password expired in {month}, and the reset message never arrives.",
    ),
    (
        "{thing} is too small for me. How do I send it back, and when do I get my money?",
        "I want to exchange the {item} that I bought on {day} for another colour, unopened.",
        "Two of the {n} {item} arrived broken; where should I post them so that you can replace them?",
    ),
)
INTENT = (("question", "request", "offer", "thanks"), ("asking", "demanding", "offering", "thanking"))
INTENT_TEXTS = (
    (
        "Does the bus from {place} stop near {room} on {day}?",
        "How many {item} fit into one box, {who}?",
        "Which {trade} in {place} is open in {month}, do you know, {who}?",
    ),
    (
        "Please bring {n} {item} to {room} before noon, {who}.",
        "{who}, book me a seat at the {hobby} evening in {place}.",
        "Tell {other} to lock {room} on {day} and leave the key with me.",
    ),
    (
        "I have {n} spare {item} in the cellar, you can have them if you like.",
        "If you are short of hands on {day}, {who} and I could come over and carry boxes.",
        "We could lend you {thing} until the end of {month}, it only stands around here.",
    ),
    (
        "{who}, that was so kind of you, the {item} saved our {day}!",
        "You have no idea how much your visit in {month} meant to all of us in {place}.",
        "I really appreciate that you stayed late on {day} to help {other}.",
    ),
)
TOPIC = (("sport", "politics", "science", "business", "weather", "culture"),)
TOPIC_TEXTS = (
    (
        "{place} win the cup final after {n} penalties, goalkeeper {who} the hero",
        "Veteran runner {who} breaks the {place} marathon record by {n} seconds",
        "Rowers from {place} train through {month} for the world championships",
    ),
    (
        "Mayor of {place} loses vote on parking fees by {n} seats",
        "Parliament debates pension law until midnight, minister {who} resigns",
        "Voters in {place} head to the polls on {day} as {who} leads by a hair",
    ),
    (
        "Researchers in {place} count {n} new species of moss in one valley",
        "Telescope near {place} spots a planet with {n} hours of daylight",
        "Laboratory led by {who} grows heart tissue that beats for {n} days",
    ),
    (
        "Chain of {n} outlets buys rival, shares jump in {place}",
        "{place} start-up selling {item} raises {n} million from investors",
        "Bank in {place} cuts {n} jobs after a weak quarter",
    ),
    (
        "Storm closes the harbour of {place}, gusts of {gust} km/h expected on {day}",
        "{place} shivers through the coldest {month} night in {n} years",
        "No rain in {place} for {n} days, farmers watch the sky",
    ),
    (
        "Novel by {who}, a former {trade}, takes the {place} book prize",
        "Theatre in {place} reopens with a play about {n} lost letters",
        "Museum in {place} shows {n} quilts sewn by {trade} {who}",
    ),
)
URGENCY = (("urgent", "can wait"), ("now", "later"), ("high", "low"))
URGENCY_TEXTS = (
    (
        "Water is pouring through the ceiling of {room} and the sockets are getting wet!",
        "{who} has collapsed in {room} and nobody here knows first aid.",
        "The freezer of the {shop} failed overnight; {n} boxes of fish will spoil within two hours.",
        "All tills of the {place} branch are down and {n} customers are standing in line.",
    ),
    (
        "When you have time some day, could somebody sort the {item} in {room}?",
        "For next year's catalogue, {who} would like a cover with less grey and more green.",
        "There is no hurry, but the sign over the {shop} could use a coat of paint before {month}.",
        "One of the {n} spare chairs in {room} wobbles a little.",
    ),
)
TONE = (("formal", "casual"), ("official", "chatty"))
TONE_TEXTS = (
    (
        "Dear Ms {who}, we hereby confirm receipt of your application dated {date} {month}.",
        "Members are kindly requested to vacate {room} no later than noon on {day}.",
        "With reference to our conversation in {place}, I enclose the estimate for {n} {item}.",
        "The committee regrets to inform all residents of {place} of the closure of {room}.",
    ),
    (
        "hey {who}, grabbing {item} on the way, want anything?",
        "lol {who} just told me the {shop} thing, can't believe it, tell you on {day}",
        "Sooo tired, a whole {day} of {hobby} with {other}, never doing that again haha",
        "yo, you coming to {place} on {day} or what?",
    ),
)
EMOTION = (("joy", "anger", "fear", "sadness"), ("glad", "angry", "afraid", "sad"))
EMOTION_TEXTS = (
    (
        "I danced through the kitchen when {who} rang: we got the flat in {place}!",
        "{n} years of waiting, and today our baby took her first steps across {room}.",
        "First prize for my {item}, I still cannot stop grinning.",
    ),
    (
        "{who} took credit for my work again, in front of everyone in {room}. I could have thrown the {item}.",
        "How dare the {shop} charge me for {n} {item} that never came!",
        "This is the fourth time they tow my car outside the {shop}, and they are laughing about it.",
    ),
    (
        "There are steps on the stairs, {who} is in {place}, and I am alone with the door unlocked.",
        "My hands shake before the operation on {day}; what if I do not wake up?",
        "The cable car stopped {n} metres above the valley and began to swing.",
    ),
    (
        "{who}'s chair in {room} is empty now, and I still lay the table for two.",
        "Our old dog died in {month}; the house in {place} is so quiet.",
        "I found the letters from {place} today and wept for an hour.",
    ),
)
OPINION = (("fact", "opinion"), ("a claim of fact", "a matter of taste"))
OPINION_TEXTS = (
    (
        "The {shop} in {place} was founded in {year} by {who}.",
        "A box at the {shop} holds {n} {item}.",
        "{place} lies on the same railway line as the home town of {who}.",
    ),
    (
        "In my eyes {hobby} is far more rewarding than any other way to spend a {day}.",
        "Nobody should have to pay more than {n} dollars for {item}.",
        "{place} is at its loveliest in {month}.",
    ),
)
SPAM = (("spam", "genuine"), ("junk", "wanted"))
SPAM_TEXTS = (
    (
        "CONGRATULATIONS!!! You have been chosen to receive {n},000 dollars, reply with your bank details TODAY",
        "Lose {n} pounds in a week with one weird trick that every {trade} in {place} hates",
        "Dear friend, I am prince {who} and need your help to move {n} million out of {place}",
    ),
    (
        "Hi {who}, are we still meeting in {room} on {day}? I can bring the {item}.",
        "Your appointment with our {trade} is on {date} {month} at ten. Call us if you cannot come.",
        "Mum says the train from {place} is late, so start dinner without us. {who}",
    ),
)
SPEECH_LANGUAGE = (("French", "Spanish", "German", "Italian", "Portuguese"),)
SPEECH_LANGUAGE_TEXTS = (
    (
        "{who} arrive à la gare à {hour} heures avec ses deux sœurs.",
        "Il pleut depuis {n} jours et {who} reste à la maison.",
    ),
    (
        "{who} llega a la estación con sus dos hermanas el día {date}.",
        "Hace {n} días que llueve y {who} se queda en casa.",
    ),
    (
        "{who} kommt mit zwei Schwestern am Bahnhof an, Gleis {n}.",
        "Seit {n} Tagen regnet es, und {who} bleibt zu Hause.",
    ),
    ("{who} arriva alla stazione con le sue due sorelle, binario {n}.", "Piove da {n} giorni e {who} resta a casa."),
    ("{who} chega à estação com as duas irmãs, na linha {n}.", "Há {n} dias que chove e {who} fica em casa."),
)
