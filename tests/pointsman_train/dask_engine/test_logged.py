"""A service's log beside what was asked, on a real worker and in memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pointsman_train.datasets import LongConfig
from pointsman_train.engine import EngineConfig
from pointsman_train.pipeline import run_pipeline

# LightGBM asks for the number of threads in a way that Dask's estimator then says it ignores.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Parameter n_jobs will be ignored:UserWarning")]


def test_a_log_teaches_the_same_bits_on_one_worker(quick, fleet, cut, store, tmp_path):
    rows = pd.read_parquet(fleet.outcomes)
    of_log = rows["prompt_id"].isin(sorted(rows["prompt_id"].unique())[::3])
    kept = rows[~of_log | (rows["model"] == rows["model"].iloc[0])].assign(logged=of_log)
    kept.to_parquet(tmp_path / "outcomes.parquet")
    dataset = LongConfig(outcomes=str(tmp_path / "outcomes.parquet"), prompts=fleet.prompts)
    alone, there = quick(tmp_path / "alone", dataset=dataset), quick(tmp_path / "there", dataset=cut(dataset, 2))
    for config in (alone, there):
        config.train.min_prompts, config.split.folds = 0, 2
        for target in config.train.operating_points.points.values():
            target.unseen = None
    engine = EngineConfig(kind="dask", workers=1, memory="2GiB", folder=str(store), partitions=1)
    one = run_pipeline(alone, tmp_path / "run_alone")
    other = run_pipeline(replace(there, engine=engine), tmp_path / "run_there")
    assert other.evaluation.figures == one.evaluation.figures
    words = [result.router.featurizer.word_model.weights for result in (one, other)]
    np.testing.assert_array_equal(*words)
    assert one.prepared.labelled.logged is not None
