"""Completing sequences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pointsman_train.embedded.draw import pick, whole
from pointsman_train.embedded.item import Draft
from pointsman_train.embedded.vocabulary import DAYS, MONTHS

_ASK = (
    "What comes next in the sequence {s}, ...? Answer with the next {w} only.",
    "Which single {w} comes after these: {s}? Write that {w} only.",
    "Complete: {s}, __. Reply with the missing {w} alone.",
    "{s}, ? Which {w} follows? Nothing else, please.",
)


def _simple(rng: np.random.Generator) -> tuple[list[str], str]:
    start, step, i = whole(rng, 1, 20), pick(rng, (1, 2, 5, 10)), whole(rng, 0, 6)
    letter = whole(rng, 0, 20)
    return pick(
        rng,
        (
            ([str(start + step * k) for k in range(6)], "number"),
            ([DAYS[(i + k) % 7] for k in range(4)], "word"),
            ([MONTHS[(i + letter + k) % 12] for k in range(4)], "word"),
            ([chr(65 + letter + k) for k in range(6)], "letter"),
        ),
    )


def _steps(rng: np.random.Generator) -> tuple[list[str], str]:
    start, step, ratio = whole(rng, 3, 60), whole(rng, 3, 13), whole(rng, 2, 4)
    letter = whole(rng, 0, 14)
    return pick(
        rng,
        (
            ([str(start + step * k) for k in range(5)], "number"),
            ([str(200 + start - step * k) for k in range(5)], "number"),
            ([str(start * ratio**k) for k in range(5)], "number"),
            ([chr(65 + letter + 2 * k) for k in range(6)], "letter"),
        ),
    )


def _growing(rng: np.random.Generator) -> tuple[list[str], str]:
    a, b, n = whole(rng, 1, 9), whole(rng, 2, 9), whole(rng, 1, 6)
    fib = [a, b]
    while len(fib) < 7:
        fib.append(fib[-1] + fib[-2])
    squares = [(n + k) ** 2 + a - 1 for k in range(6)]
    gaps = [a + b * k + k * (k - 1) // 2 for k in range(6)]
    return [str(v) for v in pick(rng, (fib, squares, gaps))], "number"


def _woven(rng: np.random.Generator) -> tuple[list[str], str]:
    a, b, c = whole(rng, 1, 9), whole(rng, 2, 9), whole(rng, 2, 5)
    doubled = [a]
    while len(doubled) < 6:
        doubled.append(doubled[-1] * 2 + c)
    woven = [(a + b * (k // 2)) if k % 2 == 0 else (40 + a - c * (k // 2)) for k in range(8)]
    cubes = [(k + c - 1) ** 3 - b for k in range(5)]
    return [str(v) for v in pick(rng, (doubled, woven, cubes))], "number"


def sequences(rng: np.random.Generator, level: int) -> Draft:
    """Return a sequence whose next term is asked for; levels 1 (counting, weekdays) to 4 (woven)."""
    makers: tuple[Callable[[np.random.Generator], tuple[list[str], str]], ...] = (
        _simple,
        _steps,
        _growing,
        _woven,
    )
    terms, kind = makers[level - 1](rng)
    text = pick(rng, _ASK).format(s=", ".join(terms[:-1]), w=kind)
    return Draft(text, "number" if kind == "number" else "exact", terms[-1])
