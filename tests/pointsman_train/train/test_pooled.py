from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.featurize.layout import Block, Layout
from pointsman_train.featurize.run import open_session
from pointsman_train.graph import DOUBLE, FLOAT, GraphBuilder
from pointsman_train.train.booster import BoostedConfig, BoosterConfig
from pointsman_train.train.pooled import Pooled
from pointsman_train.train.success import Descriptors, Targets, add_margins

DESCRIPTORS = Descriptors(mean_cost=np.array([0.0, 1e-5, 4e-4]), success_rate=np.array([0.3, 0.5, 0.8]))
LAYOUT = Layout((Block("surface", ("a", "b")), Block("words", ("w0", "w1", "w2"), per_model=True)))


def fit(config, x, success, descriptors=DESCRIPTORS, rate=None, trials=None):
    rate = success if rate is None else rate
    trials = np.ones(success.shape, int) if trials is None else trials
    targets = Targets(success, rate, trials, np.zeros(len(success), int))
    return Pooled(config).fit(x, targets, descriptors, LAYOUT)


def rows(n, seed):
    """Two plain features and a word score for each of three models."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5)).astype(np.float32)
    logit = x[:, :1] + x[:, 2:] + np.array([-1.0, 0.0, 1.0])
    return x, (rng.random((n, 3)) < 1 / (1 + np.exp(-logit))).astype(float)


@pytest.fixture(scope="module")
def model():
    x, success = rows(500, 0)
    return fit(BoostedConfig(BoosterConfig(trees=60, leaves=8, feature_fraction=1.0)), x, success)


def exported(model, x):
    g = GraphBuilder()
    g.alias(add_margins(g, g.add("Cast", "x", to=DOUBLE), model), "margins")
    graph = g.model({"x": (FLOAT, ["N", x.shape[1]])}, {"margins": (DOUBLE, ["N", 3])})
    return open_session(graph).run(["margins"], {"x": x})[0]


def test_margins_are_those_of_the_bound_trees(model):
    x, _ = rows(400, 1)
    np.testing.assert_allclose(exported(model, x), model.margins(x), atol=1e-12)


def test_bound_trees_ask_for_features_alone_and_no_longer_which_model_it_is(model):
    (ensemble,) = model.ensembles()
    assert ensemble.n_targets == 3
    assert len(ensemble.trees) == 3 * 60
    stack, found = [tree for _, tree in ensemble.trees], set()
    while stack:
        tree = stack.pop()
        if hasattr(tree, "feature"):
            found.add(tree.feature)
            stack += [tree.left, tree.right]
    assert found <= set(range(5))


def test_each_model_reads_its_own_word_score(model):
    x, _ = rows(200, 2)
    margins = model.margins(x)
    for m in range(3):
        correlation = [np.corrcoef(margins[:, m], x[:, 2 + k])[0, 1] for k in range(3)]
        assert int(np.argmax(correlation)) == m


def test_unknown_outcomes_are_left_out_and_are_not_failures():
    x, success = rows(500, 0)
    unknown = success.copy()
    unknown[250:, 1] = np.nan
    failed = np.where(np.isnan(unknown), 0.0, unknown)
    config = BoostedConfig(BoosterConfig(trees=60))
    means = {
        name: fit(config, x, table).margins(x)[:, 1].mean()
        for name, table in (("known", success), ("unknown", unknown), ("failed", failed))
    }
    assert means["unknown"] == pytest.approx(means["known"], abs=0.25)
    assert means["failed"] < means["known"] - 0.5


def test_models_that_are_all_free_can_be_fitted():
    x, success = rows(200, 3)
    free = Descriptors(np.zeros(3), np.array([0.3, 0.5, 0.8]))
    model = fit(BoostedConfig(BoosterConfig(trees=5)), x, success, free)
    assert np.isfinite(model.margins(x)).all()
    np.testing.assert_allclose(exported(model, x), model.margins(x), atol=1e-12)


def test_a_rate_over_several_trials_is_learned_as_a_rate():
    x, _ = rows(600, 4)
    rate = np.where(x[:, :1] > 0, 0.75, 0.25) * np.ones((1, 3))
    config = BoostedConfig(BoosterConfig(trees=200, feature_fraction=1.0))
    margins = fit(config, x, (rate >= 0.5).astype(float), rate=rate, trials=np.full(rate.shape, 4)).margins(x)
    far = np.abs(x[:, 0]) > 0.5
    p = 1 / (1 + np.exp(-margins[far]))
    np.testing.assert_allclose(p, rate[far], atol=0.1)


def test_more_trials_weigh_more():
    x, _ = rows(600, 5)
    half = np.arange(600) % 2 == 0
    rate = np.where(half, 1.0, 0.0)[:, None] * np.ones((1, 3))
    trials = np.where(half, 9, 1)[:, None] * np.ones((1, 3), int)
    even = fit(BoostedConfig(BoosterConfig(trees=100)), x, rate).margins(x)
    weighed = fit(BoostedConfig(BoosterConfig(trees=100)), x, rate, trials=trials).margins(x)
    assert abs(even.mean()) < 0.3
    assert weighed.mean() > 1.5
