"""Words that prompts are made of."""

from __future__ import annotations

NAMES = (
    "Anna", "Ben", "Clara", "David", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kira", "Liam",
    "Maya", "Noah", "Olga", "Pedro", "Rosa", "Samir", "Tara", "Umar", "Vera", "Wanda", "Yusuf", "Zoe",
)  # fmt: skip

CITIES = (
    "Lisbon", "Oslo", "Prague", "Dublin", "Vienna", "Turin", "Lyon", "Leeds", "Porto", "Malmo", "Gdansk",
    "Seville", "Utrecht", "Bergen", "Graz", "Bremen", "Ghent", "Basel",
)  # fmt: skip

FRUIT = (
    "apple",
    "pear",
    "banana",
    "cherry",
    "mango",
    "peach",
    "lemon",
    "plum",
    "grape",
    "orange",
    "melon",
    "fig",
)
ANIMALS = (
    "horse",
    "cat",
    "dog",
    "goat",
    "rabbit",
    "sheep",
    "duck",
    "beaver",
    "tiger",
    "lion",
    "zebra",
    "bear",
)
TOOLS = (
    "hammer",
    "saw",
    "drill",
    "wrench",
    "chisel",
    "pliers",
    "ladder",
    "shovel",
    "rake",
    "file",
    "axe",
    "clamp",
)
COLOURS = ("red", "blue", "green", "yellow", "black", "white", "silver", "purple", "brown", "grey", "pink")

GOODS = (
    "notebook", "lamp", "mug", "backpack", "keyboard", "towel", "kettle", "parasol", "candle", "puzzle",
    "pillow", "blanket", "bottle", "headset", "charger", "wallet", "poster", "basket",
)  # fmt: skip

SHORT_WORDS = (
    "lamp", "stone", "river", "cloud", "table", "bread", "chair", "green", "mouse", "plant", "train", "glass",
    "light", "paper", "heart", "music", "ocean", "tiger", "sugar", "night", "grape", "queen", "storm",
    "candy",
)  # fmt: skip

LONG_WORDS = (
    "elephant", "mountain", "computer", "umbrella", "language", "notebook", "strawberry", "banana",
    "pineapple",
    "committee", "chocolate", "adventure", "telephone", "bookkeeper", "butterfly", "crocodile", "dangerous",
    "education", "furniture", "generation", "happiness", "important", "jellyfish", "knowledge", "lemonade",
    "mississippi", "necessary", "orchestra", "president", "raspberry", "snowflake", "tomorrow", "university",
    "vegetable", "waterfall", "yesterday", "parallel", "assessment", "engineering", "grasshopper",
)  # fmt: skip

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip

SENTENCES = (
    "The old bridge over the canal was closed for repairs last autumn.",
    "Our neighbour grows tomatoes and beans behind the yellow garage.",
    "Please send the signed contract to the office before noon.",
    "A small boat drifted slowly past the quiet harbour at dawn.",
    "The museum opens late on Thursdays during the summer months.",
    "Several visitors asked whether the garden tour was free.",
    "Heavy rain delayed the morning train by almost an hour.",
    "She packed two sandwiches and a map for the long walk.",
    "The library moved its history books to the second floor.",
    "Every player received a blue shirt and a pair of socks.",
    "The baker opens the shop long before the first bus arrives.",
    "Nobody noticed the grey cat sleeping under the wooden bench.",
    "My brother repaired the radio with a spoon and some tape.",
    "The teacher wrote three questions on the board and left.",
)
