from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.errors import ExportError
from pointsman_train.featurize.run import open_session
from pointsman_train.graph import DOUBLE, FLOAT, GraphBuilder
from pointsman_train.train.booster import BoosterConfig, fit_booster, margins_of
from pointsman_train.train.trees import Column, Constant, Ensemble, Leaf, Node, add_forest, bind, trees_of


def evaluate(tree, row):
    while isinstance(tree, Node):
        tree = tree.left if row[tree.feature] <= tree.threshold else tree.right
    return tree.value


def run(ensemble, features):
    g = GraphBuilder()
    [sums] = add_forest(g, g.add("Cast", "x", to=DOUBLE), [ensemble])
    g.alias(sums.add(g), "margins")
    model = g.model({"x": (FLOAT, ["N", features.shape[1]])}, {"margins": (DOUBLE, ["N", ensemble.n_targets])})
    return open_session(model).run(["margins"], {"x": features})[0]


def split_at(threshold, low, high):
    return Node(0, threshold, Leaf(low), Leaf(high))


@pytest.mark.parametrize(
    "targets",
    [
        [["a", "b"]],
        [["a", "b"], ["c"]],
        [["a", "b"], ["b"], ["c", "d"]],  # the second has no trees of its own
        [["a", "b"], ["b", "c"]],  # the second has some
        [["b"], ["a", "b"], ["b", "a"]],
    ],
)
def test_each_of_several_ensembles_has_its_own_sums_though_targets_are_computed_once(targets):
    trees = {name: split_at(i + 0.5, i, 10.0 * i + 1) for i, name in enumerate("abcd")}
    ensembles = [Ensemble(tuple((i, trees[name]) for i, name in enumerate(names)), len(names)) for names in targets]
    g = GraphBuilder()
    outputs = {f"y{i}": (DOUBLE, ["N", len(names)]) for i, names in enumerate(targets)}
    for name, found in zip(outputs, add_forest(g, g.add("Cast", "x", to=DOUBLE), ensembles), strict=True):
        g.alias(found.add(g), name)
    x = np.arange(6, dtype=np.float32)[:, None]
    found = open_session(g.model({"x": (FLOAT, ["N", 1])}, outputs)).run(None, {"x": x})
    for names, sums in zip(targets, found, strict=True):
        assert sums.tolist() == [[evaluate(trees[name], row) for name in names] for row in x]


