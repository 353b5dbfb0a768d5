from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from pointsman_train.train.sigmoid import platt, shared_logistic, uncalibrated


def simulated(n, a, b, offset, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 1)) * 1.5 + rng.normal(size=(n, 3))
    mean = z.mean(axis=1, keepdims=True)
    p = expit(a * mean + b * (z - mean) + np.array(offset))
    return z, (rng.random(p.shape) < p).astype(float), p


def log_loss(p, success):
    known = ~np.isnan(success)
    return -np.mean(np.log(np.where(success == 1, p, 1 - p))[known])


def test_shared_logistic_finds_the_slopes_and_offsets_that_made_the_outcomes():
    z, success, p = simulated(20_000, a=1.4, b=0.6, offset=[-0.5, 0.0, 0.8])
    found = shared_logistic(z, success)
    # weight = b I + (a - b) / n: its rows sum to a, its off-diagonal is (a - b) / 3.
    np.testing.assert_allclose(found.affine.weight.sum(axis=0), 1.4, atol=0.06)
    np.testing.assert_allclose(found.affine.weight[0, 1], (1.4 - 0.6) / 3, atol=0.03)
    np.testing.assert_allclose(found.affine.bias, [-0.5, 0.0, 0.8], atol=0.06)
    np.testing.assert_allclose(found.success_probability(z), p, atol=0.03)


def test_shared_logistic_leaves_unknown_outcomes_out():
    z, success, p = simulated(8_000, 1.0, 1.0, [0.0, 0.0, 0.0])
    success[2_000:, 2] = np.nan
    found = shared_logistic(z, success)
    np.testing.assert_allclose(found.success_probability(z)[:, 2], p[:, 2], atol=0.05)


def test_overconfident_margins_are_brought_down():
    z, success, _ = simulated(5_000, 0.3, 0.3, [0.0, 0.0, 0.0])
    before = log_loss(expit(z), success)
    assert log_loss(shared_logistic(z, success).success_probability(z), success) < before - 0.05


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_outcomes_of_one_class_leave_margins_as_they_are(outcome):
    z = np.random.default_rng(0).normal(size=(20, 3))
    found = shared_logistic(z, np.full(z.shape, outcome))
    np.testing.assert_array_equal(found.success_probability(z), expit(z))


def test_without_calibration_margins_are_log_odds():
    z = np.array([[0.0, -2.0], [1.0, 3.0]])
    np.testing.assert_array_equal(uncalibrated(z, np.zeros_like(z)).success_probability(z), expit(z))


def test_platt_finds_each_models_own_slope_and_offset():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20_000, 3)) * 1.5
    slope, offset = np.array([0.5, 1.0, 1.6]), np.array([-0.6, 0.0, 0.9])
    success = (rng.random(z.shape) < expit(slope * z + offset)).astype(float)
    success[2_000:, 1] = np.nan
    found = platt(z, success).affine
    np.testing.assert_allclose(np.diag(found.weight), slope, rtol=0.1)
    np.testing.assert_allclose(found.bias, offset, atol=0.1)
    np.testing.assert_array_equal(found.weight, np.diag(np.diag(found.weight)))


@pytest.mark.parametrize("successes", [0, 9, 51, 60])
def test_platt_leaves_the_margins_of_a_model_with_few_outcomes_of_a_kind_and_calibrates_the_others(successes):
    z, success, _ = simulated(60, 2.0, 2.0, [0.0, 0.0, 0.0])
    success[:, 1] = np.arange(60) < successes
    found = platt(z, success)
    np.testing.assert_array_equal(found.success_probability(z)[:, 1], expit(z[:, 1]))
    assert (np.diag(found.affine.weight)[[0, 2]] != 1).all()


def test_platt_of_a_model_without_a_known_outcome_leaves_its_margins():
    z, success, _ = simulated(60, 2.0, 2.0, [0.0, 0.0, 0.0])
    success[:, 1] = np.nan
    np.testing.assert_array_equal(platt(z, success).success_probability(z)[:, 1], expit(z[:, 1]))


def test_the_graph_gives_the_probabilities(exported):
    z, success, _ = simulated(500, 1.4, 0.6, [-0.5, 0.0, 0.8])
    z = z.astype(np.float32)
    for fit in (uncalibrated, shared_logistic, platt):
        found = fit(z.astype(float), success)
        np.testing.assert_allclose(exported(found, z), found.success_probability(z.astype(float)), atol=1e-14)
