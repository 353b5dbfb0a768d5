"""Explaining terms, naming examples and summing up messages, as people ask of a chat assistant."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from pointsman_train.embedded.draw import pick, whole
from pointsman_train.embedded.item import Draft
from pointsman_train.embedded.member_list import CLOSED, MEMBERS
from pointsman_train.embedded.purpose_list import PROFESSIONS, PURPOSES
from pointsman_train.embedded.term_list import TERMS
from pointsman_train.embedded.vocabulary import CITIES, COLOURS, DAYS, GOODS, NAMES, SENTENCES

_EXPLAIN = (
    "Explain in one sentence what {t} is.",
    "What is {t}? Answer in one or two sentences.",
    "A child asks what {t} is. Explain it in one sentence.",
    "Define {t} in one short sentence.",
    "In simple words and at most two sentences: what is {t}?",
)


def definitions(rng: np.random.Generator, level: int) -> Draft:
    """Return a term to explain; levels 1 (everyday things) to 3 (technical terms)."""
    term, named = pick(rng, TERMS[level - 1])
    # One phrasing a term, so that no term comes twice in other words.
    return Draft(_EXPLAIN[len(term) % len(_EXPLAIN)].format(t=term), "keywords", named)


def purposes(rng: np.random.Generator, level: int) -> Draft:
    """Return a question on what a thing is for or a profession does; levels 1 (at home) to 3 (rare)."""
    asked, named = pick(rng, PURPOSES[level - 1])
    ask = "What does {x} do? {e}" if asked in PROFESSIONS else "What is {x} used for? {e}"
    end = ("Answer in one sentence.", "One short sentence, please.", "Tell me in one sentence.")[len(asked) % 3]
    return Draft(ask.format(x=asked, e=end), "keywords", named)


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _plural(noun: str) -> str:
    if noun[-1] == "y" and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh", "o")) else f"{noun}s"


def _accepted(members: Iterable[str]) -> list[str]:
    names = [name for member in members for name in (member, _plural(member) if member.islower() else member)]
    return list(dict.fromkeys(names))


def _with_letter(rng: np.random.Generator) -> Draft:
    kind = pick(rng, CLOSED)
    letter = pick(rng, sorted({member[0].upper() for member in MEMBERS[kind]}))
    fitting = [member for member in MEMBERS[kind] if member[0].upper() == letter]
    text = f'Name {_article(kind)} that starts with the letter "{letter}". Only the name.'
    return Draft(text, "exact", "|".join(fitting))


def examples(rng: np.random.Generator, level: int) -> Draft:
    """Return a kind of thing to name members of: one (1), two or three (2), one with a given letter (3)."""
    if level == 3:
        return _with_letter(rng)
    kind, members = pick(rng, list(MEMBERS.items()))
    allowed, n = _accepted(members), whole(rng, 2, 3)
    if level == 2:
        text = f"Give {n} different examples of {_article(kind)}, separated by commas. Nothing else."
        return Draft(text, "form", json.dumps({"items": n, "from": [name.lower() for name in allowed]}))
    text = pick(rng, ("Name {k}. One answer only.", "Give one example of {k}. Short answer, please."))
    return Draft(text.format(k=_article(kind)), "contains", "|".join(allowed))


def summaries(rng: np.random.Generator, level: int) -> Draft:
    """Return a message to sum up: its subject (1), a sentence with two details (2), with four in few words (3)."""
    name, thing, city = pick(rng, NAMES), pick(rng, GOODS), pick(rng, CITIES)
    day, colour, filler = pick(rng, DAYS), pick(rng, COLOURS), pick(rng, SENTENCES)
    matter = pick(
        rng,
        (
            f"The {colour} {thing} that I ordered arrived broken, and your shop in {city} does not answer my calls.",
            f"I left my {colour} {thing} in your {city} office and would like to pick it up.",
            f"The {colour} {thing} you sent me is the wrong size. Can I exchange it at your {city} branch?",
            f"I am very happy with the {colour} {thing}; the staff in {city} were kind and quick.",
            f"Could you deliver the {colour} {thing} to my office in {city} rather than to my home?",
        ),
    )
    message = f"Hello,\n\n{matter} {filler} Please call me before {day}.\n\nKind regards,\n{name}"
    asks: tuple[tuple[str, dict[str, object]], ...] = (
        (
            f"Write a subject line of at most ten words for this message. It has to mention the {thing}.",
            {"contains": [thing], "max_words": 12},
        ),
        (
            f"Sum up this message in one sentence of at most 30 words; mention the {thing} and {city}.",
            {"contains": [thing, city], "max_words": 30, "sentences": 1},
        ),
        (
            "Sum up this message in one sentence of at most 25 words that gives the writer's name, the product, "
            "the city and the day.",
            {"contains": [name, thing, city, day], "max_words": 25, "sentences": 1},
        ),
    )
    text, form = asks[level - 1]
    return Draft(f"{text}\n\n{message}", "form", json.dumps(form))
