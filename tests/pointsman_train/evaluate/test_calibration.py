from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.evaluate.bootstrap import estimate, resample_weights
from pointsman_train.evaluate.calibration import brier, ece, log_loss


def test_brier_and_log_loss_are_those_of_their_formulas():
    p, success = np.array([[0.8, 0.8]]), np.array([[True, False]])

    assert brier(p, success).tolist() == [[pytest.approx(0.04), pytest.approx(0.64)]]
    assert log_loss(p, success).tolist() == [[pytest.approx(-np.log(0.8)), pytest.approx(-np.log(0.2))]]


def test_a_wrong_certainty_costs_much_but_not_infinitely():
    assert log_loss(np.array([[0.0]]), np.array([[True]]))[0, 0] == pytest.approx(34.54, abs=0.01)


def test_ece_is_the_mean_gap_of_bins_of_equal_mass():
    p = np.array([0.1, 0.2, 0.6, 0.9])[:, None]
    success = np.array([False, True, True, True])[:, None]

    # Two bins: |0.3 - 1| and |1.5 - 2|, over four prompts.
    value = ece(p, success, np.ones((2, 4), dtype=np.float32), bins=2)
    np.testing.assert_allclose(value, (0.7 + 0.5) / 4)


def test_fifteen_bins_hold_equally_many_prompts():
    p = np.linspace(0, 1, 1500)
    value = ece(p[:, None], np.zeros((1500, 1), dtype=bool), np.ones((2, 1500), dtype=np.float32))
    blocks = np.abs(p.reshape(15, 100).sum(axis=1))

    assert value[0, 0] == pytest.approx(blocks.sum() / 1500)


def test_equal_probabilities_share_a_bin():
    p = np.full((40, 1), 0.25)
    success = (np.arange(40) % 4 == 0)[:, None]

    np.testing.assert_allclose(ece(p, success, np.ones((2, 40), dtype=np.float32)), 0.0, atol=1e-12)


def test_the_interval_of_ece_holds_its_value_though_resamples_are_noisier():
    rng = np.random.default_rng(0)
    p = rng.random((900, 1))
    weights = resample_weights(np.arange(900), rng, resamples=400)
    resampled = ece(p, rng.random((900, 1)) < p, weights)[:, 0]
    figure = estimate(resampled, 900)

    assert resampled[1:].mean() == pytest.approx(figure.value, abs=1e-3)
    assert 0 <= figure.low < figure.value < figure.high
