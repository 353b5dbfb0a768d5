"""The few figures that a learning curve follows, under every resample."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.errors import DataError
from pointsman_train.evaluate.bootstrap import Weights, check_weights, mean_of_known, means
from pointsman_train.evaluate.calibration import log_loss
from pointsman_train.evaluate.curve import cost_saved_at, curve, frame, hull_gain
from pointsman_train.evaluate.discrimination import auc
from pointsman_train.evaluate.rates import boundary_accuracy
from pointsman_train.evaluate.ratio import resampled_ratios
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.sweep import half_cost_point
from pointsman_train.evaluate.testset import TestSet

HEADLINE = ("hull_gain", "cs90", "auc_macro", "log_loss", "boundary_accuracy_half_cost")


def headline(testset: TestSet, router: Router, weights: Weights) -> dict[str, Floats]:
    """Compute the figures of :data:`HEADLINE`, as :func:`pointsman_train.evaluate.figures.evaluate` defines them.

    Returns
    -------
    dict
        From names to ndarray of shape (1 + n_resamples,), the test set's own value first.

    Raises
    ------
    DataError
        When the router has no probabilities.
    ConfigError
        When the weights are not those of the test set.
    """
    p_success = router.p_success
    if p_success is None:
        raise DataError("the router has no probabilities of success, which AUC and log loss judge; give one that has")
    check_weights(weights, testset)
    points, against = curve(testset, router, weights), frame(testset, weights)
    columns = zip(p_success.T, testset.success.T, strict=True)
    boundary = boundary_accuracy(testset, half_cost_point(testset, router))
    return {
        "hull_gain": hull_gain(points, against),
        "cs90": cost_saved_at(points, against, 0.9),
        "auc_macro": mean_of_known(np.stack([auc(p, y, weights) for p, y in columns], axis=1)),
        "log_loss": mean_of_known(means(weights, log_loss(p_success, testset.success))),
        "boundary_accuracy_half_cost": resampled_ratios([boundary], weights)[:, 0],
    }
