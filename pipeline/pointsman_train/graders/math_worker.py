"""The process that ``math-verify`` runs in; see :mod:`pointsman_train.graders.maths`."""

from __future__ import annotations

import json
import logging
import resource
import sys
from collections.abc import Iterator

MEMORY_BYTES = 2 << 30


def spellings(text: str) -> Iterator[str]:
    r"""Return a text, and the whole of it as a formula where it has LaTeX but marks no formula.

    Examples
    --------
    >>> list(spellings(r"\frac{1}{2}")), list(spellings("1/2"))
    (['$\\frac{1}{2}$', '\\frac{1}{2}'], ['1/2'])
    """
    if "\\" in text and not any(mark in text for mark in ("$", "\\(", "\\[", "\\boxed")):
        yield f"${text.strip()}$"
    yield text


def same(answer: str, reference: str) -> bool | None:
    """Tell whether the answer's expression equals the reference's; None where the reference cannot be parsed."""
    from math_verify import parse, verify

    wanted = next((found for text in spellings(reference) if (found := parse(text, fallback_mode="no_fallback"))), None)
    if wanted is None:
        return None
    return any(bool(verify(wanted, parse(text, fallback_mode="no_fallback"))) for text in spellings(answer))


def main() -> None:
    """Answer questions, one line of JSON each, until standard input ends."""
    import math_verify  # noqa: F401  (now, so that the first question does not wait for it)

    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for line in _replies():
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _replies() -> Iterator[str]:
    yield '{"ready": true}'
    for line in sys.stdin:
        question = json.loads(line)
        try:
            yield json.dumps({"same": same(question["answer"], question["reference"])})
        except (MemoryError, RecursionError) as error:
            yield json.dumps({"same": None, "why": type(error).__name__})
