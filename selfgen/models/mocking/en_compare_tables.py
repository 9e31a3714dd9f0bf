"""English arguments, comparisons and dishes. Tables only; every entry is a plain fact or common advice."""

from __future__ import annotations

CHOICES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "working from home four days a week": (
        ("no commute", "quiet hours for deep work"),
        ("less contact with colleagues", "work and leisure blur"),
    ),
    "a four-day school week": (
        ("more time for family and clubs", "rested pupils"),
        ("child care is needed on the fifth day", "longer days from Monday to Thursday"),
    ),
    "keeping a dog in a small flat": (
        ("company and daily walks", "a reason to meet neighbours"),
        ("barking can disturb others", "the dog depends on going out often"),
    ),
    "buying a second-hand car": (
        ("lower price", "the steepest loss in value is past"),
        ("repairs are more likely", "little or no warranty"),
    ),
    "adopting a vegetarian diet": (
        ("smaller carbon footprint", "more vegetables and fibre"),
        ("some nutrients need planning", "eating out can be harder"),
    ),
    "free public transport": (
        ("less traffic", "mobility for people with low incomes"),
        ("high cost for the town", "crowded buses at rush hour"),
    ),
    "renting instead of owning a home": (
        ("freedom to move", "the landlord pays for repairs"),
        ("no property is built up", "rents may rise"),
    ),
    "paying only in cash": (
        ("spending is easy to see", "it works without electricity"),
        ("coins are bulky", "cash can be lost or stolen"),
    ),
    "school uniforms": (
        ("less pressure over clothes", "a sense of belonging"),
        ("less self-expression", "extra costs for families"),
    ),
    "a gap year after school": (
        ("time to mature and travel", "clearer plans"),
        ("study habits fade", "it costs money"),
    ),
    "moving to the countryside": (
        ("clean air and space", "lower rents"),
        ("long ways to shops and doctors", "fewer jobs nearby"),
    ),
    "learning an instrument at fifty": (
        ("it trains memory", "it brings joy and company"),
        ("progress is slower", "regular practice takes time"),
    ),
    "night shifts for better pay": (
        ("higher wages", "free time during the day"),
        ("disturbed sleep", "less time with friends"),
    ),
}
VERSUS: dict[str, dict[str, dict[str, str]]] = {
    "materials": {
        "wool": {"origin": "comes from sheep", "warmth": "keeps very warm", "washing": "needs cool, gentle washing"},
        "cotton": {"origin": "comes from a plant", "warmth": "keeps moderately warm", "washing": "can be washed hot"},
        "silk": {
            "origin": "comes from silkworms",
            "warmth": "balances heat and cold",
            "washing": "is best washed by hand",
        },
        "linen": {
            "origin": "comes from flax",
            "warmth": "feels cool",
            "washing": "can be washed warm and creases easily",
        },
        "polyester": {"origin": "is made from oil", "warmth": "hardly breathes", "washing": "dries quickly"},
    },
    "animals": {
        "frogs": {"class": "are amphibians", "skin": "have moist skin", "young": "start life as tadpoles"},
        "lizards": {"class": "are reptiles", "skin": "have dry scales", "young": "mostly hatch from eggs on land"},
        "bats": {"class": "are mammals", "skin": "have fur", "young": "are born alive and drink milk"},
        "penguins": {
            "class": "are birds",
            "skin": "have dense feathers",
            "young": "hatch from eggs that parents keep warm",
        },
        "sharks": {
            "class": "are fish",
            "skin": "have tooth-like scales",
            "young": "hatch or are born, depending on the species",
        },
    },
    "transport": {
        "trams": {
            "track": "run on rails in the street",
            "power": "use electricity",
            "flexibility": "cannot steer around obstacles",
        },
        "buses": {
            "track": "run on ordinary roads",
            "power": "use diesel, gas or electricity",
            "flexibility": "can change their route",
        },
        "ferries": {"track": "cross water", "power": "mostly use diesel", "flexibility": "depend on the weather"},
        "bicycles": {"track": "use roads and paths", "power": "use muscle power", "flexibility": "can stop anywhere"},
    },
    "programming languages": {
        "Python": {
            "typing": "checks types at run time",
            "memory": "frees memory automatically",
            "typical use": "serves data work and scripting",
        },
        "Rust": {
            "typing": "checks types at compile time",
            "memory": "manages memory by ownership rules",
            "typical use": "serves systems software",
        },
        "Java": {
            "typing": "checks types mostly at compile time",
            "memory": "frees memory automatically",
            "typical use": "serves large business systems",
        },
        "C": {
            "typing": "checks types loosely at compile time",
            "memory": "leaves memory to the programmer",
            "typical use": "serves operating systems and devices",
        },
    },
    "drinks": {
        "green tea": {
            "leaf": "is not oxidised",
            "water": "is brewed at about 75 °C",
            "caffeine": "has a moderate amount of caffeine",
        },
        "black tea": {
            "leaf": "is fully oxidised",
            "water": "is brewed with boiling water",
            "caffeine": "has somewhat more caffeine",
        },
        "oolong tea": {
            "leaf": "is partly oxidised",
            "water": "is brewed at about 90 °C",
            "caffeine": "lies in between in caffeine",
        },
        "peppermint tea": {
            "leaf": "is no true tea but a herb",
            "water": "is brewed with boiling water",
            "caffeine": "has no caffeine",
        },
    },
}
MEALS: dict[str, tuple[str, ...]] = {
    "vegetarian": (
        "lentil soup with bread",
        "vegetable curry with rice",
        "spinach omelette",
        "pasta with tomato sauce",
        "bean chilli",
        "potato gratin with salad",
        "mushroom risotto",
    ),
    "gluten-free": (
        "baked potatoes with quark",
        "fish with rice and peas",
        "chickpea stew",
        "polenta with mushrooms",
        "chicken with root vegetables",
        "rice noodles with tofu",
    ),
    "vegan": (
        "lentil dal with rice",
        "roast vegetables with hummus",
        "tofu stir-fry",
        "bean burritos",
        "barley soup",
        "peanut noodles",
    ),
    "quick": (
        "omelette with salad",
        "couscous with vegetables",
        "noodles with pesto",
        "toast with beans",
        "fried rice",
        "tomato soup",
    ),
}
