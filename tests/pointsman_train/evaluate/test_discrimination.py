from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.evaluate.discrimination import auc


def _brute(p, success, weights):
    """Compare every success with every failure."""
    won = total = 0.0
    for i in np.flatnonzero(success):
        for j in np.flatnonzero(~success):
            pair = weights[i] * weights[j]
            total += pair
            won += pair * ((p[i] > p[j]) + (p[i] == p[j]) / 2)
    return won / total if total else np.nan


@given(seed=st.integers(0, 999), levels=st.integers(1, 30))
def test_auc_is_the_share_of_pairs_that_are_in_order(seed, levels):
    rng = np.random.default_rng(seed)
    p, success = rng.integers(levels, size=25) / levels, rng.random(25) < 0.4
    weights = rng.integers(0, 4, (3, 25)).astype(np.float32)

    np.testing.assert_allclose(auc(p, success, weights), [_brute(p, success, row) for row in weights])


@pytest.mark.parametrize("outcome", [True, False])
def test_one_class_alone_has_no_auc(outcome):
    values = auc(np.array([0.1, 0.9]), np.array([outcome, outcome]), np.ones((2, 2), dtype=np.float32))

    assert np.isnan(values).all()


def test_counts_beyond_single_precision_do_not_lose_pairs():
    rng = np.random.default_rng(0)
    p, success = np.round(rng.random(20_000), 3), rng.random(20_000) < 0.5
    order = np.argsort(p, kind="stable")
    ranks = np.empty(20_000)
    ranks[order] = np.arange(1, 20_001)
    ranks = np.array([ranks[p == value].mean() for value in np.unique(p)])[np.searchsorted(np.unique(p), p)]
    positives = success.sum()
    expected = (ranks[success].sum() - positives * (positives + 1) / 2) / (positives * (~success).sum())

    assert auc(p, success, np.ones((1, 20_000), dtype=np.float32))[0] == pytest.approx(expected, rel=1e-12)
