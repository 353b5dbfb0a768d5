from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.special import expit, log_softmax

from pointsman_train.errors import ConfigError
from pointsman_train.featurize.run import open_session
from pointsman_train.graph import DOUBLE, GraphBuilder
from pointsman_train.train.calibration import Affine, CalibrationConfig, identity, scaled_softmax, shared_logistic


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
    np.testing.assert_allclose(found.weight.sum(axis=0), 1.4, atol=0.06)
    np.testing.assert_allclose(found.weight[0, 1], (1.4 - 0.6) / 3, atol=0.03)
    np.testing.assert_allclose(found.bias, [-0.5, 0.0, 0.8], atol=0.06)
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
    np.testing.assert_array_equal(found(z), z)


def test_identity_leaves_margins_as_they_are():
    z = np.array([[0.0, -2.0], [1.0, 3.0]])
    np.testing.assert_array_equal(identity(2)(z), z)
    np.testing.assert_allclose(identity(2).success_probability(z), expit(z))
    np.testing.assert_allclose(identity(2).label_probability(z)[0], [1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2))])


def test_scaled_softmax_lowers_the_log_loss_and_finds_temperature_and_offsets():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20_000, 3)) * 2
    truth = log_softmax(0.5 * z + np.array([0.0, 0.7, -0.4]), axis=1)
    target = (np.exp(truth).cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    found = scaled_softmax(z, target)
    np.testing.assert_allclose(np.diag(found.weight), 0.5, atol=0.03)
    np.testing.assert_allclose(found.bias - found.bias[0], [0.0, 0.7, -0.4], atol=0.1)
    rows = np.arange(len(z))
    before, after = (-np.log(m.label_probability(z)[rows, target]).mean() for m in (identity(3), found))
    assert after < before - 0.1
    np.testing.assert_allclose(found.label_probability(z).sum(axis=1), 1.0)


def test_scaled_softmax_of_one_class_stays_finite():
    z = np.random.default_rng(0).normal(size=(30, 3))
    found = scaled_softmax(z, np.zeros(30, int))
    assert np.isfinite(found.label_probability(z)).all()


def test_the_map_in_the_graph_is_the_map():
    affine = Affine(np.array([[1.0, 0.5], [0.25, -2.0]]), np.array([0.1, -0.2]))
    g = GraphBuilder()
    g.alias(affine.add(g, "z"), "out")
    session = open_session(g.model({"z": (DOUBLE, ["N", 2])}, {"out": (DOUBLE, ["N", 2])}))
    z = np.array([[2.0, 4.0]])
    # 2 + 1 + 0.1 and 1 - 8 - 0.2
    np.testing.assert_allclose(session.run(["out"], {"z": z})[0], [[3.1, -7.2]])
    np.testing.assert_allclose(affine(z), [[3.1, -7.2]])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"success": "isotonic"}, "calibration.success must be one of ('shared_logistic', 'none'), got 'isotonic'"),
        ({"fit_on": "test"}, "calibration.fit_on must be one of ('out_of_fold', 'holdout'), got 'test'"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(settings, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        CalibrationConfig(**settings).check()


def test_without_a_labelled_prompt_margins_stay_as_they_are():
    found = scaled_softmax(np.empty((0, 3)), np.empty(0, int))
    np.testing.assert_array_equal(found(np.eye(3)), np.eye(3))
