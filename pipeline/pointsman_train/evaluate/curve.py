"""Figures of the cost-quality curve: AIQ, hull gain, and what is saved at a given quality.

``c`` is a mean cost in USD and ``a`` a mean score of routed answers. Every function returns one number per
row of the weights, the test set's own first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.evaluate.bootstrap import Weights, divide, means
from pointsman_train.evaluate.hull import Hull, area, first_cost, height_at, upper_hull
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.testset import TestSet

# Areas are in units of score; a headroom smaller than this is rounding.
_NO_HEADROOM = 1e-12
_DOUBTFUL = 1 / 40


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (c, a) under each row of the weights.

    Attributes
    ----------
    cost, score
        ndarray of shape (n_rows, n_points): mean cost in USD, mean score.
    """

    cost: Floats
    score: Floats


@dataclass(frozen=True, slots=True)
class Frame:
    """What a curve is measured against, under the same rows of the weights.

    Attributes
    ----------
    singles
        The single models, in ladder order: the zero router mixes them at random.
    oracle
        The per-prompt oracle, one point: the cheapest model that succeeds, the cheapest of all where none
        does.
    best
        Position of the best single model among ``singles``, chosen on the training split.
    """

    singles: Curve
    oracle: Curve
    best: int

    @property
    def best_cost(self) -> Floats:
        """Mean cost of the best single model, of shape (n_rows,)."""
        return self.singles.cost[:, self.best]

    @property
    def best_score(self) -> Floats:
        """Mean score of the best single model, of shape (n_rows,)."""
        return self.singles.score[:, self.best]


def curve(testset: TestSet, router: Router, weights: Weights) -> Curve:
    """Cost-quality curve: a point for each operating point of the router's sweep."""
    return _curve(router.along(testset.cost_usd), router.along(testset.score), weights)


def frame(testset: TestSet, weights: Weights) -> Frame:
    """Single models, oracle and best single model of a test set."""
    chosen = testset.cheapest_right[:, None]
    oracle = [np.take_along_axis(table, chosen, axis=1) for table in (testset.cost_usd, testset.score)]
    return Frame(
        singles=_curve(testset.cost_usd, testset.score, weights),
        oracle=_curve(oracle[0], oracle[1], weights),
        best=testset.best_single,
    )


def anchored_hull(points: Curve, against: Frame) -> Hull:
    """Upper hull of a curve and of always-cheapest, which any router can do.

    The anchor makes the area defined for a router that has no point as cheap as the cheapest model.
    """
    return upper_hull(
        np.hstack([against.singles.cost[:, :1], points.cost]),
        np.hstack([against.singles.score[:, :1], points.score]),
    )


def aiq(points: Curve, against: Frame) -> Floats:
    """Average improvement in quality: the hull's mean height over the ladder's range of cost.

    ``AIQ = 1 / (c_dearest - c_cheapest) * integral of hull(c) from c_cheapest to c_dearest``, where the ends
    are the mean costs of the ladder's first and last rung. Undefined where these do not differ.

    References
    ----------
    Hu et al. (2024), RouterBench, arXiv 2403.12031, section 3.
    """
    left, right = against.singles.cost[:, 0], against.singles.cost[:, -1]
    return divide(area(anchored_hull(points, against), left, right), right - left)


def hull_gain(points: Curve, against: Frame) -> Floats:
    """HG: the part of the way from random mixing to the oracle.

    ``HG = (AIQ_router - AIQ_zero) / (AIQ_oracle - AIQ_zero)``. AIQ_zero is that of the single models' hull,
    AIQ_oracle that of the hull through always-cheapest and the per-prompt oracle. 0 is random mixing of
    single models, 1 the oracle, negative is harm. A sweep that knew every outcome could pass 1, since the
    oracle is one point and not a sweep. Undefined where the oracle is not clearly better than mixing, that is
    where it is not in more than 1 of 40 resamples: the quotient would be of two noises.
    """
    zero, oracle = aiq(against.singles, against), aiq(against.oracle, against)
    headroom = oracle - zero
    if float(np.mean(headroom <= _NO_HEADROOM)) > _DOUBTFUL:
        return np.full(len(headroom), np.nan)
    return divide(aiq(points, against) - zero, headroom, floor=_NO_HEADROOM)


def cost_saved_at(points: Curve, against: Frame, share: float) -> Floats:
    """CS: cost saved, relative to the best single model, where the hull first reaches a share of its lead.

    ``CS_x = 1 - c / c_best`` with c the lowest cost at which the hull reaches ``a_cheapest + x (a_best -
    a_cheapest)``. Undefined where the hull never does.

    Parameters
    ----------
    points, against
        The router's curve and its frame.
    share
        x, in [0, 1]: 0.95 for CS95.
    """
    cheapest = against.singles.score[:, 0]
    level = cheapest + share * (against.best_score - cheapest)
    return 1 - divide(first_cost(anchored_hull(points, against), level), against.best_cost)


def cost_save_at_best_single(points: Curve, against: Frame) -> Floats:
    """Largest relative saving among the curve's points that score no less than the best single model.

    ``max over points with a >= a_best of 1 - c / c_best``; undefined where no point does.
    """
    enough = points.score >= against.best_score[:, None] - _NO_HEADROOM
    cheapest = np.where(enough, points.cost, np.inf).min(axis=1)
    return 1 - divide(np.where(np.isfinite(cheapest), cheapest, np.nan), against.best_cost)


def performance_gain_at_best_single(points: Curve, against: Frame) -> Floats:
    """Largest gain in mean score among the curve's points that cost no more than the best single model.

    ``max over points with c <= c_best of a - a_best``; undefined where no point does.
    """
    affordable = points.cost <= against.best_cost[:, None] * (1 + _NO_HEADROOM)
    best = np.where(affordable, points.score, -np.inf).max(axis=1)
    return np.where(np.isfinite(best), best - against.best_score, np.nan)


def oracle_gap(at: Curve, against: Frame) -> Floats:
    """Score that the oracle is ahead by at equal cost: ``a_oracle(c) - a``.

    ``a_oracle(c)`` is the height of the hull through always-cheapest and the per-prompt oracle.

    Parameters
    ----------
    at
        One operating point, as a curve of one point.
    against
        The frame.
    """
    return height_at(anchored_hull(against.oracle, against), at.cost[:, 0]) - at.score[:, 0]


def _curve(cost: Floats, score: Floats, weights: Weights) -> Curve:
    cost, score = np.hsplit(means(weights, np.hstack([cost, score])), 2)
    return Curve(cost, score)
