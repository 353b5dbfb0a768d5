from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.featurize.run import open_session
from pointsman_train.graph import DOUBLE, GraphBuilder
from pointsman_train.train.sums import Sums, columns_of, result

X = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0]])
Y = np.array([[10.0, 20.0], [30.0, 40.0]])


def computed(sums):
    """Return what a graph computes from X and Y, and the operators that it needs."""
    g = GraphBuilder()
    g.alias(sums.add(g), "out")
    graph = g.model({"x": (DOUBLE, ["N", 3]), "y": (DOUBLE, ["N", 2])}, {"out": (DOUBLE, ["N", len(sums.bias)])})
    found = open_session(graph).run(["out"], {"x": X, "y": Y})[0]
    return found, [node.op_type for node in graph.graph.node if node.op_type != "Identity"]


def test_all_columns_of_a_result_need_no_node_and_some_need_one():
    found, operators = computed(result("x", 3))
    np.testing.assert_array_equal(found, X)
    assert operators == []
    found, operators = computed(columns_of("x", 3, [2, 0, 2]))
    np.testing.assert_array_equal(found, X[:, [2, 0, 2]])
    assert operators == ["Gather"]


def test_whatever_is_affine_is_one_product():
    weight, bias = np.array([[2.0, 0.0, 1.0], [0.0, -1.0, 1.0]]), np.array([1.0, 2.0, 3.0])
    first = columns_of("x", 3, [1, 2]).mapped(weight, bias)
    mean = (first + result("x", 3) + result("y", 2).mapped(weight, -bias)).mapped(np.eye(3) / 3, np.ones(3))
    found, operators = computed(mean)
    np.testing.assert_allclose(found, (X[:, 1:] @ weight + bias + X + Y @ weight - bias) / 3 + 1, rtol=1e-14)
    assert operators == ["Concat", "Gemm"]


@pytest.mark.parametrize(
    "weight", [[[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]], [[-1.0, 0.0], [0.0, 0.0], [0.0, 1.0]], [[0.0, 0.0]] * 3]
)
def test_sums_that_only_look_like_columns_are_computed(weight):
    found, operators = computed(Sums({"x": np.array(weight)}, np.zeros(2)))
    np.testing.assert_array_equal(found, X @ np.array(weight))
    assert operators == ["Gemm"]


def test_a_bias_alone_makes_columns_a_sum():
    found, operators = computed(Sums({"y": np.eye(2)}, np.array([0.0, 1.0])))
    np.testing.assert_array_equal(found, Y + np.array([0.0, 1.0]))
    assert operators == ["Gemm"]


def test_a_sum_of_nothing_is_its_bias():
    found, _ = computed(Sums({"x": np.zeros((3, 1))}, np.array([7.0])))
    assert found.tolist() == [[7.0], [7.0]]
