from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from pointsman_train.featurize.logistic import fit_logistic


@pytest.fixture
def terms():
    return sp.random_array((600, 300), density=0.05, rng=np.random.default_rng(0), format="csr")


@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("weighed", [False, True])
def test_of_outcomes_it_is_scikit_learns_regression(terms, strength, weighed):
    rng = np.random.default_rng(1)
    outcome = rng.integers(0, 2, 600).astype(float)
    count = rng.integers(1, 4, 600).astype(float) if weighed else None
    weights, intercept = fit_logistic(terms, outcome, count, strength)
    expected = LogisticRegression(C=strength, max_iter=300).fit(terms, outcome, sample_weight=count)
    np.testing.assert_allclose(weights, expected.coef_[0], atol=1e-6)
    assert intercept == pytest.approx(expected.intercept_[0], abs=1e-6)


def test_a_rate_is_so_many_successes_and_so_many_failures(terms):
    successes = np.random.default_rng(1).integers(0, 5, 600)
    found = fit_logistic(terms, successes / 4, np.full(600, 4.0), 1.0)
    index = np.repeat(np.arange(600), 4)
    outcomes = (np.tile(np.arange(4), 600) < successes[index]).astype(float)
    weights, intercept = fit_logistic(terms[index], outcomes, None, 1.0)
    np.testing.assert_allclose(found[0], weights, atol=1e-6)
    assert found[1] == pytest.approx(intercept, abs=1e-6)
