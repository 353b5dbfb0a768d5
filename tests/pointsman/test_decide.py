from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.decide import REASONS, RULES, Rule, choose, choose_by, margin, relative_cost, risk, utilities, worth
from pointsman.guard import Guard, fallback_among, guarded

COST = np.array([1.0, 2.0, 4.0])


def test_cost_is_scaled_to_the_dearest_model():
    assert relative_cost(COST).tolist() == [0.25, 0.5, 1.0]


def test_free_models_have_no_relative_cost_and_no_division_by_zero():
    assert relative_cost(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert utilities(np.array([[0.1, 0.2, 0.3]]), np.zeros(3), 5.0).tolist() == [[0.1, 0.2, 0.3]]


def test_one_free_model_beside_dear_ones_costs_nothing():
    assert relative_cost(np.array([0.0, 5.0])).tolist() == [0.0, 1.0]


def test_utility_is_probability_less_lambda_times_relative_cost():
    p = np.array([[0.5, 0.75, 1.0], [0.25, 0.25, 0.5]])
    assert utilities(p, COST, 0.5).tolist() == [[0.375, 0.5, 0.5], [0.125, 0.0, 0.0]]


def test_the_risk_of_a_model_is_that_a_dearer_one_is_needed():
    label = np.array([[0.25, 0.5, 0.125, 0.125], [0.0, 0.0, 0.0, 1.0]])
    assert risk(label).tolist() == [[0.625, 0.125, 0.0], [0.0, 0.0, 0.0]]


def test_worth_is_probability_less_the_caution_share_of_the_risk():
    p, label = np.array([[0.5, 0.75, 0.5]]), np.array([[0.25, 0.5, 0.125, 0.125]])
    assert worth(Rule(caution=0.5), p, label).tolist() == [[0.1875, 0.6875, 0.5]]
    assert worth(Rule(), p, None) is p


def test_a_threshold_is_of_the_probability_itself():
    p, label = np.array([[0.5, 0.75, 0.5]]), np.array([[0.25, 0.5, 0.125, 0.125]])
    assert worth(Rule("threshold", threshold=0.5, caution=0.5), p, label) is p


def test_a_caution_without_label_probabilities_is_an_error():
    with pytest.raises(ValueError, match=r"weighs under-routing, which takes label probabilities, got None"):
        worth(Rule(caution=0.5), np.zeros((1, 3)), None)


@given(st.integers(0, 1_000), st.floats(0, 2), st.floats(0, 1))
def test_a_caution_never_makes_a_choice_cheaper(seed, lam, caution):
    rng = np.random.default_rng(seed)
    p, label = rng.random((50, 3)), rng.dirichlet(np.ones(4), 50)
    plain, raised = Rule(lam=lam), Rule(lam=lam, caution=caution)
    before, after = (choose_by(rule, worth(rule, p, label), COST, LARGE) for rule in (plain, raised))
    # The risk falls along the ladder, so what it takes off a model it takes off every cheaper one as well.
    assert ((after.chosen >= before.chosen) | (before.margin < 1e-9)).all()


def test_with_lambda_0_only_success_counts():
    p = np.array([[0.5, 0.4, 0.6], [0.7, 0.6, 0.5]])
    assert choose(utilities(p, COST, 0.0)).tolist() == [2, 0]


def test_a_tie_goes_to_the_cheaper_model():
    assert choose(np.array([[0.5, 0.5, 0.5], [0.1, 0.9, 0.9]])).tolist() == [0, 1]


def test_a_model_that_is_not_allowed_is_never_chosen_though_all_others_have_negative_utility():
    utility = np.array([[-3.0, -2.0, 9.0], [-1.0, -5.0, 9.0]])
    assert choose(utility, np.array([True, True, False])).tolist() == [1, 0]


def test_margin_is_the_lead_over_the_runner_up():
    assert margin(np.array([[0.5, 0.75, 0.0], [1.0, 1.0, 0.5]])).tolist() == [0.25, 0.0]


def test_margin_looks_at_allowed_models_alone():
    utility = np.array([[0.5, 0.75, 0.0]])
    assert margin(utility, np.array([True, False, True])).tolist() == [0.5]
    assert margin(utility, np.array([False, False, True])).tolist() == [np.inf]


def test_a_single_row_is_decided_without_a_batch():
    assert int(choose(np.array([0.1, 0.3]))) == 1
    assert float(margin(np.array([0.25, 0.5]))) == 0.25


probabilities = st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=8).map(np.array)


@given(probabilities, st.floats(0, 20), st.floats(0, 20))
def test_a_higher_price_of_cost_never_buys_a_dearer_model(p, one, other):
    low, high = sorted((one, other))
    cheap, dear = (COST[choose(utilities(p, COST, lam))] for lam in (high, low))
    # A hair's breadth between two utilities may fall either way in floating point.
    close = margin(utilities(p, COST, low)) < 1e-9
    assert ((cheap <= dear) | close | (margin(utilities(p, COST, high)) < 1e-9)).all()


