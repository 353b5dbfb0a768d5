from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.data import DropLog, Outcomes
from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.evaluate.stage import POINT_FIGURES, EvaluateConfig, Judged, judge
from pointsman_train.label import LabelConfig, label

NAN = np.nan
COST = np.array([1.0, 2.0, 4.0])
# What each model got right; the last two prompts are not wholly known.
SCORE = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 0, 1], [0, 1, 0], [1, NAN, 1], [NAN, 1, 0]], float)
FEW = EvaluateConfig(resamples=40)


def outcomes(score, cost=None):
    names = [f"q{i}" for i in range(len(score))]
    cost = np.tile(COST, (len(score), 1)) if cost is None else cost
    trials = (~np.isnan(score)).astype(int)
    return Outcomes(names, names, ["s"] * len(score), ("a", "b", "c"), score, trials, cost, "file", DropLog(), "")


def judged(n, p=None, **changes):
    p = np.tile([0.5, 0.6, 0.7], (n, 1)) if p is None else p
    lambdas = {"free": 0.0, "cheap": 9.0}
    given = Judged(p, np.full((n, 4), 0.25), lambdas, "free", COST, np.array([0.3, 0.4, 0.5]))
    return replace(given, **changes)


def run(score=SCORE, test=None, p=None, cost=None, config=FEW, settings=None, **changes):
    labelled = label(outcomes(score, cost), settings or LabelConfig())
    test = np.ones(len(score), bool) if test is None else test
    return judge(labelled, np.arange(len(score)), test, judged(int(test.sum()), p, **changes), config)


def test_only_prompts_with_every_outcome_known_are_judged_and_the_others_are_counted():
    evaluation = run()
    assert len(evaluation.testset) == 6
    assert evaluation.excluded == {"an outcome is unknown or the prompt has no label": 2}
    metrics = evaluation.metrics()
    assert (metrics["test/prompts"], metrics["test/prompts_excluded"]) == (6.0, 2.0)
    np.testing.assert_array_equal(evaluation.testset.score, SCORE[:6])


def test_only_test_prompts_are_judged_with_their_own_predictions():
    test = np.array([1, 0, 1, 0, 1, 1, 1, 0], bool)
    # Rows of the predictions are the test prompts: 0, 2, 4, 5 and 6, of which 6 is not wholly known.
    p = np.eye(3)[[0, 2, 0, 1, 2]]
    evaluation = run(test=test, p=p)
    np.testing.assert_array_equal(evaluation.testset.score, SCORE[[0, 2, 4, 5]])
    assert evaluation.router.default.choice.tolist() == [0, 2, 0, 1]
    assert evaluation.figures["quality"].value == 1.0
    assert evaluation.figures["under_routing_rate"].value == 0.0


def test_every_operating_point_is_judged_at_its_own_price():
    points = run().point_figures
    assert set(points) == {"free", "cheap"}
    assert set(points["free"]) == set(POINT_FIGURES)
    # All to c: right on prompts 0, 1, 2 and 4 of six; all to a: right on 0 and 4.
    assert points["free"]["quality"].value == pytest.approx(4 / 6)
    assert points["free"]["cost_usd"].value == 4.0
    assert points["cheap"]["quality"].value == pytest.approx(2 / 6)
    assert points["cheap"]["cost_saving"].value == pytest.approx(0.75)
    assert points["cheap"]["under_routing_rate"].value == pytest.approx(3 / 5)


def test_an_unknown_cost_is_the_models_training_mean_and_not_free():
    cost = np.tile(COST, (8, 1))
    cost[:2, 2] = NAN
    evaluation = run(cost=cost, mean_cost=np.array([1.0, 2.0, 7.0]))
    assert evaluation.cost_imputed == 2
    assert evaluation.testset.cost_usd[:3, 2].tolist() == [7.0, 7.0, 4.0]
    assert evaluation.metrics()["test/costs_imputed"] == 2.0


@pytest.mark.parametrize(
    ("policy", "judged_prompts"), [("separate", 6), ("drop", 5), ("cheapest", 6), ("strongest", 6)]
)
def test_all_fail_prompts_are_judged_unless_they_are_dropped(policy, judged_prompts):
    assert len(run(settings=LabelConfig(all_fail=policy)).testset) == judged_prompts


def test_names_are_flat_and_have_their_interval_beside_them():
    metrics = run().metrics()
    for prefix in ("test", "baseline/oracle", "operating_point/cheap"):
        for end in ("", "_low", "_high"):
            assert isinstance(metrics[f"{prefix}/quality{end}"], float)
    assert all(isinstance(value, float) for value in metrics.values())


def test_the_resampling_is_seeded():
    one, again, other = (run(config=EvaluateConfig(40, seed)).metrics() for seed in (0, 0, 1))
    np.testing.assert_equal(one, again)
    assert any(one[name] != other[name] for name in one if one[name] == one[name])


def test_no_complete_prompt_is_an_error():
    score = np.array([[NAN, 1, 1], [1, NAN, 0]])
    with pytest.raises(LabelError, match="none of the 2 test prompts has a label and an outcome of every model"):
        run(score)


def test_one_label_only_is_nothing_to_judge_on():
    score = np.array([[0.0, 1, 1], [0, 1, 0], [1, NAN, 0]])
    expected = "every one of the 2 test prompts has the label 'b': nothing to judge on; bring more varied prompts"
    with pytest.raises(LabelError, match=expected):
        run(score)


def test_too_few_resamples_are_refused():
    with pytest.raises(ConfigError, match=re.escape("evaluate.resamples must be at least 40, got 10")):
        run(config=EvaluateConfig(resamples=10))


def test_a_boundary_margin_below_0_is_refused():
    with pytest.raises(ConfigError, match=r"^evaluate.boundary_margin must not be negative, got -0.1$"):
        EvaluateConfig(boundary_margin=-0.1).check()
