"""Models with few outcomes: what they do on a prompt is told mostly by what the others do.

A model that joins the pool later has outcomes on a few hundred prompts, too few to learn a booster from. But models
fail on much the same prompts. So its log-odds become a linear function of every model's, fitted where it is known, and
the calibration then treats it like the others. With more outcomes its own margins weigh more by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from pointsman_train.cores import one_thread
from pointsman_train.data import Floats
from pointsman_train.graph import GraphBuilder
from pointsman_train.label.partial import partly_known
from pointsman_train.train.affine import Affine
from pointsman_train.train.calibration import Calibrate, SuccessCalibration
from pointsman_train.train.link import smoothed_logit
from pointsman_train.train.sums import Sums

# Inverse of the L2 penalty on standardised margins: the best of 0.03 to 10 with 100 and with 300 outcomes.
_STRENGTH = 0.1


@dataclass(frozen=True, slots=True)
class Joined:
    """A mix of the models' margins, then a calibration.

    Attributes
    ----------
    mix
        Leaves the margins of well-known models as they are.
    calibration
        Of the mixed margins.
    """

    mix: Affine
    calibration: SuccessCalibration

    def success_probability(self, margins: Floats) -> Floats:
        """Probability of success of each model, of the shape of ``margins``."""
        return self.calibration.success_probability(self.mix(margins))

    def add(self, g: GraphBuilder, margins: Sums) -> str:
        """Add the mix and the calibration."""
        return self.calibration.add(g, self.mix.of(margins))


def calibrate_joined(
    calibrate: Calibrate, margins: Floats, success: Floats, stands_for: Floats | None = None
) -> SuccessCalibration:
    """Fit a calibration, after the models with few outcomes have been told from the others.

    Parameters
    ----------
    calibrate
        One of :data:`~pointsman_train.train.calibration.SUCCESS_CALIBRATIONS`.
    margins
        ndarray of shape (n_prompts, n_models), of prompts that the heads were not fitted on.
    success
        ndarray of the same shape; NaN is unknown.
    stands_for
        ndarray of the same shape, how many outcomes like it each stands for; None is one each.

    Returns
    -------
    SuccessCalibration
        The plain one where every model is well known.
    """
    mix = mix_of(margins, success, stands_for)
    if mix is None:
        return calibrate(margins, success, stands_for)
    return Joined(mix, calibrate(mix(margins), success, stands_for))


def mix_of(margins: Floats, success: Floats, stands_for: Floats | None = None) -> Affine | None:
    """Tell each partly known model's log-odds from all margins; None where there is no such model.

    ``logit p_m = a_m + sum over k of b_mk z_k``, by logistic regression with an L2 penalty on the standardised margins.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> margins = rng.normal(size=(2000, 2))
    >>> success = (margins[:, :1] > rng.logistic(size=(2000, 2)) / 4).astype(float)  # both as the first margin says
    >>> success[200:, 1] = np.nan
    >>> mix = mix_of(margins, success)
    >>> mix.weight[:, 0].tolist(), bool(mix.weight[0, 1] > 4 * abs(mix.weight[1, 1]))
    ([1.0, 0.0], True)
    """
    partial = partly_known(~np.isnan(success))
    if not partial.any():
        return None
    n = margins.shape[1]
    weight, bias = np.eye(n), np.zeros(n)
    centre, spread = margins.mean(axis=0), np.maximum(margins.std(axis=0), 1e-9)
    for m in np.flatnonzero(partial):
        known = ~np.isnan(success[:, m])
        count = np.ones(int(known.sum())) if stands_for is None else stands_for[known, m]
        slopes, offset = _fit((margins[known] - centre) / spread, success[known, m], count)
        weight[:, m] = slopes / spread
        bias[m] = offset - centre @ weight[:, m]
    return Affine(weight, bias)


def _fit(standardised: Floats, success: Floats, count: Floats) -> tuple[Floats, float]:
    if len(np.unique(success)) < 2:
        return np.zeros(standardised.shape[1]), smoothed_logit(success, count)
    with one_thread():
        fitted = LogisticRegression(C=_STRENGTH, max_iter=1_000).fit(standardised, success, count)
    return fitted.coef_[0], float(fitted.intercept_[0])
