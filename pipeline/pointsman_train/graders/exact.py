"""Exact match, after normalising or to the sign, with alternatives."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman_train.graders.rule import apply
from pointsman_train.graders.seam import GradeItem, Verdict
from pointsman_train.graders.text import alternatives, normalise, readings

CAPITALS = 3
"""From so many signs on, an answer that is all capitals has to be given in capitals."""


def grade(answer: str, reference: str) -> float | None:
    """Return 1.0 where some reading of the answer equals an alternative after normalising, else 0.0.

    Parameters
    ----------
    answer
        The model's answer.
    reference
        The right answer; several are separated by "|". Upper and lower case are alike, unless the alternative
        is in capitals.

    Returns
    -------
    float or None
        None where the reference is blank.

    Examples
    --------
    >>> grade("It is Oslo.", "oslo"), grade("Oslo or Bergen", "Oslo"), grade("lamp", "LAMP")
    (1.0, 0.0, 0.0)
    """
    wanted = [alternative for alternative in alternatives(reference) if normalise(alternative)]
    if not wanted:
        return None
    parts = readings(answer)
    return float(any(_equal(part, alternative) for part in parts for alternative in wanted))


def _equal(part: str, alternative: str) -> bool:
    fold = not (alternative.isupper() and len(alternative) >= CAPITALS)
    return normalise(part, fold=fold) == normalise(alternative, fold=fold)


def grade_verbatim(answer: str, reference: str) -> float | None:
    r"""Return 1.0 where the answer, stripped of outer space, is an alternative sign by sign, else 0.0.

    Examples
    --------
    >>> grade_verbatim(" Oslo\n", "Oslo|Bergen"), grade_verbatim("Oslo.", "Oslo")
    (1.0, 0.0)
    """
    wanted = alternatives(reference)
    return float(answer.strip() in wanted) if wanted else None


@dataclass(frozen=True, slots=True)
class Exact:
    """Exact match.

    Attributes
    ----------
    normalise
        True compares the answer's readings after normalising, False the whole answer sign by sign.
    """

    normalise: bool = True

    def grade(self, answer: str, item: GradeItem) -> Verdict:
        """Grade one answer."""
        return apply(grade if self.normalise else grade_verbatim, answer, item.reference)
