from __future__ import annotations

import numpy as np
from scipy.special import log_softmax

from pointsman_train.featurize.run import open_session
from pointsman_train.graph import DOUBLE, GraphBuilder
from pointsman_train.train.affine import Affine, identity, scaled_softmax
from pointsman_train.train.sums import result


def test_identity_leaves_margins_as_they_are():
    z = np.array([[0.0, -2.0], [1.0, 3.0]])
    np.testing.assert_array_equal(identity(2)(z), z)
    np.testing.assert_allclose(identity(2).label_probability(z)[0], [1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2))])


def test_the_map_in_the_graph_is_the_map():
    affine = Affine(np.array([[1.0, 0.5], [0.25, -2.0]]), np.array([0.1, -0.2]))
    g = GraphBuilder()
    g.alias(affine.of(result("z", 2)).add(g), "out")
    session = open_session(g.model({"z": (DOUBLE, ["N", 2])}, {"out": (DOUBLE, ["N", 2])}))
    z = np.array([[2.0, 4.0]])
    # 2 + 1 + 0.1 and 1 - 8 - 0.2
    np.testing.assert_allclose(session.run(["out"], {"z": z})[0], [[3.1, -7.2]])
    np.testing.assert_allclose(affine(z), [[3.1, -7.2]])


def test_scaled_softmax_lowers_the_log_loss_and_finds_temperature_and_offsets():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20_000, 3)) * 2
    truth = log_softmax(0.5 * z + np.array([0.0, 0.7, -0.4]), axis=1)
    target = (np.exp(truth).cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    found = scaled_softmax(z, target)
    np.testing.assert_allclose(np.diag(found.weight), 0.5, atol=0.03)
    np.testing.assert_allclose(found.bias - found.bias[0], [0.0, 0.7, -0.4], atol=0.1)
    rows = np.arange(len(z))
    before, after = (-np.log(m.label_probability(z)[rows, target]).mean() for m in (identity(3), found))
    assert after < before - 0.1
    np.testing.assert_allclose(found.label_probability(z).sum(axis=1), 1.0)


def test_scaled_softmax_of_one_class_stays_finite():
    z = np.random.default_rng(0).normal(size=(30, 3))
    found = scaled_softmax(z, np.zeros(30, int))
    assert np.isfinite(found.label_probability(z)).all()


def test_without_a_labelled_prompt_margins_stay_as_they_are():
    found = scaled_softmax(np.empty((0, 3)), np.empty(0, int))
    np.testing.assert_array_equal(found(np.eye(3)), np.eye(3))
