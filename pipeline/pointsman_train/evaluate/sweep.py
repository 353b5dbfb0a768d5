"""The sweep of the trade-off: the runtime's decision rule over a fixed grid of lambda."""

from __future__ import annotations

import numpy as np

from pointsman.decide import choose, margin, utilities
from pointsman_train.data import Floats
from pointsman_train.evaluate.router import Choice, Point, Router
from pointsman_train.evaluate.testset import TestSet

GRID_POINTS = 120
GRID_LOW = 1e-3
GRID_HIGH = 10.0


def lambda_grid(cost: Floats, points: int = GRID_POINTS) -> Floats:
    """Prices of cost to sweep: 0, a geometric grid from 0.001 to 10, and one that always buys the cheapest.

    At 0 the likeliest to succeed is always chosen. A model m is given up for the cheapest, whatever its
    chance, once ``lambda > c_max / (c_m - c_0)``; the last price is just above that of the model next in
    cost.

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
    [0.0, 0.001, 10.0, 404.0]
    """
    dearer = cost[cost > cost.min()]
    always_cheapest = 1.01 * cost.max() / (dearer.min() - cost.min()) if len(dearer) else 0.0
    inner = np.geomspace(GRID_LOW, GRID_HIGH, points - 2)
    return np.concatenate([[0.0], inner, [max(always_cheapest, 1.01 * GRID_HIGH)]])


def route(
    testset: TestSet,
    p_success: Floats,
    lambdas: Floats,
    default_lambda: float,
    p_label: Floats | None = None,
) -> Router:
    """Route the test prompts by the runtime's rule at every price of cost.

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
        sweep=tuple(_point(testset, p_success, float(lam)) for lam in lambdas),
        default=_point(testset, p_success, default_lambda),
        default_lambda=default_lambda,
        p_success=p_success,
        p_label=p_label,
    )


def half_cost_point(testset: TestSet, router: Router) -> Point:
    """Return the sweep's point whose mean cost is nearest half-way between cheapest and best single model.

    The costs are the test set's means. The point is fixed on the test set as it is, and stays the same under
    resampling, as an operating point in service does.
    """
    mean = testset.cost_usd.mean(axis=0)
    target = (mean[0] + mean[testset.best_single]) / 2
    nearest = int(np.argmin(np.abs(router.along(testset.cost_usd).mean(axis=0) - target)))
    return router.sweep[nearest]


def _point(testset: TestSet, p_success: Floats, lam: float) -> Choice:
    utility = utilities(p_success, testset.train_mean_cost, lam)
    return Choice(choose(utility), margin(utility))
