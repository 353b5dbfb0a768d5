"""Reading messages and reports of one sentence to a paragraph, with open questions on them."""

from __future__ import annotations

import numpy as np

from pointsman_train.embedded.draw import pick, sample, whole
from pointsman_train.embedded.item import Draft
from pointsman_train.embedded.vocabulary import CITIES, COLOURS, DAYS, GOODS, NAMES, SENTENCES

_WORD = ("One word only.", "Answer with one word.", "Just the word, please.")
_LEAD = ("Read the text and answer.", "Customer message:", "From our inbox:", "Here is a note.", "Text:")


def _single(rng: np.random.Generator) -> tuple[str, str, str]:
    name, city, thing, day, colour = (pick(rng, p) for p in (NAMES, CITIES, GOODS, DAYS, COLOURS))
    text = pick(
        rng,
        (
            f"{name} bought a {colour} {thing} in {city} on {day}.",
            f"On {day}, {name} lost a {colour} {thing} at the station in {city}.",
            f"{name} from {city} will pick up the {colour} {thing} on {day}.",
        ),
    )
    question, answer = pick(
        rng,
        (
            ("Which city is mentioned?", city),
            ("Who is the person?", name),
            ("Which day of the week is it about?", day),
            (f"What colour is the {thing}?", colour),
        ),
    )
    return text, question, answer


def _pair(rng: np.random.Generator) -> tuple[str, str, str]:
    (a, b), (x, y), (s, t) = sample(rng, NAMES, 2), sample(rng, CITIES, 2), sample(rng, GOODS, 2)
    c, d = sample(rng, COLOURS, 2)
    filler = pick(rng, SENTENCES)
    text = (
        f"{a} works in {x} and asked for a {c} {s}. {filler} {b}, who works in {y}, would rather have a "
        f"{d} {t}. "
        "Both want delivery to their office."
    )
    question, answer = pick(
        rng,
        (
            (f"What does {b} want? Name the product without its colour.", t),
            (f"In which city does {a} work?", x),
            (f"Which colour should the {t} have?", d),
            (f"To which city does the {s} have to be sent?", x),
            (f"Who asked for the {t}?", b),
        ),
    )
    return text, question, answer


def _change(rng: np.random.Generator) -> tuple[str, str, str]:
    a, b = sample(rng, NAMES, 2)
    first, second, third = sample(rng, DAYS, 3)
    x, y = sample(rng, CITIES, 2)
    thing = pick(rng, GOODS)
    fill = sample(rng, SENTENCES, 2)
    text = (
        f"Hi {b}, the workshop on the new {thing} was planned for {first} in {x}. {fill[0]} Because the "
        f"room was taken, "
        f"we first thought of {second}, but {b} is away that day, so it will now be held on {third}. "
        f"{fill[1]} The place "
        f"changed too: we meet in {y} instead. Best wishes, {a}"
    )
    question, answer = pick(
        rng,
        (
            ("On which day will the workshop take place in the end?", third),
            ("Where will the workshop be held now?", y),
            ("Who wrote the message?", a),
            ("For which day was the workshop planned at first?", first),
            ("On which day is the recipient away?", second),
        ),
    )
    return text, question, answer


def _inference(rng: np.random.Generator) -> tuple[str, str, str]:
    people, cities = sample(rng, NAMES, 4), sample(rng, CITIES, 4)
    base = whole(rng, 12, 40)
    extra, less = whole(rng, 3, 9), whole(rng, 2, 8)
    fill = sample(rng, SENTENCES, 2)
    text = (
        f"Four couriers reported today. {people[0]} drove to {cities[0]} and delivered {base} parcels. "
        f"{people[1]}, who "
        f"went to {cities[1]}, delivered {extra} more than {people[0]}. {fill[0]} {people[2]} took the "
        f"route to "
        f"{cities[2]} and delivered {less} fewer than {people[0]}. {fill[1]} {people[3]} covered "
        f"{cities[3]} and "
        f"delivered exactly as many as {people[0]} until two parcels came back as undeliverable."
    )
    question, answer = pick(
        rng,
        (
            ("To which city were the most parcels delivered?", cities[1]),
            ("Who delivered the fewest parcels?", people[2] if less > 2 else f"{people[2]}|{people[3]}"),
            (f"How many parcels did {people[1]} deliver? Number only.", str(base + extra)),
            (f"How many parcels reached {cities[2]}? Number only.", str(base - less)),
            (
                f"How many parcels did {people[0]} and {people[1]} deliver together? Number only.",
                str(2 * base + extra),
            ),
        ),
    )
    return text, question, answer


def reading(rng: np.random.Generator, level: int) -> Draft:
    """Return a text with an open question; levels 1 (one sentence) to 4 (inference over a paragraph)."""
    text, question, answer = (_single, _pair, _change, _inference)[level - 1](rng)
    if answer.isdigit():
        return Draft(f"{pick(rng, _LEAD)}\n\n{text}\n\n{question}", "number", answer)
    return Draft(f"{pick(rng, _LEAD)}\n\n{text}\n\n{question} {pick(rng, _WORD)}", "exact", answer)
