"""Sorting and counting."""

from __future__ import annotations

import numpy as np

from pointsman_train.embedded.draw import pick, sample, whole
from pointsman_train.embedded.item import Draft
from pointsman_train.embedded.vocabulary import (
    ANIMALS,
    COLOURS,
    FRUIT,
    GOODS,
    LONG_WORDS,
    SENTENCES,
    SHORT_WORDS,
    TOOLS,
)

_COMMAS = (
    "Reply with the list only, separated by commas.",
    "Give only the sorted list, comma-separated.",
    "Answer with the items separated by commas and nothing else.",
)


def _numbers(rng: np.random.Generator, size: int, high: int) -> list[int]:
    return sample(rng, range(1, high), size)


def sorting(rng: np.random.Generator, level: int) -> Draft:
    """Return a list to sort, or to find the largest or k-th of; levels 1 (three items) to 4 (eight)."""
    size = (3, 5, 6, 9)[level - 1]
    values = _numbers(rng, size, (20, 100, 1000, 1000)[level - 1])
    words = sample(rng, SHORT_WORDS if level < 3 else LONG_WORDS + SHORT_WORDS, size)
    up, down = sorted(values), sorted(values, reverse=True)
    shown, named = ", ".join(map(str, values)), ", ".join(words)
    end = pick(rng, _COMMAS)
    kth = whole(rng, 2, size - 1)
    forms = [
        (f"Sort these numbers from smallest to largest: {shown}. {end}", "list", ", ".join(map(str, up))),
        (f"Arrange in descending order: {shown}. {end}", "list", ", ".join(map(str, down))),
        (f"Put these words into alphabetical order: {named}. {end}", "list", ", ".join(sorted(words))),
        (f"Which of these numbers is the largest: {shown}? Number only.", "number", str(up[-1])),
        (f"Which of these words comes first in the alphabet: {named}? One word only.", "exact", min(words)),
        (f"Scores: {shown}. What is the lowest score? Number only.", "number", str(up[0])),
    ]
    hard = [
        (f"What is number {kth} when these are sorted from largest to smallest: {shown}? Number "
         f"only.", "number",
         str(down[kth - 1])),
        (f"Sort these words by their last letter's place in the alphabet, and words with the same last "
         f"letter "
         f"alphabetically: {named}. {end}", "list", ", ".join(sorted(words, key=lambda w: (w[-1], w)))),
    ]  # fmt: skip
    text, grader, answer = pick(rng, forms if level == 1 else forms[:5] if level < 4 else forms[:3] + hard)
    return Draft(text, grader, answer)


def _kinds(rng: np.random.Generator, level: int) -> tuple[str, int]:
    kinds = {"fruits": FRUIT, "animals": ANIMALS, "tools": TOOLS, "colours": COLOURS}
    asked, other = sample(rng, sorted(kinds), 2)
    n, m = whole(rng, 2, 2 + level), whole(rng, 1, 2 * level)
    taken = set(kinds[asked])
    items = sample(rng, kinds[asked], n) + sample(rng, [w for w in kinds[other] if w not in taken], m)
    mixed = ", ".join(sample(rng, items, len(items)))
    return f"How many {asked} are in this list? {mixed}. Number only.", n


def _repeats(rng: np.random.Generator, level: int) -> tuple[str, int]:
    word, *others = sample(rng, SHORT_WORDS, 4)
    n = whole(rng, 2, 3 + level)
    fill = [pick(rng, others) for _ in range(4 * level)]
    mixed = " ".join(sample(rng, [word] * n + fill, n + len(fill)))
    return f'How often does the word "{word}" occur below? Reply with the number only.\n\n{mixed}', n


def _above(rng: np.random.Generator, level: int) -> tuple[str, int]:
    values = _numbers(rng, 3 + 3 * level, 100)
    limit = whole(rng, 20, 80)
    shown = ", ".join(map(str, values))
    if whole(rng, 0, 1):
        return f"Measurements: {shown}. How many are greater than {limit}? Number only.", sum(v > limit for v in values)
    return f"How many even numbers are in this list: {shown}? Number only.", sum(v % 2 == 0 for v in values)


def _paragraph(rng: np.random.Generator, level: int) -> tuple[str, int]:
    sentences = sample(rng, SENTENCES, 2 * level + whole(rng, 0, 2))
    text = " ".join(sentences)
    if whole(rng, 0, 1):
        return f"Count the sentences in the text below and answer with a number only.\n\n{text}", len(sentences)
    count = sum(word.strip(".").lower() == "the" for word in text.split())
    return (
        f'How many times does the word "the" (upper or lower case) occur in this text? Number only.\n\n{text}',
        count,
    )


def counting(rng: np.random.Generator, level: int) -> Draft:
    """Return things to count, in a list or a paragraph; levels 1 to 3 by length."""
    things = sample(rng, GOODS, whole(rng, 3, 7))
    plain = (f"How many items are on this shopping list: {', '.join(things)}? Number only.", len(things))
    text, count = (
        plain if level == 1 and whole(rng, 0, 2) == 0 else pick(rng, (_kinds, _repeats, _above, _paragraph))(rng, level)
    )
    return Draft(text, "number", str(count))
