from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.decide import RULES, Rule, choose, choose_by, utilities
from pointsman.guard import Guard, guarded
from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.evaluate.sweep import lambda_grid
from pointsman_train.train.operating_points import TARGETS, OperatingPointsConfig, Target, fit_points
from pointsman_train.train.rules import Evidence, RuleConfig, settings_of

# The dear model costs four times the cheap one, so it is given up from lambda = (P_dear - P_cheap) / 0.75 on.
COST = np.array([1.0, 4.0])
P = np.array([[0.9, 0.9], [0.5, 0.8], [0.2, 0.8], [0.1, 0.85]])
# The cheap model fails where it is given little; the dear one always succeeds.
SCORE = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0], [0.0, 1.0]])


def fit(kind, value, p=P, score=SCORE, cost=COST, best=1, similarity=None, rule=None, guard=None):
    config = OperatingPointsConfig({"x": Target(kind, value)}, "x")
    return fit_points(Evidence(p, score, cost, best, similarity), config, rule or RuleConfig(caution=0.0), guard)["x"]


def routed(lam, p=P, score=SCORE, cost=COST):
    chosen = choose(utilities(p, cost, lam))
    return score[np.arange(len(p)), chosen].mean(), cost[chosen].mean()


def test_no_loss_is_the_largest_saving_that_keeps_the_best_single_models_score():
    # The second prompt turns cheap at 0.4, the third at 0.8 and would fail.
    point = fit("max_loss", 0.0)
    assert 0.4 < point.rule.lam <= 0.8
    assert routed(point.rule.lam) == (1.0, 2.5)
    grid = lambda_grid(COST)
    assert point.rule.lam == grid[grid <= 0.8].max()
    assert point.target == "at most 0 points below the best single model"


def test_a_loss_that_is_allowed_is_used():
    # The third prompt turns cheap at 0.8, the fourth at 1.0.
    point = fit("max_loss", 0.25)
    assert 0.8 < point.rule.lam <= 1.0
    assert routed(point.rule.lam) == (0.75, 1.75)
    assert fit("max_loss", 0.5).rule.lam == lambda_grid(COST)[-1]


def test_a_loss_on_sources_left_out_is_kept_as_well():
    # Left out, the router takes the third prompt for an easy one: from lambda 0.4 on it fails.
    unseen = Evidence(np.where(np.arange(4)[:, None] == 2, [[0.5, 0.8]], P), SCORE, COST, 1)

    def lam(most, unseen):
        config = OperatingPointsConfig({"x": Target("max_loss", 0.25, unseen=most)}, "x")
        return fit_points(Evidence(P, SCORE, COST, 1), config, RuleConfig(caution=0.0), None, unseen)["x"]

    assert lam(0.0, unseen).rule.lam <= 0.4 < lam(0.25, unseen).rule.lam == lam(None, unseen).rule.lam
    assert lam(0.0, None).rule.lam == lam(None, None).rule.lam
    both = "at most 25 points below the best single model, 0 points on sources left out of training"
    assert lam(0.0, unseen).target == both
    assert lam(0.0, None).target == "at most 25 points below the best single model"


def test_a_caution_is_part_of_every_setting():
    label = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    config = OperatingPointsConfig({"x": Target("cost_between", 0.5), "y": Target("fixed", 0.3)}, "x")
    points = fit_points(Evidence(P, SCORE, COST, 1, p_label=label), config, RuleConfig(caution=0.25), None)
    assert {point.rule.caution for point in points.values()} == {0.25}
    # Half the cost means two dear prompts. Without the caution the second prompt turns cheap at 0.4, now at 0.73.
    plain = fit_points(Evidence(P, SCORE, COST, 1), config, RuleConfig(caution=0.0), None)
    assert plain["x"].rule.lam < 0.55 / 0.75 <= points["x"].rule.lam


def test_a_router_that_cannot_keep_the_word_does_not_look_at_cost():
    # It prefers the model that fails, at any price.
    p, score = np.array([[0.9, 0.2]]), np.array([[0.0, 1.0]])
    point = fit("max_loss", 0.1, p, score)
    assert point.rule.lam == 0.0
    assert point.target == "not reached: at most 10 points below the best single model"


@pytest.mark.parametrize(
    ("share", "cost"), [(0.0, 1.0), (0.25, 1.75), (0.5, 2.5), (0.7, 2.5), (0.75, 3.25), (1.0, 3.25)]
)
def test_cost_between_is_the_smallest_price_that_keeps_within_the_budget(share, cost):
    # The first prompt is a tie and is cheap at any price.
    point = fit("cost_between", share)
    assert routed(point.rule.lam)[1] == cost
    assert point.target == f"cost at most {100 * share:g} % of the way from cheapest to best single model"


