"""Measure how large trees should be for how many labelled prompts; :mod:`pointsman_train.train.booster` rests on it.

usage: python docs/capacity.py small|large [FORMULATION]      (by default the default formulation)

small
    n prompts of the training part of llmrouter and zeroeval are trained on, others of the same part are judged.
large
    The same on llmrouter, routellm and mmlu_pro, without calibration, which so many prompts hardly need.

The test part is never read. Results are added to docs/measured/capacity.jsonl, a line a setting and draw.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from composed import settings

from pointsman_train.data import Bools, Floats
from pointsman_train.evaluate.calibration import log_loss
from pointsman_train.evaluate.curve import curve, frame, hull_gain
from pointsman_train.evaluate.sweep import lambda_grid, route
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.featurize.fit import Taught, fit_featurizer
from pointsman_train.label.labels import Labelled
from pointsman_train.local_engine import prepare
from pointsman_train.split.split import fold_of
from pointsman_train.train.average import AverageModel
from pointsman_train.train.booster import BoosterConfig
from pointsman_train.train.difference import DifferenceModel
from pointsman_train.train.formulations import BOOSTED, FORMULATIONS
from pointsman_train.train.heads import Heads
from pointsman_train.train.pooled import PooledModel
from pointsman_train.train.rows import Rows, describe_models, rows_of
from pointsman_train.train.sigmoid import shared_logistic, uncalibrated
from pointsman_train.train.success import Descriptors, SuccessModel

OUT = Path(__file__).resolve().parent / "measured" / "capacity.jsonl"
FOLDS = 3
JUDGED = 1_500


@dataclass(frozen=True)
class Plan:
    """What is tried: numbers of prompts with their draws by set, leaves and least children, numbers of trees."""

    draws: dict[str, dict[int, int]]
    shapes: list[tuple[int, int]]
    trees: tuple[int, ...]
    calibrate: bool


PLANS = {
    "small": Plan(
        {"llmrouter": {200: 4, 500: 3, 1_000: 2, 2_000: 1}, "zeroeval": {200: 3, 500: 2, 1_000: 2}},
        list(product((4, 7), (10, 30))),
        (50, 100, 150, 200, 300),
        calibrate=True,
    ),
    "large": Plan(
        {"llmrouter": {3_500: 2}, "routellm": {5_000: 2, 10_000: 2}, "mmlu_pro": {6_000: 1}},
        [(4, 30), (7, 30), (15, 30), (31, 120)],
        (100, 200, 400),
        calibrate=False,
    ),
}


@dataclass(frozen=True)
class Draw:
    """Prompts to train on with their features, and others to judge on."""

    rows: Rows
    descriptors: Descriptors
    features: Any
    layout: Any
    judged: TestSet
    judged_features: Any


def main(which: str, formulation: str | None = None) -> None:
    """Measure, and write as it goes."""
    plan, train = PLANS[which], settings().train
    train.formulation = formulation or train.formulation
    for name, sizes in plan.draws.items():
        labelled, group, mask = training_part(name)
        for n, draws in sizes.items():
            for seed in range(draws):
                start = time.process_time()
                drawn = draw(labelled, group, mask, n, np.random.default_rng([seed, n]))
                for leaves, least in plan.shapes:
                    for booster in BOOSTED:
                        shape = BoosterConfig(trees=max(plan.trees), leaves=leaves, min_child_samples=least)
                        getattr(train, booster).booster = shape
                    setting = {"formulation": train.formulation, "set": name, "n": n, "seed": seed}
                    setting |= {"leaves": leaves, "min_child_samples": least}
                    write(setting, measure(drawn, FORMULATIONS[train.formulation](train), plan))
                sys.stderr.write(f"{name} {n} draw {seed}: {time.process_time() - start:.0f} s\n")


def training_part(name: str) -> tuple[Labelled, Any, Bools]:
    """Labelled prompts of a set, and the mask of its training part with every outcome known."""
    prepared = prepare(settings(f"experiment={name}"))
    known = ~np.isnan(prepared.labelled.success).any(axis=1)
    return prepared.labelled, prepared.split.group, prepared.split.rows("train", "calibration") & known


def draw(labelled: Labelled, group: Any, mask: Bools, n: int, rng: np.random.Generator) -> Draw:
    """Draw whole groups to train on, and to judge on."""
    order = rng.permutation(np.unique(group[mask]))
    at = {int(g): i for i, g in enumerate(order)}
    place = np.array([at.get(int(g), len(order)) for g in group])
    by_place = np.sort(place[mask])
    train = mask & (place <= by_place[n - 1])
    judged = mask & ~train & (place <= by_place[min(n + JUDGED, len(by_place)) - 1])
    rows, others = rows_of(labelled, group, train), rows_of(labelled, group, judged)
    descriptors, mean_score = describe_models(labelled, train)
    fold = fold_of(rows.group, FOLDS, rng)
    fitted = fit_featurizer(rows.prompt, Taught(labelled.models, rows.targets.success, rows.source, fold), FEATURES)
    features, _ = fitted.featurizer.transform_all(others.prompt)
    cost = labelled.outcomes.cost_usd[judged]
    testset = TestSet(
        models=labelled.models,
        score=others.score,
        success=others.targets.success == 1,
        cost_usd=np.where(np.isnan(cost), descriptors.mean_cost, cost),
        label=others.targets.label,
        group=others.group,
        source=others.source,
        train_mean_cost=descriptors.mean_cost,
        train_mean_score=mean_score,
    )
    return Draw(rows, descriptors, fitted.features, fitted.featurizer.layout, testset, features)


def measure(drawn: Draw, formulation: Any, plan: Plan) -> Iterator[dict[str, float]]:
    """Log loss and hull gain after each number of trees."""
    fold = fold_of(drawn.rows.group, FOLDS, np.random.default_rng(0))
    targets = drawn.rows.targets

    def fit(rows: Bools) -> SuccessModel:
        return formulation.fit(drawn.features[rows], targets.take(rows), drawn.descriptors, drawn.layout)

    outer = [fit(fold != k) for k in range(FOLDS)] if plan.calibrate else []
    full = fit(np.ones(len(fold), bool))
    for count in plan.trees:
        unseen = np.zeros_like(targets.success)
        for k, model in enumerate(outer):
            keep(model, count)
            unseen[fold == k] = model.margins(drawn.features[fold == k])
        calibrate = shared_logistic if plan.calibrate else uncalibrated
        keep(full, count)
        margins = full.margins(drawn.judged_features)
        p = calibrate(unseen, targets.success).success_probability(margins)
        yield {"trees": count, **figures(drawn.judged, p)}


def keep(model: Any, trees: int) -> None:
    """Predict with the first so many trees from now on."""
    match model:
        case PooledModel():
            model.booster.best_iteration = trees
        case Heads():
            for head in model.heads:
                if head.booster is not None:
                    head.booster.best_iteration = trees
        case DifferenceModel():
            keep(model.best, trees)
            keep(model.difference, trees)
        case AverageModel():
            for part in model.parts:
                keep(part, trees)


def figures(testset: TestSet, p: Floats) -> dict[str, float]:
    """Mean log loss over models, and hull gain."""
    weights = np.ones((1, len(testset)), np.float32)
    router = route(testset, p, lambda_grid(testset.train_mean_cost), 0.0)
    gain = hull_gain(curve(testset, router, weights), frame(testset, weights))
    return {"log_loss": float(log_loss(p, testset.success).mean()), "hull_gain": float(gain[0])}


def write(setting: dict[str, Any], found: Iterator[dict[str, float]]) -> None:
    """Add lines to the file."""
    OUT.parent.mkdir(parents=True, exist_ok=True)
    with OUT.open("a") as file:
        for each in found:
            file.write(json.dumps(setting | each) + "\n")


FEATURES = settings().train.features

if __name__ == "__main__":
    main(*sys.argv[1:])
