from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from pointsman_train.featurize.layout import Layout
from pointsman_train.train.mlp import Mlp, MlpConfig
from pointsman_train.train.scale import fit_scale

COUNTS, PLAIN = np.array([0, 2]), np.array([1])


@pytest.fixture(scope="module")
def model(task):
    return task.fit(Mlp(MlpConfig()))


def test_a_scale_takes_roots_of_counts_then_centres_and_divides():
    x = np.array([[4.0, 1.0, 1.0], [0.0, -3.0, 9.0]], np.float32)
    scale = fit_scale(x, COUNTS, PLAIN)
    # roots 2 and 0, 1 and 3; plain 1 and -3
    np.testing.assert_allclose(scale.mean, [1.0, 2.0, -1.0])
    np.testing.assert_allclose(scale.deviation, [1.0, 1.0, 2.0])
    np.testing.assert_allclose(scale(x), [[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])


def test_sums_of_a_scale_in_the_graph_are_those_of_scaled_columns(task, exported):
    scale, rng = fit_scale(task.features, COUNTS, PLAIN), np.random.default_rng(0)
    weight, bias = rng.normal(size=(3, 2)), rng.normal(size=2)

    class Scaled:
        def add(self, g, features, forest):
            return scale.sums(g, features, weight, bias)

        def ensembles(self):
            return ()

    np.testing.assert_allclose(exported(Scaled(), task.features), scale(task.features) @ weight + bias, atol=1e-12)


def test_a_column_that_does_not_vary_is_only_centred():
    x = np.full((7, 3), 0.1, np.float32)
    scale = fit_scale(x, COUNTS, PLAIN)
    np.testing.assert_array_equal(scale.deviation, 1.0)
    assert np.abs(scale(x)).max() < 1e-12


def test_word_scores_are_not_read_and_surface_and_embedding_are(model, task):
    columns = task.layout.columns
    before = model.margins(task.features)
    for names, read in ((("words",), False), (("surface",), True), (("lexicon",), True), (("embedding",), True)):
        changed = task.features.copy()
        changed[:, columns(*names)] += 1
        assert (model.margins(changed) != before).any() == read, names


def test_it_does_without_an_embedding(task, exported):
    layout = Layout(task.layout.blocks[:-1])
    model = replace(task, layout=layout).fit(Mlp(MlpConfig()))
    np.testing.assert_allclose(exported(model, task.features), model.margins(task.features), atol=1e-9)
    assert model.margins(task.features).std(axis=0).min() > 0.1


def test_each_model_has_its_own_units(model):
    assert model.outer.shape == (3 * 32, 3)
    for m in range(3):
        read = np.flatnonzero(model.outer[:, m])
        assert read.min() >= 32 * m
        assert read.max() < 32 * (m + 1)


def test_a_model_with_few_failures_gets_its_smoothed_rate_and_no_units(task, make_targets, exported):
    success = task.targets.success.copy()
    success[:, 1] = 1.0
    success[:9, 1] = 0.0
    model = task.fit(Mlp(MlpConfig()), targets=make_targets(success))
    np.testing.assert_allclose(expit(model.margins(task.features)[:, 1]), 1_192 / 1_202)
    assert model.outer.shape == (2 * 32, 3)
    np.testing.assert_allclose(exported(model, task.features), model.margins(task.features), atol=1e-9)


def test_another_seed_is_another_net(model, task):
    other = task.fit(Mlp(MlpConfig(seed=1)))
    assert (other.margins(task.features) != model.margins(task.features)).any()
