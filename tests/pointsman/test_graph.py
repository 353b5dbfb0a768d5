from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import onnxruntime as ort
import pytest

from pointsman.errors import BundleCorruptError
from pointsman.graph import Graph, joined
from pointsman_train.graph import DOUBLE, STRING, GraphBuilder
from pointsman_train.train.assemble import router_graph

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


def test_without_the_inner_session_the_public_one_does(graph, trained, monkeypatch):
    class Public:
        def __init__(self, *given, **named):
            session = real(*given, **named)
            self.run, self.get_outputs = session.run, session.get_outputs

    real = ort.InferenceSession
    monkeypatch.setattr(ort, "InferenceSession", Public)
    other = Graph(trained.onnx)
    for text in TEXTS:
        assert other.predict_one(text) == graph.predict_one(text)
    np.testing.assert_array_equal(other.predict(TEXTS).p_success, graph.predict(TEXTS).p_success)


def test_similarity_is_one_number_a_prompt_and_the_same_alone_as_in_a_batch(graph):
    found = graph.predict(TEXTS)
    assert (found.similarity.shape, found.similarity.dtype) == ((4,), np.float32)
    assert (np.abs(found.similarity) <= 1.01).all()
    for row, text in enumerate(TEXTS):
        assert graph.predict([text]).similarity[0] == found.similarity[row]


def test_a_graph_without_similarity_says_so(trained):
    graph = Graph(router_graph(replace(trained.router, guard=None)).SerializeToString())
    assert not graph.has_similarity
    assert graph.predict(TEXTS).similarity is None
    assert graph.predict([]).similarity is None
    assert joined([graph.predict(TEXTS), graph.predict(TEXTS[:1])]).similarity is None


def test_batches_are_joined_in_their_order(graph):
    together = joined([graph.predict(TEXTS[:1]), graph.predict([]), graph.predict(TEXTS[1:])])
    found = graph.predict(TEXTS)
    for name in ("p_success", "p_label", "features", "similarity"):
        np.testing.assert_allclose(getattr(together, name), getattr(found, name), atol=1e-12)


def test_no_prompt_gives_empty_arrays_with_the_right_columns(graph):
    found = graph.predict([])
    assert found.p_success.shape == (0, 3)
    assert found.p_label.shape == (0, 4)
    assert found.features.shape[0] == found.similarity.shape[0] == 0


def test_a_graph_with_other_outputs_is_no_router():
    g = GraphBuilder()
    g.alias(g.add("Cast", "prompt", to=DOUBLE), "p_success")
    content = g.model({"prompt": (STRING, ["N"])}, {"p_success": (DOUBLE, ["N"])}).SerializeToString()
    expected = (
        "the graph has the outputs ['p_success'], a router has ['p_success', 'p_label', 'features', 'similarity']"
    )
    with pytest.raises(BundleCorruptError, match=re.escape(expected)):
        Graph(content)


@pytest.mark.parametrize("content", [b"", b"not a graph"])
def test_bytes_that_are_no_graph_are_refused(content):
    with pytest.raises(BundleCorruptError, match="cannot open the graph"):
        Graph(content)
