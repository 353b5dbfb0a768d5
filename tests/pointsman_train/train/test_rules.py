from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.decide import Rule, choose_by
from pointsman.guard import Guard
from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.sweep import lambda_grid
from pointsman_train.train.rules import Evidence, RuleConfig, fit_hold, rule_at, settings_of

COST = np.array([1.0, 4.0])
WON, LOST = (1.0, 0.0), (0.0, 1.0)


def evidence(*bins, cost=COST):
    """Make prompts on which the cheap model leads the best single one; a bin is (lead, prompts won, prompts lost)."""
    p, score = [], []
    for lead, won, lost in bins:
        p += [(0.5 + lead, 0.5)] * (won + lost)
        score += [WON] * won + [LOST] * lost
    return Evidence(np.array(p), np.array(score), cost, 1)


def test_the_hold_is_the_lead_from_which_on_every_bin_has_paid():
    # Means of -1, 0, 1/3 and 1; one standard error of the third is 0.175.
    found = fit_hold(evidence((0.125, 0, 30), (0.25, 15, 15), (0.375, 20, 10), (0.5, 30, 0)), Rule())
    assert found == 0.3125


def test_the_rule_then_leaves_the_best_single_model_where_it_has_paid_and_nowhere_else():
    given = evidence((0.125, 0, 30), (0.25, 15, 15), (0.375, 20, 10), (0.5, 30, 0))
    rule = rule_at(RuleConfig("conservative", caution=0.0), 0.0, given)
    chosen = choose_by(rule, given.p_success, COST, 1).chosen
    assert chosen.reshape(4, 30).mean(axis=1).tolist() == [1.0, 1.0, 0.0, 0.0]


def test_a_bin_that_fails_holds_all_below_it_though_they_have_paid():
    assert fit_hold(evidence((0.125, 30, 0), (0.25, 30, 0), (0.375, 10, 20), (0.5, 30, 0)), Rule(lam=0.0)) == 0.4375


def test_where_every_bin_has_paid_nothing_is_held():
    assert fit_hold(evidence((0.125, 20, 10), (0.25, 25, 5), (0.375, 30, 0)), Rule(lam=0.0)) == 0.0


def test_where_the_largest_leads_have_not_paid_everything_is_held():
    given = evidence((0.125, 30, 0), (0.25, 30, 0), (0.375, 0, 30))
    for lam in (0.0, 0.25):
        assert fit_hold(given, Rule(lam=lam)) == 2.0 + lam


@pytest.mark.parametrize(("won", "held"), [(17, True), (18, False)])
def test_a_mean_gain_has_to_clear_one_standard_error(won, held):
    # 17 of 30: 0.133 with an error of 0.184. 18 of 30: 0.2 with an error of 0.182.
    assert fit_hold(evidence((0.25, won, 30 - won)), Rule(lam=0.0)) == (2.0 if held else 0.0)


def test_what_is_saved_is_a_gain_at_its_price():
    # 13 of 30 lose 4/30 of score on average; the cheap model saves 0.75 of the dearest's cost.
    given = evidence((0.25, 13, 17))
    assert fit_hold(given, Rule(lam=0.25)) == 2.25
    assert fit_hold(given, Rule(lam=0.5)) == 0.0


@pytest.mark.parametrize(("prompts", "hold"), [(29, 2.0), (30, 0.0)])
def test_too_few_prompts_are_no_evidence(prompts, hold):
    assert fit_hold(evidence((0.25, prompts, 0)), Rule(lam=0.0)) == hold


def test_a_bin_has_30_prompts_or_more():
    # 59 prompts are one bin: the few that lost at small leads do not stand apart. 60 are two.
    assert fit_hold(evidence((0.125, 0, 9), (0.25, 50, 0)), Rule(lam=0.0)) == 0.0
    assert fit_hold(evidence((0.125, 0, 30), (0.25, 30, 0)), Rule(lam=0.0)) == 0.1875


def test_there_are_ten_bins_at_the_most():
    # 1,000 prompts, a tenth of them a bin: the lowest 60 lost, and 40 that won are in a bin with them.
    leads = np.linspace(0.01, 0.4, 1_000)
    score = np.where(np.arange(1_000)[:, None] < 60, LOST, WON)
    given = Evidence(np.column_stack([0.5 + leads, np.full(1_000, 0.5)]), score, COST, 1)
    assert fit_hold(given, Rule(lam=0.0)) == pytest.approx((leads[99] + leads[100]) / 2)


def test_prompts_that_stay_with_the_best_single_model_say_nothing_about_leaving_it():
    stay = Evidence(np.tile([0.1, 0.9], (500, 1)), np.tile(LOST, (500, 1)), COST, 1)
    leave = evidence((0.25, 30, 0))
    both = Evidence(np.vstack([stay.p_success, leave.p_success]), np.vstack([stay.score, leave.score]), COST, 1)
    assert fit_hold(both, Rule()) == fit_hold(leave, Rule(lam=0.0)) == 0.0
    assert fit_hold(stay, Rule(lam=0.0)) == 2.0


@given(st.integers(0, 1_000), st.floats(0, 12), st.integers(0, 2))
def test_a_hold_is_a_finite_number_from_0_to_one_that_always_holds(seed, lam, anchor):
    rng = np.random.default_rng(seed)
    p, score = rng.random((150, 3)), rng.integers(0, 2, (150, 3)).astype(float)
    assert 0.0 <= fit_hold(Evidence(p, score, np.array([1.0, 2.0, 4.0]), anchor), Rule(lam=lam)) <= 2.0 + lam


def test_each_rule_has_its_own_dial():
    given = evidence((0.25, 30, 0))
    utility = settings_of(RuleConfig("utility", caution=0.0), given)
    assert utility == [Rule("utility", lam) for lam in lambda_grid(COST)]
    threshold = settings_of(RuleConfig("threshold", fallback_lam=0.5), given)
    assert (threshold[0], threshold[-1]) == (Rule("threshold", 0.5, threshold=1.0), Rule("threshold", 0.5))
    assert threshold[1].threshold == pytest.approx(0.995)
    conservative = settings_of(RuleConfig("conservative", caution=0.0), given)
    assert [rule.lam for rule in conservative] == lambda_grid(COST).tolist()
    assert all(rule.hold == fit_hold(given, Rule(lam=rule.lam)) for rule in conservative)


def test_familiar_prompts_are_those_on_which_the_guard_does_not_fire():
    near = np.array([0.25, 0.5, 0.75])
    given = Evidence(np.eye(3), np.eye(3), np.ones(3), 0, near)
    assert given.familiar(Guard(0.5, 1)).p_success.tolist() == np.eye(3)[1:].tolist()
    assert given.familiar(Guard(0.5, 1)).similarity.tolist() == [0.5, 0.75]
    assert given.familiar(None) is given
    unmeasured = Evidence(np.eye(3), np.eye(3), np.ones(3), 0)
    assert unmeasured.familiar(Guard(0.5, 1)) is unmeasured


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (RuleConfig("greedy"), "train.rule.kind must be one of ['utility', 'threshold', 'conservative'], got 'greedy'"),
        (RuleConfig(fallback_lam=-0.5), "train.rule.fallback_lam must not be negative, got -0.5"),
    ],
)
def test_a_setting_out_of_range_is_named(config, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        config.check()
