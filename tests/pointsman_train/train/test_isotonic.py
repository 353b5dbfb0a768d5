from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from pointsman_train.train.isotonic import isotonic


def made_up(n, seed=0):
    rng = np.random.default_rng(seed)
    z = np.round(rng.normal(size=(n, 3)) * 1024) / 1024  # on the grid
    p = np.where(z < -0.5, 0.1, np.where(z < 0.7, 0.4, 0.9))
    return z, (rng.random(z.shape) < p).astype(float), p


def by_sklearn(z, success):
    least = 1 / (len(z) + 2)
    return IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(z, success)


def test_probabilities_of_the_training_prompts_are_sklearns():
    z, success, _ = made_up(700)
    p = isotonic(z, success).success_probability(z)
    for m in range(3):
        np.testing.assert_allclose(p[:, m], by_sklearn(z[:, m], success[:, m]).predict(z[:, m]), atol=1e-12)


def test_curves_rise_also_between_and_beyond_the_training_prompts():
    z, success, _ = made_up(300)
    line = np.linspace(-6, 6, 40_001)[:, None] * np.ones(3)
    p = isotonic(z, success).success_probability(line)
    assert (np.diff(p, axis=0) >= -1e-15).all()
    for m in range(3):
        expected = by_sklearn(z[:, m], success[:, m]).predict([z[:, m].min(), z[:, m].max()])
        np.testing.assert_allclose(p[[0, -1], m], expected, atol=1e-12)


def test_between_two_knots_the_log_odds_are_interpolated():
    z = np.repeat([[0.0], [1.0]], 20, axis=0)
    success = np.concatenate([np.arange(20) < 5, np.arange(20) < 16]).astype(float)[:, None]
    p = isotonic(z, success).success_probability(np.array([[-3.0], [0.0], [0.25], [1.0], [9.0]]))
    middle = expit(0.75 * logit(0.25) + 0.25 * logit(0.8))
    np.testing.assert_allclose(p[:, 0], [0.25, 0.25, middle, 0.8, 0.8])


def test_a_step_shaped_truth_is_found():
    z, success, p = made_up(20_000)
    found = isotonic(z, success).success_probability(z)
    assert np.abs(found - p).mean() < 0.02


def test_probabilities_stay_off_0_and_1_by_what_so_many_outcomes_can_tell():
    z = np.linspace(-1, 1, 98)[:, None]
    p = isotonic(z, (z > 0).astype(float)).success_probability(z)
    np.testing.assert_allclose([p.min(), p.max()], [0.01, 0.99])


def test_unknown_outcomes_are_left_out():
    z, success, _ = made_up(600)
    sparse = success.copy()
    sparse[300:, 1] = np.nan
    p = isotonic(z, sparse).success_probability(z)
    np.testing.assert_array_equal(p[:, 0], isotonic(z, success).success_probability(z)[:, 0])
    expected = by_sklearn(z[:300, 1], success[:300, 1]).predict(z[:300, 1])
    np.testing.assert_allclose(p[:300, 1], expected, atol=1e-12)


@pytest.mark.parametrize("successes", [0, 9, 191, 200])
def test_a_model_with_few_outcomes_of_a_kind_keeps_its_margins(successes, exported):
    z, success, _ = made_up(200)
    success[:, 2] = np.arange(200) < successes
    found = isotonic(z, success)
    far = np.vstack([z, [[-30.0] * 3], [[30.0] * 3]])
    np.testing.assert_allclose(found.success_probability(far)[:, 2], expit(far[:, 2]), rtol=1e-12)
    assert (found.success_probability(far)[:, 0] != expit(far[:, 0])).any()
    np.testing.assert_allclose(exported(found, far.astype(np.float32)), found.success_probability(far), atol=1e-12)


def test_margins_that_are_all_the_same_give_the_success_rate(exported):
    z, success = np.full((40, 1), 0.3), (np.arange(40) < 30).astype(float)[:, None]
    found = isotonic(z, success)
    asked = np.array([[-2.0], [0.25], [2.0]], np.float32)
    np.testing.assert_allclose(found.success_probability(asked.astype(float)), 0.75)
    np.testing.assert_allclose(exported(found, asked), 0.75)


def test_margins_a_hair_apart_do_not_make_a_cliff():
    """Else the last bit of a margin, in which a graph may differ from the training library, would change a decision."""
    z = np.tile([[0.5], [0.5 + 1e-12]], (50, 1))
    success = np.tile([[0.0], [1.0]], (50, 1))
    p = isotonic(z, success).success_probability(np.array([[0.5], [0.5 + 1e-12]]))
    assert np.ptp(p) < 1e-9


def test_flat_parts_have_the_same_bits_in_the_graph(exported):
    z, success, _ = made_up(500)
    found = isotonic(z, success)
    asked = z.astype(np.float32)
    assert len(np.unique(exported(found, asked)[:, 0])) == len(np.unique(found.success_probability(z)[:, 0]))
