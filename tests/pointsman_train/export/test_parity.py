from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from pointsman.decide import Rule
from pointsman.graph import Graph, Predictions
from pointsman.guard import Guard
from pointsman_train.errors import ExportError
from pointsman_train.export.parity import _compare_decisions, adjacent_rows, check_parity
from pointsman_train.featurize.embedding import STEP
from pointsman_train.train.affine import identity
from pointsman_train.train.assemble import router_graph
from pointsman_train.train.operating_points import FittedPoint
from pointsman_train.train.sigmoid import Sigmoid
from pointsman_train.train.trees import Ensemble, Leaf, Node

PROMPTS = ["What is 17 * 23?", "Name a colour.", "Write a poem about the sea.\nKeep it short."]


def spoiled(content, change):
    """Change the splits of every tree ensemble of a graph."""
    model = onnx.load_from_string(content)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == "nodes_splits":
                splits = numpy_helper.to_array(attribute.t).copy()
                attribute.t.CopyFrom(numpy_helper.from_array(change(splits)))
    return model.SerializeToString()


_NUMBERS = (onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT)


def with_constant(content, value, changed):
    """Change the one constant of a graph that has this value."""
    model = onnx.load_from_string(content)
    at = [
        i
        for i, tensor in enumerate(model.graph.initializer)
        if tensor.data_type in _NUMBERS and np.array_equal(numpy_helper.to_array(tensor), value)
    ]
    assert len(at) == 1
    name = model.graph.initializer[at[0]].name
    kind = numpy_helper.to_array(model.graph.initializer[at[0]]).dtype
    model.graph.initializer[at[0]].CopyFrom(numpy_helper.from_array(changed.astype(kind), name))
    return model.SerializeToString()


def bias_of(content, output):
    """Return the bias of the product that ends in this probability."""
    model, name = onnx.load_from_string(content), output
    made_by = {made: node for node in model.graph.node for made in node.output}
    while made_by[name].op_type != "Gemm":
        name = made_by[name].input[0]
    [bias] = [one for one in model.graph.initializer if one.name == made_by[name].input[2]]
    return numpy_helper.to_array(bias)


def predicted(p_success, similarity=None):
    n, m = p_success.shape
    return Predictions(p_success, np.full((n, m + 1), 0.25), np.zeros((n, 1), np.float32), similarity)


def test_the_trained_routers_own_graph_passes(trained):
    check_parity(trained.router, trained.onnx, PROMPTS)


def test_a_changed_threshold_is_noticed(trained):
    with pytest.raises(ExportError, match=r"of the graph differs from LightGBM by .* \(allowed 1e-06\)"):
        check_parity(trained.router, spoiled(trained.onnx, lambda splits: splits * 1.01), PROMPTS)


def test_one_changed_threshold_that_no_prompt_meets_is_noticed_on_neighbouring_values(trained):
    def change(splits):
        splits[0] = np.nextafter(np.float32(splits[0]), np.float32(np.inf)).astype(float) + 1e-3
        return splits

    with pytest.raises(ExportError, match="of the graph differs from LightGBM by"):
        check_parity(trained.router, spoiled(trained.onnx, change), PROMPTS)


def test_thresholds_rounded_to_float32_are_noticed(trained):
    rounded = spoiled(trained.onnx, lambda splits: splits.astype(np.float32).astype(float))
    with pytest.raises(ExportError, match=r"differs from LightGBM by .* on neighbouring float32 features"):
        check_parity(trained.router, rounded, PROMPTS)


def test_a_changed_calibration_is_noticed(trained):
    bias = bias_of(trained.onnx, "p_success")
    with pytest.raises(ExportError, match=r"p_success of the graph differs from LightGBM by .* on the test prompts"):
        check_parity(trained.router, with_constant(trained.onnx, bias, bias + 1e-4), PROMPTS)
    bias = bias_of(trained.onnx, "p_label")
    changed = bias + np.linspace(0, 1e-4, len(bias))
    with pytest.raises(ExportError, match=r"p_label of the graph differs from LightGBM by .* on the test prompts"):
        check_parity(trained.router, with_constant(trained.onnx, bias, changed), PROMPTS)


def test_a_graph_that_gives_nan_is_noticed(trained):
    bias = bias_of(trained.onnx, "p_success")
    with pytest.raises(ExportError, match=r"differs from LightGBM by nan"):
        check_parity(trained.router, with_constant(trained.onnx, bias, bias * np.nan), PROMPTS)


