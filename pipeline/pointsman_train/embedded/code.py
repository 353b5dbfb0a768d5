"""Reading small Python programs: what they print."""

from __future__ import annotations

import contextlib
import io
from textwrap import dedent

import numpy as np

from pointsman_train.embedded.draw import pick, sample, whole
from pointsman_train.embedded.item import Draft
from pointsman_train.embedded.vocabulary import FRUIT, SHORT_WORDS

_ASK = (
    "What does this Python program print? Answer with the output only.\n\n{code}",
    "Give the exact output of this code and nothing else.\n\n{code}",
    "```python\n{code}\n```\nWhat is printed? Only the output, no explanation.",
    "A colleague wrote the Python code below. What will it print? Reply with the output alone.\n\n{code}",
)


def printed(source: str) -> str:
    r"""Return what ``source``, a program of this module, prints.

    Examples
    --------
    >>> printed("print(2 + 3)")
    '5'
    """
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "<embedded>", "exec"), {})
    return out.getvalue().strip()


def _plain(rng: np.random.Generator) -> str:
    a, b, c = whole(rng, 2, 30), whole(rng, 2, 12), whole(rng, 2, 9)
    word, other = sample(rng, SHORT_WORDS, 2)
    return pick(
        rng,
        (
            f"a = {a}\nb = {b}\nprint(a + b)",
            f'print(len("{word}"))',
            f'word = "{word}"\nprint(word.upper())',
            f"x = {a}\nx = x + {b}\nx = x * 2\nprint(x)",
            f'print("{word}" + "{other}")',
            f"items = [{a}, {b}, {c}]\nprint(items[{whole(rng, 0, 2)}])",
            f'first = "{word}"\nsecond = "{other}"\nprint(second)',
        ),
    )


def _loops(rng: np.random.Generator) -> str:
    values = sample(rng, range(1, 15), 4)
    n, k, limit = whole(rng, 3, 6), whole(rng, 2, 5), whole(rng, 3, 10)
    word = pick(rng, SHORT_WORDS)
    return pick(
        rng,
        (
            f"total = 0\nfor i in range({n}):\n    total += i\nprint(total)",
            f"values = {values}\nprint(sum(values))",
            f"values = {values}\nprint(max(values) - min(values))",
            f'word = "{word}"\nprint(word[{whole(rng, 1, 3)}])',
            f"print({whole(rng, 15, 60)} // {k}, {whole(rng, 15, 60)} % {k})",
            f"values = {values}\nprint(len([v for v in values if v > {limit}]))",
            f"x = {whole(rng, 1, 20)}\nif x > {limit}:\n    print('high')\nelse:\n    print('low', x)",
        ),
    )


def _functions(rng: np.random.Generator) -> str:
    values = sample(rng, range(1, 20), 5)
    n, k = whole(rng, 3, 6), whole(rng, 2, 4)
    word, fruit = pick(rng, SHORT_WORDS), sample(rng, FRUIT, 3)
    return pick(
        rng,
        (
            f"def f(x):\n    return x * {k} - 1\n\nprint(f(f({n})))",
            f"print([v * {k} for v in {values} if v % 2 == 0])",
            f'word = "{word}"\nprint(word[::-1])',
            f"stock = {{'{fruit[0]}': {n}, '{fruit[1]}': {k}}}\n"
            f"stock['{fruit[0]}'] -= 1\nstock['{fruit[2]}'] = 7\n"
            "print(sum(stock.values()))",
            f"x = 1\nwhile x < {whole(rng, 20, 90)}:\n    x *= {k}\nprint(x)",
            f"values = {values}\nvalues.sort()\nprint(values[1:4])",
            f'print("-".join("{word}"))',
        ),
    )


def _tangles(rng: np.random.Generator) -> str:
    values = sample(rng, range(1, 20), 6)
    n, k = whole(rng, 3, 6), whole(rng, 2, 4)
    word = pick(rng, SHORT_WORDS)
    return pick(
        rng,
        (
            f"def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\n\nprint(f({n + 2}))",
            f"count = 0\nfor i in range({n}):\n    for j in range(i, {n}):\n        if (i + j) % {k} == 0:\n"
            "            count += 1\nprint(count)",
            f"a, b = {n}, {k}\nfor _ in range(3):\n    a, b = b, a + b\nprint(a, b)",
            dedent(f"""\
                out = []
                for v in {values}:
                    if v % 3 == 0:
                        continue
                    if len(out) == 3:
                        break
                    out.append(v + {k})
                print(out)"""),
            f"s = ''\nfor i, c in enumerate('{word}'):\n    s = c + s if i % 2 else s + c\nprint(s)",
            f"def g(xs):\n    return [] if not xs else g(xs[1:]) + [xs[0] * {k}]\n\nprint(g({values[:4]}))",
        ),
    )


def code_reading(rng: np.random.Generator, level: int) -> Draft:
    """Return a small Python program whose output is asked for; levels 1 (assignments) to 4 (recursion)."""
    source = (_plain, _loops, _functions, _tangles)[level - 1](rng)
    return Draft(pick(rng, _ASK).format(code=source), "exact", printed(source))
