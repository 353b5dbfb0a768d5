from __future__ import annotations

import re

import numpy as np
import pytest

from pointsman_train.errors import LabelError
from pointsman_train.featurize.layout import Block, Layout
from pointsman_train.featurize.run import open_session
from pointsman_train.graph import DOUBLE, FLOAT, GraphBuilder
from pointsman_train.train.booster import BoosterConfig
from pointsman_train.train.complexity import ComplexityConfig, fit_complexity
from pointsman_train.train.trees import add_forest

LAYOUT = Layout((Block("surface", ("a", "b", "c", "d")),))
CONFIG = ComplexityConfig(BoosterConfig(trees=60))


def rows(classes, n=300):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 4)).astype(np.float32)
    return x, np.array(classes)[np.clip((x[:, 0] * 1.5 + 1).astype(int), 0, len(classes) - 1)]


def test_margins_have_a_column_for_each_label_that_occurs():
    x, label = rows((0, 2, 3))
    model = fit_complexity(x, label, (0, 2, 3), LAYOUT, CONFIG)
    margins = model.margins(x)
    assert margins.shape == (300, 3)
    assert (np.array((0, 2, 3))[margins.argmax(axis=1)] == label).mean() > 0.7


def test_the_trees_of_a_round_belong_to_the_classes_in_turn():
    x, label = rows((0, 1, 2))
    model = fit_complexity(x, label, (0, 1, 2), LAYOUT, CONFIG)
    ensemble = model.ensemble()
    assert len(ensemble.trees) == 60 * 3
    g = GraphBuilder()
    [sums] = add_forest(g, g.add("Cast", "x", to=DOUBLE), [ensemble])
    g.alias(sums.add(g), "margins")
    session = open_session(g.model({"x": (FLOAT, ["N", 4])}, {"margins": (DOUBLE, ["N", 3])}))
    np.testing.assert_allclose(session.run(["margins"], {"x": x})[0], model.margins(x), atol=1e-12)


def test_a_fold_may_lack_a_class_that_others_have():
    x, label = rows((0, 1))
    model = fit_complexity(x, label, (0, 1, 3), LAYOUT, CONFIG)
    margins = model.margins(x)
    assert margins.shape == (300, 3)
    assert (margins[:, 2] < margins[:, :2].max(axis=1)).all()
    assert model.ensemble().n_targets == 3


def test_one_class_is_nothing_to_tell_apart():
    expected = "every training prompt has the label (1,): there is nothing to route"
    with pytest.raises(LabelError, match=re.escape(expected)):
        fit_complexity(np.zeros((5, 1), np.float32), np.ones(5, int), (1,), LAYOUT, CONFIG)
