from __future__ import annotations

import numpy as np
import pytest

from pointsman.text import LONGEST, text_of
from pointsman_train.featurize.run import batches, open_session, run
from pointsman_train.graph import STRING, GraphBuilder


@pytest.fixture(scope="module")
def echo():
    g = GraphBuilder()
    g.alias("prompt", "out")
    return open_session(g.model({"prompt": (STRING, ["N"])}, {"out": (STRING, ["N"])}))


def test_every_prompt_is_in_one_batch_shortest_first():
    prompts = ["ccc", "a", "bb", "", "dd"]
    found = [batch.tolist() for batch in batches(prompts, size=2)]
    assert found == [[3, 1], [2, 4], [0]]


def test_long_prompts_are_in_batches_of_fewer():
    prompts = ["x" * n for n in (100_000, 1, 40_000, 300_000, 50_000, 1)]
    assert [batch.tolist() for batch in batches(prompts)] == [[1, 5, 2], [4], [0], [3]]
    assert [len(batch) for batch in batches(["x" * 1_000] * 300)] == [131, 131, 38]
    assert list(batches([])) == []


def test_rows_come_back_in_the_order_of_the_prompts(echo):
    prompts = [f"{'x' * (i * 7 % 11)}{i}" for i in range(50)]
    assert run(echo, prompts, ["out"], size=8)[0].tolist() == prompts


def test_one_prompt_is_not_read_letter_by_letter(echo):
    assert run(echo, ["abc"], ["out"])[0].tolist() == ["abc"]


def test_no_prompt_is_an_error(echo):
    with pytest.raises(ValueError, match="no prompt to run the graph on"):
        run(echo, [], ["out"])


def test_a_serialised_graph_opens_as_well(trained):
    features = run(open_session(trained.onnx), ["a", "b c"], ["features"])[0]
    assert features.shape == (2, len(trained.router.featurizer.names))
    assert features.dtype == np.float32


def test_a_very_long_prompt_is_cut_as_it_is_when_served(echo):
    prompt = "".join(chr(0x4E00 + i % 20_000) for i in range(2 * LONGEST))
    assert run(echo, [prompt, "short"], ["out"])[0].tolist() == [text_of(prompt), "short"]
