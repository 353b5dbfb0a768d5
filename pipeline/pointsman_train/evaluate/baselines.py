"""What a router has to beat: single models, a random mix of them, and two oracles."""

from __future__ import annotations

import numpy as np

from pointsman.decide import choose, utilities
from pointsman_train.data import Floats
from pointsman_train.evaluate.hull import Hull, upper_hull
from pointsman_train.evaluate.router import Blend, Choice, Router
from pointsman_train.evaluate.sweep import route
from pointsman_train.evaluate.testset import TestSet

MIX_POINTS = 21


def baselines(testset: TestSet, lambdas: Floats, default_lambda: float) -> dict[str, Router]:
    """Make every baseline of a test set, by name.

    Parameters
    ----------
    testset
        The oracles and the random mix see its outcomes; the best single model is that of the training split.
    lambdas
        ndarray of shape (n_points,), the sweep of the source oracle.
    default_lambda
        The judged router's, so that regret is measured at the same price of cost.
    """
    return {
        "cheapest": constant(testset, 0, default_lambda),
        "dearest": constant(testset, testset.dearest, default_lambda),
        "best_single": constant(testset, testset.best_single, default_lambda),
        "random_mix": random_mix(testset, default_lambda),
        "source_oracle": source_oracle(testset, lambdas, default_lambda),
        "oracle": oracle(testset, default_lambda),
    }


def constant(testset: TestSet, rung: int, default_lambda: float) -> Router:
    """Send every prompt to one model."""
    point = Choice(np.full(len(testset), rung))
    return Router((point,), point, default_lambda)


def random_mix(testset: TestSet, default_lambda: float) -> Router:
    """Mix single models at random along their upper hull: the zero router.

    It knows which models lie on the test set's hull, so its HG is 0 and not below. Its sweep has the hull's
    vertices and evenly spaced costs between them. Its default is half-way in cost between cheapest and best
    single model.
    """
    mean_cost, mean_score = testset.mean(testset.cost_usd), testset.mean(testset.score)
    hull = upper_hull(mean_cost[None], mean_score[None])
    half = (mean_cost[0] + mean_cost[testset.best_single]) / 2
    spaced = np.linspace(hull.cost[0, 0], hull.cost[0, -1], MIX_POINTS)
    costs = np.unique(np.concatenate([hull.cost[0], spaced, [half]]))
    vertices = _rungs(hull, mean_cost, mean_score)
    sweep = tuple(_mix(testset, hull, vertices, float(cost)) for cost in costs)
    return Router(sweep, _mix(testset, hull, vertices, float(half)), default_lambda)


def source_oracle(testset: TestSet, lambdas: Floats, default_lambda: float) -> Router:
    """Route by the source's name alone: ``P_m`` is m's success rate on the source's prompts.

    The rates are those of the test prompts themselves, so it is an upper bound on what recognising the source
    gains.
    """
    _, member = np.unique(np.asarray(testset.source), return_inverse=True)
    count = testset.counts
    prompts = np.bincount(member, count)
    rates = [np.bincount(member, count * column) / prompts for column in testset.success.T]
    return route(testset, np.stack(rates, axis=1)[member], lambdas, default_lambda)


def oracle(testset: TestSet, default_lambda: float) -> Router:
    """Send each prompt to the cheapest model that succeeds, and to the cheapest of all where none does.

    The decision rule at lambda 0 with ``P`` = success, one point: the oracle of hull gain and oracle gap.
    """
    known = testset.success.astype(np.float64)
    point = Choice(choose(utilities(known, testset.train_mean_cost, 0.0)))
    return Router((point,), point, default_lambda)


def _rungs(hull: Hull, mean_cost: Floats, mean_score: Floats) -> list[int]:
    """Rung of each vertex; of models that coincide, the first."""
    same = (mean_cost == hull.cost[0][:, None]) & (mean_score == hull.score[0][:, None])
    return [int(rung) for rung in same.argmax(axis=1)]


def _mix(testset: TestSet, hull: Hull, vertices: list[int], cost: float) -> Blend:
    """Mix the two vertices on either side of a cost so that the mean cost meets it."""
    position = float(np.interp(cost, hull.cost[0], np.arange(len(vertices))))
    share = np.zeros(len(testset.models))
    left = int(position)
    share[vertices[left]] += 1 - (position - left)
    if position > left:
        share[vertices[left + 1]] += position - left
    return Blend(share)
