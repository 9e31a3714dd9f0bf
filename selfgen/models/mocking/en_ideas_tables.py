"""English ideas, steps, arguments and comparisons. Tables only; every entry is a plain fact or common advice."""

from __future__ import annotations

GIFTS: dict[str, tuple[str, ...]] = {
    "gardening": (
        "a pair of good gloves",
        "seeds of old tomato varieties",
        "a kneeling cushion",
        "a rain gauge",
        "a book on soil",
    ),
    "chess": (
        "a travel board",
        "a collection of endgame studies",
        "a chess clock",
        "lessons with a club coach",
        "a mug with a knight",
    ),
    "hiking": ("wool socks", "a head torch", "a thermos flask", "a first-aid kit", "an annual hut pass"),
    "knitting": ("hand-dyed wool", "bamboo needles", "a yarn bowl", "a pattern book for mittens", "stitch markers"),
    "baking bread": (
        "a proving basket",
        "a cast-iron pot",
        "a dough scraper",
        "rye flour from a mill",
        "a jar of sourdough starter",
    ),
    "birdwatching": (
        "a feeder for the window",
        "a field guide",
        "a notebook with waterproof paper",
        "binoculars",
        "a boat trip on the marsh",
    ),
    "cycling": ("a puncture kit", "bright front lights", "a rain cape", "a service at the workshop", "a handlebar bag"),
    "pottery": (
        "a set of carving tools",
        "an apron",
        "a bag of porcelain clay",
        "a weekend course",
        "a book on glazes",
    ),
    "swimming": (
        "anti-fog goggles",
        "a ten-visit pool card",
        "a quick-dry towel",
        "a waterproof bag",
        "a coaching lesson",
    ),
    "astronomy": (
        "a star wheel",
        "a red torch",
        "a visit to the observatory",
        "a moon calendar",
        "a folding chair for the night",
    ),
    "camping": ("a gas lantern", "an enamel mug", "a sleeping mat", "a pocket knife", "a spice box for the stove"),
    "woodwork": ("a Japanese saw", "beeswax polish", "a set of chisels", "a slab of cherry wood", "a marking gauge"),
    "cooking": (
        "a sharpening stone",
        "saffron",
        "a mortar of granite",
        "a family recipe book to fill in",
        "a tasting of olive oils",
    ),
    "running": (
        "a reflective vest",
        "a massage roller",
        "blister plasters",
        "an entry for a local race",
        "a running belt",
    ),
    "board games": (
        "a dice tray",
        "a two-player game",
        "card sleeves",
        "a game night with snacks",
        "a subscription to a game magazine",
    ),
}
TRIPS: dict[str, tuple[str, ...]] = {
    "a rainy weekend in the mountains": ("rain jacket", "sturdy shoes", "dry socks", "thermos flask", "playing cards"),
    "a week by the sea in summer": ("sun cream", "swimwear", "hat", "sandals", "light novel", "after-sun lotion"),
    "a business trip of two days": ("laptop and charger", "a spare shirt", "documents", "toiletries", "business cards"),
    "a hospital stay of three days": (
        "insurance card",
        "list of medicines",
        "slippers",
        "dressing gown",
        "charger",
        "ear plugs",
    ),
    "a night train journey": ("ticket and passport", "neck pillow", "water", "sandwiches", "sleeping mask"),
    "a school trip to a farm": ("rubber boots", "lunch box", "old clothes", "water bottle", "signed consent form"),
    "a winter camp in the snow": ("thermal underwear", "gloves", "warm sleeping bag", "head torch", "matches in a tin"),
    "a long day at the zoo with toddlers": ("snacks", "wet wipes", "spare clothes", "sun hats", "a light pushchair"),
    "a cycling tour along a river": ("repair kit", "pump", "rain cape", "helmet", "energy bars", "bicycle lock"),
    "a wedding abroad": ("passport", "festive clothes", "gift", "plug adapter", "speech notes"),
    "a silent retreat in a monastery": (
        "notebook",
        "warm jumper",
        "plain clothes",
        "house shoes",
        "alarm clock without a phone",
    ),
    "a desert excursion on camels": ("scarf", "plenty of water", "long trousers", "sunglasses", "lip balm"),
}
HOW_TO: dict[str, tuple[str, ...]] = {
    "descale a kettle": (
        "Fill it half with water and half with vinegar.",
        "Bring it to the boil.",
        "Let it stand for an hour.",
        "Pour it out and rinse several times.",
    ),
    "change a bicycle tube": (
        "Take out the wheel.",
        "Lift the tyre off with levers.",
        "Pull out the old tube and check the tyre for glass.",
        "Insert the new tube, slightly inflated.",
        "Press the tyre back and pump it up.",
    ),
    "repot a houseplant": (
        "Water the plant a day before.",
        "Choose a pot that is a little larger.",
        "Put drainage and fresh soil into it.",
        "Loosen the roots and set the plant in.",
        "Fill up with soil and water gently.",
    ),
    "sew on a button": (
        "Thread a needle and knot the end.",
        "Mark the spot.",
        "Sew through the holes four to six times.",
        "Wind the thread around the stem.",
        "Knot it on the inside and cut it off.",
    ),
    "unblock a sink without chemicals": (
        "Take out standing water.",
        "Pour hot water down.",
        "Work with a plunger.",
        "Unscrew and clean the trap if needed.",
        "Rinse with hot water.",
    ),
    "write a will by hand": (
        "State your full name and the date.",
        "Say clearly that this is your will.",
        "Name heirs and who gets what.",
        "Sign it by hand.",
        "Check the local rules on witnesses and keep it in a safe place.",
    ),
    "iron a shirt": (
        "Dampen the shirt.",
        "Iron the collar first.",
        "Then cuffs and sleeves.",
        "Do the back and the fronts.",
        "Hang it up at once.",
    ),
    "make compost": (
        "Pick a shady spot on bare soil.",
        "Start with twigs for air.",
        "Layer kitchen scraps and dry leaves.",
        "Keep it moist and turn it every few weeks.",
        "Use it when it is dark and crumbly.",
    ),
    "prepare for a job interview": (
        "Read up on the employer.",
        "Match your experience with the advert.",
        "Practise answers aloud.",
        "Think of questions of your own.",
        "Plan the journey and the clothes.",
    ),
    "brew loose-leaf tea": (
        "Warm the pot.",
        "Measure one teaspoon of leaves a cup.",
        "Pour on water of the right heat.",
        "Let it draw for three minutes.",
        "Strain it into cups.",
    ),
    "patch a hole in a plaster wall": (
        "Remove loose bits.",
        "Moisten the edges.",
        "Press in filler with a spatula.",
        "Let it dry and sand it smooth.",
        "Prime and paint.",
    ),
    "train a puppy to sit": (
        "Hold a treat above its nose.",
        "Move it back until the puppy sits.",
        "Say the word at that moment.",
        "Give the treat and praise.",
        "Repeat in short sessions every day.",
    ),
    "polish leather shoes": (
        "Brush off the dirt.",
        "Apply cream thinly with a cloth.",
        "Let it soak in for ten minutes.",
        "Brush until it shines.",
        "Buff with a soft cloth.",
    ),
    "store apples over the winter": (
        "Sort out bruised fruit.",
        "Lay the apples in crates so that they do not touch.",
        "Keep them cool, dark and slightly humid.",
        "Check them every week and take out rotten ones.",
    ),
}
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
