"""General facts, everyday knowledge and knowledge of words, from hand-written lists."""

from __future__ import annotations

import numpy as np

from pointsman_train.embedded.draw import pick
from pointsman_train.embedded.fact_list import FACTS
from pointsman_train.embedded.item import Draft
from pointsman_train.embedded.sense_list import SENSE
from pointsman_train.embedded.word_list import FRENCH, GERMAN, OPPOSITES, PASTS, PLURALS, SPANISH

_FACT = (
    "{q} Answer in a few words.",
    "{q} Short answer only.",
    "Quiz question: {q} Reply with the answer alone.",
    "{q} Answer without explanation.",
    "A friend asks: {q} Answer in one short sentence.",
    "{q}",
)

_WORDS = (
    ('What is the opposite of "{w}"? One word only.', OPPOSITES),
    ('Give an antonym of "{w}". Just one word.', OPPOSITES),
    ('What is the plural of the noun "{w}"? One word.', PLURALS),
    ("Complete: one {w}, two ... Only the missing word.", PLURALS),
    ('What is the simple past of the verb "{w}"? One word only.', PASTS),
    ('Complete with the past tense of "{w}": "Yesterday they ... ." Only the missing word.', PASTS),
    ('Translate the English word "{w}" into Spanish. One word.', SPANISH),
    ('How do you say "{w}" in French? Answer with the French word only.', FRENCH),
    ('What is the German word for "{w}"? Only the word, without an article.', GERMAN),
)


def _asked_once(question: str, answer: str) -> Draft:
    # One phrasing a question, so that no question comes twice in other words.
    return Draft(_FACT[len(question) % len(_FACT)].format(q=question), "contains", answer)


def facts(rng: np.random.Generator, level: int) -> Draft:
    """Return a question of general knowledge; levels 1 (known to all) to 4 (rare)."""
    return _asked_once(*pick(rng, FACTS[level - 1]))


def everyday(rng: np.random.Generator, level: int) -> Draft:
    """Return a question of everyday knowledge, a proverb or an analogy; levels 1 to 3."""
    return _asked_once(*pick(rng, SENSE[level - 1]))


def words(rng: np.random.Generator, level: int) -> Draft:
    """Return a question on one word: opposite, plural, past or translation; levels 1 to 3."""
    form, pairs = pick(rng, _WORDS)
    third = len(pairs) // 3
    word, answer = pick(rng, pairs[third * (level - 1) : third * level if level < 3 else None])
    return Draft(form.format(w=word), "contains", answer)
