from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx

from pointsman_train.featurize.run import open_session
from pointsman_train.train.assemble import heads_of, router_graph


def test_the_graph_takes_prompts_and_gives_what_a_router_gives(trained):
    graph = onnx.load_from_string(trained.onnx).graph
    given = {constant.name for constant in graph.initializer}
    inputs = [(i.name, i.type.tensor_type.elem_type) for i in graph.input if i.name not in given]
    assert inputs == [("prompt", onnx.TensorProto.STRING)]
    assert [o.name for o in graph.output] == ["p_success", "p_label", "features", "similarity"]
    onnx.checker.check_model(onnx.load_from_string(trained.onnx))


def test_similarity_is_measured_for_a_guard_alone(trained):
    graph = router_graph(replace(trained.router, guard=None)).graph
    assert [o.name for o in graph.output] == ["p_success", "p_label", "features"]


def test_only_operators_of_stock_onnxruntime_are_used(trained):
    domains = {node.domain for node in onnx.load_from_string(trained.onnx).graph.node}
    assert domains == {"", "ai.onnx.ml", "com.microsoft"}


def test_the_heads_cut_out_of_the_file_say_what_lightgbm_says(trained):
    features = trained.router.features[:50]
    session = open_session(heads_of(trained.onnx))
    assert [i.name for i in session.get_inputs()] == ["features"]
    p_success, p_label = session.run(["p_success", "p_label"], {"features": features})
    np.testing.assert_allclose(p_success, trained.router.p_success(features), atol=1e-12)
    np.testing.assert_allclose(p_label, trained.router.p_label(features), atol=1e-12)


def test_no_training_prompt_is_in_the_file(trained):
    long = [p for p in trained.result.prepared.labelled.outcomes.prompt if len(p) > 30]
    assert not any(prompt.encode() in trained.onnx for prompt in long)
