"""English words that several families share: people, places, goods, trades. Tables only."""

from __future__ import annotations

NAMES = (
    *("Amara", "Bilal", "Carmen", "Dmitri", "Elena", "Farah", "Greta", "Hugo", "Ines", "Jonas", "Keiko", "Liam"),
    *("Maya", "Nadia", "Omar", "Priya", "Quentin", "Rosa", "Samir", "Tanya", "Ulla", "Viktor", "Wanjiru", "Xavier"),
    *("Yusuf", "Zoe", "Anton", "Beatriz", "Chidi", "Delphine", "Emeka", "Freya", "Goran", "Hana", "Ivo", "Joana"),
    *("Kofi", "Leila", "Marek", "Noor", "Olga", "Pedro", "Ruth", "Stefan", "Thandi", "Umberto", "Vera", "Wen"),
)
PLACES = (
    *("Lisbon", "Nairobi", "Leeds", "Osaka", "Bogota", "Tallinn", "Perth", "Accra", "Lyon", "Halifax", "Pune", "Turin"),
    *("Dakar", "Graz", "Cork", "Izmir", "Quito", "Malmo", "Penang", "Tampa", "Utrecht", "Zagreb", "Kyoto", "Bergen"),
    *("Cardiff", "Seville", "Riga", "Porto", "Durban", "Ghent", "Hobart", "Jaipur", "Krakow", "Lima", "Nantes", "Oslo"),
)
GOODS = (
    *(
        "notebooks",
        "oranges",
        "candles",
        "towels",
        "batteries",
        "lemons",
        "postcards",
        "mugs",
        "tulip bulbs",
        "soap bars",
    ),
    *(
        "tea boxes",
        "bread rolls",
        "pencils",
        "light bulbs",
        "jars of honey",
        "socks",
        "umbrellas",
        "tickets",
        "sponges",
    ),
    *(
        "cushions",
        "seed packets",
        "apples",
        "paint brushes",
        "water bottles",
        "envelopes",
        "plant pots",
        "scarves",
        "pies",
    ),
    *("key rings", "hinges", "buttons", "tins of paint", "calendars", "bicycle bells", "wooden spoons", "lanterns"),
)
THINGS = (
    *(
        "a winter coat",
        "a desk lamp",
        "a folding chair",
        "a kettle",
        "a pair of boots",
        "a tent",
        "a bookcase",
        "a rug",
    ),
    *(
        "a rain jacket",
        "a coffee grinder",
        "a suitcase",
        "a toaster",
        "a garden bench",
        "a bicycle helmet",
        "a blender",
    ),
    *("a wool blanket", "a guitar", "a mattress", "a fountain pen", "a telescope", "a sewing machine", "a frying pan"),
    *("a set of knives", "a rucksack", "an electric heater", "an office chair", "a chess set", "a wall clock"),
)
JOBS = (
    *(
        "nurse",
        "baker",
        "plumber",
        "librarian",
        "gardener",
        "bus driver",
        "carpenter",
        "dentist",
        "pharmacist",
        "farmer",
    ),
    *("waiter", "tour guide", "roofer", "florist", "journalist", "locksmith", "midwife", "postman", "tailor"),
    *(
        "vet",
        "welder",
        "hotel receptionist",
        "museum guard",
        "swimming coach",
        "bank clerk",
        "beekeeper",
        "lorry driver",
    ),
    *("primary school teacher", "shop assistant", "caretaker", "translator", "flight attendant", "potter", "fisherman"),
)
SHOPS = (
    *(
        "bakery",
        "bookshop",
        "bicycle workshop",
        "flower stall",
        "pet shop",
        "tea house",
        "pottery studio",
        "hardware store",
    ),
    *(
        "second-hand clothes shop",
        "waffle house",
        "toy shop",
        "barber shop",
        "fish counter",
        "cheese shop",
        "plant nursery",
    ),
    *("shoe repair shop", "soup kitchen", "yoga studio", "laundry", "board game cafe", "wine cellar", "dance school"),
    *(
        "language school",
        "climbing gym",
        "furniture workshop",
        "spice shop",
        "juice bar",
        "candle maker",
        "guest house",
    ),
)
HOBBIES = (
    *(
        "gardening",
        "chess",
        "hiking",
        "knitting",
        "baking bread",
        "birdwatching",
        "cycling",
        "pottery",
        "swimming",
        "astronomy",
    ),
    *(
        "camping",
        "woodwork",
        "calligraphy",
        "running",
        "cooking",
        "fishing",
        "board games",
        "reading crime novels",
        "yoga",
    ),
)
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ROOMS = (
    *(
        "the library",
        "meeting room 2",
        "the canteen",
        "the sports hall",
        "the back office",
        "the town hall",
        "the studio",
    ),
    *("room 14", "the workshop", "the reading room", "the training centre", "the old chapel", "the first-floor lounge"),
)
EVENTS = (
    *(
        "the spring concert",
        "the staff picnic",
        "the book fair",
        "the safety training",
        "the open day",
        "the charity run",
    ),
    *("the choir rehearsal", "the budget meeting", "the cooking class", "the parents' evening", "the chess tournament"),
    *("the planning workshop", "the farewell dinner", "the garden party", "the blood donation day", "the job fair"),
    *("the neighbourhood clean-up", "the science quiz", "the pottery course", "the summer fete", "the product launch"),
)
