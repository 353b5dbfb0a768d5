"""The sweep of the trade-off: the runtime's decision rule at every setting of its dial.

The sweep judges the probabilities: its points are without the guard, which would send the same prompts to one model
at each of them, and without a hold, which belongs to one lambda. What is served at an operating point, guard and rule
included, is :func:`serve`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pointsman.decide import Rule
from pointsman.guard import Guard, served
from pointsman_train.data import Floats
from pointsman_train.evaluate.router import Between, Choice, Point, Router
from pointsman_train.evaluate.testset import TestSet

GRID_POINTS = 120
GRID_LOW = 1e-3
GRID_HIGH = 10.0
THRESHOLDS = 201


def lambda_grid(cost: Floats, points: int = GRID_POINTS) -> Floats:
    """Prices of cost to sweep: 0, a geometric grid from 0.001 to 10, and one that always buys the cheapest.

    At 0 the likeliest to succeed is always chosen. A model m is given up for the cheapest, whatever its
    chance and the cost of under-routing, once ``lambda > 2 c_max / (c_m - c_0)``; the last price is just above that of
    the model next in cost.

    Parameters
    ----------
    cost
        ndarray of shape (n_models,), training mean costs, any unit.
    points
        Length of the grid.

    Returns
    -------
    ndarray of shape (points,), rising.

    Examples
    --------
    >>> lambda_grid(np.array([1.0, 1.01, 4.0]), points=4).round(3).tolist()
    [0.0, 0.001, 10.0, 808.0]
    """
    dearer = cost[cost > cost.min()]
    always_cheapest = 2.02 * cost.max() / (dearer.min() - cost.min()) if len(dearer) else 0.0
    inner = np.geomspace(GRID_LOW, GRID_HIGH, points - 2)
    return np.concatenate([[0.0], inner, [max(always_cheapest, 1.01 * GRID_HIGH)]])


def grid_of(kind: str, cost: Floats) -> Floats:
    """Return the settings of a rule's dial, from quality alone to the cheapest.

    Parameters
    ----------
    kind
        Of the rule. The threshold rule is swept over its threshold, from 1 to 0, the others over lambda.
    cost
        ndarray of shape (n_models,), training mean costs.
    """
    return np.linspace(1.0, 0.0, THRESHOLDS) if kind == "threshold" else lambda_grid(cost)


def sweep_of(rule: Rule, cost: Floats) -> list[Rule]:
    """Return the rules of the sweep: a threshold rule keeps its fallback's lambda, the others become utility rules."""
    grid = grid_of(rule.kind, cost).tolist()
    if rule.kind == "threshold":
        return [Rule("threshold", rule.lam, threshold) for threshold in grid]
    return [Rule("utility", lam, caution=rule.caution) for lam in grid]


def serve(
    testset: TestSet,
    p_success: Floats,
    rule: Rule,
    guard: Guard | None = None,
    similarity: NDArray[np.floating] | None = None,
    p_label: Floats | None = None,
) -> Choice:
    """Route the test prompts as a service does at one operating point, over the whole ladder.

    Parameters
    ----------
    testset
        Gives the training mean costs that the rule uses.
    p_success
        ndarray of shape (n_prompts, n_models), calibrated probabilities of success.
    similarity
        ndarray of shape (n_prompts,), for the guard.
    p_label
        ndarray of shape (n_prompts, n_models + 1), for a rule that weighs under-routing.
    """
    choices = served(rule, p_success, p_label, testset.train_mean_cost, testset.best_single, guard, similarity)
    return Choice(choices.chosen, choices.margin)


def route(
    testset: TestSet,
    p_success: Floats,
    lambdas: Floats,
    default_lambda: float,
    p_label: Floats | None = None,
) -> Router:
    """Route the test prompts by the utility rule at every price of cost, without a guard.

    Parameters
    ----------
    testset
        Gives the training mean costs that the rule uses.
    p_success
        ndarray of shape (n_prompts, n_models), calibrated probabilities of success.
    lambdas
        ndarray of shape (n_points,), as from :func:`lambda_grid`.
    default_lambda
        The default operating point, fitted without the test split.
    p_label
        ndarray of shape (n_prompts, n_models + 1), the complexity classifier's probabilities, where it has
        one.
    """
    return Router(
        sweep=tuple(serve(testset, p_success, Rule("utility", float(lam))) for lam in lambdas),
        default=serve(testset, p_success, Rule("utility", default_lambda)),
        default_lambda=default_lambda,
        p_success=p_success,
        p_label=p_label,
    )


def half_cost_point(testset: TestSet, router: Router) -> Point:
    """Return the operating point whose mean cost is half-way between the cheapest and the best single model's.

    It lies between two neighbours of the sweep, which take turns at random so that the cost is met exactly: with few
    models the sweep is coarse, and the nearest of its points may lie a few hundredths of the way off. Where the sweep
    does not reach half-way it is the nearest point.

    The costs are the test set's means. The point is fixed on the test set as it is, and stays the same under
    resampling, as an operating point in service does.
    """
    mean = testset.mean(testset.cost_usd)
    beyond = testset.mean(router.along(testset.cost_usd)) - (mean[0] + mean[testset.best_single]) / 2
    crossed = np.flatnonzero((beyond[:-1] > 0) & (beyond[1:] <= 0))
    if not len(crossed):
        return router.sweep[int(np.argmin(np.abs(beyond)))]
    last = int(crossed[-1])
    share = beyond[last] / (beyond[last] - beyond[last + 1])
    return Between(router.sweep[last], router.sweep[last + 1], float(share))
