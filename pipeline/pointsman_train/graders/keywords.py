"""An explanation names what it has to name."""

from __future__ import annotations

import re

from pointsman_train.graders.text import alternatives, normalise

MAX_WORDS = 80
"""Only so much of an answer is searched: enough words contain anything."""


def grade(answer: str, reference: str) -> float | None:
    """Return 1.0 where at least one word of every group starts a word of the answer, else 0.0.

    Parameters
    ----------
    answer
        The model's answer, of which the first ``MAX_WORDS`` words count.
    reference
        Groups separated by "&", each of alternatives separated by "|".

    Returns
    -------
    float or None
        None where the reference has no group, or a group has no word.

    Examples
    --------
    >>> grade("Plants turn sunlight into sugar.", "plant & light|sun"), grade("A plant.", "plant & light|sun")
    (1.0, 0.0)
    """
    groups = [[normalise(word) for word in alternatives(group)] for group in reference.split("&")]
    if not all(groups):
        return None
    text = normalise(" ".join(answer.split()[:MAX_WORDS]))
    return float(all(any(_starts_a_word(word, text) for word in group) for group in groups))


def _starts_a_word(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}", text) is not None
