"""Plain chat-like instructions whose form can be checked, and writing JSON."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import numpy as np

from pointsman_train.embedded.draw import pick, sample, whole
from pointsman_train.embedded.item import LONG, SHORT, Draft
from pointsman_train.embedded.vocabulary import (
    ANIMALS,
    CITIES,
    COLOURS,
    FRUIT,
    GOODS,
    NAMES,
    SHORT_WORDS,
    TOOLS,
)

TOPICS = (
    "the sea", "a rainy day", "a school bus", "fresh bread", "an old clock", "winter", "a garden",
    "coffee", "a football match", "a new phone", "the moon", "a lost key", "a birthday party", "trains",
    "a busy market", "honey bees", "a library", "mountain walks", "a broken bicycle", "summer holidays",
)  # fmt: skip

Form: TypeAlias = dict[str, Any]
"""Demands by name, or the keys and values of a JSON object."""


def _loose(rng: np.random.Generator) -> tuple[str, Form]:
    topic, word = pick(rng, TOPICS), pick(rng, SHORT_WORDS)
    forms: tuple[tuple[str, Form], ...] = (
        (f"Write one sentence about {topic}.", {"sentences": 1, "min_words": 4}),
        (f'Write a short sentence that contains the word '
         f'"{word}".', {"contains": [word], "min_words": 3}),
        (f"Write a greeting to {(name := pick(rng, NAMES))} in one short sentence.",
         {"contains": [name], "max_words": 25}),
        (f"Suggest a title for a story about {topic}. At most eight words, only the "
         f"title.", {"max_words": 8}),
        (f"Name one thing that people like about {topic}. One sentence, "
         f"please.", {"sentences": 1, "min_words": 4}),
    )  # fmt: skip
    return pick(rng, forms)


def _lists(rng: np.random.Generator) -> tuple[str, Form]:
    n = whole(rng, 2, 5)
    kind = pick(rng, ("colours", "animals", "fruits", "European countries", "tools"))
    a, b = sample(rng, SHORT_WORDS, 2)
    topic = pick(rng, TOPICS)
    forms: tuple[tuple[str, Form], ...] = (
        (f"List exactly {n} {kind}, separated by commas. Nothing else.", {"items": n, "item_words": 3}),
        (f'Write one sentence that uses both "{a}" and "{b}".', {"contains": [a, b], "sentences": 1}),
        (f"Write exactly two sentences about {topic}.", {"sentences": 2, "min_words": 6}),
        (f"Write one sentence about {topic} in capital letters only.", {"case": "upper", "min_words": 3}),
        (f"Give {n} short ideas for a gift about {topic}, as a numbered list.", {"numbered": n}),
        (f'Answer with a question, not a statement: what about {topic}? Your reply must end with "?".',
         {"ends_with": "?", "min_words": 7, "max_words": 40}),
    )  # fmt: skip
    return pick(rng, forms)


def _exact_forms(rng: np.random.Generator) -> tuple[str, Form]:
    n, topic = whole(rng, 3, 7), pick(rng, TOPICS)
    letter = pick(rng, "bcmprst")
    a, b, c = sample(rng, SHORT_WORDS, 3)
    forms: tuple[tuple[str, Form], ...] = (
        (f"List {n} animals, all in lower case, separated by semicolons instead of commas. Nothing else.",
         {"items": n, "separator": ";", "case": "lower"}),
        (f"Describe {topic} in one sentence of at most {n + 4} "
         f"words.", {"max_words": n + 4, "min_words": 3}),
        (f'Name {n} words that start with the letter "{letter}", separated by commas. Only the words.',
         {"items": n, "item_words": 1, "item_starts": letter}),
        (f'Write one sentence that contains the words "{a}", "{b}" and "{c}" and ends with an '
         f'exclamation mark.',
         {"contains": [a, b, c], "ends_with": "!"}),
        (f'Write a sentence about {topic} that starts with the word "{a.capitalize()}".',
         {"starts_with": a.capitalize(), "min_words": 4}),
        (f'Write one sentence about {topic}. Put it between the tags <note> and </note>.',
         {"starts_with": "<note>", "ends_with": "</note>", "min_words": 3}),
    )  # fmt: skip
    return pick(rng, forms)


def _strict_forms(rng: np.random.Generator) -> tuple[str, Form]:
    n, topic, letter = whole(rng, 5, 9), pick(rng, TOPICS), pick(rng, "aiou")
    word = pick(rng, SHORT_WORDS)
    forms: tuple[tuple[str, Form], ...] = (
        (f"Write a sentence about {topic} with exactly {n} words.", {"min_words": n, "max_words": n}),
        (f'Write one sentence about {topic} without using the letter "{letter}".',
         {"avoid": letter, "min_words": 4}),
        (f'Write exactly {n // 2} lines about {topic}; each line starts with "- ". No other text.',
         {"lines": n // 2, "line_starts": "- "}),
        (f'Write a sentence of exactly {n} words that ends with the word "{word}".',
         {"min_words": n, "max_words": n, "last_word": word}),
        (f"List {n} words of exactly five letters each, separated by commas. Only the words.",
         {"items": n, "item_words": 1, "item_letters": 5}),
        (f"Write one sentence about {topic} in lower case only, without any punctuation mark.",
         {"case": "lower", "avoid": ".,;:!?", "min_words": 4}),
    )  # fmt: skip
    return pick(rng, forms)


def instructions(rng: np.random.Generator, level: int) -> Draft:
    """Return an instruction with a checkable form; levels 1 (one loose demand) to 4 (exact counts)."""
    text, form = (_loose, _lists, _exact_forms, _strict_forms)[level - 1](rng)
    return Draft(text, "form", json.dumps(form))


def _person(rng: np.random.Generator) -> tuple[str, Form]:
    name, age, city = pick(rng, NAMES), whole(rng, 19, 70), pick(rng, CITIES)
    ask = pick(
        rng,
        (
            "Reply only with JSON with the keys {k}.",
            "Turn this into a JSON object with the keys {k}. JSON only.",
        ),
    )
    return f"{name} is {age} years old and lives in {city}. {ask.format(k='name, age and city')}", {
        "name": name, "age": age, "city": city,
    }  # fmt: skip


def _basket(rng: np.random.Generator) -> tuple[str, Form]:
    name, things = pick(rng, NAMES), sample(rng, FRUIT + TOOLS, 3)
    counts = [whole(rng, 2, 12) for _ in things]
    said = f"{counts[0]} {things[0]}, {counts[1]} {things[1]} and {counts[2]} {things[2]}"
    if whole(rng, 0, 1):
        text = (
            f"{name} wants (quantity, then item): {said}. Return a JSON object that maps each item to its "
            "quantity. JSON only."
        )
        return text, dict(zip(things, counts, strict=True))
    text = (
        f"{name} wants (quantity, then item): {said}. Return JSON with the keys customer (string) and items "
        "(a list of item names in that order, without quantities). JSON only."
    )
    return text, {"customer": name, "items": things}


def _ticket(rng: np.random.Generator) -> tuple[str, Form]:
    name, thing, colour, city = pick(rng, NAMES), pick(rng, GOODS), pick(rng, COLOURS), pick(rng, CITIES)
    number, cost = whole(rng, 10_000, 99_999), whole(rng, 8, 90)
    text = (
        f"Hello, my name is {name}. I ordered a {colour} {thing} for {cost} euros (order {number}) and "
        f"it should have "
        f"come to {city} last week, but nothing arrived. I would like my money back.\n\n"
        "Extract this ticket as JSON with the keys customer, product (without its colour), colour, "
        "price, order_id (a number), city and "
        'request ("refund" or "replacement"). JSON only.'
    )
    return text, {
        "customer": name, "product": thing, "colour": colour, "price": cost, "order_id": number, "city": city,
        "request": "refund",
    }  # fmt: skip


def _nested(rng: np.random.Generator) -> tuple[str, Form]:
    boss, *team = sample(rng, NAMES, 4)
    ages = sample(rng, range(22, 61), len(team))  # all different, so that the oldest is one
    animal = pick(rng, ANIMALS)
    said = ", ".join(f"{n} ({a})" for n, a in zip(team, ages, strict=True))
    oldest = team[ages.index(max(ages))]
    text = (
        f"Team {animal} is led by {boss}. Its members, with their ages, are {said}. Write JSON with the "
        f"keys team, lead, "
        "size (number of members without the lead), oldest_member (a name), mean_age_rounded_down (a "
        "number) and members, "
        "a list of objects with name and age. JSON only."
    )
    members = [{"name": n, "age": a} for n, a in zip(team, ages, strict=True)]
    return text, {
        "team": animal, "lead": boss, "size": len(team), "oldest_member": oldest,
        "mean_age_rounded_down": sum(ages) // len(ages), "members": members,
    }  # fmt: skip


def json_writing(rng: np.random.Generator, level: int) -> Draft:
    """Return a text to turn into JSON of a given shape; levels 1 (three flat keys) to 4 (nested)."""
    text, value = (_person, _basket, _ticket, _nested)[level - 1](rng)
    return Draft(text, "json", json.dumps(value), LONG if level == 4 else SHORT)
