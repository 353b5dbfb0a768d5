"""What a service's log teaches the word block: how hard words are, for all models alike.

Of each prompt one outcome is known, of the model that a router thought good for it. What sets the models apart cannot
be learned from that without taking the router's choices for it; that prompts with such words often fail, whoever
answers, can. So one direction in the words is fitted on the log, with an offset for each model. On prompts that were
asked, each model of the pool then learns how much it follows that direction, and its own weights beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from pointsman_train.cores import on_all_cores
from pointsman_train.data import Bools, Floats
from pointsman_train.featurize.logistic import Fit, fit_logistic


def fit_hardness(terms: sp.csr_array, logged: Floats, parts: Sequence[Bools], strength: float) -> list[Floats]:
    """Fit the direction on the logged prompts of each part.

    Parameters
    ----------
    terms
        Sparse array of shape (n_prompts, n_terms).
    logged
        ndarray of shape (n_prompts, n_models), 0 or 1, NaN where unknown.
    parts
        Masks of shape (n_prompts,).
    strength
        Inverse of the L2 penalty.

    Returns
    -------
    ndarrays of shape (n_terms,), one a part; 0 where nothing can be learned.

    Examples
    --------
    >>> terms = sp.csr_array(np.tile(np.eye(2), (20, 1)))  # prompts with the second word fail, whoever answers
    >>> logged = np.full((40, 2), np.nan)
    >>> logged[np.arange(40), np.arange(40) // 20] = np.tile([1.0, 0.0], 20)
    >>> [weights] = fit_hardness(terms, logged, [np.ones(40, bool)], strength=1.0)
    >>> bool(weights[0] > 1 and weights[1] < -1)
    True
    """

    def fit(part: Bools) -> Floats:
        row, model = np.nonzero(~np.isnan(logged) & part[:, None])
        offsets = sp.csr_array((np.ones(len(row)), (np.arange(len(row)), model)), shape=(len(row), logged.shape[1]))
        weights, _ = fit_logistic(beside(terms[row], offsets), logged[row, model], None, strength)
        return weights[: terms.shape[1]]

    return on_all_cores(fit, parts)


def fit_beside(hardness: Floats, terms: sp.csr_array, target: Floats, count: Floats | None, strength: float) -> Fit:
    """Fit one model's weights with the direction as one more column; returns them with what follows the direction.

    Parameters
    ----------
    hardness
        ndarray of shape (n_terms,), learned from other prompts than these.
    terms
        Sparse array of shape (n_prompts, n_terms).
    target, count
        ndarrays of shape (n_prompts,): outcomes, and how many like it each stands for; None is one each.
    """
    along = sp.csr_array((terms @ hardness)[:, None])
    (*own, follows), intercept = fit_logistic(beside(terms, along), target, count, strength)
    return np.asarray(own) + follows * hardness, intercept


def beside(terms: sp.csr_array, columns: sp.csr_array) -> sp.csr_array:
    """Put columns behind those of the terms."""
    return sp.csr_array(sp.hstack([terms, columns]))
