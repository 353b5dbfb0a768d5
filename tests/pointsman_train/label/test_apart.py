from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.label.apart import WHY
from pointsman_train.label.labels import LabelConfig, label
from pointsman_train.label.logged import nothing_complete_told
from pointsman_train.label.selection import selection_told

NAN = np.nan
SCORE = [[0.0, 1.0], [1.0, NAN], [NAN, 0.0], [0.0, NAN]]


@pytest.fixture
def served(table):
    """One prompt asked of both models, two of a log, and one whose other outcome was lost."""
    return replace(table(SCORE), logged=np.array([False, True, True, False]))


def test_a_log_s_prompts_have_no_label_and_nothing_that_heads_learn_from(served):
    found = label(served, LabelConfig())
    assert found.label.tolist() == [1, -1, -1, -1]
    np.testing.assert_array_equal(found.success, [[0, 1], [NAN, NAN], [NAN, NAN], [0, NAN]])
    np.testing.assert_array_equal(found.logged, [[NAN, NAN], [1, NAN], [NAN, 0], [NAN, NAN]])
    assert found.reason == ("", WHY, WHY, "an outcome is unknown")
    assert found.outcomes.drops.counts[f"no label: {WHY}"] == 2
    for unknown in (found.outcomes.score, found.outcomes.cost_usd):
        assert np.isnan(unknown[1:3]).all()
        assert not np.isnan(unknown[0]).any()
    assert found.outcomes.trials.tolist() == [[1, 1], [0, 0], [0, 0], [1, 0]]


def test_they_teach_like_the_others_where_that_is_wanted(served, table):
    found, plain = label(served, LabelConfig(logged="all")), label(table(SCORE), LabelConfig())
    assert found.logged is None
    np.testing.assert_array_equal(found.success, plain.success)
    assert found.label.tolist() == plain.label.tolist() == [1, 0, -1, -1]


def test_another_word_is_refused():
    with pytest.raises(ConfigError, match=r"label.logged must be one of \('words', 'all'\), got 'none'"):
        LabelConfig(logged="none").check()


def test_a_log_alone_cannot_be_labelled(table):
    with pytest.raises(LabelError, match=r"none of 2 prompts could be labelled; reasons: .*only a service's log"):
        label(replace(table([[1.0, NAN], [NAN, 0.0]]), logged=np.ones(2, bool)), LabelConfig())


def test_the_ladder_is_ordered_by_what_was_asked(table):
    cost = [[2.0, 1.0], [0.1, NAN], [0.1, NAN], [NAN, 9.0]]
    outcomes = replace(table(SCORE, cost), logged=np.array([False, True, True, True]))
    assert label(outcomes, LabelConfig()).models == ("b", "a")


def test_only_a_log_that_is_not_marked_is_warned_of(table):
    rng = np.random.default_rng(0)
    score = rng.integers(2, size=(400, 2)).astype(float)
    score[np.arange(100, 400), rng.integers(2, size=300)] = NAN
    outcomes, marked = table(score), np.arange(400) >= 100
    assert "Mark their outcomes as true in a column logged" in selection_told(label(outcomes, LabelConfig()))
    for choice in ("words", "all"):
        assert selection_told(label(replace(outcomes, logged=marked), LabelConfig(logged=choice))) is None


def test_of_a_log_with_a_lost_outcome_it_is_said_that_nothing_is_complete(served):
    told = nothing_complete_told(label(served.take([1, 2, 3]), LabelConfig(logged="all")))
    assert told.startswith(". No prompt has an outcome of every model, and 3 of 3 have one alone")
