from __future__ import annotations

import numpy as np
import onnx
import pytest

from pointsman_train.featurize.run import open_session
from pointsman_train.graph import FLOAT, OPSETS, STRING, GraphBuilder, in_block


@pytest.fixture
def g():
    return GraphBuilder()


def run(model, **inputs):
    return open_session(model).run(None, inputs)


def test_a_graph_computes_what_was_added(g):
    g.alias(g.add("Mul", g.add("Add", "x", g.const(np.array([1.0], np.float32))), "x"), "y")
    model = g.model({"x": (FLOAT, ["N"])}, {"y": (FLOAT, ["N"])})
    onnx.checker.check_model(model)
    assert run(model, x=np.array([2.0, 3.0], np.float32))[0].tolist() == [6.0, 12.0]


def test_equal_constants_are_stored_once_and_others_are_kept_apart(g):
    one = g.const(np.array([1, 2], np.int64))
    assert g.const(np.array([1, 2], np.int64)) == g.ints(1, 2) == one
    others = [
        g.const(np.array([[1, 2]], np.int64)),
        g.const(np.array([1, 2], np.float32)),
        g.const(np.array([1, 2], np.int32)),
        g.const(np.array(1)),
    ]
    assert len({one, *others}) == 5


def test_a_default_is_no_input_that_anybody_passes(g):
    g.alias(g.add("Add", "x", g.default(np.array([[1.0], [2.0]], np.float32).T)), "y")
    model = g.model({"x": (FLOAT, ["N", 2])}, {"y": (FLOAT, ["N", 2])})
    onnx.checker.check_model(model)
    session = open_session(model)
    assert [one.name for one in session.get_inputs()] == ["x"]
    assert session.run(None, {"x": np.zeros((1, 2), np.float32)})[0].tolist() == [[1.0, 2.0]]


def test_constants_of_text_keep_every_character(g):
    texts = ["", "é\ue000", "a b"]
    assert g.const(texts) == g.const(np.array(texts, dtype=object))
    g.alias(g.add("StringConcat", "x", g.const(texts)), "y")
    found = run(g.model({"x": (STRING, [1])}, {"y": (STRING, [3])}), x=np.array(["-"], dtype=object))[0]
    assert found.tolist() == ["-", "-é\ue000", "-a b"]


def test_several_outputs_have_names_of_their_own(g):
    names = g.add_many("Split", "x", g.ints(1, 2), outputs=2, axis=0)
    assert len(set(names)) == 2
    g.alias(names[1], "y")
    model = g.model({"x": (FLOAT, [3])}, {"y": (FLOAT, [2])})
    assert run(model, x=np.arange(3, dtype=np.float32))[0].tolist() == [1.0, 2.0]


def test_flatten_keeps_the_rows(g):
    g.alias(g.flatten("x"), "y")
    model = g.model({"x": (FLOAT, ["N", 2, 3])}, {"y": (FLOAT, ["N", 6])})
    assert run(model, x=np.arange(12, dtype=np.float32).reshape(2, 2, 3))[0].shape == (2, 6)


def test_the_file_names_its_opsets_and_carries_metadata(g):
    g.alias("x", "y")
    model = g.model({"x": (FLOAT, ["N"])}, {"y": (FLOAT, ["N"])}, {"who": "me"})
    assert {opset.domain: opset.version for opset in model.opset_import} == OPSETS
    assert open_session(model).get_modelmeta().custom_metadata_map == {"who": "me"}


def test_a_node_bears_the_name_of_the_innermost_block_that_added_it(g):
    @in_block("inner")
    def add_inner(g, x):
        return g.add("Neg", x)

    @in_block("outer")
    def add_outer(g, x):
        return g.add("Abs", add_inner(g, g.add("Sqrt", x)))

    g.alias(g.add("Exp", add_outer(g, "x")), "y")
    nodes = g.model({"x": (FLOAT, ["N"])}, {"y": (FLOAT, ["N"])}).graph.node
    assert [node.name.partition("_")[0] for node in nodes] == ["outer/Sqrt", "inner/Neg", "outer/Abs", "Exp"]
    assert len({node.name for node in nodes}) == len(nodes)


def test_what_no_output_needs_is_left_out(g):
    kept = g.add("Add", "x", g.const(np.array([1.0], np.float32)))
    g.add("Mul", kept, g.const(np.array([2.0], np.float32)))
    g.alias(g.add("Add", "x", g.default(np.array([3.0], np.float32))), "unasked")
    g.alias(kept, "y")
    model = g.model({"x": (FLOAT, ["N"])}, {"y": (FLOAT, ["N"])})
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node] == ["Add"]
    assert (len(model.graph.initializer), len(model.graph.input)) == (1, 1)


def test_a_result_may_have_several_names_and_be_read_under_none_of_them(g):
    doubled = g.add("Add", "x", "x")
    g.alias(doubled, "y")
    g.alias(doubled, "again")
    g.alias("x", "same")
    g.alias(g.add("Neg", doubled), "negative")
    outputs = {name: (FLOAT, ["N"]) for name in ("y", "again", "same", "negative")}
    model = g.model({"x": (FLOAT, ["N"])}, outputs)
    onnx.checker.check_model(model)
    found = run(model, x=np.array([3.0], np.float32))
    assert [one.tolist() for one in found] == [[6.0], [6.0], [3.0], [-6.0]]
