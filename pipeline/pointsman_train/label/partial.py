"""Models with outcomes on few of the prompts: one that joined the pool later, or a dear one that was seldom asked.

What they did is not compared with the others' means as it stands, since the prompts that they were asked may be the
easy or the long ones. The others' outcomes on the same prompts say how far they are.
"""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Bools, Floats

# Prompts' worth of pull of each slope towards 0: a few hundred prompts hardly feel it.
_PENALTY = 1.0


def partly_known(known: Bools) -> Bools:
    """Tell the models that are known on less than half as many prompts as the best known one.

    Parameters
    ----------
    known
        ndarray of shape (n_prompts, n_models).

    Examples
    --------
    >>> partly_known(np.array([[True, True], [True, False], [True, False]])).tolist()
    [False, True]
    """
    prompts = known.sum(axis=0)
    return np.asarray(prompts < prompts.max(initial=0) / 2)


def filled_costs(cost: Floats, mean_cost: Floats) -> Floats:
    """Estimate unknown costs: the model's mean, times how much dearer than usual the prompt was to the other models.

    A prompt that is short is cheap for every model, and such are the prompts that a router saves on: at the plain mean
    they would look as dear as the others, and the savings larger than they are.

    Parameters
    ----------
    cost
        ndarray of shape (n_prompts, n_models), NaN where unknown.
    mean_cost
        ndarray of shape (n_models,).

    Returns
    -------
    ndarray like ``cost`` without NaN. Where nothing is known of a prompt, it is the mean.

    Examples
    --------
    >>> nan = np.nan
    >>> filled_costs(np.array([[1.0, nan], [nan, nan]]), np.array([2.0, 8.0])).tolist()
    [[1.0, 4.0], [2.0, 8.0]]
    """
    unknown = np.isnan(cost)
    usual = np.where(unknown, 0.0, mean_cost).sum(axis=1)
    ratio = np.divide(np.nansum(cost, axis=1), usual, out=np.ones(len(cost)), where=usual > 0)
    return np.where(unknown, ratio[:, None] * mean_cost, cost)


def standing_costs(cost: Floats, mean_cost: Floats, stands_for: Floats | None) -> Floats:
    """Estimate unknown costs, so that means over any set of prompts are right where outcomes stand for others.

    An outcome that stands for ``count`` like it is what was expected of it, by the prompt's outcomes that were asked in
    any case, and ``count`` times what it differs by.

    Parameters
    ----------
    stands_for
        ndarray of the shape of ``cost``; None is one each, which leaves it to :func:`filled_costs`.

    Examples
    --------
    >>> nan, ones = np.nan, np.ones(2)  # of two prompts that cost the first model 2, the second was asked about one
    >>> standing_costs(np.array([[2.0, 7.0], [2.0, nan]]), ones, np.array([[1.0, 2.0], [1.0, 1.0]])).tolist()
    [[2.0, 12.0], [2.0, 2.0]]
    """
    filled = filled_costs(cost, mean_cost)
    if stands_for is None:
        return filled
    drawn = (stands_for != 1) & ~np.isnan(cost)
    expected = filled_costs(np.where(drawn, np.nan, cost), mean_cost)
    return np.where(drawn, expected + stands_for * (cost - expected), filled)


def means_by_ratio(amount: Floats, stands_for: Floats | None = None) -> Floats:
    """Mean of each model over the prompts that all well-known models have, as far as amounts keep their proportions.

    A partly known model's mean is the others' total, times the ratio of its amounts to that total on the prompts where
    it is known: the ratio estimator of survey sampling. Without a prompt that tells, its own known amounts are
    averaged.

    Parameters
    ----------
    amount
        ndarray of shape (n_prompts, n_models), not negative; NaN is unknown. Every model has a known one.
    stands_for
        ndarray of the same shape, as :func:`~pointsman_train.datasets.selected.stands_for` gives it. A model with
        outcomes that stand for others is taken for partly known, and they count so many times.

    References
    ----------
    Cochran (1977), Sampling Techniques, chapter 6.

    Examples
    --------
    >>> nan = np.nan  # the second model was asked the dear prompt only
    >>> means_by_ratio(np.array([[1.0, nan], [1.0, nan], [4.0, 8.0]])).tolist()
    [2.0, 4.0]
    """
    partial, shared, means = _means_of_well_known(amount, stands_for)
    total = amount[shared][:, ~partial].sum(axis=1)
    for m in np.flatnonzero(partial):
        own = amount[shared, m]
        asked = ~np.isnan(own)
        count = np.ones(int(asked.sum())) if stands_for is None else stands_for[shared, m][asked]
        if total[asked].sum() > 0:
            means[m] = (count * own[asked]).sum() / (count * total[asked]).sum() * total.mean()
    return means


