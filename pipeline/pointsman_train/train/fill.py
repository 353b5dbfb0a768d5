"""Scores where a model was not asked, as far as operating points need them."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.label.partial import partly_known


def filled_scores(score: Floats, success: Floats, p_success: Floats, stands_for: Floats | None = None) -> Floats:
    """Give a partly known model the score that is expected of it on the prompts that it was not asked.

    Operating points need the outcome of every model. On the few prompts where a new model has one, losses of a point
    cannot be told from chance; the expected score is right on average where probabilities are calibrated.

    Where outcomes stand for others, every unknown score is filled, and a known one is what was expected plus ``count``
    times what it differs by: beyond [0, 1], but right on average over any set of prompts, however wrong what was
    expected is, and the nearer to right, the less it varies (the doubly robust estimate).

    Parameters
    ----------
    score, success
        ndarrays of shape (n_prompts, n_models), NaN where unknown.
    p_success
        ndarray of the same shape, calibrated, for prompts that the heads were not fitted on.
    stands_for
        ndarray of the same shape, how many outcomes like it each stands for; None is one each.

    References
    ----------
    Robins, Rotnitzky and Zhao (1994), Estimation of regression coefficients when some regressors are not always
    observed. Dudik, Langford and Li (2011), Doubly robust policy evaluation and learning.

    Examples
    --------
    >>> known, nan = [[1.0, 1.0], [1.0, 0.0]], np.nan
    >>> score = np.array([*known, *[[0.0, nan]] * 3])
    >>> filled_scores(score, score, np.full((5, 2), 0.75))[2:].tolist()
    [[0.0, 0.75], [0.0, 0.75], [0.0, 0.75]]
    """
    filled = score.copy()
    chosen = partly_known(~np.isnan(score)) if stands_for is None else np.ones(score.shape[1], bool)
    for m in np.flatnonzero(chosen):
        hits, misses = score[success[:, m] == 1, m], score[success[:, m] == 0, m]
        good, bad = (float(hits.mean()) if len(hits) else 1.0), (float(misses.mean()) if len(misses) else 0.0)
        expected = bad + p_success[:, m] * (good - bad)
        known = score[:, m] if stands_for is None else expected + stands_for[:, m] * (score[:, m] - expected)
        filled[:, m] = np.where(np.isnan(score[:, m]), expected, known)
    return filled
