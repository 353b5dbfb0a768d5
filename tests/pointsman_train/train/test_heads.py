from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from pointsman_train.featurize.layout import Block, Layout
from pointsman_train.train.booster import BoosterConfig
from pointsman_train.train.heads import Heads, fit_classifier, fit_regressor
from pointsman_train.train.trees import Leaf

# The trees' columns are the second and the fourth: the first and the third are for other readers.
LAYOUT = Layout(
    (Block("e", ("e0",), dense=True), Block("s", ("a",)), Block("f", ("f0",), dense=True), Block("t", ("b",)))
)
CONFIG = BoosterConfig(trees=80, leaves=4, feature_fraction=1.0, learning_rate=0.1)


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(800, 4)).astype(np.float32)


def test_heads_read_the_columns_of_trees_and_lie_side_by_side(x, exported):
    ones = np.ones(len(x))
    rate = np.where(x[:, 1] > 0, 0.75, 0.25)
    value = np.where(x[:, 3] > 0, 0.5, -0.5)
    heads = Heads([fit_classifier(x, rate, ones, LAYOUT, CONFIG), fit_regressor(x, value, ones, LAYOUT, CONFIG)])
    margins = heads.margins(x)
    far = (np.abs(x[:, [1, 3]]) > 0.2).all(axis=1)
    np.testing.assert_allclose(expit(margins[far, 0]), rate[far], atol=0.05)
    np.testing.assert_allclose(margins[far, 1], value[far], atol=0.05)
    np.testing.assert_allclose(exported(heads, x), margins, atol=1e-12)


def test_a_target_that_does_not_vary_is_a_constant(x):
    weight = np.full(800, 2.0)
    always = fit_classifier(x, np.ones(800), weight, LAYOUT, CONFIG)
    np.testing.assert_allclose(always.margins(x), np.log(1_601))
    assert always.trees() == [Leaf(always.constant)]
    np.testing.assert_array_equal(fit_regressor(x, np.full(800, -0.2), weight, LAYOUT, CONFIG).margins(x), -0.2)


def test_without_a_row_nothing_is_known(x):
    none = np.empty(0)
    assert fit_classifier(x[:0], none, none, LAYOUT, CONFIG).constant == 0.0
    assert fit_regressor(x[:0], none, none, LAYOUT, CONFIG).constant == 0.0


def test_answers_weigh(x):
    rate, weight = np.tile([1.0, 0.0], 400), np.tile([3.0, 1.0], 400)
    p = expit(fit_classifier(x, rate, weight, LAYOUT, CONFIG).margins(x))
    assert p.mean() == pytest.approx(0.75, abs=0.02)
