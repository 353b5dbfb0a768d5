"""Kinds of things and their members, written by hand; the plural of a member is accepted as well."""

from __future__ import annotations

MEMBERS: dict[str, tuple[str, ...]] = {
    "fruit": (
        "apple", "banana", "orange", "pear", "grape", "mango", "cherry", "strawberry", "lemon", "peach",
        "pineapple", "kiwi", "plum", "melon", "watermelon", "grapefruit", "apricot", "avocado", "blueberry",
        "raspberry", "lime", "papaya", "fig",
    ),
    "vegetable": (
        "carrot", "potato", "onion", "broccoli", "spinach", "cabbage", "pea", "bean", "lettuce", "pepper",
        "tomato", "cucumber", "celery", "kale", "cauliflower", "garlic", "leek", "zucchini", "beet", "corn",
    ),
    "animal that lives in the sea": (
        "fish", "shark", "whale", "dolphin", "octopus", "squid", "crab", "lobster", "seal", "turtle",
        "sea turtle", "jellyfish", "starfish", "tuna", "salmon", "seahorse", "sea lion", "walrus", "manatee",
        "eel", "orca", "clownfish", "blue whale", "stingray",
    ),
    "bird": (
        "eagle", "sparrow", "robin", "owl", "parrot", "penguin", "duck", "swan", "crow", "pigeon", "hawk",
        "falcon", "chicken", "goose", "ostrich", "flamingo", "seagull", "hummingbird", "raven", "turkey",
        "dove", "stork", "blue jay", "bald eagle", "canary", "finch", "woodpecker", "hen",
    ),
    "musical instrument": (
        "piano", "guitar", "violin", "drum", "flute", "trumpet", "cello", "clarinet", "saxophone", "harp",
        "organ", "trombone", "banjo", "ukulele", "accordion", "oboe", "harmonica", "tuba",
    ),
    "country in Europe": (
        "Albania", "Andorra", "Austria", "Belarus", "Belgium", "Bosnia and Herzegovina", "Bulgaria",
        "Croatia", "Cyprus", "Czech Republic", "Czechia", "Denmark", "Estonia", "Finland", "France",
        "Germany", "Greece", "Hungary", "Iceland", "Ireland", "Italy", "Kosovo", "Latvia", "Liechtenstein",
        "Lithuania", "Luxembourg", "Malta", "Moldova", "Monaco", "Montenegro", "Netherlands",
        "North Macedonia", "Norway", "Poland", "Portugal", "Romania", "Russia", "San Marino", "Serbia",
        "Slovakia", "Slovenia", "Spain", "Sweden", "Switzerland", "Turkey", "Ukraine", "United Kingdom",
        "Vatican City", "England", "Scotland", "Wales",
    ),
    "country in Africa": (
        "Algeria", "Angola", "Benin", "Botswana", "Burkina Faso", "Burundi", "Cameroon", "Cape Verde",
        "Central African Republic", "Chad", "Comoros", "Congo", "Democratic Republic of the Congo",
        "Djibouti", "Egypt", "Equatorial Guinea", "Eritrea", "Eswatini", "Ethiopia", "Gabon", "Gambia",
        "Ghana", "Guinea", "Guinea-Bissau", "Ivory Coast", "Kenya", "Lesotho", "Liberia", "Libya",
        "Madagascar", "Malawi", "Mali", "Mauritania", "Mauritius", "Morocco", "Mozambique", "Namibia",
        "Niger", "Nigeria", "Rwanda", "Senegal", "Seychelles", "Sierra Leone", "Somalia", "South Africa",
        "South Sudan", "Sudan", "Tanzania", "Togo", "Tunisia", "Uganda", "Zambia", "Zimbabwe",
    ),
    "country in Asia": (
        "Afghanistan", "Armenia", "Azerbaijan", "Bahrain", "Bangladesh", "Bhutan", "Brunei", "Cambodia",
        "China", "Cyprus", "East Timor", "Georgia", "India", "Indonesia", "Iran", "Iraq", "Israel", "Japan",
        "Jordan", "Kazakhstan", "Kuwait", "Kyrgyzstan", "Laos", "Lebanon", "Malaysia", "Maldives", "Mongolia",
        "Myanmar", "Nepal", "North Korea", "Oman", "Pakistan", "Palestine", "Philippines", "Qatar", "Russia",
        "Saudi Arabia", "Singapore", "South Korea", "Sri Lanka", "Syria", "Taiwan", "Tajikistan", "Thailand",
        "Turkey", "Turkmenistan", "United Arab Emirates", "Uzbekistan", "Vietnam", "Yemen",
    ),
    "country in South America": (
        "Brazil", "Argentina", "Chile", "Peru", "Colombia", "Ecuador", "Bolivia", "Uruguay", "Paraguay",
        "Venezuela", "Guyana", "Suriname",
    ),
    "planet of our solar system": (
        "Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune",
    ),
    "month with 31 days": (
        "January", "March", "May", "July", "August", "October", "December",
    ),
    "month with 30 days": (
        "April", "June", "September", "November",
    ),
    "colour of the rainbow": (
        "red", "orange", "yellow", "green", "blue", "indigo", "violet",
    ),
    "farm animal": (
        "cow", "pig", "sheep", "goat", "horse", "chicken", "duck", "hen", "turkey", "donkey", "goose",
        "llama",
    ),
    "sport that is played with a ball": (
        "football", "soccer", "basketball", "tennis", "volleyball", "baseball", "golf", "rugby", "handball",
        "cricket", "table tennis", "softball", "water polo",
    ),
    "language spoken in Europe": (
        "English", "French", "German", "Spanish", "Italian", "Portuguese", "Polish", "Dutch", "Swedish",
        "Norwegian", "Danish", "Finnish", "Greek", "Hungarian", "Romanian", "Russian",
    ),
    "metal": (
        "iron", "gold", "silver", "copper", "aluminium", "aluminum", "zinc", "lead", "tin", "nickel",
        "platinum", "titanium", "steel", "bronze", "brass", "mercury", "lithium", "sodium", "magnesium",
        "tungsten",
    ),
    "ocean": (
        "Pacific", "Atlantic", "Indian", "Arctic", "Southern", "Pacific Ocean", "Atlantic Ocean",
        "Indian Ocean", "Arctic Ocean", "Southern Ocean", "the Pacific Ocean", "the Atlantic Ocean",
        "the Indian Ocean",
    ),
    "continent": (
        "Africa", "Asia", "Europe", "North America", "South America", "Australia", "Antarctica", "Oceania",
    ),
    "programming language": (
        "Python", "Java", "C++", "JavaScript", "Rust", "Ruby", "PHP", "Swift", "Kotlin", "TypeScript", "Perl",
        "Haskell", "Scala", "C#", "Julia", "Lua",
    ),
    "prime number below 30": (
        "2", "3", "5", "7", "11", "13", "17", "19", "23", "29",
    ),
    "square number between 10 and 110": (
        "16", "25", "36", "49", "64", "81", "100",
    ),
    "piece of furniture": (
        "chair", "table", "sofa", "couch", "bed", "desk", "bookshelf", "wardrobe", "cabinet", "dresser",
        "armchair", "stool", "bench", "shelf", "nightstand", "coffee table", "bookcase",
    ),
    "insect": (
        "ant", "bee", "butterfly", "mosquito", "fly", "beetle", "wasp", "grasshopper", "cricket", "moth",
        "ladybug", "dragonfly", "cockroach", "termite", "flea", "ladybird", "housefly", "honeybee", "firefly",
    ),
    "tree": (
        "oak", "maple", "pine", "birch", "willow", "elm", "cedar", "fir", "spruce", "beech", "ash", "palm",
        "redwood", "apple", "cherry", "oak tree", "pine tree", "maple tree", "sequoia", "cypress", "poplar",
    ),
    "flower": (
        "rose", "tulip", "lily", "daisy", "sunflower", "orchid", "daffodil", "violet", "iris", "carnation",
        "peony", "lavender", "marigold", "poppy", "dahlia", "jasmine", "hydrangea", "petunia",
        "chrysanthemum",
    ),
    "hot drink": (
        "tea", "coffee", "hot chocolate", "cocoa", "espresso", "latte", "cappuccino", "green tea",
        "mulled wine",
    ),
    "string instrument": (
        "violin", "guitar", "cello", "harp", "viola", "double bass", "banjo", "ukulele", "mandolin", "lute",
        "bass", "sitar", "bass guitar",
    ),
    "noble gas": (
        "helium", "neon", "argon", "krypton", "xenon", "radon", "oganesson",
    ),
    "part of a car": (
        "engine", "wheel", "tire", "tyre", "brake", "door", "window", "seat", "steering wheel", "headlight",
        "windshield", "hood", "trunk", "bumper", "battery", "radiator", "transmission", "mirror", "clutch",
    ),
    "part of the human body": (
        "head", "arm", "leg", "hand", "foot", "eye", "nose", "ear", "mouth", "heart", "lung", "knee",
        "finger", "toe", "neck", "shoulder", "stomach", "brain", "liver", "elbow", "skin", "back",
    ),
    "play by Shakespeare": (
        "Hamlet", "Macbeth", "Othello", "Romeo and Juliet", "King Lear", "The Tempest", "Julius Caesar",
        "Twelfth Night", "A Midsummer Night's Dream", "Richard III", "As You Like It", "Henry V",
    ),
    "state of the United States": (
        "Alabama", "Alaska", "Arizona", "Arkansas", "California", "Colorado", "Connecticut", "Delaware",
        "Florida", "Georgia", "Hawaii", "Idaho", "Illinois", "Indiana", "Iowa", "Kansas", "Kentucky",
        "Louisiana", "Maine", "Maryland", "Massachusetts", "Michigan", "Minnesota", "Mississippi", "Missouri",
        "Montana", "Nebraska", "Nevada", "New Hampshire", "New Jersey", "New Mexico", "New York",
        "North Carolina", "North Dakota", "Ohio", "Oklahoma", "Oregon", "Pennsylvania", "Rhode Island",
        "South Carolina", "South Dakota", "Tennessee", "Texas", "Utah", "Vermont", "Virginia", "Washington",
        "West Virginia", "Wisconsin", "Wyoming",
    ),
    "currency": (
        "dollar", "euro", "pound", "yen", "yuan", "rupee", "franc", "peso", "krona", "won", "real", "ruble",
        "lira", "US dollar", "British pound", "Japanese yen", "USD", "EUR", "GBP", "baht", "rand", "krone",
        "zloty",
    ),
}  # fmt: skip
"""Members by kind; the kind reads on after "a" or "an"."""

CLOSED = (
    "country in Europe",
    "country in Africa",
    "country in Asia",
    "country in South America",
    "planet of our solar system",
    "month with 31 days",
    "noble gas",
    "state of the United States",
)
"""The kinds whose members are all listed."""
