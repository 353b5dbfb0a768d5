from __future__ import annotations

import numpy as np
import pytest

from pointsman.errors import BundleCorruptError
from pointsman.graph import Graph
from pointsman_train.graph import DOUBLE, STRING, GraphBuilder

TEXTS = ["What is 17 * 23?", "", "Name a colour.", "word " * 500]


@pytest.fixture(scope="module")
def graph(trained):
    return Graph(trained.onnx)


def test_outputs_are_probabilities_in_double_and_features_in_float(graph, trained):
    found = graph.predict(TEXTS)
    assert found.p_success.shape == (4, 3)
    assert found.p_label.shape == (4, 4)
    assert found.features.shape == (4, len(trained.router.featurizer.names))
    assert (found.p_success.dtype, found.p_label.dtype, found.features.dtype) == (np.float64, np.float64, np.float32)
    assert ((found.p_success > 0) & (found.p_success < 1)).all()
    np.testing.assert_allclose(found.p_label.sum(axis=1), 1.0, atol=1e-12)


def test_no_prompt_gives_empty_arrays_with_the_right_columns(graph):
    found = graph.predict([])
    assert found.p_success.shape == (0, 3)
    assert found.p_label.shape == (0, 4)
    assert found.features.shape[0] == 0


def test_a_graph_with_other_outputs_is_no_router():
    g = GraphBuilder()
    g.alias(g.add("Cast", "prompt", to=DOUBLE), "p_success")
    content = g.model({"prompt": (STRING, ["N"])}, {"p_success": (DOUBLE, ["N"])}).SerializeToString()
    expected = r"the graph has the outputs \['p_success'\], a router has \['p_success', 'p_label', 'features'\]"
    with pytest.raises(BundleCorruptError, match=expected):
        Graph(content)


@pytest.mark.parametrize("content", [b"", b"not a graph"])
def test_bytes_that_are_no_graph_are_refused(content):
    with pytest.raises(BundleCorruptError, match="cannot open the graph"):
        Graph(content)
