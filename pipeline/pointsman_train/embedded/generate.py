"""Write the prompts of the embedded data set."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator

import numpy as np

from pointsman_train.embedded.arithmetic import arithmetic
from pointsman_train.embedded.code import code_reading
from pointsman_train.embedded.explaining import definitions, examples, purposes, summaries
from pointsman_train.embedded.instructions import instructions, json_writing
from pointsman_train.embedded.item import Draft, Family, Item
from pointsman_train.embedded.knowledge import everyday, facts, words
from pointsman_train.embedded.logic import ordering, rules, tracking
from pointsman_train.embedded.number_forms import number_forms
from pointsman_train.embedded.reading import reading
from pointsman_train.embedded.sequences import sequences
from pointsman_train.embedded.sorting import counting, sorting
from pointsman_train.embedded.strings import strings
from pointsman_train.embedded.structured import json_reading, table_reading
from pointsman_train.embedded.units_dates import dates, units
from pointsman_train.embedded.word_problems import word_problems
from pointsman_train.embedded.writing import writing
from pointsman_train.errors import ConfigError

# The levels that a family goes through, in turn. The mixes were chosen by trial runs so that each model of
# the fleet is the label of a fair share of the prompts.
FAMILIES: tuple[tuple[str, Family, tuple[int, ...]], ...] = (
    ("arithmetic", arithmetic, (1, 2, 1, 3, 2, 4)),
    ("facts", facts, (1, 2, 3, 1, 2, 4)),
    ("json_writing", json_writing, (1, 2, 1, 3, 2, 4)),
    ("word_problems", word_problems, (1, 2, 1, 3, 2, 4)),
    ("writing", writing, (1, 2, 1, 3)),
    ("reading", reading, (1, 2, 1, 3, 2, 4)),
    ("strings", strings, (1, 1, 2, 1, 3, 1, 4)),
    ("sorting", sorting, (1, 2, 1, 3, 1, 4)),
    ("instructions", instructions, (1, 2, 1, 3, 2, 4)),
    ("table_reading", table_reading, (1, 2, 1, 3, 2, 4)),
    ("words", words, (1, 2, 1, 3)),
    ("units", units, (1, 1, 2, 1, 3, 4)),
    ("ordering", ordering, (1, 1, 2, 1, 3, 4)),
    ("everyday", everyday, (1, 2, 3)),
    ("code_reading", code_reading, (1, 2, 1, 3, 1, 4)),
    ("sequences", sequences, (1, 2, 1, 3, 1, 4)),
    ("counting", counting, (1, 1, 2, 1, 3)),
    ("dates", dates, (1, 2, 1, 3, 1, 4)),
    ("json_reading", json_reading, (1, 2, 1, 3, 2, 4)),
    ("tracking", tracking, (1, 1, 2, 1, 3, 4)),
    ("number_forms", number_forms, (1, 2, 1, 3, 1, 4)),
    ("rules", rules, (1, 2, 1, 3, 4)),
    ("definitions", definitions, (1, 2, 3)),
    ("examples", examples, (1, 2, 1, 3)),
    ("summaries", summaries, (1, 2, 1, 3)),
    ("purposes", purposes, (1, 2, 1, 3)),
)

_DRAWS = 40


def normal_form(prompt: str) -> str:
    """Return the prompt as compared with others: lower case, letters, digits and operators, single spaces.

    Examples
    --------
    >>> normal_form("What is  2 + 2?") == normal_form("what is 2 + 2")
    True
    """
    return " ".join(re.sub(r"[^\w+*/%^<>=().-]", " ", prompt.casefold()).split()).rstrip(".")


def _draw(family: int, seed: int, turn: int, seen: set[str]) -> tuple[Draft, int] | None:
    """Return an unseen draft and its level; None where the family has none left at this level."""
    _, make, mix = FAMILIES[family]
    level = mix[turn % len(mix)]
    rng = np.random.default_rng([seed, family, turn])
    for _ in range(_DRAWS):
        draft = make(rng, level)
        if normal_form(draft.prompt) not in seen:
            return draft, level
    return None


def _stream(seed: int) -> Iterator[Item]:
    seen: set[str] = set()
    for turn in itertools.count():
        written = len(seen)
        for family, (name, _, _) in enumerate(FAMILIES):
            drawn = _draw(family, seed, turn, seen)
            if drawn is None:
                continue
            draft, level = drawn
            seen.add(normal_form(draft.prompt))
            digest = hashlib.sha256(draft.prompt.encode()).hexdigest()[:10]
            yield Item(f"{name}-{digest}", draft.prompt, name, level, draft.grader, draft.reference, draft.max_tokens)
        if len(seen) == written:
            return


def generate(count: int, seed: int) -> list[Item]:
    """Write ``count`` prompts, the families in turn.

    The first n items of a larger generation with the same seed are the same items.

    Parameters
    ----------
    count
        How many prompts, at least 1.
    seed
        Seed of every draw, at least 0.

    Returns
    -------
    list of Item
        No two of them alike after :func:`normal_form`. A family whose stock is used up is passed over.

    Raises
    ------
    ConfigError
        Where ``count`` or ``seed`` is out of range, or the families cannot write so many different prompts.

    Examples
    --------
    >>> [item.family for item in generate(3, seed=1)]
    ['arithmetic', 'facts', 'json_writing']
    >>> generate(2, seed=1) == generate(50, seed=1)[:2]
    True
    """
    if count < 1 or seed < 0:
        raise ConfigError(f"got count={count!r} and seed={seed!r}; count must be at least 1 and seed at least 0")
    items = list(itertools.islice(_stream(seed), count))
    if len(items) < count:
        raise ConfigError(f"asked for {count} prompts, but the families can write {len(items)} different ones")
    return items
