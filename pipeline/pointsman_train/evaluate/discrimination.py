"""Whether prompts that a model gets right are given a higher probability: AUC."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Bools, Floats
from pointsman_train.evaluate.bootstrap import Weights, by_rows, divide


def auc(p: Floats, success: Bools, weights: Weights) -> Floats:
    """Area under the ROC curve: the chance that a success is given more than a failure, ties half.

    ``AUC = sum over successes i and failures j of w_i w_j ([p_i > p_j] + [p_i = p_j] / 2) / (W_1 W_0)``, from
    running sums of the failures' weights in order of p.

    Parameters
    ----------
    p
        ndarray of shape (n_prompts,), any scale.
    success
        ndarray of shape (n_prompts,).
    weights
        ndarray of shape (n_rows, n_prompts).

    Returns
    -------
    ndarray of shape (n_rows,)
        NaN where there are only successes or only failures.

    References
    ----------
    Mann and Whitney (1947), On a test of whether one of two random variables is stochastically larger.

    Examples
    --------
    >>> once = np.ones((1, 4), dtype=np.float32)
    >>> auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, True, False, True]), once).tolist()
    [0.875]
    """
    order = np.argsort(p, kind="stable")
    failures, successes = order[~success[order]], order[success[order]]
    below = np.searchsorted(p[failures], p[successes], side="left")
    not_above = np.searchsorted(p[failures], p[successes], side="right")

    def figure(block: Weights) -> Floats:
        # Counts stay under 2^24, where float32 still adds whole numbers exactly.
        running = np.zeros((len(block), len(failures) + 1), dtype=np.float32)
        np.cumsum(block[:, failures], axis=1, out=running[:, 1:])
        won = block[:, successes]
        twice = np.einsum("rp,rp->r", won, running[:, below] + running[:, not_above], dtype=np.float64)
        return divide(twice / 2, won.sum(axis=1, dtype=np.float64) * running[:, -1])

    return by_rows(weights, figure)
