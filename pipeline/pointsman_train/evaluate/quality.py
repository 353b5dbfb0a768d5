"""Quality, cost and regret at one operating point, beside the best single model."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.evaluate.bootstrap import Weights, means
from pointsman_train.evaluate.pgr import pgr
from pointsman_train.evaluate.ratio import Ratio, mean
from pointsman_train.evaluate.router import Point, Router
from pointsman_train.evaluate.testset import TestSet


def quality(testset: TestSet, point: Point) -> dict[str, Ratio]:
    """Every figure of this module at one operating point, by name, but for regret."""
    score, cost = point.take(testset.score), point.take(testset.cost_usd)
    best_score, best_cost = testset.score[:, testset.best_single], testset.cost_usd[:, testset.best_single]
    n = len(testset)
    return {
        "quality": mean(score),
        "success_rate": mean(point.take(testset.success.astype(np.float64))),
        "cost_usd": mean(cost),
        "quality_gain": mean(score - best_score),
        "cost_saving": Ratio(best_cost - cost, best_cost, n),
        "quality_share": Ratio(score, best_score, n),
        "dearest_cost_share": Ratio(cost, testset.cost_usd[:, testset.dearest], n),
        "pgr": pgr(testset, point),
        "dearest_share": dearest_share(testset, point),
    }


def dearest_share(testset: TestSet, point: Point) -> Ratio:
    """Collapse check: share of prompts sent to the dearest model."""
    return mean(point.take(testset.is_dearest))


def dearest_share_max(testset: TestSet, router: Router, weights: Weights) -> Floats:
    """Collapse check over the sweep: the largest share of prompts that goes to the dearest model.

    One number per row of the weights.
    """
    return np.asarray(means(weights, router.along(testset.is_dearest)).max(axis=1))


def regret(testset: TestSet, router: Router) -> Ratio:
    """Mean utility lost at the default operating point against the best choice in hindsight.

    ``mean of max_m (s_m - lambda c_m) - (s_chosen - lambda c_chosen)``, with each prompt's own score and
    cost, the cost as a share of the dearest model's training mean, as the decision rule scales it. Lambda is the
    operating point's; a threshold rule's is that of its fallback.
    """
    realised = testset.score - router.default_lambda * _relative(testset)
    return mean(realised.max(axis=1) - router.default.take(realised))


def _relative(testset: TestSet) -> Floats:
    top = float(testset.train_mean_cost.max())
    return testset.cost_usd / top if top > 0 else np.zeros_like(testset.cost_usd)
