from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from pointsman.decide import Rule
from pointsman.guard import Guard
from pointsman_train.data import DropLog, Outcomes
from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.evaluate.figures import POINT_FIGURES
from pointsman_train.evaluate.stage import EvaluateConfig, Judged, judge
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
    rules = {"free": Rule("utility", 0.0), "cheap": Rule("utility", 9.0)}
    given = Judged(p, np.full((n, 4), 0.25), rules, "free", COST, np.array([0.3, 0.4, 0.5]))
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


# Unlike the training prompts: 1, 3 and 5 of the six that can be judged.
NEAR = np.array([0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.1, 0.9])


def test_operating_points_are_judged_as_served_with_the_guard():
    evaluation = run(guard=Guard(0.5, 1), similarity=NEAR)
    assert evaluation.router.default.choice.tolist() == [2, 1, 2, 1, 2, 1]
    assert evaluation.figures["quality"].value == pytest.approx(5 / 6)
    assert evaluation.figures["cost_usd"].value == 3.0
    assert evaluation.figures["unfamiliar_share"].value == 0.5
    # All to a but the unfamiliar ones: right on 0, 1, 4 and 5.
    assert evaluation.point_figures["cheap"]["quality"].value == pytest.approx(4 / 6)
    assert evaluation.point_figures["cheap"]["cost_usd"].value == 1.5
    assert evaluation.metrics()["test/unfamiliar_share"] == 0.5


def test_the_sweep_judges_the_probabilities_without_the_guard():
    p = np.random.default_rng(0).random((8, 3))
    plain, guarded = run(p=p), run(p=p, guard=Guard(0.5, 1), similarity=NEAR)
    swept = ("hull_gain", "aiq", "cs95", "cs90", "cs80", "apgr", "quality_half_cost", "dearest_share_max", "auc_macro")
    for name in swept:
        assert guarded.figures[name].value == pytest.approx(plain.figures[name].value, nan_ok=True), name
    assert guarded.router.default.choice.tolist() != plain.router.default.choice.tolist()
    for one, other in zip(plain.router.sweep, guarded.router.sweep, strict=True):
        np.testing.assert_array_equal(one.choice, other.choice)


def test_without_a_guard_there_is_no_share_of_unfamiliar_prompts():
    assert "unfamiliar_share" not in run().figures
    assert "unfamiliar_share" not in run(similarity=NEAR).figures


def test_a_close_call_is_none_where_the_guard_decides():
    p = np.tile([0.65, 0.6, 0.7], (8, 1))
    assert run(p=p).figures["score_boundary_share"].value == 1.0
    assert run(p=p, guard=Guard(0.5, 1), similarity=NEAR).figures["score_boundary_share"].value == 0.5


def test_each_operating_point_is_judged_by_its_own_rule():
    rules = {
        "enough": Rule("threshold", 0.0, threshold=0.55),
        "held": Rule("conservative", 9.0, hold=11.0),
        "free": Rule("utility", 0.0),
    }
    evaluation = run(rules=rules, default="enough")
    # Probabilities of 0.5, 0.6 and 0.7; the best single model is c.
    costs = {name: figures["cost_usd"].value for name, figures in evaluation.point_figures.items()}
    assert costs == {"enough": 2.0, "held": 4.0, "free": 4.0}
    assert evaluation.router.default.choice.tolist() == [1] * 6
    # The sweep is over the threshold: never reached, the likeliest is taken; at 0 the cheapest.
    swept = [point.choice[0] for point in evaluation.router.sweep]
    assert (swept[0], swept[-1], sorted(set(swept))) == (2, 0, [0, 1, 2])


def test_an_unknown_cost_is_estimated_by_the_prompts_other_costs_and_not_free():
    cost = np.tile(COST, (8, 1))
    cost[:2, 2] = NAN
    cost[1] *= 3
    evaluation = run(cost=cost, mean_cost=np.array([1.0, 2.0, 7.0]))
    assert evaluation.cost_imputed == 2
    assert evaluation.testset.cost_usd[:3, 2].tolist() == [7.0, 21.0, 4.0]
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