def test_where_the_cheapest_is_the_best_single_model_the_budget_is_its_cost():
    score = SCORE[:, ::-1]
    point = fit("cost_between", 0.5, score=score, best=0)
    assert routed(point.rule.lam)[1] == 1.0


def test_free_models_are_within_any_budget():
    assert fit("cost_between", 0.5, cost=np.zeros(2)).rule.lam == 0.0


def test_fixed_is_the_price_as_given():
    assert fit("fixed", 3.25).rule == Rule("utility", lam=3.25)
    assert fit("fixed", 3.25).target == "lambda 3.25"


def test_only_prompts_with_every_outcome_known_count():
    p = np.vstack([P, [[0.9, 0.1]] * 20])
    score = np.vstack([SCORE, [[0.0, np.nan]] * 20])
    assert fit("max_loss", 0.0, p, score) == fit("max_loss", 0.0)


def test_no_prompt_with_every_outcome_known_is_an_error():
    score = np.array([[1.0, np.nan], [np.nan, 1.0]])
    expected = "none of 2 training prompts has an outcome of every model, so no operating point can be fitted"
    with pytest.raises(LabelError, match=expected):
        fit("max_loss", 0.0, P[:2], score)


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.01, 0.1, 0.4]))
def test_the_word_is_kept_on_the_data_that_it_was_fitted_on(seed, value):
    rng = np.random.default_rng(seed)
    p, score = rng.random((30, 3)), rng.integers(0, 2, (30, 3)).astype(float)
    cost = np.sort(rng.random(3)) + 0.01
    best = int(np.argmax(score.mean(axis=0)))
    config = OperatingPointsConfig({"loss": Target("max_loss", value), "cost": Target("cost_between", value)}, "loss")
    points = fit_points(Evidence(p, score, cost, best), config, RuleConfig(caution=0.0), None)
    quality, _ = routed(points["loss"].rule.lam, p, score, cost)
    assert quality >= score[:, best].mean() - value - 1e-12 or points["loss"].rule.lam == 0.0
    _, spent = routed(points["cost"].rule.lam, p, score, cost)
    assert spent <= cost[0] + value * (cost[best] - cost[0]) + 1e-9


def served(rule, guard, similarity, p=P, score=SCORE, cost=COST, best=1):
    chosen = guarded(choose_by(rule, p, cost, best), guard, similarity).chosen
    return score[np.arange(len(p)), chosen].mean(), cost[chosen].mean()


# The first prompt is unlike the training prompts.
NEAR = np.array([0.25, 0.75, 0.75, 0.75])


def test_a_budget_counts_what_the_guard_sends_to_its_fallback():
    guard = Guard(0.5, 1)
    # The first prompt costs 4 whatever lambda is, so within 1.75 all the others must be cheap.
    point = fit("cost_between", 0.25, similarity=NEAR, guard=guard)
    assert point.rule.lam > 1.0
    assert served(point.rule, guard, NEAR) == (0.5, 1.75)
    assert fit("cost_between", 0.25).rule.lam < 1.0


def test_a_budget_that_the_guard_alone_exceeds_is_met_as_nearly_as_can_be():
    guard = Guard(0.5, 1)
    point = fit("cost_between", 0.0, similarity=NEAR, guard=guard)
    assert served(point.rule, guard, NEAR)[1] == 1.75
    assert point.target.startswith("not reached: cost at most 0 % of the way")


def test_a_loss_counts_what_the_guard_sends_to_its_fallback():
    # Of the last two prompts, which fail on the cheap model, the guard saves one whatever lambda is.
    near, guard = NEAR[::-1], Guard(0.5, 1)
    point = fit("max_loss", 0.25, similarity=near, guard=guard)
    assert point.rule.lam == lambda_grid(COST)[-1]
    assert served(point.rule, guard, near) == (0.75, 1.75)
    # Sent to the cheap model instead, it loses a quarter of a point at any lambda: no loss can be kept.
    assert fit("max_loss", 0.0, similarity=near, guard=Guard(0.5, 0)).rule.lam == 0.0


def test_a_guard_without_similarities_changes_nothing():
    assert fit("max_loss", 0.0, guard=Guard(0.5, 1)) == fit("max_loss", 0.0)


def test_a_threshold_is_fitted_to_the_target_with_the_fallbacks_price_as_given():
    # Cheap where its probability reaches the threshold: the second prompt may, the third at 0.2 must not.
    point = fit("max_loss", 0.0, rule=RuleConfig("threshold"))
    assert point.rule == Rule("threshold", 0.0, threshold=pytest.approx(0.205))
    assert served(point.rule, None, None) == (1.0, 2.5)
    # At a price of 1 the dear model is not worth its cost where none reaches the threshold.
    priced = fit("cost_between", 0.0, rule=RuleConfig("threshold", fallback_lam=1.5))
    assert (priced.rule.lam, served(priced.rule, None, None)[1]) == (1.5, 1.0)
    assert priced.rule.threshold > 0.9


