from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.featurize.run import open_session
from pointsman_train.graph import DOUBLE, FLOAT, GraphBuilder
from pointsman_train.train.booster import BoosterConfig
from pointsman_train.train.pooled import Pooled, PooledConfig
from pointsman_train.train.success import Descriptors
from pointsman_train.train.trees import add_ensemble

DESCRIPTORS = Descriptors(mean_cost=np.array([0.0, 1e-5, 4e-4]), success_rate=np.array([0.3, 0.5, 0.8]))


def rows(n, seed):
    """Two plain features and a word score for each of three models."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5)).astype(np.float32)
    logit = x[:, :1] + x[:, 2:] + np.array([-1.0, 0.0, 1.0])
    return x, (rng.random((n, 3)) < 1 / (1 + np.exp(-logit))).astype(float)


@pytest.fixture(scope="module")
def model():
    x, success = rows(500, 0)
    return Pooled(PooledConfig(BoosterConfig(trees=60, leaves=8, feature_fraction=1.0))).fit(x, success, DESCRIPTORS)


def exported(model, x):
    ensemble = model.ensemble()
    g = GraphBuilder()
    g.alias(add_ensemble(g, g.add("Cast", "x", to=DOUBLE), ensemble), "margins")
    graph = g.model({"x": (FLOAT, ["N", x.shape[1]])}, {"margins": (DOUBLE, ["N", ensemble.n_targets])})
    return open_session(graph).run(["margins"], {"x": x})[0]


def test_margins_are_those_of_the_bound_trees(model):
    x, _ = rows(400, 1)
    np.testing.assert_allclose(exported(model, x), model.margins(x), atol=1e-12)


def test_bound_trees_ask_for_features_alone_and_no_longer_which_model_it_is(model):
    ensemble = model.ensemble()
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
    config = PooledConfig(BoosterConfig(trees=60))
    means = {
        name: Pooled(config).fit(x, table, DESCRIPTORS).margins(x)[:, 1].mean()
        for name, table in (("known", success), ("unknown", unknown), ("failed", failed))
    }
    assert means["unknown"] == pytest.approx(means["known"], abs=0.25)
    assert means["failed"] < means["known"] - 0.5


def test_models_that_are_all_free_can_be_fitted():
    x, success = rows(200, 3)
    free = Descriptors(np.zeros(3), np.array([0.3, 0.5, 0.8]))
    model = Pooled(PooledConfig(BoosterConfig(trees=5))).fit(x, success, free)
    assert np.isfinite(model.margins(x)).all()
    np.testing.assert_allclose(exported(model, x), model.margins(x), atol=1e-12)
