"""The decision rule, the only one: training, evaluation and serving all call it.

Each candidate model ``m`` has the utility ``P_m - lambda * c_m / c_max``: its probability of success less its mean
cost as a share of the dearest model's, weighed by the operating point's lambda. The largest utility wins; a tie goes
to the cheaper model. With lambda 0 only success counts; from lambda 1 on, cost rules.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def relative_cost(cost: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale mean costs to the dearest model's.

    Parameters
    ----------
    cost
        ndarray of shape (n_models,), mean cost per answer in any unit, not negative.

    Returns
    -------
    ndarray of shape (n_models,), in [0, 1]; all 0 where every model is free.

    Examples
    --------
    >>> relative_cost(np.array([1.0, 4.0])).tolist()
    [0.25, 1.0]
    """
    top = float(np.max(cost))
    return cost / top if top > 0 else np.zeros_like(cost)


def utilities(p_success: NDArray[np.float64], cost: NDArray[np.float64], lam: float) -> NDArray[np.float64]:
    """Compute the utility of each model for each prompt, ``p_success - lam * cost / max(cost)``.

    Parameters
    ----------
    p_success
        ndarray of shape (..., n_models), calibrated probabilities of success.
    cost
        ndarray of shape (n_models,), mean cost per answer, of every model of the ladder: the scale is the ladder's
        and does not move when a request narrows the pool.
    lam
        Price of cost, in units of success probability; not negative.

    Examples
    --------
    >>> utilities(np.array([[0.6, 0.9]]), np.array([1.0, 4.0]), 0.2).round(2).tolist()
    [[0.55, 0.7]]
    """
    return p_success - lam * relative_cost(cost)


def choose(utility: NDArray[np.float64], allowed: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Position of the best model of each row; ties go to the first, which is the cheaper in a ladder's order.

    Parameters
    ----------
    utility
        ndarray of shape (..., n_models).
    allowed
        ndarray of shape (n_models,), which models may be chosen; None is all.

    Examples
    --------
    >>> choose(np.array([[0.5, 0.5], [0.2, 0.3]])).tolist()
    [0, 1]
    >>> choose(np.array([[0.5, 0.9]]), np.array([True, False])).tolist()
    [0]
    """
    if allowed is not None:
        utility = np.where(allowed, utility, -np.inf)
    return np.asarray(np.argmax(utility, axis=-1))


def margin(utility: NDArray[np.float64], allowed: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Lead of the best utility over the runner-up's; infinite where only one model may be chosen.

    Examples
    --------
    >>> margin(np.array([[0.5, 0.75, 0.0]])).tolist()
    [0.25]
    """
    if allowed is not None:
        utility = utility[..., allowed]
    if utility.shape[-1] < 2:
        return np.full(utility.shape[:-1], np.inf)
    top = np.partition(utility, -2, axis=-1)
    return top[..., -1] - top[..., -2]
