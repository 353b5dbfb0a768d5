"""The tables under data/fleet are what the program of today would pack from the models' answers."""

from __future__ import annotations

import pandas as pd
import pytest

from pointsman_train.datasets.catalog import read_catalog
from pointsman_train.embedded.build import MODELS, SEED
from pointsman_train.embedded.card import label
from pointsman_train.embedded.generate import generate
from pointsman_train.graders import GradeItem, make_grader
from pointsman_train.paths import data_dir

FOLDER = data_dir() / "fleet"


@pytest.fixture(scope="module")
def prompts():
    return pd.read_parquet(FOLDER / "prompts.parquet")


@pytest.fixture(scope="module")
def outcomes():
    return pd.read_parquet(FOLDER / "outcomes.parquet")


def test_the_shipped_prompts_are_the_first_ones_that_the_generator_writes(prompts):
    written = generate(len(prompts), SEED)
    assert list(prompts["prompt_id"]) == [item.prompt_id for item in written]
    assert list(prompts["prompt"]) == [item.prompt for item in written]
    assert list(prompts["reference"]) == [item.reference for item in written]


def test_the_shipped_scores_are_what_the_graders_give(prompts, outcomes):
    asked = {row.prompt_id: row for row in prompts.itertuples()}
    graders = {name: make_grader(name) for name in prompts["grader"].unique()}
    graded = outcomes[outcomes["error"].isna()]
    assert len(graded) > 1_000
    for row in graded.itertuples():
        item = asked[row.prompt_id]
        verdict = graders[item.grader].grade(row.response, GradeItem(item.prompt, item.reference))
        assert verdict.score == row.score, (row.prompt_id, row.model)


def test_a_null_score_has_a_reason_and_no_trials(outcomes):
    unknown = outcomes["score"].isna()
    assert (outcomes["error"].notna() == unknown).all()
    assert ((outcomes["trials"] == 0) == unknown).all()


def test_every_prompt_has_an_outcome_of_every_model(prompts, outcomes):
    assert len(outcomes) == len(prompts) * len(MODELS)
    assert not outcomes.duplicated(["prompt_id", "model"]).any()
    assert set(outcomes["model"]) == set(MODELS)


def test_each_model_is_the_label_of_a_tenth_and_all_fail_is_below_three_tenths(prompts, outcomes):
    scores = outcomes.pivot(index="prompt_id", columns="model", values="score")[list(MODELS)]
    share = pd.Series([label(row, MODELS) for row in scores.to_numpy()]).value_counts(normalize=True)
    assert all(share[model] >= 0.1 for model in MODELS)
    assert share["all-fail"] < 0.3


def test_costs_are_tokens_at_list_price_and_prices_rise_with_size(outcomes):
    catalog = read_catalog(str(FOLDER / "catalog.yaml"))
    prices = [(catalog[m].input_per_m, catalog[m].output_per_m) for m in MODELS]
    assert prices == sorted(prices)
    assert len(set(prices)) == len(prices)
    for model, (input_per_m, output_per_m) in zip(MODELS, prices, strict=True):
        rows = outcomes[outcomes["model"] == model]
        expected = (rows["input_tokens"] * input_per_m + rows["output_tokens"] * output_per_m) / 1e6
        assert rows["cost_usd"].to_numpy() == pytest.approx(expected.astype(float).to_numpy())


def test_the_whole_set_is_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3_000_000
