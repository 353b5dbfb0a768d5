"""How far a grader agrees with people: its verdicts on a labelled sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.errors import GraderError
from pointsman_train.evaluate.bootstrap import Estimate, divide, estimate, resample_weights, totals
from pointsman_train.graders.seam import Verdict


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of a grader with labels, success or failure.

    Attributes
    ----------
    accuracy
        Share of answers on which both say the same, in [0, 1].
    kappa
        Cohen's kappa, in [-1, 1]: the agreement beyond what their shares of successes give by chance. NaN where
        both say the same of every answer.
    graded
        Answers behind both.
    ungraded
        Labelled answers that the grader gave no score; they are in neither figure.
    """

    accuracy: Estimate
    kappa: Estimate
    graded: int
    ungraded: int


def agreement(
    verdicts: Sequence[Verdict], labels: Sequence[bool], rng: np.random.Generator, threshold: float = 0.5
) -> Agreement:
    """Compare verdicts with labels, with 95 % intervals from resampled answers.

    Parameters
    ----------
    verdicts, labels
        One each per answer; a label is whether a person says that the answer succeeds.
    rng
        Source of the resamples.
    threshold
        A score from this on counts as success.

    Returns
    -------
    Agreement
        With ``kappa = (p_o - p_e) / (1 - p_e)``: ``p_o`` the share of equal verdicts, ``p_e`` the share that is
        expected where the two are independent.

    Raises
    ------
    GraderError
        Where the lengths differ or no answer is graded.

    References
    ----------
    Cohen (1960), A coefficient of agreement for nominal scales.

    Examples
    --------
    >>> verdicts = [Verdict(1.0), Verdict(1.0), Verdict(0.0), Verdict(0.0), Verdict(None, "no reply")]
    >>> found = agreement(verdicts, [True, False, False, False, True], np.random.default_rng(0))
    >>> found.accuracy.value, found.kappa.value, found.ungraded
    (0.75, 0.5, 1)
    """
    if len(verdicts) != len(labels):
        raise GraderError(f"there are {len(verdicts)} verdicts and {len(labels)} labels, expected one each per answer")
    scored = ((verdict.score, label) for verdict, label in zip(verdicts, labels, strict=True))
    pairs = [(score >= threshold, bool(label)) for score, label in scored if score is not None]
    if not pairs:
        raise GraderError(f"none of {len(verdicts)} labelled answers is graded; the reasons stand in the verdicts")
    said, true = np.array(pairs, dtype=np.float64).T
    weights = resample_weights(np.arange(len(pairs)), rng)
    accuracy, kappa = _figures(totals(weights, np.column_stack([said == true, said, true])) / len(pairs))
    n = len(pairs)
    return Agreement(estimate(accuracy, n), estimate(kappa, n), n, len(verdicts) - n)


def _figures(shares: Floats) -> tuple[Floats, Floats]:
    """Accuracy and kappa of each row of (share equal, share said, share true)."""
    observed, said, true = shares.T
    chance = said * true + (1 - said) * (1 - true)
    return observed, divide(observed - chance, 1 - chance, floor=1e-12)
