"""Outcomes that were asked for by chance: how many like it each one stands for.

``pointsman-collect`` climbs the ladder until a model succeeds, and asks all models about a random share of the prompts
even so. What is known of a dear model is then mostly what it did where the cheaper ones had failed. With the
probability of each outcome that it would be asked for, sums over all prompts are had without bias: an outcome counts
``1 / probability`` times.

References
----------
Horvitz and Thompson (1952), A generalization of sampling without replacement from a finite universe.
"""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Bools, Floats


def stands_for(probability: Floats, known: Bools) -> Floats | None:
    """How many outcomes like it each stands for: ``1 / probability``; None where each stands for itself.

    The only outcome of a prompt stands for itself. No other outcome can have been the reason why it was asked for, so
    that what is learned from it, given the prompt, needs no weight; a service's log, where each prompt has one, would
    otherwise count its few explored answers a hundred times each.

    Parameters
    ----------
    probability
        ndarray of shape (n_prompts, n_models), in (0, 1]; NaN, where it is not told, counts as 1.
    known
        ndarray of the same shape, whether there is an outcome.

    Examples
    --------
    >>> known = np.array([[True, True], [True, False]])
    >>> stands_for(np.array([[1.0, 0.25], [0.5, np.nan]]), known).tolist()
    [[1.0, 4.0], [1.0, 1.0]]
    >>> stands_for(np.ones((2, 2)), known) is None
    True
    """
    several = known.sum(axis=1, keepdims=True) > 1
    told = known & several & ~np.isnan(probability)
    found = 1 / np.where(told, probability, 1.0)
    return None if (found == 1).all() else found


def marked(logged: Floats, known: Bools) -> Bools | None:
    """Mask of the outcomes that a service's log has; None where there are none.

    Parameters
    ----------
    logged
        ndarray of shape (n_prompts, n_models): 1 for an outcome of a log; 0 or NaN for another.
    known
        ndarray of the same shape, whether there is an outcome.

    Examples
    --------
    >>> marked(np.array([[1.0, 1.0], [0.0, np.nan]]), np.array([[True, False], [True, True]])).tolist()
    [[True, False], [False, False]]
    >>> marked(np.zeros((1, 2)), np.ones((1, 2), bool)) is None
    True
    """
    found = (logged == 1) & known
    return np.asarray(found) if found.any() else None


def of_a_log_alone(logged: Bools | None, known: Bools) -> Bools:
    """Mask of the prompts that nobody was asked about: all that is known of them is of a log, (n_prompts,).

    Parameters
    ----------
    logged
        From :func:`marked`.
    known
        ndarray of shape (n_prompts, n_models), whether there is an outcome.

    Examples
    --------
    >>> logged, known = np.array([[True, False], [True, False]]), np.array([[True, False], [True, True]])
    >>> of_a_log_alone(logged, known).tolist()
    [True, False]
    """
    if logged is None:
        return np.zeros(len(known), bool)
    return np.asarray(logged.any(axis=1) & ~(known & ~logged).any(axis=1))


def asked_rows(put_apart: Floats | None, n_prompts: int) -> Bools:
    """Mask of the prompts that are not put apart as a service's log, ndarray of shape (n_prompts,).

    Parameters
    ----------
    put_apart
        ndarray of shape (n_prompts, n_models): successes of the prompts that are, NaN elsewhere; None is none of them.

    Examples
    --------
    >>> asked_rows(np.array([[np.nan, 1.0], [np.nan, np.nan]]), 2).tolist(), asked_rows(None, 1).tolist()
    ([False, True], [True])
    """
    return np.ones(n_prompts, bool) if put_apart is None else np.asarray(np.isnan(put_apart).all(axis=1))


def of_rows(counts: Floats | None) -> Floats | None:
    """How many prompts like it each prompt with all these outcomes stands for, ndarray of shape (n_prompts,).

    One draw decides whether a prompt is asked of all models, so that the least likely of its outcomes tells.

    Parameters
    ----------
    counts
        ndarray of shape (n_prompts, n_models), from :func:`stands_for`, or some of its columns; None gives None.

    Examples
    --------
    >>> of_rows(np.array([[1.0, 4.0], [1.0, 1.0]])).tolist()
    [4.0, 1.0]
    """
    return None if counts is None else np.asarray(counts.max(axis=1, initial=1.0))


def effective_size(counts: Floats) -> float:
    """How many that stand for one each tell as much as these, which stand for so many; 0 of none.

    References
    ----------
    Kish (1965), Survey Sampling: the effective sample size.

    Examples
    --------
    >>> effective_size(np.array([1.0, 1.0, 1.0])), effective_size(np.array([3.0, 1.0]))
    (3.0, 1.6)
    """
    squares = float((counts**2).sum())
    return float(counts.sum()) ** 2 / squares if squares else 0.0
