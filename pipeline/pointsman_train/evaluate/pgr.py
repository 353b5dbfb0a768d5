"""Performance gap recovered: PGR, APGR and CPT(x), exact.

``PGR = (a - a_weak) / (a_strong - a_weak)``, with the ladder's cheapest rung as weak and its dearest as
strong. It is followed along the *share*: of prompts sent to the strong model on a ladder of two; of the
dearest model's mean cost on longer ladders, where it begins at the cheapest model's.

References
----------
Ong et al. (2024), RouteLLM, arXiv 2406.18665, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.evaluate.bootstrap import Weights, by_rows, divide, means
from pointsman_train.evaluate.curve import Curve, Frame
from pointsman_train.evaluate.ratio import Ratio
from pointsman_train.evaluate.router import Point, Router
from pointsman_train.evaluate.testset import TestSet

# PGR that misses its level by less than this misses it by rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Recovery:
    """PGR along the share, under each row of the weights.

    Attributes
    ----------
    share
        ndarray of shape (n_rows, n_points), rising, from the cheapest model's share to 1.
    pgr
        ndarray of shape (n_rows, n_points), from 0 to 1 at its ends and anything between; NaN in rows where
        the strong model does not beat the weak one.
    """

    share: Floats
    pgr: Floats


def pgr(testset: TestSet, point: Point) -> Ratio:
    """PGR at one operating point; undefined where the dearest model does not beat the cheapest."""
    weak, strong = testset.score[:, 0], testset.score[:, -1]
    return Ratio(point.take(testset.score) - weak, strong - weak, len(testset))


def apgr(recovery: Recovery) -> Floats:
    """Mean PGR over the share, by trapezoids: 0.5 for a random mix of weak and strong.

    It is the area between the router's score and the weak model's, over the area between strong and weak.

    Examples
    --------
    >>> apgr(Recovery(np.array([[0.0, 0.5, 1.0]]), np.array([[0.0, 1.0, 1.0]]))).tolist()
    [0.75]
    """
    share, height = recovery.share, recovery.pgr
    under = ((height[:, :-1] + height[:, 1:]) / 2 * np.diff(share, axis=1)).sum(axis=1)
    return divide(under, share[:, -1] - share[:, 0])


def cpt(recovery: Recovery, level: float) -> Floats:
    """CPT(x): the smallest share at which ``PGR >= level``, among the points given; nothing is interpolated.

    Examples
    --------
    >>> cpt(Recovery(np.array([[0.0, 0.5, 1.0]]), np.array([[0.0, 1.0, 1.0]])), 0.5).tolist()
    [0.5]
    """
    reached = recovery.pgr >= level - _ROUNDING
    share = np.where(reached, recovery.share, np.inf).min(axis=1)
    return np.where(np.isfinite(share), share, np.nan)


def exact_figures(
    testset: TestSet, router: Router, weights: Weights, points: Curve, against: Frame
) -> dict[str, Floats]:
    """APGR, CPT(50 %) and CPT(80 %) of a router, one number per row of the weights.

    On a ladder of two, a router with probabilities of success is cut at every prompt, in the order of
    ``P_strong - P_weak``: that is its sweep over every lambda, negative ones included. Other routers are
    followed through the points of their sweep.

    Parameters
    ----------
    testset, router, weights
        What is judged.
    points, against
        The router's curve and its frame, under the same weights.
    """
    if len(testset.models) == 2 and router.p_success is not None:
        preference = router.p_success[:, 1] - router.p_success[:, 0]
        weak, strong = testset.score[:, 0], testset.score[:, 1]
        stacked = by_rows(weights, lambda block: _stack(cut_points(preference, weak, strong, block)))
    elif len(testset.models) == 2:
        share = means(weights, router.along(testset.is_dearest))
        ends = np.broadcast_to([0.0, 1.0], (len(weights), 2))
        stacked = _stack(_recovery(np.hstack([ends, share]), points, against))
    else:
        ends = against.singles.cost[:, [0, -1]]
        dearest = against.singles.cost[:, -1:]
        stacked = _stack(_recovery(divide(np.hstack([ends, points.cost]), dearest), points, against))
    return dict(zip(("apgr", "cpt50", "cpt80"), stacked.T, strict=True))


def cut_points(preference: Floats, weak: Floats, strong: Floats, weights: Weights) -> Recovery:
    """Follow a two-model router through a cut at every prompt, the most preferred going to strong first.

    Tied prompts are taken in every order alike: within a tie the score rises by the tie's mean.

    Parameters
    ----------
    preference
        ndarray of shape (n_prompts,); the larger, the earlier a prompt goes to the strong model. Any scale.
    weak, strong
        ndarray of shape (n_prompts,), scores of the two models.
    weights
        ndarray of shape (n_rows, n_prompts).

    Returns
    -------
    Recovery
        Of n_prompts + 1 points.

    Examples
    --------
    >>> weak, strong, once = np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0]), np.ones((1, 3), np.float32)
    >>> recovery = cut_points(np.array([0.1, 0.9, 0.5]), weak, strong, once)
    >>> recovery.share.round(2).tolist(), recovery.pgr.tolist()
    ([[0.0, 0.33, 0.67, 1.0]], [[0.0, 1.0, 1.0, 1.0]])
    """
    order = np.argsort(-preference, kind="stable")
    count = weights[:, order].astype(np.float64)
    gain = _even_within_ties(preference[order], count, count * (strong - weak)[order])
    start = np.zeros((len(weights), 1))
    share = np.hstack([start, np.cumsum(count, axis=1)])
    gained = np.hstack([start, np.cumsum(gain, axis=1)])
    floor = 1e-12 * float(np.abs(strong - weak).sum())
    return Recovery(divide(share, share[:, -1:]), divide(gained, gained[:, -1:], floor))


def _even_within_ties(preference: Floats, count: Floats, gain: Floats) -> Floats:
    starts = np.flatnonzero(np.diff(preference, prepend=np.nan) != 0)
    if len(starts) == len(preference):
        return gain
    sizes = np.diff(starts, append=len(preference))
    rate = divide(np.add.reduceat(gain, starts, axis=1), np.add.reduceat(count, starts, axis=1))
    return count * np.repeat(np.nan_to_num(rate), sizes, axis=1)


def _recovery(share: Floats, points: Curve, against: Frame) -> Recovery:
    """Order the sweep's points, and always-cheapest and always-dearest before them, by share."""
    weak, strong = against.singles.score[:, :1], against.singles.score[:, -1:]
    score = np.hstack([weak, strong, points.score])
    height = divide(score - weak, strong - weak, floor=_ROUNDING)
    share = np.clip(share, share[:, :1], share[:, 1:2])
    order = np.lexsort((height, share), axis=-1)
    return Recovery(np.take_along_axis(share, order, axis=1), np.take_along_axis(height, order, axis=1))


def _stack(recovery: Recovery) -> Floats:
    return np.stack([apgr(recovery), cpt(recovery, 0.5), cpt(recovery, 0.8)], axis=1)