@pytest.fixture(scope="module")
def fitted():
    """A booster on float32 features that are not on a coarse grid, so that thresholds fall between neighbours."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 6)).astype(np.float32)
    target = (x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=600) > 0).astype(float)
    booster = fit_booster(x.astype(float), target, 600, BoosterConfig(trees=40, leaves=8), objective="binary")
    return booster, x


def thresholds(trees):
    stack, found = list(trees), []
    while stack:
        tree = stack.pop()
        if isinstance(tree, Node):
            found.append((tree.feature, tree.threshold))
            stack += [tree.left, tree.right]
    return found


def test_an_ensemble_in_the_graph_gives_the_raw_scores_of_lightgbm(fitted):
    booster, _ = fitted
    x = np.random.default_rng(1).normal(size=(2_000, 6)).astype(np.float32) * 2
    margins = run(Ensemble(tuple((0, tree) for tree in trees_of(booster)), 1), x)
    np.testing.assert_allclose(margins[:, 0], booster.predict(x.astype(float), raw_score=True), atol=1e-12)


def test_neighbouring_float32_values_of_every_threshold_fall_on_the_side_that_lightgbm_says(fitted):
    booster, x = fitted
    trees = trees_of(booster)
    rows = []
    for feature, threshold in thresholds(trees):
        at = np.float32(threshold)
        for value in (np.nextafter(at, np.float32(-np.inf)), at, np.nextafter(at, np.float32(np.inf))):
            row = x[len(rows) % len(x)].copy()
            row[feature] = value
            rows.append(row)
    rows = np.array(rows)
    margins = run(Ensemble(tuple((0, tree) for tree in trees), 1), rows)
    np.testing.assert_allclose(margins[:, 0], booster.predict(rows.astype(float), raw_score=True), atol=1e-12)


def test_thresholds_are_not_rounded_to_float32():
    # Half-way between two neighbouring float32 numbers; the nearest float32 would be one of them.
    low = np.float32(1.0)
    high = np.nextafter(low, np.float32(2))
    ensemble = Ensemble(((0, Node(0, (float(low) + float(high)) / 2, Leaf(1.0), Leaf(2.0))),), 1)
    assert run(ensemble, np.array([[low], [high]], np.float32)).tolist() == [[1.0], [2.0]]


def test_a_value_on_the_threshold_goes_left():
    ensemble = Ensemble(((0, Node(0, 0.5, Leaf(1.0), Leaf(2.0))),), 1)
    assert run(ensemble, np.array([[0.5], [0.75]], np.float32)).tolist() == [[1.0], [2.0]]


def test_trees_of_only_a_leaf_add_their_value():
    trees = ((0, Leaf(0.25)), (1, Leaf(-1.0)), (0, Node(1, 0.0, Leaf(1.0), Leaf(2.0))), (1, Leaf(0.5)))
    found = run(Ensemble(trees, 2), np.array([[9, -1], [-9, 1]], np.float32))
    assert found.tolist() == [[1.25, -0.5], [2.25, -0.5]]


def test_a_booster_that_could_not_split_is_exported():
    x = np.zeros((50, 2))
    booster = fit_booster(x, np.arange(50) % 2 * 1.0, 50, BoosterConfig(trees=3), objective="binary")
    trees = trees_of(booster)
    assert all(isinstance(tree, Leaf) for tree in trees)
    margins = run(Ensemble(tuple((0, tree) for tree in trees), 1), x.astype(np.float32))
    np.testing.assert_allclose(margins[:, 0], margins_of(booster, x), atol=1e-15)


def test_a_categorical_split_is_refused():
    x = np.random.default_rng(0).integers(0, 4, (400, 1)).astype(float)
    data = lgb.Dataset(x, (x[:, 0] % 2), categorical_feature=[0])
    booster = lgb.train({"objective": "binary", "verbosity": -1, "num_leaves": 4}, data, 2)
    with pytest.raises(ExportError, match="a split of type '==' cannot be exported, only '<='"):
        trees_of(booster)


def test_binding_decides_constant_columns_and_renames_the_others():
    tree = Node(0, 1.0, Node(1, 0.5, Leaf(1.0), Leaf(2.0)), Node(2, 7.0, Leaf(3.0), Leaf(4.0)))
    assert bind(tree, [Constant(1.0), Column(5), Constant(9.0)]) == Node(5, 0.5, Leaf(1.0), Leaf(2.0))
    assert bind(tree, [Constant(1.1), Column(5), Constant(9.0)]) == Leaf(4.0)
    assert bind(tree, [Column(3), Constant(0.0), Column(3)]) == Node(
        3, 1.0, Leaf(1.0), Node(3, 7.0, Leaf(3.0), Leaf(4.0))
    )


leaves = st.builds(Leaf, st.integers(-5, 5).map(float))
trees = st.recursive(
    leaves,
    lambda child: st.builds(Node, st.integers(0, 3), st.integers(-2, 2).map(float), child, child),
    max_leaves=12,
)


@given(trees, st.lists(st.integers(-3, 3), min_size=4, max_size=4))
def test_a_bound_tree_says_what_the_tree_says_of_the_whole_row(tree, row):
    bound = bind(tree, [Column(1), Constant(float(row[1])), Column(0), Constant(float(row[3]))])
    assert evaluate(bound, [row[2], row[0]]) == evaluate(tree, row)


@given(st.lists(st.tuples(st.integers(0, 2), trees), min_size=1, max_size=5))
def test_any_ensemble_is_the_sum_of_its_trees_by_target(entries):
    rows = np.random.default_rng(0).integers(-3, 4, (12, 4)).astype(np.float32)
    expected = np.zeros((12, 3))
    for target, tree in entries:
        expected[:, target] += [evaluate(tree, row) for row in rows]
    np.testing.assert_array_equal(run(Ensemble(tuple(entries), 3), rows), expected)


def test_what_lightgbm_takes_for_zero_goes_the_same_way_in_the_graph():
    # Half of the values are zero and the rest straddle it: LightGBM then puts borders just beside zero.
    rng = np.random.default_rng(1)
    x = np.where(rng.random((400, 1)) < 0.5, 0.0, rng.normal(size=(400, 1))).astype(np.float32)
    booster = fit_booster(
        x.astype(float), (x[:, 0] >= 0).astype(float), 400, BoosterConfig(trees=5, leaves=4), objective="binary"
    )
    found = {threshold for _, threshold in thresholds(trees_of(booster))}
    assert any(-1.1e-35 < threshold < 0 for threshold in found)
    tiny = np.float32(1e-35)
    values = [-tiny, tiny, 0.0, np.nextafter(-tiny, np.float32(-1)), np.nextafter(-tiny, np.float32(0)), -1e-30]
    rows = np.array(values, np.float32)[:, None]
    exported = run(Ensemble(tuple((0, tree) for tree in trees_of(booster)), 1), rows)[:, 0]
    np.testing.assert_allclose(exported, margins_of(booster, rows.astype(float)), atol=1e-12)
