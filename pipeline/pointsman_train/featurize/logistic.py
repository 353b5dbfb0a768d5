"""One logistic regression: weights and an intercept."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.special import expit

from pointsman_train.data import Floats

Fit: TypeAlias = tuple[Floats, float]

# As scikit-learn's logistic regression stops, which does not take rates.
_STOPS = {"maxiter": 300, "maxls": 50, "gtol": 1e-4, "ftol": 64 * np.finfo(float).eps}


def fit_logistic(features: sp.csr_array | Floats, target: Floats, count: Floats | None, strength: float) -> Fit:
    """Fit the log-odds of a rate; returns weights and intercept. Of threads it takes what it is given.

    The least of ``sum(count * cross-entropy) + |weights|^2 / (2 strength)``, as scikit-learn's for outcomes of 0 and 1.

    Parameters
    ----------
    features
        Array of shape (n_prompts, n_features).
    target, count
        ndarrays of shape (n_prompts,): rates in [0, 1], and how many outcomes each stands for; None is one each.
    strength
        Inverse of the L2 penalty, which spares the intercept.

    Examples
    --------
    >>> weights, intercept = fit_logistic(np.array([[1.0], [0.0]] * 500), np.array([0.9, 0.1] * 500), None, 100.0)
    >>> [round(float(expit(weights[0] + intercept)), 2), round(float(expit(intercept)), 2)]
    [0.9, 0.1]
    """
    weight = np.ones(len(target)) if count is None else count
    n, positives = float(weight.sum()), float(np.sum(target * weight))
    if positives in (0.0, n):
        # One class only: no direction to learn, and the rate is smoothed by one success and one failure.
        return np.zeros(features.shape[1]), float(np.log((positives + 1) / (n - positives + 1)))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        own, intercept = parameters[:-1], parameters[-1]
        logit = features @ own + intercept
        missed = weight * (np.logaddexp(0.0, logit) - target * logit)
        error = weight * (expit(logit) - target)
        slope = np.append(features.T @ error + own / strength, error.sum())
        return float(missed.sum() + own @ own / (2 * strength)) / n, slope / n

    found = minimize(loss, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B", options=_STOPS).x
    return found[:-1], float(found[-1])
