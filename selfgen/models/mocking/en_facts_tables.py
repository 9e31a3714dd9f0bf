"""English facts: terms, proverbs, countries, elements, words. Tables only."""

from __future__ import annotations

TERMS: dict[str, tuple[str, str]] = {
    "inflation": ("a general rise in prices over time", "a loaf that cost 2.00 last year costs 2.20 now"),
    "photosynthesis": (
        "the way plants turn light, water and carbon dioxide into sugar and oxygen",
        "a bean on a sunny sill grows without any food from us",
    ),
    "an algorithm": ("a fixed series of steps that solves a problem", "a recipe is one for making soup"),
    "a metaphor": ("a figure of speech that calls one thing by the name of another", "“time is a thief” is one"),
    "an antibiotic": (
        "a medicine that kills bacteria or stops their growth",
        "penicillin cures many throat infections",
    ),
    "compound interest": ("interest that is paid on earlier interest too", "100 at 10% becomes 110 and then 121"),
    "an ecosystem": (
        "a community of living things together with their surroundings",
        "a pond with its plants, frogs and insects is one",
    ),
    "a mortgage": ("a loan that is secured by a house or land", "a family borrows 200,000 to buy a home"),
    "gravity": ("the force by which masses attract each other", "a dropped spoon falls to the floor"),
    "a democracy": (
        "a form of government in which the people choose those who rule",
        "citizens elect a parliament every few years",
    ),
    "osmosis": (
        "the passage of water through a thin wall towards the side with more dissolved matter",
        "salted cucumber slices lose their water",
    ),
    "a prime number": ("a whole number above 1 that only 1 and itself divide evenly", "7 is one and 8 is not"),
    "a sonnet": ("a poem of fourteen lines with a fixed rhyme scheme", "Shakespeare wrote more than 150 of them"),
    "friction": (
        "the force that resists the movement of surfaces against each other",
        "brake pads slow down a bicycle wheel",
    ),
    "a vaccine": (
        "a preparation that trains the body to resist a disease",
        "a measles jab protects for life in most cases",
    ),
    "supply and demand": (
        "the interplay of offered and wanted goods that moves prices",
        "strawberries get cheaper in June",
    ),
    "a variable in programming": (
        "a name that stands for a value which may change",
        "a counter that grows by 1 in each round is one",
    ),
    "erosion": ("the wearing away of soil and rock by water, wind or ice", "a river deepens its valley over centuries"),
    "a placebo": ("a treatment without an active ingredient", "a sugar pill in a study of headaches is one"),
    "irony": ("saying the opposite of what is meant", "somebody says “lovely weather” in a downpour"),
    "a fossil": ("the preserved trace of a living thing from the distant past", "the print of a leaf in slate is one"),
    "encryption": (
        "turning data into a form that only those with the key can read",
        "a messenger scrambles a chat on its way",
    ),
    "a monopoly": ("a market with a single seller", "only one company sells water in a town"),
    "evaporation": ("the change of a liquid into vapour below its boiling point", "a puddle vanishes in the sun"),
    "a hypothesis": (
        "an assumption that can be tested",
        "“plants grow faster with blue light” can be checked by a trial",
    ),
    "a habitat": ("the natural home of a living thing", "reeds are one for the bittern"),
    "a budget": ("a plan for income and spending", "a household sets aside 400 a month for food"),
    "an eclipse": ("the covering of one heavenly body by another or its shadow", "the moon hides the sun at noon"),
    "a synonym": ("a word with the same or nearly the same meaning as another", "“begin” and “start” are such words"),
    "latency": (
        "the delay between a request and the start of the answer",
        "a voice call across the ocean lags by a moment",
    ),
    "a tariff": ("a tax on goods that cross a border", "imported steel costs ten percent more"),
    "pollination": (
        "the transfer of pollen that lets plants form seeds",
        "bees carry it from apple blossom to apple blossom",
    ),
    "a deadline": ("the time by which something must be finished", "the form has to arrive by 31 May"),
    "a referendum": ("a vote in which citizens decide on a question directly", "a town votes on a new bridge"),
    "density": ("the mass of a substance for each unit of volume", "a litre of oil weighs less than a litre of water"),
    "a biography": ("the story of a life written by somebody else", "a book about Marie Curie is one"),
    "insulation": ("material that slows the passage of heat, sound or current", "wool in the attic keeps a house warm"),
    "a cache": ("a store that keeps recent data close at hand", "a page loads faster on the second visit"),
    "depreciation": ("the loss of value of a thing over the years", "a car is worth half after four years"),
    "a dialect": ("a variety of a language spoken in one region", "people in the next valley use other vowels"),
}
PROVERBS: dict[str, tuple[str, str]] = {
    "A stitch in time saves nine": (
        "a small repair now spares a big one later",
        "when a friend puts off fixing a dripping tap",
    ),
    "Many hands make light work": ("a task is easy when people share it", "when the whole street helps with a move"),
    "Too many cooks spoil the broth": (
        "a job suffers if too many people direct it",
        "when six people write one letter",
    ),
    "The early bird catches the worm": (
        "those who start first have the best chance",
        "when somebody queues before the shop opens",
    ),
    "Don't count your chickens before they hatch": (
        "one should not rely on success too early",
        "when a colleague spends a bonus not yet paid",
    ),
    "Every cloud has a silver lining": (
        "something good can come of bad luck",
        "when a cancelled trip leads to a restful week",
    ),
    "Actions speak louder than words": (
        "deeds show more than promises",
        "when a neighbour mends the fence without a speech",
    ),
    "Rome was not built in a day": ("great things take time", "when a learner despairs after a week"),
    "Look before you leap": ("one should think before acting", "before someone signs an unread contract"),
    "Better late than never": (
        "doing something late beats not doing it",
        "when a birthday card comes in the following week",
    ),
    "All that glitters is not gold": ("what looks precious may be worthless", "when a bargain breaks on the first day"),
    "Where there is smoke, there is fire": (
        "rumours mostly have some cause",
        "when the same complaint reaches you three times",
    ),
    "Make hay while the sun shines": (
        "one should use a good chance while it lasts",
        "when a stall sells best on a dry Saturday",
    ),
    "A watched pot never boils": (
        "waiting feels longer when one is impatient",
        "when somebody checks the post every hour",
    ),
    "When in Rome, do as the Romans do": (
        "guests should follow local customs",
        "when a visitor asks about taking off shoes",
    ),
    "Practice makes perfect": ("one gets better by repeating", "when a child learns to ride a bicycle"),
    "Let sleeping dogs lie": (
        "it can be wise to leave old trouble alone",
        "when someone wants to reopen a settled quarrel",
    ),
    "You can't judge a book by its cover": ("looks say little about worth", "when a plain cafe serves wonderful soup"),
}
COUNTRIES: dict[str, tuple[str, str, str]] = {
    "Kenya": ("Nairobi", "Africa", "Kenyan shilling"), "Norway": ("Oslo", "Europe", "Norwegian krone"),
    "Peru": ("Lima", "South America", "sol"), "Japan": ("Tokyo", "Asia", "yen"), "Egypt": ("Cairo", "Africa", "Egyptian pound"),
    "Canada": ("Ottawa", "North America", "Canadian dollar"), "Chile": ("Santiago", "South America", "Chilean peso"),
    "Poland": ("Warsaw", "Europe", "zloty"), "Thailand": ("Bangkok", "Asia", "baht"), "Ghana": ("Accra", "Africa", "cedi"),
    "Portugal": ("Lisbon", "Europe", "euro"), "Mexico": ("Mexico City", "North America", "Mexican peso"),
    "Vietnam": ("Hanoi", "Asia", "dong"), "Hungary": ("Budapest", "Europe", "forint"), "Morocco": ("Rabat", "Africa", "dirham"),
    "Australia": ("Canberra", "Oceania", "Australian dollar"), "Sweden": ("Stockholm", "Europe", "Swedish krona"),
    "Argentina": ("Buenos Aires", "South America", "Argentine peso"), "Ethiopia": ("Addis Ababa", "Africa", "birr"),
    "Denmark": ("Copenhagen", "Europe", "Danish krone"), "Nepal": ("Kathmandu", "Asia", "Nepalese rupee"),
    "Uruguay": ("Montevideo", "South America", "Uruguayan peso"), "Iceland": ("Reykjavik", "Europe", "Icelandic krona"),
    "Mongolia": ("Ulaanbaatar", "Asia", "togrog"), "Cuba": ("Havana", "North America", "Cuban peso"),
    "New Zealand": ("Wellington", "Oceania", "New Zealand dollar"), "Fiji": ("Suva", "Oceania", "Fijian dollar"),
    "Greece": ("Athens", "Europe", "euro"), "India": ("New Delhi", "Asia", "Indian rupee"), "Ireland": ("Dublin", "Europe", "euro"),
}  # fmt: skip
ELEMENTS: dict[str, tuple[str, int, str]] = {
    "hydrogen": ("H", 1, "the lightest gas"), "helium": ("He", 2, "a noble gas"), "carbon": ("C", 6, "a solid non-metal"),
    "nitrogen": ("N", 7, "the main gas in the air"), "oxygen": ("O", 8, "the gas that we breathe"), "sodium": ("Na", 11, "a soft metal"),
    "aluminium": ("Al", 13, "a light metal"), "sulphur": ("S", 16, "a yellow non-metal"), "calcium": ("Ca", 20, "a metal found in bones and chalk"),
    "iron": ("Fe", 26, "a magnetic metal"), "copper": ("Cu", 29, "a reddish metal that conducts well"), "silver": ("Ag", 47, "a precious metal"),
    "tin": ("Sn", 50, "a soft metal used in solder"), "iodine": ("I", 53, "a dark, easily vaporised solid"), "gold": ("Au", 79, "a precious metal"),
    "mercury": ("Hg", 80, "a metal that is liquid at room temperature"), "lead": ("Pb", 82, "a heavy, poisonous metal"), "uranium": ("U", 92, "a radioactive metal"),
}  # fmt: skip
OPPOSITES: dict[str, tuple[str, str]] = {
    "generous": ("stingy", "He is too stingy to tip."), "ancient": ("modern", "They live in a modern house."), "shallow": ("deep", "The lake is deep."),
    "scarce": ("plentiful", "Apples are plentiful this year."), "humble": ("arrogant", "Fame made her arrogant."), "accept": ("refuse", "I refuse to pay twice."),
    "victory": ("defeat", "The team took the defeat well."), "rough": ("smooth", "Sand it until it is smooth."), "expand": ("shrink", "Wool can shrink in hot water."),
    "cheerful": ("gloomy", "It was a gloomy morning."), "arrive": ("depart", "The boats depart at nine."), "artificial": ("natural", "This is a natural dye."),
    "tighten": ("loosen", "Please loosen the screw."), "visible": ("hidden", "The key lay hidden under a stone."), "brave": ("cowardly", "It was a cowardly lie."),
    "lazy": ("diligent", "Ants are diligent."), "borrow": ("lend", "Could you lend me a pen?"), "guilty": ("innocent", "The jury found her innocent."),
    "temporary": ("permanent", "He found a permanent job."), "noisy": ("quiet", "The library is quiet."), "rise": ("fall", "Prices fall in autumn."),
    "narrow": ("wide", "The river is wide here."), "wealthy": ("poor", "They were poor but content."), "remember": ("forget", "Never forget your roots."),
}  # fmt: skip
PLURALS = {
    "mouse": "mice", "goose": "geese", "child": "children", "leaf": "leaves", "sheep": "sheep", "ox": "oxen", "crisis": "crises",
    "cactus": "cacti", "knife": "knives", "tooth": "teeth", "potato": "potatoes", "analysis": "analyses", "deer": "deer", "foot": "feet",
    "wolf": "wolves", "criterion": "criteria", "half": "halves", "series": "series", "woman": "women", "hero": "heroes",
}  # fmt: skip
VERBS = {
    "swim": ("swam", "swum"), "teach": ("taught", "taught"), "choose": ("chose", "chosen"), "freeze": ("froze", "frozen"),
    "shake": ("shook", "shaken"), "bite": ("bit", "bitten"), "grow": ("grew", "grown"), "seek": ("sought", "sought"),
    "lie (to be flat)": ("lay", "lain"), "ring": ("rang", "rung"), "tear": ("tore", "torn"), "weave": ("wove", "woven"),
    "catch": ("caught", "caught"), "fly": ("flew", "flown"), "hide": ("hid", "hidden"), "steal": ("stole", "stolen"),
    "wear": ("wore", "worn"), "drink": ("drank", "drunk"), "feed": ("fed", "fed"), "sew": ("sewed", "sewn"),
}  # fmt: skip
