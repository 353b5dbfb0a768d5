"""Boosted trees as arrays, between LightGBM and ONNX.

Every success model, however it was fitted, becomes one :class:`Ensemble` over the features with a target per
model, so that the exported graph has one form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import lightgbm as lgb
import numpy as np

from pointsman_train.errors import ExportError
from pointsman_train.graph import ML, GraphBuilder, in_block
from pointsman_train.train.sums import Sums, columns_of


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a tree adds to the margin, and how many training rows ended here, which is no part of what it computes."""

    value: float
    rows: float = field(default=1.0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Node:
    """Go left where ``x[feature] <= threshold``; thresholds are LightGBM's doubles."""

    feature: int
    threshold: float
    left: Tree
    right: Tree

    @property
    def rows(self) -> float:
        """Training rows that came by."""
        return self.left.rows + self.right.rows


Tree: TypeAlias = Leaf | Node

# LightGBM's kZeroThreshold: the float32 number 1e-35.
_ZERO = float(np.float32(1e-35))


@dataclass(frozen=True, slots=True)
class Column:
    """A booster's column is this feature of the graph."""

    feature: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A booster's column has this value for the model at hand."""

    value: float


Binding: TypeAlias = Sequence[Column | Constant]


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Trees with the target that each adds to; a margin is the sum over its target's trees."""

    trees: tuple[tuple[int, Tree], ...]
    n_targets: int


def trees_of(booster: lgb.Booster) -> list[Tree]:
    """Read a booster's trees, in their order.

    Raises
    ------
    ExportError
        For a categorical split, which no feature here is trained with.
    """
    return [_read(entry["tree_structure"]) for entry in booster.dump_model()["tree_info"]]


def _read(node: Mapping[str, Any]) -> Tree:
    if "leaf_value" in node:
        return Leaf(float(node["leaf_value"]), float(node.get("leaf_count", 1)))
    if node["decision_type"] != "<=":
        raise ExportError(f"a split of type {node['decision_type']!r} cannot be exported, only '<='")
    children = _read(node["left_child"]), _read(node["right_child"])
    return Node(int(node["split_feature"]), threshold_of(float(node["threshold"])), *children)


def threshold_of(threshold: float) -> float:
    """Where LightGBM puts the border just below zero, move it below all that LightGBM takes for zero.

    It reads a value of at most 1e-35 in size as 0 before it compares, a graph does not: only at exactly that border
    would they part.
    """
    return float(np.nextafter(threshold, -np.inf)) if threshold == -_ZERO else threshold


def bind(tree: Tree, binding: Binding) -> Tree:
    """Rewrite a tree over a booster's columns as one over the graph's features.

    A split on a constant column is decided here and disappears; one on another column is renamed. So a booster
    pooled over models becomes, for each model, a smaller tree that no longer asks which model it is.

    Examples
    --------
    >>> tree = Node(0, 0.5, Leaf(1.0), Node(1, 2.0, Leaf(2.0), Leaf(3.0)))
    >>> bind(tree, [Constant(1.0), Column(7)])
    Node(feature=7, threshold=2.0, left=Leaf(value=2.0), right=Leaf(value=3.0))
    """
    if isinstance(tree, Leaf):
        return tree
    bound = binding[tree.feature]
    if isinstance(bound, Constant):
        return bind(tree.left if bound.value <= tree.threshold else tree.right, binding)
    return Node(bound.feature, tree.threshold, bind(tree.left, binding), bind(tree.right, binding))


@in_block("trees")
def add_forest(g: GraphBuilder, features: str, ensembles: Sequence[Ensemble]) -> list[Sums]:
    """Add the trees of several ensembles on double features, as one node.

    Targets with the same trees, as the best single model's in two formulations, are computed once. In double,
    thresholds are LightGBM's own: rounding them to float32 would send a row to the wrong side where two feature values
    are neighbouring float32 numbers.

    Returns
    -------
    list of Sums
        The margins of each ensemble, n_targets columns of the node's.
    """
    if not ensembles:
        return []
    place: dict[tuple[Tree, ...], int] = {}
    places = [[place.setdefault(trees, len(place)) for trees in _by_target(ensemble)] for ensemble in ensembles]
    table = _Table()
    roots = [table.root(tree, target) for trees, target in place.items() for tree in trees]
    sums = g.add("TreeEnsemble", features, domain=ML, **table.attributes(roots, len(place)))
    return [columns_of(sums, len(place), columns) for columns in places]


def _by_target(ensemble: Ensemble) -> list[tuple[Tree, ...]]:
    """Deal the trees to their targets, in their order; a target without one has a leaf of 0."""
    found: list[list[Tree]] = [[] for _ in range(ensemble.n_targets)]
    for target, tree in ensemble.trees:
        found[target].append(tree)
    return [tuple(trees) or (Leaf(0.0),) for trees in found]


class _Table:
    """Nodes and leaves of many trees, flattened as TreeEnsemble wants them."""

    def __init__(self) -> None:
        self._features: list[int] = []
        self._thresholds: list[float] = []
        self._children: list[list[int]] = []
        self._is_leaf: list[list[int]] = []
        self._leaf_values: list[float] = []
        self._leaf_targets: list[int] = []

    def root(self, tree: Tree, target: int) -> int:
        """Add a tree and return the position of its root node."""
        if isinstance(tree, Leaf):
            # The operator has no tree without a node: a split with the same leaf on both sides stands in.
            tree = Node(0, 0.0, tree, tree)
        return self._place(tree, target)[0]

    def _place(self, tree: Tree, target: int) -> tuple[int, int]:
        """Add a tree; returns its position and whether it is a leaf."""
        if isinstance(tree, Leaf):
            self._leaf_values.append(tree.value)
            self._leaf_targets.append(target)
            return len(self._leaf_values) - 1, 1
        at = len(self._features)
        self._features.append(tree.feature)
        self._thresholds.append(tree.threshold)
        self._children.append([0, 0])
        self._is_leaf.append([0, 0])
        # Where x > threshold is true, right. onnxruntime puts the other child next to its parent in memory, and of the
        # decisions seven in ten go left, since most counts of most prompts are small.
        for side, child in enumerate((tree.right, tree.left)):
            self._children[at][side], self._is_leaf[at][side] = self._place(child, target)
        return at, 0

    def attributes(self, roots: Sequence[int], n_targets: int) -> dict[str, Any]:
        tensor: Callable[..., Any] = _tensor
        children, is_leaf = np.array(self._children), np.array(self._is_leaf)
        return {
            "n_targets": n_targets,
            "aggregate_function": 1,  # SUM
            "post_transform": 0,  # NONE
            "tree_roots": list(roots),
            "nodes_featureids": self._features,
            "nodes_splits": tensor(np.array(self._thresholds, np.float64)),
            "nodes_modes": tensor(np.full(len(self._features), 3, np.uint8)),  # BRANCH_GT
            "nodes_truenodeids": children[:, 0].tolist(),
            "nodes_falsenodeids": children[:, 1].tolist(),
            "nodes_trueleafs": is_leaf[:, 0].tolist(),
            "nodes_falseleafs": is_leaf[:, 1].tolist(),
            "leaf_targetids": self._leaf_targets,
            "leaf_weights": tensor(np.array(self._leaf_values, np.float64)),
        }


def _tensor(array: np.ndarray[Any, Any]) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(array)
