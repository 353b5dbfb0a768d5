"""Whether probabilities of success mean what they say: Brier score, log loss and ECE.

Each takes ``p_success`` of shape (n_prompts, n_models) in [0, 1] and ``success`` of the same shape.
"""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Bools, Floats
from pointsman_train.evaluate.bootstrap import Weights, means

BINS = 15
# Keeps the log loss of a wrong certainty finite, at 34.5.
_CLIP = 1e-15


def brier(p_success: Floats, success: Bools) -> Floats:
    """Squared error of each probability, ``(p - y)^2``, of shape (n_prompts, n_models): 0 is best.

    References
    ----------
    Brier (1950), Verification of forecasts expressed in terms of probability.
    """
    return np.square(p_success - success)


def log_loss(p_success: Floats, success: Bools) -> Floats:
    """Surprise at each outcome in nats, ``-y log p - (1 - y) log(1 - p)``, of shape (n_prompts, n_models).

    Probabilities are clipped to 1e-15 from 0 and 1.
    """
    p = np.clip(p_success, _CLIP, 1 - _CLIP)
    return np.asarray(-np.where(success, np.log(p), np.log1p(-p)))


def ece(p_success: Floats, success: Bools, weights: Weights, bins: int = BINS) -> Floats:
    """Compute the expected calibration error of each model, with bins of equal mass.

    ``ECE = sum over bins b of |sum over i in b of (p_i - y_i)| / n``. The bins are cut at the quantiles of
    the test set as it is, equal probabilities stay together, and the same bins serve every resample.

    A resample repeats prompts, so its bins are noisier than the sample's and its ECE is greater on average.
    The resamples are therefore shifted to have the sample's value as their mean, and cut off at 0. The interval
    then says how far ECE moves between test sets of this size. All of them overstate the ECE of endless prompts,
    the more the smaller they are.

    Parameters
    ----------
    p_success, success
        As above.
    weights
        ndarray of shape (n_rows, n_prompts), row 0 the test set as it is.
    bins
        At most how many bins.

    Returns
    -------
    ndarray of shape (n_rows, n_models)

    References
    ----------
    Nguyen and O'Connor (2015), Posterior calibration and exploratory analysis for natural language processing
    models.
    """
    models = [_ece(p, y, weights, bins) for p, y in zip(p_success.T, success.T, strict=True)]
    resampled = np.stack(models, axis=1)
    return np.maximum(_recentred(resampled), 0.0)


def _ece(p: Floats, success: Bools, weights: Weights, bins: int) -> Floats:
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    in_bin = np.searchsorted(edges, p, side="right")[:, None] == np.arange(len(edges) + 1)
    gaps = np.abs(means(weights, in_bin * (p - success)[:, None]))
    return np.asarray(gaps.sum(axis=1))


def _recentred(resampled: Floats) -> Floats:
    value, draws = resampled[:1], resampled[1:]
    return np.vstack([value, draws + (value - draws.mean(axis=0))])
