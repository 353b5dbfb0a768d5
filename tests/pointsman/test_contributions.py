"""Against the definition: a weighted sum over all subsets of features, tree by tree."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.contributions import (
    EXPLAIN_FILE,
    Columns,
    Explainer,
    Linear,
    Paths,
    Trees,
    shapley,
)
from pointsman.errors import BundleCorruptError, BundleNotFoundError

N_FEATURES = 4


def paths_of(trees, n_targets=1, constant=None):
    """Make paths of trees given as (target, tree); a tree is a value or (feature, threshold, left, right, rows)."""
    leaves, conditions = [], []

    def rows(tree):
        return tree[1] if len(tree) == 2 else rows(tree[2]) + rows(tree[3])

    def walk(tree, target, seen):
        if len(tree) == 2:
            leaves.append((tree[0], target, len(conditions)))
            conditions.extend(seen.items())
            return
        feature, threshold, left, right = tree
        low, high, share = seen.get(feature, (-np.inf, np.inf, 1.0))
        whole = rows(tree)
        walk(left, target, seen | {feature: (low, min(high, threshold), share * rows(left) / whole)})
        walk(right, target, seen | {feature: (max(low, threshold), high, share * rows(right) / whole)})

    for target, tree in trees:
        walk(tree, target, {})
    value, target, start = (np.array(column) for column in zip(*leaves, strict=True))
    feature = np.array([one for one, _ in conditions])
    low, high, share = np.array([one for _, one in conditions], np.float64).T
    return Paths(value, target, start, feature, low, high, share, np.zeros(n_targets) if constant is None else constant)


def expected(tree, x, known):
    """The tree's value where the features in ``known`` are x's and the others are left to the training rows."""
    if len(tree) == 2:
        return tree[0]
    feature, threshold, left, right = tree
    if feature in known:
        return expected(left if x[feature] <= threshold else right, x, known)

    def rows(one):
        return one[1] if len(one) == 2 else rows(one[2]) + rows(one[3])

    share = rows(left) / (rows(left) + rows(right))
    return share * expected(left, x, known) + (1 - share) * expected(right, x, known)


def by_definition(tree, x):
    found, n = np.zeros(len(x)), len(x)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            for known in itertools.combinations(others, size):
                found[i] += weight * (expected(tree, x, {*known, i}) - expected(tree, x, set(known)))
    return found


LEAVES = st.tuples(st.floats(-2, 2), st.integers(1, 50))
SPLITS = st.recursive(
    LEAVES,
    lambda inner: st.tuples(st.integers(0, N_FEATURES - 1), st.floats(-1, 1), inner, inner),
    max_leaves=12,
).filter(lambda tree: len(tree) == 4)


@given(SPLITS, st.lists(st.floats(-1, 1), min_size=N_FEATURES, max_size=N_FEATURES))
def test_contributions_are_shapley_values_by_their_definition(tree, x):
    x = np.array(x)
    found = shapley(paths_of([(0, tree)]), x)
    np.testing.assert_allclose(found.of[0], by_definition(tree, x), atol=1e-12)
    assert found.usual[0] == pytest.approx(expected(tree, x, set()), abs=1e-12)
    assert found.total[0] == pytest.approx(expected(tree, x, set(range(N_FEATURES))), abs=1e-12)


def test_trees_of_several_targets_stay_apart_and_constants_are_usual():
    tree = (1, 0.0, (-1.0, 3), (1.0, 1))
    found = shapley(paths_of([(0, tree), (2, tree), (2, tree)], 3, np.array([0.0, 5.0, 0.0])), np.array([9.0, 0.5]))
    np.testing.assert_allclose(found.of, [[0, 1.5], [0, 0], [0, 3.0]])
    np.testing.assert_allclose(found.usual, [-0.5, 5.0, -1.0])


def test_without_trees_everything_is_usual():
    none = np.array([])
    paths = Paths(none, none.astype(int), none.astype(int), none.astype(int), none, none, none, np.array([1.0, 2.0]))
    found = shapley(paths, np.zeros(3))
    assert found.usual.tolist() == [1.0, 2.0]
    assert not found.of.any()


@given(SPLITS, SPLITS, st.lists(st.floats(-1, 1), min_size=N_FEATURES, max_size=N_FEATURES))
def test_columns_count_with_their_weights(one, other, x):
    x = np.array(x)
    part = Trees(paths_of([(0, one), (1, other)], 2), np.array([[1.0, 1.0], [0.0, 4.0]]))
    found = part(x)
    np.testing.assert_allclose(found.of[0], by_definition(one, x), atol=1e-9)
    np.testing.assert_allclose(found.of[1], by_definition(one, x) + 4 * by_definition(other, x), atol=1e-9)
    whole = [expected(tree, x, set(range(N_FEATURES))) for tree in (one, other)]
    np.testing.assert_allclose(found.total, [whole[0], whole[0] + 4 * whole[1]], atol=1e-9)


def test_a_column_adds_what_it_differs_from_its_mean_by():
    found = Columns(np.array([2, 0]), np.array([1.0, -1.0]))(np.array([3.0, 9.0, 4.0]))
    assert found.usual.tolist() == [1.0, -1.0]
    assert found.of.tolist() == [[0, 0, 3.0], [4.0, 0, 0]]


def test_a_weighed_sum_adds_each_terms_distance_from_its_mean():
    made = Linear(
        np.array([2, 0]), 1, np.array([1.0, 3.0]), np.array([[2.0, 0.5], [1.0, -1.0]]), np.array([0.25, 0.75])
    )
    features = np.array([5.0, 9.0, 16.0])
    found = made(features)
    assert found.usual.tolist() == [0.25, 0.75]
    assert found.of.tolist() == [[2.0, 0, 6.0], [-2.0, 0, 1.5]]  # the root of 16 is 3 above its mean, 5 is 2 above
    assert features.tolist() == [5.0, 9.0, 16.0]


def test_the_parts_are_averaged():
    tree = (0, 0.0, (0.0, 1), (2.0, 1))
    made = Explainer([Trees(paths_of([(0, tree)]), np.eye(1)), Columns(np.array([1]), np.array([0.5]))])
    found = made(np.array([1.0, 4.5]))
    assert found.usual.tolist() == [0.75]
    assert found.of.tolist() == [[0.5, 2.0]]


def test_a_bundle_without_or_with_another_file_is_told(bundle, router):
    sha = router.manifest.onnx_sha256
    path = bundle / EXPLAIN_FILE
    Explainer.load(bundle, sha)
    with pytest.raises(BundleCorruptError, match="belongs to another router"):
        Explainer.load(bundle, "0" * 64)
    with np.load(path) as arrays:
        arrays = dict(arrays)
    header = json.loads(str(arrays["header"]))
    for content, said in (({"format": 9}, "has the format 9, this pointsman reads 2"), ({"parts": [{}]}, "kind")):
        np.savez(path, **arrays | {"header": np.array(json.dumps(header | content))})
        with pytest.raises(BundleCorruptError, match=said):
            Explainer.load(bundle, sha)
    for content in (b"", b"PK", b"\x93NUMPY", b"x" * 100):
        path.write_bytes(content)
        with pytest.raises(BundleCorruptError, match="cannot be read"):
            Explainer.load(bundle, sha)
    np.savez(path, header=np.array([{}], dtype=object))
    with pytest.raises(BundleCorruptError, match="cannot be read"):
        Explainer.load(bundle, sha)
    path.unlink()
    with pytest.raises(BundleNotFoundError, match=r"has no explain\.npz"):
        Explainer.load(bundle, sha)
