"""The real outcome data: the numbers that its documentation and the data itself give."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from pointsman_train.datasets import Columns, LongConfig, load, read_catalog
from pointsman_train.errors import DataError, PoolError

pytestmark = pytest.mark.shared

NAMES = Columns(source="benchmark")
LLMROUTER = ["gemma-2-9b-it", "llama-3.1-8b-instruct", "llama-3.1-nemotron-51b-instruct"]
ROUTELLM = ["mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"]
MMLU_PRO = [
    "Phi-3-mini-4k-instruct",
    "Meta-Llama-3_1-8B-Instruct",
    "Mixtral-8x7B-Instruct-v0.1",
    "Meta-Llama-3_1-70B-Instruct",
    "gemini-1.5-pro-002",
]
ZEROEVAL = [
    "gemma-2-9b-it",
    "Meta-Llama-3.1-8B-Instruct",
    "gpt-4o-mini-2024-07-18",
    "Meta-Llama-3.1-70B-Instruct",
    "claude-3-5-haiku-20241022",
    "gpt-4o-2024-08-06",
    "claude-3-5-sonnet-20241022",
]


@pytest.fixture
def real(shared_data):
    def build(name, pool, cost="auto"):
        folder = shared_data / name
        config = LongConfig(
            prompts=str(folder / "prompts.parquet"),
            outcomes=str(folder / "outcomes.parquet"),
            columns=NAMES,
            cost=cost,
        )
        return load(config, pool, read_catalog(str(folder / "prices.json")))

    return build


def means(values):
    return np.nanmean(values, axis=0)


def test_llmrouter_has_no_known_costs_and_takes_list_prices(real):
    data = real("llmrouter", LLMROUTER)
    assert len(data) == 6108
    assert len(set(data.source)) == 14
    np.testing.assert_allclose(means(data.score), [0.527727, 0.556336, 0.616514], atol=1e-6)
    assert data.cost_source == "price"
    np.testing.assert_allclose(means(data.cost_usd), [0.0001, 0.0002, 0.0009])
    assert data.drops.counts == {"model not in the pool": 6108 * 6}


def test_routellm_prefers_prices_to_tokens_known_of_gsm8k_alone(real):
    data = real("routellm", ROUTELLM)
    assert len(data) == 15441
    np.testing.assert_allclose(means(data.score), [0.677982, 0.810752], atol=1e-6)
    assert data.cost_source == "price"
    np.testing.assert_allclose(means(data.cost_usd), [0.24e-3, 24.7e-3])
    assert data.drops.counts == {}
    tokens = real("routellm", ROUTELLM, cost="tokens")
    assert int((~np.isnan(tokens.cost_usd)).sum()) == 30882 - 28244
    assert tokens.drops.counts == {"cost is unknown (kept)": 28244}


def test_mmlu_pro_has_costs_and_lacks_some_answers(real):
    data = real("mmlu_pro", MMLU_PRO)
    assert len(data) == 9625
    np.testing.assert_allclose(means(data.score), [0.415887, 0.438682, 0.421917, 0.630015, 0.701262], atol=1e-6)
    assert np.isnan(data.score).sum(axis=0).tolist() == [7, 3, 7, 3, 38]
    assert data.cost_source == "file"
    assert bool((np.isnan(data.cost_usd) == np.isnan(data.score)).all())
    assert data.drops.counts == {"model not in the pool": 277515 - 48067}


def test_zeroeval_has_costs_for_its_ladder(real):
    data = real("zeroeval", ZEROEVAL)
    assert len(data) == 2703
    assert data.cost_source == "file"
    whole = ~np.isnan(data.score).any(axis=1)
    assert int(whole.sum()) == 2291
    np.testing.assert_allclose(data.score.mean(axis=0, where=whole[:, None])[-1], 0.832824, atol=1e-6)


def test_zeroeval_refuses_a_model_with_neither_cost_nor_price(real):
    with pytest.raises(DataError, match="price: the catalog has no price of 'reka-core-20240501'"):
        real("zeroeval", ["gemma-2-9b-it", "reka-core-20240501"])


def test_a_model_known_under_another_name_is_suggested(real):
    with pytest.raises(PoolError, match=r"did you mean 'mistralai/Mixtral-8x7B-Instruct-v0\.1'"):
        real("routellm", ["Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"])


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_the_same_data_as_text_has_the_same_fingerprint(real, shared_data, tmp_path, suffix):
    for name in ("prompts", "outcomes"):
        frame = pd.read_parquet(shared_data / "llmrouter" / f"{name}.parquet").sample(frac=1, random_state=1)
        if suffix == ".csv":
            frame.to_csv(tmp_path / f"{name}.csv", index=False)
        else:
            frame.to_json(tmp_path / f"{name}.jsonl", orient="records", lines=True)
    config = LongConfig(
        prompts=str(tmp_path / f"prompts{suffix}"),
        outcomes=str(tmp_path / f"outcomes{suffix}"),
        columns=NAMES,
    )
    catalog = read_catalog(str(shared_data / "llmrouter" / "prices.json"))
    assert load(config, LLMROUTER, catalog).fingerprint == real("llmrouter", LLMROUTER).fingerprint


@pytest.mark.parametrize(("name", "pool"), [("llmrouter", LLMROUTER), ("routellm", ROUTELLM), ("mmlu_pro", MMLU_PRO)])
def test_loading_takes_a_second_or_two_at_the_most(real, name, pool):
    start = time.process_time()
    real(name, pool)
    # A third of a second on an idle machine; the rest is for a busy one.
    assert time.process_time() - start < 2.0