def test_a_difference_within_the_tolerance_passes_unless_it_changes_a_decision(trained):
    cost = trained.router.descriptors.mean_cost
    tie = np.full((1, 3), 0.5) + 0.5 * cost / cost.max()
    cheap, dear = tie + np.array([1e-9, 0.0, 0.0]), tie + np.array([0.0, 0.0, 1e-9])
    router = replace(trained.router, operating_points={"x": FittedPoint(Rule("utility", 0.5), "")})
    _compare_decisions("ties", predicted(cheap), predicted(cheap), router)
    expected = "1 decisions at 'x' differ between the graph and the trained router on ties"
    with pytest.raises(ExportError, match=re.escape(expected)):
        _compare_decisions("ties", predicted(dear), predicted(cheap), router)


def test_decisions_are_compared_as_they_are_served(trained):
    # The rule takes the first model of each; the guard sends what is unlike the training prompts to the last.
    p = np.array([[0.9, 0.5, 0.5]])
    points, guard = {"x": FittedPoint(Rule("utility", 0.0), "")}, Guard(0.5, 2)
    router = replace(trained.router, operating_points=points, guard=guard)
    near, far = np.array([0.6], np.float32), np.array([0.4], np.float32)
    _compare_decisions("one prompt", predicted(p, far), predicted(p[:, ::-1], far), router)
    with pytest.raises(ExportError, match="1 decisions at 'x' differ between the graph and the trained router on one"):
        _compare_decisions("one prompt", predicted(p, near), predicted(p, far), router)
    # Held by the best single model, or not.
    best, other = trained.router.best_single, (trained.router.best_single + 1) % 3
    held = predicted(np.eye(3)[[other]] * 0.125 + 0.5, near)
    for hold, changed in ((0.25, False), (0.0, True)):
        points = {"x": FittedPoint(Rule("conservative", 0.0, hold=hold), "")}
        router = replace(trained.router, operating_points=points, guard=guard)
        same = predicted(np.eye(3)[[best]] * 0.125 + 0.5, near)
        if changed:
            with pytest.raises(ExportError, match="1 decisions at 'x' differ"):
                _compare_decisions("one prompt", held, same, router)
        else:
            _compare_decisions("one prompt", held, same, router)


def test_a_changed_similarity_is_noticed(trained):
    centres = trained.router.featurizer.familiarity.centres.T * STEP
    changed = with_constant(trained.onnx, centres, centres * (1 + 1e-4))
    with pytest.raises(ExportError, match=r"similarity of the graph differs from the featurizer by .* on the test"):
        check_parity(trained.router, changed, PROMPTS)


def test_a_guard_needs_a_graph_that_measures_similarity(trained):
    graph = router_graph(replace(trained.router, guard=None)).SerializeToString()
    assert not Graph(graph).has_similarity
    check_parity(replace(trained.router, guard=None), graph, PROMPTS)
    # More than is needed does no harm.
    check_parity(replace(trained.router, guard=None), trained.onnx, PROMPTS)
    expected = "the router has a guard, but its graph has no output similarity; build it with router_graph"
    with pytest.raises(ExportError, match=expected):
        check_parity(trained.router, graph, PROMPTS)


def test_another_trained_router_is_noticed(trained):
    other = replace(trained.router, success_calibration=Sigmoid(identity(3)))
    with pytest.raises(ExportError, match=r"p_success of the graph differs"):
        check_parity(other, trained.onnx, PROMPTS)


def test_adjacent_rows_lie_on_thresholds_and_next_to_them():
    features = np.zeros((4, 3), np.float32)
    tree = Node(0, 1.1, Leaf(0.0), Node(2, -5.0, Leaf(1.0), Node(0, 3.0, Leaf(0.0), Leaf(2.0))))
    rows = adjacent_rows(features, [Ensemble(((0, tree), (0, Leaf(1.0))), 1)])
    assert rows.dtype == np.float32
    for feature, thresholds in ((0, (1.1, 3.0)), (2, (-5.0,))):
        at = np.array(thresholds, np.float32)
        allowed = np.concatenate([at, np.nextafter(at, np.float32(9)), np.nextafter(at, np.float32(-9))])
        assert set(rows[:, feature].tolist()) == set(allowed.tolist())
    # A feature that no tree asks for is left alone.
    assert not rows[:, 1].any()
