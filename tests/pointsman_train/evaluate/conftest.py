from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pointsman_train.evaluate.bootstrap import resample_weights
from pointsman_train.evaluate.router import Choice, Router
from pointsman_train.evaluate.testset import TestSet

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="session")
def hand() -> TestSet:
    """Six prompts, three models of 1, 2 and 4 dollars; small enough to do every sum on paper."""
    score = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 0, 1], [0, 1, 0]], dtype=float)
    return TestSet(
        models=("small", "medium", "large"),
        score=score,
        success=score >= 0.5,
        cost_usd=np.tile([1.0, 2.0, 4.0], (6, 1)),
        label=np.array([0, 1, 2, 3, 0, 1]),
        group=np.arange(6),
        source=["a", "a", "a", "b", "b", "b"],
        train_mean_cost=np.array([1.0, 2.0, 4.0]),
        train_mean_score=score.mean(axis=0),
    )


@pytest.fixture(scope="session")
def hand_router() -> Router:
    """One point: right on prompts 0, 1, 4, 5, too low on 2, too high on 4; prompt 3 is hopeless."""
    point = Choice(np.array([0, 1, 1, 0, 2, 1]), np.array([0.5, 0.05, 0.3, 0.01, 0.5, 0.09]))
    return Router((point,), point, default_lambda=0.5)


@pytest.fixture(scope="session")
def once() -> np.ndarray:
    """The weights of the six prompts as they are, no resample."""
    return np.ones((1, 6), dtype=np.float32)


@pytest.fixture(scope="session")
def make() -> Callable[..., tuple[TestSet, np.ndarray]]:
    """Return a maker of random test sets with imperfect probabilities of success."""
    return make_testset


@pytest.fixture(scope="session")
def few_weights() -> Callable[[TestSet], np.ndarray]:
    """Return a maker of a few resamples."""
    return lambda testset: resample_weights(testset.group, np.random.default_rng(3), resamples=20)


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real outcome data is not beside the checkout")
    return SHARED


def make_testset(
    n_prompts: int = 200, n_models: int = 3, seed: int = 0, binary: bool = True
) -> tuple[TestSet, np.ndarray]:
    rng = np.random.default_rng(seed)
    ability = np.linspace(-0.5, 1.0, n_models)
    logit = ability - rng.normal(size=(n_prompts, 1)) + 0.5 * rng.normal(size=(n_prompts, n_models))
    truth = 1 / (1 + np.exp(-logit))
    score = (rng.random(truth.shape) < truth).astype(float) if binary else truth
    cost = np.geomspace(1e-5, 1e-3, n_models) * rng.lognormal(0, 0.3, (n_prompts, 1))
    success = score >= 0.5
    testset = TestSet(
        models=tuple(f"m{k}" for k in range(n_models)),
        score=score,
        success=success,
        cost_usd=cost,
        label=np.where(success.any(axis=1), success.argmax(axis=1), n_models),
        group=rng.integers(0, max(1, n_prompts * 3 // 4), n_prompts),
        source=[f"s{k}" for k in rng.integers(0, 4, n_prompts)],
        train_mean_cost=cost.mean(axis=0),
        train_mean_score=score.mean(axis=0),
    )
    return testset, 1 / (1 + np.exp(-(logit + 0.5 * rng.normal(size=logit.shape))))
