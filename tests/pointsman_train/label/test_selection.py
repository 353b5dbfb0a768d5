from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.label.selection import completeness_gaps


@pytest.fixture
def success():
    """Two models, the second right more often."""
    return (np.random.default_rng(0).random((1_000, 2)) < [0.6, 0.8]).astype(float)


def test_outcomes_that_are_missing_at_random_are_no_reason_to_warn(success):
    success[np.random.default_rng(1).random(1_000) < 0.5, 1] = np.nan
    assert np.isnan(completeness_gaps(success)).all()


@pytest.mark.parametrize("explored", [0.0, 0.1])
def test_a_ladder_is_known_by_the_success_of_the_cheap_model_where_all_were_asked(success, explored):
    stopped = (success[:, 0] == 1) & (np.random.default_rng(1).random(1_000) >= explored)
    success[stopped, 1] = np.nan
    gaps = completeness_gaps(success)
    assert gaps[0, 0] < 0.2
    assert gaps[0, 1] == pytest.approx(0.6, abs=0.05)
    assert np.isnan(gaps[1]).all()


def test_where_all_is_known_or_nothing_is_complete_there_is_nothing_to_compare(success):
    assert np.isnan(completeness_gaps(success)).all()
    success[:, 1] = np.nan
    assert np.isnan(completeness_gaps(success)).all()


def test_a_few_hard_prompts_without_all_outcomes_are_no_reason_to_warn(success):
    hard = np.flatnonzero(success[:, 0] == 0)[:60]
    success[hard, 1] = np.nan
    assert np.isnan(completeness_gaps(success)).all()
