"""Time the paired bootstrap: 2,000 resamples of every figure of a router on 10,000 prompts and 7 models.

usage: python docs/bench_bootstrap.py [PROMPTS MODELS RESAMPLES]

The prompts are made up, in groups of one to three near-duplicates. Timed are the draw of the resamples, all figures
with their intervals, and a paired comparison with a second router: on the clock, and in seconds of processor, which is
what counts where the machine is shared.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from pointsman_train.evaluate.bootstrap import resample_weights
from pointsman_train.evaluate.compare import compare
from pointsman_train.evaluate.figures import evaluate
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.sweep import lambda_grid, route
from pointsman_train.evaluate.testset import TestSet

Out = TypeVar("Out")


def main(n_prompts: int = 10_000, n_models: int = 7, resamples: int = 2_000) -> None:
    """Time each step and say how much memory was held at most."""
    testset, p_success, p_label = made_up(n_prompts, n_models, np.random.default_rng(0))
    routers = [routed(testset, p, p_label) for p in (p_success, p_success**1.2)]
    points = len(routers[0].sweep)
    say(f"{n_prompts:,} prompts x {n_models} models, {resamples:,} resamples, {points} points of the sweep")
    weights = timed("resamples", lambda: resample_weights(testset.group, np.random.default_rng(0), resamples))
    first = timed("every figure", lambda: evaluate(testset, routers[0], weights))
    say(f"{'':<24} {len(first):8} figures, each with its interval")
    second = evaluate(testset, routers[1], weights)
    timed("paired differences", lambda: compare(first, second))
    say(f"{'most memory':<24} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")


def made_up(n: int, m: int, rng: np.random.Generator) -> tuple[TestSet, np.ndarray, np.ndarray]:
    """Outcomes of prompts whose difficulty varies, and imperfect probabilities of success and of labels."""
    difficulty, strength = rng.normal(size=(n, 1)), np.linspace(-1, 2, m)
    p = 1 / (1 + np.exp(difficulty - strength))
    success = rng.random((n, m)) < p
    cost = np.geomspace(1e-4, 1e-2, m) * rng.lognormal(0, 0.5, (n, 1))
    label = np.where(success.any(axis=1), success.argmax(axis=1), m)
    testset = TestSet(
        models=tuple(f"model {k}" for k in range(m)),
        score=success.astype(float),
        success=success,
        cost_usd=cost,
        label=label,
        group=np.repeat(np.arange(n), rng.integers(1, 4, n))[:n],
        source=["made up"] * n,
        train_mean_cost=cost.mean(axis=0),
        train_mean_score=success.mean(axis=0),
    )
    p_label = rng.dirichlet(np.ones(m + 1), n) * 0.5
    p_label[np.arange(n), label] += 0.5
    return testset, np.clip(p + rng.normal(0, 0.1, (n, m)), 0.001, 0.999), p_label


def routed(testset: TestSet, p_success: np.ndarray, p_label: np.ndarray) -> Router:
    """Route along the whole sweep."""
    return route(testset, p_success, lambda_grid(testset.train_mean_cost), 0.2, p_label)


def timed(what: str, work: Callable[[], Out]) -> Out:
    """Time a step."""
    clock, processor = time.perf_counter(), time.process_time()
    found = work()
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    say(f"{what:<24} {clock:8.2f} s on the clock {processor:8.2f} s of processor")
    return found


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
