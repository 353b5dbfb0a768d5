from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.special import expit

from pointsman_train.errors import ConfigError
from pointsman_train.train.calibration import SUCCESS_CALIBRATIONS, CalibrationConfig


@pytest.fixture(params=SUCCESS_CALIBRATIONS)
def calibrate(request):
    return SUCCESS_CALIBRATIONS[request.param]


def made_up(n, models=3):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(n, models)).astype(np.float32)
    return z, (rng.random(z.shape) < expit(2 * z)).astype(float)


def test_probabilities_are_in_the_open_unit_interval_and_the_same_in_the_graph(calibrate, exported):
    z, success = made_up(400)
    found = calibrate(z.astype(float), success)
    asked = np.vstack([z, 50 * z[:20], np.zeros((1, 3), np.float32)])
    p = found.success_probability(asked.astype(float))
    assert p.shape == (421, 3)
    assert (p >= 0).all()
    assert (p <= 1).all()
    np.testing.assert_allclose(exported(found, asked), p, atol=1e-12)
    np.testing.assert_allclose(exported(found, asked[:1]), p[:1], atol=1e-12)


def test_few_outcomes_and_outcomes_of_one_kind_do_not_raise(calibrate, exported):
    z, success = made_up(200)
    success[:, 0] = 1.0
    success[3:, 1] = np.nan
    for rows in (slice(None), slice(0, 3), slice(3, 4)):
        found = calibrate(z[rows].astype(float), success[rows])
        p = found.success_probability(z.astype(float))
        assert np.isfinite(p).all()
        np.testing.assert_allclose(exported(found, z), p, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in SUCCESS_CALIBRATIONS if name != "none"])
def test_mean_probabilities_are_the_success_rates_also_of_two_models(name):
    z, success = made_up(300, 2)
    z = 0.3 * z.astype(float) - 1
    p = SUCCESS_CALIBRATIONS[name](z, success).success_probability(z)
    np.testing.assert_allclose(p.mean(axis=0), success.mean(axis=0), atol=0.005)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"success": "beta"},
            "calibration.success must be one of ['shared_logistic', 'platt', 'isotonic', 'none'], got 'beta'",
        ),
        ({"fit_on": "test"}, "calibration.fit_on must be one of ('out_of_fold', 'holdout'), got 'test'"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(settings, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        CalibrationConfig(**settings).check()
