"""One logistic regression: weights and an intercept."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from pointsman_train.data import Floats

Fit: TypeAlias = tuple[Floats, float]


def fit_logistic(features: sp.csr_array | Floats, target: Floats, count: Floats | None, strength: float) -> Fit:
    """Fit a logistic regression; returns its weights and its intercept. Of threads it takes what it is given."""
    n = len(target) if count is None else float(np.sum(count))
    positives = float(np.sum(target if count is None else target * count))
    if positives in (0.0, float(n)):
        # One class only: no direction to learn, and the rate is smoothed by one success and one failure.
        return np.zeros(features.shape[1]), float(np.log((positives + 1) / (n - positives + 1)))
    fitted = LogisticRegression(C=strength, max_iter=300).fit(features, target, sample_weight=count)
    return fitted.coef_[0], float(fitted.intercept_[0])
