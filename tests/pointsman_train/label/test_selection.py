from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.label.labels import LabelConfig, label
from pointsman_train.label.logged import sent_by_a_router
from pointsman_train.label.selection import completeness_gaps, selection_told


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


@pytest.mark.parametrize("explored", [0.1, 0.5])
def test_a_ladder_with_its_probabilities_is_no_reason_to_warn(success, explored):
    climbed, counts = _climbed(success, explored)
    assert np.isnan(completeness_gaps(climbed, counts)).all()


def test_a_ladder_that_never_explores_is_told_whatever_its_probabilities(success):
    climbed, counts = _climbed(success, 0.0)
    assert completeness_gaps(climbed, counts)[0, 0] == 0.0


def _climbed(success, explored):
    """Ask the second model where the first fails, and about a share of the others."""
    easy, drawn = success[:, 0] == 1, np.random.default_rng(1).random(len(success)) < explored
    climbed, counts = success.copy(), np.ones_like(success)
    climbed[easy & ~drawn, 1] = np.nan
    counts[easy & drawn, 1] = 1 / explored if explored else 1.0
    return climbed, counts


@pytest.fixture
def served(table):
    """Two models that are right on prompts of their own kind, and a router that knows the kinds most of the time.

    The first 300 of 1,500 prompts were asked of both.
    """
    rng = np.random.default_rng(3)
    easy = rng.random(1_500) < 0.5
    success = (rng.random((1_500, 2)) < np.where(easy[:, None], [0.9, 0.9], [0.2, 0.6])).astype(float)
    sent = np.where(rng.random(1_500) < 0.9, ~easy, easy).astype(int)
    success[np.arange(300, 1_500), 1 - sent[300:]] = np.nan
    return success, label(table(success), LabelConfig())


def test_a_service_s_log_is_told_and_not_taken_for_a_ladder(served):
    success, labelled = served
    assert sent_by_a_router(success) == 1_200
    told = selection_told(labelled)
    assert told is not None
    assert told.startswith("1,200 of 1,500 prompts have the outcome of one model alone, as in a service's log")


def test_a_log_is_told_where_models_succeed_as_often_on_it_as_elsewhere(success, table):
    """That is how a router harms that sends each model what it is good for, and is not seen by success rates."""
    rows = np.arange(300, 1_000)
    success[rows, np.random.default_rng(1).integers(2, size=700)] = np.nan
    assert np.isnan(completeness_gaps(success)).all()
    assert "as in a service's log" in selection_told(label(table(success), LabelConfig()))
    success[350:] = 1.0
    assert selection_told(label(table(success), LabelConfig())) is None


def test_a_ladder_of_which_some_answers_were_lost_is_not_taken_for_a_log(success):
    climbed, _ = _climbed(success, 0.1)
    climbed[np.flatnonzero(climbed[:, 0] == 0)[:100], 0] = np.nan
    assert sent_by_a_router(climbed) == 0
