"""Where routing goes wrong: under- and over-routing and boundary accuracy, at one operating point.

Each function returns a :class:`~pointsman_train.evaluate.ratio.Ratio`. Under a random mix the indicators are
expected values, so the rates are expected rates.
"""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Bools, Floats
from pointsman_train.evaluate.ratio import Ratio, mean, mean_among
from pointsman_train.evaluate.router import Point
from pointsman_train.evaluate.testset import TestSet


def rates(testset: TestSet, point: Point) -> dict[str, Ratio]:
    """Every figure of this module at one operating point, by name."""
    under, over = under_routed(testset.success), over_routed(testset)
    spent, lost = cost_above_label(testset), score_below_label(testset)
    figures = {
        "under_routing_rate": routed_rate(testset, point, under),
        "over_routing_rate": routed_rate(testset, point, over),
        "under_routing_cost_lost_usd": loss_where(point, under, spent),
        "under_routing_score_lost": loss_where(point, under, lost),
        "over_routing_cost_lost_usd": loss_where(point, over, spent),
        "over_routing_score_lost": loss_where(point, over, lost),
        "boundary_accuracy": boundary_accuracy(testset, point),
        "boundary_exact": boundary_exact(testset, point),
    }
    if point.margin is not None:
        figures["score_boundary_accuracy"] = score_boundary_accuracy(testset, point, point.margin)
        figures["score_boundary_exact"] = score_boundary_exact(testset, point, point.margin)
        figures["score_boundary_share"] = mean((point.margin < testset.boundary_margin).astype(np.float64))
    return figures


def boundary_share(testset: TestSet) -> Ratio:
    """Share of label-side boundary prompts among all."""
    return mean(testset.boundary.astype(np.float64))


def under_routed(success: Bools) -> Floats:
    """Where a model fails although a dearer one succeeds: 1 or 0, of the shape of ``success``, (n_prompts, n_models).

    Examples
    --------
    >>> under_routed(np.array([[False, True], [False, False], [True, False]])).tolist()
    [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """
    # Read from the dear end, "some model so far succeeds" at a failing model means a dearer one does.
    dearer_succeeds = np.logical_or.accumulate(success[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(~success & dearer_succeeds, dtype=np.float64)


def over_routed(testset: TestSet) -> Floats:
    """Where a model succeeds although a cheaper one does too: 1 or 0, of shape (n_prompts, n_models)."""
    rung = np.arange(len(testset.models))
    return np.asarray(testset.success & (rung > testset.cheapest_right[:, None]), dtype=np.float64)


def cost_above_label(testset: TestSet) -> Floats:
    """US dollars of each model's answer above those of the label's, of shape (n_prompts, n_models).

    Negative where it is cheaper, as it mostly is when under-routing. 0 on prompts that no model gets right.
    """
    return _against_label(testset, testset.cost_usd)


def score_below_label(testset: TestSet) -> Floats:
    """Score of each model's answer below the label's; shape and zeros as :func:`cost_above_label`."""
    return -_against_label(testset, testset.score)


def routed_rate(testset: TestSet, point: Point, indicator: Floats) -> Ratio:
    """Share of prompts routed as ``indicator`` says, among those that some model gets right.

    Under- and over-routing leave out a third way to be wrong: the chosen model fails and only cheaper ones
    succeed.
    """
    return mean_among(point.take(indicator), testset.solvable)


def loss_where(point: Point, indicator: Floats, loss: Floats) -> Ratio:
    """Mean loss per prompt that is routed as ``indicator`` says; undefined where none is."""
    routed = point.take(indicator)
    return Ratio(point.take(indicator * loss), routed, int(np.count_nonzero(routed)))


def boundary_accuracy(testset: TestSet, point: Point) -> Ratio:
    """Share of label-side boundary prompts routed to a model that succeeds.

    Label-side boundary: some model gets the prompt right, but not the cheapest.
    """
    return mean_among(point.take(testset.success.astype(np.float64)), testset.boundary)


def boundary_exact(testset: TestSet, point: Point) -> Ratio:
    """Share of label-side boundary prompts routed to exactly the label's model."""
    exact = (np.arange(len(testset.models)) == testset.cheapest_right[:, None]).astype(np.float64)
    return mean_among(point.take(exact), testset.boundary)


def score_boundary_accuracy(testset: TestSet, point: Point, margin: Floats) -> Ratio:
    """Share of close calls routed to a model that succeeds.

    Close call, the score-side boundary: the chosen model's utility leads the runner-up's by less than the test set's
    ``boundary_margin``.

    Parameters
    ----------
    testset, point
        What is judged.
    margin
        ndarray of shape (n_prompts,), that lead.
    """
    return mean_among(point.take(testset.success.astype(np.float64)), margin < testset.boundary_margin)


def score_boundary_exact(testset: TestSet, point: Point, margin: Floats) -> Ratio:
    """Share of close calls routed to exactly the label's model; a prompt that no model gets right has none.

    Parameters are those of :func:`score_boundary_accuracy`.
    """
    exact = (np.arange(len(testset.models)) == testset.label[:, None]).astype(np.float64)
    return mean_among(point.take(exact), margin < testset.boundary_margin)


def _against_label(testset: TestSet, table: Floats) -> Floats:
    difference = table - np.take_along_axis(table, testset.cheapest_right[:, None], axis=1)
    return difference * testset.solvable[:, None]
