"""The prompts that can be judged on, taken from labelled outcomes."""

from __future__ import annotations

from itertools import compress

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.evaluate.testset import BOUNDARY_MARGIN, TestSet
from pointsman_train.label.labels import Labelled
from pointsman_train.label.partial import filled_costs


def complete_rows(labelled: Labelled, test: Bools) -> Bools:
    """Mask of the test prompts that can be judged: those with a label and an outcome of every model."""
    return np.asarray(test & ~np.isnan(labelled.success).any(axis=1) & (labelled.label >= 0))


def take_testset(
    labelled: Labelled, group: Ints, rows: Bools, mean_cost: Floats, mean_score: Floats, margin: float = BOUNDARY_MARGIN
) -> tuple[TestSet, int]:
    """Take complete prompts to be judged on; returns them, and how many of their costs were unknown.

    Parameters
    ----------
    rows
        Mask of shape (n_prompts,), see :func:`complete_rows`.
    mean_cost, mean_score
        ndarrays of shape (n_models,), training means.
    """
    outcomes = labelled.outcomes
    cost, counts = outcomes.cost_usd[rows], labelled.stands_for
    testset = TestSet(
        models=labelled.models,
        score=outcomes.score[rows],
        success=labelled.success[rows] == 1,
        # Unknown is not free.
        cost_usd=filled_costs(cost, mean_cost),
        label=labelled.label[rows],
        group=group[rows],
        source=list(compress(outcomes.source, rows)),
        train_mean_cost=mean_cost,
        train_mean_score=mean_score,
        boundary_margin=margin,
        stands_for=None if counts is None else counts[rows],
    )
    return testset, int(np.isnan(cost).sum())
