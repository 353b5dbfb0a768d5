from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import ConfigError, PoolError
from pointsman_train.label.apart import REPEATED, WHY
from pointsman_train.label.labels import LabelConfig, label
from pointsman_train.label.logged import nothing_complete_told
from pointsman_train.label.selection import selection_told

NAN = np.nan
SCORE = [[0.0, 1.0], [1.0, NAN], [NAN, 0.0], [0.0, NAN], [0.0, 1.0]]
MARKS = np.array([[False, False], [True, False], [False, True], [False, False], [False, True]])


@pytest.fixture
def served(table):
    """A prompt asked of both models, two of a log, one whose other outcome was lost, and one asked and in the log."""
    return replace(table(SCORE), logged=MARKS)


def test_a_log_s_outcomes_label_nothing_and_teach_no_head(served):
    found = label(served, LabelConfig())
    assert found.label.tolist() == [1, -1, -1, -1, -1]
    np.testing.assert_array_equal(found.success, [[0, 1], [NAN, NAN], [NAN, NAN], [0, NAN], [0, NAN]])
    np.testing.assert_array_equal(found.logged, [[NAN, NAN], [1, NAN], [NAN, 0], [NAN, NAN], [NAN, NAN]])
    assert found.asked.tolist() == [True, False, False, True, True]
    unknown = "an outcome is unknown"
    assert found.reason == ("", WHY, WHY, unknown, unknown)
    assert found.outcomes.drops.counts == {f"no label: {WHY}": 2, f"no label: {unknown}": 2, REPEATED: 1}
    for told in (found.outcomes.score, found.outcomes.cost_usd):
        assert np.isnan(told[MARKS]).all()
        assert not np.isnan(told[0]).any()
    assert found.outcomes.trials.tolist() == [[1, 1], [0, 0], [0, 0], [1, 0], [1, 0]]
    assert not served.drops.counts


def test_they_teach_like_the_others_where_that_is_wanted(served, table):
    found, plain = label(served, LabelConfig(logged="all")), label(table(SCORE), LabelConfig())
    assert found.logged is None
    assert found.asked.all()
    np.testing.assert_array_equal(found.success, plain.success)
    assert found.label.tolist() == plain.label.tolist() == [1, 0, -1, -1, 1]


def test_how_many_a_logged_outcome_stands_for_counts_for_nothing(served):
    marked, both = np.where(MARKS, 5.0, 1.0), np.where(MARKS, 5.0, 2.0)
    assert label(replace(served, stands_for=marked), LabelConfig()).outcomes.stands_for is None
    counts = label(replace(served, stands_for=both), LabelConfig()).outcomes.stands_for
    np.testing.assert_array_equal(counts, [[2, 2], [1, 1], [1, 1], [2, 1], [2, 1]])


def test_another_word_is_refused():
    with pytest.raises(ConfigError, match=r"label.logged must be one of \('words', 'all'\), got 'none'"):
        LabelConfig(logged="none").check()


def test_models_that_only_a_log_knows_are_named(served):
    rows = served.take([1, 2, 3])
    with pytest.raises(PoolError, match=r"only a service's log has outcomes of \['b'\], which tell"):
        label(rows, LabelConfig())
    # A part of all prompts may have none that were asked.
    assert (label(rows.take([0, 1]), LabelConfig(ladder=["a", "b"]), strongest=1).label == -1).all()


def test_the_ladder_is_ordered_by_what_was_asked(table):
    cost = [[2.0, 1.0], [0.1, NAN], [0.1, NAN], [NAN, 9.0], [0.1, 9.0]]
    marks = np.array([[False, False], [True, True], [True, True], [True, True], [True, True]])
    outcomes = replace(table(SCORE, cost), logged=marks & ~np.isnan(SCORE))
    assert label(outcomes, LabelConfig()).models == ("b", "a")


@pytest.mark.parametrize("marked", [0.0, 0.4, 1.0])
def test_only_outcomes_of_a_log_that_are_not_marked_are_warned_of(table, marked):
    rng = np.random.default_rng(0)
    score = rng.integers(2, size=(400, 2)).astype(float)
    score[np.arange(100, 400), rng.integers(2, size=300)] = NAN
    logged = (np.arange(400) >= 400 - 300 * marked)[:, None] & ~np.isnan(score)
    for choice in ("words", "all"):
        told = selection_told(label(replace(table(score), logged=logged), LabelConfig(logged=choice)))
        assert (told is None) is (marked == 1)
        if told is not None:
            assert told.startswith(f"{300 - int(300 * marked)} of 400 prompts")
            assert "Mark their outcomes as true in a column logged" in told


def test_of_a_log_with_a_lost_outcome_it_is_said_that_nothing_is_complete(served):
    told = nothing_complete_told(label(served.take([1, 2, 3]), LabelConfig(logged="all")))
    assert told.startswith(". No prompt has an outcome of every model, and 3 of 3 have one alone")
