"""Short writing, as people ask a chat assistant for it, with a form that can be checked."""

from __future__ import annotations

import json

import numpy as np

from pointsman_train.embedded.draw import pick, sample, whole
from pointsman_train.embedded.instructions import TOPICS, Form
from pointsman_train.embedded.item import Draft
from pointsman_train.embedded.vocabulary import ANIMALS, CITIES, COLOURS, DAYS, GOODS, NAMES


def _note(rng: np.random.Generator) -> tuple[str, Form]:
    name, thing, city, topic = pick(rng, NAMES), pick(rng, GOODS), pick(rng, CITIES), pick(rng, TOPICS)
    forms: tuple[tuple[str, Form], ...] = (
        (f"Thank {name} for the {thing} in one or two "
         f"sentences.", {"contains": [name, thing], "max_words": 60}),
        (f"Wish {name} a happy birthday in one "
         f"sentence.", {"contains": [name, "birthday"], "max_words": 40}),
        (f"Write one sentence that advertises a {thing}.", {"contains": [thing], "max_words": 50}),
        (f"Invite {name} to a weekend in {city}, in one or two "
         f"sentences.", {"contains": [city], "max_words": 70}),
        (f"Write one or two friendly sentences about {topic}.", {"min_words": 5, "max_words": 70}),
        (f"Ask {name} in one sentence where the {thing} is.", {"contains": [thing], "max_words": 40}),
        (f"Say in one sentence why someone may want to visit "
         f"{city}.", {"contains": [city], "max_words": 50}),
    )  # fmt: skip
    return pick(rng, forms)


def _message(rng: np.random.Generator) -> tuple[str, Form]:
    a, b = sample(rng, NAMES, 2)
    thing, city, day = pick(rng, GOODS), pick(rng, CITIES), pick(rng, DAYS)
    colour, animal = pick(rng, COLOURS), pick(rng, ANIMALS)
    forms: tuple[tuple[str, Form], ...] = (
        (f"Write a short message from {a} to {b} that says that the {thing} comes on {day}. At most "
         f"40 words.",
         {"contains": [b, thing, day], "max_words": 40}),
        (f"Apologise to {a} in at most 30 words because the {thing} arrived broken.",
         {"contains": [a, thing], "max_words": 30}),
        (f"Write a rhyme of two lines about a {colour} {animal}. Only the two "
         f"lines.", {"lines": 2, "contains": [animal]}),
        (f"Remind {a} in one sentence of the meeting in {city} on "
         f"{day}.", {"contains": [city, day], "max_words": 40}),
        (f"Write a slogan of at most six words for a {thing}. Only the "
         f"slogan.", {"max_words": 6, "min_words": 2}),
        (f"Tell a story about a {animal} in exactly three "
         f"sentences.", {"sentences": 3, "contains": [animal]}),
    )  # fmt: skip
    return pick(rng, forms)


def _constrained(rng: np.random.Generator) -> tuple[str, Form]:
    a, b = sample(rng, NAMES, 2)
    thing, day, topic, animal = pick(rng, GOODS), pick(rng, DAYS), pick(rng, TOPICS), pick(rng, ANIMALS)
    n = whole(rng, 3, 5)
    forms: tuple[tuple[str, Form], ...] = (
        (f'Write a message to {a} about the {thing}. Start with "Dear {a}," and end with "{b}". At '
         f'most 50 words.',
         {"starts_with": f"Dear {a},", "ends_with": b, "contains": [thing], "max_words": 50}),
        (f'Write an email subject line about {topic}. It must start with "Subject:" and have at '
         f'most ten words.',
         {"starts_with": "Subject:", "max_words": 11}),
        (f'Give {n} tips about {topic} as a list. Each line starts with "- " and there is no other text.',
         {"lines": n, "line_starts": "- "}),
        (f"Tell a story about a {animal} in exactly {n + 1} sentences without the word \"the\".",
         {"sentences": n + 1, "lacks": ["the"]}),
        (f'Decline an invitation for {day} in two sentences without the words "sorry" and '
         f'"unfortunately".',
         {"sentences": 2, "lacks": ["sorry", "unfortunately"]}),
    )  # fmt: skip
    return pick(rng, forms)


def writing(rng: np.random.Generator, level: int) -> Draft:
    """Return a request for a note, message or story; levels 1 (one loose demand) to 3 (several exact)."""
    text, form = (_note, _message, _constrained)[level - 1](rng)
    # Who repeats the request has not written the note.
    form = {"lacks": ["sentence", "sentences", "words"]} | form
    return Draft(text, "form", json.dumps(form))
