"""Calibration: from margins to probabilities that mean what they say.

Every calibrator here is an affine map of the margins before the link (logistic or softmax), so all of them export
as one product and one sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from pointsman_train.data import Floats, Ints
from pointsman_train.errors import ConfigError
from pointsman_train.graph import GraphBuilder

SUCCESS_CALIBRATIONS = ("shared_logistic", "none")
FIT_ON = ("out_of_fold", "holdout")


@dataclass(slots=True)
class CalibrationConfig:
    """How both heads are calibrated.

    Attributes
    ----------
    success
        "shared_logistic" or "none".
    fit_on
        "out_of_fold": on out-of-fold predictions of everything but the test split, the heads being trained on all of
        it; "holdout": on the calibration split alone, which the heads then do not see.
    """

    success: str = "shared_logistic"
    fit_on: str = "out_of_fold"

    def check(self) -> None:
        """Raise :class:`ConfigError` for an unknown name."""
        if self.success not in SUCCESS_CALIBRATIONS:
            raise ConfigError(f"calibration.success must be one of {SUCCESS_CALIBRATIONS}, got {self.success!r}")
        if self.fit_on not in FIT_ON:
            raise ConfigError(f"calibration.fit_on must be one of {FIT_ON}, got {self.fit_on!r}")


@dataclass(frozen=True, slots=True)
class Affine:
    """``margins @ weight + bias``.

    Attributes
    ----------
    weight
        ndarray of shape (n, n).
    bias
        ndarray of shape (n,).
    """

    weight: Floats
    bias: Floats

    def __call__(self, margins: Floats) -> Floats:
        """Map margins of shape (n_prompts, n)."""
        return margins @ self.weight + self.bias

    def success_probability(self, margins: Floats) -> Floats:
        """Probability of success of each model, of the shape of ``margins``."""
        return np.asarray(expit(self(margins)))

    def label_probability(self, margins: Floats) -> Floats:
        """Probability of each class, rows summing to 1."""
        return np.asarray(softmax(self(margins), axis=1))

    def add(self, g: GraphBuilder, margins: str) -> str:
        """Add the map to a graph, in double."""
        return g.add("Add", g.add("MatMul", margins, g.const(self.weight)), g.const(self.bias))


def identity(n: int) -> Affine:
    """Leave margins as they are."""
    return Affine(np.eye(n), np.zeros(n))


def shared_logistic(margins: Floats, success: Floats) -> Affine:
    """One logistic regression for all models, on (mean margin, margin less mean, model).

    ``logit p_m = a * mean(z) + b * (z_m - mean(z)) + o_m``. The two slopes are shared, so that a model with few
    outcomes is calibrated with the help of the others.

    Parameters
    ----------
    margins
        ndarray of shape (n_prompts, n_models), of prompts that the heads were not fitted on.
    success
        ndarray of the same shape; NaN is left out.
    """
    n_models = margins.shape[1]
    rows, models = np.nonzero(~np.isnan(success))
    mean = margins.mean(axis=1)
    own = margins[rows, models] - mean[rows]
    offsets = np.eye(n_models)[models]
    target = success[rows, models]
    if len(np.unique(target)) < 2:
        return identity(n_models)
    # Nearly unpenalised: there are two slopes and an offset a model, and many more rows.
    with threadpool_limits(1):
        fitted = LogisticRegression(C=1e4, fit_intercept=False, max_iter=1_000).fit(
            np.column_stack([mean[rows], own, offsets]), target
        )
    a, b, *offset = fitted.coef_[0]
    weight = b * np.eye(n_models) + (a - b) / n_models
    return Affine(weight, np.array(offset))


def scaled_softmax(margins: Floats, target: Ints) -> Affine:
    """One temperature and one offset a class, by maximum likelihood with a light pull to no change.

    Parameters
    ----------
    margins
        ndarray of shape (n_prompts, n_classes), out of fold.
    target
        ndarray of shape (n_prompts,), class positions. Without any, margins stay as they are.
    """
    n = margins.shape[1]
    if not len(target):
        return identity(n)

    def loss(parameters: Floats) -> float:
        scaled = margins * np.exp(parameters[0]) + parameters[1:]
        chosen = log_softmax(scaled, axis=1)[np.arange(len(target)), target]
        return float(-chosen.mean() + 1e-4 * np.sum(parameters**2))

    with threadpool_limits(1):
        found = minimize(loss, np.zeros(n + 1), method="L-BFGS-B").x
    return Affine(np.exp(found[0]) * np.eye(n), found[1:])
