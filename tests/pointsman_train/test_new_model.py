"""A model that joins the pool with outcomes on few prompts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pointsman import Router
from pointsman_train.datasets import LongConfig
from pointsman_train.errors import LabelError
from pointsman_train.evaluate.discrimination import auc
from pointsman_train.pipeline import run_pipeline
from pointsman_train.study.anchors import AnchorsConfig, anchors
from pointsman_train.study.task import Task

NEW = "Qwen2.5-Coder-1.5B-Instruct"


@pytest.fixture(scope="module")
def joined(trained, quick, fleet, tmp_path_factory):
    """The same run, with the dearest model asked nothing but anchors."""
    folder = tmp_path_factory.mktemp("joined")
    config, prepared = trained.config, trained.result.prepared
    task = Task(prepared.labelled, prepared.split, config.split.folds, config.group, config.train, config.evaluate)
    chosen = pd.read_parquet(anchors(task, AnchorsConfig(train=80, test=40), folder).files[0])
    outcomes = pd.read_parquet(fleet.outcomes)
    kept = outcomes[(outcomes.model != NEW) | outcomes.prompt_id.isin(chosen.prompt_id)]
    kept.to_parquet(folder / "outcomes.parquet")
    dataset = LongConfig(outcomes=str(folder / "outcomes.parquet"), prompts=fleet.prompts)
    settings = quick(folder / "routers", dataset=dataset)
    settings.train.min_prompts = 0
    return chosen, run_pipeline(settings, folder / "run")


def test_the_router_is_judged_on_the_test_prompts_that_the_model_was_asked(joined):
    _, result = joined
    assert len(result.evaluation.testset) == 40
    assert sum(result.evaluation.excluded.values()) > 0


def test_the_model_keeps_its_place_in_the_ladder(joined, trained):
    _, result = joined
    assert result.router.models == trained.router.models
    np.testing.assert_allclose(result.router.descriptors.mean_cost, trained.router.descriptors.mean_cost, rtol=0.1)
    np.testing.assert_allclose(result.router.mean_score, trained.router.mean_score, atol=0.1)


def test_its_success_is_told_on_prompts_that_it_was_not_asked(joined, trained):
    chosen, result = joined
    labelled = trained.result.prepared.labelled
    asked = np.isin(labelled.outcomes.prompt_id, chosen.prompt_id)
    rows = ~asked & ~np.isnan(labelled.success[:, 2])
    prompts = [prompt for prompt, kept in zip(labelled.outcomes.prompt, rows, strict=True) if kept]
    p = result.router.p_success(result.router.featurizer.transform(prompts))[:, 2]
    success = labelled.success[rows, 2] == 1
    assert auc(p, success, np.ones((1, len(success))))[0] > 0.6
    assert abs(p.mean() - success.mean()) < 0.1


def test_what_ships_is_what_was_trained(joined):
    _, result = joined
    router = Router.load(result.bundle)
    decision = router.route("What is 17 * 23?")
    assert set(decision.p_success) == set(router.models)
    assert sum(decision.complexity.values()) == pytest.approx(1.0)


def test_labels_that_hang_on_it_are_not_lost_to_the_classifier(joined, trained):
    _, result = joined
    labels = result.router.p_label(result.router.features).mean(axis=0)
    known = result.prepared.labelled.label
    # Prompts that the cheaper models solve keep their labels, so among the known ones there are far too many of those.
    counted = np.bincount(known[known >= 0], minlength=4) / (known >= 0).sum()
    truth = trained.router.p_label(trained.router.features).mean(axis=0)
    assert np.abs(labels - truth)[0] < 0.05 < np.abs(counted - truth)[0]


def test_without_anchors_in_the_test_part_the_error_says_what_is_missing(joined, quick, fleet, tmp_path):
    chosen, _ = joined
    outcomes = pd.read_parquet(fleet.outcomes)
    trained_on = chosen.prompt_id[chosen.part == "train"]
    kept = outcomes[(outcomes.model != NEW) | outcomes.prompt_id.isin(trained_on)]
    kept.to_parquet(tmp_path / "outcomes.parquet")
    dataset = LongConfig(outcomes=str(tmp_path / "outcomes.parquet"), prompts=fleet.prompts)
    settings = quick(tmp_path / "routers", dataset=dataset)
    settings.train.min_prompts = 0
    with pytest.raises(LabelError, match=r"none of the \d+ test prompts has a label and an outcome of every model"):
        run_pipeline(settings, tmp_path / "run")
    assert not (tmp_path / "routers").exists()
