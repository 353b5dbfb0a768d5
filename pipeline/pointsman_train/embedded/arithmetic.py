"""Arithmetic of growing size."""

from __future__ import annotations

import numpy as np

from pointsman_train.embedded.draw import pick, whole
from pointsman_train.embedded.item import Draft

_ASK = (
    "What is {e}? Answer with the number only.",
    "Compute {e}. Reply with just the result.",
    "{e} = ? Give only the number.",
    "My calculator is broken. What does {e} come to? Number only, please.",
    "Quick check for an invoice: how much is {e}? Write the number and nothing else.",
    "Evaluate the expression {e} and return a single number.",
    "Please calculate:\n{e}\nNo explanation, only the number.",
)


def _easy(rng: np.random.Generator) -> tuple[str, int]:
    a, b = whole(rng, 2, 60), whole(rng, 2, 39)
    high, low = max(a, b), min(a, b)
    x, y = whole(rng, 2, 9), whole(rng, 2, 10)
    forms = (
        (f"{a} + {b}", a + b),
        (f"{high} - {low}", high - low),
        (f"{x} * {y}", x * y),
        (f"{a} plus {b}", a + b),
    )
    return pick(rng, forms)


def _medium(rng: np.random.Generator) -> tuple[str, int]:
    a, b, c = whole(rng, 112, 989), whole(rng, 101, 899), whole(rng, 3, 9)
    d = whole(rng, 12, 99)
    high, low = max(a, b), min(a, b)
    forms = (
        (f"{a} + {b}", a + b),
        (f"{high} - {low}", high - low),
        (f"{d} * {c}", d * c),
        (f"{d * c} / {c}", d),
    )
    return pick(rng, forms)


def _hard(rng: np.random.Generator) -> tuple[str, int]:
    a, b, c = whole(rng, 12, 99), whole(rng, 12, 49), whole(rng, 3, 19)
    n = whole(rng, 2, 19)
    forms = (
        (f"{a} * {b}", a * b),
        (f"{a} + {b} * {c}", a + b * c),
        (f"({a} + {b}) * {c}", (a + b) * c),
        (f"{5 * n}% of {20 * c}", n * c),
        (f"{a} + {b} - {c} + {n}", a + b - c + n),
    )
    return pick(rng, forms)


def _hardest(rng: np.random.Generator) -> tuple[str, int]:
    a, b, c = whole(rng, 102, 989), whole(rng, 12, 98), whole(rng, 12, 98)
    forms = (
        (f"{a} * {b}", a * b),
        (f"({a} - {b}) * {c}", (a - b) * c),
        (f"{b} * {c} + {a}", b * c + a),
        (f"{b * c} / {b}", c),
        (f"{b}^2 - {c}", b * b - c),
    )
    return pick(rng, forms)


def arithmetic(rng: np.random.Generator, level: int) -> Draft:
    """Return an expression to evaluate; levels 1 (one small step) to 4 (two steps, up to five digits)."""
    expression, value = (_easy, _medium, _hard, _hardest)[level - 1](rng)
    return Draft(pick(rng, _ASK).format(e=expression), "number", str(value))
