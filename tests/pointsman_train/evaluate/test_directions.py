from __future__ import annotations

import numpy as np
import pytest

from pointsman.decide import Rule
from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.bootstrap import resample_weights
from pointsman_train.evaluate.directions import HIGHER, LOWER, NEITHER, direction
from pointsman_train.evaluate.figures import evaluate
from pointsman_train.evaluate.robustness import robustness
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.slices import slice_figures
from pointsman_train.evaluate.slicing import by_source
from pointsman_train.evaluate.sweep import lambda_grid, route, serve


@pytest.mark.parametrize("n_models", [2, 4])
def test_every_figure_that_a_router_can_have_has_a_direction(make, n_models):
    testset, p_success = make(n_prompts=120, n_models=n_models)
    p_label = np.random.default_rng(0).random((120, n_models + 1))
    weights = resample_weights(testset.group, np.random.default_rng(1), 40)
    routed = route(testset, p_success, lambda_grid(testset.train_mean_cost, 20), 0.3, p_label)
    router = Router(routed.sweep, routed.default, 0.3, p_success, p_label, np.arange(120) < 5)
    names = set(evaluate(testset, router, weights))
    point = serve(testset, p_success, Rule("utility", 0.3))
    for part in slice_figures(testset, point, [by_source(testset.source)], weights, p_success, p_label):
        names |= set(part.figures)
    names |= set(robustness(["a b"] * 120, lambda x: np.zeros(len(x), int), weights, np.random.default_rng(2)))

    assert {direction(name) for name in names} == {HIGHER, LOWER, NEITHER}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("boundary_accuracy", HIGHER),
        ("boundary_accuracy_half_cost", HIGHER),
        ("under_routing_rate", LOWER),
        ("cost_usd", LOWER),
        ("cost_saving", HIGHER),
        ("auc_rung_3", HIGHER),
        ("log_loss_rung_0", LOWER),
        ("dearest_share", NEITHER),
        ("overconfidence_rung_1", NEITHER),
    ],
)
def test_figures_are_good_the_way_they_should_be(name, expected):
    assert direction(name) == expected


def test_a_name_that_no_figure_has_is_refused():
    with pytest.raises(ConfigError, match=r"'accuracy' is not a figure that can be compared, expected one of \['aiq'"):
        direction("accuracy")
