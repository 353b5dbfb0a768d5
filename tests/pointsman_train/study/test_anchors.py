from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.study.anchors import AnchorsConfig, anchors, d_optimal


@pytest.fixture(params=["random", "d_optimal"])
def chosen(request, task, tmp_path):
    report = anchors(task, AnchorsConfig(train=60, test=20, choose=request.param), tmp_path)
    return report, pd.read_parquet(report.files[0])


def test_prompts_of_both_parts_are_chosen_where_every_model_answered(chosen, task):
    report, table = chosen
    assert table["part"].value_counts().to_dict() == {"train": 60, "test": 20}
    assert table["prompt_id"].is_unique
    outcomes = task.labelled.outcomes
    at = {name: i for i, name in enumerate(outcomes.prompt_id)}
    rows = np.array([at[name] for name in table["prompt_id"]])
    assert not np.isnan(task.labelled.success[rows]).any()
    assert np.array_equal(task.split.rows("test")[rows], table["part"] == "test")
    assert table["prompt"].tolist() == [outcomes.prompt[i] for i in rows]
    assert report.text.startswith("60 training and 20 test prompts for a new model: ")
    assert report.figures == {"anchors/train": 60.0, "anchors/test": 20.0}


def test_the_same_seed_chooses_the_same_prompts(task, tmp_path):
    first, again, other = (
        pd.read_parquet(anchors(task, AnchorsConfig(60, 20, seed=seed), tmp_path).files[0]) for seed in (0, 0, 1)
    )
    assert first.equals(again)
    assert not first.equals(other)


def test_more_than_there_are_is_an_error(task, tmp_path):
    with pytest.raises(LabelError, match=r"expected 9000 or more \(anchors.test\); ask for fewer, or bring more"):
        anchors(task, AnchorsConfig(60, 9_000), tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_informative_choice_knows_the_slope_better_than_a_random_one():
    rng = np.random.default_rng(0)
    margins = rng.normal(size=(2_000, 3))

    def information(rows):
        x = np.column_stack([np.ones(len(rows)), margins[rows]])
        p = 1 / (1 + np.exp(-margins[rows].mean(axis=1)))
        return np.linalg.slogdet((x * (p * (1 - p))[:, None]).T @ x)[1]

    picked = d_optimal(margins, 100)
    assert len(set(picked.tolist())) == 100
    assert information(picked) > max(information(rng.permutation(2_000)[:100]) for _ in range(20)) + 1


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (AnchorsConfig(train=49), "anchors.train must be 50 or more and anchors.test 0 or more, got 49 and 200"),
        (AnchorsConfig(choose="best"), "anchors.choose must be one of ['random', 'd_optimal'], got 'best'"),
        (AnchorsConfig(seed=-1), "anchors.seed must not be negative, got -1"),
    ],
)
def test_settings_out_of_range_are_named(config, text):
    with pytest.raises(ConfigError, match=re.escape(text)):
        config.check()
