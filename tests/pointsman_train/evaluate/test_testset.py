from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import DataError, PoolError


def test_best_single_is_that_of_the_training_split_and_ties_go_to_the_cheaper(hand):
    assert hand.best_single == 2
    assert replace(hand, train_mean_score=np.array([0.4, 0.7, 0.7])).best_single == 1


def test_boundary_prompts_are_those_that_need_the_step_up(hand):
    assert hand.boundary.tolist() == [False, True, True, False, False, True]


def test_an_all_fail_prompt_is_no_boundary_prompt_even_if_its_label_is_the_strongest(hand):
    label = np.where(hand.label == 3, 2, hand.label)

    assert replace(hand, label=label).boundary.tolist() == hand.boundary.tolist()


def test_a_ladder_of_one_is_refused(hand):
    with pytest.raises(PoolError, match=re.escape("the ladder is ('small',); a router needs two models")):
        replace(hand, models=("small",))


def test_a_test_split_without_prompts_is_refused(hand):
    with pytest.raises(DataError, match="the test split has no prompts"):
        replace(hand, score=hand.score[:0])


def test_a_wrong_shape_is_named(hand):
    with pytest.raises(DataError, match=re.escape("group has the shape (2,), expected (6,)")):
        replace(hand, group=np.arange(2))


@pytest.mark.parametrize(
    ("field", "value", "range_"),
    [("score", 1.5, "0 to 1"), ("score", np.nan, "0 to 1"), ("cost_usd", -1.0, "inf")],
)
def test_a_value_that_is_unknown_or_out_of_range_is_named_with_its_place(hand, field, value, range_):
    table = getattr(hand, field).copy()
    table[3, 1] = value

    with pytest.raises(DataError, match=rf"{field} is {value!r} at \(3, 1\), expected .*{range_}"):
        replace(hand, **{field: table})


def test_a_label_that_contradicts_success_is_refused(hand):
    label = hand.label.copy()
    label[5] = 2

    with pytest.raises(DataError, match=re.escape("label is 2 at prompt 5, where success is [False, True, False]")):
        replace(hand, label=label)


def test_an_all_fail_label_beyond_the_ladder_is_refused(hand):
    label = np.where(hand.label == 3, 4, hand.label)

    with pytest.raises(DataError, match="label is 4 at prompt 3"):
        replace(hand, label=label)
