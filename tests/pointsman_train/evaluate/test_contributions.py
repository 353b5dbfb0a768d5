from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.evaluate.contributions import explainer
from pointsman_train.featurize.layout import Block, Layout
from pointsman_train.train.average import Average
from pointsman_train.train.booster import BoostedConfig, BoosterConfig
from pointsman_train.train.difference import Difference
from pointsman_train.train.logistic import Logistic
from pointsman_train.train.multiclass import Multiclass
from pointsman_train.train.per_model import PerModel
from pointsman_train.train.pooled import Pooled
from pointsman_train.train.success import Descriptors, Targets

LAYOUT = Layout(
    (
        Block("surface", ("chars", "digits", "noise")),
        Block("words", ("score_a", "score_b", "score_c"), per_model=True),
        Block("embedding", ("embedding_0",), dense=True),
    )
)
DESCRIPTORS = Descriptors(np.array([1.0, 2.0, 4.0]), np.array([0.3, 0.5, 0.7]))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(600, 7)).astype(np.float32)
    # The small model is good at long prompts, the large one whatever comes; digits are hard for all.
    logit = np.stack([2.0 * features[:, 0], 0.2 + 0.0 * features[:, 0], 1.0 - 0.5 * features[:, 0]], axis=1)
    success = (rng.random((600, 3)) < 1 / (1 + np.exp(-logit + features[:, 1:2]))).astype(float)
    label = np.where(success.any(axis=1), success.argmax(axis=1), 3)
    return features, Targets(success, success, np.ones((600, 3), int), label)


def _fit(formulation, data):
    config = BoostedConfig(BoosterConfig(trees=40, leaves=7))
    return formulation(config).fit(*data, DESCRIPTORS, LAYOUT)


def _average(config):
    return Average([PerModel(config), Difference(config), Logistic()])


@pytest.mark.parametrize("formulation", [Pooled, PerModel, Difference, _average])
def test_exact_contributions_add_up_to_the_log_odds_but_for_a_constant_a_model(formulation, data):
    model, features = _fit(formulation, data), data[0]
    explained = explainer(model, features)
    found = explained.contributions(features)
    rest = model.margins(features) - found.sum(axis=2)

    assert explained.exact
    assert found.shape == (600, 3, 7)
    np.testing.assert_allclose(rest, np.broadcast_to(rest[:1], rest.shape), atol=1e-9)
    assert found.std() > 0.1


@pytest.mark.parametrize("formulation", [Pooled, PerModel, Difference])
def test_what_makes_the_models_differ_is_the_first_reason(formulation, data):
    features = data[0]
    explained = explainer(_fit(formulation, data), features)
    found = explained.contributions(features[:100])
    small_against_large = found[:, 0] - found[:, 2]

    assert LAYOUT.names[np.abs(small_against_large).mean(axis=0).argmax()] == "chars"


def test_a_column_that_trees_do_not_read_contributes_nothing(data):
    features = data[0]
    for formulation in (Pooled, PerModel, Difference):
        found = explainer(_fit(formulation, data), features).contributions(features[:20])
        assert not found[:, :, LAYOUT.names.index("embedding_0")].any()


def test_contributions_of_trees_are_those_that_lightgbm_gives(data):
    model, features = _fit(PerModel, data), data[0]
    found = explainer(model, features).contributions(features[:20])
    for m, head in enumerate(model.heads):
        told = head.booster.predict(features[:20][:, head.columns].astype(float), pred_contrib=True)[:, :-1]
        np.testing.assert_allclose(found[:, m][:, head.columns], told, atol=1e-9)


def test_occlusion_is_what_the_log_odds_lose_when_a_feature_takes_its_median(data):
    model, features = _fit(Multiclass, data), data[0]
    explained = explainer(model, features)
    hidden = features[:5].copy()
    hidden[:, 1] = np.median(features[:, 1])
    found = explained.contributions(features[:5])

    assert not explained.exact
    np.testing.assert_allclose(found[:, :, 1], model.margins(features[:5]) - model.margins(hidden))
