"""Ordering puzzles, tracking who holds what, kinship and chains of rules."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pointsman_train.embedded.draw import pick, sample, whole
from pointsman_train.embedded.item import LONG, Draft
from pointsman_train.embedded.vocabulary import COLOURS, GOODS, NAMES

_RELATIONS = (
    ("is taller than", "tallest", "shortest"),
    ("is older than", "oldest", "youngest"),
    ("runs faster than", "fastest", "slowest"),
    ("earns more than", "best paid", "worst paid"),
    ("finished the race before", "first to finish", "last to finish"),
)


def ordering(rng: np.random.Generator, level: int) -> Draft:
    """Return an ordering puzzle over 4 to 7 people; statements are in order at level 1 and shuffled above."""
    people = sample(rng, NAMES, 3 + level)
    verb, top, bottom = pick(rng, _RELATIONS)
    facts = [f"{a} {verb} {b}." for a, b in pairwise(people)]
    story = " ".join(facts if level == 1 else sample(rng, facts, len(facts)))
    forms = [
        (f"{story} Who is the {top}? Answer with the name only.", "exact", people[0]),
        (f"{story} Who is the {bottom}? Just the name.", "exact", people[-1]),
        (f"{story} List all of them from the {top} to the {bottom}, separated by commas. Only the "
         f"names.", "list",
         ", ".join(people)),
        (f"{story} Who is third, counted from the {top}? Name only.", "exact", people[2]),
    ]  # fmt: skip
    text, grader, answer = pick(rng, forms[:3] if level == 1 else forms)
    return Draft(text, grader, answer)


def tracking(rng: np.random.Generator, level: int) -> Draft:
    """Return a story of things that change hands; ``level`` is the number of swaps less one, 1 to 4."""
    people, things = sample(rng, NAMES, 3 + level), sample(rng, GOODS, 3 + level)
    holds = dict(zip(people, things, strict=True))
    lines = [", ".join(f"{p} has the {t}" for p, t in holds.items()) + "."]
    for _ in range(level - 1):
        a, b = sample(rng, people, 2)
        holds[a], holds[b] = holds[b], holds[a]
        lines.append(pick(rng, (f"{a} and {b} swap what they hold.", f"Then {a} trades with {b}.")))
    person = pick(rng, people)
    story = " ".join(lines)
    if whole(rng, 0, 1):
        return Draft(f"{story} What does {person} have now? One word only.", "exact", holds[person])
    return Draft(f"{story} Who has the {holds[person]} at the end? Name only.", "exact", person)


_KIN = (
    ("{a} is the mother of {b}. {b} is the mother of {c}. What is {a} to "
     "{c}?", "grandmother|maternal grandmother"),
    ("{a} is the father of {b}. {b} is the father of {c}. What is {a} to "
     "{c}?", "grandfather|paternal grandfather"),
    ("{a} is the brother of {b}. {b} is the mother of {c}. What is {a} to {c}?", "uncle|maternal uncle"),
    ("{a} is the sister of {b}. {b} is the father of {c}. What is {a} to {c}?", "aunt|paternal aunt"),
    ("{a} is the son of {b}. {c} is the brother of {b}. What is {a} to {c}?", "nephew"),
    ("{a} is the daughter of {b}. {c} is the sister of {b}. What is {a} to {c}?", "niece"),
    ("{a} and {c} are the children of two sisters. What are {a} and {c} to each "
     "other?", "cousins|cousin|first cousins"),
    ("{a} is the husband of {b}. {c} is the mother of {b}. What is {c} to "
     "{a}?", "mother-in-law|mother in law"),
    ("{a} is the mother of {b}. {b} is the grandmother of {c}. What is {a} to {c}?",
     "great-grandmother|great grandmother|greatgrandmother"),
)  # fmt: skip

_KINDS = ("blint", "zorp", "mavel", "quib", "dax", "wug", "tove", "rill", "snark", "fep", "grost", "lumo")
_MATTER = ("copper", "glass", "wood", "wool", "stone", "paper", "rubber", "clay")


def _chain(rng: np.random.Generator, level: int) -> tuple[str, str]:
    """Return a chain of ``level`` made-up classes, with as many distractors, that ends in a colour."""
    kinds = sample(rng, _KINDS, 2 * level + 1)
    true, false = kinds[: level + 1], kinds[level + 1 :]
    colour, *others = sample(rng, COLOURS, 1 + max(1, len(false)))
    rules = [f"Every {a} is a {b}." for a, b in pairwise(true)]
    rules += [
        f"Every {true[-1]} is {colour}.",
        *(f"Every {k} is {c}." for k, c in zip(false, others, strict=False)),
    ]
    rules = rules if level == 1 else sample(rng, rules, len(rules))
    name = pick(rng, NAMES)
    return f"{' '.join(rules)} {name} owns a {true[0]}. What colour is it? One word only.", colour


def _materials(rng: np.random.Generator, level: int) -> tuple[str, str]:
    count = 3 + level
    things, stuff, colours = (
        sample(rng, GOODS, count),
        sample(rng, _MATTER, count),
        sample(rng, COLOURS, count),
    )
    k = whole(rng, 0, count - 1)
    made = " ".join(f"The {t} is made of {m}." for t, m in zip(things, stuff, strict=True))
    rows = list(zip(stuff, colours, strict=True))
    rules = " ".join(f"Everything made of {m} is {c}." for m, c in sample(rng, rows, count))
    return f"{made} {rules} What colour is the {things[k]}? Answer with the colour only.", colours[k]


def rules(rng: np.random.Generator, level: int) -> Draft:
    """Return a kinship question (level 1 and 2) or a chain of rules with an open answer (levels 1 to 4)."""
    if level <= 2 and whole(rng, 0, 2) == 0:
        a, b, c = sample(rng, NAMES, 3)
        text, answer = pick(rng, _KIN)
        return Draft(f"{text.format(a=a, b=b, c=c)} Answer with one word.", "contains", answer)
    text, answer = pick(rng, (_chain, _materials))(rng, level)
    if level == 4 and whole(rng, 0, 1):
        return Draft(
            f'{text.rsplit("?", 1)[0]}? Reason briefly and end with "Answer: " and the colour.',
            "exact",
            answer,
            LONG,
        )
    return Draft(text, "exact", answer)
