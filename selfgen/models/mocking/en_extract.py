"""English families that pick fields out of emails, receipts, notices, log lines and advertisements."""

from __future__ import annotations

from selfgen.models.mocking.en_words import EVENTS, GOODS, JOBS, MONTHS, NAMES, PLACES, ROOMS, SHOPS, WEEKDAYS
from selfgen.models.mocking.extracting import FIELDS, Document
from selfgen.models.mocking.frame import Family, Pool, span
from selfgen.models.mocking.labelling import label_rows

TAILS = (
    ("Return a JSON object.", "json"),
    ("Answer as JSON with these names as keys.", "json"),
    ("One line per field, name first.", "lines"),
    ("Write each on its own line.", "lines"),
    ("Copy the values exactly as they stand.", "lines"),
    ("Leave out everything else.", "lines"),
)
POOLS: dict[str, Pool] = {
    "who|other": NAMES,
    "shop": SHOPS,
    "place": PLACES,
    "trade": JOBS,
    "item|thing": GOODS,
    "n,m": tuple((str(n), str(m)) for n in range(12, 48, 5) for m in range(2, 12, 3)),
    "number": tuple(f"{letter}{digits}" for letter in "ABKMRT" for digits in range(10483, 98000, 1371)),
    "until,date": tuple((f"{day} {month}", f"{day + 12} {month}") for month in MONTHS for day in range(2, 16, 4)),
    "weekday": WEEKDAYS,
    "room": ROOMS,
    "event": EVENTS,
    "time": tuple(f"{hour}:{minute}" for hour in range(8, 21) for minute in ("00", "15", "30", "45")),
    "k,price,total": tuple(
        (str(n), f"{cents / 100:.2f}", f"{n * cents / 100:.2f}") for n in (2, 5, 8, 11) for cents in (120, 245, 390)
    ),
    "way": ("cash", "card", "voucher", "bank transfer"),
    "level": ("ERROR", "WARNING", "INFO"),
    "service": ("payment", "search", "login", "export", "mailer", "billing", "inventory", "scheduler"),
    "stamp": tuple(f"2031-0{m}-{d}T{h}:{h + d}:09" for m in (2, 5, 9) for d in (13, 24, 27) for h in (10, 11, 19)),
    "pay": span(14, 39),
    "hours": span(12, 40, 2),
}  # fmt: skip
ASKING: dict[str, Pool] = {"who": NAMES, "shop": SHOPS, "place": PLACES, "trade": JOBS}
ORDER = Document(
    (
        (
            "Hello,\n\nmy name is {who} and I write about order {number} of {date}. Of the {n} {item} that I "
            "ordered, {m} were damaged."
            " You reach me every day after {time}.\n\nKind regards\n{other}"
        ),
        (
            "Dear team of the {shop},\n\non {date} I, {who}, bought {n} {item} from you (order {number}). So far "
            "only {m} have arrived in {place}."
            " Please ring me after {time}.\n\nYours sincerely\n{who}"
        ),
    ),
    POOLS,
    {
        "customer": "who",
        "order number": "number",
        "order date": "date",
        "product": "item",
        "number of pieces": "n",
        "best time to call": "time",
    },
    ": ",
)
RECEIPT = Document(
    (
        (
            "{shop}, {place}\n{date}, {time}\n{k} x {item} at {price}\nTotal: {total}\nPaid by {way}. You were "
            "served by {who}."
        ),
        (
            "Receipt {number}\n{shop} | {place}\n{k} {item}, single price {price}\nSum {total}, {way}\n{date} "
            "{time}, till of {who}"
        ),
    ),
    POOLS,
    {
        "shop": "shop",
        "town": "place",
        "date": "date",
        "product": "item",
        "total": "total",
        "means of payment": "way",
        "cashier": "who",
    },
    ": ",
)
NOTICE = Document(
    (
        (
            "We look forward to {event}! It takes place on {weekday}, {date}, at {time} in {room}. Please "
            "register with {who} by {until}."
        ),
        (
            "Please note that {event} has moved to {room}. The new time is {time} on {weekday}, {date}. {who} "
            "collects names until {until}."
        ),
        ("Everybody is welcome: {event}, {weekday}, {date}, {time}, {room}. Ask {who}; places are held until {until}."),
    ),
    POOLS,
    {
        "event": "event",
        "weekday": "weekday",
        "date": "date",
        "time": "time",
        "place": "room",
        "contact person": "who",
        "deadline": "until",
    },
    ": ",
)
LOG = Document(
    (
        "{stamp} {level} {service}-service request {number} for user {who} took {pay}00 ms, {n} retries",
        "[{stamp}] {service}-service {level}: {n} retries, request {number}, user {who}, duration {pay}00 ms",
    ),
    POOLS,
    {
        "time stamp": "stamp",
        "severity": "level",
        "service": "service",
        "request": "number",
        "user": "who",
        "retries": "n",
    },
    ": ",
)
ADVERT = Document(
    (
        (
            "Our {shop} in {place} is looking for a {trade} from {date} on: {hours} hours a week, {pay} dollars "
            "an hour. Apply to {who} by {until}."
        ),
        (
            "Wanted in {place}: a {trade} for {hours} hours a week, starting {date}. We are a {shop} and pay "
            "{pay} dollars an hour. {who} takes applications until {until}."
        ),
    ),
    POOLS,
    {
        "job": "trade",
        "town": "place",
        "start": "date",
        "weekly hours": "hours",
        "hourly pay": "pay",
        "contact": "who",
        "closing date": "until",
    },
    ": ",
)


def asks(name: str, document: Document, texts: tuple[str, ...]) -> Family:
    """Make the family of a document; a task names one to three of its fields."""
    rows = label_rows((tuple(document.fields),), (1, 2, 3), (" and ", ", "), ", ")
    return Family(name, texts, {FIELDS: rows, **ASKING}, document.answer, TAILS, give=document.give, weight=3)


FAMILIES: tuple[Family, ...] = (
    asks(
        "order_mail",
        ORDER,
        (
            "Extract from the email below: {fields}.",
            "A customer wrote to a {shop}. Find these details in the message below: {fields}.",
            "{who} enters complaints into a form with these boxes: {fields}. Fill them from the letter below.",
        ),
    ),
    asks(
        "receipt",
        RECEIPT,
        (
            "Read the receipt below and give me {fields}.",
            "For the books of a {trade} in {place}, pull {fields} out of the till slip below.",
            "Which details does the receipt state for {fields}?",
        ),
    ),
    asks(
        "notice",
        NOTICE,
        (
            "Take {fields} from the announcement below.",
            "{who} keeps a calendar and only needs {fields} out of the notice below.",
            "What does the notice below say about {fields}?",
        ),
    ),
    asks(
        "log_line",
        LOG,
        (
            "Parse the log line below into {fields}.",
            "The night shift in {place} needs {fields} from the log entry below.",
            "Out of the server's log line, isolate {fields}.",
        ),
    ),
    asks(
        "job_advert",
        ADVERT,
        (
            "From the job advertisement below, list {fields}.",
            "{who} compares vacancies. Note {fields} of the advert below.",
            (
                "Somebody at the {place} job centre types adverts into a table with the columns {fields}. Do it "
                "for the text below."
            ),
        ),
    ),
)
