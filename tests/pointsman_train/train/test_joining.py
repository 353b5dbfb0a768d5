from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from pointsman_train.featurize.run import open_session
from pointsman_train.graph import DOUBLE, GraphBuilder
from pointsman_train.train.joining import Joined, calibrate_joined, mix_of
from pointsman_train.train.sigmoid import Sigmoid, shared_logistic
from pointsman_train.train.sums import result


@pytest.fixture(scope="module")
def made():
    """Three models that fail on much the same prompts; margins of the third say nothing."""
    rng = np.random.default_rng(0)
    ease = rng.normal(size=6_000) * 2
    truth = expit(np.stack([ease, ease - 1, 0.8 * ease + 1], axis=1))
    margins = np.stack([ease, ease - 1, rng.normal(size=6_000)], axis=1) + rng.normal(size=(6_000, 3)) * 0.3
    success = (rng.random(truth.shape) < truth).astype(float)
    return margins, success, truth


def few(success, n):
    kept = success.copy()
    kept[n:, 2] = np.nan
    return kept


def test_where_every_model_is_well_known_nothing_is_mixed(made):
    margins, success, _ = made
    assert mix_of(margins, success) is None
    plain, joined = shared_logistic(margins, success), calibrate_joined(shared_logistic, margins, success)
    assert isinstance(joined, Sigmoid)
    np.testing.assert_array_equal(plain.affine.weight, joined.affine.weight)


def test_a_model_with_few_outcomes_is_told_from_the_others(made):
    margins, success, truth = made
    joined = calibrate_joined(shared_logistic, margins, few(success, 300))
    assert isinstance(joined, Joined)
    alone = shared_logistic(margins, few(success, 300))
    rest = slice(300, None)
    errors = [np.abs(each.success_probability(margins)[rest, 2] - truth[rest, 2]).mean() for each in (joined, alone)]
    assert errors[0] < 0.05 < 0.15 < errors[1]


def test_well_known_models_keep_their_margins(made):
    margins, success, _ = made
    mix = mix_of(margins, few(success, 300))
    np.testing.assert_array_equal(mix(margins)[:, :2], margins[:, :2])


def test_its_own_margins_count_as_far_as_they_tell(made):
    margins, success, truth = made
    telling = margins.copy()
    telling[:, 2] = np.log(truth[:, 2] / (1 - truth[:, 2])) * 3
    assert mix_of(telling, few(success, 2_000)).weight[2, 2] > 0.1
    assert abs(mix_of(margins, few(success, 2_000)).weight[2, 2]) < 0.1


def test_outcomes_of_one_kind_give_their_smoothed_rate(made):
    margins, success, _ = made
    always = few(success, 50)
    always[:50, 2] = 1.0
    assert mix_of(margins, always)(margins)[:, 2] == pytest.approx(np.log(51))


def test_the_graph_gives_the_same_probabilities(made):
    margins, success, _ = made
    joined = calibrate_joined(shared_logistic, margins, few(success, 300))
    g = GraphBuilder()
    g.alias(joined.add(g, result("margins", 3)), "p")
    session = open_session(g.model({"margins": (DOUBLE, ["N", 3])}, {"p": (DOUBLE, ["N", 3])}))
    np.testing.assert_allclose(
        session.run(["p"], {"margins": margins})[0], joined.success_probability(margins), atol=1e-12
    )
