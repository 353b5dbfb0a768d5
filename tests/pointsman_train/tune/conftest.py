"""A small real task that a trial takes a fraction of a second for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.featurize.fit import fit_featurizer
from pointsman_train.label import LabelConfig, label
from pointsman_train.split import GroupConfig, SplitConfig, group_near_duplicates, split
from pointsman_train.study import crossfit
from pointsman_train.study.task import Task
from pointsman_train.train.stage import TrainConfig
from pointsman_train.tune.settings import Span, TuneConfig


def light() -> TrainConfig:
    """Words alone, and a classifier of three trees."""
    train = TrainConfig(formulation="logistic")
    train.features.embedding.dimensions = 0
    train.complexity.booster.trees = 3
    return train


@pytest.fixture(scope="session", autouse=True)
def remembered():
    """Fit the featurizer once for the same prompts and folds in all tests: most of a trial's time."""
    fits = {}

    def fit(prompts, taught, config, ground=None):
        told = hashlib.sha256(repr((list(prompts), config)).encode() + taught.success.tobytes() + taught.fold.tobytes())
        if told.digest() not in fits:
            fits[told.digest()] = fit_featurizer(prompts, taught, config, ground)
        return fits[told.digest()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossfit, "fit_featurizer", fit)
        yield


@pytest.fixture(scope="session")
def task(fleet_outcomes) -> Task:
    """The small part of the embedded data, with light settings."""
    labelled = label(fleet_outcomes, LabelConfig())
    group = group_near_duplicates(labelled.outcomes.prompt, GroupConfig())
    parts = split(labelled.outcomes.prompt_id, group, SplitConfig())
    return Task(labelled, parts, 3, GroupConfig(), light(), EvaluateConfig(resamples=60))


@pytest.fixture
def quick(tmp_path) -> Callable[..., TuneConfig]:
    """Make settings of a search of a second or two, in a folder of the test's own."""

    def make(**changes) -> TuneConfig:
        space = {
            "train.rule.caution": Span(0.0, 1.0),
            "train.complexity.booster.lambda_l2": Span(0.01, 100.0, log=True),
            "train.complexity.booster.trees": Span(1, 9),
        }
        config = TuneConfig(name="small", folder=str(tmp_path / "tune"), trials=4, folds=3, space=space)
        return replace(config, **changes)

    return make
