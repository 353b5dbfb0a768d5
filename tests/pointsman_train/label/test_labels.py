from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import ConfigError, LabelError, PoolError
from pointsman_train.label import LabelConfig, label

NAN = np.nan


@pytest.mark.parametrize(
    ("row", "expected", "reason"),
    [
        ([1, 0, 0], 0, ""),
        ([0, 1, 0], 1, ""),
        ([0, 0, 1], 2, ""),
        ([1, 1, 1], 0, ""),
        ([0, 0, 0], 3, ""),
        # A dearer unknown does not matter, a cheaper one does.
        ([1, NAN, NAN], 0, ""),
        ([0, 1, NAN], 1, ""),
        ([NAN, 1, 0], -1, "a cheaper outcome is unknown"),
        ([0, NAN, 1], -1, "a cheaper outcome is unknown"),
        ([NAN, 0, 0], -1, "an outcome is unknown"),
        ([0, 0, NAN], -1, "an outcome is unknown"),
    ],
)
def test_the_label_is_the_cheapest_rung_that_succeeds_and_unknown_is_never_failure(table, row, expected, reason):
    labelled = label(table([row, [1, 1, 1]]), LabelConfig())
    assert labelled.label.tolist() == [expected, 0]
    assert labelled.reason == (reason, "")
    np.testing.assert_array_equal(labelled.success[0], row)


def test_labels_are_rungs_of_the_ladder_and_not_columns_of_the_table(table):
    labelled = label(table([[1, 0, 0], [0, 0, 1]], [[9, 1, 5]] * 2), LabelConfig())
    assert labelled.models == ("b", "c", "a")
    assert labelled.label.tolist() == [2, 1]
    assert labelled.class_names == ("b", "c", "a", "all-fail")


MIXED = [[0, 0, 0], [0, 1, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0], [0, NAN, 0]]


@pytest.mark.parametrize(
    ("choice", "expected", "reason"),
    [
        ("separate", [3, 1, 1, 0, 3, -1], ""),
        ("drop", [-1, 1, 1, 0, -1, -1], "no model succeeds"),
        ("cheapest", [0, 1, 1, 0, 0, -1], ""),
        # b succeeds on 2 of 5 prompts, a on 1 of 6, c on 1 of 6.
        ("strongest", [1, 1, 1, 0, 1, -1], ""),
    ],
)
def test_all_fail_prompts_are_called_what_the_policy_says(table, choice, expected, reason):
    labelled = label(table(MIXED), LabelConfig(all_fail=choice))
    assert labelled.label.tolist() == expected
    assert labelled.reason == (reason, "", "", "", reason, "an outcome is unknown")
    # Naming an all-fail prompt after a rung does not make that rung succeed.
    np.testing.assert_array_equal(labelled.success, MIXED)


@pytest.mark.parametrize("choice", ["separate", "drop", "cheapest", "strongest"])
def test_boundary_prompts_need_the_step_up_under_any_policy(table, choice):
    labelled = label(table(MIXED), LabelConfig(all_fail=choice))
    assert labelled.boundary.tolist() == [False, True, True, False, False, False]


def test_what_has_no_label_is_counted_by_reason(table):
    labelled = label(table([*MIXED, [NAN, 1, 1]]), LabelConfig(all_fail="drop"))
    assert labelled.counts() == {"a": 1, "b": 2, "c": 0, "all-fail": 0, "unknown": 4}
    assert labelled.outcomes.drops.counts == {
        "no label: no model succeeds": 2,
        "no label: a cheaper outcome is unknown": 1,
        "no label: an outcome is unknown": 1,
    }


@pytest.mark.parametrize("choice", ["separate", "drop", "cheapest", "strongest"])
def test_nothing_but_unknown_outcomes_is_an_error(table, choice):
    # One trial each, where two are asked for.
    expected = "none of 2 prompts could be labelled; reasons: ['an outcome is unknown']"
    with pytest.raises(LabelError, match=re.escape(expected)):
        label(table([[1, 0], [0, 0]]), LabelConfig(min_trials=2, all_fail=choice))


def test_nothing_but_all_fail_prompts_cannot_be_dropped(table):
    with pytest.raises(LabelError, match=r"reasons: \['no model succeeds'\]"):
        label(table([[0, 0], [0, 0]]), LabelConfig(all_fail="drop"))


def test_a_threshold_and_k_of_n_are_applied(table):
    score, trials = [[0.6, 1.0], [0.8, 0.0]], [[5, 5], [5, 5]]
    assert label(table(score, trials=trials), LabelConfig()).label.tolist() == [0, 0]
    assert label(table(score, trials=trials), LabelConfig(success_threshold=0.7)).label.tolist() == [1, 0]
    assert label(table(score, trials=trials), LabelConfig(min_successes=5)).label.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"success_threshold": 0.0}, "label.success_threshold must be in (0, 1], got 0.0"),
        ({"success_threshold": 1.5}, "label.success_threshold must be in (0, 1], got 1.5"),
        ({"min_trials": 0}, "label.min_trials must be at least 1, got 0"),
        ({"min_successes": 0}, "label.min_successes must be at least 1 or null, got 0"),
        (
            {"all_fail": "keep"},
            "label.all_fail must be one of ('separate', 'drop', 'cheapest', 'strongest'), got 'keep'",
        ),
    ],
)
def test_a_setting_out_of_range_is_named(table, settings, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        label(table([[1, 0]]), LabelConfig(**settings))


def test_real_outcomes_are_labelled_alike_by_hand(fleet_outcomes):
    labelled = label(fleet_outcomes, LabelConfig())
    assert labelled.models == fleet_outcomes.models
    for row in range(len(labelled.label)):
        outcome = labelled.success[row].tolist()
        first = outcome.index(1.0) if 1.0 in outcome else 3
        unknown = any(value != value for value in outcome[:first])
        assert labelled.label[row] == (-1 if unknown else first)
        assert (labelled.reason[row] != "") == unknown
    assert sum(labelled.counts().values()) == len(fleet_outcomes)


def test_a_model_may_not_be_called_as_all_fail_prompts_are(table):
    outcomes = table([[1, 0, 0], [0, 1, 0]])
    with pytest.raises(PoolError, match="a model is called 'all-fail'"):
        label(replace(outcomes, models=("all-fail", *outcomes.models[1:])), LabelConfig())
