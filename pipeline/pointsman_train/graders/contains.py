"""An accepted answer occurs in the text, as whole words."""

from __future__ import annotations

import re

from pointsman_train.graders.text import alternatives, normalise

MAX_WORDS = 20
"""Only the head of an answer is searched: enough words contain anything."""


def grade(answer: str, reference: str) -> float | None:
    """Return 1.0 where an alternative occurs as whole words at the head of the answer, else 0.0.

    Parameters
    ----------
    answer
        The model's answer, of which the first ``MAX_WORDS`` words count.
    reference
        What must occur; alternatives are separated by "|".

    Returns
    -------
    float or None
        None where the reference is blank.

    Examples
    --------
    >>> grade("It was written by Jane Austen.", "Austen|Jane Austen"), grade("Austenite", "Austen")
    (1.0, 0.0)
    """
    wanted = [normalise(alternative) for alternative in alternatives(reference)]
    if not any(wanted):
        return None
    text = normalise(" ".join(answer.split()[:MAX_WORDS]))
    found = (re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text) for phrase in wanted if phrase)
    return float(any(found))