@given(probabilities)
def test_the_rule_ignores_the_unit_of_cost(p):
    assert utilities(p, COST, 0.3) == pytest.approx(utilities(p, COST * 1e-6, 0.3))


# At lambda 0.5 the utilities are P less 0.125, 0.25 and 0.5.
P = np.array([[0.5, 0.75, 1.0], [0.25, 0.25, 0.5], [0.875, 0.5, 0.25], [0.25, 0.25, 1.0]])
LARGE = 2


def reasons(choices):
    return [REASONS[code] for code in choices.reason]


def same(one, other):
    for name in ("chosen", "margin", "reason", "unfamiliar"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    return True


def test_the_utility_rule_takes_the_largest_utility_and_the_cheaper_of_a_tie():
    found = choose_by(Rule("utility", lam=0.5), P, COST, LARGE)
    assert found.chosen.tolist() == [1, 0, 0, 2]
    assert found.margin.tolist() == [0.0, 0.125, 0.5, 0.375]
    assert reasons(found) == ["utility"] * 4
    assert not found.unfamiliar.any()


def test_the_threshold_rule_takes_the_cheapest_model_that_reaches_it_and_else_the_largest_utility():
    found = choose_by(Rule("threshold", lam=0.5, threshold=0.625), P, COST, LARGE)
    # Nobody reaches it on the second prompt: utilities 0.125, 0, 0.
    assert found.chosen.tolist() == [1, 0, 0, 2]
    assert reasons(found) == ["threshold", "utility", "threshold", "threshold"]
    # Of the first: 0.125 short and 0.125 over. Of the second: 0.125 both in lead and to the threshold.
    assert found.margin.tolist() == [0.125, 0.125, 0.25, 0.375]


def test_without_a_price_the_threshold_rule_falls_back_to_the_likeliest_model():
    found = choose_by(Rule("threshold", lam=0.0, threshold=0.625), P, COST, LARGE)
    assert found.chosen.tolist() == [1, 2, 0, 2]


@pytest.mark.parametrize(("threshold", "chosen"), [(0.0, [0, 0, 0, 0]), (0.75, [1, 2, 0, 2]), (1.0, [2, 2, 0, 2])])
def test_a_probability_of_just_the_threshold_is_enough(threshold, chosen):
    assert choose_by(Rule("threshold", threshold=threshold), P, COST, LARGE).chosen.tolist() == chosen


def test_the_conservative_rule_leaves_the_best_single_model_only_for_a_lead_above_the_hold():
    found = choose_by(Rule("conservative", lam=0.5, hold=0.25), P, COST, LARGE)
    # Leads over the large model: 0, 0.125, 1.0; on the last prompt it is the best anyway, by 0.375.
    assert found.chosen.tolist() == [2, 2, 0, 2]
    assert reasons(found) == ["held by the best single model"] * 2 + ["utility"] * 2
    assert found.margin.tolist() == [0.25, 0.125, 0.5, 0.625]


def test_a_lead_of_just_the_hold_is_a_tie_and_goes_to_the_cheaper_model():
    cheaper = choose_by(Rule("conservative", lam=0.5, hold=0.125), P[1:2], COST, LARGE)
    assert (cheaper.chosen.tolist(), cheaper.margin.tolist()) == ([0], [0.0])
    dearer = choose_by(Rule("conservative", lam=0.0, hold=0.25), P[:1], COST, 1)
    assert (dearer.chosen.tolist(), reasons(dearer)) == ([1], ["held by the best single model"])


def test_where_the_best_single_model_is_not_allowed_the_conservative_rule_is_the_utility_rule():
    allowed = np.array([True, True, False])
    held, free = (choose_by(Rule(kind, lam=0.5, hold=0.5), P, COST, LARGE, allowed) for kind in RULES[::2])
    assert same(held, free)
    assert free.chosen.tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("kind", RULES)
def test_an_only_candidate_is_chosen_and_no_probability_decides(kind):
    allowed = np.array([False, True, False])
    found = choose_by(Rule(kind, 0.5, 0.6, 0.25), P, COST, LARGE, allowed)
    assert found.chosen.tolist() == [1] * 4
    assert np.isposinf(found.margin).all()
    assert reasons(found) == ["only candidate"] * 4
    assert reasons(guarded(found, Guard(0.5, 1), np.zeros(4))) == ["only candidate"] * 4


@pytest.mark.parametrize("kind", RULES)
def test_no_prompts_give_no_choices(kind):
    assert choose_by(Rule(kind), np.zeros((0, 3)), COST, LARGE).chosen.shape == (0,)


def test_the_threshold_rule_looks_at_allowed_models_alone():
    found = choose_by(Rule("threshold", threshold=0.625), P, COST, LARGE, np.array([True, False, True]))
    assert found.chosen.tolist() == [2, 2, 0, 2]
    # The medium model's 0.75 is no matter: 0.125 short by the small, 0.375 over by the large.
    assert found.margin[0] == 0.125


def test_an_unknown_rule_is_no_rule():
    with pytest.raises(KeyError, match="greedy"):
        choose_by(Rule("greedy"), P, COST, LARGE)


def test_the_guard_sends_unfamiliar_prompts_to_its_fallback_whatever_the_rule_says():
    plain = choose_by(Rule("utility", lam=0.5), P, COST, LARGE)
    found = guarded(plain, Guard(0.5, 1), np.array([0.4, 0.5, 0.6, np.nan]))
    assert found.unfamiliar.tolist() == [True, False, False, True]
    assert found.chosen.tolist() == [1, 0, 0, 1]
    assert reasons(found) == ["unfamiliar prompt", "utility", "utility", "unfamiliar prompt"]
    assert found.margin.tolist() == [np.inf, 0.125, 0.5, np.inf]


def test_without_a_guard_or_a_similarity_every_prompt_is_familiar():
    plain = choose_by(Rule("utility", lam=0.5), P, COST, LARGE)
    assert same(guarded(plain, None, np.zeros(4)), plain)
    assert same(guarded(plain, Guard(0.5, 1), None), plain)


@pytest.mark.parametrize(("allowed", "fallback"), [((1, 1, 1), 0), ((0, 1, 1), 1), ((0, 0, 1), 2)])
def test_a_fallback_that_is_not_allowed_gives_way_to_the_best_that_is(allowed, fallback):
    assert fallback_among(0, np.array([0.4, 0.7, 0.7]), np.array(allowed, bool)) == fallback


pools = st.lists(st.booleans(), min_size=3, max_size=3).filter(any).map(np.array)
rules = st.builds(Rule, st.sampled_from(RULES), st.floats(0, 12), st.floats(0, 1), st.floats(0, 1))
anchors = st.integers(0, 2)


@given(probabilities, st.floats(0, 20), anchors, pools)
def test_the_conservative_rule_with_a_hold_of_0_is_the_utility_rule(p, lam, anchor, allowed):
    one, other = (choose_by(Rule(kind, lam=lam), p, COST, anchor, allowed) for kind in RULES[::2])
    assert same(one, other)


@given(probabilities, st.floats(0, 20), anchors)
def test_a_hold_of_2_and_lambda_always_holds(p, lam, anchor):
    found = choose_by(Rule("conservative", lam=lam, hold=2 + lam), p, COST, anchor)
    assert (found.chosen == anchor).all()


@given(probabilities, rules, anchors, pools, st.floats(0, 1))
def test_a_batch_decides_as_each_prompt_alone_and_never_what_is_not_allowed(p, rule, anchor, allowed, threshold):
    near = p.mean(axis=1)
    guard = Guard(threshold, fallback_among(anchor, np.array([0.3, 0.5, 0.4]), allowed))
    together = guarded(choose_by(rule, p, COST, anchor, allowed), guard, near)
    assert allowed[together.chosen].all()
    for row in range(len(p)):
        at = slice(row, row + 1)
        alone = guarded(choose_by(rule, p[at], COST, anchor, allowed), guard, near[at])
        for name in ("chosen", "margin", "reason", "unfamiliar"):
            assert getattr(alone, name)[0] == getattr(together, name)[row]


@given(probabilities, st.floats(0, 1), pools)
def test_where_any_allowed_model_reaches_the_threshold_the_chosen_one_does_and_no_cheaper_one(p, threshold, allowed):
    chosen = choose_by(Rule("threshold", threshold=threshold), p, COST, LARGE, allowed).chosen
    for row, m in zip(p, chosen, strict=True):
        reach = np.flatnonzero((row >= threshold) & allowed)
        assert m == (reach[0] if len(reach) else np.argmax(np.where(allowed, row, -1.0)))


@given(probabilities, rules, anchors, st.integers(0, 2), st.floats(-1, 1))
def test_a_probability_that_moves_by_less_than_the_margin_does_not_change_the_choice(p, rule, anchor, m, share):
    found = choose_by(rule, p, COST, anchor)
    moved = p.copy()
    moved[:, m] += 0.999 * share * np.minimum(found.margin, 1.0)
    # Ties aside: a margin of next to nothing may fall either way in floating point.
    clear = found.margin > 1e-9
    assert (choose_by(rule, moved, COST, anchor).chosen == found.chosen)[clear].all()
