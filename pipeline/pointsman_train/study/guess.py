"""The least that a success model must beat: guessing each model's success rate for every prompt."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.evaluate.calibration import log_loss


def guess_log_loss(training: Floats, judged: Floats) -> float:
    """Mean log loss, over known outcomes and models, of the training prompts' success rates.

    Parameters
    ----------
    training, judged
        ndarray of shape (n_prompts, n_models), 0 or 1, NaN where unknown. Half a success and half a failure are added
        to each model's training outcomes, so that a rate is never 0 or 1.

    Examples
    --------
    >>> even = np.array([[0.0], [1.0]])
    >>> round(guess_log_loss(even, even), 4)
    0.6931
    """
    known = ~np.isnan(training)
    rate = (np.where(known, training, 0.0).sum(axis=0) + 0.5) / (known.sum(axis=0) + 1.0)
    loss = log_loss(np.broadcast_to(rate, judged.shape), judged == 1)
    return float(np.nanmean(np.nanmean(np.where(np.isnan(judged), np.nan, loss), axis=0)))
