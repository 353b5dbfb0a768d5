from __future__ import annotations

import onnx
from bench.adversarial import adversarial
from bench.graph_blocks import blocks
from bench.prompts import read_embedded

from pointsman import Router


def test_the_profile_tells_the_blocks_of_a_router_apart(trained):
    texts = read_embedded().texts(20)[:5]
    found = blocks(trained.bundle / "router.onnx", Router.load(trained.bundle).route, texts, runs=3)
    assert {"window", "surface", "words", "trees", "heads", "call and decision"} <= set(found)
    assert all(us > 0 for name, us in found.items() if name != "call and decision")


def test_nearly_every_node_of_a_router_is_in_a_block(trained):
    nodes = onnx.load_from_string(trained.onnx).graph.node
    outside = [node.op_type for node in nodes if "/" not in node.name]
    assert set(outside) <= {"Concat", "Identity"}


def test_adversarial_strings_are_as_long_as_asked_for_and_no_longer():
    sizes = {name: len(text.encode("utf-8", "surrogatepass")) for name, text in adversarial(50_000)}
    assert all(49_000 < size <= 50_000 for size in sizes.values())
    assert len(sizes) > 30
