"""Success calibrations by a logistic function of an affine map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from pointsman_train.cores import one_thread
from pointsman_train.data import Floats
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.affine import Affine, identity
from pointsman_train.train.success import enough_of_each
from pointsman_train.train.sums import Sums

# Nearly unpenalised: a few slopes and offsets against many rows.
_STRENGTH = 1e4


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """``1 / (1 + exp(-z))`` of the mapped margins ``z``.

    Attributes
    ----------
    affine
        Map over the models of the ladder.
    """

    affine: Affine

    def success_probability(self, margins: Floats) -> Floats:
        """Probability of success of each model, of the shape of ``margins``."""
        return np.asarray(expit(self.affine(margins)))

    def add(self, g: GraphBuilder, margins: Sums) -> str:
        """Add the map and the logistic function."""
        return g.add("Sigmoid", self.affine.of(margins).add(g))


def uncalibrated(margins: Floats, success: Floats, stands_for: Floats | None = None) -> Sigmoid:
    """Take margins for the log-odds that they claim to be."""
    return Sigmoid(identity(margins.shape[1]))


def shared_logistic(margins: Floats, success: Floats, stands_for: Floats | None = None) -> Sigmoid:
    """One logistic regression for all models, on (mean margin, margin less mean, model).

    ``logit p_m = a * mean(z) + b * (z_m - mean(z)) + o_m``. The two slopes are shared, so that a model with few
    outcomes is calibrated with the help of the others. Outcomes of one class alone leave margins as they are.

    Parameters
    ----------
    margins
        ndarray of shape (n_prompts, n_models), of prompts that the heads were not fitted on.
    success
        ndarray of the same shape; NaN is left out.
    stands_for
        ndarray of the same shape, how many outcomes like it each stands for; None is one each.
    """
    n_models = margins.shape[1]
    rows, models = np.nonzero(~np.isnan(success))
    mean = margins.mean(axis=1)
    own = margins[rows, models] - mean[rows]
    offsets = np.eye(n_models)[models]
    target = success[rows, models]
    if len(np.unique(target)) < 2:
        return uncalibrated(margins, success)
    with one_thread():
        fitted = LogisticRegression(C=_STRENGTH, fit_intercept=False, max_iter=1_000).fit(
            np.column_stack([mean[rows], own, offsets]),
            target,
            None if stands_for is None else stands_for[rows, models],
        )
    a, b, *offset = fitted.coef_[0]
    weight = b * np.eye(n_models) + (a - b) / n_models
    return Sigmoid(Affine(weight, np.array(offset)))


def platt(margins: Floats, success: Floats, stands_for: Floats | None = None) -> Sigmoid:
    """One slope and one offset a model, from its own outcomes alone: ``logit p_m = a_m * z_m + b_m``.

    A model with too few outcomes of a kind (:func:`pointsman_train.train.success.enough_of_each`) keeps its margins.
    Parameters are those of :func:`shared_logistic`.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines.
    """
    slopes, offsets = np.ones(margins.shape[1]), np.zeros(margins.shape[1])
    for m, (z, y) in enumerate(zip(margins.T, success.T, strict=True)):
        known = ~np.isnan(y)
        if enough_of_each(y[known]):
            count = None if stands_for is None else stands_for[known, m]
            with one_thread():
                fitted = LogisticRegression(C=_STRENGTH, max_iter=1_000).fit(z[known, None], y[known], count)
            slopes[m], offsets[m] = fitted.coef_[0, 0], fitted.intercept_[0]
    return Sigmoid(Affine(np.diag(slopes), offsets))
