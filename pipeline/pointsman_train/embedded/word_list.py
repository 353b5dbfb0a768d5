"""Word pairs, written by hand: a word and what it becomes, by kind of task."""

from __future__ import annotations

OPPOSITES = (
    ("hot", "cold"), ("big", "small|little|tiny"), ("fast", "slow"), ("up", "down"), ("day", "night"),
    ("open", "closed|close|shut"), ("happy", "sad|unhappy"), ("rich", "poor"), ("young", "old"),
    ("wet", "dry"),
    ("early", "late"), ("full", "empty"), ("hard", "soft|easy"), ("light", "dark|heavy"), ("strong", "weak"),
    ("loud", "quiet|soft|silent"), ("clean", "dirty"), ("buy", "sell"), ("win", "lose"),
    ("arrive", "leave|depart"),
    ("ancient", "modern|new"), ("generous", "stingy|selfish|mean|miserly|greedy"), ("victory", "defeat|loss"),
    ("increase", "decrease|reduce"), ("import", "export"), ("maximum", "minimum"), ("temporary", "permanent"),
    ("shallow", "deep"), ("guilty", "innocent"), ("expand", "contract|shrink"), ("optimist", "pessimist"),
)  # fmt: skip

PLURALS = (
    ("cat", "cats"), ("dog", "dogs"), ("box", "boxes"), ("baby", "babies"), ("bus", "buses|busses"),
    ("city", "cities"),
    ("child", "children"), ("mouse", "mice"), ("foot", "feet"), ("tooth", "teeth"), ("man", "men"),
    ("goose", "geese"), ("knife", "knives"), ("leaf", "leaves"), ("wolf", "wolves"), ("potato", "potatoes"),
    ("ox", "oxen"), ("crisis", "crises"), ("cactus", "cacti|cactuses"), ("phenomenon", "phenomena"),
    ("criterion", "criteria"), ("analysis", "analyses"), ("thesis", "theses"),
    ("matrix", "matrices|matrixes"),
)  # fmt: skip

PASTS = (
    ("walk", "walked"), ("play", "played"), ("go", "went"), ("eat", "ate"), ("see", "saw"), ("run", "ran"),
    ("write", "wrote"), ("buy", "bought"), ("bring", "brought"), ("think", "thought"), ("teach", "taught"),
    ("fly", "flew"), ("swim", "swam"), ("begin", "began"), ("choose", "chose"), ("freeze", "froze"),
    ("steal", "stole"), ("wear", "wore"), ("seek", "sought"), ("forsake", "forsook"), ("slay", "slew|slayed"),
    ("weave", "wove|weaved"), ("cling", "clung"), ("strive", "strove|strived"), ("shrink", "shrank|shrunk"),
)  # fmt: skip

SPANISH = (
    ("house", "casa"), ("water", "agua"), ("dog", "perro|perra"), ("cat", "gato|gata"), ("red", "rojo|roja"),
    ("book", "libro"), ("friend", "amigo|amiga"), ("milk", "leche"), ("bread", "pan"), ("night", "noche"),
    ("school", "escuela|colegio"), ("window", "ventana"), ("bridge", "puente"), ("rain", "lluvia"),
    ("key", "llave"),
    ("spoon", "cuchara"), ("butterfly", "mariposa"), ("pillow", "almohada"), ("needle", "aguja"),
    ("hammer", "martillo"),
)  # fmt: skip

FRENCH = (
    ("house", "maison"), ("water", "eau"), ("dog", "chien|chienne"), ("cat", "chat|chatte"),
    ("bread", "pain"),
    ("book", "livre"), ("milk", "lait"), ("cheese", "fromage"), ("night", "nuit"), ("school", "ecole"),
    ("window", "fenetre"), ("bridge", "pont"), ("rain", "pluie"), ("key", "cle|clef"),
    ("spoon", "cuillere|cuiller"),
    ("butterfly", "papillon"), ("pillow", "oreiller"), ("needle", "aiguille"), ("hammer", "marteau"),
    ("snow", "neige"),
)  # fmt: skip

GERMAN = (
    ("house", "haus"), ("water", "wasser"), ("dog", "hund"), ("cat", "katze"), ("bread", "brot"),
    ("book", "buch"),
    ("milk", "milch"), ("cheese", "kase"), ("night", "nacht"), ("school", "schule"), ("window", "fenster"),
    ("bridge", "brucke"), ("rain", "regen"), ("key", "schlussel"), ("spoon", "loffel"),
    ("butterfly", "schmetterling"),
    ("pillow", "kissen|kopfkissen"), ("needle", "nadel"), ("squirrel", "eichhornchen"),
    ("turtle", "schildkrote"),
)  # fmt: skip
