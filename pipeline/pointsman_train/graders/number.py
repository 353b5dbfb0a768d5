"""The answer's number equals the reference's."""

from __future__ import annotations

import re

from pointsman_train.graders.text import after_marker, alternatives

RELATIVE_TOLERANCE = 1e-9
"""Allowed difference, relative to the reference where that is above 1: noise of decimals, not rounding."""

_MINUS = "\u2212"
_NUMBER = re.compile(r"(?<![\w.])[-\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\d])")


def _read(text: str) -> list[float]:
    glued = re.sub(r"(?<=\d)\s*\.(?=\s|$)", "", text.replace("\\,", "").replace("$", " ").replace("#", " "))
    return [float(found.replace(",", "").replace(_MINUS, "-")) for found in _NUMBER.findall(glued)]


def stated_number(answer: str) -> float | None:
    """Return the number that an answer gives: the first after "Answer:", else its last, else None.

    Examples
    --------
    >>> stated_number("3 * 4 = 12."), stated_number("Answer: 1,200 dollars in 2 parts"), stated_number("none")
    (12.0, 1200.0, None)
    """
    marked = after_marker(answer)
    if marked is not None and (numbers := _read(marked.replace("*", " "))):
        head = marked.splitlines()[0]
        return _read(head)[-1] if "=" in head and _read(head) else numbers[0]
    numbers = _read(answer)
    return numbers[-1] if numbers else None


def grade(answer: str, reference: str) -> float | None:
    """Return 1.0 where the answer's number equals an alternative of the reference, else 0.0.

    Parameters
    ----------
    answer
        The model's answer, with or without words, units and thousands separators.
    reference
        A number, or several separated by "|".

    Returns
    -------
    float or None
        None where the reference holds no number.

    Examples
    --------
    >>> grade("1,024 bytes", "1024"), grade("about 1000", "1024"), grade("no idea", "1024")
    (1.0, 0.0, 0.0)
    >>> grade("3", "three") is None
    True
    """
    wanted = [numbers[0] for part in alternatives(reference) if (numbers := _read(part))]
    if not wanted:
        return None
    stated = stated_number(answer)
    if stated is None:
        return 0.0
    return float(any(abs(stated - number) <= RELATIVE_TOLERANCE * max(1.0, abs(number)) for number in wanted))
