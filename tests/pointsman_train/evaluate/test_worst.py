from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.decide import Rule
from pointsman_train.errors import ConfigError, DataError
from pointsman_train.evaluate.router import Choice
from pointsman_train.evaluate.sweep import serve
from pointsman_train.evaluate.worst import Case, Neighbour, Reason, neighbours, reasons, worst_cases

LOW, HIGH = Choice(np.array([0, 0, 1, 0, 0, 0])), Choice(np.array([0, 2, 2, 0, 2, 2]))
EVEN = np.full((6, 3), 0.5)


def _case(row, chosen, label):
    return Case(row, chosen, label, 1.0, 1.0, 0.0, (0.5, 0.5), None)


def test_the_worst_case_of_the_hand_made_router_is_the_prompt_that_it_sends_too_low(hand, hand_router):
    (case,) = worst_cases(hand, hand_router.default, 0.5, EVEN)

    # Prompt 2 needs the large model and goes to the medium: a score of 1, at 2 of 4 dollars saved.
    assert case == Case(
        row=2,
        chosen=1,
        label=2,
        loss=pytest.approx(1 - 0.5 * 2 / 4),
        score_lost=1.0,
        cost_lost_usd=-2.0,
        p_success=(0.5, 0.5, 0.5),
        margin=0.3,
    )


def test_the_largest_loss_comes_first_and_a_hopeless_or_right_prompt_never_does(hand):
    found = worst_cases(hand, HIGH, 0.5, EVEN)

    # Prompt 5 fails at 2 dollars more; prompt 1 succeeds at 2 more; prompt 2 is right; 0, 3 and 4 are not boundary.
    assert [case.row for case in found] == [5, 1]
    assert [case.loss for case in found] == pytest.approx([1.25, 0.25])


def test_other_prompts_than_the_boundary_can_be_asked_for(hand):
    found = worst_cases(hand, HIGH, 0.5, EVEN, among=np.ones(6, bool))

    assert [case.row for case in found] == [5, 4, 1]


def test_of_equal_losses_the_surest_mistake_comes_first(hand):
    p = np.array([[0.5, 0.5, 0.5]] * 6)
    p[5] = [0.9, 0.1, 0.5]

    # Prompts 1 and 5 both go to the small model and need the medium.
    assert [case.row for case in worst_cases(hand, LOW, 0.5, EVEN)] == [1, 5, 2]
    assert [case.row for case in worst_cases(hand, LOW, 0.5, p)] == [5, 1, 2]


def test_of_near_duplicates_only_the_worst_is_listed(hand):
    copies = replace(hand, group=np.array([0, 7, 7, 3, 4, 7]))
    p = np.array([[0.5, 0.5, 0.5]] * 6)
    p[5] = [0.9, 0.1, 0.5]

    assert [case.row for case in worst_cases(copies, LOW, 0.5, p)] == [5]


def test_no_more_cases_are_given_than_asked_for(hand):
    assert len(worst_cases(hand, LOW, 0.5, EVEN, count=2)) == 2
    with pytest.raises(ConfigError, match="asked for 0 rows"):
        worst_cases(hand, LOW, 0.5, EVEN, count=0)


def test_models_that_are_all_free_cost_nothing(hand):
    free = replace(hand, cost_usd=np.zeros((6, 3)), train_mean_cost=np.zeros(3))

    assert [case.loss for case in worst_cases(free, LOW, 0.5, EVEN)] == [1.0, 1.0, 1.0]


@settings(max_examples=25)
@given(seed=st.integers(0, 500))
def test_the_worst_are_those_of_a_search_prompt_by_prompt(make, seed):
    testset, p = make(n_prompts=50, seed=seed)
    testset = replace(testset, group=np.arange(50))
    point = serve(testset, p, Rule("utility", 0.3))
    top, losses = testset.train_mean_cost.max(), {}
    for i, chosen in enumerate(point.choice):
        label = testset.label[i]
        if testset.success[i].any() and label > 0:
            saved = testset.cost_usd[i, label] - testset.cost_usd[i, chosen]
            losses[i] = testset.score[i, label] - testset.score[i, chosen] - 0.3 * saved / top
    expected = sorted((loss for loss in losses.values() if loss > 0), reverse=True)
    found = worst_cases(testset, point, 0.3, p, count=50)

    assert [case.loss for case in found] == pytest.approx(expected)
    assert [case.loss for case in found] == pytest.approx([losses[case.row] for case in found])


def test_reasons_are_what_spoke_for_the_chosen_model_and_against_the_labels():
    weights = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    features = np.array([[9.0, 9.0, 9.0], [3.0, 1.0, 5.0]], np.float32)
    found = reasons([_case(1, 0, 1)], features, lambda x: x[:, None, :] * weights, ("chars", "digits", "lines"))

    # Model 0 gets 3 from chars, model 1 gets 2 from digits, lines say nothing.
    assert found == ((Reason("chars", 3.0), Reason("digits", -2.0)),)
    assert reasons([_case(1, 1, 0)], features, lambda x: x[:, None, :] * weights, ("a", "b", "c"), count=1) == (
        (Reason("a", -3.0),),
    )
    assert reasons([], features, lambda x: x[:, None, :] * weights, ("a", "b", "c")) == ()


def test_contributions_must_fit_their_names():
    with pytest.raises(DataError, match=r"shape \(1, 3, 2\), expected 1 prompts, models, 1 named columns"):
        reasons([_case(0, 0, 1)], np.ones((1, 2), np.float32), lambda x: np.ones((1, 3, 2)), ("chars",))


def test_neighbours_are_the_training_prompts_of_the_most_similar_direction():
    training = np.array([[1.0, 0.0], [0.0, 5.0], [0.0, 0.0], [-1.0, 0.0], [3.0, 3.0]])
    (found,) = neighbours(np.array([[2.0, 0.0]]), training)

    # The prompt without a direction is nowhere.
    assert found == (
        Neighbour(0, 1.0),
        Neighbour(4, pytest.approx(np.sqrt(0.5))),
        Neighbour(1, 0.0),
    )
    assert len(neighbours(np.array([[2.0, 0.0]]), training, count=9)[0]) == 4