def test_a_fixed_point_of_a_threshold_rule_is_its_threshold():
    point = fit("fixed", 0.6, rule=RuleConfig("threshold", fallback_lam=0.25))
    assert point.rule == Rule("threshold", 0.25, threshold=0.6)
    assert point.target == "threshold 0.6"


def test_a_conservative_point_holds_what_the_evidence_does_not_carry():
    # Four prompts are no evidence, so the best single model keeps them all at any lambda.
    point = fit("max_loss", 0.0, rule=RuleConfig("conservative", caution=0.0))
    assert (point.rule.kind, point.rule.hold) == ("conservative", 2.0 + point.rule.lam)
    assert served(point.rule, None, None) == (1.0, 4.0)
    # Sixty of the second prompt are: cheap, and as good.
    p, score = np.repeat(P[1:3], 60, axis=0), np.repeat(SCORE[1:3], 60, axis=0)
    point = fit("max_loss", 0.0, p, score, rule=RuleConfig("conservative", caution=0.0))
    assert served(point.rule, None, None, p, score) == (1.0, 2.5)
    # Leads of 0.75 lambda - 0.3 and, where the cheap model fails, 0.75 lambda - 0.6.
    assert point.rule.hold == pytest.approx(0.75 * point.rule.lam - 0.45)
    assert fit("fixed", 0.5, p, score, rule=RuleConfig("conservative", caution=0.0)).rule == Rule(
        "conservative", 0.5, hold=0.0
    )


def test_a_hold_is_fitted_on_the_prompts_that_the_rule_decides():
    p, score = np.repeat(P[1:3], 60, axis=0), np.repeat(SCORE[1:3], 60, axis=0)
    near = np.repeat([0.25, 0.75], 60)
    # All that would leave the best single model is unfamiliar, so there is no evidence.
    point = fit(
        "fixed", 0.5, p, score, similarity=near, rule=RuleConfig("conservative", caution=0.0), guard=Guard(0.5, 1)
    )
    assert point.rule.hold == 2.5


@given(st.integers(0, 10_000), st.sampled_from(RULES), st.sampled_from([0.0, 0.1, 0.4]), st.integers(0, 2))
def test_the_word_is_kept_as_served_under_every_rule_and_guard(seed, kind, value, fallback):
    rng = np.random.default_rng(seed)
    p, score = rng.random((80, 3)), rng.integers(0, 2, (80, 3)).astype(float)
    cost, near = np.sort(rng.random(3)) + 0.01, rng.random(80)
    best, guard = int(np.argmax(score.mean(axis=0))), Guard(0.25, fallback)
    given = {"p": p, "score": score, "cost": cost, "best": best}
    points = [
        fit(k, value, similarity=near, rule=RuleConfig(kind, caution=0.0), guard=guard, **given) for k in TARGETS[:2]
    ]
    dial = settings_of(RuleConfig(kind, caution=0.0), Evidence(p, score, cost, best, near).familiar(guard))
    reachable = [served(rule, guard, near, **given) for rule in dial]
    quality, spent = served(points[0].rule, guard, near, **given)[0], served(points[1].rule, guard, near, **given)[1]
    floor, budget = score[:, best].mean() - value - 1e-12, cost[0] + value * (cost[best] - cost[0]) + 1e-9
    assert quality >= floor or all(found < floor for found, _ in reachable)
    assert spent <= budget or spent == min(paid for _, paid in reachable)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            OperatingPointsConfig(default="none"),
            "operating_points.default 'none' is not one of ['no_loss', 'balanced',",
        ),
        (
            OperatingPointsConfig({"x": Target("cheapest", 0.1)}, "x"),
            f"operating point 'x' has the kind 'cheapest', expected one of {TARGETS}",
        ),
        (
            OperatingPointsConfig({"x": Target("max_loss", 1.5)}, "x"),
            "operating point 'x' (max_loss) has the value 1.5, expected 0 to 1",
        ),
        (OperatingPointsConfig({"x": Target("fixed", -1.0)}, "x"), "operating point 'x' (fixed) has the value -1.0"),
    ],
)
def test_a_setting_out_of_range_is_named(config, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        config.check()


def test_a_fixed_price_may_be_above_1():
    OperatingPointsConfig({"x": Target("fixed", 12.0)}, "x").check()


def test_a_fixed_threshold_may_not_be_above_1():
    config = OperatingPointsConfig({"x": Target("fixed", 12.0)}, "x")
    expected = "operating point 'x' (fixed) has the value 12.0, expected 0 to 1"
    with pytest.raises(ConfigError, match=re.escape(expected)):
        config.check("threshold")
