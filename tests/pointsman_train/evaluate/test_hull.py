from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.evaluate.hull import Hull, area, first_cost, height_at, upper_hull

# Coarse numbers, so that ties and points on a line are common.
POINTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 8)), min_size=1, max_size=12)


def _hull(points):
    cost, score = np.array(points, dtype=float).T
    return upper_hull(cost[None], score[None])


def _brute_height(points, cost):
    """Best of every point at or left of ``cost``, and of every line between points around it."""
    heights = [s for c, s in points if c <= cost]
    for c1, s1 in points:
        heights += [s1 + (s2 - s1) * (cost - c1) / (c2 - c1) for c2, s2 in points if c1 < cost <= c2]
    return max(heights)


def test_dominated_points_and_points_below_a_line_are_no_vertices():
    hull = _hull([(1, 0.0), (2, 0.5), (3, 0.25), (3, 0.75), (4, 0.8125), (5, 0.8), (6, 1.0)])

    assert hull.cost.tolist() == [[1, 2, 3, 6]]
    assert hull.score.tolist() == [[0, 0.5, 0.75, 1.0]]


@given(points=POINTS, at=st.floats(0, 15))
def test_the_height_is_the_best_that_randomising_between_points_can_reach(points, at):
    cost = max(at, min(c for c, _ in points))

    np.testing.assert_allclose(height_at(_hull(points), np.array([cost])), _brute_height(points, cost), atol=1e-12)


@given(points=POINTS)
def test_the_hull_rises_and_bends_down(points):
    hull = _hull(points)
    slope = np.diff(hull.score[0]) / np.diff(hull.cost[0])

    assert (slope > 0).all()
    assert (np.diff(slope) < 1e-12).all()


@given(points=POINTS, seed=st.integers(0, 99))
def test_the_order_of_the_points_does_not_matter(points, seed):
    shuffled = [points[i] for i in np.random.default_rng(seed).permutation(len(points))]

    assert _hull(points).cost.tolist() == _hull(shuffled).cost.tolist()


def test_every_row_has_its_own_hull():
    rng = np.random.default_rng(0)
    cost, score = rng.random((50, 30)), rng.random((50, 30))
    together = upper_hull(cost, score)

    for row in range(50):
        alone = upper_hull(cost[row : row + 1], score[row : row + 1])
        vertices = alone.cost.shape[1]
        np.testing.assert_array_equal(together.cost[row, :vertices], alone.cost[0])
        np.testing.assert_array_equal(together.score[row, :vertices], alone.score[0])
        assert (together.cost[row, vertices:] == alone.cost[0, -1]).all()


@given(points=POINTS, right=st.integers(0, 15))
def test_the_area_is_the_integral_of_the_height(points, right):
    hull = _hull(points)
    left = hull.cost[0, 0]
    right = max(float(right), left)
    # All vertices lie on whole numbers, so trapezoids between them are exact.
    grid = np.arange(left, right + 1)
    heights = np.concatenate([height_at(hull, np.array([c])) for c in grid])

    np.testing.assert_allclose(area(hull, np.array([left]), np.array([right])), np.trapezoid(heights, grid))


def test_an_interval_that_cuts_segments_has_only_the_area_inside():
    hull = Hull(np.array([[0.0, 2.0, 4.0]]), np.array([[0.0, 1.0, 1.5]]))

    # From 1 to 2 the mean height is 0.75, from 2 to 3 it is 1.125.
    np.testing.assert_allclose(area(hull, np.array([1.0]), np.array([3.0])), [1.875])


@given(points=POINTS, part=st.floats(0, 1))
def test_the_first_cost_of_a_level_is_where_the_height_reaches_it(points, part):
    hull = _hull(points)
    level = hull.score[:, 0] + part * (hull.score[:, -1] - hull.score[:, 0])
    cost = first_cost(hull, level)

    np.testing.assert_allclose(height_at(hull, cost), level, atol=1e-9)


def test_a_level_above_the_hull_is_never_reached():
    assert np.isnan(first_cost(_hull([(1, 0.5), (2, 0.75)]), np.array([0.8]))).all()
