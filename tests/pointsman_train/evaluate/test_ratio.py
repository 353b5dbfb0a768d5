from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.evaluate.ratio import Ratio, estimate_ratios, mean_among


def test_ratios_of_sums_are_estimated_together():
    weights = np.array([[1, 1, 1], [0, 2, 1]], dtype=np.float32)
    ratios = {
        "among": mean_among(np.array([1.0, 0.0, 1.0]), np.array([True, True, False])),
        "saving": Ratio(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 4.0]), 3),
    }
    figures = estimate_ratios(ratios, weights)

    assert figures["among"].resampled.tolist() == [0.5, 0.0]
    assert figures["among"].n == 2
    assert figures["saving"].resampled.tolist() == [0.6, pytest.approx(7 / 12)]


def test_a_ratio_over_no_prompts_is_undefined():
    nobody = mean_among(np.ones(2), np.zeros(2, dtype=bool))
    figure = estimate_ratios({"nobody": nobody}, np.ones((3, 2), dtype=np.float32))["nobody"]

    assert np.isnan(figure.value)
    assert figure.n == 0


def test_what_rounding_leaves_of_a_denominator_is_nothing():
    cancelling = Ratio(np.ones(3), np.array([0.1, 0.2, -0.3]), 3)
    figure = estimate_ratios({"gap": cancelling}, np.ones((2, 3), dtype=np.float32))["gap"]

    assert np.isnan(figure.value)


def test_no_ratios_are_no_figures():
    assert estimate_ratios({}, np.ones((2, 3), dtype=np.float32)) == {}