def means_by_regression(outcome: Floats, stands_for: Floats | None = None) -> Floats:
    """Mean of each model over the prompts that all well-known models have, had a partly known one been asked them too.

    Where it was not asked, its outcome is predicted by a linear regression on the others' outcomes, fitted where it
    was: the regression estimator of survey sampling. Without a prompt that tells, its own known outcomes are averaged.

    Parameters
    ----------
    outcome
        ndarray of shape (n_prompts, n_models), in [0, 1]; NaN is unknown. Every model has a known one.
    stands_for
        As of :func:`means_by_ratio`.

    References
    ----------
    Cochran (1977), Sampling Techniques, chapter 7.

    Examples
    --------
    >>> easy, hard = [[1.0, 1.0]] * 500 + [[1.0, np.nan]] * 1500, [[0.0, 0.0]] * 100 + [[0.0, np.nan]] * 1900
    >>> means_by_regression(np.array(easy + hard)).round(2).tolist()  # the second was asked mostly easy ones
    [0.5, 0.5]
    >>> ladder = np.array([[1.0, np.nan]] * 90 + [[1.0, 1.0]] * 10 + [[0.0, 1.0], [0.0, 0.0]] * 50)
    >>> counts = np.ones((200, 2))
    >>> counts[90:100, 1] = 10.0  # a tenth of the prompts on which the first succeeds
    >>> means_by_regression(ladder, counts).round(2).tolist()
    [0.5, 0.75]
    """
    partial, shared, means = _means_of_well_known(outcome, stands_for)
    others = outcome[shared][:, ~partial]
    for m in np.flatnonzero(partial):
        own = outcome[shared, m]
        if np.isnan(own).all():
            continue
        if stands_for is None:
            means[m] = np.where(np.isnan(own), _predicted(others, own), own).mean()
        else:
            means[m] = _predicted(others, own, stands_for[shared, m]).mean()
    return means


def _means_of_well_known(table: Floats, stands_for: Floats | None) -> tuple[Bools, Bools, Floats]:
    """Tell the partly known models and the prompts that all others have, and average: partly known ones, their own."""
    known = ~np.isnan(table)
    partial = partly_known(known)
    if stands_for is not None:
        partial |= (stands_for != 1).any(axis=0)
    shared: Bools = np.asarray(known[:, ~partial].all(axis=1))
    if not shared.any():
        shared = np.ones(len(table), bool)
    filled = np.where(~known & partial, 0.0, table)
    means = np.where(partial, own_means(table, stands_for), np.nanmean(filled[shared], axis=0))
    return partial, shared, np.asarray(means, np.float64)


def own_means(table: Floats, stands_for: Floats | None) -> Floats:
    """Mean of each model over the prompts that it is known on; an outcome may stand for several."""
    if stands_for is None:
        return np.asarray(np.nanmean(table, axis=0))
    return np.asarray(np.nansum(stands_for * table, axis=0) / np.where(np.isnan(table), 0.0, stands_for).sum(axis=0))


def _predicted(others: Floats, own: Floats, count: Floats | None = None) -> Floats:
    asked = ~np.isnan(own)
    count = np.ones(int(asked.sum())) if count is None else count[asked]
    centre, mean = np.average(others[asked], axis=0, weights=count), np.average(own[asked], weights=count)
    x = others[asked] - centre
    slopes = np.linalg.solve((x.T * count) @ x + _PENALTY * np.eye(x.shape[1]), (x.T * count) @ (own[asked] - mean))
    return np.asarray(np.clip(mean + (others - centre) @ slopes, 0, 1))
