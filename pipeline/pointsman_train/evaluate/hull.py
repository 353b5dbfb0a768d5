"""The non-decreasing concave upper hull of cost-quality points, for all resamples at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.evaluate.bootstrap import divide


@dataclass(frozen=True, slots=True)
class Hull:
    """The hull's vertices under each row of the weights, left to right.

    Attributes
    ----------
    cost, score
        ndarray of shape (n_rows, n_vertices), both rising. A row with fewer vertices repeats its last one.
        Right of the last vertex the hull is flat.
    """

    cost: Floats
    score: Floats


def upper_hull(cost: Floats, score: Floats) -> Hull:
    """Return the least non-decreasing concave curve that no point lies above.

    Andrew's monotone chain, run in step over all rows: points enter by rising cost, and a vertex that a new
    point leaves below the line is taken off again. A point that is no better than a cheaper one never enters.

    Parameters
    ----------
    cost, score
        ndarray of shape (n_rows, n_points), in any order.

    References
    ----------
    Andrew (1979), Another efficient algorithm for convex hulls in two dimensions. Hu et al. (2024),
    RouterBench, section 3, for the hull as the set of what randomising between operating points can reach.

    Examples
    --------
    >>> hull = upper_hull(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[0.0, 0.25, 1.0, 0.5]]))
    >>> hull.cost.tolist(), hull.score.tolist()
    ([[1.0, 3.0]], [[0.0, 1.0]])
    """
    # lexsort's last key rules: by cost, and among equal costs the best score first.
    order = np.lexsort((-score, cost), axis=-1)
    cost, score = np.take_along_axis(cost, order, axis=1), np.take_along_axis(score, order, axis=1)
    vertex_cost, vertex_score = cost.copy(), score.copy()
    rows, top = np.arange(len(cost)), np.zeros(len(cost), dtype=np.int64)
    for point in range(1, cost.shape[1]):
        entering = score[:, point] > vertex_score[rows, top]
        _take_off(vertex_cost, vertex_score, top, cost[:, point], score[:, point], entering)
        top[entering] += 1
        vertex_cost[rows[entering], top[entering]] = cost[entering, point]
        vertex_score[rows[entering], top[entering]] = score[entering, point]
    last = np.minimum(np.arange(top.max() + 1)[None, :], top[:, None])
    return Hull(np.take_along_axis(vertex_cost, last, 1), np.take_along_axis(vertex_score, last, 1))


def _take_off(
    vertex_cost: Floats, vertex_score: Floats, top: Ints, cost: Floats, score: Floats, entering: Bools
) -> None:
    """Lower ``top`` while the last vertex is not above the line from the one before to the new point."""
    active = np.flatnonzero(entering & (top > 0))
    while len(active):
        at, before = top[active], top[active] - 1
        rise, run = score[active] - vertex_score[active, before], cost[active] - vertex_cost[active, before]
        old_rise = vertex_score[active, at] - vertex_score[active, before]
        old_run = vertex_cost[active, at] - vertex_cost[active, before]
        below = active[old_rise * run <= rise * old_run]
        top[below] -= 1
        active = below[top[below] > 0]


def area(hull: Hull, left: Floats, right: Floats) -> Floats:
    """Area under each row's hull from ``left`` to ``right``.

    Parameters
    ----------
    hull
        Its first vertex must not be right of ``left``.
    left, right
        ndarray of shape (n_rows,).

    Examples
    --------
    >>> hull = Hull(np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]]))
    >>> area(hull, np.array([1.0]), np.array([5.0])).tolist()
    [3.0]
    """
    ends = np.stack([left, right], axis=1)
    at_left, at_right = height_at(hull, left)[:, None], height_at(hull, right)[:, None]
    inside = np.clip(hull.cost, left[:, None], right[:, None])
    height = np.where(hull.cost < ends[:, :1], at_left, np.where(hull.cost > ends[:, 1:], at_right, hull.score))
    # The last strip is the flat one; it has no width where the last vertex lies right of the interval.
    cost, height = np.hstack([inside, ends[:, 1:]]), np.hstack([height, at_right])
    return np.asarray(((height[:, :-1] + height[:, 1:]) / 2 * np.diff(cost, axis=1)).sum(axis=1))


def height_at(hull: Hull, cost: Floats) -> Floats:
    """Height of each row's hull at ``cost`` of shape (n_rows,): flat to the right of it, and to the left.

    Examples
    --------
    >>> hull = Hull(np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]]))
    >>> [height_at(hull, np.array([c])).tolist() for c in (0.0, 2.0, 9.0)]
    [[0.0], [0.5], [1.0]]
    """
    return _between(hull.cost, hull.score, np.clip(cost, hull.cost[:, 0], hull.cost[:, -1]))


def first_cost(hull: Hull, level: Floats) -> Floats:
    """Lowest cost at which each row's hull reaches ``level`` of shape (n_rows,); NaN where it never does.

    Examples
    --------
    >>> hull = Hull(np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]]))
    >>> [first_cost(hull, np.array([s])).tolist() for s in (-1.0, 0.25, 1.5)]
    [[1.0], [1.5], [nan]]
    """
    reached = _between(hull.score, hull.cost, np.clip(level, hull.score[:, 0], hull.score[:, -1]))
    return np.where(level <= hull.score[:, -1], reached, np.nan)


def _between(xs: Floats, ys: Floats, x: Floats) -> Floats:
    """Interpolate each row's rising ``xs`` to its ``ys`` at one ``x`` that lies within them."""
    rows = np.arange(len(xs))
    right = np.minimum((xs < x[:, None]).sum(axis=1), xs.shape[1] - 1)
    before = np.maximum(right - 1, 0)
    part = divide(x - xs[rows, before], xs[rows, right] - xs[rows, before])
    step = np.where(np.isfinite(part), part, 1.0) * (ys[rows, right] - ys[rows, before])
    return np.asarray(ys[rows, before] + step)
