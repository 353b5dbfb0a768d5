"""Tasks for studies: the small real one, and made-up outcomes on the same prompts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.label import LabelConfig, label
from pointsman_train.study.task import Task


@pytest.fixture(scope="session")
def task(trained) -> Task:
    """The prompts, split and settings of the session's router."""
    config, prepared = trained.config, trained.result.prepared
    return Task(prepared.labelled, prepared.split, config.split.folds, config.group, config.train, config.evaluate)


@pytest.fixture(scope="session")
def with_scores(task) -> Callable[[np.ndarray], Task]:
    """The same prompts and costs with other scores, of shape (n_prompts, 3)."""

    def make(score: np.ndarray) -> Task:
        outcomes = task.labelled.outcomes
        trials = np.ones(score.shape, np.int64)
        return replace(task, labelled=label(replace(outcomes, score=score, trials=trials), LabelConfig()))

    return make


@pytest.fixture(scope="session")
def noises(task, with_scores) -> list[Task]:
    """Outcomes that are coin flips, of models that are each right as often as they were; several draws."""
    rate, shape = np.nanmean(task.labelled.success, axis=0), task.labelled.success.shape
    return [with_scores((np.random.default_rng(seed).random(shape) < rate).astype(float)) for seed in range(3)]


@pytest.fixture(scope="session")
def dominated(task, with_scores) -> Task:
    """The cheapest model is right on 7 prompts of 10, and the others on none that it is not right on."""
    rng = np.random.default_rng(4)
    n = len(task.labelled.label)
    best = rng.random(n) < 0.7
    others = best[:, None] & (rng.random((n, 2)) < 0.8)
    return with_scores(np.column_stack([best, others]).astype(float))


def made(value: float, low: float, high: float, n: int = 100) -> Estimate:
    return Estimate(value, low, high, n, np.array([value]))


@pytest.fixture(scope="session")
def an_estimate() -> Callable[..., Estimate]:
    """Make an estimate by its value and its ends."""
    return made


@pytest.fixture(scope="session")
def climbed(task) -> Task:
    """The same prompts, of which all models were asked about those that the cheaper ones fail, and three tenths."""
    labelled = task.labelled
    success, outcomes = np.nan_to_num(labelled.success), labelled.outcomes
    failed_so_far = np.cumsum(success, axis=1) - success == 0
    asked = failed_so_far | (np.random.default_rng(0).random((len(success), 1)) < 0.3)
    kept = replace(
        outcomes,
        score=np.where(asked, outcomes.score, np.nan),
        trials=np.where(asked, outcomes.trials, 0),
        stands_for=np.where(asked & ~failed_so_far, 1 / 0.3, 1.0),
    )
    return replace(task, labelled=label(kept, LabelConfig(ladder=list(labelled.models))))
