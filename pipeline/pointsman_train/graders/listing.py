"""An ordered list of items."""

from __future__ import annotations

import re

from pointsman_train.graders.text import normalise, readings

_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")


def items(text: str) -> list[str]:
    r"""Return the normalised items of a list, separated by commas, semicolons, ">" or lines, numbered or not.

    Examples
    --------
    >>> items("[Pear, apple and fig]"), items("1. Pear\n2. fig")
    (['pear', 'apple', 'fig'], ['pear', 'fig'])
    """
    lines = [_BULLET.sub("", line) for line in text.strip().strip("[]().").splitlines()]
    pieces = re.split(r"\s*(?:,|;|>|->|→|\n)\s*", "\n".join(lines))
    if len(pieces) > 1:
        pieces = [*pieces[:-1], *re.split(r"\s+and\s+|^and\s+", pieces[-1])]
    return [item for piece in pieces if (item := normalise(piece))]


def grade(answer: str, reference: str) -> float | None:
    """Return 1.0 where some reading of the answer lists exactly the reference's items in its order, else 0.0.

    Parameters
    ----------
    answer
        The model's answer.
    reference
        The items in the right order, separated by commas.

    Returns
    -------
    float or None
        None where the reference has no items.

    Examples
    --------
    >>> grade("Sorted: 1, 2, 3", "1, 2, 3"), grade("1, 3, 2", "1, 2, 3")
    (1.0, 0.0)
    """
    wanted = items(reference)
    if not wanted:
        return None
    return float(any(items(reading) == wanted for reading in readings(answer)))
